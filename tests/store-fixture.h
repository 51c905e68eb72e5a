#pragma once

/* A SQLite store in a folder of its own, driven without threads, under a clock that the test turns.
 * Included by each of the store's tests once. */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "store/sqlite-backend.h"
#include "wire/reason.h"

#define START (1700000000 * USEC_PER_SEC)
#define HOUR  (3600 * USEC_PER_SEC)
#define DAY   (24 * HOUR)

typedef struct Fixture {
        char *folder;
        char *path;
        Backend *backend; /* changes */
        Backend *reader;
        char *message;
} Fixture;

static int64_t turned; /* what the clock says */

static inline int64_t fixture_now(clockid_t id) {
        return turned;
}

static const Clock fixture_clock = { fixture_now };

static inline int fixture_open(Fixture *fixture) {
        free(TAKE_PTR(fixture->message));
        int r = backend_sqlite.open(fixture->path, &fixture_clock, false, &fixture->backend,
                                    &fixture->message);
        if (r < 0)
                return r;
        r = backend_sqlite.open(fixture->path, &fixture_clock, true, &fixture->reader,
                                &fixture->message);
        if (r >= 0)
                backend_sqlite.share_clock(fixture->reader, fixture->backend);
        return r;
}

static inline void fixture_close(Fixture *fixture) {
        if (fixture->reader)
                backend_sqlite.close(TAKE_PTR(fixture->reader));
        if (fixture->backend)
                backend_sqlite.close(TAKE_PTR(fixture->backend));
}

static inline int fixture_setup(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));

        fixture->folder = strdup("/tmp/tokend-store-XXXXXX");
        assert_non_null(mkdtemp(fixture->folder));
        assert_true(asprintf(&fixture->path, "%s/t.db", fixture->folder) > 0);
        turned = START;
        assert_int_equal(fixture_open(fixture), 0);
        *state = fixture;
        return 0;
}

static inline int fixture_teardown(void **state) {
        Fixture *fixture = *state;
        char command[256];

        fixture_close(fixture);
        snprintf(command, sizeof(command), "rm -rf '%s'", fixture->folder);
        assert_int_equal(system(command), 0);
        free(fixture->folder);
        free(fixture->path);
        free(fixture->message);
        free(fixture);
        return 0;
}

/* Runs one request: a look-up by the reader, a change as a transaction. */
static inline int run(Fixture *fixture, StoreRequest *request) {
        int r;

        if (request->now == 0)
                request->now = turned;
        if (!store_verb_info(request->verb)->writes) {
                assert_int_equal(backend_sqlite.run(fixture->reader, request), 0);
                return request->result;
        }
        assert_int_equal(backend_sqlite.begin(fixture->backend), 0);
        r = backend_sqlite.run(fixture->backend, request);
        assert_int_equal(r, 0);
        assert_int_equal(backend_sqlite.commit(fixture->backend), 0);
        return request->result;
}

static inline StoreRequest *request_by_text(enum StoreVerb verb, enum StoreKeyField field,
                                            const char *text) {
        StoreRequest *request = store_request_new(verb);

        request->key.field = field;
        request->key.text = text ? strdup(text) : NULL;
        return request;
}

static inline StoreStatus status(Fixture *fixture) {
        StoreStatus all;

        backend_sqlite.status(fixture->backend, &all);
        return all;
}

static inline User *user_make(const char *name, uint32_t uid) {
        User *user = user_new();
        char id[64];

        snprintf(id, sizeof(id), "id-%s", name);
        user->id = strdup(id);
        user->name = strdup(name);
        user->uid = user->gid = uid;
        user->created = turned;
        return user;
}

/* Takes the user; its epoch as it was given, or the refusal as a negative number. */
static inline int64_t user_add(Fixture *fixture, User *user) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_USER_ADD);
        int r;

        request->uid_min = 70000;
        request->uid_max = 70004;
        assert_int_equal(store_request_take_user(request, user), 0);
        r = run(fixture, request);
        return r == 0 ? request->users[0]->epoch : -r;
}

static inline int64_t client_add(Fixture *fixture, const char *id) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_CLIENT_ADD);
        Client *client = client_new();
        int r;

        client->id = strdup(id);
        assert_int_equal(store_request_take_client(request, client), 0);
        r = run(fixture, request);
        return r == 0 ? request->clients[0]->epoch : -r;
}

