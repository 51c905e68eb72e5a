/* Fixed formats, so strftime(), which knows languages, has no part in them. Years have four digits:
 * nothing that lives longer is ever dated. */

#include "http/date.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"

static int four_digits(const struct tm *tm) {
        return (tm->tm_year + 1900) % 10000;
}

void date_iso(int64_t usec, char ret[static DATE_ISO_SIZE]) {
        time_t seconds = (time_t)(usec / USEC_PER_SEC);
        struct tm tm = { 0 };

        (void)gmtime_r(&seconds, &tm);
        (void)snprintf(ret, DATE_ISO_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", four_digits(&tm),
                       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                       (int)(usec % USEC_PER_SEC / USEC_PER_MSEC));
}

void date_http(int64_t seconds, char ret[static DATE_HTTP_SIZE]) {
        static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
        static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
        time_t time = (time_t)seconds;
        struct tm tm = { 0 };

        (void)gmtime_r(&time, &tm);
        (void)snprintf(ret, DATE_HTTP_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
                       tm.tm_mday, months[tm.tm_mon], four_digits(&tm), tm.tm_hour, tm.tm_min,
                       tm.tm_sec);
}
