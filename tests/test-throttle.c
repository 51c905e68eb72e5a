/* How often somebody may be wrong, on a clock of the test's own. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

/* One more failure, of a name that somebody has. */
static void fail_known(Throttle *throttle, const char *who, const char *remote) {
        const ThrottleSubject subject = { who, remote, true };

        now += throttle_check(throttle, &subject) * USEC_PER_SEC;
        assert_int_equal(throttle_verdict(throttle, &subject, false), 0);
}

static void rows_done(StoredFailures *rows, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(rows[i].name);
}

#define ROWS_MAX 2000

/* The store, as far as the throttle knows it. */
static StoredFailures table[ROWS_MAX];
static size_t n_table;

static void table_save(const StoredFailures *row) {
        size_t i = 0;

        while (i < n_table &&
               !(table[i].key == row->key && streq(table[i].remote, row->remote)))
                i++;
        assert_true(i < ROWS_MAX);
        if (i < n_table)
                free(table[i].name);
        else
                n_table++;
        table[i] = *row;
}

static void save(Throttle *throttle) {
        StoredFailures row;

        while (throttle_take(throttle, &row, 1) == 1)
                table_save(&row);
}

static int forget_table(void **state) {
        rows_done(table, n_table);
        n_table = 0;
        return 0;
}

/* The machine is started again: its monotonic clock begins anew. */
static Throttle *restart(Throttle *throttle, int64_t down) {
        _cleanup_(secret_done) Secret secret = SECRET_INIT;
        Throttle *other = NULL;

        save(throttle);
        assert_int_equal(throttle_secret(throttle, &secret), 0);
        throttle_free(throttle);
        turned += now + down - 7 * USEC_PER_SEC;
        now = 7 * USEC_PER_SEC;
        assert_int_equal(throttle_new(&test_clock, &other), 0);
        assert_int_equal(throttle_set_secret(other, &secret), 0);
        for (size_t i = 0; i < n_table; i++)
                throttle_restore(other, &table[i]);
        return other;
}

static void a_restart_forgives_nobody(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();

        for (unsigned i = 0; i < 9; i++)
                fail_known(throttle, "ada", "192.0.2.1");
        fail_times(throttle, "nobody", "192.0.2.1", 9);
        fail_known(throttle, "bob", "2001:db8::/64");
        assert_int_equal(check(throttle, "nobody", "192.0.2.1"), 64);
        throttle = restart(throttle, 10 * USEC_PER_SEC);
        assert_int_equal(check(throttle, "nobody", "192.0.2.1"), 54);
        assert_int_equal(verdict(throttle, "nobody", "192.0.2.1", true), 54);
        fail_known(throttle, "ada", "192.0.2.1");
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 128);
        fail_times(throttle, "bob", "2001:db8::/64", 2);
        assert_int_equal(check(throttle, "bob", "2001:db8::/64"), 1);
        assert_int_equal(check(throttle, "ada", "192.0.2.2"), 0);
        /* And once more, also what came back and did not change since. */
        throttle = restart(throttle, 1);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 128);
        fail_times(throttle, "nobody", "192.0.2.1", 1);
        assert_int_equal(check(throttle, "nobody", "192.0.2.1"), 128);
}

static void a_restart_an_hour_later_does(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();

        fail_times(throttle, "ada", "192.0.2.1", 13);
        throttle = restart(throttle, THROTTLE_FORGET_USEC - 1);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 0);
        fail_times(throttle, "ada", "192.0.2.1", 1);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 900);
        throttle = restart(throttle, THROTTLE_FORGET_USEC);
        fail_times(throttle, "ada", "192.0.2.1", 2);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 0);
}

static void a_clock_turned_back_shortens_nothing(void **state) {
        static const int64_t turns[] = { 30, 3600, 10LL * 365 * 86400 };

        for (size_t i = 0; i < ELEMENTSOF(turns); i++) {
                _cleanup_(throttle_freep) Throttle *throttle = fresh();

                fail_times(throttle, "bob", "192.0.2.1", 13);
                fail_times(throttle, "ada", "192.0.2.1", 9);
                now += 20 * USEC_PER_SEC;
                unsigned ada = check(throttle, "ada", "192.0.2.1");
                unsigned bob = check(throttle, "bob", "192.0.2.1");
                throttle = restart(throttle, -turns[i] * USEC_PER_SEC);
                assert_true(check(throttle, "ada", "192.0.2.1") >= ada);
                assert_true(check(throttle, "ada", "192.0.2.1") <= 64);
                assert_true(check(throttle, "bob", "192.0.2.1") >= bob);
                assert_true(check(throttle, "bob", "192.0.2.1") <= 900);
                /* What was saved as of the future is saved anew, or it would come back again. */
                throttle = restart(throttle, 30 * 60 * USEC_PER_SEC);
                assert_int_equal(check(throttle, "bob", "192.0.2.1"), 0);
                forget_table(NULL);
        }
}

