/* A session's token. The module writes to /run/tokend/tokens only: open() leads it to a folder of
 * the test's in place of /run/tokend, as the program exports it. */

#include "pam-host.h"

#include <dlfcn.h>

#include "wire/cleanup.h"
#include "wire/reason.h"

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define GIVEN "{\"access_token\":\"" TOKEN "\",\"login\":\"" HOST_ID "\",\"id\":\"x\"}"
#define PATH  "/run/tokend/tokens/" HOST_ID

static char run[64]; /* in place of /run/tokend */

__attribute__((visibility("default"))) int open(const char *path, int flags, ...) {
        if (strcmp(path, "/run/tokend") == 0)
                path = run;
        va_list args;
        va_start(args, flags);
        int mode = flags & O_CREAT ? va_arg(args, int) : 0;
        va_end(args);
        return openat(AT_FDCWD, path, flags, mode);
}

static int setup(void **state) {
        strcpy(run, "/tmp/pam-token-XXXXXX");
        if (!mkdtemp(run) || chmod(run, 0755) < 0)
                return -1;
        return host_setup(state);
}

static int teardown(void **state) {
        char command[128];

        snprintf(command, sizeof(command), "rm -rf %s", run);
        return system(command) | host_teardown(state);
}

#define TOKEN_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* "" when there is no such file. */
static const char *file_text(const char *id) {
        static char text[128];
        char path[160];

        snprintf(path, sizeof(path), "%s/tokens/%s", run, id);
        memset(text, 0, sizeof(text));
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return "";
        if (read(fd, text, sizeof(text) - 1) < 0)
                abort();
        close(fd);
        return text;
}

/* The session's user is whoever runs the test where that is not root, who alone can give away. */
static const char *opened(void) {
        static char body[256];
        unsigned uid = geteuid() == 0 ? 70000 : geteuid();
        unsigned gid = geteuid() == 0 ? 70001 : getegid();

        snprintf(body, sizeof(body),
                 "{\"login\":\"" HOST_ID "\",\"username\":\"ada\",\"uid\":%u,\"gid\":%u}", uid,
                 gid);
        return body;
}

static void answer(Host *host, int status, const char *given) {
        int statuses[] = { 200, status, 200, 200 };
        const char *bodies[] = { opened(), given, HOST_CLOSED, HOST_CLOSED };

        host_script(host, 4, statuses, bodies);
        host_start(host, "ada");
}

static void test_file(void **state) {
        Host *host = *state;
        struct stat status;
        char path[160];

        host_options(host, HOST_PATIENCE " session_token=file");
        answer(host, 200, GIVEN);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_non_null(strstr(host->fake.requests[1],
                               "POST /v1/logins/" HOST_ID "/token HTTP/1.1\r\n"));
        assert_string_equal(host_body(host, 1), "user=ada");
        assert_string_equal(file_text(HOST_ID), TOKEN "\n");
        assert_string_equal(pam_getenv(host->pamh, "TOKEND_TOKEN_FILE"), PATH);
        assert_null(pam_getenv(host->pamh, "TOKEND_TOKEN"));
        snprintf(path, sizeof(path), "%s/tokens/" HOST_ID, run);
        assert_int_equal(lstat(path, &status), 0);
        assert_int_equal(status.st_mode, S_IFREG | 0400);
        assert_int_equal(status.st_uid, geteuid() == 0 ? 70000 : geteuid());
        assert_string_equal(host_log, "");
        assert_string_equal(host->messages, "");

        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        assert_string_equal(file_text(HOST_ID), "");
        assert_string_equal(host_log, "");
        assert_int_equal(fake_count(&host->fake), 3);
}

