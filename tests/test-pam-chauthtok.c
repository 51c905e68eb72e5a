/* Changing a password. Who asks is told by getuid() and geteuid(), which are these here: the
 * program exports them. */

#include "pam-host.h"

#include <sys/syscall.h>

#include "wire/reason.h"

static uid_t real_uid, effective_uid;

__attribute__((visibility("default"))) uid_t getuid(void) {
        return real_uid;
}

__attribute__((visibility("default"))) uid_t geteuid(void) {
        return effective_uid;
}

#define ACTIVE      HOST_ACCOUNT("active")
#define MUST_CHANGE HOST_ACCOUNT("password-must-change")
#define WRONG       "{\"reason\":\"wrong-password\"}"

/* A user runs passwd(1), which is set-uid where the test is root's; as_root() changes that. */
static int setup(void **state) {
        real_uid = 1000;
        effective_uid = (uid_t)syscall(SYS_geteuid);
        return host_setup(state);
}

#define CHANGE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, host_teardown)

static void as_root(void) {
        if (effective_uid != 0)
                skip(); /* the fake would not be trusted */
        real_uid = 0;
}

/* What only root may say, and how the object goes on. */
static const char *with_origin(const char *start) {
        static char text[256];
        char caller[32] = "";

        if (effective_uid == 0 && real_uid != 0)
                snprintf(caller, sizeof(caller), ",\"ruid\":%u", real_uid);
        snprintf(text, sizeof(text), "%s%s%s}", start,
                 effective_uid == 0 ? ",\"rhost\":\"192.0.2.1\"" : "", caller);
        return text;
}

static void type(Host *host, const char *first, const char *second, const char *third) {
        const char *answers[] = { first, second, third };

        memset(host->answers, 0, sizeof(host->answers));
        memcpy(host->answers, answers, sizeof(answers));
}

static int change(Host *host, int flags) {
        host_start(host, "ada");
        return pam_chauthtok(host->pamh, flags);
}

/* The questions are: check, old password, change; root's have no second. */
static void answer(Host *host, int checked, const char *check, int changed, const char *word) {
        char body[128];
        int statuses[] = { 200, checked, changed };
        const char *bodies[] = { ACTIVE, check, body };

        snprintf(body, sizeof(body), "{\"reason\":\"%s\"}", word);
        host_script(host, 3, statuses, bodies);
}

static void test_user(void **state) {
        Host *host = *state;

        host_answer_always(host, 200, ACTIVE);
        type(host, "o\"ld", "fresh \xc3\xbc", "fresh \xc3\xbc");
        assert_int_equal(change(host, 0), PAM_SUCCESS);
        assert_string_equal(host->messages,
                            "Current password: New password: Retype new password: ");
        assert_int_equal(host->n_others, 0);
        assert_string_equal(host_log, "");
        assert_int_equal(fake_count(&host->fake), 3);
        assert_non_null(strstr(host->fake.requests[0], "GET /v1/logins/check?user=ada HTTP/1.1"));
        assert_non_null(strstr(host->fake.requests[1], "POST /v1/users/id%2F1/password HTTP/1.1"));
        assert_non_null(strstr(host->fake.requests[1], "Content-Type: application/json\r\n"));
        assert_string_equal(host_body(host, 1), with_origin("{\"old_password\":\"o\\\"ld\""));
        assert_string_equal(host_body(host, 2), with_origin("{\"password\":\"fresh \xc3\xbc\","
                                                            "\"old_password\":\"o\\\"ld\""));
}

/* Root is asked for no old one, unless the change is a forced one: then the user types. */
static void test_root(void **state) {
        Host *host = *state;

        as_root();
        host_answer_always(host, 200, MUST_CHANGE);
        type(host, "fresh", "fresh", NULL);
        assert_int_equal(change(host, 0), PAM_SUCCESS);
        assert_string_equal(host->messages, "New password: Retype new password: ");
        assert_int_equal(fake_count(&host->fake), 2);
        assert_string_equal(host_body(host, 1), "{\"password\":\"fresh\",\"rhost\":\"192.0.2.1\"}");

        host_answer_always(host, 200, MUST_CHANGE);
        type(host, "old", "fresh", "fresh");
        assert_int_equal(change(host, PAM_CHANGE_EXPIRED_AUTHTOK), PAM_SUCCESS);
        assert_int_equal(fake_count(&host->fake), 3);
        host_answer_always(host, 200, ACTIVE);
        assert_int_equal(change(host, PAM_CHANGE_EXPIRED_AUTHTOK), HOST_IGNORED);
        assert_int_equal(fake_count(&host->fake), 1);
        assert_int_equal(host->n_prompts, 0);
}

