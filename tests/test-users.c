/* Adding, showing, changing and removing users, against a machine that exists in tables only. */

#include "admin-fixture.h"

static int add(Fixture *fixture, const UserAddRequest *request, Outcome *outcome) {
        Caller root = caller_uid(0);

        *outcome = (Outcome){ 0 };
        authority_user_add(fixture->authority, &root, request, on_answer, outcome);
        return fixture_wait(fixture, outcome);
}

/* Whose user the test takes. */
static User *add_user(Fixture *fixture, const char *name, const char *password) {
        _cleanup_(secret_done) Secret secret = secret_of(password);
        UserAddRequest request = { .name = name, .uid = UID_NONE, .password = &secret };
        Outcome outcome;
        User *user;

        assert_int_equal(add(fixture, &request, &outcome), 0);
        user = TAKE_PTR(outcome.answer.user);
        outcome_done(&outcome);
        return user;
}

/* r of a password grant by root. */
static int try_password(Fixture *fixture, const char *name, const char *password, Outcome *outcome) {
        _cleanup_(secret_done) Secret secret = secret_of(password);
        Caller root = caller_uid(0);
        GrantRequest request = { .grant_type = "password", .username = name, .password = &secret };

        *outcome = (Outcome){ 0 };
        authority_grant(fixture->authority, &root, &request, on_answer, outcome);
        return fixture_wait(fixture, outcome);
}

static int set_password(Fixture *fixture, const Caller *caller, const char *id, const char *old,
                        const char *new, Outcome *outcome) {
        _cleanup_(secret_done) Secret old_secret = secret_of(old ? old : "");
        _cleanup_(secret_done) Secret new_secret = secret_of(new);

        *outcome = (Outcome){ 0 };
        authority_user_set_password(fixture->authority, caller, id, old ? &old_secret : NULL,
                                    &new_secret, on_answer, outcome);
        return fixture_wait(fixture, outcome);
}

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

        assert_int_equal(add(fixture, &request, &outcome), 0);
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

static void refuses_what_makes_no_sense(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(secret_done) Secret empty = SECRET_INIT;
        _cleanup_(secret_done) Secret longest = SECRET_INIT;
        static const char *const bad_scopes[] = { "a b", NULL };
        static const char *const no_groups[] = { "audio", "nowhere", NULL };
        static const char *const bad_groups[] = { "a:b", NULL };
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
                { { .name = "x", .uid = 0 }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = 61184 }, REASON_UID_NOT_PERMITTED },
                { { .name = "x", .uid = 65519 }, REASON_UID_NOT_PERMITTED },
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
                { { .name = "broken", .uid = UID_NONE }, -EIO },
                { { .name = "x", .uid = 75000 }, -EIO },
        };
        Outcome outcome;

        for (unsigned i = 0; i < 1000; i++)
                assert_int_equal(secret_append(&longest, "x", 1), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(add(fixture, &cases[i].request, &outcome), cases[i].r);
                assert_null(outcome.answer.user);
        }
        assert_int_equal(fixture->n_changed, 0);
        /* None of them has left anything behind. */
        assert_int_equal(add(fixture, &(UserAddRequest){ .name = "x", .uid = UID_NONE }, &outcome), 0);
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
        assert_int_equal(add(fixture, &(UserAddRequest){ .name = "kim", .uid = 1500 }, &outcome),
                         REASON_NAME_TAKEN);
        assert_int_equal(add(fixture, &(UserAddRequest){ .name = "dynamic", .uid = UID_NONE }, &outcome), 0);
        assert_int_equal(outcome.answer.user->uid, 61184);
        outcome_done(&outcome);
        assert_int_equal(add(fixture, &(UserAddRequest){ .name = "daemon", .uid = 1 }, &outcome), 0);
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
        assert_int_equal(add(fixture, &(UserAddRequest){ .name = "b", .uid = UID_NONE }, &outcome),
                         REASON_UID_RANGE_EXHAUSTED);
        outcome = (Outcome){ 0 };
        authority_user_get(fixture->authority, &root, NULL, "b", on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_USER_UNKNOWN);
}

