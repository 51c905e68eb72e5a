/* JSON in: the validator, then jsmn, then a check for names given twice.
 *
 * jsmn's tokens stand in the order of the text, a name directly before its value. */

#include "wire/json-read.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json-validate.h"
#include "wire/text.h"

/* Not JSMN_STRICT, which the validator makes needless and which refuses a lone scalar. */
#define JSMN_STATIC
#define JSMN_PARENT_LINKS
#include <jsmn.h>

struct Json {
        const char *text;
        int n_tokens;
        jsmntok_t tokens[];
};

Json *json_free(Json *json) {
        free(json);
        return NULL;
}

void json_freep(Json **json) {
        json_free(*json);
}

static bool is_name(const Json *json, JsonNode node) {
        return json->tokens[node].parent >= 0 &&
               json->tokens[json->tokens[node].parent].type == JSMN_OBJECT;
}

static int compare_names(const void *a, const void *b, void *userdata) {
        const Json *json = userdata;
        const jsmntok_t *x = &json->tokens[*(const int *)a], *y = &json->tokens[*(const int *)b];
        const char *p = json->text + x->start, *q = json->text + y->start;
        const char *p_end = json->text + x->end, *q_end = json->text + y->end;

        if (x->parent != y->parent)
                return x->parent < y->parent ? -1 : 1;
        while (p < p_end && q < q_end) {
                uint32_t c = json_next_character(&p), d = json_next_character(&q);

                if (c != d)
                        return c < d ? -1 : 1;
        }
        return (p < p_end) - (q < q_end);
}

static int refuse_duplicate_names(Json *json) {
        _cleanup_(freep) int *names = malloc(sizeof(int) * (size_t)json->n_tokens);
        size_t n = 0;

        if (!names)
                return -ENOMEM;
        for (int i = 0; i < json->n_tokens; i++)
                if (is_name(json, i))
                        names[n++] = i;
        qsort_r(names, n, sizeof(int), compare_names, json);
        for (size_t i = 1; i < n; i++)
                if (compare_names(&names[i - 1], &names[i], json) == 0)
                        return -EBADMSG;
        return 0;
}

int json_parse(const char *text, size_t size, Json **ret) {
        _cleanup_(json_freep) Json *json = NULL;
        jsmn_parser parser;
        unsigned n_tokens;
        int r;

        r = json_validate(text, size, &n_tokens);
        if (r < 0)
                return r;
        json = calloc(1, sizeof(Json) + n_tokens * sizeof(jsmntok_t));
        if (!json)
                return -ENOMEM;
        json->text = text;
        jsmn_init(&parser);
        json->n_tokens = jsmn_parse(&parser, text, size, json->tokens, n_tokens);
        if (json->n_tokens != (int)n_tokens)
                return -EBADMSG;
        r = refuse_duplicate_names(json);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(json);
        return 0;
}

enum JsonType json_type(const Json *json, JsonNode node) {
        const jsmntok_t *token = &json->tokens[node];

        if (token->type == JSMN_OBJECT)
                return JSON_OBJECT;
        if (token->type == JSMN_ARRAY)
                return JSON_ARRAY;
        if (token->type == JSMN_STRING)
                return JSON_STRING;
        if (json->text[token->start] == 'n')
                return JSON_NULL;
        return json->text[token->start] == 't' || json->text[token->start] == 'f' ? JSON_BOOL
                                                                                  : JSON_NUMBER;
}

JsonNode json_first(const Json *json, JsonNode container) {
        return json_size(json, container) > 0 ? container + 1 : JSON_NONE;
}

JsonNode json_value(const Json *json, JsonNode name) {
        return name + 1;
}

JsonNode json_next(const Json *json, JsonNode node) {
        JsonNode last = is_name(json, node) ? json_value(json, node) : node;
        JsonNode next = last + 1;

        while (next < json->n_tokens && json->tokens[next].start < json->tokens[last].end)
                next++;
        if (next >= json->n_tokens || json->tokens[next].parent != json->tokens[node].parent)
                return JSON_NONE;
        return next;
}

size_t json_size(const Json *json, JsonNode container) {
        enum JsonType type = json_type(json, container);

        return type == JSON_OBJECT || type == JSON_ARRAY ? (size_t)json->tokens[container].size : 0;
}

