#pragma once

/* Core's own: how many tokens a uid may make for itself. They live an hour at most, so a bound on
 * the rate bounds how many there are. */

#include "base/clock.h"

/* At once, and then one every SELF_QUOTA_EVERY_USEC: some 500 live ones at the most. */
#define SELF_QUOTA_BURST      240U
#define SELF_QUOTA_EVERY_USEC (15 * USEC_PER_SEC)

typedef struct SelfQuota SelfQuota;

int self_quota_new(const Clock *clock, SelfQuota **ret);
SelfQuota *self_quota_free(SelfQuota *quota);
void self_quota_freep(SelfQuota **quota);

/* Counts one more token of the uid. 0, or the seconds until there may be another. */
unsigned self_quota_take(SelfQuota *quota, uint32_t uid);
