/* Showing, locking and removing users. */

#include "admin-fixture.h"

static void shows_users_to_those_who_may(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "geheim");
        _cleanup_(user_freep) User *bob = add_user(fixture, "bob", "geheim");
        const struct {
                Caller caller;
                const char *id, *name;
                int r;
        } cases[] = {
                { caller_uid(0), ada->id, NULL, 0 },
                { caller_uid(0), NULL, "ada", 0 },
                { caller_uid(0), "nobody", NULL, REASON_USER_UNKNOWN },
                { caller_uid(0), NULL, NULL, REASON_INVALID_REQUEST },
                { caller_uid(ada->uid), ada->id, NULL, 0 },
                { caller_uid(ada->uid), NULL, "ada", 0 },
                { caller_uid(ada->uid), bob->id, NULL, REASON_ACCESS_DENIED },
                { caller_uid(ada->uid), NULL, "bob", REASON_ACCESS_DENIED },
                { caller_uid(ada->uid), NULL, "nobody", REASON_ACCESS_DENIED },
                { { .peer = { .door = DOOR_TCP, .uid = UID_NONE } },
                  ada->id,
                  NULL,
                  REASON_ACCESS_DENIED },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Outcome outcome = { 0 };

                authority_user_get(fixture->authority, &cases[i].caller, cases[i].id, cases[i].name,
                                   on_answer, &outcome);
                assert_int_equal(fixture_wait(fixture, &outcome), cases[i].r);
                if (cases[i].r == 0) {
                        assert_string_equal(outcome.answer.user->name, "ada");
                        assert_true(secret_is_empty(&outcome.answer.user->hash));
                }
                outcome_done(&outcome);
        }
}

static void lists_in_pages(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(freep) char *cursor = NULL;
        Caller root = caller_uid(0);
        unsigned n_pages = 0, n_seen = 0;
        char name[16];

        for (unsigned i = 0; i < 5; i++) {
                snprintf(name, sizeof(name), "user%u", i);
                user_free(add_user(fixture, name, "geheim"));
        }
        do {
                Outcome outcome = { 0 };

                authority_user_list(fixture->authority, &root, cursor, 2, on_answer, &outcome);
                assert_int_equal(fixture_wait(fixture, &outcome), 0);
                for (size_t i = 0; i < outcome.answer.n_users; i++)
                        assert_true(secret_is_empty(&outcome.answer.users[i]->hash));
                n_seen += outcome.answer.n_users;
                n_pages++;
                free(cursor);
                cursor = TAKE_PTR(outcome.answer.cursor);
                outcome_done(&outcome);
        } while (cursor && n_pages < 10);
        assert_int_equal(n_seen, 5);
        assert_int_equal(n_pages, 3);
}

static void removal_kills_tokens(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "geheim");
        _cleanup_(user_freep) User *again = NULL;
        _cleanup_(secret_done) Secret token = SECRET_INIT;
        Caller root = caller_uid(0);
        Outcome outcome;

        assert_int_equal(try_password(fixture, "ada", "geheim", &outcome), 0);
        token = TAKE(outcome.answer.access_token, SECRET_INIT);
        outcome_done(&outcome);
        authority_user_remove(fixture->authority, &root, ada->id, on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        assert_string_equal(outcome.answer.user->name, "ada");
        assert_true(outcome.answer.n_revoked > 0);
        outcome_done(&outcome);
        assert_int_equal(fixture->n_changed, 2);
        assert_int_equal(fixture->n_gone, 1);
        again = add_user(fixture, "ada", "geheim");
        assert_int_not_equal(again->uid, ada->uid); /* never given twice */
        authority_introspect(fixture->authority, &root, &token, on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_TOKEN_UNKNOWN);
        outcome_done(&outcome);
        authority_user_remove(fixture->authority, &root, ada->id, on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_USER_UNKNOWN);
}

