/* One call in flight: its steps to the store, and its end.
 *
 * Invariants: a call that was made ends exactly once; its handler runs from the loop only, never
 * from inside a step; nothing between call_finish() and the handler needs memory. Two lists carry
 * ended calls: one for the next turn, one ordered by time for refusals that must not tell by their
 * delay what was wrong. */

#include "core/call.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit.h"
#include "core/password.h"
#include "core/throttle.h"
#include "wire/cleanup.h"

/* s: what a full queue is worth waiting. */
#define RETRY_AFTER_OVERLOAD 1

static void answer_done(Answer *answer) {
        secret_done(&answer->access_token);
        secret_done(&answer->refresh_token);
        secret_done(&answer->client_secret);
        token_unref(answer->token);
        user_free(answer->user);
        client_unref(answer->client);
        login_free(answer->login);
        for (size_t i = 0; i < answer->n_tokens; i++)
                token_unref(answer->tokens[i]);
        for (size_t i = 0; i < answer->n_texts; i++)
                secret_done(&answer->texts[i]);
        for (size_t i = 0; i < answer->n_users; i++)
                user_free(answer->users[i]);
        for (size_t i = 0; i < answer->n_clients; i++)
                client_unref(answer->clients[i]);
        for (size_t i = 0; i < answer->n_throttled; i++)
                free(answer->throttled[i].user);
        free(answer->throttled);
        free(answer->tokens);
        free(answer->texts);
        free(answer->users);
        free(answer->clients);
        free(answer->cursor);
}

/* No edge has any use for them. */
static void answer_wipe_hashes(Answer *answer) {
        if (answer->user)
                secret_done(&answer->user->hash);
        if (answer->client)
                client_wipe_hash(answer->client);
        for (size_t i = 0; i < answer->n_users; i++)
                secret_done(&answer->users[i]->hash);
        for (size_t i = 0; i < answer->n_clients; i++)
                client_wipe_hash(answer->clients[i]);
}

static void call_free(Call *call) {
        call->authority->n_calls--;
        if (call->done)
                call->done(call);
        answer_done(&call->answer);
        free(call);
}

static void call_deliver(Call *call) {
        call->handler(call->userdata, call->result, &call->answer);
        call_free(call);
}

static void refused_deliver(const RefusedCall *refused) {
        if (refused->handler)
                refused->handler(refused->userdata, -ENOMEM, &(Answer){ 0 });
        else
                refused->caller_handler(refused->userdata, -ENOMEM, &CALLER_INIT);
}

void call_refuse(Authority *authority, RefusedCall refused) {
        /* More than this without memory in one turn can't be told later: tell them now. */
        if (authority->n_refused == CALLS_REFUSED_MAX)
                return refused_deliver(&refused);
        authority->refused[authority->n_refused++] = refused;
        (void)sd_event_source_set_enabled(authority->deliver_source, SD_EVENT_ONESHOT);
}

void *call_new(Authority *authority, const Caller *caller, size_t size, void (*done)(Call *call),
               AnswerHandler handler, void *userdata) {
        assert(size >= sizeof(Call));

        Call *call = calloc(1, size);
        if (!call) {
                if (handler)
                        call_refuse(authority, (RefusedCall){ handler, NULL, userdata });
                return NULL;
        }
        call->authority = authority;
        call->caller = caller;
        call->done = done;
        call->handler = handler;
        call->userdata = userdata;
        authority->n_calls++;
        return call;
}

bool caller_is_behind_root_door(const Caller *caller) {
        return caller->peer.door == DOOR_SOCKET && caller->peer.uid == 0;
}

/* Refusals from which one could learn what was right, were they not all equally late. */
static bool reason_tells_of_credentials(int r) {
        switch (r) {
        case REASON_WRONG_PASSWORD:
        case REASON_EMPTY_PASSWORD:
        case REASON_USER_UNKNOWN:
        case REASON_USER_LOCKED:
        case REASON_USER_EXPIRED:
        case REASON_PASSWORD_MUST_CHANGE:
        case REASON_NOT_KNOWN_TO_NSS:
        case REASON_INVALID_CLIENT:
        case REASON_ACCESS_DENIED:
                return true;
        default:
                return false;
        }
}

static int64_t call_due(const Call *call, int64_t now) {
        int64_t quantum = password_refusal_delay(call->authority->passwords);
        int64_t received = call->caller->peer.received;

        if (quantum <= 0 || received > now)
                return now;
        return received + ((now - received) / quantum + 1) * quantum;
}