static void test_env_and_none(void **state) {
        Host *host = *state;

        host_options(host, HOST_PATIENCE " session_token=env");
        answer(host, 200, GIVEN);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_string_equal(pam_getenv(host->pamh, "TOKEND_TOKEN"), TOKEN);
        assert_null(pam_getenv(host->pamh, "TOKEND_TOKEN_FILE"));
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        assert_string_equal(host_log, "");

        for (int named = 0; named < 2; named++) {
                host_options(host, named ? HOST_PATIENCE " session_token=none" : HOST_PATIENCE);
                answer(host, 200, HOST_CLOSED);
                assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
                assert_null(pam_getenv(host->pamh, "TOKEND_TOKEN"));
                assert_null(pam_getenv(host->pamh, "TOKEND_TOKEN_FILE"));
                assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
                assert_int_equal(fake_count(&host->fake), 2);
        }
        /* Nobody who asks for none, or for a variable, touches the folder. */
        assert_int_equal(rmdir(run), 0);
}

/* No token, no matter why: the session goes on, and the log has one line. */
static void test_no_token(void **state) {
        static const struct {
                int status;
                const char *given, *word;
        } rows[] = {
                { 503, "{\"reason\":\"store-unavailable\"}", "store-unavailable" },
                { 403, "{\"reason\":\"access-denied\"}", "access-denied" },
                { 404, "{\"reason\":\"login-unknown\"}", "login-unknown" },
                { 404, "{\"reason\":\"user-unknown\"}", "user-unknown" },
                { 200, "{}", "reply-malformed" },
                { 200, "{\"access_token\":\"" TOKEN "\"}", "reply-malformed" },
                { 200, "{\"access_token\":\"" TOKEN "\",\"login\":\"" HOST_OTHER_ID "\"}",
                  "reply-malformed" },
                { 200, "{\"access_token\":\"" TOKEN "0\",\"login\":\"" HOST_ID "\"}",
                  "reply-malformed" },
                { 200, "{\"access_token\":\"short\",\"login\":\"" HOST_ID "\"}",
                  "reply-malformed" },
        };
        Host *host = *state;

        for (int file = 0; file < 2; file++)
                for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                        host_options(host, file ? HOST_PATIENCE " session_token=file"
                                                : HOST_PATIENCE " session_token=env");
                        answer(host, rows[i].status, rows[i].given);
                        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
                        assert_null(pam_getenv(host->pamh, "TOKEND_TOKEN"));
                        assert_null(pam_getenv(host->pamh, "TOKEND_TOKEN_FILE"));
                        assert_string_equal(file_text(HOST_ID), "");
                        assert_int_equal(host_n_lines, 1);
                        assert_non_null(strstr(host_log,
                                               "open_session: no token for the session: "));
                        assert_non_null(strstr(host_log, rows[i].word));
                        assert_non_null(strstr(host_log, "service=\"test\" rhost=\"192.0.2.1\""));
                        assert_null(strstr(host_log, TOKEN));
                        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
                        assert_int_equal(host_n_lines, 1);
                }
}

/* A folder that others can write to: none is asked for, none is written. */
static void test_untrusted_folder(void **state) {
        Host *host = *state;
        char path[96], real[96];

        snprintf(path, sizeof(path), "%s/tokens", run);
        snprintf(real, sizeof(real), "%s/real", run);
        host_options(host, HOST_PATIENCE " session_token=file");
        for (int kind = 0; kind < 3; kind++) {
                if (kind == 0)
                        assert_int_equal(mkdir(path, 0777) | chmod(path, 0777), 0);
                else if (kind == 1)
                        assert_int_equal(rmdir(path) | mkdir(real, 0711) | symlink(real, path), 0);
                else
                        assert_int_equal(unlink(path) | chmod(run, 0777), 0);
                answer(host, 200, GIVEN);
                assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
                assert_int_equal(fake_count(&host->fake), 1);
                assert_non_null(strstr(host_log,
                                       "/run/tokend/tokens is not a folder that only root"));
                assert_null(pam_getenv(host->pamh, "TOKEND_TOKEN_FILE"));
                assert_string_equal(file_text(HOST_ID), "");
        }
        /* Nor is there one when tokend's own folder is missing. */
        assert_int_equal(rmdir(real) | rmdir(run), 0);
        answer(host, 200, GIVEN);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_non_null(strstr(host_log, "no token for the session: error ENOENT"));
}

