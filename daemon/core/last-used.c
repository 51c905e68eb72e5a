/* When tokens were last asked about.
 *
 * A table of sets of a few places each; a token's hash says which set it belongs to, and in a full
 * set the oldest goes. Nothing grows and nothing is allocated after the start. Hashes are random,
 * so their first bytes spread evenly, and who could choose them could break SHA-256. */

#include "core/last-used.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* 16,384 tokens in 786 KiB: more than are asked about in a minute on one machine, as a rule. */
#define SETS       4096U
#define SET_PLACES 4U

typedef struct Place {
        TokenHash hash;
        int64_t used;  /* 0: free */
        bool is_dirty; /* the store has not heard of it */
} Place;

struct LastUsed {
        Place places[SETS * SET_PLACES];
};

int last_used_new(LastUsed **ret) {
        LastUsed *last_used = calloc(1, sizeof(LastUsed));

        if (!last_used)
                return -ENOMEM;
        *ret = last_used;
        return 0;
}

LastUsed *last_used_free(LastUsed *last_used) {
        free(last_used);
        return NULL;
}

void last_used_freep(LastUsed **last_used) {
        last_used_free(*last_used);
}

static size_t set_start(const TokenHash *hash) {
        return ((hash->bytes[0] | (size_t)hash->bytes[1] << 8) % SETS) * SET_PLACES;
}

static bool place_is(const Place *place, const TokenHash *hash) {
        return place->used != 0 && memcmp(place->hash.bytes, hash->bytes, TOKEN_HASH_SIZE) == 0;
}

void last_used_mark(LastUsed *last_used, const TokenHash *hash, int64_t now) {
        Place *set = &last_used->places[set_start(hash)];
        Place *oldest = set;

        for (Place *place = set; place < set + SET_PLACES; place++) {
                if (place_is(place, hash)) {
                        oldest = place;
                        break;
                }
                if (place->used < oldest->used)
                        oldest = place;
        }
        *oldest = (Place){ .hash = *hash, .used = now, .is_dirty = true };
}

int64_t last_used_get(const LastUsed *last_used, const TokenHash *hash) {
        const Place *set = &last_used->places[set_start(hash)];

        for (const Place *place = set; place < set + SET_PLACES; place++)
                if (place_is(place, hash))
                        return place->used;
        return 0;
}

size_t last_used_take(LastUsed *last_used, size_t *cursor, TokenTouch *ret, size_t n) {
        size_t taken = 0;

        for (; *cursor < SETS * SET_PLACES && taken < n; (*cursor)++) {
                Place *place = &last_used->places[*cursor];
                if (!place->is_dirty)
                        continue;
                place->is_dirty = false;
                ret[taken++] = (TokenTouch){ .hash = place->hash, .used = place->used };
        }
        return taken;
}
