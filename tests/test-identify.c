/* Who is calling, and when a refusal is told. */

#include <errno.h>

#include "core/call.h"
#include "core/password.h"
#include "core/users.h"
#include "core-fixture.h"

static int identify(Core *core, Credentials credentials, Heard *heard) {
        heard_done(heard);
        authority_identify(core->authority, &credentials, core_on_caller, heard);
        return core_wait(core, heard);
}

/* 0 or -EAGAIN; the caller is compared with what the call says. */
static int identify_now(Core *core, Credentials credentials) {
        _caller_ caller = CALLER_INIT;
        _heard_ heard = { 0 };
        int r = authority_identify_now(core->authority, &credentials, &caller);

        assert_true(r == 0 || r == -EAGAIN);
        if (r != 0) {
                assert_memory_equal(&caller, &CALLER_INIT, sizeof(caller));
                return r;
        }
        assert_int_equal(identify(core, credentials, &heard), 0);
        assert_int_equal(caller.kind, heard.caller.kind);
        assert_memory_equal(&caller.peer, &heard.caller.peer, sizeof(caller.peer));
        assert_int_equal(!caller.client, !heard.caller.client);
        if (caller.client) {
                assert_string_equal(caller.client->id, heard.caller.client->id);
                assert_true(caller.client->epoch == heard.caller.client->epoch);
                assert_true(secret_is_empty(&caller.client->hash));
                assert_true(secret_is_empty(&heard.caller.client->hash));
        }
        assert_int_equal(!caller.token, !heard.caller.token);
        if (caller.token)
                assert_memory_equal(&caller.token->hash, &heard.caller.token->hash,
                                    sizeof(TokenHash));
        return 0;
}

static void test_peers(void **state) {
        static const struct {
                enum Door door;
                uint32_t uid;
                enum CallerKind kind;
        } rows[] = {
                { DOOR_SOCKET, 0, CALLER_ROOT },    { DOOR_SOCKET, 1000, CALLER_UID },
                { DOOR_BUS, 0, CALLER_ROOT },       { DOOR_BUS, 1000, CALLER_UID },
                { DOOR_TCP, 0, CALLER_ANONYMOUS },  { DOOR_TCP, UID_NONE, CALLER_ANONYMOUS },
                { DOOR_SOCKET, UID_NONE, CALLER_ANONYMOUS },
        };
        Core *core = *state;
        _heard_ heard = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Caller peer = core_caller(CALLER_ANONYMOUS, rows[i].door, rows[i].uid);

                assert_int_equal(identify_now(core, (Credentials){ .peer = peer.peer }), 0);
                assert_int_equal(identify(core, (Credentials){ .peer = peer.peer }, &heard), 0);
                assert_int_equal(heard.caller.kind, rows[i].kind);
                assert_int_equal(heard.caller.peer.uid, rows[i].uid);
        }
}

