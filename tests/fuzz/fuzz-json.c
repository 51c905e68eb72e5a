/* Any text: what json_parse() takes is walked node by node, written out by the writer, and read
 * again; both readings must be the same. Whole numbers beyond int64_t and fractions can be read by
 * nobody and are written as null. */

#include "fuzz.h"

#include <errno.h>

#include "wire/cleanup.h"
#include "wire/json-read.h"
#include "wire/json-write.h"
#include "wire/protocol.h"
#include "wire/text.h"

/* Finding a member by its name is linear in its place. */
#define MEMBERS_LOOKED_UP 64U

static bool number_is_readable(const Json *json, JsonNode node) {
        int64_t number;

        return json_int64(json, node, &number) == 0;
}

static void write_scalar(const Json *json, JsonNode node, const char *name, JsonWriter *w) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        int64_t number;
        bool value;

        if (json_text(json, node, &text) == 0)
                json_write_secret(w, name, &text);
        else if (json_int64(json, node, &number) == 0)
                json_write_int(w, name, number);
        else if (json_bool(json, node, &value) == 0)
                json_write_bool(w, name, value);
        else
                json_write_null(w, name);
}

static void write_node(const Json *json, JsonNode node, const char *name, unsigned depth,
                       JsonWriter *w) {
        bool is_object = json_type(json, node) == JSON_OBJECT;
        size_t n = 0;

        fuzz_check(depth <= JSON_DEPTH_MAX);
        if (!is_object && json_type(json, node) != JSON_ARRAY) {
                fuzz_check(json_size(json, node) == 0 && json_first(json, node) == JSON_NONE);
                write_scalar(json, node, name, w);
                return;
        }
        is_object ? json_write_object(w, name) : json_write_array(w, name);
        for (JsonNode i = json_first(json, node); i != JSON_NONE; i = json_next(json, i), n++) {
                _cleanup_(secret_done) Secret key = SECRET_INIT;

                if (!is_object) {
                        write_node(json, i, NULL, depth + 1, w);
                        continue;
                }
                fuzz_check(json_text(json, i, &key) == 0);
                fuzz_check(strlen(secret_text(&key)) == key.size);
                fuzz_check(n >= MEMBERS_LOOKED_UP ||
                           json_get(json, node, secret_text(&key)) == json_value(json, i));
                write_node(json, json_value(json, i), secret_text(&key), depth + 1, w);
        }
        fuzz_check(n == json_size(json, node));
        is_object ? json_write_object_end(w) : json_write_array_end(w);
}

static void compare_scalars(const Json *a, JsonNode x, const Json *b, JsonNode y) {
        _cleanup_(secret_done) Secret s = SECRET_INIT, t = SECRET_INIT;
        int64_t i = 0, k = 0;
        bool p = false, q = false;

        fuzz_check(json_text(a, x, &s) == json_text(b, y, &t) && secret_equal(&s, &t));
        fuzz_check(strlen(secret_text(&s)) == s.size && text_is_utf8(secret_text(&s), s.size));
        fuzz_check(json_int64(a, x, &i) == json_int64(b, y, &k) && i == k);
        fuzz_check(json_bool(a, x, &p) == json_bool(b, y, &q) && p == q);
}

/* b is what was written of a. */
static void compare_nodes(const Json *a, JsonNode x, const Json *b, JsonNode y) {
        enum JsonType type = json_type(a, x), written = json_type(b, y);

        if (type == JSON_NUMBER && !number_is_readable(a, x)) {
                fuzz_check(written == JSON_NULL);
                return;
        }
        fuzz_check(type == written && json_size(a, x) == json_size(b, y));
        if (type != JSON_OBJECT && type != JSON_ARRAY) {
                compare_scalars(a, x, b, y);
                return;
        }
        x = json_first(a, x);
        y = json_first(b, y);
        for (; x != JSON_NONE && y != JSON_NONE; x = json_next(a, x), y = json_next(b, y)) {
                compare_nodes(a, x, b, y);
                if (type == JSON_OBJECT)
                        compare_nodes(a, json_value(a, x), b, json_value(b, y));
        }
        fuzz_check(x == y);
}

/* The members' readers by type: at most one of them takes a member. */
static void read_members(const Json *json) {
        static const char *const names[] = { "a", "username", "uid", "scopes", "" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(freep) char *text = NULL;
                _cleanup_(strv_freep) char **strv = NULL;
                int64_t number;
                bool value;
                int taken = 0;

                taken += json_get_text(json, JSON_ROOT, names[i], &text) == 0;
                taken += json_get_strv(json, JSON_ROOT, names[i], &strv) == 0;
                taken += json_get_int64(json, JSON_ROOT, names[i], &number) == 0;
                taken += json_get_bool(json, JSON_ROOT, names[i], &value) == 0;
                fuzz_check(taken <= 1);
                fuzz_check(taken == 0 || json_get(json, JSON_ROOT, names[i]) != JSON_NONE);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(json_freep) Json *json = NULL, *again = NULL;
        _cleanup_(secret_done) Secret written = SECRET_INIT;
        JsonWriter w = JSON_WRITER(&written);

        int r = json_parse((const char *)data, size, &json);
        if (r < 0) {
                fuzz_check((r == -EBADMSG || r == -E2BIG) && !json);
                return 0;
        }
        fuzz_check(text_is_utf8((const char *)data, size));
        read_members(json);
        write_node(json, JSON_ROOT, NULL, 0, &w);
        fuzz_check(json_write_end(&w) == 0);
        fuzz_check(json_parse(written.text, written.size, &again) == 0);
        compare_nodes(json, JSON_ROOT, again, JSON_ROOT);
        return 0;
}
