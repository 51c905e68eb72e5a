/* Dates are read strictly: what is left over, or a day that its month has not, is no date. */

#include "http/date-read.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "wire/text.h"

#define MSEC_PER_SEC 1000
/* Fewer are a year. */
#define MSEC_DIGITS_MIN 5

/* Exactly n digits at *p, which moves behind them; lower and upper bound the number. */
static bool take_number(const char **p, size_t n, int lower, int upper, int *ret) {
        int number = 0;

        for (size_t i = 0; i < n; i++) {
                if ((*p)[i] < '0' || (*p)[i] > '9')
                        return false;
                number = 10 * number + ((*p)[i] - '0');
        }
        *p += n;
        *ret = number;
        return number >= lower && number <= upper;
}

static bool take_character(const char **p, char c) {
        if (**p != c)
                return false;
        (*p)++;
        return true;
}

static bool take_date(const char **p, struct tm *tm) {
        int year, month = 1, day = 1;

        if (!take_number(p, 4, 0, 9999, &year))
                return false;
        if (take_character(p, '-')) {
                if (!take_number(p, 2, 1, 12, &month))
                        return false;
                if (take_character(p, '-') && !take_number(p, 2, 1, 31, &day))
                        return false;
        }
        tm->tm_year = year - 1900;
        tm->tm_mon = month - 1;
        tm->tm_mday = day;
        return true;
}

/* Digits behind the third are cut off. */
static bool take_fraction(const char **p, int *ret) {
        int scale = 100, msec = 0;

        if (**p < '0' || **p > '9')
                return false;
        for (; **p >= '0' && **p <= '9'; (*p)++, scale /= 10)
                msec += scale * (**p - '0');
        *ret = msec;
        return true;
}

static bool take_time(const char **p, struct tm *tm, int *ret_msec) {
        if (!take_number(p, 2, 0, 23, &tm->tm_hour) || !take_character(p, ':') ||
            !take_number(p, 2, 0, 59, &tm->tm_min))
                return false;
        if (!take_character(p, ':'))
                return true;
        if (!take_number(p, 2, 0, 59, &tm->tm_sec))
                return false;
        return !take_character(p, '.') || take_fraction(p, ret_msec);
}

/* Seconds east of Greenwich. */
static bool take_zone(const char **p, int *ret) {
        int sign = **p == '-' ? -1 : 1, hours, minutes;

        if (take_character(p, 'Z'))
                return true;
        if (!take_character(p, '+') && !take_character(p, '-'))
                return true;
        if (!take_number(p, 2, 0, 23, &hours))
                return false;
        (void)take_character(p, ':');
        if (!take_number(p, 2, 0, 59, &minutes))
                return false;
        *ret = sign * (hours * 3600 + minutes * 60);
        return true;
}

static int to_msec(struct tm tm, int msec, int zone, int64_t *ret) {
        struct tm normal = tm;
        time_t seconds = timegm(&normal);

        if (normal.tm_mday != tm.tm_mday)
                return -EINVAL;
        *ret = ((int64_t)seconds - zone) * MSEC_PER_SEC + msec;
        return 0;
}

static int parse_iso(const char *text, int64_t *ret) {
        struct tm tm = { 0 };
        int msec = 0, zone = 0;

        if (!take_date(&text, &tm))
                return -EINVAL;
        if ((take_character(&text, 'T') || take_character(&text, ' ')) &&
            (!take_time(&text, &tm, &msec) || !take_zone(&text, &zone)))
                return -EINVAL;
        return *text ? -EINVAL : to_msec(tm, msec, zone, ret);
}

/* RFC 9110 section 5.6.7. */
static int parse_http_date(const char *text, int64_t *ret) {
        struct tm tm = { 0 };
        const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S", &tm);

        if (!end || !streq(end, " GMT"))
                return -EINVAL;
        return to_msec(tm, 0, 0, ret);
}

int date_read(const char *text, int64_t *ret) {
        if (strlen(text) >= MSEC_DIGITS_MIN && parse_int64(text, ret) == 0)
                return 0;
        if (parse_iso(text, ret) == 0)
                return 0;
        return parse_http_date(text, ret);
}
