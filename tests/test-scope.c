/* Scopes: which words there are, and what may be given. */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/scope.h"
#include "wire/text.h"

static char **parse(const char *text) {
        char **scopes = NULL;

        assert_int_equal(scopes_parse(text, &scopes), 0);
        return scopes;
}

static void assert_round_trip(const char *text, const char *expected) {
        _cleanup_(strv_freep) char **scopes = parse(text);
        _cleanup_(freep) char *formatted = NULL;

        assert_int_equal(scopes_format(scopes, &formatted), 0);
        if (expected)
                assert_string_equal(formatted, expected);
        else
                assert_null(formatted);
}

static void test_alphabet(void **state) {
        char word[2] = "";

        /* RFC 6749 section 3.3, but for the comma, which separates */
        for (int c = 1; c < 256; c++) {
                word[0] = (char)c;
                assert_int_equal(scope_is_valid(word), c > ' ' && c <= '~' && !strchr("\"\\,", c));
        }
        assert_false(scope_is_valid(""));
        assert_false(scope_is_valid(NULL));
}

static void test_parse_and_format(void **state) {
        assert_round_trip("write read", "read write");
        assert_round_trip("read,write", "read write");
        assert_round_trip(" read,,  read read ", "read");
        assert_round_trip("b a c a b", "a b c");
        assert_round_trip("", NULL);
        assert_round_trip(" ", NULL);
        assert_round_trip(NULL, NULL);
}

static void test_parse_refuses(void **state) {
        static const char *const bad[] = { "a\"b", "a\\", "read\n", "a\tb", "ä", "\177" };
        char **scopes = (char **)"untouched", **before = scopes;
        char many[8 * (SCOPES_MAX + 1) + 1] = "";

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(scopes_parse(bad[i], &scopes), -EINVAL);

        for (int i = 0; i <= SCOPES_MAX; i++)
                sprintf(many + strlen(many), "s%d ", i);
        assert_int_equal(scopes_parse(many, &scopes), -EINVAL);
        assert_ptr_equal(scopes, before);

        *strrchr(many, 's') = '\0';
        assert_int_equal(scopes_parse(many, &scopes), 0);
        assert_int_equal(strv_length(scopes), SCOPES_MAX);
        strv_free(scopes);
}

static void test_reserved(void **state) {
        assert_true(scope_is_reserved("login"));
        assert_true(scope_is_reserved("issue"));
        assert_true(scope_is_reserved("admin"));
        assert_false(scope_is_reserved("Admin"));
        assert_false(scope_is_reserved("administrator"));
        assert_false(scope_is_reserved(""));
}

static void assert_within(const char *wanted_text, const char *held_text, bool expected) {
        _cleanup_(strv_freep) char **wanted = parse(wanted_text), **held = parse(held_text);

        assert_int_equal(scopes_within_owner(wanted, held), expected);
        assert_int_equal(scopes_within_token(wanted, held), expected);
}

static void test_within(void **state) {
        /* Without a list: everything but the reserved. */
        assert_within("read write", NULL, true);
        assert_within(NULL, NULL, true);
        assert_within("admin", NULL, false);
        assert_within("read login", NULL, false);

        /* With one: what it says and no more. */
        assert_within("read", "read write", true);
        assert_within("read write", "read", false);
        assert_within("admin", "admin read", true);
        assert_within("issue", "admin", false);
        assert_within("Read", "read", false);
        assert_within(NULL, "read", true);
}

static void test_may_be_reserved(void **state) {
        _cleanup_(strv_freep) char **ordinary = parse("read write"), **mixed = parse("read login");

        assert_false(scopes_may_be_reserved(NULL));
        assert_false(scopes_may_be_reserved(ordinary));
        assert_true(scopes_may_be_reserved(mixed));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_alphabet),
                cmocka_unit_test(test_parse_and_format),
                cmocka_unit_test(test_parse_refuses),
                cmocka_unit_test(test_reserved),
                cmocka_unit_test(test_within),
                cmocka_unit_test(test_may_be_reserved),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
