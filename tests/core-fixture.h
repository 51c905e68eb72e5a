#pragma once

/* A whole authority over a real store in a temporary folder, with a clock that can be turned and
 * hashes that cost little. */

#include <crypt.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/journal.h"
#include "core/authority.h"
#include "core/grant.h"
#include "wire/cleanup.h"
#include "wire/text.h"
#include "unit.h"

#define DAY (24 * 3600 * USEC_PER_SEC)

/* µs that the clock of the wall has been turned. */
static int64_t core_turned;

static inline int64_t core_clock_now(clockid_t id) {
        return clock_system.now(id) + (id == CLOCK_REALTIME ? core_turned : 0);
}

static const Clock core_clock = { .now = core_clock_now };

/* Nobody can write to a file, until it is said that there is room again. */
static inline void core_disk_full(bool is_full) {
        static struct rlimit before;
        struct rlimit limit;

        signal(SIGXFSZ, SIG_IGN);
        if (is_full)
                assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        limit = before;
        if (is_full)
                limit.rlim_cur = 0;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

typedef struct Core {
        char folder[64];
        sd_event *event;
        Store *store;
        Config config;
        Authority *authority;
        unsigned n_new; /* what the observer heard */
        unsigned n_removed;
        uint64_t n_removed_with_owner;
        unsigned n_used;
        char removed[64];
} Core;

/* What a handler heard; owns what was in the answer. */
typedef struct Heard {
        unsigned n;
        int r;
        Answer answer;
        Caller caller;
} Heard;

static inline void core_on_answer(void *userdata, int r, Answer *answer) {
        Heard *heard = userdata;

        heard->n++;
        heard->r = r;
        heard->answer = *answer;
        *answer = (Answer){ 0 };
}

static inline void core_on_caller(void *userdata, int r, Caller *caller) {
        Heard *heard = userdata;

        heard->n++;
        heard->r = r;
        heard->caller = *caller;
        *caller = CALLER_INIT;
}

static inline void heard_done(Heard *heard) {
        Answer *answer = &heard->answer;

        secret_done(&answer->access_token);
        secret_done(&answer->refresh_token);
        secret_done(&answer->client_secret);
        token_unref(answer->token);
        user_free(answer->user);
        client_unref(answer->client);
        login_free(answer->login);
        for (size_t i = 0; i < answer->n_tokens; i++)
                token_unref(answer->tokens[i]);
        free(answer->tokens);
        for (size_t i = 0; i < answer->n_texts; i++)
                secret_done(&answer->texts[i]);
        free(answer->texts);
        for (size_t i = 0; i < answer->n_users; i++)
                user_free(answer->users[i]);
        free(answer->users);
        for (size_t i = 0; i < answer->n_clients; i++)
                client_unref(answer->clients[i]);
        free(answer->clients);
        free(answer->cursor);
        caller_done(&heard->caller);
        *heard = (Heard){ 0 };
}
#define _heard_ _cleanup_(heard_done) Heard

/* r of the answer, which must come once and from the loop. */
static inline int core_wait(Core *core, Heard *heard) {
        assert_int_equal(heard->n, 0);
        for (unsigned i = 0; heard->n == 0; i++) {
                assert_true(i < 100000);
                assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
        }
        assert_int_equal(heard->n, 1);
        heard->n = 0;
        return heard->r;
}

static inline void core_count_new(void *userdata, const Token *token) {
        ((Core *)userdata)->n_new++;
}

static inline void core_count_all_removed(void *userdata, uint64_t n) {
        Core *core = userdata;

        core->n_removed_with_owner += n;
}

static inline void core_count_used(void *userdata, const TokenHash *hash) {
        Core *core = userdata;

        core->n_used++;
}

static inline void core_count_removed(void *userdata, const char *id, const char *reason) {
        Core *core = userdata;

        core->n_removed++;
        (void)snprintf(core->removed, sizeof(core->removed), "%s", reason);
}

static inline void core_on_stored(StoreRequest *request, void *userdata) {
        *(int *)userdata = request->result;
}

/* Carries out one request and frees it; its result. */
static inline int core_store(Core *core, StoreRequest *request) {
        int result = INT32_MIN;

        assert_non_null(request);
        assert_int_equal(store_submit(core->store, request, core_on_stored, &result), 0);
        while (result == INT32_MIN)
                assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
        return result;
}

static inline void core_hash(const char *text, Secret *ret) {
        struct crypt_data *data = calloc(1, sizeof(*data));

        assert_non_null(crypt_r(text, "$2b$04$abcdefghijklmnopqrstuu", data));
        assert_int_equal(secret_append_text(ret, data->output), 0);
        free(data);
}

static inline char *core_dup(const char *text) {
        return text ? strdup(text) : NULL;
}

/* scopes: "a b" or NULL. Its id is "id-NAME", its password "PASSWORD-of-NAME". */
static inline void core_add_user_like(Core *core, const char *name, uint32_t uid,
                                      const char *scopes, const char *parent_id,
                                      enum UserState state) {
        StoreRequest *request = store_request_new(STORE_USER_ADD);
        User *user = user_new();
        char text[128];

        (void)snprintf(text, sizeof(text), "id-%s", name);
        user->id = strdup(text);
        user->name = strdup(name);
        user->partner_id = strdup(text);
        user->parent_id = core_dup(parent_id);
        (void)snprintf(text, sizeof(text), "%s@example.org", name);
        user->email = strdup(text);
        user->role = strdup("customer");
        user->uid = user->gid = uid;
        user->home = strdup("/home/nobody");
        user->shell = strdup("/bin/sh");
        user->state = state;
        if (scopes)
                assert_int_equal(strv_split(scopes, " ", &user->scopes), 0);
        (void)snprintf(text, sizeof(text), "PASSWORD-of-%s", name);
        core_hash(text, &user->hash);
        user->created = clock_realtime(&core_clock);
        assert_int_equal(store_request_take_user(request, user), 0);
        assert_int_equal(core_store(core, request), 0);
}

static inline void core_add_user(Core *core, const char *name, uint32_t uid) {
        core_add_user_like(core, name, uid, NULL, NULL, USER_ACTIVE);
}

/* Its secret is "SECRET-of-ID". */
static inline void core_add_client(Core *core, const char *id, const char *grants,
                                   const char *scopes, bool introspect_own_only) {
        StoreRequest *request = store_request_new(STORE_CLIENT_ADD);
        Client *client = client_new();
        char text[128];

        client->id = strdup(id);
        assert_int_equal(strv_split(grants, " ", &client->grants), 0);
        if (scopes)
                assert_int_equal(strv_split(scopes, " ", &client->scopes), 0);
        client->introspect_own_only = introspect_own_only;
        (void)snprintf(text, sizeof(text), "SECRET-of-%s", id);
        core_hash(text, &client->hash);
        client->created = clock_realtime(&core_clock);
        assert_int_equal(store_request_take_client(request, client), 0);
        assert_int_equal(core_store(core, request), 0);
}

static inline void core_open(Core *core) {
        char *message = NULL;
        char address[128];

        (void)snprintf(address, sizeof(address), "sqlite:%s/tokend.db", core->folder);
        assert_int_equal(store_open(core->event, &core_clock, address, &core->store, &message), 0);
        assert_int_equal(authority_new(core->event, core->store, &core->config, &core_clock,
                                       &core->authority),
                         0);
        authority_set_observer(core->authority, &(AuthorityObserver){
                                                        .userdata = core,
                                                        .token_new = core_count_new,
                                                        .token_removed = core_count_removed,
                                                        .tokens_removed = core_count_all_removed,
                                                        .token_used = core_count_used,
                                                });
}

static inline void core_close(Core *core) {
        core->authority = authority_free(core->authority);
        core->store = store_close(core->store);
}

static inline int core_setup(void **state) {
        Core *core = calloc(1, sizeof(Core));

        core_turned = 0;
        journal_set_target(JOURNAL_TARGET_STDERR);
        journal_set_level(LOG_ERR);
        strcpy(core->folder, "/tmp/tokend-core-XXXXXX");
        assert_non_null(mkdtemp(core->folder));
        assert_true(sd_event_new(&core->event) >= 0);
        core->config = (Config){
                .uid_min = 70000,
                .uid_max = 99999,
                .default_shell = (char *)"/bin/sh",
                .home_base = (char *)"/home",
                .access_lifetime = 7 * DAY,
                .refresh_lifetime = 30 * DAY,
                .maximum_lifetime = 365 * DAY,
                .refresh_grace = 10 * USEC_PER_SEC,
                .cache_tokens = 1000,
                .hash = (char *)"bcrypt",
                .hash_rounds = 4,
                .workers = 1,
                .queue = 64,
                .throttle = true,
                .login_without_store = true,
        };
        core_open(core);
        *state = core;
        return 0;
}

static inline int core_remove(const char *path, const struct stat *stat, int type,
                              struct FTW *ftw) {
        return remove(path);
}

static inline int core_teardown(void **state) {
        Core *core = *state;

        core_close(core);
        sd_event_unref(core->event);
        (void)nftw(core->folder, core_remove, 8, FTW_DEPTH | FTW_PHYS);
        free(core);
        return 0;
}

static inline Caller core_caller(enum CallerKind kind, enum Door door, uint32_t uid) {
        Caller caller = { .kind = kind, .peer = { .door = door, .uid = uid } };

        caller.peer.received = clock_monotonic(&core_clock);
        if (door == DOOR_TCP)
                strcpy(caller.peer.remote, "192.0.2.1");
        else
                (void)snprintf(caller.peer.remote, sizeof(caller.peer.remote), "uid:%u", uid);
        return caller;
}

static inline Caller core_root(void) {
        return core_caller(CALLER_ROOT, DOOR_SOCKET, 0);
}

static inline Caller core_uid(uint32_t uid) {
        return core_caller(CALLER_UID, DOOR_SOCKET, uid);
}

static inline Caller core_anonymous(void) {
        return core_caller(CALLER_ANONYMOUS, DOOR_TCP, UID_NONE);
}

static inline Secret core_secret(const char *text) {
        Secret secret = SECRET_INIT;

        assert_int_equal(secret_append_text(&secret, text), 0);
        return secret;
}
#define _secret_ _cleanup_(secret_done) Secret

/* The caller that a client is after it proved its secret; owned. */
static inline Caller core_client(Core *core, const char *id) {
        char text[128];
        (void)snprintf(text, sizeof(text), "SECRET-of-%s", id);
        _secret_ secret = core_secret(text);
        Caller peer = core_anonymous();
        _heard_ heard = { 0 };

        authority_identify(core->authority,
                           &(Credentials){ .peer = peer.peer,
                                           .client_id = id,
                                           .client_secret = &secret },
                           core_on_caller, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(heard.caller.kind, CALLER_CLIENT);
        return TAKE(heard.caller, CALLER_INIT);
}

/* The caller that shows this token over TCP; owned. */
static inline int core_bearer(Core *core, const Secret *token, Caller *ret) {
        Caller peer = core_anonymous();
        _heard_ heard = { 0 };

        authority_identify(core->authority, &(Credentials){ .peer = peer.peer, .bearer = token },
                           core_on_caller, &heard);
        int r = core_wait(core, &heard);
        if (r == 0)
                *ret = TAKE(heard.caller, CALLER_INIT);
        return r;
}
#define _caller_ _cleanup_(caller_done) Caller

/* The password grant; r. */
static inline int core_log_in(Core *core, const Caller *caller, const char *user,
                              const char *password, const char *scope, const char *service,
                              Heard *heard) {
        _secret_ secret = core_secret(password);

        authority_grant(core->authority, caller,
                        &(GrantRequest){ .grant_type = "password",
                                         .username = user,
                                         .password = &secret,
                                         .scope = scope,
                                         .service = service },
                        core_on_answer, heard);
        return core_wait(core, heard);
}
