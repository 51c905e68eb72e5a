/* tokenctl as its users see it: its output, its exit status, and what it asked of the server. */

#include "ctl-harness.h"

static void test_usage(void **state) {
        Run *run = *state;

        assert_int_equal(tokenctl(run, NULL), 2);
        assert_int_equal(tokenctl(run, "nonsense", NULL), 2);
        assert_int_equal(tokenctl(run, "user", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "nonsense", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "show", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "show", "a", "b", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "show", "", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "list", "--ttl=5", NULL), 2);
        assert_int_equal(tokenctl(run, "token", "issue", NULL), 2);
        assert_int_equal(tokenctl(run, "token", "issue", "--user=a", "--client=b", NULL), 2);
        assert_int_equal(tokenctl(run, "token", "issue", "--user=a", "--ttl=0", NULL), 2);
        assert_int_equal(tokenctl(run, "token", "issue", "--user=a", "--ttl=1h", NULL), 2);
        assert_int_equal(tokenctl(run, "token", "issue", "--user=a", "--scopes=,", NULL), 2);
        assert_int_equal(tokenctl(run, "token", "revoke", NULL), 2);
        assert_int_equal(tokenctl(run, "token", "revoke", "--all", "--user=a", NULL), 2);
        assert_int_equal(tokenctl(run, "token", "revoke", "--all", ID, NULL), 2);
        assert_int_equal(tokenctl(run, "token", "revoke", "short", NULL), 2);
        assert_int_equal(tokenctl(run, "token", "revoke", ID, "short", NULL), 2);
        assert_int_equal(tokenctl(run, "status", "--socket=/a", "--url=http://h", NULL), 2);
        assert_int_equal(tokenctl(run, "status", "--url=ftp://h", NULL), 2);
        assert_int_equal(tokenctl(run, "status", "--socket=relative", NULL), 2);
        assert_int_equal(tokenctl(run, "status", "--client=a", NULL), 2);
        assert_int_equal(tokenctl(run, "status", "--client-secret-file=-", NULL), 2);
        assert_int_equal(tokenctl(run, "status", "--client=a", "--client-secret-file=-",
                                  "--token-file=x", NULL),
                         2);
        assert_int_equal(tokenctl(run, "token", "list", "--client=a", "--client-secret-file=-",
                                  NULL),
                         2);
        assert_int_equal(tokenctl(run, "user", "add", "ada", NULL), 2);
        assert_non_null(strstr(run->err, "--password-file=FILE"));
        assert_int_equal(tokenctl(run, "user", "add", "ada", "--password=x", NULL), 2);
        assert_non_null(strstr(run->err, "everybody on this machine can read a command line"));
        assert_string_equal(run->out, "");
        assert_int_equal(fake_count(run->fake), 0);
}

static void test_help(void **state) {
        Run *run = *state;

        assert_int_equal(tokenctl(run, "--help", NULL), 0);
        assert_non_null(strstr(run->out, "\n  user add NAME "));
        assert_non_null(strstr(run->out, "--socket=PATH"));
        assert_null(strstr(run->out, "list-verbs"));
        assert_int_equal(tokenctl(run, "user", "add", "-h", NULL), 0);
        assert_non_null(strstr(run->out, "--partner-id=ID"));
        assert_null(strstr(run->out, "user list"));
        assert_int_equal(tokenctl(run, "--version", NULL), 0);
        assert_int_equal(strncmp(run->out, "tokenctl ", 9), 0);
        assert_string_equal(run->err, "");
        assert_int_equal(tokenctl(run, "nonsense", "--help", NULL), 2);
}

