/* What PAM asks beside authenticate: whose login it is, and that none outlives its session. */

#include "core/call.h"
#include "core/logins.h"
#include "core/tokens.h"
#include "core-fixture.h"

static int check(Core *core, const Caller *caller, const char *user, Heard *heard) {
        heard_done(heard);
        authority_login_check(core->authority, caller, user, core_on_answer, heard);
        return core_wait(core, heard);
}

static int open_login(Core *core, const Caller *caller, LoginRequest request, Heard *heard) {
        heard_done(heard);
        authority_login_open(core->authority, caller, &request, core_on_answer, heard);
        return core_wait(core, heard);
}

static int close_login(Core *core, const Caller *caller, const char *id, const char *user,
                       Heard *heard) {
        heard_done(heard);
        authority_login_close(core->authority, caller, id, user, core_on_answer, heard);
        return core_wait(core, heard);
}

static int login_token(Core *core, const Caller *caller, const char *id, const char *user,
                       Heard *heard) {
        heard_done(heard);
        authority_login_token(core->authority, caller, id, user, core_on_answer, heard);
        return core_wait(core, heard);
}

static bool is_live(Core *core, const Secret *token) {
        Caller root = core_root();
        _heard_ heard = { 0 };

        authority_introspect(core->authority, &root, token, core_on_answer, &heard);
        return core_wait(core, &heard) == 0;
}

static void log_in(Core *core, const char *user, Heard *heard) {
        Caller root = core_root();
        char password[64];

        (void)snprintf(password, sizeof(password), "PASSWORD-of-%s", user);
        assert_int_equal(core_log_in(core, &root, user, password, NULL, "sshd", heard), 0);
}

static void test_check(void **state) {
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000), anonymous = core_anonymous();
        _heard_ heard = { 0 };

        core_add_user(core, "ada", 70000);
        core_add_user_like(core, "lou", 70001, NULL, NULL, USER_LOCKED);
        core_add_user_like(core, "max", 70002, NULL, NULL, USER_PASSWORD_MUST_CHANGE);
        assert_int_equal(check(core, &root, "ada", &heard), 0);
        assert_int_equal(heard.answer.user->uid, 70000);
        assert_int_equal(heard.answer.state, REASON_NONE);
        assert_int_equal(check(core, &root, "lou", &heard), REASON_USER_LOCKED);
        assert_int_equal(check(core, &root, "max", &heard), 0);
        assert_int_equal(heard.answer.state, REASON_PASSWORD_MUST_CHANGE);
        assert_int_equal(check(core, &root, "carl", &heard), REASON_USER_UNKNOWN);
        assert_int_equal(check(core, &root, "a/b", &heard), REASON_USER_UNKNOWN);
        assert_int_equal(check(core, &ada, "ada", &heard), 0);
        assert_int_equal(check(core, &ada, "lou", &heard), REASON_ACCESS_DENIED);
        assert_int_equal(check(core, &ada, "carl", &heard), REASON_ACCESS_DENIED);
        assert_int_equal(check(core, &ada, "a/b", &heard), REASON_ACCESS_DENIED);
        assert_int_equal(check(core, &anonymous, "ada", &heard), REASON_ACCESS_DENIED);
}

static void test_session(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ login = { 0 }, heard = { 0 }, more = { 0 };

        core_add_user(core, "ada", 70000);
        log_in(core, "ada", &login);
        const char *id = login.answer.login->id;

        assert_int_equal(open_login(core, &root, (LoginRequest){ .user = "ada", .id = id }, &heard),
                         0);
        assert_string_equal(heard.answer.login->id, id);
        assert_int_equal(heard.answer.login->state, LOGIN_OPEN);
        assert_string_equal(heard.answer.user->name, "ada");

        assert_int_equal(login_token(core, &root, id, "ada", &more), 0);
        assert_string_equal(more.answer.token->login, id);
        assert_true(secret_is_empty(&more.answer.refresh_token));
        assert_true(is_live(core, &more.answer.access_token));
        assert_true(is_live(core, &login.answer.access_token));

        assert_int_equal(close_login(core, &root, id, "ada", &heard), 0);
        assert_int_equal(heard.answer.n_revoked, 2);
        assert_string_equal(core->removed, "session-closed");
        assert_false(is_live(core, &more.answer.access_token));
        assert_false(is_live(core, &login.answer.access_token));
        /* PAM closes twice */
        assert_int_equal(close_login(core, &root, id, "ada", &heard), 0);
        assert_int_equal(heard.answer.n_revoked, 0);
        assert_int_equal(core->n_removed, 1);
        assert_int_equal(login_token(core, &root, id, "ada", &more), REASON_LOGIN_UNKNOWN);
        /* and a login that is over opens no more: this is a new one */
        assert_int_equal(open_login(core, &root, (LoginRequest){ .user = "ada", .id = id }, &heard),
                         0);
        assert_string_not_equal(heard.answer.login->id, id);
}

