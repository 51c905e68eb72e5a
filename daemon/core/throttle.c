/* How failures become delays, what is kept of them over a restart, and what administrators see.
 *
 * Invariants: a delay that stands is made shorter by nothing but an administrator; whoever waits
 * makes it no longer by asking; what is kept or shown names nobody who does not exist. */

#include "core/throttle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/failures.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define DELAY_FIRST USEC_PER_SEC
_Static_assert(DELAY_FIRST << (THROTTLE_COUNT_MAX - THROTTLE_FREE) >= THROTTLE_DELAY_MAX,
               "more failures would make no more of a delay");

struct Throttle {
        const Clock *clock;
        bool enabled;
        FailureTable *table;
        int64_t offset; /* of the wall's clock to the monotonic one, by which rows were taken */
};

static int64_t clock_offset(const Clock *clock) {
        return clock_realtime(clock) - clock_monotonic(clock);
}

int throttle_new(const Clock *clock, Throttle **ret) {
        _cleanup_(throttle_freep) Throttle *throttle = calloc(1, sizeof(*throttle));
        int r;

        if (!throttle)
                return -ENOMEM;
        r = failure_table_new(&throttle->table);
        if (r < 0)
                return r;
        throttle->clock = clock;
        throttle->offset = clock_offset(clock);
        throttle->enabled = true;
        *ret = TAKE_PTR(throttle);
        return 0;
}

Throttle *throttle_free(Throttle *throttle) {
        if (!throttle)
                return NULL;
        failure_table_free(throttle->table);
        free(throttle);
        return NULL;
}

void throttle_freep(Throttle **throttle) {
        *throttle = throttle_free(*throttle);
}

void throttle_set_enabled(Throttle *throttle, bool enabled) {
        throttle->enabled = enabled;
}

static int64_t failures_delay(unsigned n) {
        int64_t delay;

        if (n < THROTTLE_FREE)
                return 0;
        delay = DELAY_FIRST << (n - THROTTLE_FREE);
        return delay < THROTTLE_DELAY_MAX ? delay : THROTTLE_DELAY_MAX;
}

static unsigned failures_wait(const Failures *failures, int64_t now) {
        int64_t left = failures->last + failures_delay(failures->n) - now;

        return left > 0 ? (unsigned)((left + USEC_PER_SEC - 1) / USEC_PER_SEC) : 0;
}

static Failures *throttle_find(const Throttle *throttle, const ThrottleSubject *subject,
                               int64_t now) {
        uint64_t key = failure_key(throttle->table, subject->who, subject->remote);

        return failure_table_find(throttle->table, key, subject->remote, now);
}

static void throttle_count(Throttle *throttle, const ThrottleSubject *subject, int64_t now) {
        uint64_t key = failure_key(throttle->table, subject->who, subject->remote);
        Failures *failures = failure_table_obtain(throttle->table, key, subject->remote, now);

        failures->last = now;
        if (failures->n < THROTTLE_COUNT_MAX)
                failures->n++;
        /* Without memory nobody sees whose it is. */
        if (subject->is_known && !failures->name && failures->key != FAILURES_SHARED)
                failures->name = strdup(subject->who);
        failure_table_touch(throttle->table, failures);
}

static void throttle_forget(Throttle *throttle, Failures *failures) {
        failures->n = 0;
        failure_table_touch(throttle->table, failures);
}

unsigned throttle_check(const Throttle *throttle, const ThrottleSubject *subject) {
        int64_t now = clock_monotonic(throttle->clock);
        const Failures *failures;

        if (!throttle->enabled)
                return 0;
        failures = throttle_find(throttle, subject, now);
        return failures ? failures_wait(failures, now) : 0;
}

bool throttle_knows(const Throttle *throttle, const ThrottleSubject *subject) {
        int64_t now = clock_monotonic(throttle->clock);

        return throttle->enabled &&
               !failure_table_is_quiet(throttle->table, subject->remote, now) &&
               throttle_find(throttle, subject, now);
}

unsigned throttle_verdict(Throttle *throttle, const ThrottleSubject *subject, bool matches) {
        int64_t now = clock_monotonic(throttle->clock);
        Failures *failures;
        unsigned wait;

        if (!throttle->enabled)
                return 0;
        failures = throttle_find(throttle, subject, now);
        wait = failures ? failures_wait(failures, now) : 0;
        if (wait > 0)
                return wait;
        if (!matches)
                throttle_count(throttle, subject, now);
        else if (failures && failures->key != FAILURES_SHARED)
                throttle_forget(throttle, failures);
        return 0;
}

void throttle_on_change(Throttle *throttle, void (*handler)(void *userdata), void *userdata) {
        failure_table_on_dirty(throttle->table, handler, userdata);
}

/* When it was, by the wall's clock as it stands now. */
static int64_t failures_last_utc(const Throttle *throttle, const Failures *failures) {
        return clock_realtime(throttle->clock) -
               (clock_monotonic(throttle->clock) - failures->last);
}

