#pragma once

/* How often somebody may be wrong: three attempts are free, then the next waits 1, 2, 4 … s, up to
 * 15 minutes. An hour after the last failure it is forgotten.
 *
 * Keyed by who (a user's name, known or not; clients as "client:ID", which no name can be) and
 * remote (Peer.remote, or throttle_remote_key() of what root's PAM module says). Times are on the
 * monotonic clock. No names are kept.
 *
 * Attempts in parallel: an attempt counts when its verdict is given, and while a delay lasts none
 * is given. So 500 guesses at once learn no more than one after the other would, and 500 right
 * passwords at once are all let in: nothing is reserved, nobody waits for another. */

#include <stdbool.h>

#include "base/caller.h"
#include "base/clock.h"

typedef struct Throttle Throttle;

#define THROTTLE_FREE        3U
#define THROTTLE_DELAY_MAX   (15 * 60 * USEC_PER_SEC)
#define THROTTLE_FORGET_USEC (60 * 60 * USEC_PER_SEC)

int throttle_new(const Clock *clock, Throttle **ret);
Throttle *throttle_free(Throttle *throttle);
void throttle_freep(Throttle **throttle);
/* config->throttle. Off: nothing is counted or refused. On at first. */
void throttle_set_enabled(Throttle *throttle, bool enabled);

/* Before the password is looked at. 0: go on; else the seconds to wait, rounded up, and the answer
 * is REASON_TOO_MANY_FAILURES at once. */
unsigned throttle_check(const Throttle *throttle, const char *who, const char *remote);
/* When the hash is done: 0: say whether it matched; else, the seconds to wait: a delay began in the
 * meantime, say REASON_TOO_MANY_FAILURES whether it matched or not. Counts a failure, forgets them
 * after a match. */
unsigned throttle_verdict(Throttle *throttle, const char *who, const char *remote, bool matches);

/* The key of an address or a host name: IPv4 whole ("192.0.2.1", also when mapped into IPv6), IPv6
 * as its /64 ("2001:db8::/64"), other text as "host:…", NULL or "" as "local". */
void throttle_remote_key(const char *text, char ret[static PEER_REMOTE_MAX]);
