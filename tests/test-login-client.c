#include "unit.h"

#include "fake-tokend.h"
#include "login.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/text.h"

#define PATIENCE 5000
#define ID       "0123456789abcdef0123456789abcdef"
#define GRANT                                                                                      \
        "{\"access_token\":\"x\",\"id\":\"" ID "\",\"login\":\"" ID "\",\"username\":\"ada\","     \
        "\"uid\":70000,\"gid\":70001,\"state\":\"active\"}"
#define CHECK "{\"username\":\"ada\",\"uid\":70000,\"gid\":70001,\"state\":\"active\"}"

enum Question { AUTHENTICATE, CHECK_ACCOUNT, OPEN, CLOSE, _QUESTION_MAX };

static int setup(void **state) {
        FakeTokend *fake = calloc(1, sizeof(*fake));

        fake_start(fake);
        *state = fake;
        return 0;
}

static int teardown(void **state) {
        fake_stop(*state);
        free(*state);
        return 0;
}

static int ask_bytes(FakeTokend *fake, enum Question question, const char *user,
                     const FakeAnswer *answer, LoginReply *reply) {
        const LoginContext context = { .socket_path = fake->path, .trusted_uid = (uid_t)-1,
                                       .timeout_msec = PATIENCE, .service = "sshd",
                                       .rhost = "192.0.2.1", .tty = "ssh" };
        _cleanup_(secret_done) Secret password = SECRET_INIT;

        fake_script(fake, answer, 1);
        assert_int_equal(secret_append_text(&password, "p&=%+ \"\\\xc3\xa4\xe4\x01"), 0);
        switch (question) {
        case AUTHENTICATE:
                return login_authenticate(&context, user, &password, reply);
        case CHECK_ACCOUNT:
                return login_check(&context, user, reply);
        case OPEN:
                return login_open(&context, user, ID, reply);
        default:
                return login_close(&context, user, ID);
        }
}

static int ask(FakeTokend *fake, enum Question question, int status, const char *json) {
        LoginReply reply = LOGIN_REPLY_INIT;
        char text[4096];

        return ask_bytes(fake, question, "ada",
                         &(FakeAnswer){ .bytes = fake_json(text, sizeof(text), status, json) },
                         &reply);
}

static void test_questions(void **state) {
        FakeTokend *fake = *state;
        LoginReply reply = LOGIN_REPLY_INIT;
        char text[4096];
        const char *from = geteuid() == 0 ? "&service=sshd&rhost=192.0.2.1&tty=ssh" : "";
        char expected[512];
        FakeAnswer answer = { .bytes = fake_json(text, sizeof(text), 200, GRANT) };

        assert_int_equal(ask_bytes(fake, AUTHENTICATE, "ada", &answer, &reply), 0);
        assert_string_equal(reply.id, ID);
        assert_int_equal(reply.uid, 70000);
        assert_int_equal(reply.gid, 70001);
        assert_int_equal(reply.state, REASON_NONE);
        assert_int_equal(strncmp(fake->requests[0], "POST /oauth/token HTTP/1.1\r\n", 28), 0);
        snprintf(expected, sizeof(expected), "\r\n\r\ngrant_type=password&username=ada&password="
                 "p%%26%%3D%%25%%2B%%20%%22%%5C%%C3%%A4%%E4%%01%s", from);
        assert_string_equal(strstr(fake->requests[0], "\r\n\r\n"), expected);

        assert_int_equal(ask_bytes(fake, OPEN, "ada", &answer, &reply), 0);
        assert_int_equal(strncmp(fake->requests[0], "POST /v1/logins HTTP/1.1\r\n", 26), 0);
        snprintf(expected, sizeof(expected), "\r\n\r\nuser=ada&login=" ID "%s", from);
        assert_string_equal(strstr(fake->requests[0], "\r\n\r\n"), expected);

        assert_int_equal(ask(fake, CHECK_ACCOUNT, 200, CHECK), 0);
        assert_non_null(strstr(fake->requests[0], "GET /v1/logins/check?user=ada HTTP/1.1\r\n"));
        assert_int_equal(ask(fake, CLOSE, 200, "{\"revoked\":2}"), 0);
        assert_non_null(strstr(fake->requests[0],
                               "DELETE /v1/logins/" ID "?user=ada HTTP/1.1\r\n"));
}