/* What NSS can't say must not be taken for free: the user is taken out again. */
static void an_unknown_owner_takes_it_back(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        Caller root = caller_uid(0);
        Outcome outcome;

        fixture->config.uid_min = 75000;
        assert_int_equal(add(fixture, &(UserAddRequest){ .name = "b", .uid = UID_NONE }, &outcome), -EIO);
        outcome = (Outcome){ 0 };
        authority_user_get(fixture->authority, &root, NULL, "b", on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_USER_UNKNOWN);
        assert_int_equal(fixture->n_changed, 0);
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
                { { .name = "x", .uid = UID_NONE, .email = "ADA@example.org" }, REASON_EMAIL_TAKEN },
                { { .name = "x", .uid = UID_NONE, .partner_id = "A-1" }, REASON_PARTNER_ID_TAKEN },
        };
        Outcome outcome;

        assert_int_equal(add(fixture, &(UserAddRequest){ .name = "ada", .id = "A-1", .uid = 4711,
                                                         .email = "ada@example.org" }, &outcome), 0);
        outcome_done(&outcome);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(add(fixture, &cases[i].request, &outcome), cases[i].r);
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
                { { .peer = { .door = DOOR_TCP, .uid = UID_NONE } }, ada->id, NULL,
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
        authority_user_set_state(fixture->authority, &root, ada->id, USER_LOCKED, on_answer, &outcome);
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
        authority_user_set_state(fixture->authority, &root, ada->id, USER_ACTIVE, on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(try_password(fixture, "ada", "geheim", &outcome), 0);
        outcome_done(&outcome);
        authority_user_set_state(fixture->authority, &root, ada->id, _USER_STATE_MAX, on_answer,
                                 &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_INVALID_VALUE);
}

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
        assert_int_equal(set_password(fixture, &root, ada->id, NULL, "", &outcome), REASON_EMPTY_PASSWORD);
        assert_int_equal(set_password(fixture, &root, "nobody", NULL, "x", &outcome), REASON_USER_UNKNOWN);

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
                         REASON_INVALID_VALUE);
        assert_int_equal(set_password(fixture, &caller, ada->id, "new", "newer", &outcome), 0);
        assert_int_equal(outcome.answer.user->state, USER_ACTIVE);
        outcome_done(&outcome);

        authority_user_set_state(fixture->authority, &root, ada->id, USER_LOCKED, on_answer, &outcome);
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

static void only_administrators(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "geheim");
        Authority *authority = fixture->authority;
        Caller callers[2] = { caller_uid(ada->uid) }; /* the other one is anonymous */

        for (size_t i = 0; i < ELEMENTSOF(callers); i++) {
                Outcome outcomes[4] = { 0 };

                authority_user_add(authority, &callers[i], &(UserAddRequest){ .name = "x" }, on_answer,
                                   &outcomes[0]);
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
                cmocka_unit_test(adds_with_defaults),
                cmocka_unit_test(adds_what_is_given),
                cmocka_unit_test(refuses_what_makes_no_sense),
                cmocka_unit_test(adopts_the_machines_own),
                cmocka_unit_test(leaves_out_uids_of_others),
                cmocka_unit_test(a_range_can_end),
                cmocka_unit_test(an_unknown_owner_takes_it_back),
                cmocka_unit_test(names_and_ids_are_unique),
                cmocka_unit_test(the_reply_waits_for_userdb),
                cmocka_unit_test(shows_users_to_those_who_may),
                cmocka_unit_test(lists_in_pages),
                cmocka_unit_test(removal_kills_tokens),
                cmocka_unit_test(locking_kills_tokens),
                cmocka_unit_test(root_sets_passwords),
                cmocka_unit_test(users_set_their_own_with_the_old_one),
                cmocka_unit_test(old_passwords_are_throttled),
                cmocka_unit_test(only_administrators),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
