#pragma once

/* An array that is as large as it may ever become from its start, and takes memory only where it
 * was written to. Its address never changes. */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Region {
        void *at; /* all zero at first */
        size_t size;
        size_t held;     /* may have memory up to here though it is not used */
        size_t prepared; /* the last huge page that was asked for ends here; 0: none was */
        pthread_t thread;
        bool has_thread;
} Region;

/* 0 or a negative errno. The region stays where it is while it is used. */
int region_init(Region *region, size_t n, size_t element_size);
void region_done(Region *region);
/* That this much of it was used. */
void region_note(Region *region, size_t size);
/* Gives back the memory of a piece of what was used beyond these bytes, and is not any more. Nobody
 * may rely on what is there then. True: there may be more. */
bool region_give_back(Region *region, size_t used);
/* For an array that is filled from its start, and was up to here: what comes next, beyond the first
 * 16 MiB, is fetched by a thread before it is needed, in huge pages. */
void region_prepare(Region *region, size_t used);
