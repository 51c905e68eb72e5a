/* Unit tests of wire/json-validate: what is JSON and what is not. */

#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json-validate.h"
#include "wire/protocol.h"
#include "wire/text.h"

static int validate(const char *text) {
        unsigned n;

        return json_validate(text, strlen(text), &n);
}

static void test_good(void **state) {
        static const struct {
                const char *text;
                unsigned n_tokens;
        } good[] = {
                { "{}", 1 },
                { " [ ] ", 1 },
                { "null", 1 },
                { "\"\"", 1 },
                { "-0.5e+10", 1 },
                { "{\"a\":[1,2,{\"b\":{}}],\"c\":\"\\u00e9\\ud83d\\udd11\\n\"}", 10 },
                { "[[],[],{}]", 4 },
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                unsigned n = 0;

                assert_int_equal(json_validate(good[i].text, strlen(good[i].text), &n), 0);
                assert_int_equal(n, good[i].n_tokens);
        }
}

static void test_bad(void **state) {
        static const char *const bad[] = {
                "", " ", "{", "}", "[", "]", "{}{}", "{} x", "{\"a\"}", "{\"1\" \"2\"}", "{\"a\":}", "{\"a\":1,}",
                "{,}", "[1,,2]", "[1,]", "[,1]", "[1 2]", "tru", "truee", "nul", "True", "01", "1.", ".5", "-",
                "1e", "+1", "0x1", "NaN", "'a'", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u0000\"",
                "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "\"\x01\"", "\"\xff\"", "\"\xc0\x80\"",
                "{1:2}", "{\"a\":1]", "[1}", "[\"a\":1]", "{\"a\",\"b\"}", "\xef\xbb\xbf{}", "/**/{}",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(validate(bad[i]), -EBADMSG);
        assert_int_equal(json_validate("{}\0", 3, &(unsigned){ 0 }), -EBADMSG);
        assert_int_equal(json_validate("{\0}", 3, &(unsigned){ 0 }), -EBADMSG);
        assert_int_equal(json_validate("\"a\0b\"", 5, &(unsigned){ 0 }), -EBADMSG);
}

static void test_every_cut_is_bad(void **state) {
        static const char text[] = "{\"a\":[1.5e3,true,null,\"\\u00e9\\ud83d\\udd11\"],\"b\":{\"c\":\"d\"}}";

        for (size_t size = 0; size < sizeof(text) - 1; size++)
                assert_int_equal(json_validate(text, size, &(unsigned){ 0 }), -EBADMSG);
        assert_int_equal(json_validate(text, sizeof(text) - 1, &(unsigned){ 0 }), 0);
}

static void test_limits(void **state) {
        char deep[2 * (JSON_DEPTH_MAX + 1) + 1] = "";
        _cleanup_(freep) char *brackets = malloc(BODY_MAX), *many = malloc(2 * JSON_NODES_MAX + 2);

        memset(deep, '[', JSON_DEPTH_MAX);
        memset(deep + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
        assert_int_equal(validate(deep), 0);
        /* the innermost empty array needs no entry of its own, one more level does */
        memset(deep, '[', JSON_DEPTH_MAX + 1);
        deep[JSON_DEPTH_MAX + 1] = '1';
        deep[JSON_DEPTH_MAX + 2] = '\0';
        assert_int_equal(validate(deep), -E2BIG);

        memset(brackets, '[', BODY_MAX);
        assert_int_equal(json_validate(brackets, BODY_MAX, &(unsigned){ 0 }), -E2BIG);

        for (size_t i = 0; i < JSON_NODES_MAX; i++)
                memcpy(many + 1 + 2 * i, "1,", 2);
        many[0] = '[';
        many[2 * JSON_NODES_MAX] = ']';
        assert_int_equal(json_validate(many, 2 * JSON_NODES_MAX + 1, &(unsigned){ 0 }), -E2BIG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_every_cut_is_bad),
                cmocka_unit_test(test_limits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
