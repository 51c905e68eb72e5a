/* The calls of login.h that change a password and give a session its token. */

#include "unit.h"

#include "fake-tokend.h"
#include "login.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define PATIENCE 5000
#define ID       "0123456789abcdef0123456789abcdef"
#define TOKEN    ID ID
#define CHANGED  "{\"id\":\"u/1\",\"name\":\"ada\",\"revoked\":3}"
#define GIVEN    "{\"access_token\":\"" TOKEN "\",\"id\":\"x\",\"login\":\"" ID "\"}"

enum Question { CHECK_PASSWORD, CHANGE_PASSWORD, SET_PASSWORD, GET_TOKEN, _QUESTION_MAX };

typedef struct Passwords {
        Secret old, fresh, token;
} Passwords;

static void passwords_done(Passwords *passwords) {
        secret_done(&passwords->old);
        secret_done(&passwords->fresh);
        secret_done(&passwords->token);
}

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

static int ask_bytes(FakeTokend *fake, enum Question question, const char *user, Passwords *p,
                     const FakeAnswer *answer) {
        const LoginContext context = { .socket_path = fake->path,
                                       .trusted_uid = (uid_t)-1,
                                       .timeout_msec = PATIENCE,
                                       .service = "sshd",
                                       .rhost = "192.0.2.1",
                                       .tty = "ssh" };

        fake_script(fake, answer, 1);
        switch (question) {
        case CHECK_PASSWORD:
                return login_password_check(&context, user, "u/1", &p->old);
        case CHANGE_PASSWORD:
                return login_password_change(&context, user, "u/1", &p->old, &p->fresh, ID);
        case SET_PASSWORD:
                return login_password_change(&context, user, "u/1", NULL, &p->fresh, NULL);
        default:
                return login_token(&context, user, ID, &p->token);
        }
}

static int ask(FakeTokend *fake, enum Question question, Passwords *p, int status,
               const char *json) {
        char text[4096];

        return ask_bytes(fake, question, "ada", p,
                         &(FakeAnswer){ .bytes = fake_json(text, sizeof(text), status, json) });
}

static const char *good_answer(enum Question question) {
        return question == GET_TOKEN ? GIVEN : CHANGED;
}

static void fill(Passwords *p) {
        assert_int_equal(secret_set(&p->old, "o\"\\", 3), 0);
        assert_int_equal(secret_set(&p->fresh, "fr\xc3\xbcsh", 6), 0);
}

static void expect_body(FakeTokend *fake, const char *expected) {
        assert_string_equal(strstr(fake->requests[0], "\r\n\r\n") + 4, expected);
}

static void test_questions(void **state) {
        _cleanup_(passwords_done) Passwords p = { 0 };
        const bool is_root = geteuid() == 0;
        FakeTokend *fake = *state;

        fill(&p);
        assert_int_equal(ask(fake, CHECK_PASSWORD, &p, 200, CHANGED), 0);
        assert_non_null(strstr(fake->requests[0], "POST /v1/users/u%2F1/password HTTP/1.1\r\n"));
        expect_body(fake, is_root ? "{\"old_password\":\"o\\\"\\\\\",\"rhost\":\"192.0.2.1\"}"
                                  : "{\"old_password\":\"o\\\"\\\\\"}");
        assert_int_equal(ask(fake, CHANGE_PASSWORD, &p, 200, CHANGED), 0);
        expect_body(fake,
                    is_root ? "{\"password\":\"fr\xc3\xbcsh\",\"old_password\":\"o\\\"\\\\\","
                              "\"login\":\"" ID "\",\"rhost\":\"192.0.2.1\"}"
                            : "{\"password\":\"fr\xc3\xbcsh\",\"old_password\":\"o\\\"\\\\\"}");
        assert_int_equal(ask(fake, SET_PASSWORD, &p, 200, CHANGED), 0);
        expect_body(fake, is_root ? "{\"password\":\"fr\xc3\xbcsh\",\"rhost\":\"192.0.2.1\"}"
                                  : "{\"password\":\"fr\xc3\xbcsh\"}");
        assert_int_equal(ask(fake, GET_TOKEN, &p, 200, GIVEN), 0);
        assert_non_null(strstr(fake->requests[0], "POST /v1/logins/" ID "/token HTTP/1.1\r\n"));
        expect_body(fake, "user=ada");
        assert_string_equal(secret_text(&p.token), TOKEN);
}

static void test_bad_answers(void **state) {
        static const struct {
                const char *json;
                enum Reason password, token;
        } rows[] = {
#define BAD REASON_REPLY_MALFORMED
                { "{}", BAD, BAD },
                { "[]", BAD, BAD },
                { "", BAD, BAD },
                { "{\"name\":\"bea\",\"login\":\"" ID "\"}", REASON_USER_MISMATCH, BAD },
                { "{\"name\":\"ada\\u0000\",\"access_token\":\"" TOKEN "\"}", BAD, BAD },
                { "{\"name\":7,\"access_token\":7,\"login\":\"" ID "\"}", BAD, BAD },
                { "{\"name\":\"Ada\",\"access_token\":\"" TOKEN "0\",\"login\":\"" ID "\"}",
                  REASON_USER_MISMATCH, BAD },
                { "{\"name\":null,\"access_token\":\"" TOKEN "\",\"login\":\"" ID "0\"}", BAD,
                  BAD },
                { "{\"name\":\"\",\"access_token\":\"\",\"login\":\"" ID "\"}",
                  REASON_USER_MISMATCH, BAD },
        };
        _cleanup_(passwords_done) Passwords p = { 0 };

        fill(&p);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                for (int question = 0; question < _QUESTION_MAX; question++) {
                        assert_int_equal(ask(*state, question, &p, 200, rows[i].json),
                                         question == GET_TOKEN ? rows[i].token : rows[i].password);
                        assert_true(secret_is_empty(&p.token));
                }
}