/* No clock of its own, saved as of the year that it woke up in: the right time forgives nothing. */
static void a_clock_set_forward_forgives_nothing(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        StoredFailures row = { 0 };

        fail_known(throttle, "ada", "192.0.2.1");
        fail_times(throttle, "ada", "192.0.2.1", 8);
        save(throttle);
        throttle_follow_clock(throttle);
        assert_int_equal(throttle_take(throttle, &row, 1), 0);
        turned += CLOCK_JUMP_USEC - 1; /* only drifts */
        throttle_follow_clock(throttle);
        assert_int_equal(throttle_take(throttle, &row, 1), 0);
        turned += 2LL * 365 * 86400 * USEC_PER_SEC;
        throttle_follow_clock(throttle);
        throttle = restart(throttle, USEC_PER_SEC);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 63);
        assert_int_equal(n_table, 1);
}

static void success_is_saved_as_well(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        StoredFailures row = { 0 };

        fail_times(throttle, "ada", "192.0.2.1", 2);
        assert_int_equal(throttle_take(throttle, &row, 1), 1);
        assert_int_equal(row.n, 2);
        assert_string_equal(row.remote, "192.0.2.1");
        uint64_t key = row.key;
        assert_int_equal(throttle_take(throttle, &row, 1), 0);
        assert_int_equal(verdict(throttle, "ada", "192.0.2.1", true), 0);
        assert_int_equal(throttle_take(throttle, &row, 1), 1);
        assert_int_equal(row.n, 0);
        assert_int_equal(row.key, key);
        /* Who had no failures has none to forget. */
        assert_int_equal(verdict(throttle, "ada", "192.0.2.1", true), 0);
        assert_int_equal(throttle_take(throttle, &row, 1), 0);
}

/* Cleared and failed again before the store has heard of either: one row. */
static void a_row_is_taken_as_it_is_by_then(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        StoredFailures rows[2] = { 0 };

        fail_times(throttle, "ada", "192.0.2.1", 2);
        assert_int_equal(verdict(throttle, "ada", "192.0.2.1", true), 0);
        fail_times(throttle, "ada", "192.0.2.1", 1);
        now += 5 * USEC_PER_SEC;
        assert_int_equal(throttle_take(throttle, rows, 2), 1);
        assert_int_equal(rows[0].n, 1);
        assert_int_equal(rows[0].last, now + turned - 5 * USEC_PER_SEC);
}

static void names_of_nobody_are_not_kept(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        StoredFailures rows[3] = { 0 };
        Throttled seen[3] = { 0 };
        size_t cursor = 0;

        fail_times(throttle, "my secret password", "192.0.2.1", 1);
        fail_known(throttle, "ada", "192.0.2.1");
        assert_int_equal(throttle_list(throttle, NULL, &cursor, seen, 3), 2);
        assert_int_equal(throttle_take(throttle, rows, 3), 2);
        /* Somebody's go first. */
        assert_string_equal(rows[0].name, "ada");
        assert_null(rows[1].name);
        assert_true(!seen[0].user != !seen[1].user);
        assert_string_equal(seen[0].user ?: seen[1].user, "ada");
        free(seen[0].user);
        free(seen[1].user);
        rows_done(rows, 2);
}

static void the_stricter_one_counts(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        StoredFailures row = { 0 };

        fail_times(throttle, "ada", "192.0.2.1", 9);
        assert_int_equal(throttle_take(throttle, &row, 1), 1);
        row.n = 4;
        throttle_restore(throttle, &row);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 64);
        row.n = 10;
        row.last -= 30 * USEC_PER_SEC;
        throttle_restore(throttle, &row);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 128);
        row.n = 4000000000;
        throttle_restore(throttle, &row);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 900);
        row.n = 0;
        throttle_restore(throttle, &row);
        assert_int_equal(check(throttle, "ada", "192.0.2.1"), 900);
}

