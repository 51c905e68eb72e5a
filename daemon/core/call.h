#pragma once

/* Core's own: the authority's inside, and one call in flight.
 *
 * A public call makes a Call (or a struct that begins with one), checks what it can, and goes on in
 * steps: call_store() and the jobs of password.h, each with the function that goes on. Every path
 * ends in call_finish(), exactly once. Nothing is delivered from inside it: the handler hears on a
 * later turn of the loop, so a step may still look at the call after it, and a public function has
 * always returned by then. After the handler the call is freed. */

#include <sys/queue.h>

#include "core/authority.h"
#include "store/cache.h"

typedef struct Audit Audit;
typedef struct Call Call;
typedef struct ClientSecrets ClientSecrets; /* client-secret.h */
typedef void (*CallStoreStep)(Call *call, StoreRequest *request);
typedef void (*CallCheckStep)(Call *call, bool matches);
typedef void (*CallTokenStep)(Call *call, int r, Token *token);
typedef void (*CallVisibleStep)(Call *call, bool is_visible);
typedef struct Chore Chore; /* authority.c */
typedef struct KnownClients KnownClients; /* known-clients.h */
typedef struct LastUsed LastUsed;
typedef struct LateLogin LateLogin; /* issue-late.c */
typedef struct Nss Nss;
typedef struct Passwords Passwords; /* password.h */
typedef struct Rehashes Rehashes;   /* rehash.h */
typedef struct SelfQuota SelfQuota; /* self-quota.h */
typedef struct Throttle Throttle;   /* throttle.h, likewise: */
typedef struct ThrottleSubject ThrottleSubject;
typedef struct ThrottleKeeper ThrottleKeeper; /* throttle-keeper.h */

TAILQ_HEAD(CallList, Call);

/* Handlers that could not get a call: they hear -ENOMEM from here, without more memory. */
#define CALLS_REFUSED_MAX 256

typedef struct RefusedCall {
        AnswerHandler handler; /* one of these two */
        CallerHandler caller_handler;
        void *userdata;
} RefusedCall;

struct Authority {
        sd_event *event;      /* borrowed, likewise: */
        Store *store;
        const Config *config;
        const Clock *clock;
        AuthorityObserver observer; /* every member may be NULL */
        Cache *cache;
        ClientSecrets *client_secrets;
        KnownClients *known_clients;
        Nss *nss;
        Passwords *passwords;
        Rehashes *rehashes;
        Throttle *throttle;
        ThrottleKeeper *throttle_keeper;
        LastUsed *last_used;
        SelfQuota *self_quota;
        char *boot_id;
        LIST_HEAD(LateList, LateLogin) late_logins; /* that the store has not answered yet */

        size_t n_calls;         /* in flight, those in the lists included */
        struct CallList ended;   /* to be delivered on the next turn */
        struct CallList delayed; /* by due */
        RefusedCall refused[CALLS_REFUSED_MAX];
        size_t n_refused;
        sd_event_source *deliver_source;
        sd_event_source *delay_source;
        sd_event_source *sweep_source;
        sd_event_source *touch_source;
        Chore *sweep; /* under way; NULL: none, likewise: */
        Chore *touch;
        Chore *survey;
};

struct Call {
        Authority *authority;
        const Caller *caller; /* borrowed, as the request is */
        AnswerHandler handler;
        void *userdata;
        void (*done)(Call *call); /* frees what the struct around this one owns; may be NULL */
        Answer answer;            /* steps put their results here */
        bool checks_credentials;  /* refusals come at the fixed time (call_finish()) */
        const Audit *audit;       /* audit.h: what the journal says of the end; NULL: nothing */

        CallStoreStep step; /* that the store's answer goes to, while one is awaited */
        bool step_may_fail;
        const char *target; /* whose password call_check() looks at; NULL: nobody in particular */
        CallCheckStep check_step; /* likewise the worker's */
        CallTokenStep find_step; /* token-find.h */
        TokenHash find_hash;
        unsigned find_tries;
        CallVisibleStep visible_step; /* token-visible.h */
        int store_error; /* the errno behind REASON_STORE_UNAVAILABLE; 0: none */
        int result;
        bool finished;
        int64_t due; /* µs monotonic */
        TAILQ_ENTRY(Call) link;
};

/* The lists and their event sources. Done delivers what is still in them. */
int calls_init(Authority *authority);
void calls_done(Authority *authority);

/* Of size bytes, zeroed but for its head, which is the Call. NULL: no memory, and the handler, if
 * there is one already, will hear -ENOMEM: return. */
void *call_new(Authority *authority, const Caller *caller, size_t size, void (*done)(Call *call),
               AnswerHandler handler, void *userdata);

/* Has somebody told -ENOMEM who could not get a call. */
void call_refuse(Authority *authority, RefusedCall refused);

/* The end. r = 0, a Reason or a negative errno. If checks_credentials is set and r tells something
 * about a password or a secret, and the peer is not uid 0 on the socket, the handler hears at
 * peer.received + k × password_refusal_delay(), k ≥ 1 being the smallest that lies
 * ahead. */
void call_finish(Call *call, int r);

/* Takes the request, which may be NULL (no memory). The step hears of 0 and of the verb's Reasons
 * in request->result and may take what is in the request. A store that fails ends the call with
 * REASON_STORE_UNAVAILABLE, a full queue with REASON_OVERLOADED, no memory with -ENOMEM. One
 * request of a call is under way at a time. */
void call_store(Call *call, StoreRequest *request, CallStoreStep step);
/* The same, but REASON_STORE_UNAVAILABLE goes to the step. */
void call_store_or_fail(Call *call, StoreRequest *request, CallStoreStep step);

/* Whether a password or secret is that of the hash (NULL: of nobody, which takes as long).
 * Throttles nothing. A full queue ends the call with REASON_OVERLOADED. */
void call_check(Call *call, const Secret *secret, const Secret *hash, CallCheckStep step);

/* Where a password was typed, for the throttle: where root's PAM module says (without an rhost: by
 * whom who runs that program, ruid, or with 0 at this machine), of all others where they are
 * themselves. */
void call_remote_key(const Call *call, const char *rhost, uint32_t ruid,
                     char ret[static PEER_REMOTE_MAX]);
/* throttle_check() and throttle_verdict(): true when the throttle refuses, right or wrong; then the
 * call has ended with REASON_TOO_MANY_FAILURES. */
bool call_is_throttled(Call *call, ThrottleSubject subject);
bool call_verdict_is_withheld(Call *call, ThrottleSubject subject, bool matches);

/* A request of this verb by one key; NULL: no memory. */
StoreRequest *call_request(enum StoreVerb verb, enum StoreKeyField field, const char *text);
/* Look-ups of that kind. */
StoreRequest *call_user_request(enum StoreKeyField field, const char *text);
StoreRequest *call_client_request(const char *id);
StoreRequest *call_uid_request(uint32_t uid);
StoreRequest *call_token_request(const Call *call, const TokenHash *hash);
/* STORE_USER_SET: users[0] is there, its members are the caller's to fill in. */
StoreRequest *call_user_set_request(const char *id, unsigned sets);

/* Anybody at all may time what is answered through a door that is not root's. */
bool caller_is_behind_root_door(const Caller *caller);

/* Now, in µs UTC. */
static inline int64_t call_now(const Call *call) {
        return clock_realtime(call->authority->clock);
}

/* Tell the observer, if there is one. */
void authority_token_new(Authority *authority, const Token *token);
void authority_token_removed(Authority *authority, const char *id, const char *reason);
void authority_tokens_removed(Authority *authority, uint64_t n);
