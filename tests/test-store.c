/* The store's threads, with a backend that the tests hold in their hands: what commits when, what
 * is answered when, what happens when it fails. */

#include <unistd.h>

#include "fake-backend.h"
#include "wire/cleanup.h"
#include "wire/reason.h"
#include "wire/text.h"

/* What the handlers heard. */
typedef struct Heard {
        Store *store;
        unsigned n;
        unsigned n_errors;
        int last;
        uint64_t n_affected;
        uint64_t revocations;
        unsigned ids[64];
        int submit_more; /* a handler's own submission gave this */
        bool reenter;
} Heard;

static void hear(StoreRequest *request, void *userdata) {
        Heard *heard = userdata;

        if (heard->n < ELEMENTSOF(heard->ids))
                heard->ids[heard->n] = request->key.uid;
        heard->n++;
        heard->last = request->result;
        heard->n_affected = request->n_affected;
        heard->revocations = store_revocations(heard->store);
        if (request->result < 0)
                heard->n_errors++;
        if (heard->reenter) {
                _cleanup_(store_request_freep) StoreRequest *more = store_request_new(STORE_TOUCH);

                heard->submit_more = store_submit(heard->store, more, hear, heard);
                if (heard->submit_more >= 0)
                        TAKE_PTR(more);
        }
}

typedef struct Context {
        sd_event *event;
        Store *store;
        Heard heard;
} Context;

static int setup(void **state) {
        Context *context = calloc(1, sizeof(*context));
        _cleanup_(freep) char *message = NULL;

        fake = (Fake){ 0 };
        pthread_mutex_init(&fake.lock, NULL);
        pthread_cond_init(&fake.changed, NULL);
        assert_true(sd_event_new(&context->event) >= 0);
        assert_int_equal(store_open_backend(context->event, &clock_system, &fake_ops, "nowhere",
                                            &context->store, &message),
                         0);
        context->heard.store = context->store;
        *state = context;
        return 0;
}

static int teardown(void **state) {
        Context *context = *state;

        hold(&fake.commit_held, false);
        hold(&fake.read_held, false);
        store_close(context->store);
        sd_event_unref(context->event);
        free(context);
        return 0;
}

static int submit_as(Context *context, enum StoreVerb verb, unsigned id, unsigned result,
                     bool urgent) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(verb);
        int r;

        request->key.uid = id;
        request->limit = result;
        request->urgent = urgent;
        r = store_submit(context->store, request, hear, &context->heard);
        if (r >= 0)
                TAKE_PTR(request);
        return r;
}

static int submit(Context *context, enum StoreVerb verb, unsigned id, unsigned result) {
        return submit_as(context, verb, id, result, false);
}

static void loop_until(Context *context, unsigned n) {
        while (context->heard.n < n)
                assert_true(sd_event_run(context->event, 10 * USEC_PER_SEC) > 0);
}

static void assert_silent(Context *context) {
        unsigned n = context->heard.n;

        while (sd_event_run(context->event, 20 * USEC_PER_MSEC) > 0)
                ;
        assert_int_equal(context->heard.n, n);
}

/* The third check of the design, seen from inside: no answer before the commit, and what arrives
 * during one commit shares the next. */
static void test_answer_after_commit(void **state) {
        Context *context = *state;

        hold(&fake.commit_held, true);
        assert_int_equal(submit(context, STORE_TOKEN_ISSUE, 0, 0), 0);
        wait_for_commit();
        for (unsigned i = 1; i < 64; i++)
                assert_int_equal(submit(context, STORE_TOKEN_ISSUE, i, 0), 0);
        assert_silent(context);
        assert_int_equal(fake.n_commits, 0);

        hold(&fake.commit_held, false);
        loop_until(context, 64);
        assert_int_equal(fake.n_commits, 2);
        assert_int_equal(fake.largest, 63);
        for (unsigned i = 0; i < 64; i++)
                assert_int_equal(context->heard.ids[i], i);
        assert_int_equal(context->heard.n_errors, 0);
        assert_int_equal(store_status(context->store).n_tokens, 64);
}

