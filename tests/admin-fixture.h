#pragma once

/* An authority on a store in a folder of its own, with a machine that exists in tables only, for
 * the tests of what administrators do. Calls are made and waited for one by one. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/call.h"
#include "core/clients.h"
#include "core/grant.h"
#include "core/nss.h"
#include "core/tokens.h"
#include "core/users.h"
#include "wire/cleanup.h"
#include "wire/text.h"
#include "unit.h"

typedef struct Fixture {
        sd_event *event;
        char folder[64];
        Config config;
        Store *store;
        Authority *authority;
        unsigned n_changed; /* calls of user_changed that somebody waited for */
        unsigned n_gone;    /* users that user_changed called gone */
        bool holds_changes; /* they are not done before release_change() */
        void (*done)(void *done_userdata);
        void *done_userdata;
} Fixture;

/* How a call ended; what was in its answer is the test's. */
typedef struct Outcome {
        unsigned n_calls;
        int r;
        Answer answer;
} Outcome;

static const struct {
        const char *name;
        uint32_t uid, gid;
} machine_users[] = {
        { "root", 0, 0 },     { "toor", 0, 0 },        { "daemon", 1, 1 },
        { "kim", 1500, 100 }, { "lee", 70001, 70001 }, { "dynamic", 61184, 61184 },
        { "tokend", 991, 991 }, { "nobody", 65534, 65534 },
};

static const struct {
        const char *name;
        uint32_t gid;
} machine_groups[] = { { "audio", 29 }, { "video", 44 }, { "users", 100 }, { "club", 70002 } };

static int machine_user(size_t index, NssUser *ret) {
        *ret = (NssUser){
                .name = strdup(machine_users[index].name),
                .uid = machine_users[index].uid,
                .gid = machine_users[index].gid,
                .home = strdup("/srv/home"),
                .shell = strdup("/bin/zsh"),
        };
        return 0;
}

static int machine_user_by_name(const char *name, NssUser *ret) {
        if (streq(name, "broken"))
                return -EIO;
        for (size_t i = 0; i < ELEMENTSOF(machine_users); i++)
                if (streq(machine_users[i].name, name))
                        return machine_user(i, ret);
        return -ENOENT;
}

static int machine_user_by_uid(uint32_t uid, NssUser *ret) {
        if (uid == 75000)
                return -EIO;
        for (size_t i = 0; i < ELEMENTSOF(machine_users); i++)
                if (machine_users[i].uid == uid)
                        return machine_user(i, ret);
        return -ENOENT;
}

static int machine_group_by_name(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(machine_groups); i++)
                if (streq(machine_groups[i].name, name))
                        return 0;
        return -ENOENT;
}

static int machine_group_by_gid(uint32_t gid, char **ret_name) {
        for (size_t i = 0; i < ELEMENTSOF(machine_groups); i++)
                if (machine_groups[i].gid == gid) {
                        *ret_name = strdup(machine_groups[i].name);
                        return 0;
                }
        return -ENOENT;
}

static const NssSource machine = {
        .user_by_name = machine_user_by_name,
        .user_by_uid = machine_user_by_uid,
        .group_by_name = machine_group_by_name,
        .group_by_gid = machine_group_by_gid,
};

static void on_user_changed(void *userdata, const User *user, bool is_gone,
                            void (*done)(void *done_userdata), void *done_userdata) {
        Fixture *fixture = userdata;

        assert_non_null(user);
        fixture->n_gone += is_gone;
        if (!done)
                return;
        fixture->n_changed++;
        if (!fixture->holds_changes)
                return done(done_userdata);
        fixture->done = done;
        fixture->done_userdata = done_userdata;
}

static Fixture *fixture_new(void) {
        Fixture *fixture = calloc(1, sizeof(*fixture));
        AuthorityObserver observer = { .userdata = fixture, .user_changed = on_user_changed };
        char address[128];
        char *message = NULL;

        strcpy(fixture->folder, "/tmp/tokend-test-XXXXXX");
        assert_non_null(mkdtemp(fixture->folder));
        snprintf(address, sizeof(address), "sqlite:%s/tokend.db", fixture->folder);
        fixture->config = (Config){
                .uid_min = 70000,
                .uid_max = 79999,
                .default_shell = strdup("/bin/sh"),
                .home_base = strdup("/home"),
                .access_lifetime = 3600 * USEC_PER_SEC,
                .refresh_lifetime = 7200 * USEC_PER_SEC,
                .maximum_lifetime = 86400 * USEC_PER_SEC,
                .refresh_grace = 10 * USEC_PER_SEC,
                .cache_tokens = 100,
                .hash = strdup("bcrypt"),
                .hash_rounds = 4,
                .workers = 2,
                .queue = 64,
                .throttle = true,
        };
        assert_true(sd_event_new(&fixture->event) >= 0);
        assert_int_equal(store_open(fixture->event, &clock_system, address, &fixture->store,
                                    &message),
                         0);
        assert_int_equal(authority_new(fixture->event, fixture->store, &fixture->config,
                                       &clock_system, &fixture->authority),
                         0);
        nss_free(fixture->authority->nss);
        assert_int_equal(nss_new(fixture->event, &machine, &fixture->authority->nss), 0);
        authority_set_observer(fixture->authority, &observer);
        return fixture;
}

static void fixture_free(Fixture *fixture) {
        char command[128];

        authority_free(fixture->authority);
        store_close(fixture->store);
        sd_event_unref(fixture->event);
        free(fixture->config.default_shell);
        free(fixture->config.home_base);
        free(fixture->config.hash);
        snprintf(command, sizeof(command), "rm -r '%s'", fixture->folder);
        assert_int_equal(system(command), 0);
        free(fixture);
}

