/* Setting passwords: by root, and by users with the old one. */

#include "admin-fixture.h"

static void root_sets_passwords(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "old");
        _cleanup_(secret_done) Secret token = SECRET_INIT;
        Caller root = caller_uid(0);
        Outcome outcome;

        assert_int_equal(try_password(fixture, "ada", "old", &outcome), 0);
        token = TAKE(outcome.answer.access_token, SECRET_INIT);
        outcome_done(&outcome);
        assert_int_equal(set_password(fixture, &root, ada->id, NULL, "new", &outcome), 0);
        assert_true(outcome.answer.n_revoked > 0);
        assert_true(secret_is_empty(&outcome.answer.user->hash));
        outcome_done(&outcome);
        authority_introspect(fixture->authority, &root, &token, on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_TOKEN_UNKNOWN);
        outcome_done(&outcome);
        assert_int_equal(try_password(fixture, "ada", "old", &outcome), REASON_WRONG_PASSWORD);
        outcome_done(&outcome);
        assert_int_equal(try_password(fixture, "ada", "new", &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(set_password(fixture, &root, ada->id, NULL, "", &outcome),
                         REASON_EMPTY_PASSWORD);
        assert_int_equal(set_password(fixture, &root, "nobody", NULL, "x", &outcome),
                         REASON_USER_UNKNOWN);

        /* A locked user stays locked. */
        outcome = (Outcome){ 0 };
        authority_user_set_state(fixture->authority, &root, ada->id, USER_LOCKED, on_answer,
                                 &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(set_password(fixture, &root, ada->id, NULL, "newer", &outcome), 0);
        assert_int_equal(outcome.answer.user->state, USER_LOCKED);
        outcome_done(&outcome);
}

static void users_set_their_own_with_the_old_one(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "old");
        _cleanup_(user_freep) User *bob = add_user(fixture, "bob", "bobs");
        Caller root = caller_uid(0), caller = caller_uid(ada->uid), stranger = CALLER_INIT;
        Outcome outcome;

        assert_int_equal(set_password(fixture, &caller, ada->id, NULL, "new", &outcome),
                         REASON_INVALID_REQUEST);
        assert_int_equal(set_password(fixture, &caller, ada->id, "", "new", &outcome),
                         REASON_EMPTY_PASSWORD);
        assert_int_equal(set_password(fixture, &caller, ada->id, "wrong", "new", &outcome),
                         REASON_WRONG_PASSWORD);
        assert_int_equal(set_password(fixture, &caller, bob->id, "bobs", "new", &outcome),
                         REASON_ACCESS_DENIED);
        assert_int_equal(set_password(fixture, &caller, "nobody", "x", "new", &outcome),
                         REASON_ACCESS_DENIED);
        stranger.peer.door = DOOR_TCP;
        stranger.peer.uid = UID_NONE;
        assert_int_equal(set_password(fixture, &stranger, ada->id, "old", "new", &outcome),
                         REASON_ACCESS_DENIED);
        assert_int_equal(set_password(fixture, &caller, ada->id, "old", "new", &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(try_password(fixture, "ada", "new", &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(try_password(fixture, "bob", "bobs", &outcome), 0);
        outcome_done(&outcome);

        /* What must change has changed only when it is another one. */
        outcome = (Outcome){ 0 };
        authority_user_set_state(fixture->authority, &root, ada->id, USER_PASSWORD_MUST_CHANGE,
                                 on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(set_password(fixture, &caller, ada->id, "new", "new", &outcome),
                         REASON_PASSWORD_UNCHANGED);
        assert_int_equal(set_password(fixture, &caller, ada->id, "new", "newer", &outcome), 0);
        assert_int_equal(outcome.answer.user->state, USER_ACTIVE);
        outcome_done(&outcome);

        authority_user_set_state(fixture->authority, &root, ada->id, USER_LOCKED, on_answer,
                                 &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(set_password(fixture, &caller, ada->id, "newer", "newest", &outcome),
                         REASON_USER_LOCKED);
}

/* One budget with logins from there, and it ends even right guesses. */
static void old_passwords_are_throttled(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "old");
        Caller caller = caller_uid(ada->uid), root = caller_uid(0);
        Outcome outcome;

        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(set_password(fixture, &caller, ada->id, "wrong", "new", &outcome),
                                 REASON_WRONG_PASSWORD);
        assert_int_equal(set_password(fixture, &caller, ada->id, "old", "new", &outcome),
                         REASON_TOO_MANY_FAILURES);
        assert_int_equal(outcome.answer.retry_after, 1);
        assert_int_equal(set_password(fixture, &root, ada->id, NULL, "new", &outcome), 0);
        outcome_done(&outcome);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(root_sets_passwords),
                cmocka_unit_test(users_set_their_own_with_the_old_one),
                cmocka_unit_test(old_passwords_are_throttled),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
