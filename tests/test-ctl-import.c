/* tokenctl user import, ssh-keys and what else sets expiry and keys, against a scripted tokend. */

#include "ctl-harness.h"

#include <time.h>

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJqh"

typedef struct File {
        char path[64];
} File;

static File file_make(const char *text, mode_t mode) {
        File file = { "/tmp/test-ctl-import-XXXXXX" };
        int fd = mkstemp(file.path);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_int_equal(fchmod(fd, mode), 0);
        close(fd);
        return file;
}

static void file_remove(File *file) {
        unlink(file->path);
}

#define WITH_FILE(name, text, mode)                                                                \
        File name __attribute__((cleanup(file_remove))) = file_make(text, mode)

static const char *option(const char *name, const File *file, char ret[static 128]) {
        snprintf(ret, 128, "--%s=%s", name, file->path);
        return ret;
}

static void assert_out_has(const Run *run, const char *format, ...)
                __attribute__((format(printf, 2, 3)));
static void assert_out_has(const Run *run, const char *format, ...) {
        char text[512];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        if (!strstr(run->out, text))
                assert_string_equal(run->out, text);
}

static void test_usage(void **state) {
        Run *run = *state;

        assert_int_equal(tokenctl(run, "user", "import", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "import", "--dry-run", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "import", "--csv=a", "--json-lines=b", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "import", "--csv=a", "--passwd=b", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "import", "--shadow=-", "--passwd=-", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "import", "--csv=-", "--token-file=-", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "add", "ada", "--ssh-key=@-", "--password-file=-",
                                  NULL),
                         2);
        assert_int_equal(tokenctl(run, "user", "import", "--csv=/nonexistent", NULL), 1);
        assert_int_equal(tokenctl(run, "user", "import", "--csv=/tmp", NULL), 1);
        assert_int_equal(tokenctl(run, "user", "set", "ada", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "set", "ada", "--expires=soon", NULL), 2);
        assert_non_null(strstr(run->err, "YYYY-MM-DD"));
        assert_int_equal(tokenctl(run, "user", "set", "ada", "--ssh-key=nonsense", NULL), 1);
        assert_int_equal(tokenctl(run, "ssh-keys", NULL), 2);
        assert_int_equal(fake_count(run->fake), 0);
}

static void test_import(void **state) {
        Run *run = *state;
        WITH_FILE(passwd,
                  "root:x:0:0::/root:/bin/sh\n"
                  "ada:x:1000:1000::/home/ada:/bin/sh\n"
                  "bob:x:1001:100::/home/bob:/bin/sh\n",
                  0644);
        WITH_FILE(shadow, "root:$6$r:1::::::\nada:$6$a:1::::::\nbob:$6$b:1::::::\n", 0640);
        char a[128], b[128];

        will_answer(run, 201, "{\"id\":\"1\",\"name\":\"ada\",\"uid\":1000,\"gid\":1000}");
        will_answer(run, 201, "{\"id\":\"2\",\"name\":\"bob\",\"uid\":1001,\"gid\":1001}");
        assert_int_equal(tokenctl(run, "user", "import", option("passwd", &passwd, a),
                                  option("shadow", &shadow, b), NULL),
                         0);
        assert_int_equal(fake_count(run->fake), 2);
        assert_asked(run, 0, "POST /v1/users",
                     "{\"name\":\"ada\",\"uid\":1000,\"home\":\"/home/ada\",\"shell\":\"/bin/sh\","
                     "\"hash\":\"$6$a\"}");
        assert_out_has(run,
                       "%s:1: root: skipped: an account of the system's own (system-account)\n",
                       passwd.path);
        assert_out_has(run,
                       "%s:3: bob: its group is 1001 now, in the file it is 100 (gid-differs)\n",
                       passwd.path);
        assert_out_has(run, "2 users added, 1 skipped, 0 failed.\n");
        assert_null(strstr(run->out, "$6$"));
        /* No bar, but a line: stderr is a file. Nor a warning: both modes are usual. */
        assert_int_equal(strncmp(run->err, "3 of 3 users in ", 16), 0);
        assert_null(strchr(run->err, '#'));
}

