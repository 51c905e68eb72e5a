/* What tokenctl believes about pam_tokend.so, held against the module's own tables. */

#include "unit.h"

#include <errno.h>
#include <string.h>

#include "ctl/pam-module.h"
#include "pam/options.h"
#include "pam/return-codes.h"
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

static void assert_alike(const char *word) {
        char *ours[] = { (char *)word, NULL };
        const char *bad = NULL;
        PamModuleOptions told;
        Options real;
        int r = pam_module_parse(ours, &told, &bad);

        if (r != options_parse(1, &word, &real, &bad))
                fail_msg("\"%s\": %d", word, r);
        if (r < 0) {
                assert_ptr_equal(bad, word);
                return;
        }
        assert_string_equal(told.socket, real.socket_path);
        assert_int_equal(told.min_uid, real.min_uid);
        assert_int_equal(told.accept, real.accept);
        assert_int_equal(told.one_time_token, real.one_time_token);
        assert_int_equal(told.skip_local, real.skip_local);
        static const uint32_t uids[] = { 0,     1,     999,        1000,       70000,
                                         61184, 65535, 0x7fffffff, 0x80000000, UINT32_MAX };
        for (size_t i = 0; i < ELEMENTSOF(uids); i++)
                assert_int_equal(pam_module_permits_uid(&told, uids[i]),
                                 options_permit_uid(&real, uids[i]));
}

static const char *const words[] = {
        "",
        "debug",
        "debug=",
        "debugg",
        "nodelay",
        "use_first_pass",
        "try_first_pass",
        "use_authtok",
        "skip_local",
        "one_time_token",
        "one_time_token=1",
        "socket",
        "socket=",
        "socket=/",
        "socket=/run/x",
        "socket=run/x",
        "min_uid=",
        "min_uid=0",
        "min_uid=500",
        "min_uid=2147483647",
        "min_uid=2147483648",
        "min_uid=4294967296",
        "min_uid=-1",
        "min_uid=1x",
        "timeout=",
        "timeout=0",
        "timeout=1",
        "timeout=0.001",
        "timeout=0.0001",
        "timeout=1.",
        "timeout=.5",
        "timeout=1.5",
        "timeout=1.5s",
        "timeout=1.5ms",
        "timeout=1500ms",
        "timeout=1500.000ms",
        "timeout=0ms",
        "timeout=60",
        "timeout=60.001",
        "timeout=60000ms",
        "timeout=60001ms",
        "timeout=s",
        "timeout=ms",
        "timeout=1m",
        "timeout=-1",
        "timeout=+1",
        "timeout=1 ",
        "timeout=1..5",
        "timeout=1.2.3",
        "timeout=00000000000000000000000007",
        "timeout=99999999999999999999999999",
        "timeout=18446744073709551617",
        "accept=",
        "accept=password",
        "accept=token",
        "accept=password,token",
        "accept=token,password",
        "accept=password,password",
        "accept=password,",
        "accept=,token",
        "accept=tokens",
        "accept=password token",
        "session_token=",
        "session_token=none",
        "session_token=file",
        "session_token=env",
        "session_token=files",
};

static void test_options(void **state) {
        PamModuleOptions told;
        const char *bad;

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                assert_alike(words[i]);
        assert_int_equal(pam_module_parse(NULL, &told, &bad), 0);
        assert_string_equal(told.socket, TOKEND_SOCKET_PATH);
        assert_int_equal(told.min_uid, MIN_UID_DEFAULT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_codes),
                cmocka_unit_test(test_options),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
