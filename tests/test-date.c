/* Dates of the other services' documents. */

#include <locale.h>
#include <stdlib.h>

#include "http/date.h"
#include "unit.h"

static void test_iso(void **state) {
        char text[DATE_ISO_SIZE];

        date_iso(1715714529901999, text);
        assert_string_equal(text, "2024-05-14T19:22:09.901Z");
        date_iso(0, text);
        assert_string_equal(text, "1970-01-01T00:00:00.000Z");
        date_iso(1709164800000000, text);
        assert_string_equal(text, "2024-02-29T00:00:00.000Z");
}

static void test_http(void **state) {
        char text[DATE_HTTP_SIZE];

        setenv("TZ", "America/New_York", 1);
        setlocale(LC_ALL, "de_DE.UTF-8");
        date_http(1599989733, text);
        assert_string_equal(text, "Sun, 13 Sep 2020 09:35:33 GMT");
        date_http(0, text);
        assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_iso),
                cmocka_unit_test(test_http),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
