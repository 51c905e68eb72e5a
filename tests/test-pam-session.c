#include "pam-host.h"

#include "wire/reason.h"

static int account(Host *host, const char *user) {
        host_start(host, user);
        return pam_acct_mgmt(host->pamh, 0);
}

static void test_account(void **state) {
        static const struct {
                int status;
                const char *body;
                int code;
                size_t n_lines;
        } rows[] = {
                { 200, HOST_CHECK, PAM_SUCCESS, 0 },
                { 200,
                  "{\"username\":\"ada\",\"uid\":70000,\"gid\":1,\"state\":\"password-must-"
                  "change\"}",
                  PAM_NEW_AUTHTOK_REQD, 1 },
                { 200, "{\"username\":\"ada\",\"uid\":70000,\"gid\":1,\"state\":\"locked\"}",
                  PAM_PERM_DENIED, 1 },
                { 200, "{\"username\":\"bea\",\"uid\":70000,\"gid\":1,\"state\":\"active\"}",
                  PAM_PERM_DENIED, 1 },
                { 200, "{\"username\":\"ada\",\"uid\":0,\"gid\":1,\"state\":\"active\"}",
                  PAM_PERM_DENIED, 1 },
                { 200, "{\"username\":\"ada\",\"gid\":1,\"state\":\"active\"}",
                  PAM_AUTHINFO_UNAVAIL, 1 },
                { 200, "{\"username\":\"ada\",\"uid\":70000,\"gid\":1}", PAM_AUTHINFO_UNAVAIL, 1 },
                { 200, "{}", PAM_AUTHINFO_UNAVAIL, 1 },
                { 403, "{\"reason\":\"user-locked\"}", PAM_PERM_DENIED, 1 },
                { 404, "{\"reason\":\"user-unknown\"}", PAM_USER_UNKNOWN, 1 },
                { 403, "{\"reason\":\"access-denied\"}", PAM_PERM_DENIED, 1 },
                { 503, "{\"reason\":\"store-unavailable\"}", PAM_AUTHINFO_UNAVAIL, 1 },
                { 500, "", PAM_AUTHINFO_UNAVAIL, 1 },
        };
        Host *host = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                host_answer(host, rows[i].status, rows[i].body);
                int code = account(host, "ada");
                if (code != rows[i].code)
                        fail_msg("%d for %s", code, rows[i].body);
                assert_int_equal(host_n_lines, rows[i].n_lines);
                assert_int_equal(host->n_prompts, 0);
        }
        for (int reason = 1; reason < _REASON_MAX; reason++) {
                host_refuse(host, 403, reason_to_string(reason));
                int code = account(host, "ada");
                assert_true(code != PAM_SUCCESS && code != HOST_IGNORED);
        }
        host_answer(host, 200, HOST_CHECK);
        assert_int_equal(account(host, "root"), PAM_USER_UNKNOWN);
        assert_int_equal(account(host, "a/b"), PAM_USER_UNKNOWN);
        assert_int_equal(fake_count(&host->fake), 0);
}

static void test_cut_replies(void **state) {
        static const char *const bodies[] = { HOST_CHECK, HOST_OPENED, HOST_CLOSED };
        Host *host = *state;
        char text[1024];

        for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
                size_t size = strlen(fake_json(text, sizeof(text), 200, bodies[i]));
                for (size_t cut = 0; cut < size; cut++) {
                        FakeAnswer answer = { .bytes = cut ? text : NULL, .size = cut };
                        fake_script(&host->fake, &answer, 1);
                        host_start(host, "ada");
                        pam_putenv(host->pamh, "TOKEND_LOGIN=" HOST_ID);
                        if (i == 0)
                                assert_int_equal(pam_acct_mgmt(host->pamh, 0),
                                                 PAM_AUTHINFO_UNAVAIL);
                        else if (i == 1)
                                assert_int_equal(pam_open_session(host->pamh, 0), PAM_SESSION_ERR);
                        else
                                assert_int_equal(pam_close_session(host->pamh, 0), PAM_SESSION_ERR);
                }
        }
}

static void start_session(Host *host, const char *variable) {
        host_start(host, "ada");
        if (variable)
                assert_int_equal(pam_putenv(host->pamh, variable), PAM_SUCCESS);
}

