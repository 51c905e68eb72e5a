/* Tokens for oneself, and of which login they are. Over a real store; what else there is to issuing
 * without a grant stands in test-grant.c. */

#include "core/call.h"
#include "core/logins.h"
#include "core/tokens.h"
#include "core-fixture.h"

static int setup(void **state) {
        int r = core_setup(state);

        core_add_user(*state, "ada", 70000);
        core_add_user(*state, "bob", 70001);
        return r;
}

static int issue_self(Core *core, uint32_t uid, const char *login, int64_t lifetime,
                      Heard *heard) {
        Caller caller = core_uid(uid);

        authority_issue_self(core->authority, &caller,
                             &(IssueRequest){ .login = login, .lifetime = lifetime },
                             core_on_answer, heard);
        return core_wait(core, heard);
}

static int introspect(Core *core, const Secret *token) {
        Caller root = core_root();
        _heard_ heard = { 0 };

        authority_introspect(core->authority, &root, token, core_on_answer, &heard);
        return core_wait(core, &heard);
}

static char *log_in(Core *core, const char *user, bool opens) {
        Caller root = core_root();
        _heard_ login = { 0 }, session = { 0 };
        char password[64];

        (void)snprintf(password, sizeof(password), "PASSWORD-of-%s", user);
        assert_int_equal(core_log_in(core, &root, user, password, NULL, "sshd", &login), 0);
        if (opens) {
                authority_login_open(core->authority, &root,
                                     &(LoginRequest){ .user = user,
                                                      .id = login.answer.login->id,
                                                      .service = "sshd" },
                                     core_on_answer, &session);
                assert_int_equal(core_wait(core, &session), 0);
        }
        return strdup(login.answer.login->id);
}

static uint64_t log_out(Core *core, const char *user, const char *login) {
        Caller root = core_root();
        _heard_ heard = { 0 };

        authority_login_close(core->authority, &root, login, user, core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        return heard.answer.n_revoked;
}

static void test_dies_with_the_session(void **state) {
        Core *core = *state;
        _cleanup_(freep) char *login = log_in(core, "ada", true);
        _heard_ member = { 0 }, single = { 0 };
        unsigned n_new = core->n_new;

        assert_int_equal(issue_self(core, 70000, login, 0, &member), 0);
        assert_string_equal(member.answer.login->id, login);
        assert_string_equal(member.answer.token->login, login);
        assert_string_equal(member.answer.token->grant, "self");
        assert_string_equal(member.answer.user->name, "ada");
        assert_int_equal(member.answer.token->expires - member.answer.token->created,
                         SELF_LIFETIME_DEFAULT);
        assert_int_equal(issue_self(core, 70000, NULL, 0, &single), 0);
        assert_null(single.answer.login);
        assert_null(single.answer.token->login);
        assert_int_equal(introspect(core, &member.answer.access_token), 0);
        assert_int_equal(core->n_new, n_new);

        assert_int_equal(log_out(core, "ada", login), 2);
        assert_int_equal(introspect(core, &member.answer.access_token), REASON_TOKEN_UNKNOWN);
        assert_int_equal(introspect(core, &single.answer.access_token), 0);
}

/* The hint comes from an environment that users can write. */
static void test_other_hints_are_ignored(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        _cleanup_(freep) char *pending = log_in(core, "ada", false);
        _cleanup_(freep) char *closed = log_in(core, "ada", true);
        _cleanup_(freep) char *bobs = log_in(core, "bob", true);
        _cleanup_(freep) char *open = log_in(core, "ada", true);
        _heard_ family = { 0 };
        char longer[TOKEN_ID_SIZE + 2], upper[TOKEN_ID_SIZE + 1];

        log_out(core, "ada", closed);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &family),
                         0);
        (void)snprintf(longer, sizeof(longer), "%s0", open);
        for (size_t i = 0; i <= TOKEN_ID_SIZE; i++)
                upper[i] = (char)(open[i] >= 'a' ? open[i] - 'a' + 'A' : open[i]);
        const char *const hints[] = {
                pending, closed, bobs, family.answer.login->id, longer, upper, "", "x",
                "00000000000000000000000000000000", "' OR 1 --",
        };

        for (size_t i = 0; i < ELEMENTSOF(hints); i++) {
                _heard_ heard = { 0 };

                assert_int_equal(issue_self(core, 70000, hints[i], 0, &heard), 0);
                assert_null(heard.answer.login);
                assert_null(heard.answer.token->login);
                assert_int_equal(introspect(core, &heard.answer.access_token), 0);
        }
        assert_int_equal(log_out(core, "bob", bobs), 1);
        assert_int_equal(log_out(core, "ada", open), 1);
}

