#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "ctl/date-input.h"
#include "wire/text.h"

static void zone_set(const char *zone) {
        setenv("TZ", zone, 1);
        tzset();
}

static void test_taken(void **state) {
        static const struct {
                const char *zone;
                const char *text;
                int64_t seconds;
        } rows[] = {
                { "UTC", "2026-11-22", 1795305600 },
                { "UTC", "2026-11-22 12:30", 1795350600 },
                { "UTC", "2026-11-22 12:30:59", 1795350659 },
                { "UTC", "2024-02-29", 1709164800 },
                { "UTC", "2000-02-29", 951782400 },
                { "UTC", "1970-01-01 00:00:01", 1 },
                { "UTC", "9999-12-31 23:59:59", 253402300799 },
                { "UTC", "1795305600", 1795305600 },
                { "UTC", "@1795305600", 1795305600 },
                { "UTC", "253402300799", 253402300799 },
                { "UTC", "1", 1 },
                { "UTC", "never", 0 },
                /* Local time, at the offset of that day. */
                { "CET-1CEST,M3.5.0,M10.5.0/3", "2026-11-22", 1795302000 },
                { "CET-1CEST,M3.5.0,M10.5.0/3", "2026-07-01", 1782856800 },
                { "EST5EDT", "2026-11-22", 1795323600 },
                { "EST5EDT", "1795305600", 1795305600 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                int64_t seconds = -1;

                zone_set(rows[i].zone);
                assert_int_equal(date_parse(rows[i].text, &seconds), 0);
                assert_int_equal(seconds, rows[i].seconds);
        }
}

/* An hour that the clocks leave out is still a time of that day. */
static void test_gap(void **state) {
        int64_t seconds;

        zone_set("CET-1CEST,M3.5.0,M10.5.0/3");
        assert_int_equal(date_parse("2026-03-29 02:30:00", &seconds), 0);
        assert_in_range(seconds, 1774744200 - 3600, 1774744200 + 3600);
}

static void test_refused(void **state) {
        static const char *const texts[] = {
                "",
                " ",
                "0",
                "@0",
                "-1",
                "@",
                "Never",
                "never ",
                " never",
                "tomorrow",
                "2026-11-22 ",
                " 2026-11-22",
                "2026-11-22T12:30:59",
                "2026-11-22 12",
                "2026-11-22 12:30:5",
                "2026-11-22 12:30:599",
                "2026-11-22 24:00",
                "2026-11-22 12:60",
                "2026-11-22 12:30:60",
                "2026-1-2",
                "26-11-22",
                "20266-11-22",
                "2026/11/22",
                "2026-00-10",
                "2026-13-10",
                "2026-11-00",
                "2026-11-31",
                "2026-02-29",
                "2100-02-29",
                "1970-01-01",
                "1969-12-31",
                "0000-01-01",
                "-026-11-22",
                "+026-11-22",
                "2026-11-22 -1:00",
                "0x10",
                "1e9",
                "1795305600s",
                "253402300800",
                "9223372036854775808",
                "99999999999999999999999999",
                "\xd9\xa1",
        };

        zone_set("UTC");
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                int64_t seconds = 77;

                assert_true(date_parse(texts[i], &seconds) < 0);
                assert_int_equal(seconds, 77);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_taken),
                cmocka_unit_test(test_gap),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
