/* The bounded table of last uses. */

#include <string.h>

#include "core/last-used.h"
#include "wire/text.h"
#include "unit.h"

static TokenHash hash_of(uint32_t n) {
        TokenHash hash = { 0 };

        memcpy(hash.bytes, &n, sizeof(n));
        return hash;
}

static void test_latest_use(void **state) {
        _cleanup_(last_used_freep) LastUsed *table = NULL;
        TokenHash one = hash_of(1), two = hash_of(2);

        assert_int_equal(last_used_new(&table), 0);
        assert_int_equal(last_used_get(table, &one), 0);
        last_used_mark(table, &one, 10);
        last_used_mark(table, &one, 20);
        assert_int_equal(last_used_get(table, &one), 20);
        assert_int_equal(last_used_get(table, &two), 0);
}

static void test_taken_once(void **state) {
        _cleanup_(last_used_freep) LastUsed *table = NULL;
        TokenTouch touches[4];
        size_t cursor = 0, n = 0, taken;

        assert_int_equal(last_used_new(&table), 0);
        for (uint32_t i = 0; i < 10; i++) {
                TokenHash hash = hash_of(i);
                last_used_mark(table, &hash, 100 + i);
        }
        while ((taken = last_used_take(table, &cursor, touches, ELEMENTSOF(touches))) > 0) {
                for (size_t i = 0; i < taken; i++)
                        assert_int_equal(last_used_get(table, &touches[i].hash), touches[i].used);
                n += taken;
        }
        assert_int_equal(n, 10);
        cursor = 0;
        assert_int_equal(last_used_take(table, &cursor, touches, ELEMENTSOF(touches)), 0);
}

/* A million tokens take no more room than the table has, and the latest is always known. */
static void test_bounded(void **state) {
        _cleanup_(last_used_freep) LastUsed *table = NULL;
        static TokenTouch touches[1024];
        size_t cursor = 0, n = 0, taken;

        assert_int_equal(last_used_new(&table), 0);
        for (uint32_t i = 0; i < 1000000; i++) {
                TokenHash hash = hash_of(i * 2654435761U);
                last_used_mark(table, &hash, 1 + i);
                if (last_used_get(table, &hash) != 1 + i)
                        fail();
        }
        while ((taken = last_used_take(table, &cursor, touches, ELEMENTSOF(touches))) > 0)
                n += taken;
        assert_true(n <= 16384);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_latest_use),
                cmocka_unit_test(test_taken_once),
                cmocka_unit_test(test_bounded),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
