#pragma once

/* How far it is, on standard error: a bar that is drawn again and again on a terminal, and in the
 * end one line anywhere. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Progress {
        const char *what; /* "users" */
        size_t total;
        size_t done;
        bool is_terminal;
        int64_t started; /* µs, CLOCK_MONOTONIC */
        int64_t drawn;
} Progress;

Progress progress_start(const char *what, size_t total);
void progress_step(Progress *progress);
/* "2000 of 2000 users in 12.3 s". */
void progress_end(Progress *progress);

/* The bar for a terminal of that many columns, without a line break. */
void progress_format(const Progress *progress, unsigned columns, char *ret, size_t size);