/* More remotes than there are places for what their strangers share. */
static void rows_that_meet_in_one_place(void **state) {
        Throttled seen[300] = { 0 };

        for (unsigned order = 0; order < 2; order++) {
                _cleanup_(throttle_freep) Throttle *throttle = fresh();
                size_t cursor = 0;
                int n;

                for (unsigned i = 0; i < 2 * ELEMENTSOF(seen); i++) {
                        bool is_old = i < ELEMENTSOF(seen) ? order == 0 : order == 1;
                        StoredFailures row = { .n = is_old ? 13 : 4, .last = now + turned };

                        snprintf(row.remote, sizeof(row.remote), "uid:%zu", i % ELEMENTSOF(seen));
                        row.last -= is_old ? 60 * USEC_PER_SEC : 0;
                        throttle_restore(throttle, &row);
                }
                n = throttle_list(throttle, NULL, &cursor, seen, ELEMENTSOF(seen));
                assert_in_range(n, 100, 256);
                for (int i = 0; i < n; i++) {
                        assert_int_equal(seen[i].n_failures, 13);
                        assert_int_equal(seen[i].last, now + turned);
                        assert_int_equal(seen[i].wait, 900);
                }
        }
}

/* An address that has filled its region: its strangers' count comes back too. */
static void what_strangers_share_survives(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        char who[32];

        for (unsigned i = 0; i < 1500; i++) {
                snprintf(who, sizeof(who), "x%u", i);
                (void)verdict(throttle, who, "192.0.2.1", false);
        }
        unsigned n_free = 0, n_free_then = 0;
        for (unsigned i = 0; i < 100; i++) {
                snprintf(who, sizeof(who), "y%u", i);
                n_free += check(throttle, who, "192.0.2.1") == 0;
        }
        assert_true(n_free < 100);
        throttle = restart(throttle, 0);
        for (unsigned i = 0; i < 100; i++) {
                snprintf(who, sizeof(who), "y%u", i);
                n_free_then += check(throttle, who, "192.0.2.1") == 0;
        }
        assert_int_equal(n_free_then, n_free);
        assert_int_equal(check(throttle, "ada", "local"), 0);
}

/* A place whose row the store has yet to remove is not given to another, but not for ever. */
static void cleared_places_wait_for_the_store(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        static StoredFailures rows[ROWS_MAX];
        char who[32];
        size_t n;

        for (unsigned i = 0; i < 1024; i++) {
                snprintf(who, sizeof(who), "x%u", i);
                (void)verdict(throttle, who, "192.0.2.1", false);
        }
        for (unsigned i = 0; i < 1024; i++) {
                snprintf(who, sizeof(who), "x%u", i);
                (void)verdict(throttle, who, "192.0.2.1", true);
        }
        for (unsigned i = 0; i < 400; i++) {
                snprintf(who, sizeof(who), "z%u", i);
                (void)verdict(throttle, who, "192.0.2.1", false);
        }
        n = throttle_take(throttle, rows, ROWS_MAX);
        for (size_t i = 0, n_cleared = 0; i < n; i++) {
                n_cleared += rows[i].n == 0;
                if (i == n - 1)
                        assert_true(n_cleared > 900);
        }
        rows_done(rows, n);
}

static size_t list_all(Throttle *throttle, const char *user, size_t page, Throttled *ret,
                       size_t max) {
        size_t cursor = 0, n = 0;

        do {
                int r = throttle_list(throttle, user, &cursor, ret + n,
                                      page < max - n ? page : max - n);

                assert_true(r > 0 || n == 0);
                n += (size_t)r;
        } while (cursor > 0);
        return n;
}

static void lists_come_in_pages(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        Throttled seen[64] = { 0 };
        char remote[PEER_REMOTE_MAX];

        assert_int_equal(list_all(throttle, NULL, 7, seen, 64), 0);
        for (unsigned i = 0; i < 25; i++) {
                snprintf(remote, sizeof(remote), "192.0.2.%u", i);
                fail_known(throttle, i % 5 == 0 ? "ada" : "bob", remote);
        }
        assert_int_equal(list_all(throttle, NULL, 7, seen, 64), 25);
        for (unsigned i = 0; i < 25; i++)
                free(seen[i].user);
        assert_int_equal(list_all(throttle, "ada", 2, seen, 64), 5);
        for (unsigned i = 0; i < 5; i++) {
                assert_string_equal(seen[i].user, "ada");
                assert_int_equal(seen[i].n_failures, 1);
                assert_int_equal(seen[i].wait, 0);
                assert_int_equal(seen[i].last, now + turned);
                free(seen[i].user);
        }
        now += THROTTLE_FORGET_USEC;
        assert_int_equal(list_all(throttle, NULL, 7, seen, 64), 0);
}

static unsigned n_copies_left = UINT32_MAX;

/* In front of libc's. */
char *strdup(const char *text) {
        size_t size = strlen(text) + 1;
        char *copy = n_copies_left > 0 ? malloc(size) : NULL;

        n_copies_left -= n_copies_left > 0;
        return copy ? memcpy(copy, text, size) : NULL;
}

