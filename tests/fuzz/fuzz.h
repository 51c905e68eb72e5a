#pragma once

/* What every target includes. A target is one function over one input; what has to hold for each
 * input, not only that nothing crashes, it says with fuzz_check(). */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_check(expression)                                                                     \
        do {                                                                                       \
                if (!(expression)) {                                                               \
                        fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
                                #expression);                                                      \
                        abort();                                                                   \
                }                                                                                  \
        } while (0)

/* The input up to its first NUL, in memory of exactly that size. The caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size) {
        char *text = strndup((const char *)data, size);

        fuzz_check(text);
        return text;
}
