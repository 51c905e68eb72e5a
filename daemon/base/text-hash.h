#pragma once

/* FNV-1a, for tables whose keys administrators choose: whoever is to be kept from making them
 * collide needs a keyed one. */

#include <stdint.h>

#define TEXT_HASH_INIT UINT64_C(14695981039346656037)

/* Goes on from hash, at first TEXT_HASH_INIT. The text's NUL counts, so that "ab", "c" is not "a",
 * "bc". */
static inline uint64_t text_hash(uint64_t hash, const char *text) {
        for (;; text++) {
                hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
                if (!*text)
                        return hash;
        }
}
