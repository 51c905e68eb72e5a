#pragma once

/* The store, asynchronously. Every change goes to a worker that commits what has gathered in one
 * transaction and answers after the commit; look-ups go to a reader of its own. Requests are
 * submitted and answered on the loop thread.
 *
 * A token is live when it has not expired and the epochs kept with it are those of its user, its
 * client and its login, which all exist (a NULL owner has none). Revoking an owner is one UPDATE of
 * its epoch; rows are swept later. Epochs come from one counter and are never given twice. How many
 * tokens a revocation has ended (n_affected) is exact while there are no more than 10,000 rows that
 * no earlier revocation of the same owner ended. Of more it says how many at most: what had
 * expired, was used up or ended with another owner, and was not swept yet, is counted too. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/caller.h"
#include "base/client.h"
#include "base/clock.h"
#include "base/login.h"
#include "base/token.h"
#include "base/user.h"

typedef struct Store Store;

enum StoreVerb {
        /* Look-ups. Result: 0 or the REASON_*_UNKNOWN of what is missing. */
        STORE_USER_GET,   /* key → users[0] */
        STORE_USER_LIST,  /* cursor, limit → users by name, without ssh_keys; cursor */
        STORE_USERS_FIND, /* key.field, key_texts → users: one each, NULL where there is none */
        STORE_CLIENT_GET, /* key.text → clients[0] */
        STORE_CLIENT_LIST,
        STORE_TOKEN_GET,  /* key (hash or id), now → tokens[0], live ones only, unused refresh only;
                             with include_used also refresh tokens that were rotated away */
        STORE_TOKEN_LIST, /* filter, now, cursor, limit → tokens, newest first, cursor */
        STORE_LOGIN_GET,  /* key.text → logins[0] */
        STORE_FAILURES_LOAD, /* now → failures not older than STORE_FAILURES_USEC; hash: the
                                throttle's secret, empty when there is none yet */

        /* Changes. */
        STORE_USER_ADD,          /* users[0] (epoch is given here; uid UID_NONE: the next of
                                    uid_min…uid_max never given before; gid UID_NONE: the uid's
                                    number) → users[0].
                                    REASON_{NAME,ID,UID,EMAIL,PARTNER_ID}_TAKEN,
                                    _UID_RANGE_EXHAUSTED. No user's name or id may be a client's id:
                                    REASON_ID_TAKEN. */
        STORE_USER_REMOVE,       /* key.text (id) → users[0] as it was, n_affected live tokens died;
                                    sub-accounts stay and lose their parent */
        STORE_USER_SET_PASSWORD, /* key.text (id), hash, state, expected_epoch (0: any) → users[0],
                                    n_affected; a new epoch. REASON_INVALID_GRANT: it moved.
                                    keep_login: if that is a session's login of this user, its live
                                    tokens follow the new epoch */
        STORE_USER_SET,          /* key.text (id), sets (enum UserSets), users[0]: the values,
                                    expected_epoch → users[0], n_affected. A new epoch when it locks
                                    or lets the user expire earlier */
        STORE_USER_REHASH,       /* key.text (id), hash, expected_epoch: same password, keeps the
                                    epoch */
        STORE_CLIENT_ADD,        /* clients[0] → clients[0]. REASON_ID_TAKEN (also by a user) */
        STORE_CLIENT_REMOVE,     /* key.text → clients[0], n_affected. REASON_ACCESS_DENIED: the
                                    built-in one */
        STORE_TOKEN_ISSUE,       /* tokens and, if set, logins[0]: all or nothing. The epochs in
                                    them are those that the caller saw; REASON_INVALID_GRANT when
                                    one has moved (login_epoch of tokens with logins[0]: filled in
                                    here). With needs_live_key the same transaction sees to it
                                    that key (hash) is a live access token: REASON_INVALID_TOKEN;
                                    with consumes_key too, that token dies in it.
                                    With discards_earlier, for a TOKEN_GRANT_TOKEN_API, the earlier
                                    ones of its user and client die: n_affected */
        STORE_TOKEN_ROTATE,      /* key.hash (a refresh token), now, grace, tokens: the new ones,
                                    whose login, client and user are the old one's. The old one is
                                    marked used and the family's older access tokens die.
                                    REASON_INVALID_GRANT: unknown or dead; used within grace
                                    (changes nothing); used before (revokes the family:
                                    family_revoked, key.text = its id) */
        STORE_TOKEN_REVOKE,      /* key (hash or id), now → tokens[0], n_affected. An access token
                                    dies alone, a refresh token with its family.
                                    REASON_TOKEN_UNKNOWN */
        STORE_REVOKE_USER,       /* key.text (id) → n_affected live tokens died; a new epoch */
        STORE_REVOKE_CLIENT,     /* key.text → n_affected; a new epoch */
        STORE_REVOKE_LOGIN,      /* key.text, user_id (NULL: any) → logins[0], n_affected; the row
                                    goes. REASON_LOGIN_UNKNOWN; REASON_ACCESS_DENIED: another's */
        STORE_REVOKE_ALL,        /* → n_affected: every token of every owner */
        STORE_LOGIN_OPEN,        /* key.text, user_id, now: pending → open, logins[0].
                                    REASON_LOGIN_UNKNOWN unless it is that user's, pending, of this
                                    boot and not older than LOGIN_PENDING_MAX_USEC */
        STORE_LOGIN_ABANDON,     /* user_id, logins[0] (service, rhost, tty: compared when set),
                                    now: the newest pending login that matches dies; key.text = its
                                    id, NULL when none did; n_affected */
        STORE_TOUCH,             /* touches: last use of tokens, once a minute */
        STORE_FAILURES_SAVE,     /* failures: those of n = 0 are removed; hash: the secret that
                                    their keys were made with, kept if there is none yet. With
                                    discards_earlier all others and their secret go before */
        STORE_SWEEP,             /* now, limit: removes at most limit rows that expired or died and
                                    pending logins that are too old; n_affected: how many; more:
                                    call again; logins: the pending ones, whose tokens may be
                                    cached. Logins of other boots die with the first commit,
                                    whatever it is for. */
        _STORE_VERB_MAX,
};

