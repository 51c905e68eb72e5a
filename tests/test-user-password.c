/* Setting passwords: by root, and by users with the old one. */

#include "admin-fixture.h"
#include "core/logins.h"
#include "core/throttle.h"

static void set_user(Fixture *fixture, const User *user, UserSetRequest request) {
        Caller root = caller_uid(0);
        Outcome outcome = { 0 };

        authority_user_set(fixture->authority, &root, user->id, &request, on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        outcome_done(&outcome);
}

static void set_state(Fixture *fixture, const User *user, enum UserState state) {
        set_user(fixture, user, (UserSetRequest){ .sets = USER_SETS_STATE, .state = state });
}

static int introspect(Fixture *fixture, const Secret *token) {
        Caller root = caller_uid(0);
        Outcome outcome = { 0 };
        int r;

        authority_introspect(fixture->authority, &root, token, on_answer, &outcome);
        r = fixture_wait(fixture, &outcome);
        outcome_done(&outcome);
        return r;
}

/* A login by sshd, and its token. */
static int log_in(Fixture *fixture, const char *name, const char *password, const char *rhost,
                  Outcome *outcome) {
        _cleanup_(secret_done) Secret secret = secret_of(password);
        Caller root = caller_uid(0);

        *outcome = (Outcome){ 0 };
        authority_grant(fixture->authority, &root,
                        &(GrantRequest){ .grant_type = "password",
                                         .username = name,
                                         .password = &secret,
                                         .service = "sshd",
                                         .rhost = rhost },
                        on_answer, outcome);
        return fixture_wait(fixture, outcome);
}

static void open_session(Fixture *fixture, const char *name, const char *login) {
        Caller root = caller_uid(0);
        Outcome outcome = { 0 };

        authority_login_open(fixture->authority, &root,
                             &(LoginRequest){ .user = name, .id = login, .service = "sshd" },
                             on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        outcome_done(&outcome);
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

/* An old password that is given is looked at, whoever brings it. */
static void old_passwords_of_root_count(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "old");
        Caller root = caller_uid(0);
        Outcome outcome;

        assert_int_equal(set_password(fixture, &root, ada->id, "wrong", "new", &outcome),
                         REASON_WRONG_PASSWORD);
        assert_int_equal(set_password(fixture, &root, ada->id, "", "new", &outcome),
                         REASON_EMPTY_PASSWORD);
        assert_int_equal(set_password(fixture, &root, ada->id, "old", "old", &outcome),
                         REASON_PASSWORD_UNCHANGED);
        assert_int_equal(try_password(fixture, "ada", "old", &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(set_password(fixture, &root, ada->id, "old", "new", &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(try_password(fixture, "ada", "new", &outcome), 0);
        outcome_done(&outcome);

        set_state(fixture, ada, USER_LOCKED);
        assert_int_equal(set_password(fixture, &root, ada->id, "wrong", "newer", &outcome),
                         REASON_WRONG_PASSWORD);
        assert_int_equal(set_password(fixture, &root, ada->id, "new", "newer", &outcome),
                         REASON_USER_LOCKED);
        set_state(fixture, ada, USER_ACTIVE);
        set_user(fixture, ada, (UserSetRequest){ .sets = USER_SETS_EXPIRES, .expires = 1 });
        assert_int_equal(set_password(fixture, &root, ada->id, "new", "newer", &outcome),
                         REASON_USER_EXPIRED);
        /* An administrator who knows none may, and it helps nobody. */
        assert_int_equal(set_password(fixture, &root, ada->id, NULL, "newer", &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(try_password(fixture, "ada", "newer", &outcome), REASON_USER_EXPIRED);
        outcome_done(&outcome);
}

static void checks_change_nothing(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "old");
        _cleanup_(user_freep) User *bob = add_user(fixture, "bob", "bobs");
        Caller root = caller_uid(0), caller = caller_uid(ada->uid);
        Outcome outcome, login;

        assert_int_equal(log_in(fixture, "ada", "old", NULL, &login), 0);
        set_state(fixture, ada, USER_PASSWORD_MUST_CHANGE);
        unsigned n_changed = fixture->n_changed;
        const struct {
                const Caller *caller;
                const char *id;
                const char *old;
                int r;
        } rows[] = {
                { &root, ada->id, "old", 0 },
                { &root, ada->id, "wrong", REASON_WRONG_PASSWORD },
                { &root, ada->id, "", REASON_EMPTY_PASSWORD },
                { &root, ada->id, NULL, REASON_INVALID_REQUEST },
                { &root, "nobody", "old", REASON_USER_UNKNOWN },
                { &caller, ada->id, "old", 0 },
                { &caller, ada->id, "wrong", REASON_WRONG_PASSWORD },
                { &caller, ada->id, NULL, REASON_INVALID_REQUEST },
                { &caller, bob->id, "bobs", REASON_ACCESS_DENIED },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_int_equal(set_password(fixture, rows[i].caller, rows[i].id, rows[i].old,
                                              NULL, &outcome),
                                 rows[i].r);
                if (rows[i].r == 0) {
                        assert_string_equal(outcome.answer.user->name, "ada");
                        assert_int_equal(outcome.answer.user->state, USER_PASSWORD_MUST_CHANGE);
                        assert_true(secret_is_empty(&outcome.answer.user->hash));
                        assert_int_equal(outcome.answer.n_revoked, 0);
                }
                outcome_done(&outcome);
        }
        assert_int_equal(fixture->n_changed, n_changed);
        assert_int_equal(introspect(fixture, &login.answer.access_token), 0);
        assert_int_equal(try_password(fixture, "ada", "old", &outcome),
                         REASON_PASSWORD_MUST_CHANGE);
        outcome_done(&outcome);
        set_state(fixture, ada, USER_LOCKED);
        assert_int_equal(set_password(fixture, &root, ada->id, "old", NULL, &outcome),
                         REASON_USER_LOCKED);
        outcome_done(&login);
}

/* The same state, whichever way a password that must change has changed. */
static void change_ends_the_must(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "old");
        Caller root = caller_uid(0);
        Outcome outcome;

        set_state(fixture, ada, USER_PASSWORD_MUST_CHANGE);
        assert_int_equal(set_password(fixture, &root, ada->id, "old", "new", &outcome), 0);
        assert_int_equal(outcome.answer.user->state, USER_ACTIVE);
        outcome_done(&outcome);
        set_state(fixture, ada, USER_PASSWORD_MUST_CHANGE);
        assert_int_equal(set_password(fixture, &root, ada->id, NULL, "newer", &outcome), 0);
        assert_int_equal(outcome.answer.user->state, USER_ACTIVE);
        outcome_done(&outcome);
}

static void one_login_lives_on(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "old");
        _cleanup_(user_freep) User *bob = add_user(fixture, "bob", "bobs");
        Caller root = caller_uid(0);
        Outcome mine, pending, other, bobs, more = { 0 }, asked[8], outcome;

        assert_int_equal(log_in(fixture, "ada", "old", NULL, &mine), 0);
        assert_int_equal(log_in(fixture, "ada", "old", NULL, &pending), 0);
        assert_int_equal(log_in(fixture, "ada", "old", NULL, &other), 0);
        assert_int_equal(log_in(fixture, "bob", "bobs", NULL, &bobs), 0);
        const char *login = mine.answer.token->login;
        open_session(fixture, "ada", login);
        authority_login_token(fixture->authority, &root, login, "ada", on_answer, &more);
        assert_int_equal(fixture_wait(fixture, &more), 0);

        /* All are in the cache, and are asked about all the time. */
        memset(asked, 0, sizeof(asked));
        for (size_t i = 0; i < ELEMENTSOF(asked); i++)
                authority_introspect(fixture->authority, &root,
                                     i % 2 ? &mine.answer.access_token : &other.answer.access_token,
                                     on_answer, &asked[i]);
        assert_int_equal(set_password_in(fixture, &root, ada->id, "old", "new", login, &outcome),
                         0);
        assert_int_equal(outcome.answer.n_revoked, 2);
        outcome_done(&outcome);
        for (size_t i = 0; i < ELEMENTSOF(asked); i++) {
                if (asked[i].n_calls == 0)
                        (void)fixture_wait(fixture, &asked[i]);
                outcome_done(&asked[i]);
        }
        for (unsigned i = 0; i < 2; i++) { /* by the store, by the cache */
                assert_int_equal(introspect(fixture, &mine.answer.access_token), 0);
                assert_int_equal(introspect(fixture, &more.answer.access_token), 0);
                assert_int_equal(introspect(fixture, &bobs.answer.access_token), 0);
                assert_int_equal(introspect(fixture, &pending.answer.access_token),
                                 REASON_TOKEN_UNKNOWN);
                assert_int_equal(introspect(fixture, &other.answer.access_token),
                                 REASON_TOKEN_UNKNOWN);
        }

        /* The session goes on: it gets more, and ends as it would have. */
        outcome_done(&more);
        authority_login_token(fixture->authority, &root, login, "ada", on_answer, &more);
        assert_int_equal(fixture_wait(fixture, &more), 0);
        outcome = (Outcome){ 0 };
        authority_login_close(fixture->authority, &root, login, "ada", on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), 0);
        assert_int_equal(outcome.answer.n_revoked, 3);
        outcome_done(&outcome);
        assert_int_equal(introspect(fixture, &mine.answer.access_token), REASON_TOKEN_UNKNOWN);
        assert_int_equal(introspect(fixture, &more.answer.access_token), REASON_TOKEN_UNKNOWN);
        outcome_done(&mine);
        outcome_done(&pending);
        outcome_done(&other);
        outcome_done(&bobs);
        outcome_done(&more);
}

/* While issues, look-ups and changes of the password cross each other: what has been answered
 * holds, for the session that goes on and for all others. */
static void kept_login_in_a_crowd(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "old");
        Caller root = caller_uid(0);
        Outcome mine, other;

        assert_int_equal(log_in(fixture, "ada", "old", NULL, &mine), 0);
        const char *login = mine.answer.token->login;
        open_session(fixture, "ada", login);
        for (unsigned round = 0; round < 20; round++) {
                _cleanup_(secret_done) Secret password = secret_of("new");
                UserPasswordRequest request = {
                        .id = ada->id,
                        .password = &password,
                        .login = login,
                };
                Outcome asked[16] = { 0 }, more[4] = { 0 }, set = { 0 };

                assert_int_equal(log_in(fixture, "ada", round ? "new" : "old", NULL, &other), 0);
                cache_clear(fixture->authority->cache);
                authority_user_set_password(fixture->authority, &root, &request, on_answer, &set);
                for (size_t i = 0; i < ELEMENTSOF(asked); i++) {
                        const Outcome *whose = i % 2 ? &mine : &other;

                        if (i < ELEMENTSOF(more))
                                authority_login_token(fixture->authority, &root, login, "ada",
                                                      on_answer, &more[i]);
                        authority_introspect(fixture->authority, &root,
                                             &whose->answer.access_token, on_answer, &asked[i]);
                        for (unsigned turn = 0; turn < round * i % 5; turn++)
                                assert_true(sd_event_run(fixture->event, 200) >= 0);
                }
                while (set.n_calls == 0)
                        assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) >= 0);
                assert_int_equal(set.r, 0);
                assert_int_equal(introspect(fixture, &mine.answer.access_token), 0);
                assert_int_equal(introspect(fixture, &other.answer.access_token),
                                 REASON_TOKEN_UNKNOWN);
                for (size_t i = 0; i < ELEMENTSOF(asked); i++) {
                        while (asked[i].n_calls == 0)
                                assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) >= 0);
                        if (i % 2)
                                assert_int_equal(asked[i].r, 0);
                        outcome_done(&asked[i]);
                }
                /* One that was given is alive; one that came too late was not given. */
                for (size_t i = 0; i < ELEMENTSOF(more); i++) {
                        while (more[i].n_calls == 0)
                                assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) >= 0);
                        assert_int_equal(more[i].r == 0
                                                 ? introspect(fixture, &more[i].answer.access_token)
                                                 : REASON_INVALID_GRANT - more[i].r,
                                         0);
                        outcome_done(&more[i]);
                }
                assert_int_equal(introspect(fixture, &other.answer.access_token),
                                 REASON_TOKEN_UNKNOWN);
                outcome_done(&other);
                outcome_done(&set);
        }
        outcome_done(&mine);
}

