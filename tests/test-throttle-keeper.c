/* Saving the throttle's counts: on a real store, and on one that counts and fails as it is told. */

#include "core-fixture.h"

#include <errno.h>
#include <poll.h>

#include "core/call.h"
#include "core/throttle-keeper.h"
#include "fake-backend.h"

#define REMOTE "192.0.2.1"

/* The seconds that the keeper lets pass are real: only their order is looked at. */
typedef struct Keeping {
        sd_event *event;
        Store *store;
        Throttle *throttle;
        ThrottleKeeper *keeper;
} Keeping;

static void keeping_open(Keeping *keeping) {
        assert_int_equal(throttle_new(&clock_system, &keeping->throttle), 0);
        assert_int_equal(throttle_keeper_new(keeping->event, keeping->store, keeping->throttle,
                                             &keeping->keeper),
                         0);
}

static void keeping_close(Keeping *keeping) {
        keeping->keeper = throttle_keeper_free(keeping->keeper);
        keeping->throttle = throttle_free(keeping->throttle);
}

static int setup(void **state) {
        Keeping *keeping = calloc(1, sizeof(*keeping));
        char *message = NULL;

        journal_set_target(JOURNAL_TARGET_STDERR);
        journal_set_level(LOG_CRIT);
        fake = (Fake){ 0 };
        pthread_mutex_init(&fake.lock, NULL);
        pthread_cond_init(&fake.changed, NULL);
        assert_true(sd_event_new(&keeping->event) >= 0);
        assert_int_equal(store_open_backend(keeping->event, &clock_system, &fake_ops, "nowhere",
                                            &keeping->store, &message),
                         0);
        keeping_open(keeping);
        *state = keeping;
        return 0;
}

static int teardown(void **state) {
        Keeping *keeping = *state;

        keeping_close(keeping);
        store_close(keeping->store);
        sd_event_unref(keeping->event);
        free(keeping);
        return 0;
}

static void fail_once(Throttle *throttle, const char *who) {
        const ThrottleSubject subject = { who, REMOTE, true };

        (void)throttle_verdict(throttle, &subject, false);
}

/* What the loop does in the meantime. */
static void turn(Keeping *keeping, int64_t usec) {
        int64_t end = clock_monotonic(&clock_system) + usec;

        do
                assert_true(sd_event_run(keeping->event, 5 * USEC_PER_MSEC) >= 0);
        while (clock_monotonic(&clock_system) < end);
}

static unsigned commits(void) {
        unsigned n;

        pthread_mutex_lock(&fake.lock);
        n = fake.n_commits;
        pthread_mutex_unlock(&fake.lock);
        return n;
}

static void test_idle_costs_nothing(void **state) {
        Keeping *keeping = *state;

        turn(keeping, 100 * USEC_PER_MSEC);
        assert_int_equal(commits(), 0);
        assert_int_equal(fake.n_reads, 1);
        assert_int_equal(sd_event_run(keeping->event, 0), 0);
}

static void test_a_flood_costs_one_batch_a_second(void **state) {
        Keeping *keeping = *state;
        int64_t start = clock_monotonic(&clock_system);
        unsigned n_before, n_after;
        char who[32];

        for (unsigned i = 0; i < 300; i++) {
                snprintf(who, sizeof(who), "x%u", i);
                fail_once(keeping->throttle, who);
                turn(keeping, USEC_PER_MSEC);
        }
        n_before = commits();
        assert_true(n_before >= 1);
        assert_true(n_before <= 1 + (clock_monotonic(&clock_system) - start) / USEC_PER_SEC);
        while ((n_after = commits()) == n_before)
                turn(keeping, 10 * USEC_PER_MSEC);
        assert_int_equal(n_after, n_before + 1);
        /* And then it is at rest. */
        turn(keeping, 1500 * USEC_PER_MSEC);
        assert_int_equal(commits(), n_after);
}