enum StoreKeyField {
        STORE_KEY_ID, /* text; for tokens the public id */
        STORE_KEY_NAME,
        STORE_KEY_UID,
        STORE_KEY_EMAIL, /* text in any case */
        STORE_KEY_PARTNER_ID,
        STORE_KEY_HASH,
};

typedef struct StoreKey {
        enum StoreKeyField field;
        char *text; /* owned */
        uint32_t uid;
        TokenHash hash;
} StoreKey;

/* NULL and UID_NONE: any. */
typedef struct TokenFilter {
        char *user_id; /* owned, likewise: */
        char *client_id;
        char *login;
        uint32_t uid;
        bool with_sub_accounts; /* of user_id */
        bool access_only;
} TokenFilter;

typedef struct TokenTouch {
        TokenHash hash;
        int64_t used;
} TokenTouch;

/* What the throttle keeps over a restart (core/throttle.h). */
typedef struct StoredFailures {
        char remote[PEER_REMOTE_MAX];
        uint64_t key;
        char *name; /* owned; NULL: nobody's */
        unsigned n;
        int64_t last; /* µs UTC */
} StoredFailures;

/* Older ones are forgotten. */
#define STORE_FAILURES_USEC (60 * 60 * USEC_PER_SEC)

typedef struct StoreRequest StoreRequest;
typedef void (*StoreHandler)(StoreRequest *request, void *userdata);

/* In and out of one verb, as said above. Everything in it is the request's own. */
struct StoreRequest {
        enum StoreVerb verb;
        StoreKey key;
        char **key_texts; /* owned */
        TokenFilter filter;
        char *user_id;
        char *keep_login;
        char *cursor; /* in: NULL for the first page; out: NULL behind the last */
        unsigned limit;
        int64_t now; /* µs UTC */
        int64_t grace;
        int64_t expected_epoch;
        uint32_t uid_min, uid_max;
        Secret hash;
        enum UserState state;
        unsigned sets;
        bool include_used;
        bool needs_live_key;
        bool consumes_key;
        bool discards_earlier;
        bool urgent; /* goes before those that are not */

        User **users;
        size_t n_users;
        Client **clients;
        size_t n_clients;
        Login **logins;
        size_t n_logins;
        Token **tokens;
        size_t n_tokens;
        TokenTouch *touches;
        size_t n_touches;
        StoredFailures *failures;
        size_t n_failures;

        int result; /* 0, a negative errno (nothing changed), or a Reason */
        uint64_t n_affected;
        bool more;
        bool family_revoked;
        uint64_t revocations; /* store_revocations() when it was submitted */

        StoreHandler handler; /* the store's, likewise: */
        void *userdata;
};

StoreRequest *store_request_new(enum StoreVerb verb); /* NULL: no memory */
StoreRequest *store_request_free(StoreRequest *request);
void store_request_freep(StoreRequest **request);
/* Append, taking the reference or the object. 0 or -ENOMEM (then it is still the caller's). */
int store_request_take_token(StoreRequest *request, Token *token);
int store_request_take_user(StoreRequest *request, User *user);
int store_request_take_client(StoreRequest *request, Client *client);
int store_request_take_login(StoreRequest *request, Login *login);

/* Opens "sqlite:PATH", brings the schema up to date and starts the workers. A full disk does not
 * keep the daemon from starting: then store_status() tells of it. -EBUSY: another daemon holds it.
 * -EPERM: others could write there. -EUCLEAN: damaged. -EPROTO: a newer schema. -EOPNOTSUPP: no
 * such kind of store. On failure ret_message says what and where, if there is more to say; the
 * caller frees it. */
int store_open(sd_event *event, const Clock *clock, const char *address, Store **ret,
               char **ret_message);
/* Carries out what was submitted, answers it, and closes. */
Store *store_close(Store *store);
void store_closep(Store **store);

/* Takes the request; handler() is called on the loop, once, and the request freed after it. The
 * answer to a change comes after its commit. Fails at once with -EAGAIN when the queue is full;
 * then the request is still the caller's. */
int store_submit(Store *store, StoreRequest *request, StoreHandler handler, void *userdata);

/* Whoever decides by the time alone, without asking, says so: what had expired by the latest time
 * stays expired when the clock is turned back. store_submit() does so by itself. */
void store_follow_clock(Store *store, int64_t now);

/* Blocks until something was answered, and runs the handlers: for the start, while nobody else
 * needs the loop. 0 or a negative errno: it can't wait. */
int store_wait(Store *store);

/* Moves with every revocation that was answered, before its handler runs: what was read while it
 * moved may be stale. */
uint64_t store_revocations(const Store *store);

typedef struct StoreStatus {
        int error; /* 0, or the negative errno that the last commit failed with */
        uint64_t n_tokens; /* rows, those not swept yet included */
        uint64_t n_logins; /* pending and open ones */
        int64_t clock;     /* the latest time that the store has seen, µs UTC */
} StoreStatus;
StoreStatus store_status(const Store *store);
