/* Unit tests of http/slots. */

#include "unit.h"

#include "http/slots.h"

static void test_bound(void **state) {
        Slots *slots = slots_new(2);

        assert_non_null(slots);
        assert_true(slots_take(slots));
        assert_true(slots_take(slots));
        assert_false(slots_take(slots));
        slots_give(slots);
        assert_true(slots_take(slots));
        slots_give(slots);
        slots_give(slots);
        assert_null(slots_unref(slots));
}

/* The sanitizer says whether it lived long enough, and no longer. */
static void test_outlives_its_maker(void **state) {
        Slots *slots = slots_new(1);

        assert_true(slots_take(slots));
        slots_unref(slots);
        slots_give(slots);
}

static void test_without_bound(void **state) {
        assert_true(slots_take(NULL));
        slots_give(NULL);
        slots_unref(NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bound),
                cmocka_unit_test(test_outlives_its_maker),
                cmocka_unit_test(test_without_bound),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
