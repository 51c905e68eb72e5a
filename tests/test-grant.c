/* The grants, over a real store: who gets a token, with which scopes and for how long, and what the
 * others hear. */

#include "core/self-quota.h"
#include "core/call.h"
#include "core/tokens.h"
#include "core-fixture.h"

static void test_login_of_pam(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ heard = { 0 };
        char id[TOKEN_ID_SIZE + 1];

        core_add_user(core, "ada", 70000);
        assert_int_equal(core_log_in(core, &root, "ada", "PASSWORD-of-ada", NULL, "sshd", &heard),
                         0);
        assert_int_equal(heard.answer.access_token.size, TOKEN_TEXT_SIZE);
        assert_true(secret_is_empty(&heard.answer.refresh_token));
        assert_string_equal(heard.answer.user->name, "ada");
        assert_true(secret_is_empty(&heard.answer.user->hash));
        assert_int_equal(heard.answer.user->uid, 70000);
        assert_int_equal(heard.answer.state, REASON_NONE);
        assert_int_equal(heard.answer.login->state, LOGIN_PENDING);
        assert_non_null(heard.answer.login->boot_id);
        token_hash_to_id(&heard.answer.token->hash, id);
        assert_string_equal(heard.answer.login->id, id);
        assert_string_equal(heard.answer.token->login, id);
        assert_string_equal(heard.answer.token->client_id, CLIENT_LOCAL);
        assert_string_equal(heard.answer.token->service, "sshd");
        assert_null(heard.answer.token->scopes);
        assert_int_equal(core->n_new, 1);
}

static void test_family_of_a_plain_grant(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        _heard_ heard = { 0 };

        core_add_user(core, "ada", 70000);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &heard), 0);
        assert_int_equal(heard.answer.refresh_token.size, TOKEN_TEXT_SIZE);
        assert_int_equal(heard.answer.login->state, LOGIN_FAMILY);
        assert_int_equal(heard.answer.token->expires - heard.answer.token->created, 7 * DAY);
        assert_int_equal(core->n_new, 0);
}

/* Everybody who is wrong, at each door, and what they hear. */
static void test_refusals(void **state) {
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000), bob = core_uid(70001);
        Caller anonymous = core_anonymous();
        _caller_ app = CALLER_INIT, other = CALLER_INIT;

        core->config.throttle = false;
        authority_set_config(core->authority, &core->config);
        core_add_user(core, "ada", 70000);
        core_add_user(core, "bob", 70001);
        core_add_client(core, "app", "password", NULL, false);
        core_add_client(core, "other", "client_credentials", NULL, false);
        app = core_client(core, "app");
        other = core_client(core, "other");

        const struct {
                const Caller *caller;
                const char *user;
                const char *password;
                const char *service;
                int r;
        } rows[] = {
                { &root, "ada", "wrong", "sshd", REASON_WRONG_PASSWORD },
                { &root, "carl", "wrong", "sshd", REASON_USER_UNKNOWN },
                { &root, "../ada", "wrong", "sshd", REASON_USER_UNKNOWN },
                { &root, "Ada", "PASSWORD-of-ada", "sshd", REASON_USER_UNKNOWN },
                { &root, "ada", "", "sshd", REASON_EMPTY_PASSWORD },
                { &root, "", "PASSWORD-of-ada", "sshd", REASON_USER_UNKNOWN },
                { &ada, "ada", "wrong", NULL, REASON_WRONG_PASSWORD },
                { &ada, "bob", "PASSWORD-of-bob", NULL, REASON_ACCESS_DENIED },
                { &ada, "bob", "wrong", NULL, REASON_ACCESS_DENIED },
                { &ada, "carl", "wrong", NULL, REASON_ACCESS_DENIED },
                { &ada, "ada", "PASSWORD-of-ada", "sshd", REASON_ACCESS_DENIED },
                { &bob, "ada", "PASSWORD-of-ada", NULL, REASON_ACCESS_DENIED },
                { &anonymous, "ada", "PASSWORD-of-ada", NULL, REASON_INVALID_CLIENT },
                { &app, "ada", "wrong", NULL, REASON_WRONG_PASSWORD },
                { &app, "carl", "wrong", NULL, REASON_WRONG_PASSWORD },
                { &app, "a:b", "wrong", NULL, REASON_WRONG_PASSWORD },
                { &app, "ada", "PASSWORD-of-ada", "sshd", REASON_ACCESS_DENIED },
                { &app, "ada", "PASSWORD-of-ada", NULL, 0 },
                { &other, "ada", "PASSWORD-of-ada", NULL, REASON_UNAUTHORIZED_CLIENT },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _heard_ heard = { 0 };
                int r = core_log_in(core, rows[i].caller, rows[i].user, rows[i].password, NULL,
                                    rows[i].service, &heard);
                if (r != rows[i].r)
                        fail_msg("row %zu: %s instead of %s", i, reason_to_string(r),
                                 reason_to_string(rows[i].r));
                assert_int_equal(secret_is_empty(&heard.answer.access_token), r != 0);
        }
}