static void locking_kills_tokens(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "geheim");
        _cleanup_(secret_done) Secret token = SECRET_INIT;
        Caller root = caller_uid(0);
        Outcome outcome;

        assert_int_equal(try_password(fixture, "ada", "geheim", &outcome), 0);
        token = TAKE(outcome.answer.access_token, SECRET_INIT);
        outcome_done(&outcome);
        authority_user_set_state(fixture->authority, &root, ada->id, USER_LOCKED, on_answer,
                                 &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        assert_int_equal(outcome.answer.user->state, USER_LOCKED);
        assert_true(outcome.answer.n_revoked > 0);
        outcome_done(&outcome);
        assert_int_equal(fixture->n_changed, 2);
        authority_introspect(fixture->authority, &root, &token, on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_TOKEN_UNKNOWN);
        outcome_done(&outcome);
        assert_int_equal(try_password(fixture, "ada", "geheim", &outcome), REASON_USER_LOCKED);
        outcome_done(&outcome);
        authority_user_set_state(fixture->authority, &root, ada->id, USER_ACTIVE, on_answer,
                                 &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(try_password(fixture, "ada", "geheim", &outcome), 0);
        outcome_done(&outcome);
        authority_user_set_state(fixture->authority, &root, ada->id, _USER_STATE_MAX, on_answer,
                                 &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_INVALID_VALUE);
}

static int set_user(Fixture *fixture, const char *id, UserSetRequest request, Outcome *outcome) {
        Caller root = caller_uid(0);

        *outcome = (Outcome){ 0 };
        authority_user_set(fixture->authority, &root, id, &request, on_answer, outcome);
        return fixture_wait(fixture, outcome);
}

#define SSH_KEY                                                                                    \
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFUyYOVg1AO1QmZm0sUO+nuwT04pXCPqrprQKOSO37lW"

static void sets_what_is_named(void **state) {
        static char *const keys[] = { (char *)SSH_KEY " a", NULL }, *const none[] = { NULL };
        int64_t later = clock_realtime(&clock_system) + 7200 * USEC_PER_SEC;
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "geheim");
        const struct {
                UserSetRequest request;
                enum UserState state;
                int64_t expires;
                size_t n_keys;
        } steps[] = {
                { { .sets = USER_SETS_SSH_KEYS, .ssh_keys = keys }, USER_ACTIVE, 0, 1 },
                { { .sets = USER_SETS_EXPIRES, .expires = later }, USER_ACTIVE, later, 1 },
                { { .sets = USER_SETS_STATE, .state = USER_LOCKED }, USER_LOCKED, later, 1 },
                { { .sets = USER_SETS_SSH_KEYS, .ssh_keys = none }, USER_LOCKED, later, 0 },
                { { .sets = USER_SETS_STATE | USER_SETS_EXPIRES | USER_SETS_SSH_KEYS,
                    .ssh_keys = keys },
                  USER_ACTIVE,
                  0,
                  1 },
                { { .sets = USER_SETS_SSH_KEYS }, USER_ACTIVE, 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                Outcome outcome;

                assert_int_equal(set_user(fixture, ada->id, steps[i].request, &outcome), 0);
                assert_int_equal(outcome.answer.user->state, steps[i].state);
                assert_true(outcome.answer.user->expires == steps[i].expires);
                assert_int_equal(strv_length(outcome.answer.user->ssh_keys), steps[i].n_keys);
                /* None is told as none, not as an empty list. */
                assert_int_equal(outcome.answer.user->ssh_keys != NULL, steps[i].n_keys > 0);
                assert_true(secret_is_empty(&outcome.answer.user->hash));
                outcome_done(&outcome);
        }
        assert_int_equal(fixture->n_changed, 1 + ELEMENTSOF(steps));
}

static void refuses_to_set_nonsense(void **state) {
        static char *const bad[] = { (char *)"command=\"id\" " SSH_KEY, NULL };
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "geheim");
        Outcome outcome;

        assert_int_equal(set_user(fixture, ada->id, (UserSetRequest){ 0 }, &outcome),
                         REASON_INVALID_REQUEST);
        assert_int_equal(set_user(fixture, ada->id, (UserSetRequest){ .sets = 8 }, &outcome),
                         REASON_INVALID_REQUEST);
        assert_int_equal(set_user(fixture, ada->id,
                                  (UserSetRequest){ .sets = USER_SETS_EXPIRES, .expires = -1 },
                                  &outcome),
                         REASON_INVALID_VALUE);
        assert_int_equal(set_user(fixture, ada->id,
                                  (UserSetRequest){ .sets = USER_SETS_SSH_KEYS, .ssh_keys = bad },
                                  &outcome),
                         REASON_INVALID_VALUE);
        assert_int_equal(set_user(fixture, "nobody",
                                  (UserSetRequest){ .sets = USER_SETS_EXPIRES }, &outcome),
                         REASON_USER_UNKNOWN);
        assert_int_equal(fixture->n_changed, 1);
}