/* They come from an environment that users can write, or key the throttle. */
static void details_are_roots(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "old");
        _cleanup_(secret_done) Secret old = secret_of("old"), new = secret_of("new");
        Caller root = caller_uid(0), own = caller_uid(ada->uid);
        Token admin_token = { .user_id = ada->id, .scopes = (char *[]){ (char *)"admin", NULL } };
        Caller admin = { .kind = CALLER_USER_TOKEN,
                         .token = &admin_token,
                         .peer = { .door = DOOR_TCP, .uid = UID_NONE } };
        const char *login = "0123456789abcdef0123456789abcdef";
        const struct {
                const Caller *caller;
                const char *login;
                const char *rhost;
                uint32_t ruid;
                int r;
        } rows[] = {
                { &own, login, NULL, 0, REASON_ACCESS_DENIED },
                { &own, NULL, "192.0.2.7", 0, REASON_ACCESS_DENIED },
                { &own, NULL, NULL, 70009, REASON_ACCESS_DENIED },
                { &admin, login, NULL, 0, REASON_ACCESS_DENIED },
                { &admin, NULL, "192.0.2.7", 0, REASON_ACCESS_DENIED },
                { &admin, NULL, NULL, 70009, REASON_ACCESS_DENIED },
                { &root, login, "192.0.2.7", 70009, 0 },
                { &root, "no login", "", 70009, 0 },
                { &root, "", NULL, 70009, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                bool is_even = i % 2 == 0;
                UserPasswordRequest request = {
                        .id = ada->id,
                        .old_password = is_even ? &old : &new,
                        .password = is_even ? &new : &old,
                        .login = rows[i].login,
                        .rhost = rows[i].rhost,
                        .ruid = rows[i].ruid,
                };
                Outcome outcome = { 0 };

                authority_user_set_password(fixture->authority, rows[i].caller, &request, on_answer,
                                            &outcome);
                assert_int_equal(fixture_wait(fixture, &outcome), rows[i].r);
                outcome_done(&outcome);
        }
}

