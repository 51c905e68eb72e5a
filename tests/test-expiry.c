/* A user that has expired gets nothing at any door, and nothing that it got before outlives it. */

#include "core/accounts.h"
#include "core/call.h"
#include "core/issue-for.h"
#include "core/logins.h"
#include "core/tokens.h"
#include "core/users.h"
#include "core-fixture.h"

#define HOUR (3600 * USEC_PER_SEC)

static void set_user(Core *core, const char *id, unsigned sets, int64_t expires,
                     const char *key) {
        StoreRequest *request = call_user_set_request(id, sets);

        request->users[0]->expires = expires;
        if (key)
                assert_int_equal(strv_extend(&request->users[0]->ssh_keys, key), 0);
        assert_int_equal(core_store(core, request), 0);
}

/* A client's own token with the scope issue. */
static void add_issuer(Core *core, Caller *ret) {
        static char *const scopes[] = { (char *)"issue", NULL };
        Caller root = core_root();
        _heard_ heard = { 0 };

        core_add_client(core, "partner", "password refresh_token", "issue", false);
        authority_issue(core->authority, &root,
                        &(IssueRequest){ .client_id = "partner", .scopes = scopes },
                        core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(core_bearer(core, &heard.answer.access_token, ret), 0);
}

static int setup(void **state) {
        core_setup(state);
        Core *core = *state;

        core->config.enterprise_lifetime = DAY;
        core->config.enterprise_bulk_maximum = 5;
        authority_set_config(core->authority, &core->config);
        core_add_user(core, "ada", 70000);
        core_add_user(core, "bob", 70001);
        core_add_client(core, "app", "password refresh_token", NULL, false);
        return 0;
}

typedef struct Doors {
        Core *core;
        Caller root, ada, app, issuer;
        const char *login; /* of ada's */
} Doors;

static void by_password(Doors *doors, Heard *heard) {
        core_log_in(doors->core, &doors->root, "ada", "PASSWORD-of-ada", NULL, NULL, heard);
}

static void by_login(Doors *doors, Heard *heard) {
        core_log_in(doors->core, &doors->root, "ada", "PASSWORD-of-ada", NULL, "sshd", heard);
}

static void by_own_password(Doors *doors, Heard *heard) {
        core_log_in(doors->core, &doors->ada, "ada", "PASSWORD-of-ada", NULL, NULL, heard);
}

static void by_client(Doors *doors, Heard *heard) {
        core_log_in(doors->core, &doors->app, "ada", "PASSWORD-of-ada", NULL, NULL, heard);
}

static void by_administrator(Doors *doors, Heard *heard) {
        authority_issue(doors->core->authority, &doors->root, &(IssueRequest){ .user = "ada" },
                        core_on_answer, heard);
        core_wait(doors->core, heard);
}

static void by_oneself(Doors *doors, Heard *heard) {
        authority_issue_self(doors->core->authority, &doors->ada,
                             &(IssueRequest){ .lifetime = HOUR }, core_on_answer, heard);
        core_wait(doors->core, heard);
}

static void by_account(Doors *doors, Heard *heard) {
        authority_account_issue(doors->core->authority, &doors->root,
                                &(AccountTokenRequest){ .account = "id-ada" }, core_on_answer,
                                heard);
        core_wait(doors->core, heard);
}

static void by_bulk(Doors *doors, Heard *heard) {
        char *const ids[] = { (char *)"id-bob", (char *)"id-ada", NULL };

        authority_issue_for(doors->core->authority, &doors->issuer, &(IssueForRequest){ ids, 2 },
                            core_on_answer, heard);
        core_wait(doors->core, heard);
}

static void by_check(Doors *doors, Heard *heard) {
        authority_login_check(doors->core->authority, &doors->root, "ada", core_on_answer, heard);
        core_wait(doors->core, heard);
}

static void by_session(Doors *doors, Heard *heard) {
        authority_login_open(doors->core->authority, &doors->root,
                             &(LoginRequest){ .user = "ada", .service = "sshd" }, core_on_answer,
                             heard);
        core_wait(doors->core, heard);
}

static void by_session_token(Doors *doors, Heard *heard) {
        authority_login_token(doors->core->authority, &doors->root, doors->login, "ada",
                              core_on_answer, heard);
        core_wait(doors->core, heard);
}

static void by_new_password(Doors *doors, Heard *heard) {
        _secret_ old = core_secret("PASSWORD-of-ada"), new = core_secret("another");

        authority_user_set_password(doors->core->authority, &doors->ada,
                                    &(UserPasswordRequest){ .id = "id-ada",
                                                            .old_password = &old,
                                                            .password = &new },
                                    core_on_answer, heard);
        core_wait(doors->core, heard);
}

static const struct Way {
        const char *what;
        void (*go)(Doors *doors, Heard *heard);
} ways[] = {
        { "password", by_password },
        { "login", by_login },
        { "own password", by_own_password },
        { "client", by_client },
        { "administrator", by_administrator },
        { "oneself", by_oneself },
        { "account", by_account },
        { "bulk", by_bulk },
        { "check", by_check },
        { "session", by_session },
        { "session's token", by_session_token },
        { "new password", by_new_password },
};

static void open_doors(Core *core, Doors *doors, Heard *login) {
        *doors = (Doors){ .core = core, .root = core_root(), .ada = core_uid(70000) };
        doors->app = core_client(core, "app");
        add_issuer(core, &doors->issuer);
        authority_login_open(core->authority, &doors->root, &(LoginRequest){ .user = "ada" },
                             core_on_answer, login);
        assert_int_equal(core_wait(core, login), 0);
        doors->login = login->answer.login->id;
}

static void close_doors(Doors *doors) {
        caller_done(&doors->app);
        caller_done(&doors->issuer);
}

static void test_nothing_at_any_door(void **state) {
        Core *core = *state;
        _heard_ login = { 0 };
        Doors doors;

        open_doors(core, &doors, &login);
        /* By the clock, not by a change: the login is still there. */
        set_user(core, "id-ada", USER_SETS_EXPIRES, clock_realtime(&core_clock) + 2 * DAY, NULL);
        core_turned = 2 * DAY;
        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                _heard_ heard = { 0 };

                ways[i].go(&doors, &heard);
                if (heard.r != REASON_USER_EXPIRED)
                        fail_msg("%s: %s", ways[i].what, reason_to_string(heard.r));
                assert_true(secret_is_empty(&heard.answer.access_token));
                assert_true(secret_is_empty(&heard.answer.refresh_token));
                assert_int_equal(heard.answer.n_tokens, 0);
        }
        core_turned = 0; /* as if the expiry were moved: it was that alone */
        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                _heard_ heard = { 0 };

                ways[i].go(&doors, &heard);
                if (heard.r != 0)
                        fail_msg("%s: %s", ways[i].what, reason_to_string(heard.r));
        }
        close_doors(&doors);
}

