/* Logins that are written behind their answer. Over a real store. */

#include "core/call.h"
#include "core/logins.h"
#include "core/tokens.h"
#include "core-fixture.h"

static int setup(void **state) {
        int r = core_setup(state);

        core_add_user_like(*state, "ada", 70000, "login read", NULL, USER_ACTIVE);
        return r;
}

static int log_in(Core *core, const Caller *caller, const char *service, const Secret *typed,
                  bool once, Heard *heard) {
        _secret_ password = core_secret("PASSWORD-of-ada");
        const GrantRequest request = {
                .grant_type = "password",
                .username = "ada",
                .password = typed ? typed : &password,
                .service = service,
                .accepts = typed ? GRANT_ACCEPTS_TOKEN : 0,
                .once = once,
                .login_only = true,
        };

        authority_grant(core->authority, caller, &request, core_on_answer, heard);
        return core_wait(core, heard);
}

static int open_session(Core *core, const char *id, Heard *heard) {
        Caller root = core_root();

        authority_login_open(core->authority, &root,
                             &(LoginRequest){ .user = "ada", .id = id, .service = "sshd" },
                             core_on_answer, heard);
        return core_wait(core, heard);
}

static Secret make_login_token(Core *core) {
        char *scopes[] = { (char *)"login", NULL };
        Caller root = core_root();
        _heard_ heard = { 0 };

        authority_issue(core->authority, &root, &(IssueRequest){ .user = "ada", .scopes = scopes },
                        core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        return TAKE(heard.answer.access_token, SECRET_INIT);
}

/* What comes after it on the store finds it. */
static void test_is_there_for_the_session(void **state) {
        Core *core = *state;
        Caller root = core_root();

        for (unsigned i = 0; i < 20; i++) {
                _heard_ login = { 0 }, session = { 0 }, token = { 0 };

                assert_int_equal(log_in(core, &root, "sshd", NULL, false, &login), 0);
                assert_true(secret_is_empty(&login.answer.access_token));
                assert_non_null(login.answer.token);
                assert_false(login.answer.without_store);
                assert_int_equal(open_session(core, login.answer.login->id, &session), 0);
                assert_string_equal(session.answer.login->id, login.answer.login->id);
                assert_int_equal(core->n_new, i + 1);
                authority_token_get(core->authority, &root, login.answer.login->id, core_on_answer,
                                    &token);
                assert_int_equal(core_wait(core, &token), 0);
        }
}

/* The first one can't know; all after it do. */
static void test_the_disk_is_full(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ first = { 0 }, session = { 0 }, second = { 0 };

        core_disk_full(true);
        assert_int_equal(log_in(core, &root, "sshd", NULL, false, &first), 0);
        assert_non_null(first.answer.login);
        assert_int_equal(open_session(core, first.answer.login->id, &session),
                         REASON_STORE_UNAVAILABLE);
        assert_int_equal(log_in(core, &root, "sshd", NULL, false, &second), 0);
        assert_true(second.answer.without_store);
        assert_null(second.answer.login);
        core_disk_full(false);
        assert_int_equal(core->n_new, 0);
}

/* LoginWithoutStore=no: without a token nobody gets in. A token in the password's place must live,
 * and die if it is for once, in the commit: these wait for the store. */
static void test_who_must_wait(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _secret_ token = make_login_token(core);
        _heard_ strict = { 0 }, once = { 0 }, again = { 0 }, spent = { 0 };

        core_disk_full(true);
        assert_int_equal(log_in(core, &root, "sshd", &token, true, &once),
                         REASON_STORE_UNAVAILABLE);
        core_disk_full(false);
        assert_int_equal(log_in(core, &root, "sshd", &token, true, &again), 0);
        assert_int_equal(log_in(core, &root, "sshd", &token, true, &spent), REASON_WRONG_PASSWORD);

        core->config.login_without_store = false;
        authority_set_config(core->authority, &core->config);
        core_disk_full(true);
        assert_int_equal(log_in(core, &root, "sshd", NULL, false, &strict),
                         REASON_STORE_UNAVAILABLE);
        core_disk_full(false);
}

static void test_who_may_ask(void **state) {
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000);
        _heard_ own = { 0 }, plain = { 0 };

        assert_int_equal(log_in(core, &ada, NULL, NULL, false, &own), REASON_ACCESS_DENIED);
        assert_int_equal(log_in(core, &root, NULL, NULL, false, &plain), REASON_INVALID_REQUEST);
}

/* The daemon ends with one under way. */
static void test_the_end(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ login = { 0 };

        assert_int_equal(log_in(core, &root, "sshd", NULL, false, &login), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_is_there_for_the_session),
                TEST(test_the_disk_is_full),
                TEST(test_who_must_wait),
                TEST(test_who_may_ask),
                TEST(test_the_end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
