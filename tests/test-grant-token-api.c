/* The password grant by the rules of /Token: one live token for each user and client, whoever asks
 * and however many ask at once. */

#include "core/tokens.h"
#include "core-fixture.h"

static void ask(Core *core, const Caller *caller, const char *user, const char *password,
                Heard *heard) {
        _secret_ secret = core_secret(password);

        authority_grant(core->authority, caller,
                        &(GrantRequest){ .grant_type = "password",
                                         .username = user,
                                         .password = &secret,
                                         .token_api = true },
                        core_on_answer, heard);
        core_wait(core, heard);
}

static bool is_live(Core *core, const Secret *token) {
        Caller root = core_root();
        _heard_ heard = { 0 };

        authority_introspect(core->authority, &root, token, core_on_answer, &heard);
        return core_wait(core, &heard) == 0;
}

static void set_default_client(Core *core, const char *id) {
        core->config.token_api_default_client = (char *)id;
        authority_set_config(core->authority, &core->config);
}

static int setup(void **state) {
        core_setup(state);
        Core *core = *state;

        core->config.token_api_lifetime = 14 * DAY;
        core->config.throttle = false;
        authority_set_config(core->authority, &core->config);
        core_add_user(core, "ada", 70000);
        core_add_user(core, "bob", 70001);
        core_add_client(core, "app", "password refresh_token", NULL, false);
        core_add_client(core, "other", "client_credentials", NULL, false);
        return 0;
}

static void test_answer(void **state) {
        Core *core = *state;
        _caller_ app = core_client(core, "app");
        _heard_ heard = { 0 };

        ask(core, &app, "ada", "PASSWORD-of-ada", &heard);
        assert_int_equal(heard.r, 0);
        assert_int_equal(heard.answer.access_token.size, TOKEN_TEXT_SIZE);
        assert_true(secret_is_empty(&heard.answer.refresh_token));
        assert_null(heard.answer.login);
        assert_string_equal(heard.answer.user->name, "ada");
        assert_string_equal(heard.answer.token->grant, TOKEN_GRANT_TOKEN_API);
        assert_string_equal(heard.answer.token->client_id, "app");
        assert_null(heard.answer.token->login);
        assert_true(heard.answer.token->expires - heard.answer.token->created == 14 * DAY);
        assert_int_equal(heard.answer.n_revoked, 0);
}

static void test_lifetimes(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ heard = { 0 };
        StoreRequest *request = store_request_new(STORE_CLIENT_ADD);
        Client *brief = client_new();

        brief->id = strdup("brief");
        assert_int_equal(strv_split("password", " ", &brief->grants), 0);
        brief->access_lifetime = DAY;
        core_hash("SECRET-of-brief", &brief->hash);
        assert_int_equal(store_request_take_client(request, brief), 0);
        assert_int_equal(core_store(core, request), 0);
        _caller_ caller = core_client(core, "brief");
        ask(core, &caller, "ada", "PASSWORD-of-ada", &heard);
        assert_true(heard.answer.token->expires - heard.answer.token->created == DAY);

        heard_done(&heard);
        core->config.maximum_lifetime = 10 * DAY;
        authority_set_config(core->authority, &core->config);
        ask(core, &root, "ada", "PASSWORD-of-ada", &heard);
        assert_true(heard.answer.token->expires - heard.answer.token->created == 10 * DAY);
}

static void test_earlier_ones_die(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _caller_ app = core_client(core, "app");
        _heard_ plain = { 0 }, first = { 0 }, local = { 0 }, bobs = { 0 }, second = { 0 };

        core_log_in(core, &app, "ada", "PASSWORD-of-ada", NULL, NULL, &plain);
        ask(core, &app, "ada", "PASSWORD-of-ada", &first);
        ask(core, &root, "ada", "PASSWORD-of-ada", &local);
        ask(core, &app, "bob", "PASSWORD-of-bob", &bobs);
        assert_true(is_live(core, &first.answer.access_token));

        ask(core, &app, "ada", "PASSWORD-of-ada", &second);
        assert_int_equal(second.r, 0);
        assert_int_equal(second.answer.n_revoked, 1);
        assert_false(is_live(core, &first.answer.access_token));
        assert_true(is_live(core, &second.answer.access_token));
        assert_true(is_live(core, &plain.answer.access_token));
        assert_true(is_live(core, &plain.answer.refresh_token));
        assert_true(is_live(core, &local.answer.access_token));
        assert_true(is_live(core, &bobs.answer.access_token));
}