static void test_shapes(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _secret_ password = core_secret("PASSWORD-of-ada");
        const struct {
                GrantRequest request;
                int r;
        } rows[] = {
                { { .username = "ada", .password = &password }, REASON_INVALID_REQUEST },
                { { .grant_type = "Password", .username = "ada", .password = &password },
                  REASON_UNSUPPORTED_GRANT },
                { { .grant_type = "password", .password = &password }, REASON_INVALID_REQUEST },
                { { .grant_type = "password",
                    .username = "ada",
                    .email = "ada@example.org",
                    .password = &password },
                  REASON_INVALID_REQUEST },
                { { .grant_type = "password", .username = "ada" }, REASON_EMPTY_PASSWORD },
                { { .grant_type = "password",
                    .username = "ada",
                    .password = &password,
                    .scope = "a\"b" },
                  REASON_INVALID_SCOPE },
                { { .grant_type = "password",
                    .username = "ada",
                    .password = &password,
                    .lifetime = -1 },
                  REASON_INVALID_VALUE },
                { { .grant_type = "password",
                    .username = "ada",
                    .password = &password,
                    .junk = true },
                  REASON_INVALID_REQUEST },
                { { .grant_type = "refresh_token" }, REASON_INVALID_REQUEST },
                { { .grant_type = "refresh_token", .refresh_token = &password },
                  REASON_INVALID_GRANT },
                { { .grant_type = "client_credentials" }, REASON_INVALID_CLIENT },
                { { .grant_type = "password", .email = "ADA@example.ORG", .password = &password },
                  0 },
        };

        core_add_user(core, "ada", 70000);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _heard_ heard = { 0 };

                authority_grant(core->authority, &root, &rows[i].request, core_on_answer, &heard);
                assert_int_equal(core_wait(core, &heard), rows[i].r);
        }
}

static void test_junk_counts_nothing(void **state) {
        Core *core = *state;
        Caller root = core_root();

        core_add_user(core, "ada", 70000);
        for (unsigned i = 0; i < 10; i++) {
                _heard_ heard = { 0 };

                authority_grant(core->authority, &root,
                                &(GrantRequest){ .grant_type = "password",
                                                 .username = "ada",
                                                 .service = "sshd",
                                                 .junk = true },
                                core_on_answer, &heard);
                assert_int_equal(core_wait(core, &heard), REASON_NOT_KNOWN_TO_NSS);
        }
        _heard_ heard = { 0 };
        assert_int_equal(core_log_in(core, &root, "ada", "PASSWORD-of-ada", NULL, "sshd", &heard),
                         0);
}

static void test_throttle(void **state) {
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000);

        core_add_user(core, "ada", 70000);
        for (unsigned i = 0; i < 3; i++) {
                _heard_ heard = { 0 };
                assert_int_equal(core_log_in(core, &ada, "ada", "wrong", NULL, NULL, &heard),
                                 REASON_WRONG_PASSWORD);
        }
        _heard_ fourth = { 0 }, right = { 0 }, elsewhere = { 0 };
        assert_int_equal(core_log_in(core, &ada, "ada", "wrong", NULL, NULL, &fourth),
                         REASON_TOO_MANY_FAILURES);
        assert_true(fourth.answer.retry_after >= 1);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &right),
                         REASON_TOO_MANY_FAILURES);
        /* another remote has a budget of its own */
        assert_int_equal(core_log_in(core, &root, "ada", "PASSWORD-of-ada", NULL, "su", &elsewhere),
                         0);
}

