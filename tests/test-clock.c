/* The system's clock, and one that a test turns. */

#include "unit.h"

#include "base/clock.h"

static int64_t turned(clockid_t id) {
        return id == CLOCK_REALTIME ? 1 : 2;
}

static void test_system(void **state) {
        int64_t before = clock_monotonic(&clock_system), year = 365LL * 86400 * USEC_PER_SEC;
        int64_t real = time(NULL) * USEC_PER_SEC;

        assert_true(clock_monotonic(&clock_system) >= before);
        assert_true(clock_realtime(&clock_system) > 50 * year);
        assert_in_range(clock_realtime(&clock_system), real - USEC_PER_SEC,
                        real + 10 * USEC_PER_SEC);
}

static void test_each_asks_its_own(void **state) {
        const Clock clock = { .now = turned };

        assert_int_equal(clock_realtime(&clock), 1);
        assert_int_equal(clock_monotonic(&clock), 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_system),
                cmocka_unit_test(test_each_asks_its_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