static void test_refusals(void **state) {
        Run *run = *state;
        char path[128];
        WITH_FILE(csv,
                  "name,password\n"
                  "ada,secret-1\n"
                  "bob,secret-2\n"
                  "eve,secret-3\n"
                  "broken,secret-4,x\n"
                  "kim,secret-5\n",
                  0604);

        will_answer(run, 409, "{\"reason\":\"name-taken\"}");
        will_answer(run, 200, "{\"users\":[" ADA "]}");
        will_answer(run, 409, "{\"reason\":\"name-taken\"}");
        will_answer(run, 200, "{\"users\":[]}");
        will_answer(run, 400,
                    "{\"reason\":\"younger\",\"error_description\":\"some \\u001b[2J reason\"}");
        will_answer(run, 201, ADA);
        assert_int_equal(tokenctl(run, "user", "import", option("csv", &csv, path), NULL), 1);
        assert_int_equal(fake_count(run->fake), 6);
        assert_asked(run, 1, "GET /v1/users?name=ada", "");
        assert_out_has(run, ":2: ada: skipped: tokend has it already (exists)\n");
        /* A group of that name, say. */
        assert_out_has(run, ":3: bob: failed: the name is taken (name-taken)\n");
        assert_out_has(run, ":4: eve: failed: some ?[2J reason (younger)\n");
        assert_out_has(run, ":5: failed: the wrong number of fields (wrong-fields)\n");
        assert_out_has(run, "1 user added, 1 skipped, 3 failed.\n");
        assert_null(strstr(run->out, "secret"));
        assert_null(strstr(run->err, "secret-"));
        assert_non_null(strstr(run->err, "everybody on this machine can read it"));
}

static void test_dry_run(void **state) {
        Run *run = *state;

        run->input = "{\"name\":\"ada\",\"hash\":\"h\"}\n{\"name\":\"bob\",\"uid\":5}\n"
                     "{\"name\":\"eve\"}\n{\"name\":\"a b\"}\n";
        will_answer(run, 200, "{\"users\":[" ADA "]}");
        will_answer(run, 200, "{\"users\":[]}");
        assert_int_equal(tokenctl(run, "user", "import", "--json-lines=-", "--dry-run", NULL), 1);
        assert_int_equal(fake_count(run->fake), 2);
        assert_asked(run, 0, "GET /v1/users?name=ada", "");
        assert_asked(run, 1, "GET /v1/users?name=eve", "");
        assert_out_has(run, "standard input:1: ada: skipped: tokend has it already (exists)\n");
        assert_out_has(run, "standard input:4: failed: this can't be a name (invalid-name)\n");
        assert_out_has(run, "1 user to add, 2 skipped, 1 failed.\n");
}

static void test_json(void **state) {
        Run *run = *state;

        run->input = "ada::1:0:99999:7:::\nbob:$6$b:1\n";
        will_answer(run, 201, ADA);
        assert_int_equal(tokenctl(run, "user", "import", "--shadow=-", "--json", NULL), 1);
        assert_asked(run, 0, "POST /v1/users", "{\"name\":\"ada\"}");
        assert_string_equal(
                        run->out,
                        "{\"dry_run\":false,\"added\":1,\"skipped\":0,\"failed\":1,\"not_tried\":0,"
                        "\"users\":[{\"file\":\"standard input\",\"line\":1,\"name\":\"ada\","
                        "\"result\":\"added\",\"password_was_empty\":true},"
                        "{\"file\":\"standard input\",\"line\":2,\"result\":"
                        "\"failed\",\"reason\":\"wrong-fields\",\"message\":\"the wrong number of "
                        "fields\"}]}\n");
}

/* What is no fault of a user's ends it: 2,000 refusals help nobody. */
static void test_ended(void **state) {
        Run *run = *state;
        static const char three[] = "{\"name\":\"ada\"}\n{\"name\":\"bob\"}\n{\"name\":\"eve\"}\n";

        run->input = three;
        will_answer(run, 201, ADA);
        will_answer(run, 403, "{\"reason\":\"access-denied\"}");
        assert_int_equal(tokenctl(run, "user", "import", "--json-lines=-", NULL), 1);
        assert_int_equal(fake_count(run->fake), 2);
        assert_out_has(run, "1 user added, 0 skipped, 0 failed.\n2 not tried.");
        assert_non_null(strstr(run->err, "(access-denied)\n"));
        forget(run);
        run->input = three;
        will_answer(run, 201, ADA);
        assert_int_equal(tokenctl(run, "user", "import", "--json-lines=-", NULL), 1);
        assert_out_has(run, "1 user added, 0 skipped, 0 failed.\n2 not tried.");
        assert_non_null(strstr(run->err, "(reply-malformed)"));
        forget(run);
        run->input = three;
        assert_int_equal(tokenctl(run, "user", "import", "--json-lines=-",
                                  "--socket=/nonexistent/s", NULL),
                         3);
        assert_out_has(run, "0 users added, 0 skipped, 0 failed.\n3 not tried.");
        forget(run);
        run->input = three;
        will_answer(run, 201, "[]");
        assert_int_equal(tokenctl(run, "user", "import", "--json-lines=-", NULL), 1);
        assert_non_null(strstr(run->err, "(reply-malformed)"));
}

