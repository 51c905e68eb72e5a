/* Any text as a span of time: never negative, and a sum says what its parts say. */

#include "fuzz.h"

#include <errno.h>

#include "base/timespan.h"
#include "wire/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size), *twice = NULL;
        int64_t span = -1, sum = -1;

        int r = timespan_parse(text, &span);
        if (r < 0) {
                fuzz_check((r == -EINVAL || r == -ERANGE) && span == -1);
                return 0;
        }
        fuzz_check(span >= 0);
        fuzz_check(strpbrk(text, "0123456789") && !strchr(text, '-'));
        fuzz_check(asprintf(&twice, "%s 1us %s", text, text) > 0);
        r = timespan_parse(twice, &sum);
        if (span > (INT64_MAX - 1) / 2)
                fuzz_check(r == -ERANGE && sum == -1);
        else
                fuzz_check(r == 0 && sum == 2 * span + 1);
        return 0;
}
