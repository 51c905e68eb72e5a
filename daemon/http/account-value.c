/* What can't be cast becomes a value that equals nothing, as NaN does; only dates are refused. */

#include "http/account-value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/date-read.h"
#include "wire/cleanup.h"
#include "wire/reason.h"

void value_done(Value *value) {
        free(value->owned);
        *value = (Value){ 0 };
}

/* As Number() does: white space around it, "" is 0. */
static void cast_text_to_number(const char *text, Value *ret) {
        size_t from = strspn(text, " \t\r\n"), to = strlen(text);
        char *end = NULL;

        while (to > from && strchr(" \t\r\n", text[to - 1]))
                to--;
        *ret = (Value){ .kind = from == to ? VALUE_NUMBER : VALUE_OTHER };
        if (strspn(text + from, "0123456789+-.eExXabcdefABCDEF") < to - from || from == to)
                return;
        ret->number = strtod(text + from, &end);
        if (end == text + to)
                ret->kind = VALUE_NUMBER;
}

static int cast_to_number(const Json *json, JsonNode node, Value *ret) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        bool flag = false;
        int r = 0;

        switch (json_type(json, node)) {
        case JSON_NUMBER:
                ret->kind = VALUE_NUMBER;
                r = json_double(json, node, &ret->number);
                break;
        case JSON_BOOL:
                r = json_bool(json, node, &flag);
                *ret = (Value){ .kind = VALUE_NUMBER, .number = flag };
                break;
        case JSON_STRING:
                r = json_text(json, node, &text);
                if (r == 0)
                        cast_text_to_number(secret_text(&text), ret);
                break;
        default:
                break;
        }
        return r == -EBADMSG ? 0 : r;
}

static int cast_to_date(const Json *json, JsonNode node, Value *ret) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        int64_t msec;
        int r;

        if (json_type(json, node) == JSON_NUMBER)
                return cast_to_number(json, node, ret);
        r = json_text(json, node, &text);
        if (r == 0)
                r = date_read(secret_text(&text), &msec);
        if (r != 0)
                return r == -ENOMEM ? r : REASON_INVALID_VALUE;
        *ret = (Value){ .kind = VALUE_NUMBER, .number = (double)msec };
        return 0;
}

static int cast_to_text(const Json *json, JsonNode node, Value *ret) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        size_t size;
        const char *raw = json_raw(json, node, &size);
        char *copy = NULL;

        if (json_type(json, node) == JSON_STRING) {
                int r = json_text(json, node, &text);
                if (r != 0)
                        return r;
                copy = strdup(secret_text(&text));
        } else {
                copy = strndup(raw, size);
        }
        if (!copy)
                return -ENOMEM;
        *ret = (Value){ .kind = VALUE_TEXT, .text = copy, .owned = copy };
        return 0;
}

int value_cast(const Json *json, JsonNode node, enum AccountField field, Value *ret) {
        if (json_type(json, node) == JSON_ARRAY && json_size(json, node) == 1)
                node = json_first(json, node);
        *ret = (Value){ .kind = VALUE_OTHER };
        switch (json_type(json, node)) {
        case JSON_NULL:
                ret->kind = VALUE_NULL;
                return 0;
        case JSON_OBJECT:
        case JSON_ARRAY:
                return 0;
        default:
                break;
        }
        switch (field) {
        case ACCOUNT_TTL:
                return cast_to_number(json, node, ret);
        case ACCOUNT_CREATED:
                return cast_to_date(json, node, ret);
        case ACCOUNT_ID:
        case ACCOUNT_SCOPES:
        case ACCOUNT_USER_ID:
                return cast_to_text(json, node, ret);
        case _ACCOUNT_FIELD_MAX:
                break;
        }
        return 0;
}

bool value_compare(const Value *a, const Value *b, int *ret) {
        if (a->kind != b->kind || a->kind == VALUE_OTHER)
                return false;
        if (a->kind == VALUE_NUMBER)
                *ret = (a->number > b->number) - (a->number < b->number);
        else
                *ret = a->kind == VALUE_TEXT ? strcmp(a->text, b->text) : 0;
        return true;
}

bool value_equals(const Value *a, const Value *b) {
        int order;
        return value_compare(a, b, &order) && order == 0;
}
