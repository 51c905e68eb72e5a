/* Adding, showing and removing clients. */

#include "admin-fixture.h"

static int add(Fixture *fixture, const ClientAddRequest *request, Outcome *outcome) {
        Caller root = caller_uid(0);

        *outcome = (Outcome){ 0 };
        authority_client_add(fixture->authority, &root, request, on_answer, outcome);
        return fixture_wait(fixture, outcome);
}

static int identify_r;
static bool identify_called;

static void on_caller(void *userdata, int r, Caller *caller) {
        identify_called = true;
        identify_r = r;
        if (r == 0)
                assert_int_equal(caller->kind, CALLER_CLIENT);
}

static int identify(Fixture *fixture, const char *id, const Secret *secret) {
        Credentials credentials = { .peer = caller_uid(1000).peer,
                                    .client_id = id,
                                    .client_secret = secret };

        identify_called = false;
        authority_identify(fixture->authority, &credentials, on_caller, NULL);
        while (!identify_called)
                assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) > 0);
        return identify_r;
}

static void makes_a_secret_and_shows_it_once(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(secret_done) Secret secret = SECRET_INIT;
        _cleanup_(secret_done) Secret wrong = secret_of("wrong");
        Caller root = caller_uid(0);
        Outcome outcome;

        assert_int_equal(add(fixture, &(ClientAddRequest){ .id = "app" }, &outcome), 0);
        secret = TAKE(outcome.answer.client_secret, SECRET_INIT);
        assert_int_equal(secret.size, 64);
        assert_true(text_is_hex(secret_text(&secret), 64));
        assert_string_equal(outcome.answer.client->id, "app");
        assert_true(secret_is_empty(&outcome.answer.client->hash));
        assert_true(client_may_use_grant(outcome.answer.client, "client_credentials"));
        assert_true(client_may_use_grant(outcome.answer.client, "refresh_token"));
        assert_false(client_may_use_grant(outcome.answer.client, "password"));
        assert_null(outcome.answer.client->issue_for);
        outcome_done(&outcome);

        authority_client_get(fixture->authority, &root, "app", on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        assert_true(secret_is_empty(&outcome.answer.client_secret));
        assert_true(secret_is_empty(&outcome.answer.client->hash));
        outcome_done(&outcome);

        assert_int_equal(identify(fixture, "app", &secret), 0);
        assert_int_equal(identify(fixture, "app", &secret), 0); /* by its HMAC */
        assert_int_equal(identify(fixture, "app", &wrong), REASON_INVALID_CLIENT);
        assert_int_equal(identify(fixture, "app", &secret), 0);
}

static void takes_what_is_given(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(secret_done) Secret secret = secret_of("a secret of their own");
        static const char *const grants[] = { "password", "refresh_token", "password", NULL };
        static const char *const scopes[] = { "write", "issue", "read", "read", NULL };
        static const char *const roles[] = { "nurse", "doctor", NULL };
        const ClientAddRequest request = {
                .id = "app",
                .grants = (char *const *)grants,
                .scopes = (char *const *)scopes,
                .issue_for = (char *const *)roles,
                .introspect_own_only = true,
                .access_lifetime = 60 * USEC_PER_SEC,
                .refresh_lifetime = 90 * USEC_PER_SEC,
                .secret = &secret,
        };
        Outcome outcome;
        const Client *client;

        assert_int_equal(add(fixture, &request, &outcome), 0);
        client = outcome.answer.client;
        assert_true(secret_is_empty(&outcome.answer.client_secret));
        assert_int_equal(strv_length(client->grants), 2);
        assert_int_equal(strv_length(client->scopes), 3);
        assert_string_equal(client->scopes[0], "issue");
        assert_int_equal(strv_length(client->issue_for), 2);
        assert_true(client->introspect_own_only);
        assert_int_equal(client->access_lifetime, 60 * USEC_PER_SEC);
        assert_int_equal(client->refresh_lifetime, 90 * USEC_PER_SEC);
        assert_true(client->created > 0);
        outcome_done(&outcome);
        assert_int_equal(identify(fixture, "app", &secret), 0);
}

static void refuses_what_makes_no_sense(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(secret_done) Secret empty = SECRET_INIT;
        _cleanup_(secret_done) Secret longest = SECRET_INIT;
        static const char *const bad_grants[] = { "password", "implicit", NULL };
        static const char *const bad_scopes[] = { "two words", NULL };
        static const char *const nothing[] = { NULL };
        static const char *const bad_roles[] = { "night nurse", NULL };
        const struct {
                ClientAddRequest request;
                int r;
        } cases[] = {
                { { .id = NULL }, REASON_INVALID_NAME },
                { { .id = "" }, REASON_INVALID_NAME },
                { { .id = "two words" }, REASON_INVALID_NAME },
                { { .id = "a\nb" }, REASON_INVALID_NAME },
                { { .id = "local" }, REASON_ID_TAKEN },
                { { .id = "x", .grants = (char *const *)bad_grants }, REASON_UNSUPPORTED_GRANT },
                { { .id = "x", .scopes = (char *const *)bad_scopes }, REASON_INVALID_SCOPE },
                { { .id = "x", .issue_for = (char *const *)nothing }, REASON_INVALID_VALUE },
                { { .id = "x", .issue_for = (char *const *)bad_roles }, REASON_INVALID_VALUE },
                { { .id = "x", .access_lifetime = -1 }, REASON_INVALID_VALUE },
                { { .id = "x", .access_lifetime = INT64_MAX }, REASON_INVALID_VALUE },
                { { .id = "x", .refresh_lifetime = 86401 * USEC_PER_SEC }, REASON_INVALID_VALUE },
                { { .id = "x", .secret = &empty }, REASON_EMPTY_PASSWORD },
                { { .id = "x", .secret = &longest }, REASON_INVALID_VALUE },
        };
        Outcome outcome;

        for (unsigned i = 0; i < 2000; i++)
                assert_int_equal(secret_append(&longest, "x", 1), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(add(fixture, &cases[i].request, &outcome), cases[i].r);
                assert_null(outcome.answer.client);
                assert_true(secret_is_empty(&outcome.answer.client_secret));
        }
}

static void ids_are_nobody_elses(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        Caller root = caller_uid(0);
        Outcome outcome = { 0 };

        authority_user_add(fixture->authority, &root,
                           &(UserAddRequest){ .name = "ada", .id = "A-1", .uid = UID_NONE },
                           on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(add(fixture, &(ClientAddRequest){ .id = "ada" }, &outcome),
                         REASON_ID_TAKEN);
        assert_int_equal(add(fixture, &(ClientAddRequest){ .id = "A-1" }, &outcome),
                         REASON_ID_TAKEN);
        assert_int_equal(add(fixture, &(ClientAddRequest){ .id = "app" }, &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(add(fixture, &(ClientAddRequest){ .id = "app" }, &outcome),
                         REASON_ID_TAKEN);
        outcome = (Outcome){ 0 };
        authority_user_add(fixture->authority, &root,
                           &(UserAddRequest){ .name = "app", .uid = UID_NONE }, on_answer,
                           &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_ID_TAKEN);
}

static void lists_in_pages(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(freep) char *cursor = NULL;
        Caller root = caller_uid(0);
        unsigned n_pages = 0, n_seen = 0;
        Outcome outcome;
        char id[16];

        for (unsigned i = 0; i < 5; i++) {
                snprintf(id, sizeof(id), "app%u", i);
                assert_int_equal(add(fixture, &(ClientAddRequest){ .id = id }, &outcome), 0);
                outcome_done(&outcome);
        }
        do {
                outcome = (Outcome){ 0 };
                authority_client_list(fixture->authority, &root, cursor, 2, on_answer, &outcome);
                assert_int_equal(fixture_wait(fixture, &outcome), 0);
                for (size_t i = 0; i < outcome.answer.n_clients; i++)
                        assert_true(secret_is_empty(&outcome.answer.clients[i]->hash));
                n_seen += outcome.answer.n_clients;
                n_pages++;
                free(cursor);
                cursor = TAKE_PTR(outcome.answer.cursor);
                outcome_done(&outcome);
        } while (cursor && n_pages < 10);
        assert_int_equal(n_seen, 6); /* and "local" */
        assert_int_equal(n_pages, 3);
        authority_client_list(fixture->authority, &root, NULL, 1001, on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_LIMIT_EXCEEDED);
}

static void removal_ends_all(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(secret_done) Secret secret = SECRET_INIT;
        Caller root = caller_uid(0);
        Outcome outcome;

        assert_int_equal(add(fixture, &(ClientAddRequest){ .id = "app" }, &outcome), 0);
        secret = TAKE(outcome.answer.client_secret, SECRET_INIT);
        outcome_done(&outcome);
        assert_int_equal(identify(fixture, "app", &secret), 0);
        authority_client_remove(fixture->authority, &root, "app", on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        assert_string_equal(outcome.answer.client->id, "app");
        outcome_done(&outcome);
        assert_int_equal(identify(fixture, "app", &secret), REASON_INVALID_CLIENT);

        /* Made again, it is another client. */
        assert_int_equal(add(fixture, &(ClientAddRequest){ .id = "app" }, &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(identify(fixture, "app", &secret), REASON_INVALID_CLIENT);

        authority_client_remove(fixture->authority, &root, "nobody", on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_CLIENT_UNKNOWN);
        outcome_done(&outcome);
        authority_client_remove(fixture->authority, &root, "local", on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_ACCESS_DENIED);
        outcome_done(&outcome);
}

static void only_administrators(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        Authority *authority = fixture->authority;
        Caller callers[2] = { caller_uid(1000) }; /* the other one is anonymous */

        for (size_t i = 0; i < ELEMENTSOF(callers); i++) {
                Outcome outcomes[4] = { 0 };

                authority_client_add(authority, &callers[i], &(ClientAddRequest){ .id = "app" },
                                     on_answer, &outcomes[0]);
                authority_client_get(authority, &callers[i], "local", on_answer, &outcomes[1]);
                authority_client_list(authority, &callers[i], NULL, 0, on_answer, &outcomes[2]);
                authority_client_remove(authority, &callers[i], "app", on_answer, &outcomes[3]);
                for (size_t j = 0; j < ELEMENTSOF(outcomes); j++) {
                        while (outcomes[j].n_calls == 0)
                                assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) > 0);
                        assert_int_equal(outcomes[j].r, REASON_ACCESS_DENIED);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(makes_a_secret_and_shows_it_once),
                cmocka_unit_test(takes_what_is_given),
                cmocka_unit_test(refuses_what_makes_no_sense),
                cmocka_unit_test(ids_are_nobody_elses),
                cmocka_unit_test(lists_in_pages),
                cmocka_unit_test(removal_ends_all),
                cmocka_unit_test(only_administrators),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