/* The name and the address are one user: one budget. */
static void test_throttle_by_email(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        _secret_ wrong = core_secret("wrong");
        _heard_ heard = { 0 };

        core_add_user(core, "ada", 70000);
        for (unsigned i = 0; i < 3; i++) {
                authority_grant(core->authority, &ada,
                                &(GrantRequest){ .grant_type = "password",
                                                 .email = i % 2 ? "ada@example.org"
                                                                : "Ada@Example.org",
                                                 .password = &wrong },
                                core_on_answer, &heard);
                assert_int_equal(core_wait(core, &heard), REASON_WRONG_PASSWORD);
                heard_done(&heard);
        }
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &heard),
                         REASON_TOO_MANY_FAILURES);
}

/* Whether somebody has an address must not show in how its spellings are counted. */
static void test_throttle_by_unknown_email(void **state) {
        Core *core = *state;
        static const char *const spellings[] = { "nobody@example.org", "Nobody@example.org",
                                                 "NOBODY@EXAMPLE.ORG", "nobody@Example.org" };
        _secret_ wrong = core_secret("wrong");
        _caller_ app = CALLER_INIT;
        _heard_ heard = { 0 };

        core_add_client(core, "app", "password", NULL, false);
        app = core_client(core, "app");
        for (unsigned i = 0; i < ELEMENTSOF(spellings); i++) {
                authority_grant(core->authority, &app,
                                &(GrantRequest){ .grant_type = "password",
                                                 .email = spellings[i],
                                                 .password = &wrong },
                                core_on_answer, &heard);
                assert_int_equal(core_wait(core, &heard),
                                 i < 3 ? REASON_WRONG_PASSWORD : REASON_TOO_MANY_FAILURES);
                heard_done(&heard);
        }
}

static void test_states(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ locked = { 0 }, wrong = { 0 }, must_change = { 0 }, plain = { 0 };

        core_add_user_like(core, "lou", 70001, NULL, NULL, USER_LOCKED);
        core_add_user_like(core, "max", 70002, NULL, NULL, USER_PASSWORD_MUST_CHANGE);
        assert_int_equal(core_log_in(core, &root, "lou", "PASSWORD-of-lou", NULL, "sshd", &locked),
                         REASON_USER_LOCKED);
        assert_int_equal(core_log_in(core, &root, "lou", "wrong", NULL, "sshd", &wrong),
                         REASON_WRONG_PASSWORD);
        assert_int_equal(core_log_in(core, &root, "max", "PASSWORD-of-max", NULL, "sshd",
                                     &must_change),
                         0);
        assert_int_equal(must_change.answer.state, REASON_PASSWORD_MUST_CHANGE);
        assert_false(secret_is_empty(&must_change.answer.access_token));
        assert_int_equal(core_log_in(core, &root, "max", "PASSWORD-of-max", NULL, NULL, &plain),
                         REASON_PASSWORD_MUST_CHANGE);
}

static void test_grant_users(void **state) {
        Core *core = *state;
        Caller web = core_uid(33), other = core_uid(34);
        char *users[] = { (char *)"33", NULL };
        _heard_ heard = { 0 }, refused = { 0 };

        core_add_user(core, "ada", 70000);
        core->config.grant_users = users;
        assert_int_equal(core_log_in(core, &web, "ada", "PASSWORD-of-ada", NULL, NULL, &heard), 0);
        assert_int_equal(core_log_in(core, &other, "ada", "PASSWORD-of-ada", NULL, NULL, &refused),
                         REASON_ACCESS_DENIED);
        core->config.grant_users = NULL;
}

/* NSS need not know them. */
static void test_grant_users_of_our_own(void **state) {
        Core *core = *state;
        Caller portal = core_uid(70001), other = core_uid(70002);
        char *users[] = { (char *)"portal", NULL };
        _heard_ heard = { 0 }, refused = { 0 };

        core_add_user(core, "ada", 70000);
        core_add_user(core, "portal", 70001);
        core_add_user(core, "other", 70002);
        core->config.grant_users = users;
        assert_int_equal(core_log_in(core, &portal, "ada", "PASSWORD-of-ada", NULL, NULL, &heard),
                         0);
        assert_int_equal(core_log_in(core, &other, "ada", "PASSWORD-of-ada", NULL, NULL, &refused),
                         REASON_ACCESS_DENIED);
        core->config.grant_users = NULL;
}