/* The loop's timers know the system's clock only: what goes in is the distance on ours. */
static void calls_arm_delay(Authority *authority) {
        Call *first = TAILQ_FIRST(&authority->delayed);

        if (!first)
                return;
        int64_t wait = first->due - clock_monotonic(authority->clock);
        (void)sd_event_source_set_time_relative(authority->delay_source,
                                                wait > 0 ? (uint64_t)wait : 0);
        (void)sd_event_source_set_enabled(authority->delay_source, SD_EVENT_ONESHOT);
}

static void call_delay(Call *call) {
        Authority *authority = call->authority;
        Call *before = TAILQ_LAST(&authority->delayed, CallList);

        while (before && before->due > call->due)
                before = TAILQ_PREV(before, CallList, link);
        if (before)
                TAILQ_INSERT_AFTER(&authority->delayed, before, call, link);
        else
                TAILQ_INSERT_HEAD(&authority->delayed, call, link);

        calls_arm_delay(authority);
}

static int deliver_dispatch(sd_event_source *source, void *userdata) {
        Authority *authority = userdata;
        struct CallList ended = TAILQ_HEAD_INITIALIZER(ended);
        RefusedCall refused[CALLS_REFUSED_MAX];
        size_t n_refused = authority->n_refused;
        Call *call;

        /* What ends meanwhile is told on the turn after this one. */
        TAILQ_CONCAT(&ended, &authority->ended, link);
        memcpy(refused, authority->refused, n_refused * sizeof(RefusedCall));
        authority->n_refused = 0;

        while ((call = TAILQ_FIRST(&ended))) {
                TAILQ_REMOVE(&ended, call, link);
                call_deliver(call);
        }
        for (size_t i = 0; i < n_refused; i++)
                refused_deliver(&refused[i]);
        return 0;
}

static int delay_dispatch(sd_event_source *source, uint64_t time, void *userdata) {
        Authority *authority = userdata;
        Call *call;

        while ((call = TAILQ_FIRST(&authority->delayed)) &&
               call->due <= clock_monotonic(authority->clock)) {
                TAILQ_REMOVE(&authority->delayed, call, link);
                call_deliver(call);
        }
        calls_arm_delay(authority);
        return 0;
}