/* A program without privileges: the daemon takes its word on nothing but passwords. */
static void test_unprivileged(void **state) {
        Host *host = *state;

        if (effective_uid == 0)
                effective_uid = 1000;
        host_answer_always(host, 200, ACTIVE);
        type(host, "old", "fresh", "fresh");
        host_start(host, "ada");
        pam_putenv(host->pamh, "TOKEND_LOGIN=" HOST_ID);
        assert_int_equal(pam_chauthtok(host->pamh, 0), PAM_SUCCESS);
        assert_string_equal(host_body(host, 2),
                            "{\"password\":\"fresh\",\"old_password\":\"old\"}");
        real_uid = 0;
        host_answer_always(host, 200, ACTIVE);
        assert_int_equal(change(host, 0), PAM_SUCCESS);
        assert_int_equal(host->n_prompts, 3);
}

/* The login that is going on survives; what users write there goes nowhere. */
static void test_login(void **state) {
        static const char *const bad[] = { "", "../x", HOST_ID "0", "\"}" };
        Host *host = *state;
        char variable[128];

        as_root();
        type(host, "fresh", "fresh", NULL);
        host_answer_always(host, 200, ACTIVE);
        host_start(host, "ada");
        pam_putenv(host->pamh, "TOKEND_LOGIN=" HOST_ID);
        assert_int_equal(pam_chauthtok(host->pamh, 0), PAM_SUCCESS);
        assert_non_null(strstr(host_body(host, 1), ",\"login\":\"" HOST_ID "\","));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                host_answer_always(host, 200, ACTIVE);
                host_start(host, "ada");
                snprintf(variable, sizeof(variable), "TOKEND_LOGIN=%s", bad[i]);
                pam_putenv(host->pamh, variable);
                assert_int_equal(pam_chauthtok(host->pamh, 0), PAM_SUCCESS);
                assert_null(strstr(host_body(host, 1), "login"));
        }
}

/* Refused in the first call: nobody is asked for a new one, and failures are late. */
static void test_wrong_old_password(void **state) {
        Host *host = *state;

        type(host, "old", "fresh", "fresh");
        answer(host, 400, WRONG, 200, "");
        assert_int_equal(change(host, 0), PAM_AUTHTOK_ERR);
        assert_int_equal(host->n_prompts, 1);
        assert_int_equal(fake_count(&host->fake), 2);
        assert_in_range(host->delay, 1000000, 3000000);
        assert_non_null(strstr(host->messages, "Password not changed: the user name or"));
        assert_int_equal(host_n_lines, 1);
        assert_non_null(strstr(host_log, "wrong-password"));
        assert_non_null(strstr(host_log, "user=\"ada\", service=\"test\" rhost=\"192.0.2.1\""));

        answer(host, 400, WRONG, 200, "");
        assert_int_equal(change(host, PAM_SILENT), PAM_AUTHTOK_ERR);
        assert_string_equal(host->messages, "Current password: ");
        host_options(host, HOST_PATIENCE " nodelay");
        answer(host, 429, "{\"reason\":\"too-many-failures\"}", 200, "");
        assert_int_equal(change(host, 0), PAM_AUTHTOK_ERR);
        assert_int_equal(host->delay, 0);
        assert_non_null(strstr(host->messages, "try again later"));

        type(host, "", NULL, NULL);
        answer(host, 200, ACTIVE, 200, "");
        assert_int_equal(change(host, 0), PAM_AUTHTOK_ERR);
        assert_int_equal(fake_count(&host->fake), 1);
        type(host, NULL, NULL, NULL);
        assert_int_equal(change(host, 0), PAM_CONV_ERR);
        assert_non_null(strstr(host_log, "no old password"));
}

