#pragma once

/* One token as accounts show it: id, ttl, scopes, created, userId. */

#include "base/token.h"
#include "wire/json-write.h"

enum AccountField {
        ACCOUNT_ID,
        ACCOUNT_TTL,
        ACCOUNT_SCOPES,
        ACCOUNT_CREATED,
        ACCOUNT_USER_ID,
        _ACCOUNT_FIELD_MAX,
};

/* Borrows. */
typedef struct AccountToken {
        const char *id;      /* the public one */
        int64_t ttl;         /* s */
        char *const *scopes; /* NULL: none */
        int64_t created;     /* µs UTC */
        const char *user_id;
} AccountToken;

/* _ACCOUNT_FIELD_MAX: no such field. */
enum AccountField account_field_from_name(const char *name);

/* Writes the public id to id, which ret points to. */
void account_token_from(const Token *token, char id[static TOKEN_ID_SIZE + 1], AccountToken *ret);

/* Writes members into the object that is open, without those whose bit (1 << field) is set in
 * hidden. */
void account_token_write(JsonWriter *w, const AccountToken *token, unsigned hidden);
