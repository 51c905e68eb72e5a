/* The table from Reason and errno to D-Bus error names, walked. */

#include "unit.h"

#include <errno.h>
#include <string.h>

#include "bus/bus-error.h"
#include "wire/reason.h"

static void test_every_reason(void **state) {
        for (int reason = REASON_NONE + 1; reason < _REASON_MAX; reason++) {
                sd_bus_error error = SD_BUS_ERROR_NULL;
                const char *name = bus_error_name(reason);

                assert_string_not_equal(name, SD_BUS_ERROR_FAILED);
                assert_true(strncmp(name, "org.tokend1.", strlen("org.tokend1.")) == 0 ||
                            strncmp(name, "org.freedesktop.DBus.Error.",
                                    strlen("org.freedesktop.DBus.Error.")) == 0);
                assert_true(bus_error_fill(&error, reason) < 0);
                assert_string_equal(error.name, name);
                assert_non_null(strstr(error.message, reason_to_string(reason)));
                assert_non_null(strstr(error.message, reason_to_sentence(reason)));
                sd_bus_error_free(&error);
        }
}

static void test_documented_names(void **state) {
        assert_string_equal(bus_error_name(REASON_TOKEN_UNKNOWN), "org.tokend1.NoSuchToken");
        assert_string_equal(bus_error_name(REASON_USER_UNKNOWN), "org.tokend1.NoSuchUser");
        assert_string_equal(bus_error_name(REASON_STORE_UNAVAILABLE),
                            "org.tokend1.StoreUnavailable");
        assert_string_equal(bus_error_name(REASON_TOO_MANY_FAILURES),
                            "org.tokend1.TooManyFailures");
        assert_string_equal(bus_error_name(REASON_ACCESS_DENIED),
                            "org.freedesktop.DBus.Error.AccessDenied");
        assert_string_equal(bus_error_name(REASON_LIMIT_EXCEEDED),
                            "org.freedesktop.DBus.Error.LimitsExceeded");
        assert_string_equal(bus_error_name(-ENOSPC), "org.tokend1.StoreUnavailable");
        assert_string_equal(bus_error_name(-ENOMEM), "org.freedesktop.DBus.Error.NoMemory");
}

static void test_unknown_is_failed(void **state) {
        static const int unknown[] = { 0, _REASON_MAX, 4711, -EXDEV, -4711 };

        for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
                sd_bus_error error = SD_BUS_ERROR_NULL;

                assert_string_equal(bus_error_name(unknown[i]), SD_BUS_ERROR_FAILED);
                assert_true(bus_error_fill(&error, unknown[i]) < 0);
                assert_true(sd_bus_error_has_name(&error, SD_BUS_ERROR_FAILED));
                sd_bus_error_free(&error);
        }
}

static void test_set_error_stays(void **state) {
        sd_bus_error error = SD_BUS_ERROR_NULL;

        sd_bus_error_set(&error, SD_BUS_ERROR_INVALID_ARGS, "first");
        assert_true(bus_error_fill(&error, REASON_ACCESS_DENIED) < 0);
        assert_string_equal(error.message, "first");
        sd_bus_error_free(&error);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_reason),
                cmocka_unit_test(test_documented_names),
                cmocka_unit_test(test_unknown_is_failed),
                cmocka_unit_test(test_set_error_stays),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