/* No token of the family outlives it. */
static void test_ends_with_the_family(void **state) {
        Core *core = *state;
        _heard_ heard = { 0 };

        core->config.maximum_lifetime = 3600 * USEC_PER_SEC;
        _cleanup_(freep) char *login = log_in(core, "ada", true);
        core_turned = 3000 * USEC_PER_SEC;
        assert_int_equal(issue_self(core, 70000, login, 1800 * USEC_PER_SEC, &heard), 0);
        int64_t lifetime = heard.answer.token->expires - heard.answer.token->created;
        assert_true(lifetime > 590 * USEC_PER_SEC && lifetime <= 600 * USEC_PER_SEC);
}

static void test_states(void **state) {
        Core *core = *state;

        core_add_user_like(core, "lou", 70002, NULL, NULL, USER_LOCKED);
        core_add_user_like(core, "max", 70003, NULL, NULL, USER_PASSWORD_MUST_CHANGE);
        for (unsigned i = 0; i < 2; i++) {
                const char *login = i ? "00000000000000000000000000000000" : NULL;
                _heard_ locked = { 0 }, must_change = { 0 }, unknown = { 0 };

                assert_int_equal(issue_self(core, 70002, login, 0, &locked), REASON_USER_LOCKED);
                assert_int_equal(issue_self(core, 70003, login, 0, &must_change),
                                 REASON_PASSWORD_MUST_CHANGE);
                assert_int_equal(issue_self(core, 70009, login, 0, &unknown),
                                 REASON_USER_UNKNOWN);
        }
}

/* A clock that ends the session when it is read for the n-th time. */
static struct Ending {
        Core *core;
        const char *login;
        unsigned n_read, at;
        int ended;
} ending;

static int64_t ending_now(clockid_t id) {
        if (id == CLOCK_REALTIME && ++ending.n_read == ending.at) {
                StoreRequest *request = store_request_new(STORE_REVOKE_LOGIN);

                request->key.text = strdup(ending.login);
                request->urgent = true;
                ending.ended = INT32_MIN;
                assert_int_equal(store_submit(ending.core->store, request, core_on_stored,
                                              &ending.ended),
                                 0);
        }
        return core_clock_now(id);
}

static const Clock ending_clock = { .now = ending_now };

/* Wherever on the way the session ends: nothing of it is left that lives. */
static void test_session_ends_on_the_way(void **state) {
        Core *core = *state;
        _cleanup_(freep) char *counted = log_in(core, "ada", true);
        _heard_ first = { 0 };

        core->authority->clock = &ending_clock;
        ending = (struct Ending){ .core = core };
        assert_int_equal(issue_self(core, 70000, counted, 0, &first), 0);
        unsigned n = ending.n_read;
        for (unsigned at = 1; at <= n; at++) {
                _cleanup_(freep) char *login = log_in(core, "ada", true);
                _heard_ heard = { 0 };

                ending = (struct Ending){ core, login, 0, at, 0 };
                int r = issue_self(core, 70000, login, 0, &heard);
                ending.at = 0;
                if (r == 0)
                        assert_null(heard.answer.login);
                else
                        assert_int_equal(r, REASON_INVALID_GRANT);
                assert_int_equal(ending.ended, 0);
        }
        core->authority->clock = &core_clock;
}

/* What is kept of the built-in client between calls is not what it was before a revocation. */
static void test_local_client_is_revoked(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ before = { 0 }, revoked = { 0 }, after = { 0 };

        assert_int_equal(issue_self(core, 70000, NULL, 0, &before), 0);
        authority_revoke_owner(core->authority, &root,
                               &(RevokeRequest){ .uid = UID_NONE, .client_id = CLIENT_LOCAL },
                               core_on_answer, &revoked);
        assert_int_equal(core_wait(core, &revoked), 0);
        assert_int_equal(introspect(core, &before.answer.access_token), REASON_TOKEN_UNKNOWN);
        assert_int_equal(issue_self(core, 70000, NULL, 0, &after), 0);
        assert_int_equal(introspect(core, &after.answer.access_token), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_dies_with_the_session),
                TEST(test_other_hints_are_ignored),
                TEST(test_ends_with_the_family),
                TEST(test_states),
                TEST(test_session_ends_on_the_way),
                TEST(test_local_client_is_revoked),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
