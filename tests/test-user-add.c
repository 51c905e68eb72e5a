/* Adding users, against a machine that exists in tables only. */

#include "admin-fixture.h"

#include "core/password.h"

static void adds_with_defaults(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *user = add_user(fixture, "ada", "geheim");
        Outcome outcome;

        assert_string_equal(user->name, "ada");
        assert_int_equal(strlen(user->id), 36);
        assert_string_equal(user->partner_id, user->id);
        assert_int_equal(user->uid, 70000);
        assert_int_equal(user->gid, 70000);
        assert_false(user->adopted);
        assert_string_equal(user->home, "/home/ada");
        assert_string_equal(user->shell, "/bin/sh");
        assert_int_equal(user->state, USER_ACTIVE);
        assert_true(secret_is_empty(&user->hash));
        assert_null(user->groups);
        assert_null(user->scopes);
        assert_int_equal(fixture->n_changed, 1);
        assert_int_equal(try_password(fixture, "ada", "geheim", &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(try_password(fixture, "ada", "Geheim", &outcome), REASON_WRONG_PASSWORD);
        outcome_done(&outcome);
}

static void adds_what_is_given(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *parent = add_user(fixture, "boss", "geheim");
        static const char *const scopes[] = { "write", "login", "write", NULL };
        static const char *const groups[] = { "video", "audio", "video", NULL };
        const UserAddRequest request = {
                .name = "ada",
                .id = "A-1",
                .uid = 4711,
                .email = "Ada@Example.org",
                .partner_id = "partner/7",
                .role = "nurse",
                .parent = "boss",
                .scopes = (char *const *)scopes,
                .groups = (char *const *)groups,
                .home = "/srv/ada",
                .shell = "/bin/zsh",
        };
        Outcome outcome;
        const User *user;

        assert_int_equal(add_user_as(fixture, &request, &outcome), 0);
        user = outcome.answer.user;
        assert_string_equal(user->id, "A-1");
        assert_int_equal(user->uid, 4711);
        assert_int_equal(user->gid, 4711);
        assert_string_equal(user->email, "Ada@Example.org");
        assert_string_equal(user->partner_id, "partner/7");
        assert_string_equal(user->role, "nurse");
        assert_string_equal(user->parent_id, parent->id);
        assert_int_equal(strv_length(user->scopes), 2);
        assert_string_equal(user->scopes[0], "login");
        assert_int_equal(strv_length(user->groups), 2);
        assert_string_equal(user->home, "/srv/ada");
        assert_string_equal(user->shell, "/bin/zsh");
        outcome_done(&outcome);
        /* Without a password nothing is right. */
        assert_int_equal(try_password(fixture, "ada", "x", &outcome), REASON_WRONG_PASSWORD);
        outcome_done(&outcome);
}

#define SSH_KEY                                                                                    \
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFUyYOVg1AO1QmZm0sUO+nuwT04pXCPqrprQKOSO37lW"
/* Of "geheim". */
#define HASH "$1$saltsalt$wTLsTBb/.H7e4VHujepbF0"

/* With a uid that is given, and with one that tokend finds while the user is locked. */
static void adds_in_any_state(void **state) {
        static const struct {
                enum UserState state;
                int r;
        } cases[] = {
                { USER_ACTIVE, 0 },
                { USER_LOCKED, REASON_USER_LOCKED },
                { USER_PASSWORD_MUST_CHANGE, REASON_PASSWORD_MUST_CHANGE },
        };
        static char *const keys[] = { (char *)SSH_KEY " one", (char *)SSH_KEY, (char *)SSH_KEY,
                                      NULL };
        int64_t expires = clock_realtime(&clock_system) + 3600 * USEC_PER_SEC;
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(secret_done) Secret password = secret_of("geheim"), hash = secret_of(HASH);
        Outcome outcome;
        char name[16];

        for (unsigned i = 0; i < 4 * ELEMENTSOF(cases); i++) {
                snprintf(name, sizeof(name), "user%u", i);
                assert_int_equal(add_user_as(fixture,
                                             &(UserAddRequest){
                                                     .name = name,
                                                     .uid = i & 1 ? 4000 + i : UID_NONE,
                                                     .password = i & 2 ? &password : NULL,
                                                     .hash = i & 2 ? NULL : &hash,
                                                     .state = cases[i / 4].state,
                                                     .expires = expires,
                                                     .ssh_keys = keys,
                                             },
                                             &outcome),
                                 0);
                assert_int_equal(outcome.answer.user->state, cases[i / 4].state);
                assert_true(outcome.answer.user->expires == expires);
                assert_int_equal(strv_length(outcome.answer.user->ssh_keys), 2);
                assert_string_equal(outcome.answer.user->ssh_keys[0], keys[0]);
                outcome_done(&outcome);
                assert_int_equal(try_password(fixture, name, "geheim", &outcome), cases[i / 4].r);
                outcome_done(&outcome);
                assert_int_equal(try_password(fixture, name, "gemein", &outcome),
                                 REASON_WRONG_PASSWORD);
                outcome_done(&outcome);
        }
}

/* What it costs is known before anybody can guess at it. */
static void hashes_are_measured(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(secret_done) Secret hash = secret_of(
                "$2b$13$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDE");
        const UserAddRequest request = { .name = "ada", .uid = UID_NONE, .hash = &hash };
        Outcome outcome;

        assert_int_equal(add_user_as(fixture, &request, &outcome), 0);
        outcome_done(&outcome);
        while (password_refusal_delay(fixture->authority->passwords) <= 500 * USEC_PER_MSEC)
                assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) > 0);
}