/* su is root's, and run by somebody. */
static void test_who_runs_the_program(void **state) {
        FakeTokend *fake = *state;
        LoginReply reply = LOGIN_REPLY_INIT;
        char text[4096];
        FakeAnswer answer = { .bytes = fake_json(text, sizeof(text), 200, GRANT) };

        if (geteuid() != 0)
                skip();
        assert_int_equal(setresuid(70001, 0, 0), 0);
        int grant = ask_bytes(fake, AUTHENTICATE, "ada", &answer, &reply);
        bool is_said = strstr(fake->requests[0], "&ruid=70001") != NULL;
        int open = ask_bytes(fake, OPEN, "ada", &answer, &reply);
        bool is_said_again = strstr(fake->requests[0], "ruid") != NULL;
        assert_int_equal(setresuid(0, 0, 0), 0);
        assert_int_equal(grant, 0);
        assert_int_equal(open, 0);
        assert_true(is_said);
        assert_false(is_said_again);
}

/* Each member that is missing, of another type or another's makes no success. */
static const struct {
        const char *json;
        enum Reason reason;
} bad_grants[] = {
#define MEMBERS(login, name, uid, gid, state)                                                      \
        "{\"login\":" login ",\"username\":" name ",\"uid\":" uid ",\"gid\":" gid                  \
        ",\"state\":" state "}"
#define LOGIN "\"" ID "\""
        { "{}", REASON_REPLY_MALFORMED },
        { "[]", REASON_REPLY_MALFORMED },
        { "\"ada\"", REASON_REPLY_MALFORMED },
        { "null", REASON_REPLY_MALFORMED },
        { "", REASON_REPLY_MALFORMED },
        { GRANT GRANT, REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"Ada\"", "70000", "70000", "\"active\""), REASON_USER_MISMATCH },
        { MEMBERS(LOGIN, "\"ada \"", "70000", "70000", "\"active\""), REASON_USER_MISMATCH },
        { MEMBERS(LOGIN, "\"ad\"", "70000", "70000", "\"active\""), REASON_USER_MISMATCH },
        { MEMBERS(LOGIN, "\"\"", "70000", "70000", "\"active\""), REASON_USER_MISMATCH },
        { MEMBERS(LOGIN, "\"ada\\u0000\"", "70000", "70000", "\"active\""),
          REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "[\"ada\"]", "70000", "70000", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "null", "70000", "70000", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "null", "70000", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "70000", "null", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "\"70000\"", "70000", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "70000.5", "70000", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "-1", "70000", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "4294967295", "70000", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "4294967296", "70000", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "70000", "4294967295", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "70000", "true", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "70000", "70000", "\"locked\""), REASON_USER_LOCKED },
        { MEMBERS(LOGIN, "\"ada\"", "70000", "70000", "\"Active\""), REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "70000", "70000", "null"), REASON_REPLY_MALFORMED },
        { MEMBERS("null", "\"ada\"", "70000", "70000", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS("\"\"", "\"ada\"", "70000", "70000", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS("\"0123\"", "\"ada\"", "70000", "70000", "\"active\""), REASON_REPLY_MALFORMED },
        { MEMBERS("\"" ID "0\"", "\"ada\"", "70000", "70000", "\"active\""),
          REASON_REPLY_MALFORMED },
        { MEMBERS("\"0123456789ABCDEF0123456789ABCDEF\"", "\"ada\"", "70000", "70000",
                  "\"active\""),
          REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "70000", "70000", "\"active\",\"reason\":\"wrong-password\""),
          REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "70000", "70000", "\"active\",\"reason\":\"whatever\""),
          REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "70000", "70000",
                  "\"active\",\"reason\":\"store-unavailable\""),
          REASON_REPLY_MALFORMED },
        { MEMBERS(LOGIN, "\"ada\"", "70000", "70000", "\"active\",\"uid\":70000"),
          REASON_REPLY_MALFORMED },
};