/* rows: the user's list, the client's, what is asked for, what comes of it ("!": invalid scope) */
static void test_scopes(void **state) {
        static const struct {
                const char *user;
                const char *client;
                const char *wanted;
                const char *got;
        } rows[] = {
                { NULL, NULL, NULL, NULL },
                { NULL, NULL, "read write", "read write" },
                { NULL, NULL, "login", "!" },
                { NULL, NULL, "admin", "!" },
                { "read", NULL, NULL, NULL },
                { "read", NULL, "write", "!" },
                { "login read", NULL, "login", "!" },
                { "login read", "login read", "login", "login" },
                { NULL, "login read", "login", "!" },
                { NULL, "read", NULL, "read" },
                { NULL, "login read", NULL, "read" },
                { "write", "read", NULL, "!" },
                { "read write", "read", "write", "!" },
                { "read write", "read write", "write", "write" },
        };
        Core *core = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(freep) char *scope = NULL;
                char user[32], client[32], password[64];
                _caller_ caller = CALLER_INIT;
                _heard_ heard = { 0 };

                (void)snprintf(user, sizeof(user), "user%zu", i);
                (void)snprintf(client, sizeof(client), "client%zu", i);
                (void)snprintf(password, sizeof(password), "PASSWORD-of-%s", user);
                core_add_user_like(core, user, 70000 + (uint32_t)i, rows[i].user, NULL,
                                   USER_ACTIVE);
                core_add_client(core, client, "password refresh_token", rows[i].client, false);
                caller = core_client(core, client);
                int r = core_log_in(core, &caller, user, password, rows[i].wanted, NULL, &heard);
                if (streq_ptr(rows[i].got, "!")) {
                        if (r != REASON_INVALID_SCOPE)
                                fail_msg("row %zu: %s", i, reason_to_string(r));
                        continue;
                }
                assert_int_equal(r, 0);
                if (heard.answer.token->scopes)
                        assert_int_equal(strv_join(heard.answer.token->scopes, " ", &scope), 0);
                if (!streq_ptr(scope, rows[i].got))
                        fail_msg("row %zu: %s", i, scope);
        }
}

static int refresh(Core *core, const Caller *caller, const Secret *token, const char *scope,
                   Heard *heard) {
        heard_done(heard);
        authority_grant(core->authority, caller,
                        &(GrantRequest){ .grant_type = "refresh_token",
                                         .refresh_token = token,
                                         .scope = scope },
                        core_on_answer, heard);
        return core_wait(core, heard);
}

static int introspect(Core *core, const Secret *token) {
        Caller root = core_root();
        _heard_ heard = { 0 };

        authority_introspect(core->authority, &root, token, core_on_answer, &heard);
        return core_wait(core, &heard);
}

static void test_refresh(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000), bob = core_uid(70001);
        _caller_ app = CALLER_INIT;
        _heard_ first = { 0 }, second = { 0 }, foreign = { 0 }, again = { 0 };

        core_add_user(core, "ada", 70000);
        core_add_user(core, "bob", 70001);
        core_add_client(core, "app", "password refresh_token", NULL, false);
        app = core_client(core, "app");
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &first), 0);
        assert_int_equal(introspect(core, &first.answer.access_token), 0);

        /* neither another client's nor another user's */
        assert_int_equal(refresh(core, &app, &first.answer.refresh_token, NULL, &foreign),
                         REASON_INVALID_GRANT);
        assert_int_equal(refresh(core, &bob, &first.answer.refresh_token, NULL, &foreign),
                         REASON_INVALID_GRANT);
        /* an access token is none */
        assert_int_equal(refresh(core, &ada, &first.answer.access_token, NULL, &foreign),
                         REASON_INVALID_GRANT);

        assert_int_equal(authority_status(core->authority).cached, 1);
        assert_int_equal(refresh(core, &ada, &first.answer.refresh_token, NULL, &second), 0);
        /* the new one: the old one was outdated, and went when it was met */
        assert_int_equal(authority_status(core->authority).cached, 1);
        assert_string_equal(second.answer.user->name, "ada");
        assert_string_equal(second.answer.token->login, first.answer.login->id);
        assert_int_equal(introspect(core, &first.answer.access_token), REASON_TOKEN_UNKNOWN);
        assert_int_equal(introspect(core, &second.answer.access_token), 0);
        assert_int_equal(introspect(core, &second.answer.refresh_token), 0);

        /* within the grace nothing happens */
        assert_int_equal(refresh(core, &ada, &first.answer.refresh_token, NULL, &again),
                         REASON_INVALID_GRANT);
        assert_int_equal(introspect(core, &second.answer.access_token), 0);

        /* later the family dies, also what the cache knew */
        core_turned = 11 * USEC_PER_SEC;
        assert_int_equal(refresh(core, &ada, &first.answer.refresh_token, NULL, &again),
                         REASON_INVALID_GRANT);
        assert_int_equal(introspect(core, &second.answer.access_token), REASON_TOKEN_UNKNOWN);
        assert_int_equal(introspect(core, &second.answer.refresh_token), REASON_TOKEN_UNKNOWN);
}