static void test_another_users_login(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ ada = { 0 }, bob = { 0 }, heard = { 0 };

        core_add_user(core, "ada", 70000);
        core_add_user(core, "bob", 70001);
        log_in(core, "ada", &ada);
        log_in(core, "bob", &bob);
        const char *id = ada.answer.login->id;

        assert_int_equal(close_login(core, &root, id, "bob", &heard), REASON_ACCESS_DENIED);
        assert_int_equal(close_login(core, &root, id, "carl", &heard), REASON_ACCESS_DENIED);
        assert_int_equal(login_token(core, &root, id, "bob", &heard), REASON_ACCESS_DENIED);
        assert_true(is_live(core, &ada.answer.access_token));

        /* bob's session says it is ada's: it gets a login of its own, hers is left alone, and his
         * own pending one dies */
        assert_int_equal(open_login(core, &root,
                                    (LoginRequest){ .user = "bob", .id = id, .service = "sshd" },
                                    &heard),
                         0);
        assert_string_not_equal(heard.answer.login->id, id);
        assert_string_equal(heard.answer.login->user_id, "id-bob");
        assert_true(secret_is_empty(&heard.answer.access_token));
        assert_true(is_live(core, &ada.answer.access_token));
        assert_false(is_live(core, &bob.answer.access_token));
        assert_string_equal(core->removed, "login-abandoned");
}

/* A login by key has no id, and leaves a login by password beside it alone. */
static void test_without_id(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ pending = { 0 }, heard = { 0 };

        core_add_user(core, "ada", 70000);
        log_in(core, "ada", &pending);
        unsigned n_new = core->n_new;
        assert_int_equal(open_login(core, &root, (LoginRequest){ .user = "ada", .service = "sshd" },
                                    &heard),
                         0);
        assert_int_equal(heard.answer.login->state, LOGIN_OPEN);
        assert_int_equal(core->n_new, n_new + 1);
        assert_true(is_live(core, &pending.answer.access_token));
}

static void test_too_late(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ login = { 0 }, heard = { 0 };

        core_add_user(core, "ada", 70000);
        log_in(core, "ada", &login);
        core_turned = LOGIN_PENDING_MAX_USEC + USEC_PER_SEC;
        assert_int_equal(open_login(core, &root,
                                    (LoginRequest){ .user = "ada", .id = login.answer.login->id },
                                    &heard),
                         0);
        assert_string_not_equal(heard.answer.login->id, login.answer.login->id);
        assert_false(is_live(core, &login.answer.access_token));
}

/* Whatever stays pending is swept, and the cache hears of it. */
static void test_pending_is_swept(void **state) {
        Core *core = *state;
        _heard_ login = { 0 };

        core_add_user(core, "ada", 70000);
        log_in(core, "ada", &login);
        assert_true(is_live(core, &login.answer.access_token));
        core_turned = LOGIN_PENDING_MAX_USEC + USEC_PER_SEC;
        assert_int_equal(sd_event_source_set_time_relative(core->authority->sweep_source, 0), 0);
        for (unsigned i = 0; is_live(core, &login.answer.access_token); i++) {
                assert_true(i < 1000);
                assert_true(sd_event_run(core->event, USEC_PER_MSEC) >= 0);
        }
}

