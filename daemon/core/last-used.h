#pragma once

/* When tokens were last asked about, in bounded memory, until the store hears of it. */

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

typedef struct LastUsed LastUsed;

int last_used_new(LastUsed **ret);
LastUsed *last_used_free(LastUsed *last_used);
void last_used_freep(LastUsed **last_used);

/* µs UTC. Beyond the bound, what was used the longest ago is forgotten. */
void last_used_mark(LastUsed *last_used, const TokenHash *hash, int64_t now);
/* 0: not known. */
int64_t last_used_get(const LastUsed *last_used, const TokenHash *hash);
/* Takes at most n of what the store has not heard of yet, from *cursor (at first 0) on. How many;
 * 0: nothing is left. */
size_t last_used_take(LastUsed *last_used, size_t *cursor, TokenTouch *ret, size_t n);