static void test_refresh_never_widens(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        _heard_ first = { 0 }, wider = { 0 }, narrower = { 0 }, as_before = { 0 }, plain = { 0 };

        core_add_user_like(core, "ada", 70000, "read write", NULL, USER_ACTIVE);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", "read write", NULL,
                                     &first),
                         0);
        assert_int_equal(refresh(core, &ada, &first.answer.refresh_token, "read other", &wider),
                         REASON_INVALID_SCOPE);
        assert_int_equal(refresh(core, &ada, &first.answer.refresh_token, "read", &narrower), 0);
        assert_int_equal(strv_length(narrower.answer.token->scopes), 1);
        /* the refresh token kept what it had (RFC 6749 section 6) */
        assert_int_equal(refresh(core, &ada, &narrower.answer.refresh_token, NULL, &as_before), 0);
        assert_int_equal(strv_length(as_before.answer.token->scopes), 2);

        /* "ordinary access" has no words that its owner has not */
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &plain), 0);
        heard_done(&wider);
        assert_int_equal(refresh(core, &ada, &plain.answer.refresh_token, "other", &wider),
                         REASON_INVALID_SCOPE);
        assert_int_equal(refresh(core, &ada, &plain.answer.refresh_token, "admin", &wider),
                         REASON_INVALID_SCOPE);
}

static void test_refresh_never_outlives_the_family(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        _heard_ first = { 0 }, second = { 0 }, third = { 0 };

        core->config.maximum_lifetime = 10 * DAY;
        core_add_user(core, "ada", 70000);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &first), 0);
        int64_t end = first.answer.token->created + 10 * DAY;

        core_turned = 9 * DAY;
        assert_int_equal(refresh(core, &ada, &first.answer.refresh_token, NULL, &second), 0);
        assert_int_equal(second.answer.token->expires, end);
        core_turned = 10 * DAY + USEC_PER_SEC;
        assert_int_equal(refresh(core, &ada, &second.answer.refresh_token, NULL, &third),
                         REASON_INVALID_GRANT);
}

#define PARALLEL 64

/* One winner, whoever is quick. */
static void test_refresh_64_times_at_once(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        _heard_ first = { 0 };
        Heard heard[PARALLEL] = { 0 };
        unsigned n_won = 0;

        core_add_user(core, "ada", 70000);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &first), 0);
        GrantRequest request = { .grant_type = "refresh_token",
                                 .refresh_token = &first.answer.refresh_token };
        for (size_t i = 0; i < PARALLEL; i++)
                authority_grant(core->authority, &ada, &request, core_on_answer, &heard[i]);
        for (size_t i = 0; i < PARALLEL; i++) {
                while (heard[i].n == 0)
                        assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
                n_won += heard[i].r == 0;
                if (heard[i].r == 0)
                        assert_int_equal(introspect(core, &heard[i].answer.access_token), 0);
                else
                        assert_int_equal(heard[i].r, REASON_INVALID_GRANT);
                heard_done(&heard[i]);
        }
        assert_int_equal(n_won, 1);
}