static void test_batches_are_bounded(void **state) {
        Context *context = *state;
        unsigned n = 2 * STORE_BATCH_MAX + 10;

        hold(&fake.commit_held, true);
        assert_int_equal(submit(context, STORE_TOUCH, 0, 0), 0);
        wait_for_commit();
        for (unsigned i = 0; i < n; i++)
                assert_int_equal(submit(context, STORE_TOUCH, i, 0), 0);
        hold(&fake.commit_held, false);
        loop_until(context, n + 1);
        assert_int_equal(fake.largest, STORE_BATCH_MAX);
        assert_int_equal(fake.n_commits, 4);
}

/* Behind what is under way, in front of all that waits, and in order among themselves. */
static void assert_urgent_first(Context *context, enum StoreVerb verb, bool *held) {
        static const unsigned order[] = { 0, 10, 11, 1, 2, 3, 4 };

        for (unsigned i = 1; i < 5; i++)
                assert_int_equal(submit(context, verb, i, 0), 0);
        assert_int_equal(submit_as(context, verb, 10, 0, true), 0);
        assert_int_equal(submit_as(context, verb, 11, 0, true), 0);
        hold(held, false);
        loop_until(context, ELEMENTSOF(order));
        for (size_t i = 0; i < ELEMENTSOF(order); i++)
                assert_int_equal(context->heard.ids[i], order[i]);
}

static void test_urgent_changes_go_first(void **state) {
        Context *context = *state;

        hold(&fake.commit_held, true);
        assert_int_equal(submit(context, STORE_TOKEN_ISSUE, 0, 0), 0);
        wait_for_commit();
        assert_urgent_first(context, STORE_TOKEN_ISSUE, &fake.commit_held);
}

static void test_urgent_lookups_go_first(void **state) {
        Context *context = *state;

        hold(&fake.read_held, true);
        assert_int_equal(submit(context, STORE_USER_GET, 0, 0), 0);
        /* Until the reader has taken it, which nobody else sees. */
        assert_silent(context);
        assert_urgent_first(context, STORE_USER_GET, &fake.read_held);
}

/* Nobody waits for more than STORE_BATCH_USEC of others' changes, and none of these is lost. */
static void test_slow_batches_end_early(void **state) {
        Context *context = *state;

        hold(&fake.commit_held, true);
        assert_int_equal(submit(context, STORE_TOUCH, 0, 0), 0);
        wait_for_commit();
        fake.run_usec = STORE_BATCH_USEC / 2;
        for (unsigned i = 1; i < 9; i++)
                assert_int_equal(submit_as(context, STORE_TOUCH, i, 0, i < 3), 0);
        hold(&fake.commit_held, false);
        loop_until(context, 9);
        assert_in_range(fake.largest, 1, 2);
        assert_int_equal(fake.n_committed, 9);
        for (unsigned i = 0; i < 9; i++)
                assert_int_equal(context->heard.ids[i], i);
}

static void test_failed_commit_fails_all(void **state) {
        Context *context = *state;

        hold(&fake.commit_held, true);
        assert_int_equal(submit(context, STORE_TOKEN_ISSUE, 0, 0), 0);
        wait_for_commit();
        for (unsigned i = 1; i < 64; i++) /* refused ones too: what they saw did not last */
                assert_int_equal(submit(context, STORE_TOKEN_ISSUE, i, i % 2), 0);
        fake.commit_error = -ENOSPC;
        hold(&fake.commit_held, false);
        loop_until(context, 64);
        assert_int_equal(context->heard.n_errors, 64);
        assert_int_equal(context->heard.last, -ENOSPC);
        assert_int_equal(context->heard.n_affected, 0);
        assert_int_equal(fake.n_rollbacks, 2);
        assert_int_equal(store_status(context->store).error, -ENOSPC);

        /* the next one tries again */
        fake.commit_error = 0;
        assert_int_equal(submit(context, STORE_TOKEN_ISSUE, 0, 0), 0);
        loop_until(context, 65);
        assert_int_equal(context->heard.last, 0);
        assert_int_equal(context->heard.n_affected, 7);
        assert_int_equal(store_status(context->store).error, 0);
}

/* At once, on the loop: before a transaction sees that the clock was turned back. */
static void test_times_are_named_to_the_writer(void **state) {
        Context *context = *state;
        StoreRequest *request = store_request_new(STORE_TOKEN_GET);

        assert_true(fake.shares_clock);
        store_follow_clock(context->store, 1000);
        assert_true(fake.followed == 1000);
        request->now = 2000;
        hold(&fake.read_held, true);
        assert_int_equal(store_submit(context->store, request, hear, &context->heard), 0);
        assert_true(fake.followed == 2000);
        hold(&fake.read_held, false);
        loop_until(context, 1);
}