static void test_user_add(void **state) {
        Run *run = *state;

        will_answer(run, 201, ADA);
        will_answer(run, 201, ADA);
        run->input = "se\"cret\xc3\xa4\n";
        assert_int_equal(tokenctl(run, "user", "add", "ada", "--id=x", "--uid=70000", "--email=a@b",
                                  "--role=r", "--partner-id=p", "--parent=eve", "--scopes=a,b",
                                  "--groups=g,h", "--shell=/bin/sh", "--home=/h",
                                  "--password-file=-", NULL),
                         0);
        assert_asked(run, 0, "POST /v1/users",
                     "{\"name\":\"ada\",\"id\":\"x\",\"uid\":70000,\"email\":\"a@b\",\"role\":"
                     "\"r\","
                     "\"partner_id\":\"p\",\"parent\":\"eve\",\"scopes\":[\"a\",\"b\"],\"groups\":["
                     "\"g\",\"h\"],"
                     "\"shell\":\"/bin/sh\",\"home\":\"/h\",\"password\":\"se\\\"cret\xc3\xa4\"}");
        assert_non_null(strstr(run->fake->requests[0], "\r\nContent-Type: application/json\r\n"));
        assert_int_equal(strncmp(run->out, "ada added: uid 70000, id u-1.\nNext:\n", 36), 0);
        assert_non_null(strstr(run->out, "tokenctl login ada\n"));
        assert_non_null(strstr(run->out, "ssh ada@"));
        assert_string_equal(run->err, "");
        run->input = "secret";
        assert_int_equal(tokenctl(run, "--json", "user", "add", "ada", "--password-file=-", NULL),
                         0);
        assert_asked(run, 1, "POST /v1/users", "{\"name\":\"ada\",\"password\":\"secret\"}");
        assert_string_equal(run->out, ADA "\n");
}

static void test_user_add_refused(void **state) {
        Run *run = *state;

        will_answer(run, 409,
                    "{\"error\":\"invalid_request\",\"error_description\":\"the name is taken\","
                    "\"reason\":\"name-taken\"}");
        run->input = "secret";
        assert_int_equal(tokenctl(run, "user", "add", "ada", "--password-file=-", NULL), 1);
        assert_string_equal(run->err, "tokenctl: ada: the name is taken (name-taken)\n");
        assert_string_equal(run->out, "");
        forget(run);
        run->input = "\xe4";
        assert_int_equal(tokenctl(run, "user", "add", "ada", "--password-file=-", NULL), 1);
        assert_string_equal(run->err, "tokenctl: ada: the password is not UTF-8 (invalid-value)\n");
        run->input = "";
        assert_int_equal(tokenctl(run, "user", "add", "ada", "--password-file=-", NULL), 1);
        run->input = "x";
        assert_int_equal(tokenctl(run, "user", "add", "\xe4", "--password-file=-", NULL), 2);
        assert_int_equal(tokenctl(run, "user", "add", "ada", "--uid=-1", "--password-file=-", NULL),
                         2);
        assert_int_equal(tokenctl(run, "user", "add", "ada", "--password-file=/nonexistent", NULL),
                         1);
        assert_int_equal(fake_count(run->fake), 0);
}

static void test_user_show(void **state) {
        Run *run = *state;

        will_answer(run, 200, "{\"users\":[" ADA "]}");
        assert_int_equal(tokenctl(run, "user", "show", "ada", NULL), 0);
        assert_asked(run, 0, "GET /v1/users?name=ada", "");
        assert_string_equal(run->out, "name        ada\nuid         70000\ngid         70000\n"
                                      "state       active\nscopes      a,b\n"
                                      "created     2026-11-29 08:12 UTC\nid          u-1\n");
        forget(run);
        will_answer(run, 200, "{\"users\":[" ADA "]}");
        assert_int_equal(tokenctl(run, "user", "show", "--json", "ada", NULL), 0);
        assert_string_equal(run->out, ADA "\n");

        forget(run);
        will_answer(run, 200, "{\"users\":[]}");
        assert_int_equal(tokenctl(run, "user", "show", "a/../b&c", NULL), 1);
        assert_asked(run, 0, "GET /v1/users?name=a%2F..%2Fb%26c", "");
        assert_string_equal(run->err, "tokenctl: a/../b&c: no such user (user-unknown)\n");
        /* An answer about somebody else is none. */
        forget(run);
        will_answer(run, 200, "{\"users\":[" ADA "]}");
        assert_int_equal(tokenctl(run, "user", "show", "Ada", NULL), 1);
        assert_non_null(strstr(run->err, "(reply-malformed)"));
}

