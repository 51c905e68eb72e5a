/* Unit tests of wire/secret. */

#include "unit.h"

#include <errno.h>
#include <string.h>

#include "wire/secret.h"

static void test_empty_is_text(void **state) {
        Secret s = SECRET_INIT;

        assert_string_equal(secret_text(&s), "");
        assert_true(secret_is_empty(&s));
        assert_true(secret_is_empty(NULL));
        secret_done(&s);
        secret_done(NULL);
}

static void test_growth_keeps_content(void **state) {
        Secret s = SECRET_INIT;

        for (int i = 0; i < 10000; i++)
                assert_int_equal(secret_append(&s, "x", 1), 0);
        assert_int_equal(s.size, 10000);
        assert_int_equal(strspn(secret_text(&s), "x"), 10000);
        secret_done(&s);
        assert_null(s.text);
}

static void test_clear_wipes(void **state) {
        Secret s = SECRET_INIT;
        char *memory;

        assert_int_equal(secret_append_text(&s, "hunter2"), 0);
        memory = s.text;
        secret_clear(&s);
        for (size_t i = 0; i < 7; i++)
                assert_int_equal(memory[i], 0);
        assert_string_equal(secret_text(&s), "");
        secret_done(&s);
}

static void test_set_replaces(void **state) {
        Secret s = SECRET_INIT;

        assert_int_equal(secret_append_text(&s, "first one"), 0);
        assert_int_equal(secret_set(&s, "b\0c", 3), 0);
        assert_int_equal(s.size, 3);
        assert_memory_equal(secret_text(&s), "b\0c", 4);
        /* from within itself */
        assert_int_equal(secret_set(&s, s.text + 2, 1), 0);
        assert_string_equal(secret_text(&s), "c");
        secret_done(&s);
}

static void test_too_much_changes_nothing(void **state) {
        Secret s = SECRET_INIT;

        assert_int_equal(secret_append_text(&s, "kept"), 0);
        assert_int_equal(secret_reserve(&s, SIZE_MAX - 2), -ENOMEM);
        assert_string_equal(secret_text(&s), "kept");
        secret_done(&s);
}

static void test_equal(void **state) {
        Secret a = SECRET_INIT, b = SECRET_INIT;

        assert_true(secret_equal(&a, &b));
        assert_int_equal(secret_append_text(&a, "abc"), 0);
        assert_false(secret_equal(&a, &b));
        assert_int_equal(secret_append_text(&b, "abd"), 0);
        assert_false(secret_equal(&a, &b));
        assert_int_equal(secret_set(&b, "abc", 3), 0);
        assert_true(secret_equal(&a, &b));
        assert_int_equal(secret_set(&b, "abc", 4), 0);
        assert_false(secret_equal(&a, &b));
        secret_done(&a);
        secret_done(&b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_empty_is_text),   cmocka_unit_test(test_growth_keeps_content),
                cmocka_unit_test(test_clear_wipes),     cmocka_unit_test(test_set_replaces),
                cmocka_unit_test(test_too_much_changes_nothing), cmocka_unit_test(test_equal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