/* Whatever asks here, and however it says that nobody is afar: login, su, passwd. */
static void the_console_has_one_budget(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "old");
        _cleanup_(secret_done) Secret wrong = secret_of("wrong");
        Caller root = caller_uid(0), caller = caller_uid(ada->uid);
        const ThrottleSubject console = { "ada", "local", true };
        Outcome outcome;

        assert_int_equal(log_in(fixture, "ada", "wrong", NULL, &outcome), REASON_WRONG_PASSWORD);
        outcome_done(&outcome);
        assert_int_equal(log_in(fixture, "ada", "wrong", "", &outcome), REASON_WRONG_PASSWORD);
        outcome_done(&outcome);
        assert_int_equal(throttle_check(fixture->authority->throttle, &console), 0);
        const UserPasswordRequest guess = { .id = ada->id, .old_password = &wrong, .rhost = "" };
        authority_user_set_password(fixture->authority, &root, &guess, on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_WRONG_PASSWORD);
        outcome_done(&outcome);
        assert_int_equal(throttle_check(fixture->authority->throttle, &console), 1);
        assert_int_equal(set_password(fixture, &root, ada->id, "old", NULL, &outcome),
                         REASON_TOO_MANY_FAILURES);
        outcome_done(&outcome);
        assert_int_equal(log_in(fixture, "ada", "old", "192.0.2.7", &outcome), 0);
        outcome_done(&outcome);
        assert_int_equal(set_password(fixture, &caller, ada->id, "old", NULL, &outcome), 0);
        outcome_done(&outcome);
}