static void test_locked_in_between(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ login = { 0 }, heard = { 0 };
        StoreRequest *lock = call_user_set_request("id-ada", USER_SETS_STATE);

        core_add_user(core, "ada", 70000);
        log_in(core, "ada", &login);
        lock->users[0]->state = USER_LOCKED;
        assert_int_equal(core_store(core, lock), 0);
        assert_int_equal(open_login(core, &root,
                                    (LoginRequest){ .user = "ada", .id = login.answer.login->id },
                                    &heard),
                         REASON_USER_LOCKED);
        assert_int_equal(login_token(core, &root, login.answer.login->id, "ada", &heard),
                         REASON_USER_LOCKED);
}

/* The session is opened all the same: sshd asks for the new password within it. */
static void test_no_token_before_the_change(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ login = { 0 }, heard = { 0 };
        StoreRequest *demand = call_user_set_request("id-ada", USER_SETS_STATE);

        core_add_user(core, "ada", 70000);
        log_in(core, "ada", &login);
        demand->users[0]->state = USER_PASSWORD_MUST_CHANGE;
        assert_int_equal(core_store(core, demand), 0);
        const char *id = login.answer.login->id;
        assert_int_equal(open_login(core, &root, (LoginRequest){ .user = "ada", .id = id }, &heard),
                         0);
        assert_int_equal(login_token(core, &root, id, "ada", &heard),
                         REASON_PASSWORD_MUST_CHANGE);
        assert_true(secret_is_empty(&heard.answer.access_token));
}

/* A refresh family is nobody's session. */
static void test_families_are_no_logins(void **state) {
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000);
        _heard_ family = { 0 }, heard = { 0 };

        core_add_user(core, "ada", 70000);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &family), 0);
        const char *id = family.answer.login->id;
        assert_int_equal(login_token(core, &root, id, "ada", &heard), REASON_LOGIN_UNKNOWN);
        assert_int_equal(close_login(core, &root, id, "ada", &heard), 0);
        assert_true(is_live(core, &family.answer.access_token));
        assert_int_equal(open_login(core, &root, (LoginRequest){ .user = "ada", .id = id }, &heard),
                         0);
        assert_string_not_equal(heard.answer.login->id, id);
}

static void test_for_root_only(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000), anonymous = core_anonymous();
        const Caller *callers[] = { &ada, &anonymous };
        _heard_ login = { 0 }, heard = { 0 };

        core_add_user(core, "ada", 70000);
        log_in(core, "ada", &login);
        const char *id = login.answer.login->id;
        for (size_t i = 0; i < ELEMENTSOF(callers); i++) {
                assert_int_equal(open_login(core, callers[i],
                                            (LoginRequest){ .user = "ada", .id = id }, &heard),
                                 REASON_ACCESS_DENIED);
                assert_int_equal(close_login(core, callers[i], id, "ada", &heard),
                                 REASON_ACCESS_DENIED);
                assert_int_equal(login_token(core, callers[i], id, "ada", &heard),
                                 REASON_ACCESS_DENIED);
        }
        assert_true(is_live(core, &login.answer.access_token));
}

static void test_shapes(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ heard = { 0 };

        core_add_user(core, "ada", 70000);
        assert_int_equal(open_login(core, &root, (LoginRequest){ 0 }, &heard),
                         REASON_INVALID_REQUEST);
        assert_int_equal(open_login(core, &root, (LoginRequest){ .user = "carl" }, &heard),
                         REASON_USER_UNKNOWN);
        assert_int_equal(
                        open_login(core, &root, (LoginRequest){ .user = "ada", .id = "x" }, &heard),
                        0);
        assert_int_equal(close_login(core, &root, "x", "ada", &heard), 0);
        assert_int_equal(login_token(core, &root, "x", "ada", &heard), REASON_LOGIN_UNKNOWN);
        assert_int_equal(login_token(core, &root, NULL, "ada", &heard), REASON_INVALID_REQUEST);
        assert_int_equal(close_login(core, &root, "x", NULL, &heard), REASON_INVALID_REQUEST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, core_setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_check),
                TEST(test_session),
                TEST(test_another_users_login),
                TEST(test_without_id),
                TEST(test_too_late),
                TEST(test_pending_is_swept),
                TEST(test_locked_in_between),
                TEST(test_no_token_before_the_change),
                TEST(test_families_are_no_logins),
                TEST(test_for_root_only),
                TEST(test_shapes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