static void test_bad_grants(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(bad_grants); i++) {
                int r = ask(*state, AUTHENTICATE, 200, bad_grants[i].json);
                if (r != (int)bad_grants[i].reason)
                        fail_msg("%d for %s", r, bad_grants[i].json);
                assert_int_not_equal(ask(*state, CHECK_ACCOUNT, 500, bad_grants[i].json), 0);
                assert_int_not_equal(ask(*state, CLOSE, 200, bad_grants[i].json), 0);
        }
        assert_int_equal(ask(*state, CLOSE, 200, "{\"revoked\":\"1\"}"), REASON_REPLY_MALFORMED);
        assert_int_equal(ask(*state, CHECK_ACCOUNT, 200,
                             "{\"username\":\"bea\",\"uid\":70000,\"gid\":70001,\"state\":"
                             "\"active\"}"),
                         REASON_USER_MISMATCH);
        assert_int_equal(ask(*state, OPEN, 200,
                             "{\"login\":\"" ID "\",\"username\":\"bea\",\"uid\":1,\"gid\":1}"),
                         REASON_USER_MISMATCH);
        assert_int_equal(ask(*state, OPEN, 200,
                             "{\"login\":\"" ID "\",\"username\":\"ada\",\"gid\":1}"),
                         REASON_REPLY_MALFORMED);
}

/* Each reason's word comes through with every status of a refusal; none with another. */
static void test_refusals(void **state) {
        static const int statuses[] = { 400, 401, 403, 404, 429, 500, 503 };
        char json[256];

        for (int reason = 1; reason < _REASON_MAX; reason++) {
                snprintf(json, sizeof(json), "{\"error\":\"e\",\"reason\":\"%s\"}",
                         reason_to_string(reason));
                int status = statuses[(size_t)reason % ELEMENTSOF(statuses)];
                for (int question = 0; question < _QUESTION_MAX; question++) {
                        assert_int_equal(ask(*state, question, status, json), reason);
                        assert_int_equal(ask(*state, question, 302, json), REASON_REPLY_MALFORMED);
                }
        }
        assert_int_equal(ask(*state, OPEN, 400, "{}"), REASON_INVALID_REQUEST);
        assert_int_equal(ask(*state, OPEN, 401, "{}"), REASON_ACCESS_DENIED);
        assert_int_equal(ask(*state, OPEN, 403, "[]"), REASON_ACCESS_DENIED);
        assert_int_equal(ask(*state, OPEN, 429, "no json"), REASON_TOO_MANY_FAILURES);
        assert_int_equal(ask(*state, OPEN, 503, "{\"reason\":7}"), REASON_OVERLOADED);
        assert_int_equal(ask(*state, OPEN, 500, "{\"reason\":\"none-such\"}"),
                         REASON_REPLY_MALFORMED);
        assert_int_equal(ask(*state, OPEN, 404, "{}"), REASON_REPLY_MALFORMED);
}

/* No status but 200 makes a success of a perfect body, whatever its Content-Type is then. */
static void test_statuses(void **state) {
        LoginReply reply = LOGIN_REPLY_INIT;
        FakeAnswer answer;
        char text[4096];

        for (int status = 100; status < 600; status++)
                if (status != 200)
                        assert_int_not_equal(ask(*state, AUTHENTICATE, status, GRANT), 0);
        snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                                     "Content-Length: %zu\r\n\r\n%s", strlen(GRANT), GRANT);
        answer = (FakeAnswer){ .bytes = text };
        assert_int_equal(ask_bytes(*state, AUTHENTICATE, "ada", &answer, &reply),
                         REASON_REPLY_MALFORMED);
}

