/* Unit tests of core/self-quota. */

#include "unit.h"

#include "core/self-quota.h"

static int64_t now;

static int64_t clock_now(clockid_t id) {
        return now;
}

static const Clock turned = { clock_now };

static int setup(void **state) {
        now = 1000 * USEC_PER_SEC;
        return self_quota_new(&turned, (SelfQuota **)state);
}

static int teardown(void **state) {
        self_quota_free(*state);
        return 0;
}

static void fill(SelfQuota *quota, uint32_t uid) {
        for (unsigned i = 0; i < SELF_QUOTA_BURST; i++)
                assert_int_equal(self_quota_take(quota, uid), 0);
}

static void test_burst_then_one_at_a_time(void **state) {
        SelfQuota *quota = *state;

        fill(quota, 1000);
        assert_int_equal(self_quota_take(quota, 1000), 15);
        now += 14 * USEC_PER_SEC;
        assert_int_equal(self_quota_take(quota, 1000), 1);
        now += USEC_PER_SEC;
        assert_int_equal(self_quota_take(quota, 1000), 0);
        assert_int_equal(self_quota_take(quota, 1000), 15);
        now += 10 * 3600 * USEC_PER_SEC;
        fill(quota, 1000);
        assert_true(self_quota_take(quota, 1000) > 0);
}

static void test_each_uid_for_itself(void **state) {
        SelfQuota *quota = *state;

        fill(quota, 1000);
        fill(quota, 1000 + 256); /* of the same set */
        assert_true(self_quota_take(quota, 1000) > 0);
        assert_int_equal(self_quota_take(quota, 1001), 0);
}

static void test_strangers_do_not_empty_it(void **state) {
        SelfQuota *quota = *state;

        fill(quota, 1000);
        for (uint32_t uid = 0; uid < 100000; uid++)
                if (uid != 1000)
                        assert_int_equal(self_quota_take(quota, uid), 0);
        assert_true(self_quota_take(quota, 1000) > 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_burst_then_one_at_a_time, setup, teardown),
                cmocka_unit_test_setup_teardown(test_each_uid_for_itself, setup, teardown),
                cmocka_unit_test_setup_teardown(test_strangers_do_not_empty_it, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