static void test_nobody_waits_for_the_store(void **state) {
        Keeping *keeping = *state;
        const ThrottleSubject ada = { "ada", REMOTE, true };

        hold(&fake.commit_held, true);
        for (unsigned i = 0; i < 3; i++)
                fail_once(keeping->throttle, "ada");
        turn(keeping, 50 * USEC_PER_MSEC);
        wait_for_commit();
        assert_true(throttle_check(keeping->throttle, &ada) > 0);
        fail_once(keeping->throttle, "bob");
        turn(keeping, 1200 * USEC_PER_MSEC);
        assert_int_equal(commits(), 0);
        hold(&fake.commit_held, false);
        while (commits() < 2)
                turn(keeping, 10 * USEC_PER_MSEC);
}

static void test_the_end_saves_the_rest(void **state) {
        Keeping *keeping = *state;
        char who[32];

        for (unsigned i = 0; i < 2500; i++) {
                snprintf(who, sizeof(who), "x%u", i);
                fail_once(keeping->throttle, who);
        }
        keeping_close(keeping);
        keeping->store = store_close(keeping->store);
        /* 1,024 of one address, and what the others share: two batches. */
        assert_int_equal(fake.n_runs, 2);
        assert_int_equal(fake.n_committed, 2);
}

/* Also while one is under way, and one that failed. */
static void test_the_end_in_the_middle(void **state) {
        Keeping *keeping = *state;

        fake.commit_error = -ENOSPC;
        fail_once(keeping->throttle, "ada");
        /* Submitted, then answered. */
        assert_true(sd_event_run(keeping->event, 5 * USEC_PER_SEC) > 0);
        assert_true(sd_event_run(keeping->event, 5 * USEC_PER_SEC) > 0);
        assert_int_equal(fake.n_runs, 1);
        fake.commit_error = 0;
        hold(&fake.commit_held, true);
        fail_once(keeping->throttle, "bob");
        keeping_close(keeping);
        hold(&fake.commit_held, false);
        keeping->store = store_close(keeping->store);
        assert_int_equal(fake.n_runs, 3);
        assert_int_equal(fake.n_committed, 2);
}

static void test_a_full_disk_fails_nothing(void **state) {
        Keeping *keeping = *state;
        const ThrottleSubject ada = { "ada", REMOTE, true };

        fake.commit_error = -ENOSPC;
        for (unsigned i = 0; i < 3; i++)
                fail_once(keeping->throttle, "ada");
        turn(keeping, 2500 * USEC_PER_MSEC);
        /* It is not tried again and again either. */
        assert_int_equal(fake.n_runs, 1);
        assert_int_equal(commits(), 0);
        assert_int_equal(throttle_verdict(keeping->throttle, &ada, true), 0);
}

/* It goes on from there, with what it counts itself. */
static void test_what_cannot_be_read_is_replaced(void **state) {
        Keeping *keeping = *state;

        keeping_close(keeping);
        fake.read_error = -EIO;
        keeping_open(keeping);
        fail_once(keeping->throttle, "ada");
        while (commits() == 0)
                turn(keeping, 10 * USEC_PER_MSEC);
}

static int poll_error;

/* In front of libc's: how the start waits for the store. */
int poll(struct pollfd *fds, nfds_t n, int timeout) {
        if (poll_error == 0)
                return ppoll(fds, n, NULL, NULL);
        errno = poll_error;
        return -1;
}

/* The answer comes to nobody. */
static void test_a_start_that_cannot_wait(void **state) {
        Keeping *keeping = *state;
        ThrottleKeeper *other = NULL;

        hold(&fake.read_held, true);
        poll_error = ENOMEM;
        assert_int_equal(throttle_keeper_new(keeping->event, keeping->store, keeping->throttle,
                                             &other),
                         -ENOMEM);
        poll_error = 0;
        assert_null(other);
        hold(&fake.read_held, false);
        turn(keeping, 50 * USEC_PER_MSEC);
}