static void test_failed_begin_runs_nothing(void **state) {
        Context *context = *state;

        fake.begin_error = -EBUSY;
        assert_int_equal(submit(context, STORE_TOKEN_ISSUE, 0, 0), 0);
        loop_until(context, 1);
        assert_int_equal(context->heard.last, -EBUSY);
        assert_int_equal(fake.n_runs, 0);
        assert_int_equal(fake.n_rollbacks, 1);
}

static void test_failed_run_ends_the_batch(void **state) {
        Context *context = *state;

        hold(&fake.commit_held, true);
        assert_int_equal(submit(context, STORE_TOUCH, 0, 0), 0);
        wait_for_commit();
        fake.run_error = -EIO;
        assert_int_equal(submit(context, STORE_TOKEN_ISSUE, 1, 0), 0);
        assert_int_equal(submit(context, STORE_SWEEP, 2, 0), 0);
        assert_int_equal(submit(context, STORE_TOKEN_ISSUE, 3, 0), 0);
        hold(&fake.commit_held, false);
        loop_until(context, 4);
        assert_int_equal(context->heard.n_errors, 3);
        assert_int_equal(fake.n_commits, 1);
        assert_int_equal(fake.n_runs, 3);
}

static void test_results_stay_apart(void **state) {
        Context *context = *state;

        assert_int_equal(submit(context, STORE_USER_ADD, 0, REASON_NAME_TAKEN), 0);
        loop_until(context, 1);
        assert_int_equal(context->heard.last, REASON_NAME_TAKEN);
        assert_int_equal(fake.n_commits, 1);
}

static void test_lookups_pass_changes(void **state) {
        Context *context = *state;

        hold(&fake.commit_held, true);
        assert_int_equal(submit(context, STORE_TOKEN_ISSUE, 0, 0), 0);
        wait_for_commit();
        assert_int_equal(submit(context, STORE_TOKEN_GET, 1, REASON_TOKEN_UNKNOWN), 0);
        loop_until(context, 1);
        assert_int_equal(context->heard.ids[0], 1);
        assert_int_equal(context->heard.last, REASON_TOKEN_UNKNOWN);
        assert_int_equal(fake.n_reads, 1);
        hold(&fake.commit_held, false);
        loop_until(context, 2);
}

static void fill_queue(Context *context, enum StoreVerb verb) {
        unsigned n = 0;
        int r;

        while ((r = submit(context, verb, n, 0)) == 0)
                n++;
        assert_int_equal(r, -EAGAIN);
        /* what the worker holds is not waiting */
        assert_in_range(n, STORE_QUEUE_MAX, STORE_QUEUE_MAX + STORE_BATCH_MAX);
        assert_int_equal(submit(context, verb, n, 0), -EAGAIN);
        hold(&fake.commit_held, false);
        hold(&fake.read_held, false);
        loop_until(context, n);
        assert_int_equal(submit(context, verb, n, 0), 0);
        loop_until(context, n + 1);
}

static void test_full_queue_refuses(void **state) {
        hold(&fake.commit_held, true);
        fill_queue(*state, STORE_TOKEN_ISSUE);
}

static void test_full_queue_of_lookups_refuses(void **state) {
        hold(&fake.read_held, true);
        fill_queue(*state, STORE_TOKEN_GET);
}

static void test_revocations_move_before_the_handler(void **state) {
        static const struct {
                enum StoreVerb verb;
                bool moves;
        } cases[] = {
                { STORE_TOKEN_GET, false },     { STORE_TOKEN_ISSUE, false },
                { STORE_TOUCH, false },         { STORE_USER_ADD, false },
                { STORE_LOGIN_OPEN, false },    { STORE_USER_REHASH, false },
                { STORE_TOKEN_ROTATE, true },   { STORE_TOKEN_REVOKE, true },
                { STORE_REVOKE_USER, true },    { STORE_REVOKE_CLIENT, true },
                { STORE_REVOKE_LOGIN, true },   { STORE_REVOKE_ALL, true },
                { STORE_USER_REMOVE, true },    { STORE_USER_SET_PASSWORD, true },
                { STORE_USER_SET, true },       { STORE_CLIENT_REMOVE, true },
                { STORE_LOGIN_ABANDON, true },
        };
        Context *context = *state;

        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t before = store_revocations(context->store);

                assert_int_equal(submit(context, cases[i].verb, i, 0), 0);
                assert_int_equal(store_revocations(context->store), before);
                loop_until(context, i + 1);
                assert_int_equal(context->heard.revocations, before + cases[i].moves);
        }
}