static void a_list_without_memory_is_none(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        Throttled seen[3] = { 0 };
        size_t cursor = 0;

        fail_known(throttle, "ada", "192.0.2.1");
        fail_known(throttle, "ada", "192.0.2.2");
        n_copies_left = 1;
        assert_int_equal(throttle_list(throttle, NULL, &cursor, seen, 3), -ENOMEM);
        n_copies_left = UINT32_MAX;
        assert_int_equal(cursor, 0);
        for (size_t i = 0; i < ELEMENTSOF(seen); i++)
                assert_null(seen[i].user);
}

static void clearing_lets_in_at_once(void **state) {
        static const struct {
                ThrottleFilter filter;
                size_t n;
                bool is_known, ada, ada_elsewhere, bob, nobody;
        } cases[] = {
                { { "ada", NULL },                2, true, false, false, true, true },
                { { "ada", "192.0.2.1" },         1, true, false, true, true, true },
                { { "ada", "192.0.2.3" },         0, false, true, true, true, true },
                { { NULL, "192.0.2.1" },          3, false, false, true, false, false },
                { { NULL, "::ffff:192.0.2.1" },   3, false, false, true, false, false },
                { { NULL, "2001:db8::17" },       1, false, true, false, true, true },
                { { "nobody", NULL },             1, false, true, true, true, false },
                { { "eve", NULL },                0, false, true, true, true, true },
                { { NULL, "" },                   0, false, true, true, true, true },
                { { NULL, NULL },                 4, false, false, false, false, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(throttle_freep) Throttle *throttle = fresh();
                bool is_known;

                for (unsigned k = 0; k < 9; k++) {
                        fail_known(throttle, "ada", "192.0.2.1");
                        fail_known(throttle, "ada", "2001:db8::/64");
                        fail_known(throttle, "bob", "192.0.2.1");
                        fail_times(throttle, "nobody", "192.0.2.1", 1);
                }
                assert_int_equal(throttle_clear(throttle, &cases[i].filter, &is_known),
                                 cases[i].n);
                assert_int_equal(is_known, cases[i].is_known);
                assert_int_equal(check(throttle, "ada", "192.0.2.1") > 0, cases[i].ada);
                assert_int_equal(check(throttle, "ada", "2001:db8::/64") > 0,
                                 cases[i].ada_elsewhere);
                assert_int_equal(check(throttle, "bob", "192.0.2.1") > 0, cases[i].bob);
                assert_int_equal(check(throttle, "nobody", "192.0.2.1") > 0, cases[i].nobody);
                throttle = restart(throttle, 0);
                assert_int_equal(check(throttle, "ada", "192.0.2.1") > 0, cases[i].ada);
                forget_table(NULL);
        }
}

static void secrets_are_hex(void **state) {
        _cleanup_(throttle_freep) Throttle *throttle = fresh();
        _cleanup_(secret_done) Secret secret = SECRET_INIT;

        assert_int_equal(throttle_set_secret(throttle, &secret), -EINVAL);
        assert_int_equal(throttle_secret(throttle, &secret), 0);
        assert_int_equal(secret.size, 64);
        secret.text[63] = 'x';
        assert_int_equal(throttle_set_secret(throttle, &secret), -EINVAL);
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
                { "\xc3\xbc.example", "host:\xc3\xbc.example" },
                /* no text: a hash of it, which is one */
                { "\xff", "host:a8100ae6aa1940d0b663bb31cd466142" },
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
                cmocka_unit_test_teardown(a_restart_forgives_nobody, forget_table),
                cmocka_unit_test_teardown(a_restart_an_hour_later_does, forget_table),
                cmocka_unit_test_teardown(a_clock_turned_back_shortens_nothing, forget_table),
                cmocka_unit_test_teardown(a_clock_set_forward_forgives_nothing, forget_table),
                cmocka_unit_test(success_is_saved_as_well),
                cmocka_unit_test(a_row_is_taken_as_it_is_by_then),
                cmocka_unit_test(names_of_nobody_are_not_kept),
                cmocka_unit_test(the_stricter_one_counts),
                cmocka_unit_test(rows_that_meet_in_one_place),
                cmocka_unit_test_teardown(what_strangers_share_survives, forget_table),
                cmocka_unit_test(cleared_places_wait_for_the_store),
                cmocka_unit_test(lists_come_in_pages),
                cmocka_unit_test(a_list_without_memory_is_none),
                cmocka_unit_test_teardown(clearing_lets_in_at_once, forget_table),
                cmocka_unit_test(secrets_are_hex),
                cmocka_unit_test(remote_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