int calls_init(Authority *authority) {
        int r;

        TAILQ_INIT(&authority->ended);
        TAILQ_INIT(&authority->delayed);
        r = sd_event_add_defer(authority->event, &authority->deliver_source, deliver_dispatch,
                               authority);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(authority->deliver_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = sd_event_add_time(authority->event, &authority->delay_source, CLOCK_MONOTONIC, 0, 1,
                              delay_dispatch, authority);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(authority->delay_source, SD_EVENT_OFF);
}

void calls_done(Authority *authority) {
        Call *call;

        /* Before the lists were made there is nothing in them, not even a tail. */
        if (!authority->delay_source)
                return;
        while (!TAILQ_EMPTY(&authority->ended) || authority->n_refused > 0)
                (void)deliver_dispatch(NULL, authority);
        while ((call = TAILQ_FIRST(&authority->delayed))) {
                TAILQ_REMOVE(&authority->delayed, call, link);
                call_deliver(call);
        }
        authority->deliver_source = sd_event_source_disable_unref(authority->deliver_source);
        authority->delay_source = sd_event_source_disable_unref(authority->delay_source);
}

void call_finish(Call *call, int r) {
        assert(!call->finished);

        Authority *authority = call->authority;
        call->finished = true;
        call->result = r;
        answer_wipe_hashes(&call->answer);
        if (r == REASON_OVERLOADED && call->answer.retry_after == 0)
                call->answer.retry_after = RETRY_AFTER_OVERLOAD;
        if (call->audit)
                audit_end(call);
        else if (call->store_error < 0)
                audit_store_error(call);

        if (call->checks_credentials && reason_tells_of_credentials(r) &&
            !caller_is_behind_root_door(call->caller)) {
                call->due = call_due(call, clock_monotonic(authority->clock));
                call_delay(call);
                return;
        }
        TAILQ_INSERT_TAIL(&authority->ended, call, link);
        (void)sd_event_source_set_enabled(authority->deliver_source, SD_EVENT_ONESHOT);
}

static void store_answered(StoreRequest *request, void *userdata) {
        Call *call = userdata;
        CallStoreStep step = TAKE_PTR(call->step);

        if (request->result == -ENOMEM)
                return call_finish(call, -ENOMEM);
        if (request->result < 0) {
                call->store_error = request->result;
                request->result = REASON_STORE_UNAVAILABLE;
                if (!call->step_may_fail)
                        return call_finish(call, REASON_STORE_UNAVAILABLE);
        }
        step(call, request);
}

static void call_submit(Call *call, StoreRequest *request, CallStoreStep step, bool may_fail) {
        _cleanup_(store_request_freep) StoreRequest *owned = request;

        assert(!call->step);
        if (!owned)
                return call_finish(call, -ENOMEM);
        /* Logins come through root's hands; nobody's flood may keep them waiting. */
        owned->urgent = call->caller->peer.door != DOOR_TCP && call->caller->peer.uid == 0;

        int r = store_submit(call->authority->store, owned, store_answered, call);
        if (r == -EAGAIN)
                return call_finish(call, REASON_OVERLOADED);
        if (r < 0)
                return call_finish(call, r == -ENOMEM ? r : REASON_STORE_UNAVAILABLE);
        TAKE_PTR(owned);
        call->step = step;
        call->step_may_fail = may_fail;
}

void call_store(Call *call, StoreRequest *request, CallStoreStep step) {
        call_submit(call, request, step, false);
}

void call_store_or_fail(Call *call, StoreRequest *request, CallStoreStep step) {
        call_submit(call, request, step, true);
}

void call_remote_key(const Call *call, const char *rhost, uint32_t ruid,
                     char ret[static PEER_REMOTE_MAX]) {
        if (!caller_is_behind_root_door(call->caller))
                memcpy(ret, call->caller->peer.remote, PEER_REMOTE_MAX);
        else if (ruid != 0 && !(rhost && rhost[0]))
                snprintf(ret, PEER_REMOTE_MAX, "uid:%u", ruid);
        else
                throttle_remote_key(rhost, ret);
}

static bool call_refused_by_throttle(Call *call, unsigned wait) {
        if (wait == 0)
                return false;
        call->answer.retry_after = wait;
        call_finish(call, REASON_TOO_MANY_FAILURES);
        return true;
}

bool call_is_throttled(Call *call, ThrottleSubject subject) {
        return call_refused_by_throttle(call, throttle_check(call->authority->throttle, &subject));
}

bool call_verdict_is_withheld(Call *call, ThrottleSubject subject, bool matches) {
        return call_refused_by_throttle(
                        call, throttle_verdict(call->authority->throttle, &subject, matches));
}

static void password_checked(void *userdata, int r, bool matches) {
        Call *call = userdata;
        CallCheckStep step = TAKE_PTR(call->check_step);

        if (r < 0)
                return call_finish(call, r);
        step(call, matches);
}

void call_check(Call *call, const Secret *secret, const Secret *hash, CallCheckStep step) {
        bool is_roots = caller_is_behind_root_door(call->caller);
        PasswordLane lane = {
                .urgent = is_roots,
                .key = is_roots ? call->target : call->caller->peer.remote,
        };

        assert(!call->check_step);
        int r = password_check(call->authority->passwords, secret, hash, lane, password_checked,
                               call);
        if (r != 0)
                return call_finish(call, r);
        call->check_step = step;
}

StoreRequest *call_request(enum StoreVerb verb, enum StoreKeyField field, const char *text) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(verb);

        if (!request)
                return NULL;
        request->key.field = field;
        request->key.text = strdup(text);
        return request->key.text ? TAKE_PTR(request) : NULL;
}

StoreRequest *call_user_request(enum StoreKeyField field, const char *text) {
        return call_request(STORE_USER_GET, field, text);
}

StoreRequest *call_client_request(const char *id) {
        return call_request(STORE_CLIENT_GET, STORE_KEY_ID, id);
}

StoreRequest *call_uid_request(uint32_t uid) {
        StoreRequest *request = store_request_new(STORE_USER_GET);

        if (!request)
                return NULL;
        request->key.field = STORE_KEY_UID;
        request->key.uid = uid;
        return request;
}

StoreRequest *call_token_request(const Call *call, const TokenHash *hash) {
        StoreRequest *request = store_request_new(STORE_TOKEN_GET);

        if (!request)
                return NULL;
        request->key.field = STORE_KEY_HASH;
        request->key.hash = *hash;
        request->now = call_now(call);
        return request;
}

StoreRequest *call_user_set_request(const char *id, unsigned sets) {
        _cleanup_(store_request_freep) StoreRequest *request =
                        call_request(STORE_USER_SET, STORE_KEY_ID, id);
        _cleanup_(user_freep) User *values = user_new();

        if (!request || !values || store_request_take_user(request, values) < 0)
                return NULL;
        TAKE_PTR(values);
        request->sets = sets;
        return TAKE_PTR(request);
}
