#pragma once

/* Spans of time as systemd.time(7) writes them: "14d", "1h 30min", "90" (seconds). */

#include <stdint.h>

/* Microseconds. -EINVAL: malformed; -ERANGE: does not fit. */
int timespan_parse(const char *text, int64_t *ret);