static void test_client_credentials(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _caller_ app = CALLER_INIT, plain = CALLER_INIT;
        _heard_ own = { 0 }, wide = { 0 }, simple = { 0 }, as_root = { 0 };

        core_add_client(core, "app", "client_credentials", "issue read", false);
        core_add_client(core, "plain", "client_credentials", NULL, false);
        app = core_client(core, "app");
        plain = core_client(core, "plain");
        GrantRequest request = { .grant_type = "client_credentials" };

        authority_grant(core->authority, &app, &request, core_on_answer, &own);
        assert_int_equal(core_wait(core, &own), 0);
        assert_null(own.answer.user);
        assert_null(own.answer.token->user_id);
        assert_int_equal(own.answer.token->uid, UID_NONE);
        assert_true(secret_is_empty(&own.answer.refresh_token));
        assert_true(strv_contains(own.answer.token->scopes, "issue"));
        authority_grant(core->authority, &plain, &request, core_on_answer, &simple);
        assert_int_equal(core_wait(core, &simple), 0);
        assert_null(simple.answer.token->scopes);

        request.scope = "issue";
        authority_grant(core->authority, &plain, &request, core_on_answer, &wide);
        assert_int_equal(core_wait(core, &wide), REASON_INVALID_SCOPE);
        authority_grant(core->authority, &root, &request, core_on_answer, &as_root);
        assert_int_equal(core_wait(core, &as_root), REASON_INVALID_CLIENT);
}

static int issue(Core *core, const Caller *caller, IssueRequest request, Heard *heard) {
        authority_issue(core->authority, caller, &request, core_on_answer, heard);
        return core_wait(core, heard);
}

static void test_issue(void **state) {
        char *admin[] = { (char *)"admin", NULL }, *login[] = { (char *)"login", NULL };
        char *read_scope[] = { (char *)"read", NULL };
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000);
        _caller_ boss = CALLER_INIT;
        _heard_ key = { 0 }, heard = { 0 };

        core_add_user_like(core, "ada", 70000, "admin login read", NULL, USER_ACTIVE);
        core_add_user(core, "bob", 70001);
        core_add_user_like(core, "lou", 70002, NULL, NULL, USER_LOCKED);
        core_add_client(core, "app", "client_credentials", "issue", false);

        assert_int_equal(issue(core, &root, (IssueRequest){ .user = "ada", .scopes = admin }, &key),
                         0);
        assert_true(secret_is_empty(&key.answer.refresh_token));
        assert_int_equal(core_bearer(core, &key.answer.access_token, &boss), 0);

        const struct {
                const Caller *caller;
                IssueRequest request;
                int r;
        } rows[] = {
                { &root, { .user = "bob" }, 0 },
                { &root, { .client_id = "app" }, 0 },
                { &root, { .user = "bob", .lifetime = 365 * DAY }, 0 },
                { &root, { .user = "bob", .lifetime = 366 * DAY }, REASON_INVALID_VALUE },
                { &root, { .user = "bob", .lifetime = -1 }, REASON_INVALID_VALUE },
                { &root, { .user = "bob", .scopes = admin }, REASON_INVALID_SCOPE },
                { &root, { .user = "lou" }, REASON_USER_LOCKED },
                { &root, { .user = "carl" }, REASON_USER_UNKNOWN },
                { &root, { .client_id = "carl" }, REASON_CLIENT_UNKNOWN },
                { &root, { .client_id = CLIENT_LOCAL }, REASON_CLIENT_UNKNOWN },
                { &root, { .user = "bob", .client_id = "app" }, REASON_INVALID_REQUEST },
                { &root, { 0 }, REASON_INVALID_REQUEST },
                { &ada, { .user = "ada" }, REASON_ACCESS_DENIED },
                { &boss, { .user = "bob", .scopes = read_scope }, 0 },
                { &boss, { .user = "ada", .scopes = admin }, 0 },
                /* it may hand on its own scopes, and this is none of them */
                { &boss, { .user = "ada", .scopes = login }, REASON_INVALID_SCOPE },
                { &root, { .user = "ada", .scopes = login }, 0 },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                int r = issue(core, rows[i].caller, rows[i].request, &heard);
                if (r != rows[i].r)
                        fail_msg("row %zu: %s instead of %s", i, reason_to_string(r),
                                 reason_to_string(rows[i].r));
                heard_done(&heard);
        }
}