static void test_clients(void **state) {
        Core *core = *state;
        Caller root = core_root(), anonymous = core_anonymous();
        _secret_ right = core_secret("SECRET-of-app"), wrong = core_secret("wrong"),
                 none = SECRET_INIT;
        _secret_ bearer = core_secret(
                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        _heard_ heard = { 0 };

        core->config.throttle = false;
        authority_set_config(core->authority, &core->config);
        core_add_client(core, "app", "password", NULL, false);
        const struct {
                Credentials credentials;
                int r;
        } rows[] = {
                { { .client_id = "app", .client_secret = &right }, 0 },
                { { .client_id = "app", .client_secret = &wrong }, REASON_INVALID_CLIENT },
                { { .client_id = "nobody", .client_secret = &right }, REASON_INVALID_CLIENT },
                { { .client_id = "app", .client_secret = &none }, REASON_INVALID_CLIENT },
                { { .client_id = "app" }, REASON_INVALID_CLIENT },
                { { .client_id = "", .client_secret = &right }, REASON_INVALID_CLIENT },
                { { .client_secret = &right }, REASON_INVALID_CLIENT },
                { { .client_id = CLIENT_LOCAL, .client_secret = &right }, REASON_INVALID_CLIENT },
                { { .client_id = "app", .client_secret = &right, .bearer = &bearer },
                  REASON_INVALID_REQUEST },
                { { .client_id = "a p", .client_secret = &wrong, .client_id_raw = "app",
                    .client_secret_raw = &right }, 0 },
                { { .client_id = "app", .client_secret = &right, .client_id_raw = "app",
                    .client_secret_raw = &wrong }, 0 },
                { { .client_id = "app", .client_secret = &wrong, .client_id_raw = "app",
                    .client_secret_raw = &right }, 0 },
                { { .client_id = "app", .client_secret = &wrong, .client_id_raw = "app",
                    .client_secret_raw = &wrong }, REASON_INVALID_CLIENT },
                /* the second time without a hash */
                { { .client_id = "app", .client_secret = &right }, 0 },
                { { .client_id = "app", .client_secret = &wrong }, REASON_INVALID_CLIENT },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Credentials credentials = rows[i].credentials;

                credentials.peer = i % 2 ? root.peer : anonymous.peer;
                int r = identify(core, credentials, &heard);
                if (r != rows[i].r)
                        fail_msg("row %zu: %s", i, reason_to_string(r));
                if (r == 0) {
                        assert_int_equal(heard.caller.kind, CALLER_CLIENT);
                        assert_string_equal(heard.caller.client->id, "app");
                } else {
                        /* root's door does not make root of a caller whose proof failed */
                        assert_int_equal(heard.caller.kind, CALLER_ANONYMOUS);
                }
        }
}

static void test_client_throttle(void **state) {
        Core *core = *state;
        Caller anonymous = core_anonymous();
        _secret_ right = core_secret("SECRET-of-app"), wrong = core_secret("wrong");
        _secret_ raw = core_secret("other");
        _heard_ heard = { 0 };

        core_add_client(core, "app", "password", NULL, false);
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(identify(core, (Credentials){ .peer = anonymous.peer,
                                                               .client_id = "app",
                                                               .client_secret = &wrong,
                                                               .client_id_raw = "app",
                                                               .client_secret_raw = &raw },
                                          &heard),
                                 REASON_INVALID_CLIENT);
        assert_int_equal(identify(core, (Credentials){ .peer = anonymous.peer,
                                                       .client_id = "app",
                                                       .client_secret = &right },
                                  &heard),
                         REASON_TOO_MANY_FAILURES);
        strcpy(anonymous.peer.remote, "192.0.2.2");
        assert_int_equal(identify(core, (Credentials){ .peer = anonymous.peer,
                                                       .client_id = "app",
                                                       .client_secret = &right },
                                  &heard),
                         0);
}

static void client_remove(Core *core, const char *id) {
        StoreRequest *request = store_request_new(STORE_CLIENT_REMOVE);

        request->key.text = strdup(id);
        assert_int_equal(core_store(core, request), 0);
}

static void test_clients_at_once(void **state) {
        Core *core = *state;
        Caller anonymous = core_anonymous();
        _secret_ right = core_secret("SECRET-of-app"), wrong = core_secret("wrong"),
                 bad = core_secret("wrong+"), none = SECRET_INIT;
        _secret_ bearer = core_secret(
                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        Credentials good = { .peer = anonymous.peer, .client_id = "app", .client_secret = &right };
        _heard_ heard = { 0 };

        core_add_client(core, "app", "password", NULL, false);
        core_add_client(core, "other", "password", NULL, false);
        /* nobody has proven anything yet */
        assert_int_equal(identify_now(core, good), -EAGAIN);
        assert_int_equal(identify(core, good, &heard), 0);
        const struct {
                Credentials credentials;
                int r;
        } rows[] = {
                { { .client_id = "app", .client_secret = &right }, 0 },
                { { .client_id = "app", .client_secret = &wrong }, -EAGAIN },
                { { .client_id = "app", .client_secret = &none }, -EAGAIN },
                { { .client_id = "app" }, -EAGAIN },
                { { .client_id = "", .client_secret = &right }, -EAGAIN },
                { { .client_id = "other", .client_secret = &right }, -EAGAIN },
                { { .client_id = "nobody", .client_secret = &right }, -EAGAIN },
                { { .client_id = CLIENT_LOCAL, .client_secret = &right }, -EAGAIN },
                { { .client_secret = &right }, -EAGAIN },
                { { .client_id_raw = "app", .client_secret_raw = &right }, 0 },
                { { .client_id = "app", .client_secret = &right, .bearer = &bearer }, -EAGAIN },
                { { .client_id = "app", .client_secret = &right, .client_id_raw = "app",
                    .client_secret_raw = &wrong }, 0 },
                /* whoever sends a '+' as it is */
                { { .client_id = "app", .client_secret = &wrong, .client_id_raw = "app",
                    .client_secret_raw = &right }, 0 },
                { { .client_id = "a p", .client_secret = &wrong, .client_id_raw = "app",
                    .client_secret_raw = &right }, 0 },
                { { .client_id = "nobody", .client_secret = &wrong, .client_id_raw = "app",
                    .client_secret_raw = &right }, 0 },
                { { .client_id = "app", .client_secret = &wrong, .client_id_raw = "app",
                    .client_secret_raw = &bad }, -EAGAIN },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Credentials credentials = rows[i].credentials;

                credentials.peer = anonymous.peer;
                int r = identify_now(core, credentials);
                if (r != rows[i].r)
                        fail_msg("row %zu: %d", i, r);
        }
}

static void ignore_check(void *userdata, int r, bool matches) {
}

/* Until no worker takes another hash for a while. */
static void keep_workers_busy(Core *core) {
        PasswordLane lane = { .key = "198.51.100.1" };
        _secret_ secret = core_secret("x"),
                 hash = core_secret("$2b$09$abcdefghijklmnopqrstuu0123456789012345678901234567890");
        int r;

        do {
                r = password_check(core->authority->passwords, &secret, &hash, lane, ignore_check,
                                   NULL);
                assert_true(r == 0 || r == REASON_OVERLOADED);
        } while (r == 0);
}

/* Whichever reading is known to be right, no hash is asked; what is wrong costs them as ever. */
static void test_a_known_reading_costs_no_hash(void **state) {
        Core *core = *state;
        _secret_ right = core_secret("SECRET-of-app"), wrong = core_secret("wrong"),
                 bad = core_secret("wrong+");
        _heard_ heard = { 0 };
        Credentials raw = {
                .peer = core_anonymous().peer,
                .client_id = "app",
                .client_secret = &wrong,
                .client_id_raw = "app",
                .client_secret_raw = &right,
        };
        Credentials decoded = { .peer = raw.peer, .client_id = "app", .client_secret = &right };
        Credentials neither = raw, stranger = raw;

        decoded.client_id_raw = "nobody";
        decoded.client_secret_raw = &bad;
        neither.client_secret_raw = &bad;
        stranger.client_id_raw = "nobody";
        core_add_client(core, "app", "password", NULL, false);
        assert_int_equal(identify(core, raw, &heard), 0);

        keep_workers_busy(core);
        assert_int_equal(identify(core, neither, &heard), REASON_OVERLOADED);
        assert_int_equal(identify(core, stranger, &heard), REASON_OVERLOADED);
        assert_int_equal(identify(core, raw, &heard), 0);
        assert_int_equal(identify(core, decoded, &heard), 0);
}

/* Whatever was revoked, the record is read again. */
static void test_clients_at_once_until_a_revocation(void **state) {
        Core *core = *state;
        Caller anonymous = core_anonymous();
        _secret_ right = core_secret("SECRET-of-app"), new = core_secret("SECRET-of-new");
        Credentials good = { .peer = anonymous.peer, .client_id = "app", .client_secret = &right };
        StoreRequest *request;
        _heard_ heard = { 0 };

        core_add_client(core, "app", "password", NULL, false);
        core_add_client(core, "other", "password", NULL, false);
        assert_int_equal(identify(core, good, &heard), 0);
        assert_int_equal(identify_now(core, good), 0);
        client_remove(core, "other");
        assert_int_equal(identify_now(core, good), -EAGAIN);
        assert_int_equal(identify(core, good, &heard), 0);
        assert_int_equal(identify_now(core, good), 0);

        request = call_request(STORE_REVOKE_CLIENT, STORE_KEY_ID, "app");
        assert_int_equal(core_store(core, request), 0);
        assert_int_equal(identify_now(core, good), -EAGAIN);
        assert_int_equal(identify(core, good, &heard), 0);
        assert_int_equal(identify_now(core, good), 0);

        client_remove(core, "app");
        assert_int_equal(identify_now(core, good), -EAGAIN);
        assert_int_equal(identify(core, good, &heard), REASON_INVALID_CLIENT);

        /* made again, with another secret */
        Client *client = client_new();
        request = store_request_new(STORE_CLIENT_ADD);
        client->id = strdup("app");
        core_hash(new.text, &client->hash);
        assert_int_equal(store_request_take_client(request, client), 0);
        assert_int_equal(core_store(core, request), 0);
        assert_int_equal(identify_now(core, good), -EAGAIN);
        assert_int_equal(identify(core, good, &heard), REASON_INVALID_CLIENT);
        good.client_secret = &new;
        assert_int_equal(identify_now(core, good), -EAGAIN);
}

/* A revocation between the look-up and the hash: what was read before it is not kept. */
static void test_client_read_before_a_revocation_is_not_known(void **state) {
        Core *core = *state;
        Caller anonymous = core_anonymous();
        _secret_ right = core_secret("SECRET-of-app");
        Credentials good = { .peer = anonymous.peer, .client_id = "app", .client_secret = &right };
        _heard_ heard = { 0 };

        core_add_client(core, "app", "password", NULL, false);
        core_add_client(core, "other", "password", NULL, false);
        authority_identify(core->authority, &good, core_on_caller, &heard);
        client_remove(core, "other");
        while (heard.n == 0)
                assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
        assert_int_equal(heard.r, 0);
        assert_int_equal(identify_now(core, good), -EAGAIN);
}

static void test_clients_at_once_and_the_throttle(void **state) {
        Core *core = *state;
        Caller anonymous = core_anonymous();
        _secret_ right = core_secret("SECRET-of-app"), wrong = core_secret("wrong");
        Credentials good = { .peer = anonymous.peer, .client_id = "app", .client_secret = &right };
        Credentials bad = good;
        _heard_ heard = { 0 };

        bad.client_secret = &wrong;
        core_add_client(core, "app", "password", NULL, false);
        assert_int_equal(identify(core, good, &heard), 0);
        /* one failure, and no delay yet: it is the call's to forget it */
        assert_int_equal(identify(core, bad, &heard), REASON_INVALID_CLIENT);
        assert_int_equal(identify_now(core, good), -EAGAIN);
        assert_int_equal(identify(core, good, &heard), 0);
        assert_int_equal(identify_now(core, good), 0);

        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(identify(core, bad, &heard), REASON_INVALID_CLIENT);
        assert_int_equal(identify_now(core, good), -EAGAIN);
        assert_int_equal(identify(core, good, &heard), REASON_TOO_MANY_FAILURES);
        /* from elsewhere it may */
        Credentials elsewhere = good;
        strcpy(elsewhere.peer.remote, "192.0.2.2");
        assert_int_equal(identify_now(core, elsewhere), 0);
        core->config.throttle = false;
        authority_set_config(core->authority, &core->config);
        assert_int_equal(identify_now(core, good), 0);
}

static void test_bearers_at_once(void **state) {
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000);
        Peer peer = core_anonymous().peer;
        _heard_ token = { 0 }, other = { 0 }, own = { 0 }, locked = { 0 };
        _secret_ none = core_secret(
                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        _secret_ text = core_secret("not a token"), empty = SECRET_INIT;

        core_add_user(core, "ada", 70000);
        core_add_client(core, "ada-app", "client_credentials", NULL, false);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &token), 0);
        authority_issue(core->authority, &root, &(IssueRequest){ .client_id = "ada-app" },
                        core_on_answer, &own);
        assert_int_equal(core_wait(core, &own), 0);
        const Secret *good = &token.answer.access_token;
        const struct {
                const Secret *bearer;
                int r;
        } rows[] = {
                { good, 0 },
                { &own.answer.access_token, 0 },
                { &token.answer.refresh_token, -EAGAIN },
                { &none, -EAGAIN },
                { &text, -EAGAIN },
                { &empty, -EAGAIN },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                assert_int_equal(identify_now(core, (Credentials){ .peer = peer,
                                                                   .bearer = rows[i].bearer }),
                                 rows[i].r);

        /* one way at a time */
        assert_int_equal(identify_now(core, (Credentials){ .peer = peer, .bearer = good,
                                                           .client_id = "ada-app" }),
                         -EAGAIN);
        assert_int_equal(identify_now(core, (Credentials){ .peer = peer, .bearer = good,
                                                           .client_secret = &text }),
                         -EAGAIN);
        assert_int_equal(identify_now(core, (Credentials){ .peer = peer, .bearer = good,
                                                           .client_id_raw = "ada-app" }),
                         -EAGAIN);
        /* nor would a refresh token do, were it in the cache */
        _cleanup_(token_unrefp) Token *refresh = token_new();
        assert_int_equal(token_hash_from_text(token.answer.refresh_token.text,
                                              token.answer.refresh_token.size, &refresh->hash),
                         0);
        refresh->kind = TOKEN_REFRESH;
        refresh->client_id = strdup("ada-app");
        refresh->expires = INT64_MAX;
        cache_put(core->authority->cache, refresh);
        assert_int_equal(identify_now(core, (Credentials){ .peer = peer,
                                                           .bearer = &token.answer.refresh_token }),
                         -EAGAIN);

        cache_clear(core->authority->cache);
        assert_int_equal(identify_now(core, (Credentials){ .peer = peer, .bearer = good }),
                         -EAGAIN);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &other), 0);
        good = &other.answer.access_token;
        assert_int_equal(identify_now(core, (Credentials){ .peer = peer, .bearer = good }), 0);
        core_turned = 7 * DAY;
        assert_int_equal(identify_now(core, (Credentials){ .peer = peer, .bearer = good }),
                         -EAGAIN);

        heard_done(&other);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &other), 0);
        assert_int_equal(identify_now(core, (Credentials){ .peer = peer, .bearer = good }), 0);
        authority_user_set(core->authority, &root, "id-ada",
                           &(UserSetRequest){ .sets = USER_SETS_STATE, .state = USER_LOCKED },
                           core_on_answer, &locked);
        assert_int_equal(core_wait(core, &locked), 0);
        assert_int_equal(identify_now(core, (Credentials){ .peer = peer, .bearer = good }),
                         -EAGAIN);
}

