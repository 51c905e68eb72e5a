#pragma once

/* Dates as people and programs write them: what JavaScript reads, as far as it is a standard. */

#include <stdint.h>

/* "2022", "2022-04", "2022-04-20", each with or without "T10:10[:30[.123]]" and "Z" or "+02:00"
 * (none: UTC), "Wed, 20 Apr 2022 10:10:30 GMT", or milliseconds since 1970 in five digits or more.
 * ret: ms UTC. -EINVAL. */
int date_read(const char *text, int64_t *ret);
