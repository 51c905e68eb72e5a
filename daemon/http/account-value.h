#pragma once

/* One value that a field of a token has or is compared with. */

#include <stdbool.h>

#include "http/account-token.h"
#include "wire/json-read.h"

enum ValueKind {
        VALUE_NULL,
        VALUE_NUMBER, /* dates too: ms UTC */
        VALUE_TEXT,
        VALUE_OTHER, /* equals nothing */
};

typedef struct Value {
        enum ValueKind kind;
        double number;
        const char *text;
        char *owned; /* NULL: text is borrowed */
} Value;

void value_done(Value *value);

/* Casts to the type of the field, as LoopBack does: texts to numbers and dates, anything to text, a
 * list of one value as that value. 0, -ENOMEM, or REASON_INVALID_VALUE: no date. */
int value_cast(const Json *json, JsonNode node, enum AccountField field, Value *ret);

/* false: they have no order, being of different kinds. */
bool value_compare(const Value *a, const Value *b, int *ret);
bool value_equals(const Value *a, const Value *b);
