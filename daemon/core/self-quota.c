/* A leaky bucket a uid: each token fills it by one, time empties it.
 *
 * Invariant: the table is of one size. In a full set the emptiest bucket makes room, so that who
 * has made many keeps the count. */

#include "core/self-quota.h"

#include <errno.h>
#include <stdlib.h>

#include "base/token.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define SETS       256U
#define SET_PLACES 8U

typedef struct Bucket {
        uint32_t uid;
        int64_t empty_at; /* µs monotonic; in the past: empty, and the place is free */
} Bucket;

struct SelfQuota {
        const Clock *clock;
        Bucket buckets[SETS * SET_PLACES];
};

int self_quota_new(const Clock *clock, SelfQuota **ret) {
        SelfQuota *quota = calloc(1, sizeof(SelfQuota));

        if (!quota)
                return -ENOMEM;
        quota->clock = clock;
        for (size_t i = 0; i < ELEMENTSOF(quota->buckets); i++)
                quota->buckets[i].uid = UID_NONE;
        *ret = quota;
        return 0;
}

SelfQuota *self_quota_free(SelfQuota *quota) {
        free(quota);
        return NULL;
}

void self_quota_freep(SelfQuota **quota) {
        self_quota_free(*quota);
}

static Bucket *bucket_find(SelfQuota *quota, uint32_t uid) {
        Bucket *set = &quota->buckets[uid % SETS * SET_PLACES], *emptiest = set;

        for (Bucket *bucket = set; bucket < set + SET_PLACES; bucket++) {
                if (bucket->uid == uid)
                        return bucket;
                if (bucket->empty_at < emptiest->empty_at)
                        emptiest = bucket;
        }
        *emptiest = (Bucket){ .uid = uid };
        return emptiest;
}

unsigned self_quota_take(SelfQuota *quota, uint32_t uid) {
        Bucket *bucket = bucket_find(quota, uid);
        int64_t now = clock_monotonic(quota->clock);
        int64_t base = bucket->empty_at > now ? bucket->empty_at : now;
        int64_t full_at = now + SELF_QUOTA_BURST * SELF_QUOTA_EVERY_USEC;
        int64_t over = base + SELF_QUOTA_EVERY_USEC - full_at;

        if (over > 0)
                return (unsigned)((over + USEC_PER_SEC - 1) / USEC_PER_SEC);
        bucket->empty_at = base + SELF_QUOTA_EVERY_USEC;
        return 0;
}