static void test_session(void **state) {
        static const int statuses[] = { 200, 200, 200 };
        static const char *const bodies[] = { HOST_OPENED, HOST_CLOSED, HOST_CLOSED };
        Host *host = *state;

        host_script(host, 3, statuses, bodies);
        start_session(host, "TOKEND_LOGIN=" HOST_ID);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_non_null(strstr(host_body(host, 0), "user=ada&login=" HOST_ID));
        /* What a user writes there does not matter to the process that opened the session. */
        assert_int_equal(pam_putenv(host->pamh, "TOKEND_LOGIN=" HOST_OTHER_ID), PAM_SUCCESS);
        assert_int_equal(pam_close_session(host->pamh, PAM_SILENT), PAM_SUCCESS);
        assert_non_null(strstr(host->fake.requests[1], "DELETE /v1/logins/" HOST_ID "?user=ada "));
        /* Once is enough. */
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(fake_count(&host->fake), 2);
        assert_string_equal(host_log, "");
        assert_string_equal(host->messages, "");

        /* The daemon opens another login for what it does not take. */
        host_script(host, 2, statuses, bodies);
        start_session(host, "TOKEND_LOGIN=" HOST_OTHER_ID);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_string_equal(pam_getenv(host->pamh, "TOKEND_LOGIN"), HOST_ID);
        host_script(host, 1, statuses, bodies);
        start_session(host, "TOKEND_LOGIN=../../x");
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_null(strstr(host_body(host, 0), "login="));
        assert_string_equal(pam_getenv(host->pamh, "TOKEND_LOGIN"), HOST_ID);
}

/* In another process than open_session's, the variable is all there is. */
static void test_close_elsewhere(void **state) {
        Host *host = *state;

        host_answer(host, 200, HOST_CLOSED);
        start_session(host, "TOKEND_LOGIN=" HOST_ID);
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(fake_count(&host->fake), 1);

        host_refuse(host, 404, "login-unknown");
        start_session(host, "TOKEND_LOGIN=" HOST_ID);
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        host_refuse(host, 403, "access-denied");
        start_session(host, "TOKEND_LOGIN=" HOST_ID);
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SESSION_ERR);
        assert_int_equal(host_n_lines, 1);

        host_answer(host, 200, HOST_CLOSED);
        start_session(host, NULL);
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        start_session(host, "TOKEND_LOGIN=x/../../token?");
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(fake_count(&host->fake), 0);
}

static void test_session_codes(void **state) {
        static const struct {
                int status;
                const char *word;
                int code;
        } rows[] = {
                { 404, "user-unknown", HOST_IGNORED },    { 403, "access-denied", PAM_SESSION_ERR },
                { 403, "user-locked", PAM_SESSION_ERR },  { 503, "overloaded", PAM_SUCCESS },
                { 503, "store-unavailable", PAM_SUCCESS }, { 500, "none-such", PAM_SESSION_ERR },
        };
        Host *host = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                for (int closing = 0; closing < 2; closing++) {
                        host_refuse(host, rows[i].status, rows[i].word);
                        start_session(host, "TOKEND_LOGIN=" HOST_ID);
                        assert_int_equal(closing ? pam_close_session(host->pamh, 0)
                                                 : pam_open_session(host->pamh, 0),
                                         rows[i].code);
                        assert_int_equal(host_n_lines, rows[i].code != HOST_IGNORED);
                }

        /* uids that must not be, and a login that is not said. */
        host_answer(host, 200,
                    "{\"login\":\"" HOST_ID "\",\"username\":\"ada\",\"uid\":0,\"gid\":1}");
        start_session(host, NULL);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SESSION_ERR);
        assert_null(pam_getenv(host->pamh, "TOKEND_LOGIN"));

        /* What was opened and is not taken is closed again. */
        static const int statuses[] = { 200, 200 };
        static const char *const bodies[] = {
                "{\"login\":\"" HOST_ID "\",\"username\":\"ada\",\"uid\":0,\"gid\":1}", HOST_CLOSED
        };
        host_script(host, 2, statuses, bodies);
        start_session(host, NULL);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SESSION_ERR);
        assert_int_equal(fake_count(&host->fake), 2);
        assert_non_null(strstr(host->fake.requests[1], "DELETE /v1/logins/" HOST_ID));
        host_answer(host, 200, HOST_CHECK);
        start_session(host, NULL);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SESSION_ERR);
        host_answer(host, 200, "{\"username\":\"ada\",\"uid\":70000,\"gid\":1,"
                               "\"reason\":\"store-unavailable\"}");
        start_session(host, NULL);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_null(pam_getenv(host->pamh, "TOKEND_LOGIN"));
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        host_start(host, "root");
        assert_int_equal(pam_open_session(host->pamh, 0), HOST_IGNORED);
        assert_int_equal(pam_close_session(host->pamh, 0), HOST_IGNORED);
}

