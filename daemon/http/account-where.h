#pragma once

/* A "where" of LoopBack, read once and asked of one token after the other. */

#include "http/account-token.h"
#include "wire/json-read.h"

/* A condition, or several: see account-where.c. */
typedef struct Where Where;

/* node is the clause. Objects of conditions, "and" and "or"; eq, neq, gt, gte, lt, lte, inq, nin,
 * between; values are cast to the type of their field. 0, -ENOMEM, or REASON_INVALID_VALUE with a
 * sentence in ret_message (NULL: no memory for it), which the caller frees. */
int where_parse(const Json *json, JsonNode node, Where **ret, char **ret_message);
Where *where_free(Where *where);
void where_freep(Where **where);

/* NULL fits all. */
bool where_matches(const Where *where, const AccountToken *token);
