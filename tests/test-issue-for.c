/* Tokens for many users by partner id: who may, for whom, in which order, all or nothing. */

#include "core/call.h"
#include "core/clients.h"
#include "core/issue-for.h"
#include "core/tokens.h"
#include "core/users.h"
#include "core-fixture.h"

/* A client with a key: its own token of these scopes. */
static void add_key(Core *core, const char *id, const char *issue_for, const char *scopes,
                    Caller *ret) {
        StoreRequest *request = store_request_new(STORE_CLIENT_ADD);
        _cleanup_(strv_freep) char **words = NULL;
        Client *client = client_new();
        Caller root = core_root();
        _heard_ heard = { 0 };

        client->id = strdup(id);
        client->access_lifetime = 300 * DAY; /* the key's, not that of the users' tokens */
        assert_int_equal(strv_split(scopes, " ", &client->scopes), 0);
        assert_int_equal(strv_split(scopes, " ", &words), 0);
        if (issue_for)
                assert_int_equal(strv_split(issue_for, " ", &client->issue_for), 0);
        assert_int_equal(store_request_take_client(request, client), 0);
        assert_int_equal(core_store(core, request), 0);

        authority_issue(core->authority, &root,
                        &(IssueRequest){ .client_id = id, .scopes = words }, core_on_answer,
                        &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(core_bearer(core, &heard.answer.access_token, ret), 0);
}

static int setup(void **state) {
        core_setup(state);
        Core *core = *state;

        core->config.enterprise_lifetime = DAY;
        core->config.enterprise_bulk_maximum = 5;
        authority_set_config(core->authority, &core->config);
        core_add_user(core, "ada", 70000); /* role customer */
        core_add_user(core, "bob", 70001);
        core_add_user_like(core, "eve", 70002, "admin read", NULL, USER_ACTIVE);
        core_add_user_like(core, "lou", 70003, NULL, NULL, USER_LOCKED);
        core_add_user_like(core, "may", 70004, NULL, NULL, USER_PASSWORD_MUST_CHANGE);
        core_add_user_like(core, "ron", 70005, "read", NULL, USER_ACTIVE);
        return 0;
}

/* ids: "a b"; r. */
static int issue_for(Core *core, const Caller *caller, const char *ids, Heard *heard) {
        _cleanup_(strv_freep) char **words = NULL;

        assert_int_equal(strv_split(ids, " ", &words), 0);
        authority_issue_for(core->authority, caller,
                            &(IssueForRequest){ words, strv_length(words) }, core_on_answer, heard);
        return core_wait(core, heard);
}

static int introspect(Core *core, const Secret *token, Heard *heard) {
        Caller root = core_root();

        authority_introspect(core->authority, &root, token, core_on_answer, heard);
        return core_wait(core, heard);
}

static void test_order_and_tokens(void **state) {
        static const char *const names[] = { "ron", "ada", "bob" };
        Core *core = *state;
        _caller_ key = CALLER_INIT;
        _heard_ heard = { 0 };

        add_key(core, "key", NULL, "issue", &key);
        assert_int_equal(issue_for(core, &key, "id-ron id-ada id-bob", &heard), 0);
        assert_int_equal(heard.answer.n_tokens, 3);
        assert_int_equal(heard.answer.n_texts, 3);
        assert_int_equal(heard.answer.n_users, 3);
        assert_false(heard.answer.has_offender);
        for (size_t i = 0; i < 3; i++) {
                const Token *token = heard.answer.tokens[i];
                _heard_ found = { 0 };

                assert_string_equal(heard.answer.users[i]->name, names[i]);
                assert_true(secret_is_empty(&heard.answer.users[i]->hash));
                assert_int_equal(heard.answer.texts[i].size, TOKEN_TEXT_SIZE);
                assert_string_equal(token->user_name, names[i]);
                assert_string_equal(token->client_id, "key");
                assert_string_equal(token->grant, "issue");
                assert_null(token->scopes);
                assert_null(token->login);
                assert_true(token->expires - token->created == DAY);
                assert_int_equal(introspect(core, &heard.answer.texts[i], &found), 0);
                assert_string_equal(found.answer.token->user_name, names[i]);
        }
}

/* Each kind of caller. */
static void test_callers(void **state) {
        static char *const admin[] = { (char *)"admin", NULL };
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000), anonymous = core_anonymous();
        _caller_ key = CALLER_INIT, plain = CALLER_INIT, both = CALLER_INIT, boss = CALLER_INIT;
        _caller_ client_boss = CALLER_INIT, user = CALLER_INIT;
        _heard_ heard = { 0 };

        core_add_client(core, "app", "password client_credentials", "issue", false);
        _caller_ app = core_client(core, "app");
        add_key(core, "key", NULL, "issue", &key);
        add_key(core, "plain", NULL, "read", &plain);
        add_key(core, "both", NULL, "admin issue", &both);
        add_key(core, "boss", NULL, "admin", &client_boss);
        authority_issue(core->authority, &root, &(IssueRequest){ .user = "eve", .scopes = admin },
                        core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(core_bearer(core, &heard.answer.access_token, &boss), 0);
        heard_done(&heard);
        authority_issue(core->authority, &root, &(IssueRequest){ .user = "ada" }, core_on_answer,
                        &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(core_bearer(core, &heard.answer.access_token, &user), 0);
        heard_done(&heard);

        const struct {
                const Caller *caller;
                int r;
        } rows[] = {
                { &key, 0 },
                { &both, 0 },
                { &plain, REASON_ACCESS_DENIED },
                { &client_boss, REASON_ACCESS_DENIED },
                { &boss, REASON_ACCESS_DENIED },
                { &user, REASON_ACCESS_DENIED },
                { &app, REASON_ACCESS_DENIED },
                { &anonymous, REASON_ACCESS_DENIED },
                { &root, REASON_ACCESS_DENIED },
                { &ada, REASON_ACCESS_DENIED },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                int r = issue_for(core, rows[i].caller, "id-ada", &heard);
                if (r != rows[i].r)
                        fail_msg("row %zu: %s instead of %s", i, reason_to_string(r),
                                 reason_to_string(rows[i].r));
                assert_false(heard.answer.has_offender);
                heard_done(&heard);
        }
}

/* The first that is wrong is named, and nobody gets a token. */
static void test_offenders(void **state) {
        Core *core = *state;
        _caller_ key = CALLER_INIT;
        uint64_t before = store_status(core->store).n_tokens;

        add_key(core, "key", "customer", "issue", &key);
        const struct {
                const char *ids;
                int r;
                int offender; /* -1: none */
        } rows[] = {
                { "", REASON_INVALID_REQUEST, -1 },
                { "nobody", REASON_USER_UNKNOWN, 0 },
                { "ada", REASON_USER_UNKNOWN, 0 }, /* a name is no partner id */
                { "ID-ada", REASON_USER_UNKNOWN, 0 },
                { "id-ada nobody", REASON_USER_UNKNOWN, 1 },
                { "id-ada id-eve nobody", REASON_USER_UNKNOWN, 1 }, /* admin, perhaps */
                { "id-ada id-lou", REASON_USER_LOCKED, 1 },
                { "id-may id-lou", REASON_PASSWORD_MUST_CHANGE, 0 },
                { "id-ada id-bob id-ada", REASON_INVALID_REQUEST, 2 },
                { "id-ada id-bob id-bob id-ada", REASON_INVALID_REQUEST, 2 },
                { "id-bob id-ada id-ada id-bob", REASON_INVALID_REQUEST, 2 },
                { "id-ada nobody id-ada", REASON_USER_UNKNOWN, 1 },
                { "id-ada id-ada nobody", REASON_INVALID_REQUEST, 1 },
                { "nobody nobody", REASON_USER_UNKNOWN, 0 },
                { "1 2 3 4 5 6", REASON_LIMIT_EXCEEDED, 5 },
                { "1 2 3 4 5 6 7 7", REASON_LIMIT_EXCEEDED, 5 },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _heard_ heard = { 0 };
                int r = issue_for(core, &key, rows[i].ids, &heard);

                if (r != rows[i].r)
                        fail_msg("\"%s\": %s instead of %s", rows[i].ids, reason_to_string(r),
                                 reason_to_string(rows[i].r));
                assert_int_equal(heard.answer.has_offender, rows[i].offender >= 0);
                if (rows[i].offender >= 0)
                        assert_int_equal(heard.answer.offender, rows[i].offender);
                assert_int_equal(heard.answer.n_tokens, 0);
                assert_int_equal(heard.answer.n_texts, 0);
        }
        assert_int_equal(store_status(core->store).n_tokens, before + 1);
}

/* issue_for lists roles; what it does not cover is as good as unknown. */
static void test_coverage(void **state) {
        Core *core = *state;
        _caller_ all = CALLER_INIT, customers = CALLER_INIT, staff = CALLER_INIT;
        _caller_ nobody = CALLER_INIT;
        StoreRequest *request = store_request_new(STORE_USER_ADD);
        User *user = user_new();

        user->id = strdup("id-roleless");
        user->name = strdup("roleless");
        user->partner_id = strdup("236f5cdc-7h82-6fh3-h37s-9382840de46575");
        user->uid = user->gid = 70009;
        assert_int_equal(store_request_take_user(request, user), 0);
        assert_int_equal(core_store(core, request), 0);
        add_key(core, "all", NULL, "issue", &all);
        add_key(core, "customers", "customer manager", "issue", &customers);
        add_key(core, "staff", "staff", "issue", &staff);
        add_key(core, "nobody", "", "issue", &nobody);

        const struct {
                const Caller *key;
                const char *id;
                int r;
        } rows[] = {
                { &all, "id-ada", 0 },
                { &all, "236f5cdc-7h82-6fh3-h37s-9382840de46575", 0 },
                { &all, "id-roleless", REASON_USER_UNKNOWN },
                { &customers, "id-ada", 0 },
                { &customers, "236f5cdc-7h82-6fh3-h37s-9382840de46575", REASON_USER_UNKNOWN },
                { &staff, "id-ada", REASON_USER_UNKNOWN },
                { &staff, "id-lou", REASON_USER_UNKNOWN }, /* locked, but none of its business */
                { &all, "id-eve", REASON_USER_UNKNOWN },
                { &nobody, "id-ada", REASON_USER_UNKNOWN },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _heard_ heard = { 0 };
                int r = issue_for(core, rows[i].key, rows[i].id, &heard);

                if (r != rows[i].r)
                        fail_msg("row %zu: %s instead of %s", i, reason_to_string(r),
                                 reason_to_string(rows[i].r));
        }
}

/* The key dies between its first look and the commit. */
static void test_key_dies_meanwhile(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _caller_ key = CALLER_INIT, gone = CALLER_INIT;
        _heard_ heard = { 0 };

        add_key(core, "key", NULL, "issue", &key);
        add_key(core, "gone", NULL, "issue", &gone);
        authority_revoke_owner(core->authority, &root,
                               &(RevokeRequest){ .client_id = "key", .uid = UID_NONE },
                               core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        heard_done(&heard);
        authority_client_remove(core->authority, &root, "gone", core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        heard_done(&heard);

        assert_int_equal(issue_for(core, &key, "id-ada", &heard), REASON_INVALID_TOKEN);
        heard_done(&heard);
        assert_int_equal(issue_for(core, &gone, "id-ada", &heard), REASON_INVALID_TOKEN);
}

/* A user is locked while tokens are made: either before them, or they die with the lock. */
static void test_user_locked_meanwhile(void **state) {
        char *const ids[] = { (char *)"id-ada", (char *)"id-bob", NULL };
        Core *core = *state;
        _caller_ key = CALLER_INIT;
        _heard_ heard = { 0 };
        StoreRequest *lock;
        int locked = INT32_MIN;

        add_key(core, "key", NULL, "issue", &key);
        authority_issue_for(core->authority, &key, &(IssueForRequest){ ids, 2 }, core_on_answer,
                            &heard);
        lock = call_user_set_request("id-bob", USER_SETS_STATE);
        lock->users[0]->state = USER_LOCKED;
        assert_int_equal(store_submit(core->store, lock, core_on_stored, &locked), 0);
        core_wait(core, &heard);
        while (locked == INT32_MIN)
                assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
        if (heard.r == 0) {
                _heard_ found = { 0 };

                assert_int_equal(introspect(core, &heard.answer.texts[1], &found),
                                 REASON_TOKEN_UNKNOWN);
        } else {
                assert_int_equal(heard.r, REASON_USER_LOCKED);
                assert_int_equal(heard.answer.offender, 1);
                assert_int_equal(heard.answer.n_tokens, 0);
        }
}

/* A full bulk is one transaction, and lives beside others. */
static void test_full_bulk(void **state) {
        enum { N = 1000 };
        Core *core = *state;
        char *ids[N + 1] = { NULL };
        int added = 0;
        _caller_ key = CALLER_INIT;
        _heard_ heard = { 0 };

        core->config.enterprise_bulk_maximum = N;
        authority_set_config(core->authority, &core->config);
        for (size_t i = 0; i < N; i++) {
                StoreRequest *request = store_request_new(STORE_USER_ADD);
                User *user = user_new();

                assert_true(asprintf(&user->id, "user-%zu", i) > 0);
                user->name = strdup(user->id);
                user->partner_id = strdup(user->id);
                ids[i] = strdup(user->id);
                user->uid = user->gid = 80000 + (uint32_t)i;
                assert_int_equal(store_request_take_user(request, user), 0);
                assert_int_equal(store_submit(core->store, request, core_on_stored, &added), 0);
        }
        add_key(core, "key", NULL, "issue", &key);
        int64_t start = clock_monotonic(&clock_system);
        authority_issue_for(core->authority, &key, &(IssueForRequest){ ids, N }, core_on_answer,
                            &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        print_message("%d tokens: %lld ms\n", N,
                      (long long)(clock_monotonic(&clock_system) - start) / 1000);
        assert_int_equal(heard.answer.n_tokens, N);
        for (size_t i = 0; i < N; i++) {
                assert_string_equal(heard.answer.users[i]->partner_id, ids[i]);
                assert_string_equal(heard.answer.tokens[i]->user_id, ids[i]);
        }
        heard_done(&heard);
        free(ids[N - 1]);
        ids[N - 1] = strdup(ids[0]);
        authority_issue_for(core->authority, &key, &(IssueForRequest){ ids, N }, core_on_answer,
                            &heard);
        assert_int_equal(core_wait(core, &heard), REASON_INVALID_REQUEST);
        assert_int_equal(heard.answer.offender, N - 1);
        assert_int_equal(store_status(core->store).n_tokens, N + 1);
        for (size_t i = 0; i < N; i++)
                free(ids[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_order_and_tokens),
                TEST(test_callers),
                TEST(test_offenders),
                TEST(test_coverage),
                TEST(test_key_dies_meanwhile),
                TEST(test_user_locked_meanwhile),
                TEST(test_full_bulk),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
