#pragma once

/* What the programs that measure share: the clock, the end with a message, and the times of many
 * calls. */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...) {
        va_list arguments;

        fprintf(stderr, "%s: ", program_invocation_short_name);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        fputc('\n', stderr);
        exit(1);
}

static inline int64_t nsec_of(clockid_t id) {
        struct timespec now;

        clock_gettime(id, &now);
        return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static inline int nsec_compare(const void *a, const void *b) {
        int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
        return (left > right) - (left < right);
}

/* Of n times in order. */
static inline double usec_quantile(const int64_t *nsec, size_t n, double share) {
        return (double)nsec[(size_t)(share * (double)(n - 1))] / 1e3;
}

/* A member of a JSON object, of one time or more. Sorts them. */
static inline void usec_print(int64_t *nsec, size_t n) {
        qsort(nsec, n, sizeof(*nsec), nsec_compare);
        printf("\"usec\": {\"least\": %.1f, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, "
               "\"most\": %.1f}",
               usec_quantile(nsec, n, 0), usec_quantile(nsec, n, 0.5), usec_quantile(nsec, n, 0.9),
               usec_quantile(nsec, n, 0.99), usec_quantile(nsec, n, 1));
}
