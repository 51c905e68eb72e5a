#pragma once

/* How often somebody may be wrong: three attempts are free, then the next waits 1, 2, 4 … s, up to
 * 15 minutes. An hour after the last failure it is forgotten.
 *
 * Keyed by who (a user's name, known or not; clients as "client:ID", which no name can be) and
 * remote (Peer.remote, or throttle_remote_key() of what root's PAM module says). Times are on the
 * monotonic clock; what is saved is in UTC. Names are kept only of those who exist: people type
 * passwords where a name goes.
 *
 * Attempts in parallel: an attempt counts when its verdict is given, and while a delay lasts none
 * is given. So 500 guesses at once learn no more than one after the other would, and 500 right
 * passwords at once are all let in: nothing is reserved, nobody waits for another. */

#include <stdbool.h>

#include "base/caller.h"
#include "base/clock.h"
#include "store/store.h"

typedef struct Throttle Throttle;

#define THROTTLE_FREE        3U
#define THROTTLE_DELAY_MAX   (15 * 60 * USEC_PER_SEC)
#define THROTTLE_FORGET_USEC STORE_FAILURES_USEC
/* Failures beyond these change nothing any more, and are not counted. */
#define THROTTLE_COUNT_MAX (THROTTLE_FREE + 10U)

/* Who is wrong, and from where. */
typedef struct ThrottleSubject {
        const char *who;
        const char *remote;
        bool is_known; /* who is a user's or a client's own: it may be kept and shown */
} ThrottleSubject;

int throttle_new(const Clock *clock, Throttle **ret);
Throttle *throttle_free(Throttle *throttle);
void throttle_freep(Throttle **throttle);
/* config->throttle. Off: nothing is counted or refused. On at first. */
void throttle_set_enabled(Throttle *throttle, bool enabled);

/* Before the password is looked at. 0: go on; else the seconds to wait, rounded up, and the answer
 * is REASON_TOO_MANY_FAILURES at once. */
unsigned throttle_check(const Throttle *throttle, const ThrottleSubject *subject);
/* Whether anything at all is counted there that a verdict could refuse by or forget. */
bool throttle_knows(const Throttle *throttle, const ThrottleSubject *subject);
/* When the hash is done: 0: say whether it matched; else, the seconds to wait: a delay began in the
 * meantime, say REASON_TOO_MANY_FAILURES whether it matched or not. Counts a failure, forgets them
 * after a match. */
unsigned throttle_verdict(Throttle *throttle, const ThrottleSubject *subject, bool matches);

/* The key of an address or a host name: IPv4 whole ("192.0.2.1", also when mapped into IPv6), IPv6
 * as its /64 ("2001:db8::/64"), other text as "host:…", NULL or "" as "local". */
void throttle_remote_key(const char *text, char ret[static PEER_REMOTE_MAX]);

/* Keeping it over a restart (throttle-keeper.h). What changed since it was taken, n rows at most;
 * rows of n = 0 are to be removed. How many; 0: nothing is left. The caller frees the names. */
size_t throttle_take(Throttle *throttle, StoredFailures *ret, size_t n);
/* Has all taken again once the wall's clock was turned, or rows would be as old as it says now. To
 * be called now and then, and before the end. */
void throttle_follow_clock(Throttle *throttle);
/* Has handler called when there is something to take, from inside the change. */
void throttle_on_change(Throttle *throttle, void (*handler)(void *userdata), void *userdata);
/* Puts back a row of before, which may hold less than what is there: the stricter one counts. A
 * clock that was turned back makes no delay shorter than it was, and none longer than
 * THROTTLE_DELAY_MAX. */
void throttle_restore(Throttle *throttle, const StoredFailures *row);
/* What the keys in those rows are made with, as hex digits. Set: before anything was counted;
 * -EINVAL. */
int throttle_secret(const Throttle *throttle, Secret *ret);
int throttle_set_secret(Throttle *throttle, const Secret *secret);

/* What administrators see and clear. */
typedef struct Throttled {
        char *user; /* owned; NULL: nobody's name, or what a remote's strangers share */
        char remote[PEER_REMOTE_MAX];
        unsigned n_failures; /* THROTTLE_COUNT_MAX: so many or more */
        unsigned wait;       /* s; 0: may try at once */
        int64_t last;        /* µs UTC */
} Throttled;

/* n rows at most of that user (NULL: all), from *cursor (at first 0) on, which becomes the next
 * one's, or 0 behind the last. How many, or -ENOMEM. */
int throttle_list(const Throttle *throttle, const char *user, size_t *cursor, Throttled *ret,
                  size_t n);

/* NULL: any. A remote is a key or what throttle_remote_key() makes one of. */
typedef struct ThrottleFilter {
        const char *user;
        const char *remote;
} ThrottleFilter;
/* How many counts are forgotten. ret_is_known: one of them was under that user's name. */
size_t throttle_clear(Throttle *throttle, const ThrottleFilter *filter, bool *ret_is_known);