static void test_user_list(void **state) {
        Run *run = *state;

        will_answer(run, 200,
                    "{\"users\":[" ADA
                    ",{\"id\":\"2\",\"name\":\"x\\u001by\",\"uid\":7}],\"next\":\"n/1\"}");
        will_answer(run, 200,
                    "{\"users\":[{\"id\":\"3\",\"name\":\"z\",\"uid\":8,\"role\":\"r\"}]}");
        assert_int_equal(tokenctl(run, "user", "list", NULL), 0);
        assert_asked(run, 0, "GET /v1/users?limit=200", "");
        assert_asked(run, 1, "GET /v1/users?limit=200&cursor=n%2F1", "");
        assert_string_equal(run->out,
                            "NAME     UID STATE  ROLE EMAIL SCOPES CREATED              ID\n"
                            "ada    70000 active -    -     a,b    2026-11-29 08:12 UTC u-1\n"
                            "x\\x1by     7 -      -    -     -      -                    2\n"
                            "z      8 -     r    -     -      -       3\n");
        forget(run);
        will_answer(run, 200, "{\"users\":[" ADA "],\"next\":\"n\"}");
        will_answer(run, 200, "{\"users\":[]}");
        assert_int_equal(tokenctl(run, "user", "list", "--json", NULL), 0);
        assert_string_equal(run->out, "{\"users\":[" ADA "]}\n");
        forget(run);
        will_answer(run, 200, "{\"users\":[]}");
        assert_int_equal(tokenctl(run, "user", "list", NULL), 0);
        assert_string_equal(run->out, "");
        assert_string_equal(run->err, "No users.\n");
}

/* Half a list must not look like a whole one. */
static void test_list_broken(void **state) {
        Run *run = *state;

        will_answer(run, 200, "{\"users\":[" ADA "],\"next\":\"n\"}");
        will_answer(run, 503, "{\"reason\":\"store-unavailable\"}");
        assert_int_equal(tokenctl(run, "user", "list", "--json", NULL), 1);
        assert_null(strstr(run->out, "]}"));
        forget(run);
        will_answer(run, 200, "{\"users\":[],\"next\":\"n\"}");
        will_answer(run, 200, "{\"users\":[],\"next\":\"n\"}");
        will_answer(run, 200, "{\"users\":[]}");
        assert_int_equal(tokenctl(run, "user", "list", NULL), 1);
        assert_non_null(strstr(run->err, "reply-malformed"));
        forget(run);
        will_answer(run, 200, "{\"users\":[{\"name\":[]}]}");
        assert_int_equal(tokenctl(run, "user", "list", NULL), 1);
}

static void test_user_remove(void **state) {
        Run *run = *state;

        will_answer(run, 200, "{\"users\":[" ADA "]}");
        will_answer(run, 200, "{\"id\":\"u-1\",\"name\":\"ada\",\"revoked\":3}");
        assert_int_equal(tokenctl(run, "user", "remove", "ada", NULL), 0);
        assert_asked(run, 1, "DELETE /v1/users/u-1", "");
        assert_string_equal(run->out, "ada removed, 3 tokens revoked.\n");
        forget(run);
        will_answer(run, 200, "{\"users\":[{\"name\":\"ada\",\"id\":\"a/b?\"}]}");
        will_answer(run, 200, "{\"revoked\":1}");
        assert_int_equal(tokenctl(run, "user", "lock", "ada", NULL), 0);
        assert_asked(run, 1, "PATCH /v1/users/a%2Fb%3F", "{\"state\":\"locked\"}");
        assert_string_equal(run->out, "ada locked, 1 token revoked.\n");
        forget(run);
        will_answer(run, 200, "{\"users\":[" ADA "]}");
        will_answer(run, 200, "{}");
        assert_int_equal(tokenctl(run, "user", "unlock", "ada", NULL), 0);
        assert_asked(run, 1, "PATCH /v1/users/u-1", "{\"state\":\"active\"}");
}

