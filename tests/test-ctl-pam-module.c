/* What tokenctl believes about pam_tokend.so, held against the module's own tables. */

#include "unit.h"

#include <errno.h>

#include "ctl/pam-module.h"
#include "pam/return-codes.h"
#include "wire/reason.h"
#include "wire/text.h"

static void test_codes(void **state) {
        for (int reason = 1; reason < _REASON_MAX; reason++) {
                if ((int)pam_module_code(reason, PAM_TYPE_AUTH) !=
                    return_code(reason, PAM_FAMILY_AUTHENTICATE))
                        fail_msg("auth: %s", reason_to_string(reason));
                if ((int)pam_module_code(reason, PAM_TYPE_ACCOUNT) !=
                    return_code(reason, PAM_FAMILY_ACCOUNT))
                        fail_msg("account: %s", reason_to_string(reason));
        }
        for (int error = 1; error < 134; error++) {
                assert_int_equal(pam_module_code(-error, PAM_TYPE_AUTH),
                                 return_code(-error, PAM_FAMILY_AUTHENTICATE));
                assert_int_equal(pam_module_code(-error, PAM_TYPE_ACCOUNT),
                                 return_code(-error, PAM_FAMILY_ACCOUNT));
        }
        assert_int_equal(pam_module_code(0, PAM_TYPE_AUTH), PAM_CODE_SUCCESS);
}

static void test_options(void **state) {
        char *words[] = { (char *)"accept=token", (char *)"skip_local", NULL, NULL };
        PamLine line = { .arguments = words };
        const char *bad = NULL;
        PamOptions options;

        assert_int_equal(pam_module_options(&line, &options, &bad), 0);
        assert_true(options.skip_local);
        words[2] = (char *)"skip_locals";
        assert_int_equal(pam_module_options(&line, &options, &bad), -EINVAL);
        assert_string_equal(bad, "skip_locals");
        line.arguments = NULL;
        assert_int_equal(pam_module_options(&line, &options, &bad), 0);
        assert_false(options.skip_local);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_codes),
                cmocka_unit_test(test_options),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
