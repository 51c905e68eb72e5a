/* Unit tests of wire/json-write. */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/cleanup.h"
#include "wire/json-read.h"
#include "wire/json-write.h"

static void test_document(void **state) {
        _cleanup_(secret_done) Secret out = SECRET_INIT;
        JsonWriter w = JSON_WRITER(&out);
        char *list[] = { (char *)"a", (char *)"b", NULL };

        json_write_object(&w, NULL);
        json_write_text(&w, "s", "q\"\\\n\x7f\xc3\xb6");
        json_write_text(&w, "absent", NULL);
        json_write_int(&w, "min", INT64_MIN);
        json_write_bool(&w, "b", false);
        json_write_null(&w, "z");
        json_write_strv(&w, "v", list);
        json_write_strv(&w, "none", NULL);
        json_write_object(&w, "o");
        json_write_object_end(&w);
        json_write_array(&w, "nested");
        json_write_object(&w, NULL);
        json_write_object_end(&w);
        json_write_int(&w, NULL, 1);
        json_write_array_end(&w);
        json_write_object_end(&w);
        assert_int_equal(json_write_end(&w), 0);
        assert_string_equal(secret_text(&out),
                            "{\"s\":\"q\\\"\\\\\\u000a\\u007f\xc3\xb6\",\"min\":-9223372036854775808,\"b\":false,"
                            "\"z\":null,\"v\":[\"a\",\"b\"],\"o\":{},\"nested\":[{},1]}");
}

/* Whatever needs an escape or a look at it, at each place of a text. */
static void test_every_place(void **state) {
        static const char *const odd[] = { "\"", "\\", "\x01", "\x1f", "\x7f", "\xc3\xb6" };
        static const char *const written[] = { "\\\"",    "\\\\",    "\\u0001",
                                               "\\u001f", "\\u007f", "\xc3\xb6" };

        for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
                for (size_t place = 0; place <= 20; place++) {
                        _cleanup_(secret_done) Secret out = SECRET_INIT;
                        JsonWriter w = JSON_WRITER(&out);
                        char text[64], expected[64];

                        (void)snprintf(text, sizeof(text), "%.*s%s%.*s", (int)place,
                                       "aaaaaaaaaaaaaaaaaaaa", odd[i], (int)(20 - place),
                                       "bbbbbbbbbbbbbbbbbbbb");
                        (void)snprintf(expected, sizeof(expected), "\"%.*s%s%.*s\"", (int)place,
                                       "aaaaaaaaaaaaaaaaaaaa", written[i], (int)(20 - place),
                                       "bbbbbbbbbbbbbbbbbbbb");
                        json_write_text(&w, NULL, text);
                        assert_int_equal(json_write_end(&w), 0);
                        assert_string_equal(secret_text(&out), expected);
                        assert_int_equal(out.size, strlen(expected));
                        text[place] = '\xff';
                        json_write_text(&w, NULL, text);
                        assert_int_equal(json_write_end(&w), -EINVAL);
                }
}

static void test_numbers(void **state) {
        static const int64_t numbers[] = { 0, 1, -1, 9, 10, -10, 1234567890, INT64_MAX, INT64_MIN };

        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                _cleanup_(secret_done) Secret out = SECRET_INIT;
                JsonWriter w = JSON_WRITER(&out);
                char expected[32];

                (void)snprintf(expected, sizeof(expected), "%lld", (long long)numbers[i]);
                json_write_int(&w, NULL, numbers[i]);
                assert_int_equal(json_write_end(&w), 0);
                assert_string_equal(secret_text(&out), expected);
        }
}

static void test_no_utf8_sticks(void **state) {
        _cleanup_(secret_done) Secret out = SECRET_INIT;
        JsonWriter w = JSON_WRITER(&out);

        json_write_array(&w, NULL);
        json_write_text(&w, NULL, "\xff");
        json_write_text(&w, NULL, "fine");
        json_write_array_end(&w);
        assert_int_equal(json_write_end(&w), -EINVAL);
}

static void test_reads_back(void **state) {
        _cleanup_(secret_done) Secret out = SECRET_INIT, secret = SECRET_INIT, back = SECRET_INIT;
        _cleanup_(json_freep) Json *json = NULL;
        JsonWriter w = JSON_WRITER(&out);

        for (int c = 1; c < 128; c++)
                assert_int_equal(secret_append(&secret, &(char){ (char)c }, 1), 0);
        json_write_object(&w, NULL);
        json_write_secret(&w, "p", &secret);
        json_write_object_end(&w);
        assert_int_equal(json_write_end(&w), 0);
        assert_int_equal(json_parse(secret_text(&out), out.size, &json), 0);
        assert_int_equal(json_get_secret(json, JSON_ROOT, "p", &back), 0);
        assert_true(secret_equal(&secret, &back));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_document),
                cmocka_unit_test(test_every_place),
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_no_utf8_sticks),
                cmocka_unit_test(test_reads_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
