/* Logins as values, and the boot they belong to. */

#include "unit.h"

#include <string.h>

#include "base/login.h"
#include "wire/cleanup.h"

static void test_release(void **state) {
        Login *login = login_new();

        assert_non_null(login);
        login->id = strdup("id");
        login->user_id = strdup("u");
        login->client_id = strdup("c");
        login->service = strdup("sshd");
        login->rhost = strdup("r");
        login->tty = strdup("t");
        login->boot_id = strdup("b");
        assert_null(login_free(login));
        assert_null(login_free(NULL));
}

static void test_boot_id(void **state) {
        _cleanup_(freep) char *first = NULL, *second = NULL;

        assert_int_equal(boot_id_get(&first), 0);
        assert_int_equal(boot_id_get(&second), 0);
        assert_int_equal(strlen(first), 36);
        assert_null(strchr(first, '\n'));
        assert_string_equal(first, second);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_release),
                cmocka_unit_test(test_boot_id),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