size_t throttle_take(Throttle *throttle, StoredFailures *ret, size_t n) {
        Failures *failures;
        size_t taken = 0;

        while (taken < n && (failures = failure_table_take(throttle->table))) {
                StoredFailures *row = &ret[taken++];

                *row = (StoredFailures){
                        .key = failures->key,
                        .n = failures->n,
                        .last = failures_last_utc(throttle, failures),
                        .name = failures->name ? strdup(failures->name) : NULL,
                };
                strcpy(row->remote, failures->remote);
        }
        return taken;
}

void throttle_follow_clock(Throttle *throttle) {
        int64_t now = clock_monotonic(throttle->clock);
        int64_t offset = clock_offset(throttle->clock);
        Failures *failures;

        if (offset - throttle->offset < CLOCK_JUMP_USEC &&
            throttle->offset - offset < CLOCK_JUMP_USEC)
                return;
        throttle->offset = offset;
        for (size_t i = 0; (failures = failure_table_at(throttle->table, i)); i++)
                if (failures_are_live(failures, now))
                        failure_table_touch(throttle->table, failures);
}

void throttle_restore(Throttle *throttle, const StoredFailures *row) {
        int64_t now = clock_monotonic(throttle->clock);
        int64_t age = clock_realtime(throttle->clock) - row->last;
        bool is_of_future = age < 0;
        Failures *failures;

        if (is_of_future)
                age = 0;
        if (age >= THROTTLE_FORGET_USEC || row->n == 0)
                return;
        failures = failure_table_obtain(throttle->table, row->key, row->remote, now);
        if (failures->n == 0 || failures->last < now - age)
                failures->last = now - age;
        if (failures->n < row->n)
                failures->n = (uint8_t)(row->n < THROTTLE_COUNT_MAX ? row->n : THROTTLE_COUNT_MAX);
        if (row->name && !failures->name && failures->key != FAILURES_SHARED)
                failures->name = strdup(row->name);
        if (is_of_future)
                failure_table_touch(throttle->table, failures);
}

int throttle_secret(const Throttle *throttle, Secret *ret) {
        char text[2 * FAILURES_SECRET_SIZE + 1];
        int r;

        hex_encode(failure_table_secret(throttle->table), FAILURES_SECRET_SIZE, text);
        r = secret_set(ret, text, 2 * FAILURES_SECRET_SIZE);
        explicit_bzero(text, sizeof(text));
        return r;
}

int throttle_set_secret(Throttle *throttle, const Secret *secret) {
        uint8_t bytes[FAILURES_SECRET_SIZE];
        int r = hex_decode(secret_text(secret), bytes, sizeof(bytes));

        if (r == 0)
                failure_table_set_secret(throttle->table, bytes);
        explicit_bzero(bytes, sizeof(bytes));
        return r;
}

static bool is_users(const Failures *failures, const char *user) {
        return failures->name && streq(failures->name, user);
}

static int throttled_fill(const Throttle *throttle, const Failures *failures, int64_t now,
                          Throttled *ret) {
        char *user = NULL;

        if (failures->name && !(user = strdup(failures->name)))
                return -ENOMEM;
        *ret = (Throttled){
                .user = user,
                .n_failures = failures->n,
                .wait = failures_wait(failures, now),
                .last = failures_last_utc(throttle, failures),
        };
        strcpy(ret->remote, failures->remote);
        return 0;
}

static int throttled_discard(Throttled *throttled, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(TAKE_PTR(throttled[i].user));
        return -ENOMEM;
}

int throttle_list(const Throttle *throttle, const char *user, size_t *cursor, Throttled *ret,
                  size_t n) {
        int64_t now = clock_monotonic(throttle->clock);
        const Failures *failures;
        size_t n_found = 0;

        for (size_t i = *cursor; (failures = failure_table_at(throttle->table, i)); i++) {
                if (!failures_are_live(failures, now) || (user && !is_users(failures, user)))
                        continue;
                if (n_found == n) {
                        *cursor = i;
                        return (int)n_found;
                }
                if (throttled_fill(throttle, failures, now, &ret[n_found]) < 0)
                        return throttled_discard(ret, n_found);
                n_found++;
        }
        *cursor = 0;
        return (int)n_found;
}

/* Whether it is known whose it is or not: the key says so as well. */
static bool filter_covers(const Throttle *throttle, const ThrottleFilter *filter,
                          const char *remote_key, const Failures *failures) {
        if (filter->remote && !streq(failures->remote, filter->remote) &&
            !streq(failures->remote, remote_key))
                return false;
        return !filter->user || is_users(failures, filter->user) ||
               failures->key == failure_key(throttle->table, filter->user, failures->remote);
}

size_t throttle_clear(Throttle *throttle, const ThrottleFilter *filter, bool *ret_is_known) {
        int64_t now = clock_monotonic(throttle->clock);
        char remote_key[PEER_REMOTE_MAX] = "";
        bool is_known = false;
        Failures *failures;
        size_t n = 0;

        if (filter->remote && filter->remote[0])
                throttle_remote_key(filter->remote, remote_key);
        for (size_t i = 0; (failures = failure_table_at(throttle->table, i)); i++) {
                if (!failures_are_live(failures, now) ||
                    !filter_covers(throttle, filter, remote_key, failures))
                        continue;
                is_known = is_known || (filter->user && is_users(failures, filter->user));
                throttle_forget(throttle, failures);
                n++;
        }
        *ret_is_known = is_known;
        return n;
}
