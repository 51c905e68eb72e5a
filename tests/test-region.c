/* Regions: large, zero, and without memory until they are written to. */

#include "resident.h"

#include <string.h>

#include "store/region.h"

#define LARGE ((size_t)8 << 30)

static void test_takes_memory_where_it_is_written(void **state) {
        Region region = { 0 };
        size_t before = resident();
        uint8_t *at;

        assert_int_equal(region_init(&region, LARGE / 8, 8), 0);
        assert_true(region.size == LARGE);
        at = region.at;
        for (size_t i = 0; i < LARGE; i += LARGE / 16)
                assert_int_equal(at[i], 0);
        at[0] = at[LARGE - 1] = 1;
        assert_true(resident() < before + (1 << 20));
        region_done(&region);
        region_done(&region);
}

static void test_gives_memory_back_in_pieces(void **state) {
        Region region = { 0 };
        size_t before = resident(), size = 20 << 20, held;
        uint8_t *at;

        assert_int_equal(region_init(&region, LARGE, 1), 0);
        at = region.at;
        memset(at, 1, size);
        assert_false(region_give_back(&region, 100));
        region_note(&region, size);
        region_note(&region, size / 2);
        do {
                held = resident();
                assert_true(at[(5 << 20) - 1] == 1);
        } while (region_give_back(&region, (5 << 20) - 1) && held < resident() + (3 << 20));
        assert_false(region_give_back(&region, 0));
        assert_true(resident() < before + (6 << 20));
        region_done(&region);
}

/* Whether the next part is there already or not, it is the same. */
static void test_prepared_or_not(void **state) {
        enum { N = (64 << 20) / sizeof(uint64_t) };
        Region region = { 0 };
        size_t before = resident();

        assert_int_equal(region_init(&region, N, sizeof(uint64_t)), 0);
        for (unsigned round = 0; round < 3; round++) {
                uint64_t *at = region.at;

                for (size_t i = 0; i < N; i++) {
                        region_prepare(&region, i * sizeof(uint64_t));
                        at[i] = i;
                        if (i == N / 2 + round * 10000)
                                assert_true(resident() < before + (40 << 20));
                }
                for (size_t i = 0; i < N; i++)
                        assert_int_equal(at[i], i);
                region_note(&region, region.size);
                while (region_give_back(&region, round << 20))
                        ;
                assert_true(resident() < before + ((round + 4) << 20));
                assert_int_equal(at[round << 15], round << 15);
        }
        region_prepare(&region, 15 << 20); /* and is not waited for */
        region_done(&region);
        assert_true(resident() < before + (4 << 20));
}

/* What was prepared and never used goes as well. */
static void test_prepared_in_vain(void **state) {
        Region region = { 0 };
        size_t before = resident();

        assert_int_equal(region_init(&region, LARGE, 1), 0);
        for (size_t used = 15 << 20; used < 40 << 20; used += 1 << 20)
                region_prepare(&region, used);
        region_note(&region, 1);
        while (region_give_back(&region, 1))
                ;
        assert_false(region.has_thread);
        assert_true(resident() < before + (1 << 20));
        region_prepare(&region, 15 << 20);
        assert_true(region.has_thread); /* anew */
        region_done(&region);
}

static void test_little_is_not_prepared(void **state) {
        Region region = { 0 };

        assert_int_equal(region_init(&region, 16 << 20, 1), 0);
        region_prepare(&region, 0);
        region_prepare(&region, 16 << 20);
        assert_false(region.has_thread);
        region_done(&region);
}

static void test_too_large(void **state) {
        Region region = { 0 };

        assert_true(region_init(&region, SIZE_MAX / 2, 3) < 0);
        assert_true(region_init(&region, SIZE_MAX / 2, 1) < 0);
        assert_null(region.at);
        region_done(&region);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_takes_memory_where_it_is_written),
                cmocka_unit_test(test_gives_memory_back_in_pieces),
                cmocka_unit_test(test_prepared_or_not),
                cmocka_unit_test(test_prepared_in_vain),
                cmocka_unit_test(test_little_is_not_prepared),
                cmocka_unit_test(test_too_large),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