static bool is_live(Core *core, const Secret *token) {
        Caller root = core_root();
        _heard_ heard = { 0 };

        authority_introspect(core->authority, &root, token, core_on_answer, &heard);
        return core_wait(core, &heard) == 0;
}

/* Everything that is issued ends with the account at the latest: the cache, the store and the
 * times that clients are told agree. */
static void test_tokens_end_with_the_account(void **state) {
        Core *core = *state;
        int64_t expires = clock_realtime(&core_clock) + HOUR / 2;
        Heard heard[ELEMENTSOF(ways)] = { 0 };
        _heard_ login = { 0 }, forever = { 0 };
        Doors doors;

        set_user(core, "id-ada", USER_SETS_EXPIRES, expires, NULL);
        open_doors(core, &doors, &login);
        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                if (ways[i].go == by_new_password)
                        continue;
                ways[i].go(&doors, &heard[i]);
                assert_int_equal(heard[i].r, 0);
                for (size_t k = 0; k < heard[i].answer.n_tokens; k++)
                        assert_true(heard[i].answer.tokens[k]->expires <= expires ||
                                    !strcmp(heard[i].answer.users[k]->name, "bob"));
                if (!heard[i].answer.token)
                        continue;
                if (heard[i].answer.token->expires > expires)
                        fail_msg("%s: a token outlives its user", ways[i].what);
        }
        core_log_in(core, &doors.root, "bob", "PASSWORD-of-bob", NULL, NULL, &forever);
        assert_true(forever.answer.token->expires > expires + DAY);
        assert_true(is_live(core, &heard[0].answer.refresh_token));
        core_turned = HOUR / 2 + USEC_PER_SEC;
        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                if (!secret_is_empty(&heard[i].answer.access_token))
                        assert_false(is_live(core, &heard[i].answer.access_token));
                if (!secret_is_empty(&heard[i].answer.refresh_token))
                        assert_false(is_live(core, &heard[i].answer.refresh_token));
                heard_done(&heard[i]);
        }
        close_doors(&doors);
}