/* Once is enough: the second time, the session has its token. */
static void test_opened_twice(void **state) {
        int statuses[] = { 200, 200, 200, 200, 200 };
        const char *bodies[] = { opened(), GIVEN, opened(), HOST_CLOSED, HOST_CLOSED };
        Host *host = *state;

        host_options(host, HOST_PATIENCE " session_token=file");
        host_script(host, 5, statuses, bodies);
        host_start(host, "ada");
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(fake_count(&host->fake), 3);
        assert_string_equal(file_text(HOST_ID), TOKEN "\n");
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        assert_string_equal(file_text(HOST_ID), "");
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(fake_count(&host->fake), 4);

        /* Refused the second time: nothing stays. */
        const char *others[] = { opened(), GIVEN,
                                 "{\"login\":\"" HOST_ID "\",\"username\":\"ada\",\"uid\":0,"
                                 "\"gid\":0}",
                                 HOST_CLOSED, HOST_CLOSED };
        host_script(host, 5, statuses, others);
        host_start(host, "ada");
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SESSION_ERR);
        assert_string_equal(file_text(HOST_ID), "");
}

/* The file goes also when nobody is there who could be told, and when the variable was rewritten.
 */
static void test_close(void **state) {
        Host *host = *state;
        int statuses[] = { 200, 200, 503 };
        const char *bodies[] = { opened(), GIVEN, "{}" };

        host_options(host, HOST_PATIENCE " session_token=file");
        host_script(host, 3, statuses, bodies);
        host_start(host, "ada");
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        pam_putenv(host->pamh, "TOKEND_LOGIN=" HOST_OTHER_ID);
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        assert_string_equal(file_text(HOST_ID), "");
        assert_non_null(strstr(host_log, "overloaded"));
}

/* In another process than open_session's, the daemon says whether that login is this user's. */
static void test_close_elsewhere(void **state) {
        static const struct {
                int status;
                const char *body;
                bool stays;
        } rows[] = {
                { 403, "{\"reason\":\"access-denied\"}", true },
                { 404, "{\"reason\":\"login-unknown\"}", true },
                { 503, "{}", true },
                { 200, HOST_CLOSED, false },
        };
        Host *host = *state;

        host_options(host, HOST_PATIENCE " session_token=file");
        answer(host, 200, GIVEN);
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                host_answer(host, rows[i].status, rows[i].body);
                host_start(host, "ada");
                pam_putenv(host->pamh, "TOKEND_LOGIN=" HOST_ID);
                (void)pam_close_session(host->pamh, 0);
                assert_string_equal(file_text(HOST_ID), rows[i].stays ? TOKEN "\n" : "");
        }
}

/* Without a login (the store can't be written) there is nothing that a token could belong to. */
static void test_without_login(void **state) {
        Host *host = *state;

        host_options(host, HOST_PATIENCE " session_token=file");
        host_answer(host, 200,
                    "{\"username\":\"ada\",\"uid\":70000,\"gid\":1,"
                    "\"reason\":\"store-unavailable\"}");
        host_start(host, "ada");
        assert_int_equal(pam_open_session(host->pamh, 0), PAM_SUCCESS);
        assert_int_equal(fake_count(&host->fake), 1);
        assert_int_equal(host_n_lines, 1);
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TOKEN_TEST(test_file),
                TOKEN_TEST(test_env_and_none),
                TOKEN_TEST(test_no_token),
                TOKEN_TEST(test_untrusted_folder),
                TOKEN_TEST(test_opened_twice),
                TOKEN_TEST(test_close),
                TOKEN_TEST(test_close_elsewhere),
                TOKEN_TEST(test_without_login),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