/* As in shadow(5): nobody can type what is behind "!" and "*". */
static void locked_hashes_are_none(void **state) {
        static const char *const hashes[] = { "!", "*", "!!", "!*", "*LK*", "!" HASH };
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        Outcome outcome;
        char name[16];

        for (size_t i = 0; i < ELEMENTSOF(hashes); i++) {
                _cleanup_(secret_done) Secret hash = secret_of(hashes[i]);

                snprintf(name, sizeof(name), "user%zu", i);
                assert_int_equal(add_user_as(fixture,
                                             &(UserAddRequest){ .name = name,
                                                                .uid = UID_NONE,
                                                                .hash = &hash },
                                             &outcome),
                                 0);
                assert_int_equal(outcome.answer.user->state, USER_ACTIVE);
                outcome_done(&outcome);
                assert_int_equal(try_password(fixture, name, "geheim", &outcome),
                                 REASON_WRONG_PASSWORD);
                outcome_done(&outcome);
                assert_int_equal(try_password(fixture, name, hashes[i], &outcome),
                                 REASON_WRONG_PASSWORD);
                outcome_done(&outcome);
        }
}

static void refuses_what_makes_no_sense(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(secret_done) Secret empty = SECRET_INIT;
        _cleanup_(secret_done) Secret longest = SECRET_INIT;
        static const char *const bad_scopes[] = { "a b", NULL };
        static const char *const no_groups[] = { "audio", "nowhere", NULL };
        static const char *const bad_groups[] = { "a:b", NULL };
        static const char *const bad_keys[] = { SSH_KEY, "ssh-ed25519 x", NULL };
        _cleanup_(secret_done) Secret password = secret_of("x"), plain = secret_of("geheim");
        _cleanup_(secret_done) Secret cut = secret_of("$6$saltsalt$abc"), hash = secret_of(HASH);
        const struct {
                UserAddRequest request;
                int r;
        } cases[] = {
                { { .name = NULL, .uid = UID_NONE }, REASON_INVALID_NAME },
                { { .name = "", .uid = UID_NONE }, REASON_INVALID_NAME },
                { { .name = "-ada", .uid = UID_NONE }, REASON_INVALID_NAME },
                { { .name = "a/b", .uid = UID_NONE }, REASON_INVALID_NAME },
                { { .name = "a:b", .uid = UID_NONE }, REASON_INVALID_NAME },
                { { .name = "a\nb", .uid = UID_NONE }, REASON_INVALID_NAME },
                { { .name = "..", .uid = UID_NONE }, REASON_INVALID_NAME },
                { { .name = "root", .uid = UID_NONE }, REASON_UID_NOT_PERMITTED },
                { { .name = "toor", .uid = UID_NONE }, REASON_UID_NOT_PERMITTED },
                { { .name = "tokend", .uid = UID_NONE }, REASON_UID_NOT_PERMITTED },
                { { .name = "nobody", .uid = UID_NONE }, REASON_UID_NOT_PERMITTED },
                { { .name = "dynamic", .uid = UID_NONE }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = 0 }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = 1 }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = 999 }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = 61184 }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = 65519 }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = 65520 }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = 65534 }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = 65535 }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = 0x80000000U }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = UID_NONE - 1 }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = 1500 }, REASON_UID_TAKEN },
                { { .name = "x", .uid = 70002 }, REASON_UID_TAKEN },
                { { .name = "kim", .uid = 1501 }, REASON_NAME_TAKEN },
                { { .name = "audio", .uid = UID_NONE }, REASON_NAME_TAKEN },
                { { .name = "x", .uid = UID_NONE, .id = "a b" }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .id = "" }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .email = "nobody" }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .role = "a\tb" }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .partner_id = "" }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .home = "/home/../etc" }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .home = "home" }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .shell = "/bin/sh:" }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .parent = "nobody" }, REASON_USER_UNKNOWN },
                { { .name = "x", .uid = UID_NONE, .parent = "a/b" }, REASON_USER_UNKNOWN },
                { { .name = "x", .uid = UID_NONE, .scopes = (char *const *)bad_scopes },
                  REASON_INVALID_SCOPE },
                { { .name = "x", .uid = UID_NONE, .groups = (char *const *)no_groups },
                  REASON_GROUP_UNKNOWN },
                { { .name = "x", .uid = UID_NONE, .groups = (char *const *)bad_groups },
                  REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .password = &empty }, REASON_EMPTY_PASSWORD },
                { { .name = "x", .uid = UID_NONE, .password = &longest }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .hash = &empty }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .hash = &plain }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .hash = &cut }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .hash = &hash, .password = &password },
                  REASON_INVALID_REQUEST },
                { { .name = "x", .uid = UID_NONE, .state = _USER_STATE_MAX }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .expires = -1 }, REASON_INVALID_VALUE },
                { { .name = "x", .uid = UID_NONE, .ssh_keys = (char *const *)bad_keys },
                  REASON_INVALID_VALUE },
                { { .name = "broken", .uid = UID_NONE }, REASON_NSS_UNAVAILABLE },
                { { .name = "x", .uid = 75000 }, REASON_NSS_UNAVAILABLE },
        };
        Outcome outcome;

        for (unsigned i = 0; i < 1000; i++)
                assert_int_equal(secret_append(&longest, "x", 1), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(add_user_as(fixture, &cases[i].request, &outcome), cases[i].r);
                assert_null(outcome.answer.user);
        }
        assert_int_equal(fixture->n_changed, 0);
        /* None of them has left anything behind. */
        assert_int_equal(add_user_as(fixture, &(UserAddRequest){ .name = "x", .uid = UID_NONE },
                                     &outcome),
                         0);
        assert_int_equal(outcome.answer.user->uid, 70000);
        outcome_done(&outcome);
}

