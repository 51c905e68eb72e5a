#pragma once

/* An array that is as large as it may ever become from its start, and takes memory only where it
 * was written to. Its address never changes. */

#include <stddef.h>

typedef struct Region {
        void *at; /* all zero */
        size_t size;
} Region;

/* 0 or a negative errno. */
int region_init(Region *region, size_t n, size_t element_size);
void region_done(Region *region);
/* All zero again, and without memory. */
void region_clear(Region *region);