/* Too much to do now is no reason to give up. */
static void test_overloaded(void **state) {
        Run *run = *state;

        run->input = "{\"name\":\"ada\"}\n";
        will_answer(run, 503, "{\"reason\":\"overloaded\"}");
        will_answer(run, 201, ADA);
        assert_int_equal(tokenctl(run, "user", "import", "--json-lines=-", NULL), 0);
        assert_int_equal(fake_count(run->fake), 2);
        assert_out_has(run, "1 user added, 0 skipped, 0 failed.\n");
}

static void test_add_and_set(void **state) {
        Run *run = *state;
        WITH_FILE(keys, "# two\n" KEY " ada\nssh-rsa AAAA\n", 0644);
        char path[128];

        will_answer(run, 201, ADA);
        run->input = "pw";
        assert_int_equal(tokenctl(run, "user", "add", "ada", "--ssh-key=" KEY " ada@home",
                                  "--expires=2026-11-22", "--password-file=-", NULL),
                         0);
        assert_asked(run, 0, "POST /v1/users",
                     "{\"name\":\"ada\",\"expires\":1795305600,\"ssh_keys\":[\"" KEY " ada@home\"],"
                     "\"password\":\"pw\"}");
        forget(run);
        will_answer(run, 200, "{\"users\":[" ADA "]}");
        will_answer(run, 200, "{\"id\":\"u-1\",\"revoked\":2}");
        snprintf(path, sizeof(path), "--ssh-key=@%s", keys.path);
        assert_int_equal(tokenctl(run, "user", "set", "ada", path, "--expires=never",
                                  "--state=locked", NULL),
                         0);
        assert_asked(run, 1, "PATCH /v1/users/u-1",
                     "{\"state\":\"locked\",\"expires\":0,\"ssh_keys\":[\"" KEY " ada\","
                     "\"ssh-rsa AAAA\"]}");
        assert_string_equal(run->out, "ada changed, 2 tokens revoked.\n");
        forget(run);
        will_answer(run, 200, "{\"users\":[" ADA "]}");
        will_answer(run, 200, "{\"revoked\":0}");
        assert_int_equal(tokenctl(run, "user", "set", "ada", "--ssh-key=", NULL), 0);
        assert_asked(run, 1, "PATCH /v1/users/u-1", "{\"ssh_keys\":[]}");
}

static void test_show(void **state) {
        Run *run = *state;

        will_answer(run, 200,
                    "{\"users\":[{\"id\":\"u-1\",\"name\":\"ada\",\"uid\":70000,\"state\":"
                    "\"active\",\"expires\":1795305600,\"ssh_keys\":[\"" KEY
                    " a\",\"ssh-rsa AAAA\"]}]}");
        assert_int_equal(tokenctl(run, "user", "show", "ada", NULL), 0);
        assert_out_has(run, "expires     2026-11-22 00:00 UTC\n");
        assert_out_has(run, "SSH key     " KEY " a\nSSH key     ssh-rsa AAAA\n");
}

static void test_ssh_keys(void **state) {
        Run *run = *state;

        will_answer(run, 200, "{\"username\":\"ada\",\"keys\":[\"" KEY " a b\",\"ssh-rsa AAAA\"]}");
        assert_int_equal(tokenctl(run, "ssh-keys", "ada", NULL), 0);
        assert_asked(run, 0, "GET /v1/logins/keys?user=ada", "");
        assert_string_equal(run->out, KEY " a b\nssh-rsa AAAA\n");
        assert_string_equal(run->err, "");
        forget(run);
        will_answer(run, 200, "{\"username\":\"ada\",\"keys\":[]}");
        assert_int_equal(tokenctl(run, "ssh-keys", "ada", NULL), 0);
        assert_string_equal(run->out, "");
        forget(run);
        will_answer(run, 404, "{\"reason\":\"user-unknown\"}");
        assert_int_equal(tokenctl(run, "ssh-keys", "a&b=c\xc3\xb6", NULL), 0);
        assert_int_equal(tokenctl(run, "ssh-keys", "a\xc3\xb6", NULL), 0);
        assert_asked(run, 0, "GET /v1/logins/keys?user=a%C3%B6", "");
        assert_string_equal(run->out, "");
        assert_string_equal(run->err, "");
        assert_int_equal(fake_count(run->fake), 1);
}

