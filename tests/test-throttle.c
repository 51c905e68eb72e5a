/* How often somebody may be wrong, on a clock of the test's own. */

#include <stdio.h>

#include "core/throttle.h"
#include "wire/cleanup.h"
#include "wire/text.h"
#include "unit.h"

static int64_t now;
static int64_t turned; /* how far the wall's clock is ahead */

static int64_t test_now(clockid_t id) {
        return id == CLOCK_MONOTONIC ? now : now + turned;
}

static const Clock test_clock = { test_now };

static Throttle *fresh(void) {
        Throttle *throttle = NULL;

        now = 1000 * USEC_PER_SEC;
        turned = 1700000000 * USEC_PER_SEC;
        assert_int_equal(throttle_new(&test_clock, &throttle), 0);
        return throttle;
}

static unsigned check(const Throttle *throttle, const char *who, const char *remote) {
        return throttle_check(throttle, &(ThrottleSubject){ who, remote, false });
}

static unsigned verdict(Throttle *throttle, const char *who, const char *remote, bool matches) {
        return throttle_verdict(throttle, &(ThrottleSubject){ who, remote, false }, matches);
}

static void fail_times(Throttle *throttle, const char *who, const char *remote, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                unsigned wait = check(throttle, who, remote);

                now += wait * USEC_PER_SEC;
                assert_int_equal(verdict(throttle, who, remote, false), 0);
        }
}

static void three_are_free_then_delays_double(void **state) {
        static const unsigned waits[] = {
                0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900
        };
        _cleanup_(throttle_freep) Throttle *throttle = fresh();

        for (size_t i = 0; i < ELEMENTSOF(waits); i++) {
                assert_int_equal(verdict(throttle, "ada", "192.0.2.1", false), 0);
                assert_int_equal(check(throttle, "ada", "192.0.2.1"), waits[i]);
                now += waits[i] * USEC_PER_SEC;
        }
}

static void waits_are_rounded_up(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();

        fail_times(throttle, "ada", "192.0.2.1", 4);
        now += USEC_PER_SEC;
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 1);
        now += USEC_PER_SEC - 1;
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 1);
        now += 1;
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 0);
}

static void success_forgets(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();

        fail_times(throttle, "ada", "192.0.2.1", 2);
        assert_int_equal(verdict(throttle, "ada", "192.0.2.1", true), 0);
        fail_times(throttle, "ada", "192.0.2.1", 2);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 0);
}

static void right_password_waits_too(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();

        fail_times(throttle, "ada", "192.0.2.1", 5);
        assert_int_equal(verdict(throttle, "ada", "192.0.2.1", true), 4);
        now += 4 * USEC_PER_SEC;
        assert_int_equal(verdict(throttle, "ada", "192.0.2.1", true), 0);
        fail_times(throttle, "ada", "192.0.2.1", 2);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 0);
}

static void keys_stand_apart(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();

        fail_times(throttle, "ada", "192.0.2.1", 6);
        assert_true(check(throttle, "ada", "192.0.2.1") > 0);
        assert_int_equal(check(throttle, "ada", "192.0.2.2"), 0);
        assert_int_equal(check(throttle, "bob", "192.0.2.1"), 0);
        assert_int_equal(check(throttle, "ada", "local"), 0);
        assert_int_equal(check(throttle, "ad", "a192.0.2.1"), 0);
        assert_int_equal(check(throttle, "1ada", "192.0.2."), 0);
}

/* All began before the first verdict fell. */
static void parallel_guesses_learn_three_times(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        unsigned n_verdicts = 0;

        for (unsigned i = 0; i < 500; i++)
                assert_int_equal(check(throttle, "ada", "192.0.2.1"), 0);
        for (unsigned i = 0; i < 500; i++)
                n_verdicts += verdict(throttle, "ada", "192.0.2.1", false) == 0;
        assert_int_equal(n_verdicts, THROTTLE_FREE);
        /* The refused ones have not made it longer. */
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 1);
}

static void parallel_right_passwords_are_let_in(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();

        for (unsigned i = 0; i < 500; i++)
                assert_int_equal(check(throttle, "ada", "192.0.2.1"), 0);
        for (unsigned i = 0; i < 500; i++)
                assert_int_equal(verdict(throttle, "ada", "192.0.2.1", true), 0);
}

static void an_hour_forgets(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();

        fail_times(throttle, "ada", "192.0.2.1", 8);
        now += THROTTLE_FORGET_USEC - 1;
        assert_int_equal(verdict(throttle, "ada", "192.0.2.1", false), 0);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 64);
        now += THROTTLE_FORGET_USEC;
        fail_times(throttle, "ada", "192.0.2.1", 2);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 0);
}

