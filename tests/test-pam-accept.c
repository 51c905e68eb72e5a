/* What authenticate takes for a password, how late it fails, and what flags change. */

#include "pam-host.h"

#include "wire/reason.h"

static int authenticate(Host *host, const char *user) {
        host_start(host, user);
        return pam_authenticate(host->pamh, 0);
}

static const char *options_with(const char *words) {
        static char options[128];

        snprintf(options, sizeof(options), HOST_PATIENCE " %s", words);
        return options;
}

/* What may be typed is told to the daemon, which decides; the typed thing goes out as it is. */
static void test_accept(void **state) {
        static const struct {
                const char *options, *sent; /* NULL: neither accept nor once */
        } rows[] = {
                { "", NULL },
                { "one_time_token", NULL },
                { "accept=password", NULL },
                { "accept=password one_time_token", NULL },
                { "accept=token", "&accept=token&service=" },
                { "accept=token one_time_token", "&accept=token&once=1&service=" },
                { "accept=password,token", "&accept=password%20token&service=" },
                { "accept=token,password", "&accept=password%20token&service=" },
                { "accept=token,password one_time_token",
                  "&accept=password%20token&once=1&service=" },
        };
        static const char *const typed[] = {
                "right", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        };
        Host *host = *state;
        char expected[256];

        if (geteuid() != 0)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                for (size_t n = 0; n < ELEMENTSOF(typed); n++) {
                        host->answers[0] = typed[n];
                        host_options(host, options_with(rows[i].options));
                        host_answer(host, 200, HOST_GRANT);
                        assert_int_equal(authenticate(host, "ada"), PAM_SUCCESS);
                        assert_string_equal(host->messages, "Password: ");
                        snprintf(expected, sizeof(expected),
                                 "grant_type=password&username=ada&password=%s%stest"
                                 "&rhost=192.0.2.1&login_only=1",
                                 typed[n], rows[i].sent ? rows[i].sent : "&service=");
                        assert_string_equal(host_body(host, 0), expected);
                        host_refuse(host, 401, "wrong-password");
                        assert_int_equal(authenticate(host, "ada"), PAM_AUTH_ERR);
                        assert_null(strstr(host_log, typed[n]));
                }
        /* Of sshd's own password nothing is accepted. */
        host->answers[0] = SSHD_JUNK_PASSWORD;
        host_refuse(host, 401, "wrong-password");
        assert_int_equal(authenticate(host, "ada"), PAM_AUTH_ERR);
        assert_null(strstr(host_body(host, 0), "accept"));
}

static uid_t effective_uid = (uid_t)-1;

__attribute__((visibility("default"))) uid_t geteuid(void) {
        return effective_uid != (uid_t)-1 ? effective_uid : getuid();
}

/* A screen locker, say: the daemon would take no token from it. */
static void test_accept_without_root(void **state) {
        Host *host = *state;

        effective_uid = getuid() == 0 ? 1000 : getuid();
        host_options(host, options_with("accept=password,token one_time_token"));
        host_answer(host, 200, HOST_GRANT);
        int code = authenticate(host, "ada");
        char *body = strdup(host_body(host, 0));
        host_options(host, options_with("accept=token"));
        host_answer(host, 200, HOST_GRANT);
        int other = authenticate(host, "ada");
        effective_uid = (uid_t)-1;

        assert_int_equal(code, PAM_SUCCESS);
        assert_string_equal(body, "grant_type=password&username=ada&password=right");
        free(body);
        assert_int_equal(other, PAM_CRED_INSUFFICIENT);
        assert_int_equal(host->n_prompts, 0);
        assert_int_equal(fake_count(&host->fake), 0);
        assert_int_equal(host_n_lines, 1);
        assert_non_null(strstr(host_log, "accept=token needs root: access-denied"));
}

/* Every failure is as late as another, whatever its cause and however long it took. */
static void test_delay(void **state) {
        static const char *const words[] = { "wrong-password",    "user-unknown", "user-locked",
                                             "too-many-failures", "overloaded",   "none-such" };
        Host *host = *state;

        for (int no = 0; no < 2; no++) {
                const unsigned least = no ? 0 : 1000000, most = no ? 0 : 3000000;

                host_options(host, options_with(no ? "nodelay" : "debug"));
                for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                        host_refuse(host, 403, words[i]);
                        assert_int_not_equal(authenticate(host, "ada"), PAM_SUCCESS);
                        assert_in_range(host->delay, least, most);
                }
                assert_int_equal(authenticate(host, "root"), PAM_USER_UNKNOWN);
                assert_in_range(host->delay, least, most);
                assert_int_equal(authenticate(host, "a/b"), PAM_USER_UNKNOWN);
                assert_in_range(host->delay, least, most);
                host->conv_result = PAM_CONV_ERR;
                assert_int_equal(authenticate(host, "ada"), PAM_CONV_ERR);
                assert_in_range(host->delay, least, most);
                assert_int_equal(authenticate(host, NULL), PAM_CONV_ERR);
                assert_in_range(host->delay, least, most);
                host->conv_result = PAM_SUCCESS;
        }
}

/* No flag lets more in, or says more. */
static void test_flags(void **state) {
        static const int flags[] = { PAM_SILENT, PAM_DISALLOW_NULL_AUTHTOK,
                                     PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK };
        Host *host = *state;

        for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
                host->answers[0] = "right";
                host_answer(host, 200, HOST_GRANT);
                host_start(host, "ada");
                assert_int_equal(pam_authenticate(host->pamh, flags[i]), PAM_SUCCESS);
                assert_string_equal(host->messages, "Password: ");
                host_refuse(host, 401, "wrong-password");
                host_start(host, "ada");
                assert_int_equal(pam_authenticate(host->pamh, flags[i]), PAM_AUTH_ERR);
                assert_string_equal(host->messages, "Password: ");
                host->answers[0] = "";
                host_answer(host, 200, HOST_GRANT);
                host_start(host, "ada");
                assert_int_equal(pam_authenticate(host->pamh, flags[i]), PAM_AUTH_ERR);
                assert_int_equal(fake_count(&host->fake), 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                HOST_TEST(test_accept),
                HOST_TEST(test_accept_without_root),
                HOST_TEST(test_delay),
                HOST_TEST(test_flags),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