static void test_refusals(void **state) {
        _cleanup_(passwords_done) Passwords p = { 0 };
        char json[512];

        fill(&p);
        for (int question = 0; question < _QUESTION_MAX; question++) {
                for (int reason = 1; reason < _REASON_MAX; reason++) {
                        /* everything that a success would have */
                        snprintf(json, sizeof(json),
                                 "{\"reason\":\"%s\",\"name\":\"ada\","
                                 "\"access_token\":\"" TOKEN "\",\"login\":\"" ID "\"}",
                                 reason_to_string(reason));
                        assert_int_equal(ask(*state, question, &p, 403, json), reason);
                }
                for (int status = 100; status < 600; status += 7)
                        assert_int_not_equal(
                                        ask(*state, question, &p, status, good_answer(question)),
                                        0);
        }
        assert_true(secret_is_empty(&p.token));
}

static void test_cut(void **state) {
        _cleanup_(passwords_done) Passwords p = { 0 };
        char text[1024];

        fill(&p);
        for (int question = 0; question < _QUESTION_MAX; question++) {
                size_t size = strlen(fake_json(text, sizeof(text), 200, good_answer(question)));
                for (size_t cut = 0; cut < size; cut++) {
                        FakeAnswer answer = { .bytes = cut ? text : NULL, .size = cut };
                        assert_int_equal(ask_bytes(*state, question, "ada", &p, &answer),
                                         REASON_REPLY_MALFORMED);
                }
        }
        assert_true(secret_is_empty(&p.token));
}

/* Nothing goes out that is not exactly what was typed, nor to a place that is none. */
static void test_not_sent(void **state) {
        static const struct {
                size_t size;
                char byte;
                enum Reason reason;
        } rows[] = {
                { 0, 'x', REASON_EMPTY_PASSWORD },
                { PASSWORD_MAX + 1, 'x', REASON_INVALID_VALUE },
                { 65536, 'x', REASON_INVALID_VALUE },
                { 1, '\xe4', REASON_INVALID_VALUE },
                { 3, '\0', REASON_INVALID_VALUE },
        };
        _cleanup_(passwords_done) Passwords p = { 0 };
        FakeTokend *fake = *state;
        char text[1024];
        FakeAnswer answer = { .bytes = fake_json(text, sizeof(text), 200, CHANGED) };
        const LoginContext context = { .socket_path = fake->path,
                                       .trusted_uid = (uid_t)-1,
                                       .timeout_msec = PATIENCE };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                for (int which = 0; which < 2; which++) {
                        Secret *secret = which ? &p.old : &p.fresh;

                        fill(&p);
                        secret_clear(secret);
                        assert_int_equal(secret_reserve(secret, rows[i].size), 0);
                        memset(secret->text, rows[i].byte, rows[i].size);
                        secret->size = rows[i].size;
                        assert_int_equal(ask_bytes(fake, CHANGE_PASSWORD, "ada", &p, &answer),
                                         rows[i].reason);
                        assert_int_equal(fake_count(fake), 0);
                }
        fill(&p);
        for (int question = 0; question < _QUESTION_MAX; question++)
                assert_int_equal(ask_bytes(fake, question, "../x", &p, &answer),
                                 REASON_INVALID_NAME);
        assert_int_equal(login_password_check(&context, "ada", "", &p.old), REASON_REPLY_MALFORMED);
        assert_int_equal(login_token(&context, "ada", "../x", &p.token), REASON_LOGIN_UNKNOWN);
        assert_int_equal(fake_count(fake), 0);
}

/* A login that is none is left out, whatever it would do to the JSON. */
static void test_logins(void **state) {
        static const char *const bad[] = { "", ID "0", "\",\"password\":\"x", "../x" };
        _cleanup_(passwords_done) Passwords p = { 0 };
        FakeTokend *fake = *state;
        const LoginContext context = { .socket_path = fake->path,
                                       .trusted_uid = (uid_t)-1,
                                       .timeout_msec = PATIENCE,
                                       .rhost = "h\xe4" };
        char text[1024];
        FakeAnswer answer = { .bytes = fake_json(text, sizeof(text), 200, CHANGED) };

        fill(&p);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                fake_script(fake, &answer, 1);
                assert_int_equal(
                                login_password_change(&context, "ada", "u", NULL, &p.fresh, bad[i]),
                                0);
                expect_body(fake, "{\"password\":\"fr\xc3\xbcsh\"}");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_questions, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bad_answers, setup, teardown),
                cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
                cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
                cmocka_unit_test_setup_teardown(test_not_sent, setup, teardown),
                cmocka_unit_test_setup_teardown(test_logins, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