static void off_counts_nothing(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();

        throttle_set_enabled(throttle, false);
        for (unsigned i = 0; i < 100; i++)
                assert_int_equal(verdict(throttle, "ada", "192.0.2.1", false), 0);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 0);
        throttle_set_enabled(throttle, true);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 0);
}

/* From one address, then from many: no delay that stands becomes shorter, and no count is lost. */
static void invented_names_weaken_nothing(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        char who[32], remote[PEER_REMOTE_MAX];

        fail_times(throttle, "ada", "192.0.2.1", 10);
        fail_times(throttle, "bob", "192.0.2.1", 2);
        fail_times(throttle, "eve", "192.0.2.9", 2);
        for (unsigned i = 0; i < 1000000; i++) {
                snprintf(who, sizeof(who), "x%u", i);
                snprintf(remote, sizeof(remote), "198.51.%u.%u", i / 256 % 256, i % 256);
                verdict(throttle, who, i % 2 == 0 ? "192.0.2.1" : remote, false);
        }
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 128);
        assert_int_equal(verdict(throttle, "bob", "192.0.2.1", false), 0);
        assert_int_equal(check(throttle, "bob", "192.0.2.1"), 1);
        assert_int_equal(verdict(throttle, "eve", "192.0.2.9", false), 0);
        assert_int_equal(check(throttle, "eve", "192.0.2.9"), 1);
        /* The strangers themselves wait, by now each of them. */
        assert_true(check(throttle, "unheard-of", "192.0.2.1") > 0);
        /* Whoever sits at the machine does not. */
        assert_int_equal(check(throttle, "root", "local"), 0);
        assert_int_equal(check(throttle, "ada", "uid:1000"), 0);
}

static void one_remote_fills_its_own_region_only(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        unsigned n_waiting = 0;
        char text[32];

        for (unsigned i = 0; i < 100000; i++) {
                snprintf(text, sizeof(text), "x%u", i);
                verdict(throttle, text, "192.0.2.1", false);
        }
        for (unsigned i = 0; i < 200; i++) {
                snprintf(text, sizeof(text), "203.0.113.%u", i);
                n_waiting += check(throttle, "ada", text) > 0;
        }
        assert_true(n_waiting <= 1); /* shares the count: one in 4,096 */
}

static void remote_keys(void **state) {
        static const struct {
                const char *text, *key;
        } cases[] = {
                { NULL, "local" },
                { "", "local" },
                { "192.0.2.1", "192.0.2.1" },
                { "::ffff:192.0.2.1", "192.0.2.1" },
                { "2001:db8::1", "2001:db8::/64" },
                { "2001:DB8:0:0:ffff::1", "2001:db8::/64" },
                { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
                { "2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8:1111:2222::/64" },
                { "fe80::1%eth0", "fe80::/64" },
                { "::1", "::/64" },
                { "127.0.0.1", "127.0.0.1" },
                { "127.3.2.1", "127.0.0.1" },
                { "::ffff:127.3.2.1", "127.0.0.1" },
                { "128.0.0.1", "128.0.0.1" },
                { "Host.Example.org", "host:host.example.org" },
                { "uid:0", "host:uid:0" },
                { "local", "host:local" },
                { "192.0.2.1 ", "host:192.0.2.1 " },
                { "192.0.2.256", "host:192.0.2.256" },
        };
        char key[PEER_REMOTE_MAX], other[PEER_REMOTE_MAX], longer[400];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                throttle_remote_key(cases[i].text, key);
                assert_string_equal(key, cases[i].key);
        }
        for (size_t size = 1; size < sizeof(longer) - 1; size++) {
                memset(longer, 'a', size);
                longer[size] = '\0';
                throttle_remote_key(longer, key);
                assert_true(strlen(key) < PEER_REMOTE_MAX);
                longer[size - 1] = 'b';
                throttle_remote_key(longer, other);
                assert_string_not_equal(key, other);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(three_are_free_then_delays_double),
                cmocka_unit_test(waits_are_rounded_up),
                cmocka_unit_test(success_forgets),
                cmocka_unit_test(right_password_waits_too),
                cmocka_unit_test(keys_stand_apart),
                cmocka_unit_test(parallel_guesses_learn_three_times),
                cmocka_unit_test(parallel_right_passwords_are_let_in),
                cmocka_unit_test(an_hour_forgets),
                cmocka_unit_test(off_counts_nothing),
                cmocka_unit_test(invented_names_weaken_nothing),
                cmocka_unit_test(one_remote_fills_its_own_region_only),
                cmocka_unit_test(remote_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