static void test_cut(void **state) {
        static const char *const bodies[] = { GRANT, CHECK, GRANT, "{\"revoked\":1}" };
        LoginReply reply = LOGIN_REPLY_INIT;
        char text[4096];

        for (int question = 0; question < _QUESTION_MAX; question++) {
                size_t size = strlen(fake_json(text, sizeof(text), 200, bodies[question]));
                for (size_t cut = 0; cut < size; cut++) {
                        FakeAnswer answer = { .bytes = cut ? text : NULL, .size = cut };
                        assert_int_equal(ask_bytes(*state, question, "ada", &answer, &reply),
                                         REASON_REPLY_MALFORMED);
                        assert_string_equal(reply.id, "");
                }
        }
}

static void test_states(void **state) {
        LoginReply reply = LOGIN_REPLY_INIT;
        FakeAnswer answer;
        char text[4096];

        answer.bytes = fake_json(
                        text, sizeof(text), 200,
                        "{\"username\":\"ada\",\"uid\":70000,\"gid\":1,\"state\":\"active\","
                        "\"reason\":\"store-unavailable\"}");
        answer = (FakeAnswer){ .bytes = text };
        assert_int_equal(ask_bytes(*state, AUTHENTICATE, "ada", &answer, &reply), 0);
        assert_int_equal(reply.state, REASON_STORE_UNAVAILABLE);
        assert_string_equal(reply.id, "");

        fake_json(text, sizeof(text), 200,
                  "{\"username\":\"ada\",\"uid\":70000,\"gid\":1,\"state\":\"password-must-"
                  "change\"}");
        assert_int_equal(ask_bytes(*state, CHECK_ACCOUNT, "ada", &answer, &reply), 0);
        assert_int_equal(reply.state, REASON_PASSWORD_MUST_CHANGE);

        snprintf(text, sizeof(text),
                 "HTTP/1.1 429 X\r\nRetry-After: 8\r\nContent-Length: 0\r\n\r\n");
        assert_int_equal(ask_bytes(*state, AUTHENTICATE, "ada", &answer, &reply),
                         REASON_TOO_MANY_FAILURES);
        assert_int_equal(reply.retry_after, 8);
}

/* acct_mgmt needs no id; a change of password is asked about by it. */
static void test_user_ids(void **state) {
        static const struct {
                const char *id;
                int result;
                const char *expected;
        } rows[] = {
                { "null", 0, "" },
                { "\"u-1\"", 0, "u-1" },
                { "\"\"", REASON_REPLY_MALFORMED, "" },
                { "7", REASON_REPLY_MALFORMED, "" },
        };
        LoginReply reply = LOGIN_REPLY_INIT;
        char text[4096], json[1024], longest[LOGIN_USER_ID_SIZE + 2];
        FakeAnswer answer = { .bytes = text };

        memset(longest, 'i', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                snprintf(json, sizeof(json), "{\"id\":%s,%s", rows[i].id, CHECK + 1);
                fake_json(text, sizeof(text), 200, json);
                reply = LOGIN_REPLY_INIT;
                assert_int_equal(ask_bytes(*state, CHECK_ACCOUNT, "ada", &answer, &reply),
                                 rows[i].result);
                assert_string_equal(reply.user_id, rows[i].expected);
        }
        for (size_t i = 0; i < 2; i++) {
                snprintf(json, sizeof(json), "{\"id\":\"%s\",%s", longest + i, CHECK + 1);
                fake_json(text, sizeof(text), 200, json);
                assert_int_equal(ask_bytes(*state, CHECK_ACCOUNT, "ada", &answer, &reply),
                                 i == 0 ? REASON_REPLY_MALFORMED : 0);
        }
        assert_string_equal(reply.user_id, longest + 1);
}

