/* Unit tests of wire/json-read. */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/json-read.h"
#include "wire/protocol.h"
#include "wire/text.h"

static Json *parse(const char *text) {
        Json *json = NULL;

        assert_int_equal(json_parse(text, strlen(text), &json), 0);
        return json;
}

static void test_members(void **state) {
        _cleanup_(json_freep) Json *json = parse("{\"s\":\"a\\u00f6\\\"\\/\\n\",\"n\":-12,\"b\":true,\"z\":null,"
                                                 "\"o\":{\"s\":\"inner\"},\"v\":[\"x\",\"y\"],\"\\u0065\":1.5}");
        _cleanup_(freep) char *text = NULL, *inner = NULL;
        _cleanup_(strv_freep) char **strv = NULL;
        int64_t n = 0;
        bool b = false;

        assert_int_equal(json_get_text(json, JSON_ROOT, "s", &text), 0);
        assert_string_equal(text, "a\xc3\xb6\"/\n");
        assert_int_equal(json_get_int64(json, JSON_ROOT, "n", &n), 0);
        assert_int_equal(n, -12);
        assert_int_equal(json_get_bool(json, JSON_ROOT, "b", &b), 0);
        assert_true(b);
        assert_int_equal(json_get_text(json, json_get(json, JSON_ROOT, "o"), "s", &inner), 0);
        assert_string_equal(inner, "inner");
        assert_int_equal(json_get_strv(json, JSON_ROOT, "v", &strv), 0);
        assert_int_equal(strv_length(strv), 2);
        assert_string_equal(strv[1], "y");
        assert_true(json_get(json, JSON_ROOT, "e") != JSON_NONE);
}

static void test_wrong_types_leave_the_output(void **state) {
        _cleanup_(json_freep) Json *json = parse("{\"s\":\"1\",\"n\":1,\"z\":null,\"f\":1.0,\"big\":9223372036854775808,"
                                                 "\"mixed\":[\"a\",1]}");
        char *text = NULL, **strv = NULL;
        int64_t n = 7;
        bool b = true;

        assert_int_equal(json_get_int64(json, JSON_ROOT, "s", &n), -EBADMSG);
        assert_int_equal(json_get_int64(json, JSON_ROOT, "f", &n), -EBADMSG);
        assert_int_equal(json_get_int64(json, JSON_ROOT, "big", &n), -EBADMSG);
        assert_int_equal(json_get_int64(json, JSON_ROOT, "z", &n), -ENOENT);
        assert_int_equal(json_get_int64(json, JSON_ROOT, "absent", &n), -ENOENT);
        assert_int_equal(json_get_text(json, JSON_ROOT, "n", &text), -EBADMSG);
        assert_int_equal(json_get_bool(json, JSON_ROOT, "n", &b), -EBADMSG);
        assert_int_equal(json_get_strv(json, JSON_ROOT, "mixed", &strv), -EBADMSG);
        assert_int_equal(json_get_strv(json, JSON_ROOT, "s", &strv), -EBADMSG);
        assert_int_equal(n, 7);
        assert_null(text);
        assert_null(strv);
        assert_int_equal(json_get(json, json_get(json, JSON_ROOT, "n"), "x"), JSON_NONE);
}

static void test_walks(void **state) {
        _cleanup_(json_freep) Json *json = parse("[[1,[2]],{\"a\":{\"b\":[]},\"c\":3},4]");
        JsonNode n = json_first(json, JSON_ROOT), name;

        assert_int_equal(json_size(json, JSON_ROOT), 3);
        assert_int_equal(json_type(json, n), JSON_ARRAY);
        n = json_next(json, n);
        assert_int_equal(json_type(json, n), JSON_OBJECT);
        name = json_first(json, n);
        assert_int_equal(json_type(json, json_value(json, name)), JSON_OBJECT);
        name = json_next(json, name);
        assert_int_equal(json_type(json, json_value(json, name)), JSON_NUMBER);
        assert_int_equal(json_next(json, name), JSON_NONE);
        n = json_next(json, n);
        assert_int_equal(json_type(json, n), JSON_NUMBER);
        assert_int_equal(json_next(json, n), JSON_NONE);
        assert_int_equal(json_first(json, n), JSON_NONE);
}

