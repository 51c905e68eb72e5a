/* The authority: what it is made of, and the work that nobody asked for.
 *
 * Invariants: every part is made at the start and lives to the end. Of each chore one request at
 * most is under way; a chore's request may outlive the authority, so it holds no pointer that the
 * authority's end does not clear. */

#include "core/authority.h"

#include <errno.h>
#include <stdlib.h>

#include "base/journal.h"
#include "core/call.h"
#include "core/client-secret.h"
#include "core/issue.h"
#include "core/known-clients.h"
#include "core/last-used.h"
#include "core/nss.h"
#include "core/password.h"
#include "core/rehash.h"
#include "core/self-quota.h"
#include "core/throttle-keeper.h"
#include "core/throttle.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"

/* Small enough that a commit in between waits for milliseconds only: each row stands on pages of
 * its own, which the WAL takes one by one. */
#define SWEEP_ROWS       100U
#define SWEEP_EVERY_USEC (30 * USEC_PER_SEC)
#define TOUCH_ROWS       100U
#define TOUCH_EVERY_USEC (60 * USEC_PER_SEC)

struct Chore {
        Authority *authority; /* NULL: it is gone */
        size_t cursor;        /* of last_used_take() */
};

static void chore_submit(Authority *authority, Chore **chore, StoreRequest *request,
                         StoreHandler handler) {
        _cleanup_(store_request_freep) StoreRequest *owned = request;

        /* Not now is as good as later. */
        if (!owned || store_submit(authority->store, owned, handler, *chore) < 0) {
                free(TAKE_PTR(*chore));
                return;
        }
        TAKE_PTR(owned);
}

static Chore *chore_new(Authority *authority) {
        Chore *chore = calloc(1, sizeof(Chore));

        if (chore)
                chore->authority = authority;
        return chore;
}

static void sweep_answered(StoreRequest *request, void *userdata);

static void sweep_submit(Authority *authority) {
        StoreRequest *request = store_request_new(STORE_SWEEP);
        int64_t now = clock_realtime(authority->clock);

        cache_follow_clock(authority->cache, now);
        throttle_follow_clock(authority->throttle);
        if (request) {
                request->now = now;
                request->limit = SWEEP_ROWS;
        }
        chore_submit(authority, &authority->sweep, request, sweep_answered);
}

static void sweep_answered(StoreRequest *request, void *userdata) {
        Chore *chore = userdata;

        if (!chore->authority) {
                free(chore);
                return;
        }
        for (size_t i = 0; i < request->n_logins; i++)
                cache_forget_login(chore->authority->cache, request->logins[i]->id);
        if (request->result == 0 && request->more)
                return sweep_submit(chore->authority);
        if (request->result < 0)
                journal_log(LOG_WARNING, &(JournalFields){ .error = request->result },
                            "expired tokens can't be removed");
        chore->authority->sweep = NULL;
        free(chore);
}

static int sweep_dispatch(sd_event_source *source, uint64_t time, void *userdata) {
        Authority *authority = userdata;

        if (!authority->sweep && (authority->sweep = chore_new(authority)))
                sweep_submit(authority);
        (void)sd_event_source_set_time_relative(source, SWEEP_EVERY_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void touch_answered(StoreRequest *request, void *userdata);

static void touch_tell(Authority *authority, const StoreRequest *request) {
        for (size_t i = 0; authority->observer.token_used && i < request->n_touches; i++)
                authority->observer.token_used(authority->observer.userdata,
                                               &request->touches[i].hash);
}

static void touch_submit(Authority *authority) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOUCH);

        if (request)
                request->touches = calloc(TOUCH_ROWS, sizeof(TokenTouch));
        if (request && request->touches)
                request->n_touches = last_used_take(authority->last_used, &authority->touch->cursor,
                                                    request->touches, TOUCH_ROWS);
        if (!request || request->n_touches == 0) {
                free(TAKE_PTR(authority->touch));
                return;
        }
        touch_tell(authority, request);
        chore_submit(authority, &authority->touch, TAKE_PTR(request), touch_answered);
}

static void touch_answered(StoreRequest *request, void *userdata) {
        Chore *chore = userdata;

        if (chore->authority && request->result == 0)
                return touch_submit(chore->authority);
        if (chore->authority)
                chore->authority->touch = NULL;
        free(chore);
}

