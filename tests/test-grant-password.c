/* A token in place of a password: which one lets in, what becomes of it, and that all others are
 * wrong passwords in every respect. Over a real store. */

#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>

#include "core/call.h"
#include "core/tokens.h"
#include "core-fixture.h"

#define ANY (GRANT_ACCEPTS_PASSWORD | GRANT_ACCEPTS_TOKEN)

static atomic_uint n_hashes;

/* In front of libcrypt's. What measures a method hashes a row of the same letters. */
char *crypt_rn(const char *phrase, const char *setting, void *data, int size) {
        char *(*real)(const char *, const char *, void *, int);

        *(void **)&real = dlsym(RTLD_NEXT, "crypt_rn");
        if (!phrase[0] || phrase[strspn(phrase, "p")])
                atomic_fetch_add(&n_hashes, 1);
        return real(phrase, setting, data, size);
}

/* ada and bob may have any of these scopes. */
static int setup(void **state) {
        int r = core_setup(state);

        core_add_user_like(*state, "ada", 70000, "login read", NULL, USER_ACTIVE);
        core_add_user_like(*state, "bob", 70001, "login read", NULL, USER_ACTIVE);
        return r;
}

static void throttle_off(Core *core) {
        core->config.throttle = false;
        authority_set_config(core->authority, &core->config);
}