static void test_bearers(void **state) {
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000);
        _caller_ caller = CALLER_INIT;
        _heard_ token = { 0 }, own = { 0 };
        _secret_ none = core_secret(
                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        _secret_ text = core_secret("not a token");

        core_add_user(core, "ada", 70000);
        core_add_client(core, "ada-app", "client_credentials", NULL, false);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &token), 0);
        assert_int_equal(core_bearer(core, &token.answer.access_token, &caller), 0);
        assert_int_equal(caller.kind, CALLER_USER_TOKEN);
        assert_string_equal(caller.token->user_id, "id-ada");
        caller_done(&caller);
        assert_int_equal(core_bearer(core, &token.answer.refresh_token, &caller),
                         REASON_INVALID_TOKEN);
        assert_int_equal(core_bearer(core, &none, &caller), REASON_INVALID_TOKEN);
        assert_int_equal(core_bearer(core, &text, &caller), REASON_INVALID_TOKEN);

        authority_issue(core->authority, &root, &(IssueRequest){ .client_id = "ada-app" },
                        core_on_answer, &own);
        assert_int_equal(core_wait(core, &own), 0);
        assert_int_equal(core_bearer(core, &own.answer.access_token, &caller), 0);
        assert_int_equal(caller.kind, CALLER_CLIENT_TOKEN);
        assert_null(caller.token->user_id);

        core_turned = 7 * DAY;
        caller_done(&caller);
        assert_int_equal(core_bearer(core, &token.answer.access_token, &caller),
                         REASON_INVALID_TOKEN);
}

