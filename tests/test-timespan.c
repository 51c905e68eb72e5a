/* Spans of time as systemd.time(7) writes them. */

#include "unit.h"

#include <errno.h>

#include "base/clock.h"
#include "base/timespan.h"
#include "wire/text.h"

#define DAY (86400 * USEC_PER_SEC)

static void test_good(void **state) {
        static const struct {
                const char *text;
                int64_t usec;
        } rows[] = {
                { "0", 0 },
                { "90", 90 * USEC_PER_SEC },
                { "14d", 14 * DAY },
                { "1h 30min", 5400 * USEC_PER_SEC },
                { "1h30min", 5400 * USEC_PER_SEC },
                { "  2 weeks  ", 14 * DAY },
                { "1y", 31557600 * USEC_PER_SEC },
                { "12M", 31557600 * USEC_PER_SEC },
                { "1m", 60 * USEC_PER_SEC },
                { "5 10", 15 * USEC_PER_SEC },
                { "500ms", 500 * USEC_PER_MSEC },
                { "3us", 3 },
                { "3µs", 3 },
                { "1.5s", 1500000 },
                { "0.1us", 0 },
                { "2.000001s 1us", 2000002 },
                { "9223372036854775807us", INT64_MAX },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                int64_t usec = -1;

                assert_int_equal(timespan_parse(rows[i].text, &usec), 0);
                assert_int_equal(usec, rows[i].usec);
        }
}

static void test_bad(void **state) {
        static const char *const bad[] = { "",    " ",    "s",   "-1",   "+1", "1x",   "1 eon",
                                           "1.s", ".5s",  "1..5", "1e3", "0x10", "1D", "infinity",
                                           "14d,", "1s\n", "1h -1min" };
        int64_t usec = 42;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(timespan_parse(bad[i], &usec), -EINVAL);
        assert_int_equal(timespan_parse(NULL, &usec), -EINVAL);
        assert_int_equal(usec, 42);
}

static void test_too_long(void **state) {
        static const char *const bad[] = {
                "9223372036854775808us",
                "9223372036854775807s",
                "9223372036854775807us 1us",
                "99999999999999999999999999999999999999999999999999",
                "9223372036854775807y 9223372036854775807y",
        };
        int64_t usec = 42;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(timespan_parse(bad[i], &usec), -ERANGE);
        assert_int_equal(usec, 42);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_too_long),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