static void test_passwd(void **state) {
        Run *run = *state;

        if (geteuid() != 0)
                skip();
        will_answer(run, 200, "{\"users\":[" ADA "]}");
        will_answer(run, 200, "{\"id\":\"u-1\",\"revoked\":2}");
        run->input = "new\n";
        assert_int_equal(tokenctl(run, "user", "passwd", "ada", "--password-file=-", NULL), 0);
        assert_asked(run, 1, "POST /v1/users/u-1/password", "{\"password\":\"new\"}");
        assert_string_equal(run->out, "ada has a new password, 2 tokens revoked.\n");
}

static void test_client(void **state) {
        Run *run = *state;

        will_answer(run, 201, "{\"client_id\":\"app\",\"client_secret\":\"" TOKEN "\"}");
        assert_int_equal(tokenctl(run, "client", "add", "app", "--grants=password,refresh_token",
                                  "--scopes=a", "--access-lifetime=60", NULL),
                         0);
        assert_asked(run, 0, "POST /v1/clients",
                     "{\"client_id\":\"app\",\"grants\":[\"password\",\"refresh_token\"],"
                     "\"scopes\":[\"a\"],"
                     "\"access_lifetime\":60}");
        assert_string_equal(run->out,
                            "app added.\nIts secret, which is not shown again:\n" TOKEN "\n");
        forget(run);
        will_answer(run, 201, "{\"client_id\":\"app\"}");
        run->input = "hush\n";
        assert_int_equal(tokenctl(run, "client", "add", "app", "--secret-file=-", NULL), 0);
        assert_asked(run, 0, "POST /v1/clients",
                     "{\"client_id\":\"app\",\"client_secret\":\"hush\"}");
        assert_string_equal(run->out, "app added.\n");
        forget(run);
        will_answer(run, 200, "{\"client_id\":\"a/b\",\"revoked\":0}");
        assert_int_equal(tokenctl(run, "client", "remove", "a/b", NULL), 0);
        assert_asked(run, 0, "DELETE /v1/clients/a%2Fb", "");
}

static void test_issue(void **state) {
        Run *run = *state;
        static const char reply[] =
                        "{\"access_token\":\"" TOKEN "\",\"expires_in\":60,\"id\":\"" ID "\"}";

        will_answer(run, 201, reply);
        assert_int_equal(tokenctl(run, "token", "issue", "--user=ada", "--scopes=a,b", "--ttl=60",
                                  NULL),
                         0);
        assert_asked(run, 0, "POST /v1/tokens",
                     "{\"user\":\"ada\",\"scopes\":[\"a\",\"b\"],\"ttl\":60}");
        assert_string_equal(run->out, TOKEN "\n");
        forget(run);
        will_answer(run, 201, reply);
        assert_int_equal(tokenctl(run, "token", "issue", "--client=app", "--json", NULL), 0);
        assert_asked(run, 0, "POST /v1/tokens", "{\"client_id\":\"app\"}");
        assert_string_equal(run->out, "{\"access_token\":\"" TOKEN
                                      "\",\"expires_in\":60,\"id\":\"" ID "\"}\n");
        forget(run);
        will_answer(run, 201, "{}");
        assert_int_equal(tokenctl(run, "token", "issue", "--user=ada", NULL), 1);
        assert_string_equal(run->out, "");
}

static void test_self(void **state) {
        Run *run = *state;

        will_answer(run, 200, "{\"access_token\":\"" TOKEN "\",\"expires_in\":60}");
        assert_int_equal(tokenctl(run, "token", "--scopes=a,b", "--ttl=60", NULL), 0);
        assert_asked(run, 0, "POST /v1/self/token", "scope=a%20b&ttl=60");
        assert_string_equal(run->out, TOKEN "\n");
        assert_string_equal(run->err, "");
        forget(run);
        will_answer(run, 200, "{\"access_token\":\"" TOKEN "\",\"expires_in\":60}");
        assert_int_equal(tokenctl(run, "token", NULL), 0);
        assert_asked(run, 0, "POST /v1/self/token", "");
}