static void test_issue_self(void **state) {
        char *login[] = { (char *)"login", NULL }, *read_scope[] = { (char *)"read", NULL };
        char *write_scope[] = { (char *)"write", NULL };
        Core *core = *state;
        Caller ada = core_uid(70000), carl = core_uid(70009), root = core_root();
        Caller anonymous = core_anonymous();
        Caller lou = core_uid(70002);
        _heard_ heard = { 0 };
        const struct {
                const Caller *caller;
                IssueRequest request;
                int r;
                int64_t lifetime;
        } rows[] = {
                { &ada, { 0 }, 0, SELF_LIFETIME_DEFAULT },
                { &ada, { .user = "root" }, 0, SELF_LIFETIME_DEFAULT },
                { &ada,
                  { .lifetime = SELF_LIFETIME_MAX, .scopes = read_scope },
                  0,
                  SELF_LIFETIME_MAX },
                { &ada, { .lifetime = SELF_LIFETIME_MAX + 1 }, REASON_INVALID_VALUE, 0 },
                { &ada, { .scopes = login }, REASON_INVALID_SCOPE, 0 },
                { &ada, { .scopes = write_scope }, REASON_INVALID_SCOPE, 0 },
                { &carl, { 0 }, REASON_USER_UNKNOWN, 0 },
                { &lou, { 0 }, REASON_USER_LOCKED, 0 },
                { &root, { 0 }, REASON_USER_UNKNOWN, 0 },
                { &anonymous, { 0 }, REASON_ACCESS_DENIED, 0 },
        };

        core_add_user_like(core, "ada", 70000, "login read", NULL, USER_ACTIVE);
        core_add_user_like(core, "lou", 70002, NULL, NULL, USER_LOCKED);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                authority_issue_self(core->authority, rows[i].caller, &rows[i].request,
                                     core_on_answer, &heard);
                assert_int_equal(core_wait(core, &heard), rows[i].r);
                if (rows[i].r == 0) {
                        assert_string_equal(heard.answer.token->user_name, "ada");
                        assert_int_equal(heard.answer.token->expires - heard.answer.token->created,
                                         rows[i].lifetime);
                }
                heard_done(&heard);
        }
}

/* Nobody fills the store with tokens of its own. */
static void test_issue_self_without_end(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000), bob = core_uid(70001);
        const IssueRequest request = { 0 };
        _heard_ heard = { 0 };
        unsigned n = 0;
        int r;

        core_add_user(core, "ada", 70000);
        core_add_user(core, "bob", 70001);
        do {
                heard_done(&heard);
                authority_issue_self(core->authority, &ada, &request, core_on_answer, &heard);
                r = core_wait(core, &heard);
        } while (r == 0 && ++n < 2 * SELF_QUOTA_BURST);
        assert_int_equal(r, REASON_OVERLOADED);
        assert_int_equal(n, SELF_QUOTA_BURST);
        assert_in_range(heard.answer.retry_after, 1, 15);
        heard_done(&heard);
        authority_issue_self(core->authority, &bob, &request, core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
}

static void test_names_of_grants(void **state) {
        assert_string_equal(grant_type_name(0), "password");
        assert_non_null(grant_type_name(2));
        assert_null(grant_type_name(3));
        assert_true(grant_type_is_known("refresh_token"));
        assert_false(grant_type_is_known("implicit"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, core_setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_login_of_pam),
                TEST(test_family_of_a_plain_grant),
                TEST(test_refusals),
                TEST(test_shapes),
                TEST(test_junk_counts_nothing),
                TEST(test_throttle),
                TEST(test_throttle_by_email),
                TEST(test_throttle_by_unknown_email),
                TEST(test_states),
                TEST(test_grant_users),
                TEST(test_grant_users_of_our_own),
                TEST(test_scopes),
                TEST(test_refresh),
                TEST(test_refresh_never_widens),
                TEST(test_refresh_never_outlives_the_family),
                TEST(test_refresh_64_times_at_once),
                TEST(test_client_credentials),
                TEST(test_issue),
                TEST(test_issue_self),
                TEST(test_issue_self_without_end),
                cmocka_unit_test(test_names_of_grants),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