/* A wrong password or a forbidden one discards nothing. */
static void test_refused_calls_discard_nothing(void **state) {
        Core *core = *state;
        _caller_ app = core_client(core, "app");
        _heard_ first = { 0 }, second = { 0 };

        ask(core, &app, "ada", "PASSWORD-of-ada", &first);
        ask(core, &app, "ada", "wrong", &second);
        assert_int_equal(second.r, REASON_WRONG_PASSWORD);
        assert_true(is_live(core, &first.answer.access_token));
}

static void test_many_at_once(void **state) {
        enum { N = 8 };
        Core *core = *state;
        _caller_ app = core_client(core, "app");
        _secret_ secret = core_secret("PASSWORD-of-ada");
        const GrantRequest request = { .grant_type = "password",
                                       .username = "ada",
                                       .password = &secret,
                                       .token_api = true };
        Heard heard[N] = { 0 };
        unsigned n_live = 0;
        uint64_t n_revoked = 0;

        for (size_t i = 0; i < N; i++)
                authority_grant(core->authority, &app, &request, core_on_answer, &heard[i]);
        for (size_t i = 0; i < N; i++) {
                while (heard[i].n == 0)
                        assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
                assert_int_equal(heard[i].r, 0);
                n_revoked += heard[i].answer.n_revoked;
        }
        for (size_t i = 0; i < N; i++) {
                n_live += is_live(core, &heard[i].answer.access_token);
                heard_done(&heard[i]);
        }
        assert_int_equal(n_live, 1);
        assert_int_equal(n_revoked, N - 1);
}