static void test_revoke(void **state) {
        Run *run = *state;

        will_answer(run, 404, "{\"reason\":\"token-unknown\"}");
        will_answer(run, 200, "{\"revoked\":1}");
        assert_int_equal(tokenctl(run, "token", "revoke", "fedcba9876543210fedcba9876543210", ID,
                                  NULL),
                         1);
        assert_asked(run, 1, "DELETE /v1/tokens/" ID, "");
        assert_string_equal(run->out, "1 token revoked.\n");
        assert_string_equal(run->err, "tokenctl: fedcba9876543210fedcba9876543210: no such token "
                                      "(token-unknown)\n");
        forget(run);
        will_answer(run, 200, "{\"revoked\":2}");
        assert_int_equal(tokenctl(run, "token", "revoke", "--user=a&all=true", "--json", NULL), 0);
        assert_asked(run, 0, "DELETE /v1/tokens?user=a%26all%3Dtrue", "");
        assert_string_equal(run->out, "{\"revoked\":2}\n");
        forget(run);
        will_answer(run, 200, "{\"revoked\":5}");
        assert_int_equal(tokenctl(run, "token", "revoke", "--all", NULL), 0);
        assert_asked(run, 0, "DELETE /v1/tokens?all=true", "");
        forget(run);
        will_answer(run, 200, "{\"revoked\":0}");
        assert_int_equal(tokenctl(run, "token", "revoke", "--client=app", NULL), 0);
        assert_asked(run, 0, "DELETE /v1/tokens?client_id=app", "");
        /* A token where an id belongs is not repeated, and goes nowhere. */
        forget(run);
        assert_int_equal(tokenctl(run, "token", "revoke", TOKEN, NULL), 2);
        assert_null(strstr(run->err, TOKEN));
        assert_int_equal(fake_count(run->fake), 0);
}

static void test_token_list(void **state) {
        Run *run = *state;

        will_answer(run, 200,
                    "{\"tokens\":[{\"id\":\"" ID
                    "\",\"kind\":\"access\",\"user\":\"ada\",\"client_id\":\"local\","
                    "\"created\":1795939920,\"expires\":1795939980,\"service\":\"sshd\",\"rhost\":"
                    "\"h\"}]}");
        assert_int_equal(tokenctl(run, "token", "list", "--user=ada", "--client=local", NULL), 0);
        assert_asked(run, 0, "GET /v1/tokens?user=ada&client_id=local&limit=200", "");
        assert_string_equal(run->out, "ID                               KIND   USER CLIENT SCOPES "
                                      "GRANT SERVICE FROM "
                                      "CREATED              EXPIRES\n" ID
                                      " access ada  local  -      -     sshd    h    "
                                      "2026-11-29 08:12 UTC 2026-11-29 08:13 UTC\n");
}

static void test_login(void **state) {
        Run *run = *state;

        will_answer(run, 200,
                    "{\"access_token\":\"" TOKEN
                    "\",\"expires_in\":604800,\"state\":\"active\",\"id\":\"" ID "\"}");
        run->input = "p&\xe4\n";
        assert_int_equal(tokenctl(run, "login", "ada", "--password-file=-", NULL), 0);
        assert_asked(run, 0, "POST /oauth/token",
                     "grant_type=password&username=ada&password=p%26%E4");
        assert_string_equal(run->out, "The password is right.\naccess token   " TOKEN
                                      "\nid             " ID "\nvalid for      7 days\n");
        forget(run);
        will_answer(run, 400, "{\"error\":\"invalid_grant\",\"reason\":\"wrong-password\"}");
        run->input = "x";
        assert_int_equal(tokenctl(run, "login", "ada", "--password-file=-", NULL), 1);
        assert_string_equal(
                        run->err,
                        "tokenctl: ada: the user name or the password is wrong (wrong-password)\n");
        forget(run);
        will_answer(run, 200, "{\"state\":\"active\",\"reason\":\"store-unavailable\"}");
        run->input = "x";
        assert_int_equal(tokenctl(run, "login", "ada", "--password-file=-", NULL), 1);
        assert_string_equal(run->err, "tokenctl: ada: the password is right, but there is no token "
                                      "(store-unavailable)\n");
}

