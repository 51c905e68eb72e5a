#pragma once

/* How much memory the process takes, for tests of what is given back. */

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

static inline size_t resident(void) {
        FILE *file = fopen("/proc/self/statm", "re");
        size_t size, pages;

        assert_non_null(file);
        assert_int_equal(fscanf(file, "%zu %zu", &size, &pages), 2);
        fclose(file);
        return pages * (size_t)sysconf(_SC_PAGESIZE);
}