/* Each caller, with each client that may stand in for none. */
static void test_callers(void **state) {
        static char *const admin[] = { (char *)"admin", NULL };
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000), bob = core_uid(70001);
        Caller anonymous = core_anonymous();
        _caller_ app = core_client(core, "app"), other = core_client(core, "other");
        _caller_ bearer = CALLER_INIT, boss = CALLER_INIT;
        _heard_ heard = { 0 };

        core_add_user_like(core, "eve", 70002, "admin", NULL, USER_ACTIVE);
        authority_issue(core->authority, &root, &(IssueRequest){ .user = "ada" }, core_on_answer,
                        &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(core_bearer(core, &heard.answer.access_token, &bearer), 0);
        heard_done(&heard);
        authority_issue(core->authority, &root, &(IssueRequest){ .user = "eve", .scopes = admin },
                        core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(core_bearer(core, &heard.answer.access_token, &boss), 0);
        heard_done(&heard);

        const struct {
                const Caller *caller;
                const char *default_client;
                int r;
                const char *client;
        } rows[] = {
                { &root, NULL, 0, CLIENT_LOCAL },
                { &root, "app", 0, CLIENT_LOCAL },
                { &ada, NULL, 0, CLIENT_LOCAL },
                { &ada, "app", 0, CLIENT_LOCAL },
                { &bob, NULL, REASON_ACCESS_DENIED, NULL },
                { &bob, "app", REASON_ACCESS_DENIED, NULL },
                { &anonymous, NULL, REASON_INVALID_CLIENT, NULL },
                { &anonymous, "app", 0, "app" },
                { &anonymous, "other", REASON_UNAUTHORIZED_CLIENT, NULL },
                { &anonymous, "nobody", REASON_INVALID_CLIENT, NULL },
                { &app, NULL, 0, "app" },
                { &app, "other", 0, "app" },
                { &other, "app", REASON_UNAUTHORIZED_CLIENT, NULL },
                { &bearer, "app", REASON_ACCESS_DENIED, NULL },
                { &boss, "app", REASON_ACCESS_DENIED, NULL },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                set_default_client(core, rows[i].default_client);
                ask(core, rows[i].caller, "ada", "PASSWORD-of-ada", &heard);
                if (heard.r != rows[i].r)
                        fail_msg("row %zu: %s instead of %s", i, reason_to_string(heard.r),
                                 reason_to_string(rows[i].r));
                if (rows[i].r == 0)
                        assert_string_equal(heard.answer.token->client_id, rows[i].client);
                heard_done(&heard);
        }

        /* it stands in for nobody elsewhere, and proves nothing by itself */
        set_default_client(core, "app");
        assert_int_equal(core_log_in(core, &anonymous, "ada", "PASSWORD-of-ada", NULL, NULL,
                                     &heard),
                         REASON_INVALID_CLIENT);
        heard_done(&heard);
        ask(core, &anonymous, "ada", "wrong", &heard);
        assert_int_equal(heard.r, REASON_WRONG_PASSWORD);
        heard_done(&heard);
        ask(core, &anonymous, "nobody", "wrong", &heard);
        assert_int_equal(heard.r, REASON_WRONG_PASSWORD);
}

/* The stand-in's callers have the budget of their own address. */
static void test_throttle(void **state) {
        Core *core = *state;
        Caller anonymous = core_anonymous();
        _heard_ heard = { 0 };
        int r = 0;

        core->config.throttle = true;
        set_default_client(core, "app");
        for (unsigned i = 0; i < 8 && r != REASON_TOO_MANY_FAILURES; i++) {
                heard_done(&heard);
                ask(core, &anonymous, "ada", "wrong", &heard);
                r = heard.r;
        }
        assert_int_equal(r, REASON_TOO_MANY_FAILURES);
        heard_done(&heard);
        strcpy(anonymous.peer.remote, "192.0.2.77");
        ask(core, &anonymous, "ada", "PASSWORD-of-ada", &heard);
        assert_int_equal(heard.r, 0);
}

static void test_other_requests(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _caller_ app = core_client(core, "app");
        _secret_ secret = core_secret("PASSWORD-of-ada");
        _heard_ heard = { 0 };
        const struct {
                const Caller *caller;
                GrantRequest request;
                int r;
        } rows[] = {
                { &app, { .grant_type = "refresh_token", .refresh_token = &secret },
                  REASON_UNSUPPORTED_GRANT },
                { &app, { .grant_type = "client_credentials" }, REASON_UNSUPPORTED_GRANT },
                { &app, { .grant_type = "Password" }, REASON_UNSUPPORTED_GRANT },
                { &app, { 0 }, REASON_INVALID_REQUEST },
                { &app, { .grant_type = "password", .username = "ada" }, REASON_EMPTY_PASSWORD },
                { &app, { .grant_type = "password", .password = &secret }, REASON_INVALID_REQUEST },
                { &root,
                  { .grant_type = "password",
                    .username = "ada",
                    .password = &secret,
                    .service = "sshd" },
                  REASON_INVALID_REQUEST },
                { &app,
                  { .grant_type = "password", .email = "ADA@example.org", .password = &secret },
                  0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                GrantRequest request = rows[i].request;

                request.token_api = true;
                authority_grant(core->authority, rows[i].caller, &request, core_on_answer, &heard);
                int r = core_wait(core, &heard);
                if (r != rows[i].r)
                        fail_msg("row %zu: %s instead of %s", i, reason_to_string(r),
                                 reason_to_string(rows[i].r));
                heard_done(&heard);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_answer),
                TEST(test_lifetimes),
                TEST(test_earlier_ones_die),
                TEST(test_refused_calls_discard_nothing),
                TEST(test_many_at_once),
                TEST(test_callers),
                TEST(test_throttle),
                TEST(test_other_requests),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
