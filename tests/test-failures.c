/* Where failures are counted: places, and what is still to be saved. */

#include <stdio.h>

#include "core/failures.h"
#include "core/throttle.h"
#include "wire/cleanup.h"
#include "wire/text.h"
#include "unit.h"

#define NOW  (1000 * USEC_PER_SEC)
#define FAR  "192.0.2.1"
#define NEAR "uid:1000"

static FailureTable *fresh(void) {
        FailureTable *table = NULL;

        assert_int_equal(failure_table_new(&table), 0);
        return table;
}

static Failures *obtain(FailureTable *table, const char *who, const char *remote, int64_t now) {
        return failure_table_obtain(table, failure_key(table, who, remote), remote, now);
}

static Failures *find(FailureTable *table, const char *who, const char *remote, int64_t now) {
        return failure_table_find(table, failure_key(table, who, remote), remote, now);
}

static Failures *count(FailureTable *table, const char *who, const char *remote) {
        Failures *failures = obtain(table, who, remote, NOW);

        failures->last = NOW;
        failures->n++;
        failure_table_touch(table, failures);
        return failures;
}

static void keys(void **state) {
        _cleanup_(failure_table_freep) FailureTable *table = fresh(), *other = fresh();

        assert_true(failure_key(table, "a", FAR) == failure_key(table, "a", FAR));
        assert_true(failure_key(table, "a", FAR) != failure_key(table, "b", FAR));
        assert_true(failure_key(table, "a", FAR) != failure_key(table, "a", NEAR));
        assert_true(failure_key(table, "a", FAR) != failure_key(other, "a", FAR));
        failure_table_set_secret(other, failure_table_secret(table));
        assert_true(failure_key(table, "a", FAR) == failure_key(other, "a", FAR));
}

/* Never where something is found; and not for ever. */
static void quiet_until_something_is_counted(void **state) {
        _cleanup_(failure_table_freep) FailureTable *table = fresh();
        const int64_t forgotten = NOW + THROTTLE_FORGET_USEC;

        assert_true(failure_table_is_quiet(table, FAR, 0));
        assert_true(failure_table_is_quiet(table, NEAR, NOW));
        (void)count(table, "a", FAR);
        assert_false(failure_table_is_quiet(table, FAR, NOW));
        assert_false(failure_table_is_quiet(table, "192.0.2.2", NOW));
        assert_true(failure_table_is_quiet(table, NEAR, NOW));
        assert_non_null(find(table, "a", FAR, forgotten - 1));
        assert_false(failure_table_is_quiet(table, FAR, forgotten - 1));
        assert_null(find(table, "a", FAR, forgotten));
        assert_true(failure_table_is_quiet(table, FAR, forgotten));
        (void)count(table, "a", NEAR);
        assert_false(failure_table_is_quiet(table, "local", NOW));
        /* an earlier one makes it no quieter */
        (void)obtain(table, "b", FAR, NOW - 1);
        assert_false(failure_table_is_quiet(table, FAR, forgotten - 1));
}

static void a_place_of_ones_own(void **state) {
        _cleanup_(failure_table_freep) FailureTable *table = fresh();
        Failures *failures;

        assert_null(find(table, "a", FAR, NOW));
        failures = count(table, "a", FAR);
        assert_ptr_equal(find(table, "a", FAR, NOW), failures);
        assert_ptr_equal(obtain(table, "a", FAR, NOW), failures);
        assert_string_equal(failures->remote, FAR);
        assert_true(failures->key != FAILURES_SHARED);
        assert_null(find(table, "b", FAR, NOW));
        assert_null(find(table, "a", FAR, NOW + THROTTLE_FORGET_USEC));
        assert_true(failures_are_live(failures, NOW + THROTTLE_FORGET_USEC - 1));
}

/* 1,024 places, and then one count for all others: of that remote, and of no other. */
static void a_full_region_shares(void **state) {
        _cleanup_(failure_table_freep) FailureTable *table = fresh();
        Failures *shared;
        size_t n_own = 0;
        char who[32];

        for (unsigned i = 0; i < 3000; i++) {
                snprintf(who, sizeof(who), "x%u", i);
                n_own += count(table, who, FAR)->key != FAILURES_SHARED;
        }
        assert_int_equal(n_own, 1024);
        shared = find(table, "unheard of", FAR, NOW);
        assert_int_equal(shared->key, FAILURES_SHARED);
        assert_string_equal(shared->remote, FAR);
        assert_ptr_equal(obtain(table, "unheard of", FAR, NOW), shared);
        assert_null(find(table, "unheard of", NEAR, NOW));
        assert_true(obtain(table, "unheard of", FAR, NOW + THROTTLE_FORGET_USEC) != shared);
}

