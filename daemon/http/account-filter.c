/* Reading filters, with LoopBack's idea of what is there: what JavaScript holds to be false (0, "",
 * null, false) counts as absent. Names that nobody knows are passed over. */

#include "http/account-filter.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "http/account-value.h"
#include "http/query-object.h"
#include "wire/cleanup.h"
#include "wire/reason.h"
#include "wire/text.h"

/* Of what was sent, in messages. */
#define SHOWN_MAX 200
/* Where doubles stop being whole numbers. */
#define COUNT_MAX 9007199254740992.0

#define WHITE_SPACE " \t\r\n\v\f"

typedef struct Reader {
        const Json *json;
        AccountFilter *filter;
        char **message;
} Reader;

void account_filter_done(AccountFilter *filter) {
        filter->where = where_free(filter->where);
}

static int refuse(Reader *reader, const char *before, JsonNode node, const char *after) {
        size_t size = 0;
        const char *text = json_raw(reader->json, node, &size);

        if (size > SHOWN_MAX) {
                text = "…";
                size = strlen(text);
        }
        if (asprintf(reader->message, "%s%.*s%s", before, (int)size, text, after) < 0)
                *reader->message = NULL;
        return REASON_INVALID_VALUE;
}

static bool is_true(const Json *json, JsonNode node) {
        double number = 0;
        bool flag = false;
        size_t size;

        if (node == JSON_NONE)
                return false;
        switch (json_type(json, node)) {
        case JSON_OBJECT:
        case JSON_ARRAY:
                return true;
        case JSON_STRING:
                (void)json_raw(json, node, &size);
                return size > strlen("\"\"");
        case JSON_NUMBER:
                return json_double(json, node, &number) != 0 || number != 0;
        case JSON_BOOL:
                return json_bool(json, node, &flag) == 0 && flag;
        case JSON_NULL:
                break;
        }
        return false;
}

static JsonNode get_true(const Json *json, const char *name) {
        JsonNode node = json_get(json, JSON_ROOT, name);
        return is_true(json, node) ? node : JSON_NONE;
}

/* A whole number of at least least. */
static int read_count(Reader *reader, const char *before, JsonNode node, double least,
                      uint64_t *ret) {
        _cleanup_(value_done) Value value = { 0 };
        int r = value_cast(reader->json, node, ACCOUNT_TTL, &value);

        if (r != 0)
                return r;
        if (value.kind != VALUE_NUMBER || value.number < least)
                return refuse(reader, before, node, " is not valid");
        if (value.number >= COUNT_MAX)
                *ret = UINT64_MAX;
        else if (value.number != (double)(uint64_t)value.number)
                return refuse(reader, before, node, " is not valid");
        else
                *ret = (uint64_t)value.number;
        return 0;
}

static int read_window(Reader *reader) {
        JsonNode limit = get_true(reader->json, "limit"), skip = get_true(reader->json, "skip");
        int r = 0;

        if (skip == JSON_NONE)
                skip = get_true(reader->json, "offset");
        if (limit != JSON_NONE)
                r = read_count(reader, "The limit parameter ", limit, 1, &reader->filter->limit);
        else if (skip != JSON_NONE)
                reader->filter->limit = FILTER_LIMIT_WITH_SKIP;
        if (r == 0 && skip != JSON_NONE)
                r = read_count(reader, "The offset/skip parameter ", skip, 0,
                               &reader->filter->skip);
        return r;
}

static void add_order(AccountFilter *filter, const char *name, size_t size, bool descending) {
        _cleanup_(freep) char *text = strndup(name, size);
        enum AccountField field = text ? account_field_from_name(text) : _ACCOUNT_FIELD_MAX;

        for (size_t i = 0; i < filter->n_orders; i++)
                if (filter->orders[i].field == field)
                        return;
        if (field != _ACCOUNT_FIELD_MAX)
                filter->orders[filter->n_orders++] = (AccountOrder){ field, descending };
}

/* "created DESC": a name, white space, a direction; what else follows is passed over. */
static int read_order(Reader *reader, const char *text, size_t size) {
        size_t name = strcspn(text, WHITE_SPACE ","), from, direction;
        bool descending;

        if (name >= size) {
                add_order(reader->filter, text, size, false);
                return 0;
        }
        from = name + strspn(text + name, WHITE_SPACE);
        direction = strcspn(text + from, WHITE_SPACE ",");
        descending = direction == 4 && strncasecmp(text + from, "DESC", 4) == 0;
        if (!descending && (direction != 3 || strncasecmp(text + from, "ASC", 3) != 0)) {
                if (asprintf(reader->message, "The order \"%.*s\" has invalid direction",
                             (int)(size < SHOWN_MAX ? size : SHOWN_MAX), text) < 0)
                        *reader->message = NULL;
                return REASON_INVALID_VALUE;
        }
        add_order(reader->filter, text, name, descending);
        return 0;
}

/* One or several with commas between, white space around those. */
static int read_order_text(Reader *reader, JsonNode node) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        const char *p;
        int r;

        if (json_type(reader->json, node) != JSON_STRING)
                return refuse(reader, "The order ", node, " is not valid");
        r = json_text(reader->json, node, &text);
        for (p = secret_text(&text); r == 0 && *p;) {
                size_t size = strcspn(p, ","), trimmed = size;

                while (p[size] == ',' && trimmed > 0 && strchr(WHITE_SPACE, p[trimmed - 1]))
                        trimmed--;
                if (trimmed > 0)
                        r = read_order(reader, p, trimmed);
                p += size;
                if (*p)
                        p += strspn(p, WHITE_SPACE ",");
        }
        return r;
}