/* A setup with whom tokens can be of: the users ada, her sub-account sub, and bob, and the client
 * web. */
static inline int fixture_with_owners(void **state) {
        fixture_setup(state);
        Fixture *fixture = *state;
        User *sub = user_make("sub", 1001);

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        sub->parent_id = strdup("id-ada");
        assert_true(user_add(fixture, sub) > 0);
        assert_true(user_add(fixture, user_make("bob", 1002)) > 0);
        assert_true(client_add(fixture, "web") > 0);
        return 0;
}

/* The number is the token's hash. */
static inline TokenHash token_hash(unsigned n) {
        TokenHash hash = { 0 };

        for (size_t i = 0; i < TOKEN_HASH_SIZE; i++)
                hash.bytes[i] = (uint8_t)(n >> (i % 4 * 8)) ^ (uint8_t)(i * 37);
        return hash;
}

/* Owners' epochs are looked up, as the core does before it issues. */
static inline Token *token_make(Fixture *fixture, unsigned n, const char *user, const char *client,
                                const char *login) {
        Token *token = token_new();

        token->hash = token_hash(n);
        token->created = turned;
        token->expires = turned + DAY;
        token->client_id = strdup(client);
        token->login = login ? strdup(login) : NULL;
        if (user) {
                _cleanup_(user_freep) User *owner = NULL;

                assert_int_equal(user_load(fixture->reader, user, &owner), 0);
                token->user_id = strdup(user);
                token->user_epoch = owner->epoch;
        }
        _cleanup_(client_unrefp) Client *through = NULL;
        assert_int_equal(client_load(fixture->reader, client, &through), 0);
        token->client_epoch = through->epoch;
        if (login) {
                _cleanup_(login_freep) Login *family = NULL;

                if (login_load(fixture->reader, login, &family) == 0)
                        token->login_epoch = family->epoch;
        }
        return token;
}

static inline int token_issue(Fixture *fixture, Token *token, Login *login) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE);

        assert_int_equal(store_request_take_token(request, token), 0);
        if (login)
                assert_int_equal(store_request_take_login(request, login), 0);
        return run(fixture, request);
}

static inline Login *login_make(Fixture *fixture, const char *id, const char *user,
                                enum LoginState state) {
        Login *login = login_new();

        login->id = strdup(id);
        login->user_id = user ? strdup(user) : NULL;
        login->client_id = strdup(CLIENT_LOCAL);
        login->state = state;
        login->created = turned;
        login->expires = turned + 30 * DAY;
        if (state != LOGIN_FAMILY)
                login->boot_id = strdup(fixture->backend->boot_id);
        return login;
}

/* One simple token; the usual case. */
static inline void issue(Fixture *fixture, unsigned n, const char *user, const char *client) {
        assert_int_equal(token_issue(fixture, token_make(fixture, n, user, client, NULL), NULL), 0);
}

static inline bool is_live(Fixture *fixture, unsigned n) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_GET);
        int r;

        request->key.field = STORE_KEY_HASH;
        request->key.hash = token_hash(n);
        r = run(fixture, request);
        assert_true(r == 0 || r == REASON_TOKEN_UNKNOWN);
        return r == 0;
}

/* One change by an owner's name; n_affected, or the refusal as a negative number. */
static inline int64_t change(Fixture *fixture, enum StoreVerb verb, const char *text) {
        _cleanup_(store_request_freep) StoreRequest *request =
                        request_by_text(verb, STORE_KEY_ID, text);
        int r = run(fixture, request);

        return r == 0 ? (int64_t)request->n_affected : -r;
}

/* Closes the store and forgets it. */
static inline void fixture_forget(Fixture *fixture) {
        char command[256];

        fixture_close(fixture);
        snprintf(command, sizeof(command), "rm -f '%s'*", fixture->path);
        assert_int_equal(system(command), 0);
}

static inline void assert_refused_and_kept(Fixture *fixture, int error, off_t size) {
        struct stat st;

        assert_int_equal(fixture_open(fixture), error);
        assert_null(fixture->backend);
        assert_non_null(fixture->message);
        assert_non_null(strstr(fixture->message, fixture->path));
        assert_int_equal(stat(fixture->path, &st), 0);
        assert_int_equal(st.st_size, size);
}
