#include "unit.h"

#include <errno.h>
#include <limits.h>
#include <security/_pam_types.h>

#include "pam/return-codes.h"
#include "wire/reason.h"
#include "wire/text.h"

/* What design.md fixes. */
static const struct {
        int result;
        int codes[_PAM_FAMILY_MAX]; /* authenticate, account, session, password */
} fixed[] = {
        { REASON_USER_UNKNOWN, { PAM_USER_UNKNOWN, PAM_USER_UNKNOWN, PAM_IGNORE, PAM_IGNORE } },
        { REASON_DAEMON_UNREACHABLE,
          { PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS, PAM_AUTHINFO_UNAVAIL } },
        { REASON_TIMED_OUT,
          { PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS, PAM_AUTHINFO_UNAVAIL } },
        { REASON_OVERLOADED,
          { PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS, PAM_AUTHINFO_UNAVAIL } },
        { REASON_WRONG_PASSWORD,
          { PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_SESSION_ERR, PAM_AUTHTOK_ERR } },
        { REASON_PASSWORD_MUST_CHANGE,
          { PAM_AUTH_ERR, PAM_NEW_AUTHTOK_REQD, PAM_SESSION_ERR, PAM_AUTHTOK_ERR } },
        { -ENOMEM, { PAM_BUF_ERR, PAM_BUF_ERR, PAM_BUF_ERR, PAM_BUF_ERR } },
        { -EMFILE, { PAM_SYSTEM_ERR, PAM_SYSTEM_ERR, PAM_SESSION_ERR, PAM_SYSTEM_ERR } },
};

static void test_fixed(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(fixed); i++)
                for (int family = 0; family < _PAM_FAMILY_MAX; family++)
                        assert_int_equal(return_code(fixed[i].result, family),
                                         fixed[i].codes[family]);
}

/* Nobody is let in by any reason or errno, and only strangers are passed over. */
static void test_walk(void **state) {
        for (int result = -200; result < _REASON_MAX + 50; result++)
                for (int family = 0; family < _PAM_FAMILY_MAX; family++) {
                        int code = return_code(result, family);
                        bool is_stranger = result == REASON_USER_UNKNOWN ||
                                           result == REASON_INVALID_NAME;

                        assert_in_range(code, 0, _PAM_RETURN_VALUES - 1);
                        if (code == PAM_SUCCESS)
                                assert_int_equal(family, PAM_FAMILY_SESSION);
                        if (code == PAM_IGNORE)
                                assert_true(is_stranger && family >= PAM_FAMILY_SESSION);
                        if (result <= 0 || result >= _REASON_MAX)
                                assert_int_not_equal(code, PAM_SUCCESS);
                }
}

/* The table has one row for each reason: what it does not know comes out as the errors' last row.
 */
static void test_complete(void **state) {
        for (int reason = 1; reason < _REASON_MAX; reason++)
                assert_int_not_equal(return_code(reason, PAM_FAMILY_PASSWORD), PAM_SYSTEM_ERR);
        static const int unknown[] = { 0, _REASON_MAX, INT_MAX, INT_MIN, -1, -9999 };
        for (size_t i = 0; i < ELEMENTSOF(unknown); i++) {
                assert_int_equal(return_code(unknown[i], PAM_FAMILY_AUTHENTICATE), PAM_SYSTEM_ERR);
                assert_int_equal(return_code(unknown[i], PAM_FAMILY_SESSION), PAM_SESSION_ERR);
                assert_false(result_names_user(unknown[i]));
        }
}

static void test_names(void **state) {
        assert_true(result_names_user(REASON_WRONG_PASSWORD));
        assert_true(result_names_user(REASON_USER_LOCKED));
        assert_false(result_names_user(REASON_USER_UNKNOWN));
        assert_false(result_names_user(REASON_USER_MISMATCH));
        assert_false(result_names_user(REASON_INVALID_NAME));
        assert_false(result_names_user(REASON_DAEMON_UNREACHABLE));
        assert_false(result_names_user(REASON_EMPTY_PASSWORD));
        assert_false(result_names_user(REASON_TOO_MANY_FAILURES));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fixed), cmocka_unit_test(test_walk),
                cmocka_unit_test(test_complete), cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
