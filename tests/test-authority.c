/* The authority as a whole: its start and end, its chores, and what a restart keeps. */

#include <errno.h>

#include "core/call.h"
#include "core/last-used.h"
#include "core/password.h"
#include "core/tokens.h"
#include "core-fixture.h"

static int introspect(Core *core, const Secret *token) {
        Caller root = core_root();
        _heard_ heard = { 0 };

        authority_introspect(core->authority, &root, token, core_on_answer, &heard);
        return core_wait(core, &heard);
}

static void test_bad_configuration(void **state) {
        Core *core = *state;
        Authority *authority = NULL;
        Config config = core->config;

        config.hash = (char *)"rot13";
        assert_int_equal(authority_new(core->event, core->store, &config, &core_clock, &authority),
                         -EINVAL);
        assert_null(authority);
        assert_null(authority_free(NULL));
}

static void test_restart(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        _heard_ kept = { 0 }, revoked = { 0 }, gone = { 0 };

        core_add_user(core, "ada", 70000);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &kept), 0);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &revoked),
                         0);
        authority_revoke(core->authority, &ada, &revoked.answer.access_token, core_on_answer,
                         &gone);
        assert_int_equal(core_wait(core, &gone), 0);
        core_close(core);
        core_open(core);
        assert_int_equal(introspect(core, &kept.answer.access_token), 0);
        assert_int_equal(introspect(core, &revoked.answer.access_token), REASON_TOKEN_UNKNOWN);
}

static void test_reload(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        Config longer = core->config, broken = core->config;
        _heard_ before = { 0 }, after = { 0 };

        core_add_user(core, "ada", 70000);
        longer.access_lifetime = 8 * DAY;
        broken.hash = (char *)"rot13";
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &before), 0);
        authority_set_config(core->authority, &longer);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &after), 0);
        assert_int_equal(before.answer.token->expires - before.answer.token->created, 7 * DAY);
        assert_int_equal(after.answer.token->expires - after.answer.token->created, 8 * DAY);
        authority_set_config(core->authority, &broken);
        authority_set_config(core->authority, &core->config);
}

static void test_status(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ heard = { 0 };

        core_add_user(core, "ada", 70000);
        assert_int_equal(core_log_in(core, &root, "ada", "PASSWORD-of-ada", NULL, "sshd", &heard),
                         0);
        AuthorityStatus status = authority_status(core->authority);
        assert_int_equal(status.store.n_tokens, 1);
        assert_int_equal(status.store.n_logins, 1);
        assert_int_equal(status.store.error, 0);
        assert_int_equal(status.cached, 1);
        assert_int_equal(status.n_calls, 0);
}

/* What is issued is known without asking the store. */
static void test_issued_is_cached(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        _heard_ heard = { 0 };

        core_add_user(core, "ada", 70000);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &heard), 0);
        Token *token = cache_get(core->authority->cache, &heard.answer.token->hash,
                                 clock_realtime(&core_clock));
        assert_non_null(token);
        assert_string_equal(token->user_name, "ada");
        assert_string_equal(token->user_role, "customer");
        token_unref(token);
}

/* Over many rows, in more than one step. */
static void test_sweep_goes_on(void **state) {
        Core *core = *state;
        Caller root = core_root();
        Heard heard[700] = { 0 };
        IssueRequest request = { .user = "ada", .lifetime = USEC_PER_SEC };

        core_add_user(core, "ada", 70000);
        for (size_t i = 0; i < ELEMENTSOF(heard); i++)
                authority_issue(core->authority, &root, &request, core_on_answer, &heard[i]);
        for (size_t i = 0; i < ELEMENTSOF(heard); i++) {
                while (heard[i].n == 0)
                        assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
                assert_int_equal(heard[i].r, 0);
                heard_done(&heard[i]);
        }
        assert_int_equal(authority_status(core->authority).store.n_tokens, ELEMENTSOF(heard));
        core_turned = 2 * USEC_PER_SEC;
        assert_int_equal(sd_event_source_set_time_relative(core->authority->sweep_source, 0), 0);
        for (unsigned i = 0; authority_status(core->authority).store.n_tokens > 0; i++) {
                assert_true(i < 1000);
                assert_true(sd_event_run(core->event, 10 * USEC_PER_MSEC) >= 0);
        }
}