static int touch_dispatch(sd_event_source *source, uint64_t time, void *userdata) {
        Authority *authority = userdata;

        if (!authority->touch && (authority->touch = chore_new(authority)))
                touch_submit(authority);
        (void)sd_event_source_set_time_relative(source, TOUCH_EVERY_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void survey_answered(StoreRequest *request, void *userdata);

/* Takes the cursor. */
static void survey_submit(Authority *authority, enum StoreVerb verb, char *cursor) {
        _cleanup_(freep) char *owned = cursor;
        StoreRequest *request = store_request_new(verb);

        if (request) {
                request->cursor = TAKE_PTR(owned);
                request->limit = PAGE_ROWS_MAX;
        }
        chore_submit(authority, &authority->survey, request, survey_answered);
}

static void survey_answered(StoreRequest *request, void *userdata) {
        Chore *chore = userdata;
        Authority *authority = chore->authority;

        if (!authority) {
                free(chore);
                return;
        }
        /* What a full queue does not take the first check measures. */
        for (size_t i = 0; i < request->n_users; i++)
                (void)password_note_setting(authority->passwords, &request->users[i]->hash);
        for (size_t i = 0; i < request->n_clients; i++)
                (void)password_note_setting(authority->passwords, &request->clients[i]->hash);
        if (request->result == 0 && request->cursor)
                return survey_submit(authority, request->verb, TAKE_PTR(request->cursor));
        if (request->result == 0 && request->verb == STORE_USER_LIST)
                return survey_submit(authority, STORE_CLIENT_LIST, NULL);
        authority->survey = NULL;
        free(chore);
}

/* What stored hashes cost must be known before anybody guesses at them: refusals wait for it. */
static void survey_start(Authority *authority) {
        if ((authority->survey = chore_new(authority)))
                survey_submit(authority, STORE_USER_LIST, NULL);
}

static int authority_start_chores(Authority *authority) {
        int r;

        /* The first sweep at once: logins that stayed pending must not live. */
        r = sd_event_add_time_relative(authority->event, &authority->sweep_source, CLOCK_MONOTONIC,
                                       0, 1, sweep_dispatch, authority);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(authority->event, &authority->touch_source,
                                          CLOCK_MONOTONIC, TOUCH_EVERY_USEC, 1, touch_dispatch,
                                          authority);
}

int authority_new(sd_event *event, Store *store, const Config *config, const Clock *clock,
                  Authority **ret) {
        _cleanup_(authority_freep) Authority *authority = calloc(1, sizeof(Authority));
        int r;

        if (!authority)
                return -ENOMEM;
        authority->event = event;
        authority->store = store;
        authority->config = config;
        authority->clock = clock;
        if ((r = calls_init(authority)) < 0 ||
            (r = cache_new(config->cache_tokens, &authority->cache)) < 0 ||
            (r = client_secrets_new(&authority->client_secrets)) < 0 ||
            (r = known_clients_new(&authority->known_clients)) < 0 ||
            (r = nss_new(event, &nss_source_system, &authority->nss)) < 0 ||
            (r = passwords_new(event, config, &authority->passwords)) < 0 ||
            (r = rehashes_new(authority, &authority->rehashes)) < 0 ||
            (r = throttle_new(clock, &authority->throttle)) < 0 ||
            (r = throttle_keeper_new(event, store, authority->throttle,
                                     &authority->throttle_keeper)) < 0 ||
            (r = last_used_new(&authority->last_used)) < 0 ||
            (r = self_quota_new(clock, &authority->self_quota)) < 0 ||
            (r = boot_id_get(&authority->boot_id)) < 0 ||
            (r = authority_start_chores(authority)) < 0)
                return r;
        throttle_set_enabled(authority->throttle, config->throttle);
        survey_start(authority);
        *ret = TAKE_PTR(authority);
        return 0;
}

Authority *authority_free(Authority *authority) {
        if (!authority)
                return NULL;
        sd_event_source_disable_unref(authority->sweep_source);
        sd_event_source_disable_unref(authority->touch_source);
        if (authority->sweep)
                authority->sweep->authority = NULL;
        if (authority->touch)
                authority->touch->authority = NULL;
        if (authority->survey)
                authority->survey->authority = NULL;
        /* Whoever waits for these hears -ECANCELED, and is told so by calls_done(). */
        authority->nss = nss_free(authority->nss);
        authority->passwords = passwords_free(authority->passwords);
        calls_done(authority);
        issue_late_abandon(authority);
        rehashes_free(authority->rehashes);
        client_secrets_free(authority->client_secrets);
        known_clients_free(authority->known_clients);
        throttle_keeper_free(authority->throttle_keeper);
        throttle_free(authority->throttle);
        cache_free(authority->cache);
        last_used_free(authority->last_used);
        self_quota_free(authority->self_quota);
        free(authority->boot_id);
        free(authority);
        return NULL;
}

void authority_freep(Authority **authority) {
        authority_free(*authority);
}

void authority_set_observer(Authority *authority, const AuthorityObserver *observer) {
        authority->observer = *observer;
}

void authority_set_config(Authority *authority, const Config *config) {
        authority->config = config;
        throttle_set_enabled(authority->throttle, config->throttle);
        /* config_load() has checked Hash= and Rounds= by now; what it let pass stays as it was. */
        int r = passwords_set_config(authority->passwords, config);
        if (r < 0)
                journal_log(LOG_WARNING, &(JournalFields){ .error = r },
                            "Hash= and Rounds= stay as they were");
}

AuthorityStatus authority_status(const Authority *authority) {
        return (AuthorityStatus){
                .store = store_status(authority->store),
                .cached = cache_size(authority->cache),
                .n_calls = authority->n_calls,
        };
}

void authority_token_new(Authority *authority, const Token *token) {
        if (authority->observer.token_new)
                authority->observer.token_new(authority->observer.userdata, token);
}

void authority_token_removed(Authority *authority, const char *id, const char *reason) {
        if (authority->observer.token_removed)
                authority->observer.token_removed(authority->observer.userdata, id, reason);
}

void authority_tokens_removed(Authority *authority, uint64_t n) {
        if (authority->observer.tokens_removed && n > 0)
                authority->observer.tokens_removed(authority->observer.userdata, n);
}