static void fixture_freep(Fixture **fixture) {
        fixture_free(*fixture);
}

static inline Caller caller_uid(uint32_t uid) {
        Caller caller = {
                .kind = uid == 0 ? CALLER_ROOT : CALLER_UID,
                .peer = { .door = DOOR_SOCKET,
                          .uid = uid,
                          .received = clock_monotonic(&clock_system) },
        };

        snprintf(caller.peer.remote, sizeof(caller.peer.remote), "uid:%u", uid);
        return caller;
}

static inline void outcome_done(Outcome *outcome) {
        user_free(outcome->answer.user);
        client_unref(outcome->answer.client);
        token_unref(outcome->answer.token);
        secret_done(&outcome->answer.access_token);
        secret_done(&outcome->answer.client_secret);
        for (size_t i = 0; i < outcome->answer.n_users; i++)
                user_free(outcome->answer.users[i]);
        for (size_t i = 0; i < outcome->answer.n_clients; i++)
                client_unref(outcome->answer.clients[i]);
        free(outcome->answer.users);
        free(outcome->answer.clients);
        free(outcome->answer.cursor);
        *outcome = (Outcome){ 0 };
}

static void on_answer(void *userdata, int r, Answer *answer) {
        Outcome *outcome = userdata;

        outcome->n_calls++;
        outcome->r = r;
        outcome->answer = (Answer){
                .user = TAKE_PTR(answer->user),
                .client = TAKE_PTR(answer->client),
                .token = TAKE_PTR(answer->token),
                .access_token = TAKE(answer->access_token, SECRET_INIT),
                .client_secret = TAKE(answer->client_secret, SECRET_INIT),
                .users = TAKE_PTR(answer->users),
                .n_users = TAKE(answer->n_users, 0),
                .clients = TAKE_PTR(answer->clients),
                .n_clients = TAKE(answer->n_clients, 0),
                .cursor = TAKE_PTR(answer->cursor),
                .n_revoked = answer->n_revoked,
                .retry_after = answer->retry_after,
        };
}

static inline int fixture_wait(Fixture *fixture, Outcome *outcome) {
        assert_int_equal(outcome->n_calls, 0);
        while (outcome->n_calls == 0)
                assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) > 0);
        assert_int_equal(outcome->n_calls, 1);
        return outcome->r;
}

static inline Secret secret_of(const char *text) {
        Secret secret = SECRET_INIT;

        assert_int_equal(secret_append_text(&secret, text), 0);
        return secret;
}

/* One member of it. */
static inline void authority_user_set_state(Authority *authority, const Caller *caller,
                                            const char *id, enum UserState state,
                                            AnswerHandler handler, void *userdata) {
        static const UserSetRequest requests[] = {
                { .sets = USER_SETS_STATE, .state = USER_ACTIVE },
                { .sets = USER_SETS_STATE, .state = USER_LOCKED },
                { .sets = USER_SETS_STATE, .state = USER_PASSWORD_MUST_CHANGE },
                { .sets = USER_SETS_STATE, .state = _USER_STATE_MAX },
        };

        authority_user_set(authority, caller, id, &requests[state], handler, userdata);
}

static inline int add_user_as(Fixture *fixture, const UserAddRequest *request, Outcome *outcome) {
        Caller root = caller_uid(0);

        *outcome = (Outcome){ 0 };
        authority_user_add(fixture->authority, &root, request, on_answer, outcome);
        return fixture_wait(fixture, outcome);
}

/* Whose user the test takes. */
static inline User *add_user(Fixture *fixture, const char *name, const char *password) {
        _cleanup_(secret_done) Secret secret = secret_of(password);
        UserAddRequest request = { .name = name, .uid = UID_NONE, .password = &secret };
        Outcome outcome;
        User *user;

        assert_int_equal(add_user_as(fixture, &request, &outcome), 0);
        user = TAKE_PTR(outcome.answer.user);
        outcome_done(&outcome);
        return user;
}

/* r of a password grant by root. */
static inline int try_password(Fixture *fixture, const char *name, const char *password,
                               Outcome *outcome) {
        _cleanup_(secret_done) Secret secret = secret_of(password);
        Caller root = caller_uid(0);
        GrantRequest request = { .grant_type = "password", .username = name, .password = &secret };

        *outcome = (Outcome){ 0 };
        authority_grant(fixture->authority, &root, &request, on_answer, outcome);
        return fixture_wait(fixture, outcome);
}

/* old, new, login NULL: not given. */
static inline int set_password_in(Fixture *fixture, const Caller *caller, const char *id,
                                  const char *old, const char *new, const char *login,
                                  Outcome *outcome) {
        _cleanup_(secret_done) Secret old_secret = secret_of(old ? old : "");
        _cleanup_(secret_done) Secret new_secret = secret_of(new ? new : "");

        *outcome = (Outcome){ 0 };
        authority_user_set_password(fixture->authority, caller,
                                    &(UserPasswordRequest){
                                            .id = id,
                                            .old_password = old ? &old_secret : NULL,
                                            .password = new ? &new_secret : NULL,
                                            .login = login,
                                    },
                                    on_answer, outcome);
        return fixture_wait(fixture, outcome);
}

static inline int set_password(Fixture *fixture, const Caller *caller, const char *id,
                               const char *old, const char *new, Outcome *outcome) {
        return set_password_in(fixture, caller, id, old, new, NULL, outcome);
}