static size_t utf8_encode(uint32_t c, char ret[static 4]) {
        if (c < 0x80) {
                ret[0] = (char)c;
                return 1;
        }
        if (c < 0x800) {
                ret[0] = (char)(0xc0 | c >> 6);
                ret[1] = (char)(0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                ret[0] = (char)(0xe0 | c >> 12);
                ret[1] = (char)(0x80 | (c >> 6 & 0x3f));
                ret[2] = (char)(0x80 | (c & 0x3f));
                return 3;
        }
        ret[0] = (char)(0xf0 | c >> 18);
        ret[1] = (char)(0x80 | (c >> 12 & 0x3f));
        ret[2] = (char)(0x80 | (c >> 6 & 0x3f));
        ret[3] = (char)(0x80 | (c & 0x3f));
        return 4;
}

static bool name_equals(const Json *json, JsonNode node, const char *name) {
        const char *p = json->text + json->tokens[node].start,
                   *end = json->text + json->tokens[node].end;

        /* Escapes are undone on one side only: name is text as it is. */
        while (p < end) {
                char utf8[4];
                size_t size = utf8_encode(json_next_character(&p), utf8);

                if (strncmp(name, utf8, size) != 0)
                        return false;
                name += size;
        }
        return !*name;
}

JsonNode json_get(const Json *json, JsonNode object, const char *name) {
        if (json_type(json, object) != JSON_OBJECT)
                return JSON_NONE;
        for (JsonNode n = json_first(json, object); n != JSON_NONE; n = json_next(json, n))
                if (name_equals(json, n, name))
                        return json_value(json, n);
        return JSON_NONE;
}

int json_text(const Json *json, JsonNode node, Secret *ret) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        const char *p = json->text + json->tokens[node].start,
                   *end = json->text + json->tokens[node].end;
        int r;

        if (json_type(json, node) != JSON_STRING)
                return -EBADMSG;
        r = secret_reserve(&text, (size_t)(end - p));
        while (r >= 0 && p < end) {
                char utf8[4];

                r = secret_append(&text, utf8, utf8_encode(json_next_character(&p), utf8));
        }
        if (r < 0)
                return r;
        secret_done(ret);
        *ret = TAKE(text, SECRET_INIT);
        return 0;
}

int json_int64(const Json *json, JsonNode node, int64_t *ret) {
        const jsmntok_t *token = &json->tokens[node];
        size_t size = (size_t)(token->end - token->start);
        char digits[24];

        if (json_type(json, node) != JSON_NUMBER || size >= sizeof(digits))
                return -EBADMSG;
        memcpy(digits, json->text + token->start, size);
        digits[size] = '\0';
        return parse_int64(digits, ret) < 0 ? -EBADMSG : 0;
}

int json_double(const Json *json, JsonNode node, double *ret) {
        const jsmntok_t *token = &json->tokens[node];
        _cleanup_(freep) char *digits = NULL;
        double value;

        if (json_type(json, node) != JSON_NUMBER)
                return -EBADMSG;
        digits = strndup(json->text + token->start, (size_t)(token->end - token->start));
        if (!digits)
                return -ENOMEM;
        value = strtod(digits, NULL);
        if (!isfinite(value))
                return -EBADMSG;
        *ret = value;
        return 0;
}

const char *json_raw(const Json *json, JsonNode node, size_t *ret_size) {
        const jsmntok_t *token = &json->tokens[node];
        int quote = token->type == JSMN_STRING;

        *ret_size = (size_t)(token->end - token->start + 2 * quote);
        return json->text + token->start - quote;
}

int json_bool(const Json *json, JsonNode node, bool *ret) {
        if (json_type(json, node) != JSON_BOOL)
                return -EBADMSG;
        *ret = json->text[json->tokens[node].start] == 't';
        return 0;
}

/* -ENOENT when absent or null. */
static int find_member(const Json *json, JsonNode object, const char *name, JsonNode *ret) {
        JsonNode node = json_get(json, object, name);

        if (node == JSON_NONE || json_type(json, node) == JSON_NULL)
                return -ENOENT;
        *ret = node;
        return 0;
}

int json_get_secret(const Json *json, JsonNode object, const char *name, Secret *ret) {
        JsonNode node;
        int r = find_member(json, object, name, &node);

        return r < 0 ? r : json_text(json, node, ret);
}

int json_get_text(const Json *json, JsonNode object, const char *name, char **ret) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        char *copy;
        int r = json_get_secret(json, object, name, &text);

        if (r < 0)
                return r;
        copy = strdup(secret_text(&text));
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

int json_get_int64(const Json *json, JsonNode object, const char *name, int64_t *ret) {
        JsonNode node;
        int r = find_member(json, object, name, &node);

        return r < 0 ? r : json_int64(json, node, ret);
}

int json_get_bool(const Json *json, JsonNode object, const char *name, bool *ret) {
        JsonNode node;
        int r = find_member(json, object, name, &node);

        return r < 0 ? r : json_bool(json, node, ret);
}

int json_get_strv(const Json *json, JsonNode object, const char *name, char ***ret) {
        _cleanup_(strv_freep) char **strv = NULL;
        JsonNode list = JSON_NONE;
        size_t n_texts = 0;
        int r = find_member(json, object, name, &list);

        if (r < 0)
                return r;
        if (json_type(json, list) != JSON_ARRAY)
                return -EBADMSG;
        for (JsonNode n = json_first(json, list); n != JSON_NONE; n = json_next(json, n))
                n_texts++;
        strv = calloc(n_texts + 1, sizeof(char *));
        if (!strv)
                return -ENOMEM;
        n_texts = 0;
        for (JsonNode n = json_first(json, list); n != JSON_NONE; n = json_next(json, n)) {
                _cleanup_(secret_done) Secret text = SECRET_INIT;

                r = json_text(json, n, &text);
                if (r < 0)
                        return r;
                strv[n_texts] = strdup(secret_text(&text));
                if (!strv[n_texts++])
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(strv);
        return 0;
}