/* A token of that user, with one scope or none. */
static Secret make_token(Core *core, const char *user, const char *scope, int64_t lifetime) {
        char *scopes[] = { core_dup(scope), NULL };
        Caller root = core_root();
        _heard_ heard = { 0 };

        authority_issue(core->authority, &root,
                        &(IssueRequest){ .user = user, .scopes = scopes, .lifetime = lifetime },
                        core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        free(scopes[0]);
        return TAKE(heard.answer.access_token, SECRET_INIT);
}

static GrantRequest typed_as(const char *user, const Secret *typed, unsigned accepts, bool once) {
        return (GrantRequest){
                .grant_type = "password",
                .username = user,
                .password = typed,
                .service = "sshd",
                .accepts = accepts,
                .once = once,
        };
}

static int type_as(Core *core, const char *user, const Secret *typed, unsigned accepts, bool once,
                   Heard *heard) {
        GrantRequest request = typed_as(user, typed, accepts, once);
        Caller root = core_root();

        authority_grant(core->authority, &root, &request, core_on_answer, heard);
        return core_wait(core, heard);
}

/* The same for ada, and only how it ended. */
static int type(Core *core, const Secret *typed, unsigned accepts, bool once) {
        _heard_ heard = { 0 };

        return type_as(core, "ada", typed, accepts, once, &heard);
}

static int introspect(Core *core, const Secret *token) {
        Caller root = core_root();
        _heard_ heard = { 0 };

        authority_introspect(core->authority, &root, token, core_on_answer, &heard);
        return core_wait(core, &heard);
}

static void revoke_text(Core *core, const Secret *token) {
        Caller root = core_root();
        _heard_ heard = { 0 };

        authority_revoke(core->authority, &root, token, core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
}

static void test_token_lets_in(void **state) {
        Core *core = *state;
        _secret_ token = make_token(core, "ada", "login", 0);
        _secret_ password = core_secret("PASSWORD-of-ada");
        _heard_ first = { 0 }, second = { 0 }, third = { 0 };
        TokenHash hash;

        n_hashes = 0;
        assert_int_equal(type_as(core, "ada", &token, ANY, false, &first), 0);
        assert_int_equal(n_hashes, 0);
        assert_int_equal(token_hash_from_text(token.text, token.size, &hash), 0);
        assert_true(authority_last_used(core->authority, &(Token){ .hash = hash }) > 0);
        assert_string_equal(first.answer.token->grant, TOKEN_GRANT_LOGIN_TOKEN);
        assert_string_equal(first.answer.token->service, "sshd");
        assert_null(first.answer.token->scopes);
        assert_int_equal(first.answer.login->state, LOGIN_PENDING);
        assert_string_equal(first.answer.user->name, "ada");
        assert_true(secret_is_empty(&first.answer.refresh_token));
        assert_int_equal(core->n_new, 1);

        /* Not once, so again. */
        assert_int_equal(type_as(core, "ada", &token, GRANT_ACCEPTS_TOKEN, false, &second), 0);
        assert_int_equal(introspect(core, &token), 0);
        assert_int_equal(introspect(core, &first.answer.access_token), 0);
        assert_int_equal(core->n_removed, 0);

        /* Beside it, a password stays one. */
        assert_int_equal(type_as(core, "ada", &password, ANY, true, &third), 0);
        assert_string_equal(third.answer.token->grant, "password");
}

/* One hash each, the same words, and nothing else. */
static void assert_wrong(Core *core, const Secret *typed, unsigned accepts) {
        for (int once = 0; once < 2; once++) {
                _heard_ heard = { 0 };

                n_hashes = 0;
                assert_int_equal(type_as(core, "ada", typed, accepts, once, &heard),
                                 REASON_WRONG_PASSWORD);
                assert_int_equal(n_hashes, 1);
                assert_true(secret_is_empty(&heard.answer.access_token));
                assert_null(heard.answer.token);
                assert_null(heard.answer.login);
                assert_int_equal(heard.answer.state, REASON_NONE);
                assert_int_equal(heard.answer.retry_after, 0);
        }
}

static void test_all_others_are_wrong_passwords(void **state) {
        Core *core = *state;
        _secret_ good = make_token(core, "ada", "login", 0);
        _secret_ revoked = make_token(core, "ada", "login", 0);
        _heard_ family = { 0 }, plain = { 0 };
        _caller_ app = CALLER_INIT;

        throttle_off(core);
        core_add_client(core, "app", "password refresh_token", "login read", false);
        app = core_client(core, "app");
        revoke_text(core, &revoked);
        assert_int_equal(core_log_in(core, &app, "ada", "PASSWORD-of-ada", "login", NULL, &family),
                         0);
        assert_int_equal(core_log_in(core, &app, "ada", "PASSWORD-of-ada", "read", NULL, &plain),
                         0);
        /* What a client was given for it is as good as what an administrator made. */
        assert_int_equal(type(core, &family.answer.access_token, ANY, false), 0);
        Secret typed[] = {
                core_secret("wrong"),
                core_secret("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
                make_token(core, "bob", "login", 0),
                make_token(core, "ada", NULL, 0),
                make_token(core, "ada", "read", 0),
                make_token(core, "ada", "login", 60 * USEC_PER_SEC),
                TAKE(revoked, SECRET_INIT),
                TAKE(family.answer.refresh_token, SECRET_INIT),
                TAKE(plain.answer.access_token, SECRET_INIT),
                TAKE(plain.answer.refresh_token, SECRET_INIT),
                core_secret(good.text),
                core_secret(good.text),
                core_secret(good.text),
                core_secret(good.text + 1),
        };
        size_t n = ELEMENTSOF(typed);
        for (char *c = typed[n - 4].text; *c; c++)
                if (*c >= 'a')
                        *c = (char)(*c - 'a' + 'A');
        assert_int_equal(secret_append_text(&typed[n - 3], "0"), 0);
        assert_int_equal(secret_append_text(&typed[n - 2], "\n"), 0);
        core_turned = 61 * USEC_PER_SEC; /* the one of a minute is over */

        for (size_t i = 0; i < n; i++) {
                assert_wrong(core, &typed[i], ANY);
                assert_wrong(core, &typed[i], GRANT_ACCEPTS_TOKEN);
                secret_done(&typed[i]);
        }
        /* What is right is so where it is asked for. */
        assert_wrong(core, &good, GRANT_ACCEPTS_PASSWORD);
        assert_wrong(core, &good, 0);
        assert_int_equal(type(core, &good, ANY, false), 0);
        _secret_ password = core_secret("PASSWORD-of-ada");
        assert_wrong(core, &password, GRANT_ACCEPTS_TOKEN);
        assert_int_equal(core->n_removed, 1);
}

static void test_unknown_users_and_junk(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _secret_ token = make_token(core, "ada", "login", 0);
        _heard_ unknown = { 0 }, junk = { 0 };
        GrantRequest request = typed_as("ada", NULL, GRANT_ACCEPTS_TOKEN, true);

        assert_int_equal(type_as(core, "carl", &token, ANY, false, &unknown), REASON_USER_UNKNOWN);
        request.junk = true;
        n_hashes = 0;
        authority_grant(core->authority, &root, &request, core_on_answer, &junk);
        assert_int_equal(core_wait(core, &junk), REASON_NOT_KNOWN_TO_NSS);
        assert_int_equal(n_hashes, 1);
}

static void test_who_may_say_so(void **state) {
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000);
        _secret_ token = make_token(core, "ada", "login", 0);
        _caller_ app = CALLER_INIT;

        core_add_client(core, "app", "password", NULL, false);
        app = core_client(core, "app");
        const struct {
                const Caller *caller;
                const char *service;
                unsigned accepts;
                bool once;
                int r;
        } rows[] = {
                { &root, NULL, GRANT_ACCEPTS_TOKEN, false, REASON_INVALID_REQUEST },
                { &root, NULL, GRANT_ACCEPTS_PASSWORD, false, REASON_INVALID_REQUEST },
                { &root, NULL, 0, true, REASON_INVALID_REQUEST },
                { &ada, NULL, GRANT_ACCEPTS_TOKEN, false, REASON_ACCESS_DENIED },
                { &ada, NULL, GRANT_ACCEPTS_PASSWORD, false, REASON_ACCESS_DENIED },
                { &ada, NULL, 0, true, REASON_ACCESS_DENIED },
                { &ada, "sshd", GRANT_ACCEPTS_TOKEN, false, REASON_ACCESS_DENIED },
                { &app, NULL, GRANT_ACCEPTS_TOKEN, false, REASON_ACCESS_DENIED },
                { &app, NULL, 0, true, REASON_ACCESS_DENIED },
                { &root, "sshd", GRANT_ACCEPTS_TOKEN, true, 0 },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                GrantRequest request = typed_as("ada", &token, rows[i].accepts, rows[i].once);
                _heard_ heard = { 0 };

                request.service = rows[i].service;
                authority_grant(core->authority, rows[i].caller, &request, core_on_answer, &heard);
                assert_int_equal(core_wait(core, &heard), rows[i].r);
        }
}

/* One budget with passwords: tokens are counted in it and refused by it. One that lets in forgives
 * nothing, or who has stolen it could guess at the password for ever. */
static void test_throttle(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _secret_ token = make_token(core, "ada", "login", 0);
        _secret_ others = make_token(core, "bob", "login", 0);
        _secret_ spent = make_token(core, "ada", "login", 0);
        _secret_ wrong = core_secret("wrong");
        _heard_ heard = { 0 };

        for (unsigned i = 0; i < 2; i++)
                assert_int_equal(type(core, i ? &wrong : &others, ANY, false),
                                 REASON_WRONG_PASSWORD);
        assert_int_equal(type(core, &token, ANY, false), 0);
        assert_int_equal(type(core, &spent, ANY, true), 0);
        assert_int_equal(type(core, &wrong, ANY, false), REASON_WRONG_PASSWORD);
        n_hashes = 0;
        assert_int_equal(type(core, &token, ANY, true), REASON_TOO_MANY_FAILURES);
        assert_int_equal(type(core, &others, ANY, false), REASON_TOO_MANY_FAILURES);
        assert_int_equal(n_hashes, 0);
        assert_int_equal(core_log_in(core, &root, "ada", "PASSWORD-of-ada", NULL, "su", &heard),
                         REASON_TOO_MANY_FAILURES);
        assert_int_equal(introspect(core, &token), 0);
}

/* bob's su does not slow ada's down, nor her console; and he has one budget with his own calls. */
static void test_throttle_by_who_runs_su(void **state) {
        Core *core = *state;
        Caller root = core_root(), bob = core_uid(70001);
        _secret_ wrong = core_secret("wrong"), right = core_secret("PASSWORD-of-ada");
        GrantRequest request = typed_as("ada", &wrong, 0, false);

        request.ruid = 70001;
        for (unsigned i = 0; i < 5; i++) {
                _heard_ heard = { 0 };

                authority_grant(core->authority, &root, &request, core_on_answer, &heard);
                assert_int_equal(core_wait(core, &heard),
                                 i < 3 ? REASON_WRONG_PASSWORD : REASON_TOO_MANY_FAILURES);
        }
        request.password = &right;
        for (uint32_t ruid = 70000; ruid <= 70001; ruid++) {
                _heard_ heard = { 0 };

                request.ruid = ruid;
                authority_grant(core->authority, &root, &request, core_on_answer, &heard);
                assert_int_equal(core_wait(core, &heard),
                                 ruid == 70000 ? 0 : REASON_TOO_MANY_FAILURES);
        }
        _heard_ console = { 0 }, refused = { 0 };
        request.ruid = 0;
        authority_grant(core->authority, &root, &request, core_on_answer, &console);
        assert_int_equal(core_wait(core, &console), 0);
        request = (GrantRequest){ .grant_type = "password", .username = "bob", .password = &wrong,
                                  .ruid = 70000 };
        authority_grant(core->authority, &bob, &request, core_on_answer, &refused);
        assert_int_equal(core_wait(core, &refused), REASON_ACCESS_DENIED);
}

static void test_states(void **state) {
        Core *core = *state;
        _heard_ must_change = { 0 };

        throttle_off(core);
        core_add_user_like(core, "max", 70002, "login", NULL, USER_PASSWORD_MUST_CHANGE);
        _secret_ of_max = make_token(core, "max", "login", 0);
        assert_int_equal(type_as(core, "max", &of_max, ANY, false, &must_change), 0);
        assert_int_equal(must_change.answer.state, REASON_PASSWORD_MUST_CHANGE);
        assert_non_null(must_change.answer.login);

        /* Whoever is locked has no tokens, and what has none is a wrong password. */
        _secret_ of_ada = make_token(core, "ada", "login", 0);
        StoreRequest *lock = store_request_new(STORE_USER_SET);
        User *values = user_new();
        lock->key.text = strdup("id-ada");
        lock->sets = USER_SETS_STATE;
        values->state = USER_LOCKED;
        assert_int_equal(store_request_take_user(lock, values), 0);
        assert_int_equal(core_store(core, lock), 0);
        assert_wrong(core, &of_ada, ANY);
}

static void test_once(void **state) {
        Core *core = *state;
        _secret_ token = make_token(core, "ada", "login", 0);
        _heard_ heard = { 0 };

        throttle_off(core);
        assert_int_equal(introspect(core, &token), 0); /* it is in the cache now */
        assert_int_equal(type_as(core, "ada", &token, GRANT_ACCEPTS_TOKEN, true, &heard), 0);
        assert_int_equal(introspect(core, &token), REASON_TOKEN_UNKNOWN);
        Token *cached = cache_get(core->authority->cache, &heard.answer.token->hash,
                                  clock_realtime(&core_clock));
        assert_non_null(cached);
        token_unref(cached);
        assert_int_equal(introspect(core, &heard.answer.access_token), 0);
        assert_int_equal(core->n_removed, 1);
        assert_string_equal(core->removed, "used-up");
        assert_wrong(core, &token, GRANT_ACCEPTS_TOKEN);
        assert_int_equal(core->n_removed, 1);

        /* So it stays. */
        core_close(core);
        core_open(core);
        throttle_off(core);
        assert_int_equal(introspect(core, &token), REASON_TOKEN_UNKNOWN);
        assert_wrong(core, &token, ANY);
}

/* Introspection asked before the login was committed, and answered around it. */
static void test_once_beats_look_ups(void **state) {
        Core *core = *state;
        Caller root = core_root();

        for (unsigned i = 0; i < 20; i++) {
                _secret_ token = make_token(core, "ada", "login", 0);
                GrantRequest request = typed_as("ada", &token, GRANT_ACCEPTS_TOKEN, true);
                Heard asked[8] = { 0 };
                _heard_ login = { 0 };

                cache_clear(core->authority->cache);
                authority_grant(core->authority, &root, &request, core_on_answer, &login);
                for (size_t k = 0; k < ELEMENTSOF(asked); k++) {
                        authority_introspect(core->authority, &root, &token, core_on_answer,
                                             &asked[k]);
                        for (unsigned turn = 0; turn < k * i % 7; turn++)
                                assert_true(sd_event_run(core->event, 100) >= 0);
                }
                if (login.n == 0)
                        assert_int_equal(core_wait(core, &login), 0);
                assert_int_equal(introspect(core, &token), REASON_TOKEN_UNKNOWN);
                for (size_t k = 0; k < ELEMENTSOF(asked); k++) {
                        while (asked[k].n == 0)
                                assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
                        heard_done(&asked[k]);
                }
                assert_int_equal(introspect(core, &token), REASON_TOKEN_UNKNOWN);
        }
}

#define PARALLEL 64

/* One winner, whoever is quick, and the others learn nothing from it. */
static void test_once_64_times_at_once(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _secret_ token = make_token(core, "ada", "login", 0);
        GrantRequest request = typed_as("ada", &token, ANY, true);
        Heard heard[PARALLEL] = { 0 };
        unsigned n_won = 0;

        throttle_off(core);
        n_hashes = 0;
        for (size_t i = 0; i < PARALLEL; i++)
                authority_grant(core->authority, &root, &request, core_on_answer, &heard[i]);
        for (size_t i = 0; i < PARALLEL; i++) {
                while (heard[i].n == 0)
                        assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
                n_won += heard[i].r == 0;
                if (heard[i].r == 0) {
                        assert_int_equal(introspect(core, &heard[i].answer.access_token), 0);
                } else {
                        assert_int_equal(heard[i].r, REASON_WRONG_PASSWORD);
                        assert_true(secret_is_empty(&heard[i].answer.access_token));
                        assert_null(heard[i].answer.token);
                        assert_null(heard[i].answer.login);
                }
                heard_done(&heard[i]);
        }
        assert_int_equal(n_won, 1);
        assert_int_equal(n_hashes, PARALLEL - 1);
        assert_int_equal(core->n_removed, 1);
        assert_int_equal(core->n_new, 1);
        assert_int_equal(authority_status(core->authority).store.n_logins, 1);
}

/* Whoever comes second has failed, as with a wrong password. */
static void test_losers_are_counted(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _secret_ token = make_token(core, "ada", "login", 0);
        GrantRequest request = typed_as("ada", &token, ANY, true);
        Heard heard[8] = { 0 };
        unsigned n_wrong = 0, n_delayed = 0;

        for (size_t i = 0; i < ELEMENTSOF(heard); i++)
                authority_grant(core->authority, &root, &request, core_on_answer, &heard[i]);
        for (size_t i = 0; i < ELEMENTSOF(heard); i++) {
                while (heard[i].n == 0)
                        assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
                n_wrong += heard[i].r == REASON_WRONG_PASSWORD;
                n_delayed += heard[i].r == REASON_TOO_MANY_FAILURES;
                heard_done(&heard[i]);
        }
        assert_int_equal(n_wrong, 3);
        assert_int_equal(n_delayed, 4);
}

/* A clock that lets somebody else go first, when it is read for the n-th time. */
static struct Overtaking {
        Core *core;
        const Secret *token;
        unsigned n_read, at;
        int revoked;
} overtaking;

static void overtake(void) {
        StoreRequest *request = store_request_new(STORE_TOKEN_REVOKE);
        const Secret *token = overtaking.token;

        request->key.field = STORE_KEY_HASH;
        assert_int_equal(token_hash_from_text(token->text, token->size, &request->key.hash), 0);
        request->urgent = true; /* as what root asks */
        overtaking.revoked = INT32_MIN;
        assert_int_equal(store_submit(overtaking.core->store, request, core_on_stored,
                                      &overtaking.revoked),
                         0);
}

static int64_t overtaking_now(clockid_t id) {
        if (id == CLOCK_REALTIME && ++overtaking.n_read == overtaking.at)
                overtake();
        return core_clock_now(id);
}

static const Clock overtaking_clock = { .now = overtaking_now };

/* Wherever between look-up and commit it is revoked: it does not let in. */
static void test_revoked_on_the_way(void **state) {
        Core *core = *state;

        throttle_off(core);
        core->authority->clock = &overtaking_clock;
        for (unsigned once = 0; once < 2; once++) {
                _secret_ counted = make_token(core, "ada", "login", 0);
                overtaking = (struct Overtaking){ .core = core };
                assert_int_equal(type(core, &counted, ANY, once), 0);
                unsigned n = overtaking.n_read;
                assert_true(n >= 3); /* look-up, state, issue */
                for (unsigned at = 1; at <= n; at++) {
                        _secret_ token = make_token(core, "ada", "login", 0);

                        n_hashes = 0;
                        overtaking = (struct Overtaking){ core, &token, 0, at, 0 };
                        assert_int_equal(type(core, &token, ANY, once), REASON_WRONG_PASSWORD);
                        assert_int_equal(n_hashes, 1);
                        assert_int_equal(overtaking.revoked, 0);
                        overtaking.at = 0;
                }
        }
        core->authority->clock = &core_clock;
}

/* Their tokens stay. */
static void make_password(Core *core, const char *user_id, const Secret *password) {
        StoreRequest *request = store_request_new(STORE_USER_REHASH);

        request->key.text = strdup(user_id);
        core_hash(password->text, &request->hash);
        assert_int_equal(core_store(core, request), 0);
}

/* Whose token died has not typed the password, whatever the password is. */
static void test_a_dead_token_is_no_password(void **state) {
        Core *core = *state;
        _secret_ counted = make_token(core, "ada", "login", 0);
        _secret_ token = make_token(core, "ada", "login", 0);

        throttle_off(core);
        core->authority->clock = &overtaking_clock;
        overtaking = (struct Overtaking){ .core = core };
        assert_int_equal(type(core, &counted, ANY, false), 0);
        make_password(core, "id-ada", &token);
        overtaking = (struct Overtaking){ core, &token, 0, overtaking.n_read, 0 };
        assert_int_equal(type(core, &token, ANY, false), REASON_WRONG_PASSWORD);
        overtaking.at = 0;
        assert_int_equal(type(core, &token, ANY, false), 0);
        core->authority->clock = &core_clock;
}

/* The disk is full: that a token is used up could not be kept. */
static void test_store_unwritable(void **state) {
        Core *core = *state;
        _secret_ token = make_token(core, "ada", "login", 0);
        _heard_ many = { 0 }, once = { 0 };

        core_disk_full(true);
        assert_int_equal(type_as(core, "ada", &token, ANY, false, &many), 0);
        assert_true(many.answer.without_store);
        assert_int_equal(type_as(core, "ada", &token, ANY, true, &once), REASON_STORE_UNAVAILABLE);
        assert_false(once.answer.without_store);
        core_disk_full(false);

        assert_int_equal(core->n_removed, 0);
        assert_int_equal(introspect(core, &token), 0);
        assert_int_equal(type(core, &token, ANY, true), 0);
        assert_int_equal(type(core, &token, ANY, true), REASON_WRONG_PASSWORD);
}

/* As another program that writes to the database and does not end: it can still be read. */
static int hold_writing(const Core *core) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 120, .l_len = 1 };
        char path[128];
        int fd;

        (void)snprintf(path, sizeof(path), "%s/tokend.db-shm", core->folder);
        fd = open(path, O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
        return fd;
}

/* Nothing behind the look-up can say then of what kind the token is. */
static void test_refresh_token_without_store(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ issued = { 0 };
        int r[2];

        throttle_off(core);
        assert_int_equal(core_log_in(core, &root, "ada", "PASSWORD-of-ada", "login", NULL,
                                     &issued),
                         0);
        assert_false(secret_is_empty(&issued.answer.refresh_token));
        int fd = hold_writing(core);
        r[0] = type(core, &issued.answer.access_token, ANY, false);
        r[1] = type(core, &issued.answer.refresh_token, ANY, false);
        close(fd);
        assert_int_equal(r[0], 0);
        assert_int_equal(r[1], REASON_WRONG_PASSWORD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_token_lets_in),
                TEST(test_all_others_are_wrong_passwords),
                TEST(test_unknown_users_and_junk),
                TEST(test_who_may_say_so),
                TEST(test_throttle),
                TEST(test_throttle_by_who_runs_su),
                TEST(test_states),
                TEST(test_once),
                TEST(test_once_beats_look_ups),
                TEST(test_once_64_times_at_once),
                TEST(test_losers_are_counted),
                TEST(test_revoked_on_the_way),
                TEST(test_a_dead_token_is_no_password),
                TEST(test_store_unwritable),
                TEST(test_refresh_token_without_store),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