/* skip_local: a user of /etc/passwd is no business of tokend's unless tokend let it in. */
static void test_skip_local(void **state) {
        Host *host = *state;

        host_options(host, HOST_PATIENCE " skip_local");
        host_answer(host, 200, HOST_GRANT);
        host_start(host, "daemon");
        assert_int_equal(pam_authenticate(host->pamh, 0), PAM_USER_UNKNOWN);
        assert_int_equal(pam_acct_mgmt(host->pamh, 0), PAM_USER_UNKNOWN);
        assert_int_equal(pam_open_session(host->pamh, 0), HOST_IGNORED);
        assert_int_equal(pam_close_session(host->pamh, 0), HOST_IGNORED);
        assert_int_equal(pam_chauthtok(host->pamh, 0), HOST_IGNORED);
        assert_int_equal(host->n_prompts, 0);
        assert_int_equal(fake_count(&host->fake), 0);

        /* Others are asked about as ever. */
        host_answer(host, 200, HOST_CHECK);
        assert_int_equal(account(host, "ada"), PAM_SUCCESS);

        /* Let in by tokend: asked about, and closed though the user took the variable away. */
        static const int statuses[] = { 403, 200, 200 };
        static const char *const bodies[] = {
                "{\"reason\":\"user-locked\"}",
                "{\"login\":\"" HOST_ID "\",\"username\":\"daemon\",\"uid\":70000,\"gid\":1}",
                HOST_CLOSED,
        };
        host_script(host, 3, statuses, bodies);
        host_start(host, "daemon");
        assert_int_equal(pam_putenv(host->pamh, "TOKEND_LOGIN=" HOST_ID), PAM_SUCCESS);
        assert_int_equal(pam_acct_mgmt(host->pamh, 0), PAM_PERM_DENIED);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(pam_putenv(host->pamh, "TOKEND_LOGIN"), PAM_SUCCESS);
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(fake_count(&host->fake), 3);
        assert_non_null(strstr(host->fake.requests[2], "DELETE /v1/logins/" HOST_ID));
}

/* tokend gone between authenticate and the end of the session: nothing of it ends the login. */
static void test_daemon_away(void **state) {
        Host *host = *state;

        host_options(host, HOST_PATIENCE " socket=/nowhere/tokend.sock");
        start_session(host, "TOKEND_LOGIN=" HOST_ID);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(host_n_lines, 2);
        assert_int_equal(pam_acct_mgmt(host->pamh, 0), PAM_AUTHINFO_UNAVAIL);
        assert_int_equal(pam_chauthtok(host->pamh, 0), PAM_AUTHINFO_UNAVAIL);

        host_options(host, "timeout=100ms");
        fake_script(&host->fake, &(FakeAnswer){ .hang = true }, 1);
        start_session(host, "TOKEND_LOGIN=" HOST_ID);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_non_null(strstr(host_log, "timed-out"));
}

/* The lines of the shipped snippet, with pam_permit for pam_unix: strangers and a daemon that is
 * away get through to it, a refusal of tokend's does not. */
static void test_snippet(void **state) {
        static const char lines[] =
                "auth [success=done default=ignore] @\nauth required pam_deny.so\n"
                "account [success=ok new_authtok_reqd=ok user_unknown=ignore authinfo_unavail=ignore "
                "module_unknown=ignore default=bad] @\n"
                "account required pam_permit.so\n"
                "session required pam_permit.so\nsession optional @\n"
                "password [success=done ignore=ignore authinfo_unavail=ignore module_unknown=ignore "
                "default=die] @\n"
                "password required pam_permit.so\n";
        static const struct {
                int status;
                const char *body;
                int authenticate, account, session, password;
        } rows[] = {
                { 404, "{\"reason\":\"user-unknown\"}", PAM_AUTH_ERR, PAM_SUCCESS, PAM_SUCCESS,
                  PAM_SUCCESS },
                { 503, "{}", PAM_AUTH_ERR, PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS },
                { 403, "{\"reason\":\"user-locked\"}", PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_SUCCESS,
                  PAM_AUTHTOK_ERR },
                { 200, HOST_ACCOUNT("active"), PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS,
                  PAM_SUCCESS },
        };
        Host *host = *state;

        host->answers[1] = host->answers[2] = host->answers[3] = "fresh";
        if (getuid() != 0)
                host->answers[1] = "old";
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                host_start_with(host, lines, "ada");
                host_answer(host, rows[i].status, rows[i].body);
                assert_int_equal(pam_authenticate(host->pamh, 0), rows[i].authenticate);
                host_answer(host, rows[i].status, rows[i].body);
                assert_int_equal(pam_acct_mgmt(host->pamh, 0), rows[i].account);
                host_answer(host, rows[i].status, rows[i].body);
                assert_int_equal(pam_open_session(host->pamh, 0), rows[i].session);
                host_answer_always(host, rows[i].status, rows[i].body);
                assert_int_equal(pam_chauthtok(host->pamh, 0), rows[i].password);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                HOST_TEST(test_account),         HOST_TEST(test_cut_replies),
                HOST_TEST(test_session),         HOST_TEST(test_close_elsewhere),
                HOST_TEST(test_session_codes),   HOST_TEST(test_daemon_away),
                HOST_TEST(test_snippet),         HOST_TEST(test_skip_local),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