static void near_and_far_share_nothing(void **state) {
        _cleanup_(failure_table_freep) FailureTable *table = fresh();
        char who[32], remote[PEER_REMOTE_MAX];
        size_t n_shared = 0;

        for (unsigned i = 0; i < 300000; i++) {
                snprintf(who, sizeof(who), "x%u", i);
                snprintf(remote, sizeof(remote), "2001:db8:%x::/64", i % 1000);
                n_shared += count(table, who, remote)->key == FAILURES_SHARED;
        }
        assert_true(n_shared > 200000);
        for (unsigned i = 0; i < 1000; i++) {
                snprintf(remote, sizeof(remote), "uid:%u", i);
                assert_null(find(table, "x", remote, NOW));
        }
        assert_null(find(table, "x", "local", NOW));
}

/* However many names there are, what is there can be walked and has a bound. */
static void the_table_has_an_end(void **state) {
        _cleanup_(failure_table_freep) FailureTable *table = fresh();
        size_t n = 0, n_live = 0;

        count(table, "a", FAR);
        count(table, "a", NEAR);
        for (Failures *failures; (failures = failure_table_at(table, n)); n++)
                n_live += failures_are_live(failures, NOW);
        assert_int_equal(n_live, 2);
        assert_int_equal(n, 69632 + 4352);
        assert_true(n * sizeof(Failures) < 8500000);
        assert_null(failure_table_at(table, SIZE_MAX));
}

static void on_dirty(void *userdata) {
        ++*(unsigned *)userdata;
}

static void dirty_ones_are_taken_once(void **state) {
        _cleanup_(failure_table_freep) FailureTable *table = fresh();
        unsigned n_calls = 0;
        Failures *a, *b, *c;

        failure_table_on_dirty(table, on_dirty, &n_calls);
        a = count(table, "a", FAR);
        assert_ptr_equal(count(table, "a", FAR), a);
        b = obtain(table, "b", FAR, NOW);
        b->name = strdup("b");
        b->last = NOW;
        b->n = 1;
        failure_table_touch(table, b);
        c = count(table, "c", FAR);
        assert_int_equal(n_calls, 3);
        /* Somebody's first, then as they came. */
        assert_ptr_equal(failure_table_take(table), b);
        assert_ptr_equal(failure_table_take(table), a);
        assert_ptr_equal(failure_table_take(table), c);
        assert_null(failure_table_take(table));
        count(table, "a", FAR);
        assert_ptr_equal(failure_table_take(table), a);
        assert_null(failure_table_take(table));
}

/* What was cleared is still to be told to the store, and keeps its place until then. */
static void cleared_ones_stay_until_taken(void **state) {
        _cleanup_(failure_table_freep) FailureTable *table = fresh();
        Failures *failures = count(table, "a", FAR);
        uint64_t key = failures->key;
        char who[32];

        assert_ptr_equal(failure_table_take(table), failures);
        failures->n = 0;
        failure_table_touch(table, failures);
        assert_null(find(table, "a", FAR, NOW));
        for (unsigned i = 0; i < 3000; i++) {
                snprintf(who, sizeof(who), "x%u", i);
                count(table, who, FAR);
        }
        assert_true(failures->key == key && failures->n == 0);
        /* Its own key has it back at once, although there is no other place any more. */
        assert_ptr_equal(obtain(table, "a", FAR, NOW), failures);
        while (failure_table_take(table))
                ;
        for (unsigned i = 0; i < 3000 && failures->key == key; i++) {
                snprintf(who, sizeof(who), "y%u", i);
                count(table, who, FAR);
        }
        assert_true(failures->key != key);
}

/* The store may fail for longer than anybody needs it. */
static void an_hour_frees_what_was_not_taken(void **state) {
        _cleanup_(failure_table_freep) FailureTable *table = fresh();
        size_t n_own = 0;
        char who[32];

        for (unsigned i = 0; i < 3000; i++) {
                snprintf(who, sizeof(who), "x%u", i);
                count(table, who, FAR);
        }
        for (unsigned i = 0; i < 3000; i++) {
                Failures *failures;

                snprintf(who, sizeof(who), "y%u", i);
                failures = obtain(table, who, FAR, NOW + THROTTLE_FORGET_USEC);
                failures->last = NOW + THROTTLE_FORGET_USEC;
                failures->n = 1;
                failure_table_touch(table, failures);
                n_own += failures->key != FAILURES_SHARED;
        }
        assert_int_equal(n_own, 1024);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keys),
                cmocka_unit_test(quiet_until_something_is_counted),
                cmocka_unit_test(a_place_of_ones_own),
                cmocka_unit_test(a_full_region_shares),
                cmocka_unit_test(near_and_far_share_nothing),
                cmocka_unit_test(the_table_has_an_end),
                cmocka_unit_test(dirty_ones_are_taken_once),
                cmocka_unit_test(cleared_ones_stay_until_taken),
                cmocka_unit_test(an_hour_frees_what_was_not_taken),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
