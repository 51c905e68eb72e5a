#pragma once

/* The token authority: the whole service in a handful of asynchronous calls, which know nothing of
 * HTTP or D-Bus. The calls stand in grant.h, issue-for.h, accounts.h, tokens.h, logins.h, users.h,
 * clients.h and throttled.h.
 *
 * Every call ends in its handler, called once, on the loop, never before the call returned, with
 * r = 0, a Reason, or a negative errno. Requests and callers are borrowed until then; the Answer is
 * valid during the handler only, which may take what is in it (TAKE_PTR). Changes were committed
 * when the handler hears of them, but for a login whose token is told to nobody (grant.h,
 * login_only). Who may do what is decided here (access.h), never at an edge.
 * The *_now() forms answer at once, without a handler, where all that it takes is in memory; what
 * else they are asked, and everything that is refused, they leave to the call: -EAGAIN.
 * Refusals of credentials through a door that is not root's come at a fixed time after
 * peer.received, later than the slowest stored hash takes. */

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/caller.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/login.h"
#include "base/user.h"
#include "store/store.h"
#include "wire/reason.h"

typedef struct Authority Authority;
typedef struct Throttled Throttled; /* throttle.h */

typedef struct Answer {
        Secret access_token;  /* the texts, once, at issue */
        Secret refresh_token; /* empty: none was issued */
        Token *token;         /* what access_token is, or what was asked about */
        bool without_store;   /* a right password, but no token was kept (login_without_store) */
        User *user;
        Client *client;
        Login *login;
        Secret client_secret; /* made by tokend, shown once */
        enum Reason state;    /* an account that may authenticate, but: PASSWORD_MUST_CHANGE */
        Token **tokens;       /* pages */
        size_t n_tokens;
        Secret *texts; /* of tokens, when many were issued at once */
        size_t n_texts;
        User **users;
        size_t n_users;
        Client **clients;
        size_t n_clients;
        char *cursor;       /* NULL: that was the last page */
        uint64_t n_revoked; /* live tokens that died; of an owner with many: at most (store.h) */
        Throttled *throttled;
        size_t n_throttled;
        uint64_t n_cleared; /* counts of failures */
        unsigned retry_after; /* s, with REASON_TOO_MANY_FAILURES and REASON_OVERLOADED */
        size_t offender;      /* with has_offender: the index that a list was refused for */
        bool has_offender;
} Answer;

typedef void (*AnswerHandler)(void *userdata, int r, Answer *answer);
typedef void (*CallerHandler)(void *userdata, int r, Caller *caller); /* may take *caller */

/* What others want to hear of. All may be NULL. */
typedef struct AuthorityObserver {
        void *userdata;
        /* A login's token, or one that was named in a revocation; not every issue. */
        void (*token_new)(void *userdata, const Token *token);
        void (*token_removed)(void *userdata, const char *id, const char *reason);
        /* A whole owner's tokens died at once. */
        void (*tokens_removed)(void *userdata, uint64_t n);
        /* It was asked about since it was told the last time; at most once a minute. */
        void (*token_used)(void *userdata, const TokenHash *hash);
        /* A user was added or changed, or is gone, in the order of the commits: call
         * done(done_userdata) when others can see it; the change's reply waits for that. done NULL:
         * nobody waits. */
        void (*user_changed)(void *userdata, const User *user, bool is_gone,
                             void (*done)(void *done_userdata), void *done_userdata);
} AuthorityObserver;

/* Borrows event, store, config and clock. Starts the workers and the timers of the background work
 * (sweeping, last used, pending logins). */
int authority_new(sd_event *event, Store *store, const Config *config, const Clock *clock,
                  Authority **ret);
/* Every call must have been answered, but for those that only wait for their fixed time: these are
 * answered here. */
Authority *authority_free(Authority *authority);
void authority_freep(Authority **authority);

void authority_set_observer(Authority *authority, const AuthorityObserver *observer);
/* On reload: from now on this configuration, which is borrowed. Issued tokens keep their times. */
void authority_set_config(Authority *authority, const Config *config);

/* Turns what a request brought along into a caller. REASON_INVALID_CLIENT, REASON_INVALID_TOKEN,
 * REASON_TOO_MANY_FAILURES, REASON_OVERLOADED. Without credentials the caller is the peer. */
void authority_identify(Authority *authority, const Credentials *credentials, CallerHandler handler,
                        void *userdata);
/* 0: the same at once; a client is known if it proved this secret since the last revocation, and
 * nothing of it was counted as a failure. -EAGAIN: ask authority_identify(). */
int authority_identify_now(Authority *authority, const Credentials *credentials, Caller *ret);

typedef struct AuthorityStatus {
        StoreStatus store;
        size_t cached;
        size_t n_calls; /* in flight */
} AuthorityStatus;
AuthorityStatus authority_status(const Authority *authority);