static void test_last_uses_are_written(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        TokenTouch touch;
        _heard_ heard = { 0 };
        size_t cursor = 0;

        core_add_user(core, "ada", 70000);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &heard), 0);
        assert_int_equal(introspect(core, &heard.answer.access_token), 0);
        assert_int_equal(sd_event_source_set_time_relative(core->authority->touch_source, 0), 0);
        assert_true(sd_event_run(core->event, USEC_PER_SEC) >= 0);
        for (unsigned i = 0; core->authority->touch; i++) {
                assert_true(i < 1000);
                assert_true(sd_event_run(core->event, 10 * USEC_PER_MSEC) >= 0);
        }
        assert_int_equal(core->n_used, 1);
        assert_int_equal(last_used_take(core->authority->last_used, &cursor, &touch, 1), 0);
        assert_int_equal(authority_status(core->authority).store.error, 0);
}

/* The end comes while a chore is under way. */
static void test_end_amid_chores(void **state) {
        Core *core = *state;

        for (unsigned i = 0; i < 20; i++) {
                assert_int_equal(
                                sd_event_source_set_time_relative(core->authority->sweep_source, 0),
                                0);
                (void)sd_event_run(core->event, USEC_PER_MSEC);
                core_close(core);
                core_open(core);
        }
}

/* More than the hash queue holds: the rest is told at once, and nobody is forgotten. */
static void test_overload(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        _secret_ password = core_secret("PASSWORD-of-ada");
        GrantRequest request = { .grant_type = "password",
                                 .username = "ada",
                                 .password = &password };
        Heard heard[200] = { 0 };
        size_t n_done = 0, n_overloaded = 0;

        core_add_user(core, "ada", 70000);
        for (size_t i = 0; i < ELEMENTSOF(heard); i++)
                authority_grant(core->authority, &ada, &request, core_on_answer, &heard[i]);
        for (size_t i = 0; i < ELEMENTSOF(heard); i++) {
                while (heard[i].n == 0)
                        assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
                assert_int_equal(heard[i].n, 1);
                n_done += heard[i].r == 0;
                n_overloaded += heard[i].r == REASON_OVERLOADED;
                heard_done(&heard[i]);
        }
        assert_int_equal(n_done + n_overloaded, ELEMENTSOF(heard));
        assert_true(n_done >= 64);
        assert_int_equal(authority_status(core->authority).n_calls, 0);
}

static void store_hash_of_user(Core *core, const char *hash) {
        StoreRequest *request = call_request(STORE_USER_REHASH, STORE_KEY_ID, "id-ada");

        assert_int_equal(secret_append_text(&request->hash, hash), 0);
        assert_int_equal(core_store(core, request), 0);
}

static void store_hash_of_client(Core *core, const char *hash) {
        StoreRequest *request = store_request_new(STORE_CLIENT_ADD);
        Client *client = client_new();

        client->id = strdup("slow");
        assert_int_equal(secret_append_text(&client->hash, hash), 0);
        assert_int_equal(store_request_take_client(request, client), 0);
        assert_int_equal(core_store(core, request), 0);
}

/* Before anybody guesses, a refusal takes as long as the dearest hash wants. */
static void test_stored_hashes_are_measured(void **state) {
        void (*const stores[])(Core *core, const char *hash) = { store_hash_of_user,
                                                                 store_hash_of_client };
        static const char *const hashes[] = { "$2b$12$abcdefghijklmnopqrstuu",
                                              "$2b$13$abcdefghijklmnopqrstuu" };
        Core *core = *state;
        int64_t before = 500 * USEC_PER_MSEC;

        core_add_user(core, "ada", 70000);
        for (size_t i = 0; i < ELEMENTSOF(stores); i++) {
                stores[i](core, hashes[i]);
                core_close(core);
                core_open(core);
                for (int64_t delay = 0; delay <= before || delay == 500 * USEC_PER_MSEC;
                     delay = password_refusal_delay(core->authority->passwords))
                        assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) > 0);
                before = password_refusal_delay(core->authority->passwords);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, core_setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_bad_configuration),
                TEST(test_restart),
                TEST(test_reload),
                TEST(test_status),
                TEST(test_issued_is_cached),
                TEST(test_sweep_goes_on),
                TEST(test_last_uses_are_written),
                TEST(test_end_amid_chores),
                TEST(test_overload),
                TEST(test_stored_hashes_are_measured),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