/* su and passwd of one user are no other's console. */
static void who_runs_the_program_has_a_budget(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "old");
        _cleanup_(secret_done) Secret wrong = secret_of("wrong");
        const ThrottleSubject keys[] = { { "ada", "local", true }, { "ada", "uid:70008", true },
                                         { "ada", "192.0.2.7", true }, { "ada", "uid:70009", true } };
        UserPasswordRequest guess = { .id = ada->id, .old_password = &wrong, .ruid = 70009 };
        Caller root = caller_uid(0);
        Outcome outcome = { 0 };

        for (unsigned i = 0; i < 3; i++) {
                authority_user_set_password(fixture->authority, &root, &guess, on_answer, &outcome);
                assert_int_equal(fixture_wait(fixture, &outcome), REASON_WRONG_PASSWORD);
                outcome_done(&outcome);
        }
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                assert_int_equal(throttle_check(fixture->authority->throttle, &keys[i]), i == 3);
        /* From afar the address counts, whoever runs the server. */
        guess.rhost = "192.0.2.7";
        authority_user_set_password(fixture->authority, &root, &guess, on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_WRONG_PASSWORD);
        outcome_done(&outcome);
}

/* One budget with the logins from that host. */
static void remote_hosts_are_throttled(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        _cleanup_(user_freep) User *ada = add_user(fixture, "ada", "old");
        _cleanup_(user_freep) User *bob = add_user(fixture, "bob", "old");
        _cleanup_(secret_done) Secret wrong = secret_of("wrong"), old = secret_of("old");
        Caller root = caller_uid(0);
        UserPasswordRequest guess = {
                .id = ada->id,
                .old_password = &wrong,
                .rhost = "192.0.2.7",
        };
        Outcome outcome = { 0 };

        for (unsigned i = 0; i < 3; i++) {
                authority_user_set_password(fixture->authority, &root, &guess, on_answer, &outcome);
                assert_int_equal(fixture_wait(fixture, &outcome), REASON_WRONG_PASSWORD);
                outcome_done(&outcome);
        }
        guess.old_password = &old;
        authority_user_set_password(fixture->authority, &root, &guess, on_answer, &outcome);
        assert_int_equal(fixture_wait(fixture, &outcome), REASON_TOO_MANY_FAILURES);
        assert_int_equal(outcome.answer.retry_after, 1);
        outcome_done(&outcome);
        assert_int_equal(log_in(fixture, "ada", "old", "192.0.2.7", &outcome),
                         REASON_TOO_MANY_FAILURES);
        outcome_done(&outcome);
        assert_int_equal(set_password(fixture, &root, ada->id, "old", "new", &outcome), 0);
        outcome_done(&outcome);

        /* Being right forgets what was wrong. */
        for (unsigned i = 0; i < 4; i++) {
                assert_int_equal(set_password(fixture, &root, ada->id, i % 2 ? "new" : "wrong",
                                              NULL, &outcome),
                                 i % 2 ? 0 : REASON_WRONG_PASSWORD);
                outcome_done(&outcome);
        }
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(set_password(fixture, &root, ada->id, "wrong", NULL, &outcome),
                                 REASON_WRONG_PASSWORD);
        assert_int_equal(set_password(fixture, &root, ada->id, "new", NULL, &outcome),
                         REASON_TOO_MANY_FAILURES);

        /* An empty name of a host is none. */
        guess = (UserPasswordRequest){ .id = bob->id, .old_password = &wrong, .rhost = "" };
        for (unsigned i = 0; i < 3; i++) {
                outcome_done(&outcome);
                authority_user_set_password(fixture->authority, &root, &guess, on_answer, &outcome);
                assert_int_equal(fixture_wait(fixture, &outcome), REASON_WRONG_PASSWORD);
        }
        assert_int_equal(set_password(fixture, &root, bob->id, "old", NULL, &outcome),
                         REASON_TOO_MANY_FAILURES);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(root_sets_passwords),
                cmocka_unit_test(users_set_their_own_with_the_old_one),
                cmocka_unit_test(old_passwords_are_throttled),
                cmocka_unit_test(old_passwords_of_root_count),
                cmocka_unit_test(checks_change_nothing),
                cmocka_unit_test(change_ends_the_must),
                cmocka_unit_test(one_login_lives_on),
                cmocka_unit_test(kept_login_in_a_crowd),
                cmocka_unit_test(details_are_roots),
                cmocka_unit_test(the_console_has_one_budget),
                cmocka_unit_test(who_runs_the_program_has_a_budget),
                cmocka_unit_test(remote_hosts_are_throttled),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
