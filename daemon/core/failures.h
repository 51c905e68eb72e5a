#pragma once

/* The throttle's own: where failures are counted (throttle.h says what they mean). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/caller.h"

#define FAILURES_SECRET_SIZE 32U

typedef struct FailureTable FailureTable;

/* Those of one who × remote, or those that a remote's strangers share, who found no place. */
typedef struct Failures {
        uint64_t key; /* FAILURES_SHARED: shared */
        int64_t last; /* µs monotonic: when the last one was counted */
        char *name;   /* whose, if it is somebody's; else NULL */
        STAILQ_ENTRY(Failures) link; /* while it is dirty */
        bool is_dirty;               /* the store has not heard of it */
        uint8_t n;
        char remote[PEER_REMOTE_MAX];
} Failures;

#define FAILURES_SHARED 0U

int failure_table_new(FailureTable **ret);
FailureTable *failure_table_free(FailureTable *table);
void failure_table_freep(FailureTable **table);
/* What keys are made with: random at first. Setting another must come before anything is counted.
 */
const uint8_t *failure_table_secret(const FailureTable *table);
void failure_table_set_secret(FailureTable *table, const uint8_t secret[FAILURES_SECRET_SIZE]);

/* Called when something became dirty, from inside the change: look at nothing then. */
void failure_table_on_dirty(FailureTable *table, void (*handler)(void *userdata), void *userdata);

/* No entry can be live that a key of that remote could find. */
bool failure_table_is_quiet(const FailureTable *table, const char *remote, int64_t now);
uint64_t failure_key(const FailureTable *table, const char *who, const char *remote);
/* What counts for the key at this time: its own, or when it has none and there is no place for
 * one, what the remote's strangers share. NULL: nothing was counted. */
Failures *failure_table_find(const FailureTable *table, uint64_t key, const char *remote,
                             int64_t now);
/* The same, and a fresh one (n is 0) when there is none. */
Failures *failure_table_obtain(FailureTable *table, uint64_t key, const char *remote, int64_t now);
/* To be called behind every change of n, last or name; n = 0 keeps its place until it was taken. */
void failure_table_touch(FailureTable *table, Failures *failures);
/* One that is dirty, and no longer: somebody's first, in the order of their changes. NULL: none. */
Failures *failure_table_take(FailureTable *table);

/* By number, in no order that means anything; NULL: behind the last. */
Failures *failure_table_at(const FailureTable *table, size_t i);
bool failures_are_live(const Failures *failures, int64_t now);
