#pragma once

/* Points in time as people write them. */

#include <stdint.h>

/* What may be written, for messages. */
#define DATE_FORMS "YYYY-MM-DD, YYYY-MM-DD HH:MM[:SS], seconds since 1970, or never"

/* In local time, a date without a time at its first second; "@1767225600" and "1767225600" count
 * seconds since 1970, UTC. 0: "never". -EINVAL: none of these, or a day that no calendar has.
 * -ERANGE: not behind 1970, or beyond the year 9999. */
int date_parse(const char *text, int64_t *ret_seconds);
