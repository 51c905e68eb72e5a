#include "pam-host.h"

#include "wire/reason.h"

static int authenticate(Host *host, const char *user) {
        host_start(host, user);
        return pam_authenticate(host->pamh, 0);
}

static size_t count_environment(Host *host) {
        char **list = pam_getenvlist(host->pamh);
        size_t n = 0;

        for (; list[n]; n++)
                free(list[n]);
        free(list);
        return n;
}

static void test_success(void **state) {
        Host *host = *state;
        const void *password = NULL;

        host_answer(host, 200, HOST_GRANT);
        assert_int_equal(authenticate(host, "ada"), PAM_SUCCESS);
        assert_int_equal(host->n_prompts, 1);
        assert_int_equal(host->n_others, 0);
        assert_string_equal(host->messages, "Password: ");
        assert_string_equal(host_log, "");
        assert_string_equal(host_body(host, 0),
                            geteuid() == 0 ? "grant_type=password&username=ada&password=right"
                                             "&service=test&rhost=192.0.2.1&login_only=1"
                                           : "grant_type=password&username=ada&password=right");

        /* The public id is the only thing that stays in the environment. */
        assert_string_equal(pam_getenv(host->pamh, "TOKEND_LOGIN"), HOST_ID);
        assert_int_equal(count_environment(host), 1);
        assert_null(getenv("TOKEND_LOGIN"));
        assert_int_equal(pam_get_item(host->pamh, PAM_USER, &password), PAM_SUCCESS);
        assert_string_equal(password, "ada");
        assert_int_equal(pam_setcred(host->pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
        assert_int_equal(pam_setcred(host->pamh, PAM_DELETE_CRED), PAM_SUCCESS);
        assert_int_equal(fake_count(&host->fake), 1);
}

/* Every reason that tokend may give, by the table; never a success, no login left behind. */
static void test_refusals(void **state) {
        Host *host = *state;

        for (int reason = 1; reason < _REASON_MAX; reason++) {
                host_refuse(host, 403, reason_to_string(reason));
                int code = authenticate(host, "ada");
                assert_int_not_equal(code, PAM_SUCCESS);
                assert_int_not_equal(code, HOST_IGNORED);
                assert_null(pam_getenv(host->pamh, "TOKEND_LOGIN"));
                assert_int_equal(host->n_prompts, 1);
                assert_int_equal(host_n_lines, 1);
                assert_non_null(strstr(host_log, reason_to_string(reason)));
                assert_non_null(strstr(host_log, "rhost=\"192.0.2.1\""));
                assert_null(strstr(host_log, "right"));
        }
        host_refuse(host, 401, "wrong-password");
        assert_int_equal(authenticate(host, "ada"), PAM_AUTH_ERR);
        host_refuse(host, 404, "user-unknown");
        assert_int_equal(authenticate(host, "ada"), PAM_USER_UNKNOWN);
        host_refuse(host, 429, "too-many-failures");
        assert_int_equal(authenticate(host, "ada"), PAM_MAXTRIES);
        host_refuse(host, 503, "overloaded");
        assert_int_equal(authenticate(host, "ada"), PAM_AUTHINFO_UNAVAIL);
}

/* A name is logged only when tokend has it: else it may be a password. */
static void test_logged_names(void **state) {
        Host *host = *state;

        host_refuse(host, 401, "wrong-password");
        assert_int_equal(authenticate(host, "ada"), PAM_AUTH_ERR);
        if (geteuid() == 0)
                assert_non_null(strstr(host_log, "user=\"ada\""));
        host_refuse(host, 404, "user-unknown");
        assert_int_equal(authenticate(host, "hunter2"), PAM_USER_UNKNOWN);
        assert_null(strstr(host_log, "hunter2"));
        assert_non_null(strstr(host_log, "a user that tokend does not know"));
        host_answer(host, 200, HOST_GRANT);
        assert_int_equal(authenticate(host, "hunter2"), PAM_AUTH_ERR);
        assert_non_null(strstr(host_log, "user-mismatch"));
        assert_null(strstr(host_log, "hunter2"));
        fake_script(&host->fake, &(FakeAnswer){ .hang_up = true }, 1);
        assert_int_equal(authenticate(host, "hunter2"), PAM_AUTHINFO_UNAVAIL);
        assert_null(strstr(host_log, "hunter2"));

        /* The daemon tells root, in the same answer. */
        host_answer(host, 429, "{\"reason\":\"too-many-failures\",\"username\":\"ada\"}");
        assert_int_equal(authenticate(host, "ada"), PAM_MAXTRIES);
        assert_non_null(strstr(host_log, "user=\"ada\""));
        host_answer(host, 429, "{\"reason\":\"too-many-failures\",\"username\":\"bea\"}");
        assert_int_equal(authenticate(host, "ada"), PAM_MAXTRIES);
        assert_non_null(strstr(host_log, "user not told"));
        host_refuse(host, 429, "too-many-failures");
        assert_int_equal(authenticate(host, "ada"), PAM_MAXTRIES);
        assert_non_null(strstr(host_log, "user not told"));
        assert_int_equal(fake_count(&host->fake), 1);
}

static void test_escaped_log(void **state) {
        Host *host = *state;

        host_refuse(host, 401, "wrong-password");
        host_start(host, "ada");
        pam_set_item(host->pamh, PAM_RHOST, "evil\n\x1b[2Jhost\"");
        assert_int_equal(pam_authenticate(host->pamh, 0), PAM_AUTH_ERR);
        assert_non_null(strstr(host_log, "rhost=\"evil\\x0a\\x1b[2Jhost\\x22\""));
        assert_null(strchr(host_log, '\n'));
}

/* The answer must be about exactly this user, and with a uid that may come in from outside. */
static void test_answers(void **state) {
        static const struct {
                const char *name, *uid;
                int code;
        } rows[] = {
                { "\"Ada\"", "70000", PAM_AUTH_ERR },
                { "\"ada \"", "70000", PAM_AUTH_ERR },
                { "\"root\"", "70000", PAM_AUTH_ERR },
                { "\"ada\"", "0", PAM_AUTH_ERR },
                { "\"ada\"", "999", PAM_AUTH_ERR },
                { "\"ada\"", "1000", PAM_SUCCESS },
                { "\"ada\"", "61184", PAM_AUTH_ERR },
                { "\"ada\"", "65519", PAM_AUTH_ERR },
                { "\"ada\"", "65534", PAM_AUTH_ERR },
                { "\"ada\"", "2147483648", PAM_AUTH_ERR },
                { "\"ada\"", "2147483647", PAM_SUCCESS },
                { "\"ada\"", "null", PAM_AUTHINFO_UNAVAIL },
                { "\"ada\"", "\"70000\"", PAM_AUTHINFO_UNAVAIL },
                { "\"ada\"", "4294967295", PAM_AUTHINFO_UNAVAIL },
                { "null", "70000", PAM_AUTHINFO_UNAVAIL },
        };
        Host *host = *state;
        char body[256];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                snprintf(body, sizeof(body),
                         "{\"login\":\"" HOST_ID "\",\"username\":%s,\"uid\":%s,"
                         "\"gid\":100,\"state\":\"active\"}",
                         rows[i].name, rows[i].uid);
                host_answer(host, 200, body);
                assert_int_equal(authenticate(host, "ada"), rows[i].code);
                assert_int_equal(pam_getenv(host->pamh, "TOKEND_LOGIN") != NULL,
                                 rows[i].code == PAM_SUCCESS);
        }
        host_options(host, HOST_PATIENCE " min_uid=70001");
        host_answer(host, 200, HOST_GRANT);
        assert_int_equal(authenticate(host, "ada"), PAM_AUTH_ERR);
        assert_non_null(strstr(host_log, "uid-not-permitted"));
}

static void test_cut_replies(void **state) {
        Host *host = *state;
        char text[1024];
        size_t size = strlen(fake_json(text, sizeof(text), 200, HOST_GRANT));

        for (size_t cut = 0; cut < size; cut++) {
                fake_script(&host->fake, &(FakeAnswer){ .bytes = cut ? text : NULL, .size = cut },
                            1);
                assert_int_equal(authenticate(host, "ada"), PAM_AUTHINFO_UNAVAIL);
        }
        for (int byte = 0; byte < 256; byte++) {
                fake_json(text, sizeof(text), 200, HOST_GRANT);
                text[11] = (char)byte;
                fake_script(&host->fake, &(FakeAnswer){ .bytes = text, .size = size }, 1);
                int code = authenticate(host, "ada");
                assert_int_not_equal(code, HOST_IGNORED);
                assert_int_equal(code == PAM_SUCCESS, byte == '0');
        }
}

/* Root is none of tokend's, and names that can be nobody's are not looked up or asked about. */
static void test_names_before_prompt(void **state) {
        static const char *const names[] = { "root", "a/b", "..", "a:b", "a\nb", "-ada", "" };
        Host *host = *state;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                host_answer(host, 200, HOST_GRANT);
                assert_int_equal(authenticate(host, names[i]), PAM_USER_UNKNOWN);
                assert_int_equal(host->n_prompts, 0);
                assert_int_equal(fake_count(&host->fake), 0);
                assert_int_equal(host_n_lines, 1);
        }
        host_options(host, HOST_PATIENCE " min_uid=0");
        host_answer(host, 200,
                    "{\"login\":\"" HOST_ID "\",\"username\":\"root\",\"uid\":0,\"gid\":0,"
                    "\"state\":\"active\"}");
        assert_int_equal(authenticate(host, "root"), PAM_SUCCESS);
}

