#pragma once

/* FNV-1a, for tables whose keys administrators choose: whoever is to be kept from making them
 * collide needs a keyed one. */

#include <stdint.h>

static inline uint64_t text_hash(const char *text) {
        uint64_t hash = UINT64_C(14695981039346656037);

        for (; *text; text++)
                hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
        return hash;
}