/* What a refresh gives is bounded as well, and ends with the account. */
static void test_refresh(void **state) {
        Core *core = *state;
        Caller root = core_root();
        int64_t expires = clock_realtime(&core_clock) + HOUR;
        _heard_ first = { 0 }, second = { 0 }, third = { 0 };
        GrantRequest request = { .grant_type = "refresh_token" };

        set_user(core, "id-ada", USER_SETS_EXPIRES, expires, NULL);
        core_log_in(core, &root, "ada", "PASSWORD-of-ada", NULL, NULL, &first);
        assert_true(first.answer.token->expires == expires);
        request.refresh_token = &first.answer.refresh_token;
        authority_grant(core->authority, &root, &request, core_on_answer, &second);
        assert_int_equal(core_wait(core, &second), 0);
        assert_true(second.answer.token->expires == expires);
        core_turned = HOUR;
        request.refresh_token = &second.answer.refresh_token;
        authority_grant(core->authority, &root, &request, core_on_answer, &third);
        assert_int_equal(core_wait(core, &third), REASON_INVALID_GRANT);
}

/* Before a right password nobody hears of it. */
static void test_told_after_the_password_only(void **state) {
        Core *core = *state;
        Caller root = core_root(), anonymous = core_anonymous();
        _heard_ wrong = { 0 }, checked = { 0 };

        set_user(core, "id-ada", USER_SETS_EXPIRES, 1, NULL);
        assert_int_equal(core_log_in(core, &root, "ada", "wrong", NULL, "sshd", &wrong),
                         REASON_WRONG_PASSWORD);
        authority_login_check(core->authority, &anonymous, "ada", core_on_answer, &checked);
        assert_int_equal(core_wait(core, &checked), REASON_ACCESS_DENIED);
}

static int keys_of(Core *core, const Caller *caller, const char *user, Heard *heard) {
        heard_done(heard);
        authority_login_keys(core->authority, caller, user, core_on_answer, heard);
        return core_wait(core, heard);
}

static void test_keys(void **state) {
        Core *core = *state;
        Caller root = core_root(), nobody = core_uid(65534), anonymous = core_anonymous();
        _heard_ heard = { 0 };

        set_user(core, "id-ada", USER_SETS_SSH_KEYS, 0, "ssh-ed25519 AAAA");
        assert_int_equal(keys_of(core, &nobody, "ada", &heard), 0);
        assert_string_equal(heard.answer.user->ssh_keys[0], "ssh-ed25519 AAAA");
        assert_int_equal(keys_of(core, &root, "ada", &heard), 0);
        assert_int_equal(strv_length(heard.answer.user->ssh_keys), 1);
        assert_int_equal(keys_of(core, &nobody, "bob", &heard), 0);
        assert_null(heard.answer.user->ssh_keys);
        assert_int_equal(keys_of(core, &nobody, "carl", &heard), REASON_USER_UNKNOWN);
        assert_int_equal(keys_of(core, &nobody, "a/b", &heard), REASON_USER_UNKNOWN);
        assert_int_equal(keys_of(core, &nobody, NULL, &heard), REASON_INVALID_REQUEST);
        assert_int_equal(keys_of(core, &anonymous, "ada", &heard), REASON_ACCESS_DENIED);

        set_user(core, "id-ada", USER_SETS_EXPIRES, clock_realtime(&core_clock) + HOUR, NULL);
        assert_int_equal(keys_of(core, &nobody, "ada", &heard), 0);
        assert_int_equal(strv_length(heard.answer.user->ssh_keys), 1);
        core_turned = HOUR;
        assert_int_equal(keys_of(core, &nobody, "ada", &heard), 0);
        assert_null(heard.answer.user->ssh_keys);
        core_turned = 0;
        StoreRequest *lock = call_user_set_request("id-ada", USER_SETS_STATE);
        lock->users[0]->state = USER_LOCKED;
        assert_int_equal(core_store(core, lock), 0);
        assert_int_equal(keys_of(core, &nobody, "ada", &heard), 0);
        assert_null(heard.answer.user->ssh_keys);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_nothing_at_any_door),          TEST(test_tokens_end_with_the_account),
                TEST(test_refresh),                      TEST(test_keys),
                TEST(test_told_after_the_password_only),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