/* A refusal may say that there is such a user; no other answer makes one known. */
static void test_known_users(void **state) {
        static const struct {
                int status;
                const char *json;
                bool is_known;
        } rows[] = {
                { 429, "{\"reason\":\"too-many-failures\",\"username\":\"ada\"}", true },
                { 401, "{\"reason\":\"wrong-password\",\"username\":\"ada\"}", true },
                { 401, "{\"reason\":\"wrong-password\",\"username\":\"Ada\"}", false },
                { 401, "{\"reason\":\"wrong-password\"}", false },
                { 401, "[\"ada\"]", false },
                { 401, "", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                LoginReply reply = LOGIN_REPLY_INIT;
                char text[4096];
                FakeAnswer answer = { .bytes = fake_json(text, sizeof(text), rows[i].status,
                                                         rows[i].json) };

                assert_in_range(ask_bytes(*state, AUTHENTICATE, "ada", &answer, &reply), 1,
                                _REASON_MAX - 1);
                assert_int_equal(reply.is_known, rows[i].is_known);
        }
}

/* Nothing is looked up for a name that can be nobody's. */
static void test_names(void **state) {
        static const char *const bad[] = { "",      "-ada",        "../ada", "a/b", "a:b",
                                           "a\nb",  "a b",         "a\tb",   ".",   "..",
                                           "a\x7f", "a?user=root", "a&b",    "123" };
        FakeTokend *fake = *state;
        LoginReply reply = LOGIN_REPLY_INIT;
        char text[4096], longest[USER_NAME_MAX + 2];
        FakeAnswer answer = { .bytes = fake_json(text, sizeof(text), 200, GRANT) };

        memset(longest, 'a', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        for (int question = 0; question < _QUESTION_MAX; question++) {
                for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                        assert_int_equal(ask_bytes(fake, question, bad[i], &answer, &reply),
                                         REASON_INVALID_NAME);
                assert_int_equal(ask_bytes(fake, question, longest, &answer, &reply),
                                 REASON_INVALID_NAME);
                assert_int_equal(fake_count(fake), 0);
        }
        assert_int_equal(ask_bytes(fake, AUTHENTICATE, longest + 1, &answer, &reply),
                         REASON_USER_MISMATCH);
        assert_int_equal(fake_count(fake), 1);
}

static void test_passwords(void **state) {
        static const size_t sizes[] = { 1, 511, 512, 513, PASSWORD_MAX };
        FakeTokend *fake = *state;
        const LoginContext context = { .socket_path = fake->path, .trusted_uid = (uid_t)-1,
                                       .timeout_msec = PATIENCE };
        _cleanup_(secret_done) Secret password = SECRET_INIT;
        LoginReply reply = LOGIN_REPLY_INIT;
        char text[4096], body[PASSWORD_MAX + 1];
        FakeAnswer answer = { .bytes = fake_json(text, sizeof(text), 200, GRANT) };

        fake_script(fake, &answer, 1);
        assert_int_equal(login_authenticate(&context, "ada", &password, &reply),
                         REASON_EMPTY_PASSWORD);
        assert_int_equal(secret_reserve(&password, 65536), 0);
        memset(password.text, 'p', 65536);
        password.size = 65536;
        assert_int_equal(login_authenticate(&context, "ada", &password, &reply),
                         REASON_INVALID_VALUE);
        password.size = PASSWORD_MAX + 1;
        assert_int_equal(login_authenticate(&context, "ada", &password, &reply),
                         REASON_INVALID_VALUE);
        assert_int_equal(fake_count(fake), 0);

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                fake_script(fake, &answer, 1);
                password.size = sizes[i];
                assert_int_equal(login_authenticate(&context, "ada", &password, &reply), 0);
                memset(body, 'p', sizes[i]);
                body[sizes[i]] = '\0';
                assert_string_equal(strstr(fake->requests[0], "&password=") + 10, body);
        }
}

/* No password goes out, and no answer makes it a success. */
static void test_junk(void **state) {
        FakeTokend *fake = *state;
        const LoginContext context = { .socket_path = fake->path, .trusted_uid = (uid_t)-1,
                                       .timeout_msec = PATIENCE, .rhost = "h\xe4" };
        LoginReply reply = LOGIN_REPLY_INIT;
        char text[4096];
        FakeAnswer answer = { .bytes = text };

        if (geteuid() != 0) {
                assert_int_equal(login_authenticate(&context, "ada", NULL, &reply),
                                 REASON_NOT_KNOWN_TO_NSS);
                return;
        }
        fake_json(text, sizeof(text), 401, "{\"reason\":\"wrong-password\"}");
        fake_script(fake, &answer, 1);
        assert_int_equal(login_authenticate(&context, "ada", NULL, &reply),
                         REASON_NOT_KNOWN_TO_NSS);
        assert_string_equal(strstr(fake->requests[0], "\r\n\r\n"),
                            "\r\n\r\ngrant_type=password&username=ada&junk=1");
        fake_json(text, sizeof(text), 200, GRANT);
        fake_script(fake, &answer, 1);
        assert_int_equal(login_authenticate(&context, "ada", NULL, &reply),
                         REASON_REPLY_MALFORMED);
}

static void test_transport(void **state) {
        FakeTokend *fake = *state;
        LoginContext context = { .socket_path = "/nowhere/sock", .trusted_uid = (uid_t)-1,
                                 .timeout_msec = 150 };
        LoginReply reply = LOGIN_REPLY_INIT;

        assert_int_equal(login_check(&context, "ada", &reply), REASON_DAEMON_UNREACHABLE);
        context.socket_path = "/etc/passwd";
        assert_int_equal(login_check(&context, "ada", &reply), REASON_DAEMON_UNREACHABLE);
        context.socket_path = fake->path;
        fake_script(fake, &(FakeAnswer){ .hang = true }, 1);
        assert_int_equal(login_check(&context, "ada", &reply), REASON_TIMED_OUT);
        fake_script(fake, &(FakeAnswer){ .hang_up = true }, 1);
        assert_int_equal(login_check(&context, "ada", &reply), REASON_REPLY_MALFORMED);
        chmod(fake->folder, 0777);
        assert_int_equal(login_check(&context, "ada", &reply), REASON_PEER_UNTRUSTED);
}

/* Only a well-formed id ever becomes a part of a path. */
static void test_ids(void **state) {
        FakeTokend *fake = *state;
        const LoginContext context = { .socket_path = fake->path, .trusted_uid = (uid_t)-1,
                                       .timeout_msec = PATIENCE };
        LoginReply reply = LOGIN_REPLY_INIT;
        char text[4096];
        FakeAnswer answer = { .bytes = fake_json(text, sizeof(text), 200, GRANT) };

        fake_script(fake, &answer, 1);
        assert_int_equal(login_close(&context, "ada", "../x"), REASON_LOGIN_UNKNOWN);
        assert_int_equal(login_close(&context, "ada", ""), REASON_LOGIN_UNKNOWN);
        assert_int_equal(login_close(&context, "ada", ID "\r\n"), REASON_LOGIN_UNKNOWN);
        assert_int_equal(fake_count(fake), 0);
        assert_int_equal(login_open(&context, "ada", "x&user=root", &reply), 0);
        assert_string_equal(strstr(fake->requests[0], "\r\n\r\n"), "\r\n\r\nuser=ada");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_questions, setup, teardown),
                cmocka_unit_test_setup_teardown(test_who_runs_the_program, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bad_grants, setup, teardown),
                cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
                cmocka_unit_test_setup_teardown(test_statuses, setup, teardown),
                cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
                cmocka_unit_test_setup_teardown(test_states, setup, teardown),
                cmocka_unit_test_setup_teardown(test_user_ids, setup, teardown),
                cmocka_unit_test_setup_teardown(test_known_users, setup, teardown),
                cmocka_unit_test_setup_teardown(test_names, setup, teardown),
                cmocka_unit_test_setup_teardown(test_passwords, setup, teardown),
                cmocka_unit_test_setup_teardown(test_junk, setup, teardown),
                cmocka_unit_test_setup_teardown(test_transport, setup, teardown),
                cmocka_unit_test_setup_teardown(test_ids, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