static void adopts_the_machines_own(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *kim = add_user(fixture, "kim", "geheim");
        Outcome outcome;

        assert_true(kim->adopted);
        assert_int_equal(kim->uid, 1500);
        assert_int_equal(kim->gid, 100);
        assert_string_equal(kim->home, "/srv/home");
        assert_string_equal(kim->shell, "/bin/zsh");
        assert_int_equal(try_password(fixture, "kim", "geheim", &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(add_user_as(fixture, &(UserAddRequest){ .name = "kim", .uid = 1500 },
                                     &outcome),
                         REASON_NAME_TAKEN);
        assert_int_equal(add_user_as(fixture, &(UserAddRequest){ .name = "daemon", .uid = 1 },
                                     &outcome),
                         0);
        outcome_done(&outcome);
}

/* 70001 is a user's and 70002 a group's of the machine. */
static void leaves_out_uids_of_others(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *first = add_user(fixture, "a", "geheim");
        _cleanup_(user_freep) User *second = add_user(fixture, "b", "geheim");
        _cleanup_(user_freep) User *third = add_user(fixture, "c", "geheim");
        Outcome outcome;

        assert_int_equal(first->uid, 70000);
        assert_int_equal(second->uid, 70003);
        assert_int_equal(second->gid, 70003);
        assert_int_equal(second->state, USER_ACTIVE);
        assert_string_equal(second->partner_id, second->id);
        assert_int_equal(third->uid, 70004);
        assert_int_equal(try_password(fixture, "b", "geheim", &outcome), 0);
        outcome_done(&outcome);
}

static void a_range_can_end(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        Caller root = caller_uid(0);
        Outcome outcome;

        fixture->config.uid_max = 70002;
        user_free(add_user(fixture, "a", "geheim"));
        assert_int_equal(add_user_as(fixture, &(UserAddRequest){ .name = "b", .uid = UID_NONE },
                                     &outcome),
                         REASON_UID_RANGE_EXHAUSTED);
        outcome = (Outcome){ 0 };
        authority_user_get(fixture->authority, &root, NULL, "b", on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_USER_UNKNOWN);
}

/* The last uid of the range is the machine's, but there are some below the highest that was given. */
static void goes_on_in_the_gaps(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        Outcome outcome;

        fixture->config.uid_min = 69998;
        fixture->config.uid_max = 70001;
        assert_int_equal(add_user_as(fixture, &(UserAddRequest){ .name = "a", .uid = 70000 },
                                     &outcome),
                         0);
        outcome_done(&outcome);
        _cleanup_(user_freep) User *second = add_user(fixture, "b", "geheim");
        assert_int_equal(second->uid, 69998);
}

/* What NSS can't say must not be taken for free: the user is taken out again. */
static void an_unknown_owner_takes_it_back(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        Caller root = caller_uid(0);
        Outcome outcome;

        fixture->config.uid_min = 75000;
        assert_int_equal(add_user_as(fixture, &(UserAddRequest){ .name = "b", .uid = UID_NONE },
                                     &outcome),
                         REASON_NSS_UNAVAILABLE);
        outcome = (Outcome){ 0 };
        authority_user_get(fixture->authority, &root, NULL, "b", on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_USER_UNKNOWN);
        assert_int_equal(fixture->n_changed, 0);
        assert_int_equal(fixture->n_gone, 1);
}

static void names_and_ids_are_unique(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        const struct {
                UserAddRequest request;
                int r;
        } cases[] = {
                { { .name = "ada", .uid = UID_NONE }, REASON_NAME_TAKEN },
                { { .name = "x", .uid = UID_NONE, .id = "A-1" }, REASON_ID_TAKEN },
                { { .name = "x", .uid = 4711 }, REASON_UID_TAKEN },
                { { .name = "x", .uid = UID_NONE, .email = "ADA@example.org" },
                  REASON_EMAIL_TAKEN },
                { { .name = "x", .uid = UID_NONE, .partner_id = "A-1" }, REASON_PARTNER_ID_TAKEN },
        };
        Outcome outcome;

        assert_int_equal(add_user_as(fixture,
                                     &(UserAddRequest){ .name = "ada",
                                                        .id = "A-1",
                                                        .uid = 4711,
                                                        .email = "ada@example.org" },
                                     &outcome),
                         0);
        outcome_done(&outcome);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(add_user_as(fixture, &cases[i].request, &outcome), cases[i].r);
}

/* Those of our users that userdb shows, whatever NSS says; of nobody else. */
static void groups_of_our_own(void **state) {
        static const char *const groups[] = { "audio", "ada", "video", NULL };
        static const char *const no_groups[] = { "ada", "nowhere", NULL };
        static const char *const adopted[] = { "kim", NULL };
        const struct {
                UserAddRequest request;
                int r;
        } cases[] = {
                { { .name = "a", .uid = UID_NONE, .groups = (char *const *)groups }, 0 },
                { { .name = "b", .uid = UID_NONE, .groups = (char *const *)no_groups },
                  REASON_GROUP_UNKNOWN },
                { { .name = "c", .uid = UID_NONE, .groups = (char *const *)adopted },
                  REASON_GROUP_UNKNOWN },
        };
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "geheim");
        _cleanup_(user_freep) User *kim = add_user(fixture, "kim", "geheim");
        UserAddRequest without = { .name = "d", .uid = UID_NONE, .groups = (char *const *)groups };
        Outcome outcome;

        assert_true(kim->adopted && !ada->adopted);
        assert_int_equal(add_user_as(fixture, &without, &outcome), REASON_GROUP_UNKNOWN);
        fixture->config.userdb = (char *)"/run/systemd/userdb/org.tokend";
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(add_user_as(fixture, &cases[i].request, &outcome), cases[i].r);
                if (cases[i].r == 0)
                        assert_int_equal(strv_length(outcome.answer.user->groups), 3);
                outcome_done(&outcome);
        }
}