static int read_orders(Reader *reader) {
        JsonNode order = get_true(reader->json, "order");
        int r = 0;

        if (order == JSON_NONE)
                return 0;
        if (json_type(reader->json, order) != JSON_ARRAY)
                return read_order_text(reader, order);
        for (JsonNode n = json_first(reader->json, order); r == 0 && n != JSON_NONE;
             n = json_next(reader->json, n))
                r = read_order_text(reader, n);
        return r;
}

/* No bit: no such field. */
static int field_bit(const Json *json, JsonNode name, unsigned *ret) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        enum AccountField field;
        int r = json_text(json, name, &text);

        if (r == -ENOMEM)
                return r;
        field = r == 0 ? account_field_from_name(secret_text(&text)) : _ACCOUNT_FIELD_MAX;
        *ret = field == _ACCOUNT_FIELD_MAX ? 0 : 1U << field;
        return 0;
}

/* In brackets there are texts only: "false" is meant as it says. */
static bool is_meant_true(const Json *json, JsonNode node) {
        size_t size;
        const char *raw = json_raw(json, node, &size);

        if (size == strlen("\"false\"") && strncmp(raw, "\"false\"", size) == 0)
                return false;
        if (size == strlen("\"0\"") && strncmp(raw, "\"0\"", size) == 0)
                return false;
        return is_true(json, node);
}

static int read_fields_object(Reader *reader, JsonNode fields) {
        unsigned shown = 0, hidden = 0, bit = 0;
        bool has_shown = false;

        for (JsonNode n = json_first(reader->json, fields); n != JSON_NONE;
             n = json_next(reader->json, n)) {
                bool is_shown = is_meant_true(reader->json, json_value(reader->json, n));
                int r = field_bit(reader->json, n, &bit);

                if (r != 0)
                        return r;
                has_shown |= is_shown;
                shown |= is_shown ? bit : 0;
                hidden |= is_shown ? 0 : bit;
        }
        reader->filter->hidden = has_shown ? ~shown : hidden;
        return 0;
}

static int read_fields(Reader *reader) {
        JsonNode fields = get_true(reader->json, "fields");
        unsigned shown = 0, bit = 0;
        int r = 0;

        if (fields == JSON_NONE)
                return 0;
        switch (json_type(reader->json, fields)) {
        case JSON_OBJECT:
                return read_fields_object(reader, fields);
        case JSON_STRING:
                r = field_bit(reader->json, fields, &shown);
                break;
        case JSON_ARRAY:
                if (json_size(reader->json, fields) == 0)
                        return 0;
                for (JsonNode n = json_first(reader->json, fields); r == 0 && n != JSON_NONE;
                     n = json_next(reader->json, n)) {
                        r = field_bit(reader->json, n, &bit);
                        shown |= bit;
                }
                break;
        default:
                return 0;
        }
        reader->filter->hidden = ~shown;
        return r;
}

/* What has no members can't be meant: LoopBack passes over numbers, true and []. */
static int read_where(Reader *reader) {
        JsonNode where = get_true(reader->json, "where");
        enum JsonType type;

        if (where == JSON_NONE)
                return 0;
        type = json_type(reader->json, where);
        if (type != JSON_STRING && json_size(reader->json, where) == 0)
                return 0;
        return where_parse(reader->json, where, &reader->filter->where, reader->message);
}

static int read_object(const Form *query, const char *name, QueryObject *ret, char **ret_message) {
        int r = query_object_read(query, name, ret);

        *ret_message = NULL;
        if (r == REASON_INVALID_VALUE)
                *ret_message = strdup("Value is not an object.");
        else if (r == REASON_INVALID_REQUEST)
                *ret_message = strdup("Cannot parse JSON-encoded object value.");
        return r > 0 ? REASON_INVALID_VALUE : r;
}

int account_filter_read(const Form *query, AccountFilter *ret, char **ret_message) {
        _cleanup_(query_object_done) QueryObject object = QUERY_OBJECT_INIT;
        _cleanup_(account_filter_done) AccountFilter filter = ACCOUNT_FILTER_INIT;
        Reader reader = { .filter = &filter, .message = ret_message };
        int r = read_object(query, "filter", &object, ret_message);

        reader.json = object.json;
        if (r == 0 && object.json) {
                r = read_window(&reader);
                if (r == 0)
                        r = read_orders(&reader);
                if (r == 0)
                        r = read_fields(&reader);
                if (r == 0)
                        r = read_where(&reader);
        }
        if (r == 0)
                *ret = TAKE(filter, ACCOUNT_FILTER_INIT);
        return r;
}

int account_filter_read_where(const Form *query, AccountFilter *ret, char **ret_message) {
        _cleanup_(query_object_done) QueryObject object = QUERY_OBJECT_INIT;
        AccountFilter filter = ACCOUNT_FILTER_INIT;
        int r = read_object(query, "where", &object, ret_message);

        if (r == 0 && object.json)
                r = where_parse(object.json, JSON_ROOT, &filter.where, ret_message);
        if (r == 0)
                *ret = filter;
        return r;
}