/* One key that is none, and sshd gets no key at all. */
static void test_ssh_keys_broken(void **state) {
        Run *run = *state;
        static const char *const replies[] = {
                "{\"username\":\"ada\",\"keys\":[\"" KEY "\",\"nonsense\"]}",
                "{\"username\":\"ada\",\"keys\":[\"" KEY "\",7]}",
                "{\"username\":\"ada\",\"keys\":[\"" KEY "\\n" KEY "\"]}",
                "{\"username\":\"ada\",\"keys\":[\"restrict " KEY "\"]}",
                "{\"username\":\"ada\",\"keys\":[\"#" KEY "\"]}",
                "{\"username\":\"Ada\",\"keys\":[\"" KEY "\"]}",
                "{\"username\":\"ada \",\"keys\":[\"" KEY "\"]}",
                "{\"keys\":[\"" KEY "\"]}",
                "{\"username\":\"ada\"}",
                "{\"username\":\"ada\",\"keys\":{\"" KEY "\":1}}",
                "{\"username\":\"ada\",\"keys\":[\"" KEY "\"]",
                "[\"" KEY "\"]",
                "",
        };

        for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
                forget(run);
                will_answer(run, 200, replies[i]);
                assert_int_equal(tokenctl(run, "ssh-keys", "ada", NULL), 1);
                assert_string_equal(run->out, "");
                assert_non_null(strstr(run->err, "(reply-malformed)\n"));
        }
        forget(run);
        will_answer(run, 500, "{}");
        assert_int_equal(tokenctl(run, "ssh-keys", "ada", NULL), 1);
        assert_string_equal(run->out, "");
}

static void test_ssh_keys_away(void **state) {
        Run *run = *state;
        FakeAnswer cut = { "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                           "Content-Length: 500\r\n\r\n{\"username\":\"ada\",\"keys\":[\"" KEY
                           "\",",
                           .hang = true };
        struct timespec before, after;

        assert_int_equal(tokenctl(run, "ssh-keys", "ada", "--socket=/nonexistent/s", NULL), 3);
        assert_string_equal(run->out, "");
        assert_string_equal(run->err,
                            "tokenctl: ada: no connection to /nonexistent/s: No such file or "
                            "directory (daemon-unreachable)\n");
        fake_script(run->fake, &cut, 1);
        clock_gettime(CLOCK_MONOTONIC, &before);
        assert_int_equal(tokenctl(run, "ssh-keys", "ada", NULL), 3);
        clock_gettime(CLOCK_MONOTONIC, &after);
        assert_string_equal(run->out, "");
        assert_non_null(strstr(run->err, "(timed-out)\n"));
        assert_ptr_equal(strchr(run->err, '\n') + 1, run->err + strlen(run->err));
        /* Before sshd's own patience ends; the deadline is 2 s. */
        assert_in_range(after.tv_sec - before.tv_sec, 1, 8);
}

static void test_token_of_session(void **state) {
        Run *run = *state;
        static const char reply[] = "{\"access_token\":\"" TOKEN "\",\"expires_in\":60}";

        setenv("TOKEND_LOGIN", ID, 1);
        will_answer(run, 200, reply);
        assert_int_equal(tokenctl(run, "token", "--ttl=60", NULL), 0);
        assert_asked(run, 0, "POST /v1/self/token", "ttl=60&login=" ID);
        forget(run);
        setenv("TOKEND_LOGIN", "0123456789ABCDEF0123456789abcdef", 1);
        will_answer(run, 200, reply);
        assert_int_equal(tokenctl(run, "token", NULL), 0);
        assert_asked(run, 0, "POST /v1/self/token", "");
        forget(run);
        setenv("TOKEND_LOGIN", TOKEN, 1);
        will_answer(run, 200, reply);
        assert_int_equal(tokenctl(run, "token", NULL), 0);
        assert_asked(run, 0, "POST /v1/self/token", "");
        unsetenv("TOKEND_LOGIN");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_RUN(test_usage),
                WITH_RUN(test_import),
                WITH_RUN(test_refusals),
                WITH_RUN(test_dry_run),
                WITH_RUN(test_json),
                WITH_RUN(test_ended),
                WITH_RUN(test_overloaded),
                WITH_RUN(test_add_and_set),
                WITH_RUN(test_show),
                WITH_RUN(test_ssh_keys),
                WITH_RUN(test_ssh_keys_broken),
                WITH_RUN(test_ssh_keys_away),
                WITH_RUN(test_token_of_session),
        };

        if (!getenv("TOKENCTL")) {
                fprintf(stderr, "TOKENCTL must name the program.\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