/* µs from the request to when its refusal is due, before which nobody hears of it; 0: at once. */
static int64_t refusal_delay(Core *core, Caller *caller, const char *user, const char *password,
                             int r) {
        const struct CallList *delayed = &core->authority->delayed;
        _secret_ secret = core_secret(password);
        GrantRequest request = { .grant_type = "password", .username = user, .password = &secret };
        _heard_ heard = { 0 };
        int64_t due = 0;

        caller->peer.received = clock_monotonic(&core_clock);
        authority_grant(core->authority, caller, &request, core_on_answer, &heard);
        while (heard.n == 0) {
                if (!TAILQ_EMPTY(delayed))
                        due = TAILQ_FIRST(delayed)->due;
                assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
        }
        assert_int_equal(heard.r, r);
        assert_true(clock_monotonic(&core_clock) >= due);
        return due > 0 ? due - caller->peer.received : 0;
}

/* Known and unknown, right and wrong: each a whole number of quanta, and the same for all. */
static void test_refusals_come_at_a_fixed_time(void **state) {
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000);
        _caller_ app = CALLER_INIT;

        core->config.throttle = false;
        authority_set_config(core->authority, &core->config);
        core_add_user(core, "ada", 70000);
        core_add_user_like(core, "lou", 70001, NULL, NULL, USER_LOCKED);
        core_add_client(core, "app", "password", NULL, false);
        app = core_client(core, "app");
        (void)refusal_delay(core, &app, "ada", "wrong", REASON_WRONG_PASSWORD);

        const struct {
                Caller *caller;
                const char *user;
                const char *password;
                int r;
        } rows[] = {
                { &app, "ada", "wrong", REASON_WRONG_PASSWORD },
                { &app, "nobody", "wrong", REASON_WRONG_PASSWORD },
                { &app, "a:b", "wrong", REASON_WRONG_PASSWORD },
                { &app, "lou", "wrong", REASON_WRONG_PASSWORD },
                { &app, "lou", "PASSWORD-of-lou", REASON_USER_LOCKED },
                { &app, "ada", "", REASON_EMPTY_PASSWORD },
                { &ada, "lou", "wrong", REASON_ACCESS_DENIED },
                { &ada, "nobody", "wrong", REASON_ACCESS_DENIED },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                int64_t quantum = password_refusal_delay(core->authority->passwords);
                int64_t delay = refusal_delay(core, rows[i].caller, rows[i].user, rows[i].password,
                                              rows[i].r);

                assert_true(quantum > 0);
                assert_true(quantum == password_refusal_delay(core->authority->passwords));
                assert_true(delay >= quantum);
                assert_true(delay % quantum == 0);
        }
        /* root's door does not wait */
        assert_true(refusal_delay(core, &root, "nobody", "wrong", REASON_USER_UNKNOWN) == 0);
        assert_true(refusal_delay(core, &root, "ada", "", REASON_EMPTY_PASSWORD) == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, core_setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_peers),
                TEST(test_clients),
                TEST(test_client_throttle),
                TEST(test_bearers),
                TEST(test_clients_at_once),
                TEST(test_a_known_reading_costs_no_hash),
                TEST(test_clients_at_once_until_a_revocation),
                TEST(test_client_read_before_a_revocation_is_not_known),
                TEST(test_clients_at_once_and_the_throttle),
                TEST(test_bearers_at_once),
                TEST(test_refusals_come_at_a_fixed_time),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