static unsigned wait_of(Core *core, const char *who) {
        return throttle_check(core->authority->throttle, &(ThrottleSubject){ who, REMOTE, true });
}

static void test_an_authority_remembers(void **state) {
        Core *core = *state;
        const ThrottleSubject ada = { "ada", REMOTE, true };
        unsigned n = 0;

        for (unsigned i = 0; i < 20; i++) {
                const ThrottleSubject eve = { "eve", REMOTE, false };

                (void)throttle_verdict(core->authority->throttle, &eve, false);
                n += throttle_verdict(core->authority->throttle, &ada, false) == 0;
        }
        assert_int_equal(n, THROTTLE_FREE);
        core_close(core);
        core_open(core);
        assert_int_equal(wait_of(core, "ada"), 1);
        assert_int_equal(wait_of(core, "eve"), 1);
        assert_int_equal(wait_of(core, "bob"), 0);
        core_close(core);
        core_turned -= DAY;
        core_open(core);
        assert_int_equal(wait_of(core, "ada"), 1);
        core_close(core);
        core_turned += DAY;
        core_open(core);
        assert_int_equal(wait_of(core, "ada"), 0);
}

/* Whatever the end and the sweeper think of the time by then. */
static void test_the_right_time_comes_late(void **state) {
        Core *core = *state;
        const ThrottleSubject ada = { "ada", REMOTE, true };

        for (unsigned i = 0; i < 9; i++)
                (void)throttle_verdict(core->authority->throttle, &ada, false);
        for (int64_t end = clock_monotonic(&clock_system) + USEC_PER_SEC / 2;
             clock_monotonic(&clock_system) < end;)
                assert_true(sd_event_run(core->event, 50 * USEC_PER_MSEC) >= 0);
        core_turned += 1000 * DAY;
        core_close(core);
        core_open(core);
        assert_int_equal(wait_of(core, "ada"), 1);
}

/* Rows that nobody could find any more go with their secret. */
static void test_another_secret_starts_anew(void **state) {
        Core *core = *state;
        StoreRequest *save = store_request_new(STORE_FAILURES_SAVE);
        const ThrottleSubject ada = { "ada", REMOTE, true };
        Throttled list[3] = { 0 };
        size_t cursor = 0;

        assert_int_equal(secret_append_text(&save->hash, "no secret"), 0);
        save->failures = calloc(1, sizeof(StoredFailures));
        save->failures[0] = (StoredFailures){ .remote = "192.0.2.2", .key = 5, .n = 5,
                                              .last = clock_realtime(&core_clock) };
        save->n_failures = 1;
        assert_int_equal(core_store(core, save), 0);
        core_close(core);
        core_open(core);
        for (unsigned i = 0; i < 3; i++)
                (void)throttle_verdict(core->authority->throttle, &ada, false);
        core_close(core);
        core_open(core);
        assert_int_equal(wait_of(core, "ada"), 1);
        assert_int_equal(throttle_list(core->authority->throttle, NULL, &cursor, list, 3), 1);
        assert_string_equal(list[0].user, "ada");
        free(list[0].user);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_idle_costs_nothing),
                TEST(test_a_flood_costs_one_batch_a_second),
                TEST(test_nobody_waits_for_the_store),
                TEST(test_the_end_saves_the_rest),
                TEST(test_the_end_in_the_middle),
                TEST(test_a_full_disk_fails_nothing),
                TEST(test_what_cannot_be_read_is_replaced),
                TEST(test_a_start_that_cannot_wait),
                cmocka_unit_test_setup_teardown(test_an_authority_remembers, core_setup,
                                                core_teardown),
                cmocka_unit_test_setup_teardown(test_the_right_time_comes_late, core_setup,
                                                core_teardown),
                cmocka_unit_test_setup_teardown(test_another_secret_starts_anew, core_setup,
                                                core_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