static void test_close_answers_what_waits(void **state) {
        Context *context = *state;

        context->heard.reenter = true;
        hold(&fake.commit_held, true);
        for (unsigned i = 0; i < 10; i++)
                assert_int_equal(submit(context, STORE_TOKEN_ISSUE, i, 0), 0);
        assert_int_equal(submit(context, STORE_TOKEN_GET, 10, 0), 0);
        hold(&fake.commit_held, false);
        context->store = store_close(context->store);
        assert_null(context->store);
        assert_int_equal(context->heard.n, 11);
        assert_int_equal(context->heard.n_errors, 0);
        assert_int_equal(context->heard.submit_more, -ESHUTDOWN);
        assert_int_equal(fake.n_closes, 2);
        assert_int_equal(fake.n_committed, 10);
}

static void test_handlers_may_submit(void **state) {
        Context *context = *state;

        context->heard.reenter = true;
        assert_int_equal(submit(context, STORE_TOUCH, 0, 0), 0);
        loop_until(context, 5);
        context->heard.reenter = false;
        loop_until(context, 6);
}

static void test_no_verb(void **state) {
        assert_int_equal(submit(*state, _STORE_VERB_MAX, 0, 0), -EINVAL);
}

/* threats.md 31, 32: an idle writer sleeps. */
static void test_idle_costs_nothing(void **state) {
        Context *context = *state;
        struct timespec before, after;
        int64_t used;

        assert_int_equal(submit(context, STORE_TOUCH, 0, 0), 0);
        loop_until(context, 1);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
        usleep(100 * 1000);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
        used = (after.tv_sec - before.tv_sec) * USEC_PER_SEC +
               (after.tv_nsec - before.tv_nsec) / 1000;
        assert_true(used < 20 * USEC_PER_MSEC);
        assert_int_equal(fake.n_begins, 1);
}

static void test_wait_runs_the_handler(void **state) {
        Context *context = *state;

        assert_int_equal(submit(context, STORE_USER_GET, 1, 0), 0);
        while (context->heard.n == 0)
                assert_int_equal(store_wait(context->store), 0);
        assert_int_equal(context->heard.n, 1);
        assert_silent(context);
}

static void test_open_failures(void **state) {
        Context *context = *state;
        _cleanup_(freep) char *message = NULL, *other = NULL;
        Store *store = NULL;

        fake.open_error = -EBUSY;
        assert_int_equal(store_open_backend(context->event, &clock_system, &fake_ops, "here",
                                            &store, &message),
                         -EBUSY);
        assert_null(store);
        assert_string_equal(message, "here");
        assert_int_equal(store_open(context->event, &clock_system, "granite:x", &store, &other),
                         -EOPNOTSUPP);
        assert_non_null(strstr(other, "granite:x"));
        free(TAKE_PTR(other));
        assert_int_equal(store_open(context->event, &clock_system, "/a/path", &store, &other),
                         -EOPNOTSUPP);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_answer_after_commit),
                TEST(test_batches_are_bounded),
                TEST(test_urgent_changes_go_first),
                TEST(test_urgent_lookups_go_first),
                TEST(test_slow_batches_end_early),
                TEST(test_failed_commit_fails_all),
                TEST(test_times_are_named_to_the_writer),
                TEST(test_failed_begin_runs_nothing),
                TEST(test_failed_run_ends_the_batch),
                TEST(test_results_stay_apart),
                TEST(test_lookups_pass_changes),
                TEST(test_full_queue_refuses),
                TEST(test_full_queue_of_lookups_refuses),
                TEST(test_revocations_move_before_the_handler),
                TEST(test_close_answers_what_waits),
                TEST(test_handlers_may_submit),
                TEST(test_no_verb),
                TEST(test_idle_costs_nothing),
                TEST(test_wait_runs_the_handler),
                TEST(test_open_failures),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