static void the_reply_waits_for_userdb(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        Caller root = caller_uid(0);
        UserAddRequest request = { .name = "ada", .uid = UID_NONE };
        Outcome outcome = { 0 };

        fixture->holds_changes = true;
        authority_user_add(fixture->authority, &root, &request, on_answer, &outcome);
        while (!fixture->done)
                assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) > 0);
        for (unsigned i = 0; i < 20; i++)
                assert_true(sd_event_run(fixture->event, 1000) >= 0);
        assert_int_equal(outcome.n_calls, 0);
        fixture->done(fixture->done_userdata);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        outcome_done(&outcome);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(adds_with_defaults),
                cmocka_unit_test(adds_what_is_given),
                cmocka_unit_test(adds_in_any_state),
                cmocka_unit_test(hashes_are_measured),
                cmocka_unit_test(locked_hashes_are_none),
                cmocka_unit_test(refuses_what_makes_no_sense),
                cmocka_unit_test(adopts_the_machines_own),
                cmocka_unit_test(leaves_out_uids_of_others),
                cmocka_unit_test(a_range_can_end),
                cmocka_unit_test(goes_on_in_the_gaps),
                cmocka_unit_test(an_unknown_owner_takes_it_back),
                cmocka_unit_test(names_and_ids_are_unique),
                cmocka_unit_test(groups_of_our_own),
                cmocka_unit_test(the_reply_waits_for_userdb),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