static void test_numbers(void **state) {
        _cleanup_(json_freep) Json *json = parse("[1.5,-2e3,1e400,\"1\",{\"a\": [1, 2]},true]");
        JsonNode n = json_first(json, JSON_ROOT);
        const char *raw;
        double number;
        size_t size;

        assert_int_equal(json_double(json, n, &number), 0);
        assert_true(number == 1.5);
        raw = json_raw(json, n, &size);
        assert_int_equal(size, 3);
        assert_memory_equal(raw, "1.5", size);
        n = json_next(json, n);
        assert_int_equal(json_double(json, n, &number), 0);
        assert_true(number == -2000);
        n = json_next(json, n);
        assert_int_equal(json_double(json, n, &number), -EBADMSG);
        n = json_next(json, n);
        assert_int_equal(json_double(json, n, &number), -EBADMSG);
        raw = json_raw(json, n, &size);
        assert_int_equal(size, 3);
        assert_memory_equal(raw, "\"1\"", size);
        n = json_next(json, n);
        raw = json_raw(json, n, &size);
        assert_int_equal(size, 13);
        assert_memory_equal(raw, "{\"a\": [1, 2]}", size);
        assert_int_equal(json_double(json, json_next(json, n), &number), -EBADMSG);
        assert_true(number == -2000);
}

/* A name in C is text as it is, whatever it looks like. */
static void test_backslashes_in_names(void **state) {
        _cleanup_(json_freep) Json *json = parse("{\"a\":1,\"\\\\u0061\":2,\"a\\\\\":3,\"\\u00e9\":4}");
        int64_t number;

        assert_int_equal(json_get_int64(json, JSON_ROOT, "\\u0061", &number), 0);
        assert_int_equal(number, 2);
        assert_int_equal(json_get_int64(json, JSON_ROOT, "a\\", &number), 0);
        assert_int_equal(number, 3);
        assert_int_equal(json_get_int64(json, JSON_ROOT, "\xc3\xa9", &number), 0);
        assert_int_equal(number, 4);
        assert_int_equal(json_get(json, JSON_ROOT, "\xc3"), JSON_NONE);
}

static void test_names_given_twice(void **state) {
        static const char *const bad[] = { "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
                                           "[{\"x\":{\"k\":1,\"j\":2,\"k\":3}}]" };
        _cleanup_(json_freep) Json *fine = parse("[{\"a\":1},{\"a\":2,\"aa\":{\"a\":3}}]");
        Json *json = NULL;

        assert_non_null(fine);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(json_parse(bad[i], strlen(bad[i]), &json), -EBADMSG);
        assert_null(json);
}

static void test_lone_scalars(void **state) {
        _cleanup_(json_freep) Json *number = parse("5"), *text = parse("\"x\""), *null = parse("null");

        assert_int_equal(json_type(number, JSON_ROOT), JSON_NUMBER);
        assert_int_equal(json_type(text, JSON_ROOT), JSON_STRING);
        assert_int_equal(json_type(null, JSON_ROOT), JSON_NULL);
}

static void test_large_object(void **state) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        _cleanup_(json_freep) Json *json = NULL;

        assert_int_equal(secret_append_text(&text, "{"), 0);
        for (int i = 0; i < 5000; i++) {
                char member[32];

                snprintf(member, sizeof(member), "%s\"k%d\":%d", i ? "," : "", i, i);
                assert_int_equal(secret_append_text(&text, member), 0);
        }
        assert_int_equal(secret_append_text(&text, "}"), 0);
        assert_int_equal(json_parse(secret_text(&text), text.size, &json), 0);
        assert_int_equal(json_size(json, JSON_ROOT), 5000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_members),           cmocka_unit_test(test_wrong_types_leave_the_output),
                cmocka_unit_test(test_walks),             cmocka_unit_test(test_names_given_twice),
                cmocka_unit_test(test_lone_scalars),      cmocka_unit_test(test_large_object),
                cmocka_unit_test(test_backslashes_in_names), cmocka_unit_test(test_numbers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