static void test_status(void **state) {
        Run *run = *state;

        will_answer(run, 200,
                    "{\"status\":\"ok\",\"version\":\"0.1.0\",\"store\":\"ok\",\"tokens\":7}");
        assert_int_equal(tokenctl(run, "status", NULL), 0);
        assert_string_equal(run->out, "status   ok\nversion  0.1.0\nstore    ok\ntokens   7\n");
        forget(run);
        will_answer(run, 503, "{\"status\":\"degraded\",\"store\":\"unavailable\"}");
        assert_int_equal(tokenctl(run, "status", "--json", NULL), 1);
        assert_string_equal(run->out, "{\"status\":\"degraded\",\"store\":\"unavailable\"}\n");
}

static void test_unreachable(void **state) {
        Run *run = *state;

        assert_int_equal(tokenctl(run, "--socket=/nonexistent/s", "user", "list", NULL), 3);
        assert_string_equal(run->err,
                            "tokenctl: no connection to /nonexistent/s: No such file or directory "
                            "(daemon-unreachable)\n"
                            "tokenctl: is it running? See: systemctl status tokend\n");
        setenv("TOKEND_SOCKET", "/nonexistent/t", 1);
        assert_int_equal(tokenctl(run, "user", "list", NULL), 3);
        assert_non_null(strstr(run->err, "/nonexistent/t"));
        setenv("TOKEND_SOCKET", "", 1);
        will_answer(run, 200, "{}");
        assert_int_equal(tokenctl(run, "status", "--url=http://127.0.0.1:1", NULL), 3);
        assert_null(strstr(run->err, "systemctl"));
        assert_int_equal(chmod(run->local.folder, 0777), 0);
        setenv("TOKEND_SOCKET", run->local.path, 1);
        assert_int_equal(tokenctl(run, "status", NULL), 1);
        assert_non_null(strstr(run->err, "(peer-untrusted)"));
        assert_int_equal(run->local.n_received, 0);
        assert_int_equal(chmod(run->local.folder, 0700), 0);
}

static void test_by_url(void **state) {
        Run *run = *state;
        char option[128];
        FakeTcp tcp;

        fake_tcp_start(&tcp);
        run->fake = &tcp.fake;
        snprintf(option, sizeof(option), "--url=%s/", tcp.url);
        will_answer(run, 200, "{\"users\":[]}");
        will_answer(run, 403, "{\"reason\":\"access-denied\"}");
        run->input = TOKEN "\n";
        assert_int_equal(tokenctl(run, option, "--token-file=-", "user", "list", NULL), 0);
        assert_asked(run, 0, "GET /v1/users?limit=200", "");
        assert_non_null(strstr(run->fake->requests[0], "\r\nAuthorization: Bearer " TOKEN "\r\n"));
        run->input = "hush\n";
        assert_int_equal(tokenctl(run, option, "--client=app", "--client-secret-file=-", "user",
                                  "list", NULL),
                         1);
        assert_non_null(strstr(run->fake->requests[1],
                               "\r\nAuthorization: Basic YXBwOmh1c2g=\r\n"));
        assert_non_null(strstr(run->err, "(access-denied)\ntokenctl: beyond one's own"));
        fake_tcp_stop(&tcp);
}

/* A token that could not be written was not given. */
static void test_full_output(void **state) {
        Run *run = *state;
        char command[512];
        int status;

        will_answer(run, 200, "{\"access_token\":\"" TOKEN "\",\"expires_in\":60}");
        snprintf(command, sizeof(command), "exec %s token >/dev/full 2>/dev/null",
                 getenv("TOKENCTL"));
        status = system(command);
        assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_RUN(test_usage),       WITH_RUN(test_help),
                WITH_RUN(test_user_add),    WITH_RUN(test_user_add_refused),
                WITH_RUN(test_user_show),   WITH_RUN(test_user_list),
                WITH_RUN(test_list_broken), WITH_RUN(test_user_remove),
                WITH_RUN(test_passwd),      WITH_RUN(test_client),
                WITH_RUN(test_issue),       WITH_RUN(test_self),
                WITH_RUN(test_revoke),      WITH_RUN(test_token_list),
                WITH_RUN(test_login),       WITH_RUN(test_status),
                WITH_RUN(test_unreachable), WITH_RUN(test_by_url),
                WITH_RUN(test_full_output),
        };

        if (!getenv("TOKENCTL")) {
                fprintf(stderr, "TOKENCTL must name the program.\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