/* In the cache too, at once. */
static void an_earlier_expiry_kills_tokens(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "geheim");
        int64_t now = clock_realtime(&clock_system);
        Caller root = caller_uid(0);
        const struct {
                int64_t expires;
                bool kills;
        } steps[] = {
                { now + 7200 * USEC_PER_SEC, true },
                { now + 7300 * USEC_PER_SEC, false },
                { now + 7200 * USEC_PER_SEC, true },
                { 0, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                _cleanup_(secret_done) Secret token = SECRET_INIT;
                Outcome outcome;

                assert_int_equal(try_password(fixture, "ada", "geheim", &outcome), 0);
                token = TAKE(outcome.answer.access_token, SECRET_INIT);
                outcome_done(&outcome);
                assert_int_equal(set_user(fixture, ada->id,
                                          (UserSetRequest){ .sets = USER_SETS_EXPIRES,
                                                            .expires = steps[i].expires },
                                          &outcome),
                                 0);
                assert_int_equal(outcome.answer.n_revoked > 0, steps[i].kills);
                outcome_done(&outcome);
                authority_introspect(fixture->authority, &root, &token, on_answer, &outcome);
                assert_int_equal(fixture_wait(fixture, &outcome),
                                 steps[i].kills ? REASON_TOKEN_UNKNOWN : 0);
                outcome_done(&outcome);
        }
}

static void only_administrators(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "geheim");
        Authority *authority = fixture->authority;
        Caller callers[2] = { caller_uid(ada->uid) }; /* the other one is anonymous */

        for (size_t i = 0; i < ELEMENTSOF(callers); i++) {
                Outcome outcomes[4] = { 0 };

                authority_user_add(authority, &callers[i], &(UserAddRequest){ .name = "x" },
                                   on_answer, &outcomes[0]);
                authority_user_list(authority, &callers[i], NULL, 0, on_answer, &outcomes[1]);
                authority_user_remove(authority, &callers[i], ada->id, on_answer, &outcomes[2]);
                authority_user_set_state(authority, &callers[i], ada->id, USER_LOCKED, on_answer,
                                         &outcomes[3]);
                for (size_t j = 0; j < ELEMENTSOF(outcomes); j++) {
                        while (outcomes[j].n_calls == 0)
                                assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) > 0);
                        assert_int_equal(outcomes[j].r, REASON_ACCESS_DENIED);
                }
        }
        assert_int_equal(fixture->n_changed, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(shows_users_to_those_who_may),
                cmocka_unit_test(lists_in_pages),
                cmocka_unit_test(removal_kills_tokens),
                cmocka_unit_test(locking_kills_tokens),
                cmocka_unit_test(sets_what_is_named),
                cmocka_unit_test(refuses_to_set_nonsense),
                cmocka_unit_test(an_earlier_expiry_kills_tokens),
                cmocka_unit_test(only_administrators),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
