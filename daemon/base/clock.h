#pragma once

/* Time comes in as an argument, so that tests can turn it. All of it is int64 microseconds. */

#include <stdint.h>
#include <time.h>

#define USEC_PER_MSEC 1000LL
#define USEC_PER_SEC  1000000LL

/* A clock that is further than this behind the latest time it said was turned back. */
#define CLOCK_JUMP_USEC (5 * 60 * USEC_PER_SEC)

typedef struct Clock {
        /* id is CLOCK_REALTIME (expiry, what people see) or CLOCK_MONOTONIC (deadlines, delays) */
        int64_t (*now)(clockid_t id);
} Clock;

/* The system's. */
extern const Clock clock_system;

static inline int64_t clock_realtime(const Clock *clock) {
        return clock->now(CLOCK_REALTIME);
}
static inline int64_t clock_monotonic(const Clock *clock) {
        return clock->now(CLOCK_MONOTONIC);
}