static void test_passwords(void **state) {
        Host *host = *state;
        char longest[PASSWORD_MAX + 2];

        host_answer(host, 200, HOST_GRANT);
        host->answers[0] = "";
        assert_int_equal(authenticate(host, "ada"), PAM_AUTH_ERR);
        assert_non_null(strstr(host_log, "empty-password"));
        memset(longest, 'x', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        host->answers[0] = longest;
        assert_int_equal(authenticate(host, "ada"), PAM_AUTH_ERR);
        host->answers[0] = NULL;
        assert_int_equal(authenticate(host, "ada"), PAM_CONV_ERR);
        host->conv_result = PAM_CONV_ERR;
        assert_int_equal(authenticate(host, "ada"), PAM_CONV_ERR);
        assert_non_null(strstr(host_log, "no password (Conversation error)"));
        host->conv_result = PAM_IGNORE;
        assert_int_equal(authenticate(host, "ada"), PAM_CONV_ERR);
        host->conv_result = PAM_SUCCESS;
        assert_int_equal(fake_count(&host->fake), 0);

        host->answers[0] = longest + 1;
        assert_int_equal(authenticate(host, "ada"), PAM_SUCCESS);
        assert_non_null(strstr(host_body(host, 0), longest + 1));
}

static void test_junk(void **state) {
        static const char junk[] = "\b\n\r\177INCORRECT\b\n\r\177INCORRECT";
        Host *host = *state;
        char typed[32];

        for (size_t size = 1; geteuid() == 0 && size < sizeof(junk); size++) {
                memcpy(typed, junk, size);
                typed[size] = '\0';
                host->answers[0] = typed;
                host_answer(host, 401, "{\"reason\":\"wrong-password\",\"username\":\"ada\"}");
                assert_int_equal(authenticate(host, "ada"), PAM_AUTH_ERR);
                assert_int_equal(fake_count(&host->fake), 1);
                assert_non_null(strstr(host_body(host, 0), "&junk=1"));
                assert_null(strstr(host_body(host, 0), "password="));
                assert_non_null(strstr(host_log, "not-known-to-nss"));
                assert_non_null(strstr(host_log, "user=\"ada\""));
                assert_int_equal(host_n_lines, 1);

                /* One byte off is an ordinary password. */
                typed[size - 1] = '!';
                host_answer(host, 200, HOST_GRANT);
                assert_int_equal(authenticate(host, "ada"), PAM_SUCCESS);
        }
        host->answers[0] = SSHD_JUNK_PASSWORD;
        host_answer(host, 200, HOST_GRANT);
        assert_int_not_equal(authenticate(host, "ada"), PAM_SUCCESS);
}

/* A stack in which an earlier module asked: ours, let pass by "optional" with a wrong password. */
static int authenticate_second(Host *host, const char *options, const char *answer, int status,
                               const char *body) {
        const int statuses[] = { 401, status, 200 };
        const char *const bodies[] = { "{\"reason\":\"wrong-password\"}", body, HOST_GRANT };
        char lines[512];

        snprintf(lines, sizeof(lines), "auth optional @\nauth [success=ok default=bad] @ %s\n",
                 options);
        host->answers[0] = answer;
        host->answers[1] = "second";
        host_script(host, 3, statuses, bodies);
        host_start_with(host, lines, "ada");
        return pam_authenticate(host->pamh, 0);
}

static void test_first_pass(void **state) {
        static const char wrong[] = "{\"reason\":\"wrong-password\"}";
        Host *host = *state;

        /* Asked once, also when it was wrong. */
        assert_int_equal(authenticate_second(host, "", "first", 200, HOST_GRANT), PAM_SUCCESS);
        assert_int_equal(host->n_prompts, 1);
        assert_int_equal(authenticate_second(host, "", "first", 401, wrong), PAM_AUTH_ERR);
        assert_int_equal(host->n_prompts, 1);
        assert_int_equal(authenticate_second(host, "use_first_pass", "first", 401, wrong),
                         PAM_AUTH_ERR);
        assert_int_equal(host->n_prompts, 1);
        assert_int_equal(authenticate_second(host, "try_first_pass", "first", 200, HOST_GRANT),
                         PAM_SUCCESS);
        assert_int_equal(host->n_prompts, 1);

        /* try_first_pass asks once more. */
        assert_int_equal(authenticate_second(host, "try_first_pass", "first", 401, wrong),
                         PAM_SUCCESS);
        assert_int_equal(host->n_prompts, 2);
        assert_non_null(strstr(host_body(host, 1), "password=first"));
        assert_non_null(strstr(host_body(host, 2), "password=second"));
        assert_int_equal(authenticate_second(host, "try_first_pass", "first", 503, "{}"),
                         PAM_AUTHINFO_UNAVAIL);
        assert_int_equal(host->n_prompts, 1);

        /* Alone, it asks once all the same, and use_first_pass never does. */
        host_options(host, HOST_PATIENCE " try_first_pass");
        host_answer(host, 401, wrong);
        assert_int_equal(authenticate(host, "ada"), PAM_AUTH_ERR);
        assert_int_equal(host->n_prompts, 1);
        host_options(host, HOST_PATIENCE " use_first_pass");
        host_answer(host, 200, HOST_GRANT);
        assert_int_equal(authenticate(host, "ada"), PAM_AUTH_ERR);
        assert_int_equal(host->n_prompts, 0);
        assert_int_equal(fake_count(&host->fake), 0);
}

static void test_store_unavailable(void **state) {
        Host *host = *state;

        host_answer(host, 200, "{\"username\":\"ada\",\"uid\":70000,\"gid\":1,\"state\":\"active\","
                               "\"reason\":\"store-unavailable\"}");
        assert_int_equal(authenticate(host, "ada"), PAM_SUCCESS);
        assert_null(pam_getenv(host->pamh, "TOKEND_LOGIN"));
        assert_non_null(strstr(host_log, "store-unavailable"));
}

static void test_daemon_away(void **state) {
        static const char part[] = "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{";
        Host *host = *state;

        host_options(host, "timeout=0.15");
        fake_script(&host->fake, &(FakeAnswer){ .hang = true }, 1);
        assert_int_equal(authenticate(host, "ada"), PAM_AUTHINFO_UNAVAIL);
        assert_non_null(strstr(host_log, "timed-out"));
        fake_script(&host->fake, &(FakeAnswer){ .bytes = part, .hang = true }, 1);
        assert_int_equal(authenticate(host, "ada"), PAM_AUTHINFO_UNAVAIL);
        assert_non_null(strstr(host_log, "timed-out"));

        host_options(host, HOST_PATIENCE " socket=/nowhere/tokend.sock");
        assert_int_equal(authenticate(host, "ada"), PAM_AUTHINFO_UNAVAIL);
        assert_non_null(strstr(host_log, "daemon-unreachable"));
        host_options(host, HOST_PATIENCE);
        assert_int_equal(chmod(host->fake.folder, 0777), 0);
        fake_script(&host->fake, NULL, 0);
        assert_int_equal(authenticate(host, "ada"), PAM_AUTHINFO_UNAVAIL);
        assert_non_null(strstr(host_log, "peer-untrusted"));
        assert_int_equal(host->fake.n_received, 0);
}

static void test_options(void **state) {
        Host *host = *state;

        host_options(host, HOST_PATIENCE " nullok");
        host_answer(host, 200, HOST_GRANT);
        assert_int_equal(authenticate(host, "ada"), PAM_SERVICE_ERR);
        assert_int_equal(host_n_lines, 1);
        assert_non_null(strstr(host_log, "\"nullok\""));
        assert_int_equal(host->n_prompts, 0);
        assert_int_equal(pam_setcred(host->pamh, PAM_ESTABLISH_CRED), PAM_SERVICE_ERR);
        assert_int_equal(pam_acct_mgmt(host->pamh, 0), PAM_SERVICE_ERR);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SERVICE_ERR);
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SERVICE_ERR);
        assert_int_equal(pam_chauthtok(host->pamh, 0), PAM_SERVICE_ERR);
        assert_int_equal(fake_count(&host->fake), 0);

        host_options(host, HOST_PATIENCE " debug");
        assert_int_equal(authenticate(host, "ada"), PAM_SUCCESS);
        assert_int_equal(host_n_lines, 1);
        assert_null(strstr(host_log, "SECRETTOKEN"));
        assert_null(strstr(host_log, "right"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                HOST_TEST(test_success),         HOST_TEST(test_refusals),
                HOST_TEST(test_logged_names),    HOST_TEST(test_escaped_log),
                HOST_TEST(test_answers),         HOST_TEST(test_cut_replies),
                HOST_TEST(test_names_before_prompt), HOST_TEST(test_passwords),
                HOST_TEST(test_junk),            HOST_TEST(test_first_pass),
                HOST_TEST(test_store_unavailable), HOST_TEST(test_daemon_away),
                HOST_TEST(test_options),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
