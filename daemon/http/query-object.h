#pragma once

/* Objects in a query, in both spellings of the qs library: name={"a":{"b":1}} and name[a][b]=1,
 * where every value is a text. */

#include "wire/form.h"
#include "wire/json-read.h"
#include "wire/secret.h"

typedef struct QueryObject {
        Json *json;  /* NULL: absent, empty or null */
        Secret text; /* what json borrows, if it is not the query */
} QueryObject;

#define QUERY_OBJECT_INIT ((QueryObject){ 0 })
void query_object_done(QueryObject *object);

/* ret borrows from query. In brackets, names that are all numbers or empty make a list, in their
 * order; a name given again makes a list of its values. 0, -ENOMEM, REASON_INVALID_REQUEST:
 * braces with no JSON in them, or REASON_INVALID_VALUE: no object, both spellings at once, or more
 * than JSON_DEPTH_MAX deep. */
int query_object_read(const Form *query, const char *name, QueryObject *ret);