static void test_new_password(void **state) {
        char longest[PASSWORD_MAX + 2];
        Host *host = *state;

        memset(longest, 'x', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        const struct {
                const char *typed[HOST_ANSWERS_MAX];
                int code;
                size_t n_prompts, n_others;
                const char *sent;
        } rows[] = {
                { { "old", "a", "b", "fresh", "fresh" }, PAM_SUCCESS, 5, 1, "fresh" },
                { { "old", "a", "b", "c", "d", "e", "f" }, PAM_AUTHTOK_ERR, 7, 3, NULL },
                { { "old", "old", "old", "fresh", "fresh" }, PAM_SUCCESS, 5, 1, "fresh" },
                { { "old", "" }, PAM_AUTHTOK_ERR, 2, 1, NULL },
                { { "old", "fresh", "" }, PAM_CONV_ERR, 4, 1, NULL },
                { { "old", "fresh", NULL }, PAM_CONV_ERR, 3, 0, NULL },
                { { "old", longest, longest }, PAM_AUTHTOK_ERR, 3, 1, NULL },
                { { "old", longest + 1, longest + 1 }, PAM_SUCCESS, 3, 0, longest + 1 },
                { { "old", "\xe4", "\xe4" }, PAM_AUTHTOK_ERR, 3, 1, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                memcpy(host->answers, rows[i].typed, sizeof(host->answers));
                host_answer_always(host, 200, ACTIVE);
                assert_int_equal(change(host, 0), rows[i].code);
                assert_int_equal(host->n_prompts, rows[i].n_prompts);
                assert_int_equal(host->n_others, rows[i].n_others);
                assert_int_equal(host_n_lines, rows[i].code != PAM_SUCCESS);
                assert_int_equal(fake_count(&host->fake), rows[i].sent ? 3 : 2);
                if (rows[i].sent)
                        assert_non_null(strstr(host_body(host, 2), rows[i].sent));
        }
        memcpy(host->answers, rows[1].typed, sizeof(host->answers));
        host_answer_always(host, 200, ACTIVE);
        assert_int_equal(change(host, PAM_SILENT), PAM_AUTHTOK_ERR);
        assert_int_equal(host->n_others, 0);
}

/* What the daemon says to the last question. */
static void test_refused_change(void **state) {
        Host *host = *state;

        type(host, "old", "fresh", "fresh");
        for (int reason = 1; reason < _REASON_MAX; reason++) {
                answer(host, 200, ACTIVE, 403, reason_to_string(reason));
                int code = change(host, 0);
                assert_int_not_equal(code, PAM_SUCCESS);
                assert_int_not_equal(code, HOST_IGNORED);
                assert_int_equal(host_n_lines, 1);
                assert_non_null(strstr(host->messages, reason_to_sentence(reason)));
        }
        answer(host, 200, ACTIVE, 400, "password-unchanged");
        assert_int_equal(change(host, 0), PAM_AUTHTOK_ERR);
        assert_non_null(strstr(host->messages, "the new password is the old one"));
        answer(host, 200, ACTIVE, 404, "user-unknown");
        assert_int_equal(change(host, 0), PAM_AUTHTOK_ERR);
        answer(host, 404, "{\"reason\":\"user-unknown\"}", 200, "");
        assert_int_equal(change(host, 0), PAM_AUTHTOK_ERR);
        answer(host, 200, ACTIVE, 503, "store-unavailable");
        assert_int_equal(change(host, 0), PAM_AUTHINFO_UNAVAIL);
        assert_non_null(strstr(host_log, "user=\"ada\""));
}

/* Neither an answer that was cut nor one about somebody else is a success. */
static void test_answers(void **state) {
        static const char *const bad[] = {
                "{}", "[]", "{\"name\":\"bea\"}", "{\"name\":null}", "{\"name\":\"ada \"}",
        };
        Host *host = *state;
        char text[1024];

        type(host, "old", "fresh", "fresh");
        for (size_t turn = 1; turn < 3; turn++)
                for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                        const char *bodies[] = { ACTIVE, ACTIVE, ACTIVE };
                        int statuses[] = { 200, 200, 200 };

                        bodies[turn] = bad[i];
                        host_script(host, 3, statuses, bodies);
                        int code = change(host, 0);
                        assert_true(code == PAM_AUTHINFO_UNAVAIL || code == PAM_AUTHTOK_ERR);
                        assert_int_equal(fake_count(&host->fake), turn + 1);
                }
        size_t size = strlen(fake_json(text, sizeof(text), 200, ACTIVE));
        for (size_t cut = 0; cut < size; cut++) {
                FakeAnswer answers[3] = {
                        { .bytes = text },
                        { .bytes = text },
                        { .bytes = cut ? text : NULL, .size = cut },
                };

                fake_script(&host->fake, answers, 3);
                assert_int_equal(change(host, 0), PAM_AUTHINFO_UNAVAIL);
        }
        /* Without the user's id there is nothing to ask about. */
        host_answer_always(host, 200, HOST_CHECK);
        assert_int_equal(change(host, 0), PAM_AUTHINFO_UNAVAIL);
        assert_int_equal(fake_count(&host->fake), 1);
}

/* Users that are none of tokend's, or not to be: no prompt, and no word to them but from tokend. */
static void test_others(void **state) {
        Host *host = *state;

        host_answer_always(host, 404, "{\"reason\":\"user-unknown\"}");
        assert_int_equal(change(host, 0), HOST_IGNORED);
        assert_string_equal(host_log, "");
        host_answer_always(host, 503, "{}");
        assert_int_equal(change(host, 0), PAM_AUTHINFO_UNAVAIL);
        host_answer_always(host, 403, "{\"reason\":\"access-denied\"}");
        assert_int_equal(change(host, 0), PAM_PERM_DENIED);
        host_answer_always(host, 403, "{\"reason\":\"user-locked\"}");
        assert_int_equal(change(host, 0), PAM_AUTHTOK_ERR);
        assert_string_equal(host->messages, "");
        host_options(host, HOST_PATIENCE " min_uid=70001");
        host_answer_always(host, 200, ACTIVE);
        assert_int_equal(change(host, 0), PAM_AUTHTOK_ERR);
        assert_non_null(strstr(host_log, "uid-not-permitted"));
        host_start(host, "root");
        assert_int_equal(pam_chauthtok(host->pamh, 0), HOST_IGNORED);
        assert_int_equal(host->n_prompts, 0);
}

/* Behind a module that asks for the new one (here: ourselves, about another user of that name). */
static void test_use_authtok(void **state) {
        static const char behind[] = "password [success=ok default=die] @\n"
                                     "password [success=ok default=die] @ use_authtok\n";
        static const char alone[] = "password [success=ok default=die] @ use_authtok\n";
        static const char first_pass[] = "password [success=ok default=die] @ use_first_pass\n";
        static const char other[] = "{\"id\":\"id/2\",\"name\":\"ada\",\"username\":\"ada\","
                                    "\"uid\":70000,\"gid\":70001,\"state\":\"active\"}";
        static const int statuses[] = { 200, 200, 200, 200, 200, 200 };
        static const char *const bodies[] = { other, other, ACTIVE, ACTIVE, other, ACTIVE };
        Host *host = *state;

        type(host, "old", "fresh", "fresh");
        host_script(host, 6, statuses, bodies);
        host_start_with(host, behind, "ada");
        assert_int_equal(pam_chauthtok(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(host->n_prompts, 3);
        assert_int_equal(fake_count(&host->fake), 6);
        assert_string_equal(host_body(host, 4), host_body(host, 5));
        assert_non_null(strstr(host_body(host, 5), "\"password\":\"fresh\""));
        assert_non_null(strstr(host_body(host, 5), "\"old_password\":\"old\""));

        host_answer_always(host, 200, ACTIVE);
        host_start_with(host, alone, "ada");
        assert_int_equal(pam_chauthtok(host->pamh, 0), PAM_AUTHTOK_RECOVERY_ERR);
        assert_string_equal(host->messages, "Current password: ");
        assert_int_equal(fake_count(&host->fake), 2);
        assert_non_null(strstr(host_log, "no new password"));
        host_answer_always(host, 200, ACTIVE);
        host_start_with(host, first_pass, "ada");
        assert_int_equal(pam_chauthtok(host->pamh, 0), PAM_AUTHTOK_RECOVERY_ERR);
        assert_int_equal(host->n_prompts, 0);
        assert_int_equal(fake_count(&host->fake), 1);
}

/* Lines that differ in whom they pass over: neither does, nor forgets, what the other took on. */
static void test_two_lines(void **state) {
        static const char *const lines[] = {
                "password [success=ok ignore=ignore default=die] @\n"
                "password [success=ok ignore=ignore default=die] @ skip_local\n",
                "password [success=ok ignore=ignore default=die] @ skip_local\n"
                "password [success=ok ignore=ignore default=die] @\n",
        };
        /* In every /etc/passwd. */
        static const char local[] = "{\"id\":\"id/1\",\"name\":\"daemon\",\"username\":\"daemon\","
                                    "\"uid\":70000,\"gid\":70001,\"state\":\"active\"}";
        Host *host = *state;

        type(host, "old", "fresh", "fresh");
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                host_answer_always(host, 200, local);
                host_start_with(host, lines[i], "daemon");
                assert_int_equal(pam_chauthtok(host->pamh, 0), PAM_SUCCESS);
                assert_int_equal(host->n_prompts, 3);
                assert_int_equal(fake_count(&host->fake), 3);
                assert_non_null(strstr(host_body(host, 2), "\"password\":\"fresh\""));
        }
}

/* Each checks the old password, one sets the new one; and what was so in one change is not in the
 * next one of the same handle. */
static void test_set_once(void **state) {
        static const char lines[] = "password [success=ok ignore=ignore default=die] @\n"
                                    "password [success=ok ignore=ignore default=die] @ debug\n";
        static const int statuses[] = { 404, 200, 200, 400 };
        static const char *const bodies[] = { "{\"reason\":\"user-unknown\"}", ACTIVE, ACTIVE,
                                              "{\"reason\":\"invalid-value\"}" };
        Host *host = *state;

        type(host, "old", "fresh", "fresh");
        host_answer_always(host, 200, ACTIVE);
        host_start_with(host, lines, "ada");
        assert_int_equal(pam_chauthtok(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(fake_count(&host->fake), 5);
        assert_non_null(strstr(host_body(host, 4), "\"password\":\"fresh\""));

        host->n_prompts = 0;
        host_script(host, 4, statuses, bodies);
        assert_int_equal(pam_chauthtok(host->pamh, 0), PAM_AUTHTOK_ERR);
        assert_int_equal(fake_count(&host->fake), 4);
}

/* An earlier module's old password that is wrong here. */
static void test_try_first_pass(void **state) {
        static const char lines[] = "password optional @\n"
                                    "password [success=ok default=die] @ try_first_pass\n";
        static const int statuses[] = { 200, 400, 200, 400, 200 };
        static const char *const bodies[] = { ACTIVE, WRONG, ACTIVE, WRONG, ACTIVE };
        Host *host = *state;

        type(host, "other", "old", NULL);
        host_script(host, 5, statuses, bodies);
        host_start_with(host, lines, "ada");
        (void)pam_chauthtok(host->pamh, 0);
        assert_in_range(host->n_prompts, 2, HOST_ANSWERS_MAX);
        assert_non_null(strstr(host_body(host, 1), "\"old_password\":\"other\""));
        assert_non_null(strstr(host_body(host, 3), "\"old_password\":\"other\""));
        assert_non_null(strstr(host_body(host, 4), "\"old_password\":\"old\""));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                CHANGE_TEST(test_user),
                CHANGE_TEST(test_root),
                CHANGE_TEST(test_unprivileged),
                CHANGE_TEST(test_login),
                CHANGE_TEST(test_wrong_old_password),
                CHANGE_TEST(test_new_password),
                CHANGE_TEST(test_refused_change),
                CHANGE_TEST(test_answers),
                CHANGE_TEST(test_others),
                CHANGE_TEST(test_use_authtok),
                CHANGE_TEST(test_two_lines),
                CHANGE_TEST(test_set_once),
                CHANGE_TEST(test_try_first_pass),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
