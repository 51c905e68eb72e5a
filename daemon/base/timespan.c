/* Spans of time: a sum of numbers, each with a unit of systemd.time(7), seconds without one.
 *
 * Digits are counted in microseconds from the start, in 128 bits, so that nothing is rounded before
 * the last digit and nothing wraps. */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/timespan.h"
#include "wire/text.h"

#define USEC_PER_MIN   (60 * USEC_PER_SEC)
#define USEC_PER_HOUR  (60 * USEC_PER_MIN)
#define USEC_PER_DAY   (24 * USEC_PER_HOUR)
#define USEC_PER_MONTH (2629800 * USEC_PER_SEC)  /* a twelfth of a year */
#define USEC_PER_YEAR  (31557600 * USEC_PER_SEC) /* 365.25 days */

static const struct {
        const char *name;
        int64_t usec;
} units[] = {
        { "us", 1 },                  { "usec", 1 },
        { "µs", 1 },                  { "ms", USEC_PER_MSEC },
        { "msec", USEC_PER_MSEC },    { "s", USEC_PER_SEC },
        { "sec", USEC_PER_SEC },      { "second", USEC_PER_SEC },
        { "seconds", USEC_PER_SEC },  { "m", USEC_PER_MIN },
        { "min", USEC_PER_MIN },      { "minute", USEC_PER_MIN },
        { "minutes", USEC_PER_MIN },  { "h", USEC_PER_HOUR },
        { "hr", USEC_PER_HOUR },      { "hour", USEC_PER_HOUR },
        { "hours", USEC_PER_HOUR },   { "d", USEC_PER_DAY },
        { "day", USEC_PER_DAY },      { "days", USEC_PER_DAY },
        { "w", 7 * USEC_PER_DAY },    { "week", 7 * USEC_PER_DAY },
        { "weeks", 7 * USEC_PER_DAY }, { "M", USEC_PER_MONTH },
        { "month", USEC_PER_MONTH },  { "months", USEC_PER_MONTH },
        { "y", USEC_PER_YEAR },       { "year", USEC_PER_YEAR },
        { "years", USEC_PER_YEAR },
};

static const char *skip_space(const char *p) {
        return p + strspn(p, " \t");
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* A number as what it is times FRACTION_ONE. */
#define FRACTION_ONE 1000000

static int read_number(const char **p, __int128 *ret) {
        const char *c = *p;
        __int128 value = 0, place = FRACTION_ONE;

        if (!is_digit(*c))
                return -EINVAL;

        for (; is_digit(*c); c++) {
                value = value * 10 + (*c - '0');
                if (value > INT64_MAX)
                        return -ERANGE;
        }
        value *= FRACTION_ONE;

        if (*c == '.') {
                if (!is_digit(*++c))
                        return -EINVAL;
                for (; is_digit(*c); c++)
                        value += (*c - '0') * (place /= 10);
        }

        *p = c;
        *ret = value;
        return 0;
}

static int read_unit(const char **p, int64_t *ret) {
        size_t size = strcspn(*p, " \t.0123456789");

        if (size == 0) {
                *ret = USEC_PER_SEC;
                return 0;
        }

        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (strlen(units[i].name) == size && strncmp(*p, units[i].name, size) == 0) {
                        *p += size;
                        *ret = units[i].usec;
                        return 0;
                }

        return -EINVAL;
}

int timespan_parse(const char *text, int64_t *ret) {
        __int128 sum = 0, number = 0;
        const char *p;
        int64_t unit;
        int r;

        if (!text)
                return -EINVAL;

        p = skip_space(text);
        do {
                r = read_number(&p, &number);
                if (r < 0)
                        return r;

                p = skip_space(p);
                r = read_unit(&p, &unit);
                if (r < 0)
                        return r;

                if (number / FRACTION_ONE > INT64_MAX / unit)
                        return -ERANGE;

                sum += number * unit / FRACTION_ONE;
                if (sum > INT64_MAX)
                        return -ERANGE;

                p = skip_space(p);
        } while (*p);

        *ret = sum;
        return 0;
}
