/* The pool: its bounds, its lanes, its fairness, and that no job is ever lost. Jobs wait at a gate
 * that the test opens, so that order is told by events and not by time. */

#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/workers.h"
#include "wire/text.h"

#define N_JOBS 32

typedef struct TestJob {
        Job job; /* first */
        int number;
        bool ran;
        bool done;
} TestJob;

static struct {
        sem_t gate;    /* a running job ends */
        sem_t started; /* a job has begun to run */
        pthread_mutex_t lock;
        int order[N_JOBS]; /* in which jobs began */
        int n_started;
        int n_done;
        int nice;
        char name[16];
        bool blocks_signals;
} seen;

static TestJob jobs[N_JOBS];

static void run_gated(Job *job) {
        sigset_t mask;

        pthread_mutex_lock(&seen.lock);
        ((TestJob *)job)->ran = true;
        seen.order[seen.n_started++] = ((TestJob *)job)->number;
        seen.nice = getpriority(PRIO_PROCESS, gettid());
        pthread_getname_np(pthread_self(), seen.name, sizeof(seen.name));
        pthread_sigmask(SIG_BLOCK, NULL, &mask);
        seen.blocks_signals = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGCHLD);
        pthread_mutex_unlock(&seen.lock);

        sem_post(&seen.started);
        sem_wait(&seen.gate);
}

static void on_done(Job *job) {
        ((TestJob *)job)->done = true;
        seen.n_done++;
}

static int setup(void **state) {
        memset(&seen, 0, sizeof(seen));
        memset(jobs, 0, sizeof(jobs));
        sem_init(&seen.gate, 0, 0);
        sem_init(&seen.started, 0, 0);
        pthread_mutex_init(&seen.lock, NULL);
        for (int i = 0; i < N_JOBS; i++) {
                jobs[i].number = i;
                jobs[i].job.run = run_gated;
                jobs[i].job.done = on_done;
        }
        return sd_event_new((sd_event **)state) < 0;
}

static int teardown(void **state) {
        sd_event_unref(*state);
        return 0;
}

static Workers *make(sd_event *event, size_t n_threads, size_t queue_max) {
        const WorkersOptions options = { "test", n_threads, queue_max, 19 };
        Workers *workers = NULL;

        assert_int_equal(workers_new(event, &options, &workers), 0);
        return workers;
}

static int submit(Workers *workers, int number, bool urgent, const char *key) {
        jobs[number].job.urgent = urgent;
        jobs[number].job.key = key;
        return workers_submit(workers, &jobs[number].job);
}

static void await_start(void) {
        sem_wait(&seen.started);
}

/* No further job may begin: as far as that can be seen, that is after a while. */
static void assert_nothing_starts(void) {
        usleep(50000);
        assert_int_equal(sem_trywait(&seen.started), -1);
}

static void end_one(sd_event *event) {
        int before = seen.n_done;

        sem_post(&seen.gate);
        while (seen.n_done == before)
                assert_true(sd_event_run(event, 10000000) > 0);
}

static void test_bound_is_exact(void **state) {
        Workers *workers = make(*state, 1, 4);
        int n_taken = 0;

        /* Whether the thread has woken up in between or not: one runs and four wait. */
        for (int i = 0; i < 20; i++) {
                int r = submit(workers, i, false, "uid:1000");

                assert_true(r == 0 || r == -EAGAIN);
                n_taken += r == 0;
                assert_int_equal(r == 0, i < 5);
        }
        assert_int_equal(n_taken, 5);

        /* Root has a bound of its own. */
        for (int i = 20; i < 24; i++)
                assert_int_equal(submit(workers, i, true, NULL), 0);

        for (int i = 0; i < N_JOBS; i++)
                sem_post(&seen.gate);
        while (seen.n_done < 9)
                assert_true(sd_event_run(*state, 10000000) > 0);
        workers_free(workers);
        assert_int_equal(seen.n_done, 9);
        assert_false(jobs[5].ran);
}

static void test_urgent_goes_first(void **state) {
        Workers *workers = make(*state, 1, 10);

        assert_int_equal(submit(workers, 0, false, "a"), 0);
        await_start();
        for (int i = 1; i < 6; i++)
                assert_int_equal(submit(workers, i, false, "a"), 0);
        assert_int_equal(submit(workers, 6, true, "uid:0"), 0);
        assert_int_equal(submit(workers, 7, true, "uid:0"), 0);

        for (int i = 0; i < 8; i++)
                end_one(*state);
        workers_free(workers);

        static const int expected[] = { 0, 6, 7, 1, 2, 3, 4, 5 };
        assert_memory_equal(seen.order, expected, sizeof(expected));
}

static void test_ordinary_jobs_take_half(void **state) {
        Workers *workers = make(*state, 8, 20);
        static const char *const keys[] = { "a", "b", "c", "d", "e", "f" };

        for (int i = 0; i < 6; i++)
                assert_int_equal(submit(workers, i, false, keys[i]), 0);
        for (int i = 0; i < 4; i++)
                await_start();
        assert_nothing_starts();

        /* Root still finds threads. */
        for (int i = 6; i < 10; i++)
                assert_int_equal(submit(workers, i, true, NULL), 0);
        for (int i = 0; i < 4; i++)
                await_start();

        for (int i = 0; i < 10; i++)
                sem_post(&seen.gate);
        while (seen.n_done < 10)
                assert_true(sd_event_run(*state, 10000000) > 0);
        workers_free(workers);
}

static void test_one_key_holds_two_threads(void **state) {
        Workers *workers = make(*state, 8, 20);

        for (int i = 0; i < 6; i++)
                assert_int_equal(submit(workers, i, false, "flood"), 0);
        await_start();
        await_start();
        assert_nothing_starts();

        /* Another caller passes the flood, jobs for nobody in particular too. */
        assert_int_equal(submit(workers, 6, false, "other"), 0);
        await_start();
        assert_int_equal(seen.order[2], 6);
        assert_int_equal(submit(workers, 7, false, NULL), 0);
        await_start();
        assert_int_equal(seen.order[3], 7);

        for (int i = 0; i < 8; i++)
                sem_post(&seen.gate);
        while (seen.n_done < 8)
                assert_true(sd_event_run(*state, 10000000) > 0);
        workers_free(workers);
}

static void test_fewest_running_first(void **state) {
        Workers *workers = make(*state, 4, 20);

        for (int i = 0; i < 6; i++)
                assert_int_equal(submit(workers, i, false, "flood"), 0);
        await_start();
        await_start();
        assert_int_equal(submit(workers, 6, false, "other"), 0);

        /* One of the flood still runs when the other ends: who has none goes first. */
        end_one(*state);
        await_start();
        assert_int_equal(seen.order[2], 6);

        for (int i = 0; i < 6; i++)
                sem_post(&seen.gate);
        while (seen.n_done < 7)
                assert_true(sd_event_run(*state, 10000000) > 0);
        workers_free(workers);
}

/* Of root's jobs too: what it asks about one user leaves threads for all others. */
static void test_one_urgent_key_holds_half(void **state) {
        static const char *const keys[] = { "ada", "ada", "ada", "ada", "bob", NULL };
        Workers *workers = make(*state, 4, 8);

        for (int i = 0; i < 4; i++)
                assert_int_equal(submit(workers, i, true, keys[i]), 0);
        await_start();
        await_start();
        assert_nothing_starts();
        for (int i = 4; i < 6; i++)
                assert_int_equal(submit(workers, i, true, keys[i]), 0);
        await_start();
        await_start();
        assert_int_equal(seen.order[2] + seen.order[3], 4 + 5);
        for (int i = 0; i < 6; i++)
                end_one(*state);
        assert_int_equal(seen.n_started, 6);
        workers_free(workers);
}

static void test_one_thread_serves_one_urgent_key(void **state) {
        Workers *workers = make(*state, 1, 8);

        for (int i = 0; i < 3; i++)
                assert_int_equal(submit(workers, i, true, "ada"), 0);
        for (int i = 0; i < 3; i++) {
                await_start();
                end_one(*state);
                assert_int_equal(seen.order[i], i);
        }
        workers_free(workers);
}

#define N_THREADS 4

static bool is_running(int number) {
        return jobs[number].ran && !jobs[number].done;
}

static bool may_begin(int number) {
        size_t n_running = 0, n_ordinary = 0, n_alike = 0;
        const Job *job = &jobs[number].job;

        for (int i = 0; i < N_JOBS; i++) {
                n_running += is_running(i);
                n_ordinary += is_running(i) && !jobs[i].job.urgent;
                n_alike += is_running(i) && jobs[i].job.urgent == job->urgent &&
                           streq_ptr(jobs[i].job.key, job->key);
        }
        if (n_running == N_THREADS)
                return false;
        if (job->urgent)
                return n_alike < N_THREADS / 2;
        return n_ordinary < N_THREADS / 2 && n_alike < WORKERS_KEY_MAX;
}

static bool all_have_begun(int n_taken) {
        bool r = true;

        pthread_mutex_lock(&seen.lock);
        for (int i = 0; i < n_taken; i++)
                r &= jobs[i].ran || !may_begin(i);
        pthread_mutex_unlock(&seen.lock);
        return r;
}

/* Whatever ends, and in whatever order: no thread is idle while a job waits that it may take. */
static void test_nothing_waits_that_may_begin(void **state) {
        static const char *const keys[] = { "a", "b", "c" };
        Workers *workers = make(*state, N_THREADS, N_JOBS);
        unsigned seed = 1;
        int n_taken = 0;

        while (seen.n_done < N_JOBS) {
                bool ends = n_taken == N_JOBS || (n_taken > seen.n_done && rand_r(&seed) % 3 == 0);

                if (ends)
                        end_one(*state);
                else {
                        assert_int_equal(submit(workers, n_taken, rand_r(&seed) % 2,
                                                keys[rand_r(&seed) % ELEMENTSOF(keys)]),
                                         0);
                        n_taken++;
                }
                for (int i = 0; i < 1000 && !all_have_begun(n_taken); i++)
                        usleep(1000);
                assert_true(all_have_begun(n_taken));
        }
        workers_free(workers);
}

static void test_threads_are_ours(void **state) {
        Workers *workers = make(*state, 2, 2);
        int before = getpriority(PRIO_PROCESS, 0);
        sigset_t mask;

        assert_int_equal(submit(workers, 0, true, NULL), 0);
        await_start();
        assert_int_equal(seen.nice, 19);
        assert_string_equal(seen.name, "test");
        assert_true(seen.blocks_signals);

        /* and the loop's thread is as it was */
        assert_int_equal(getpriority(PRIO_PROCESS, 0), before);
        pthread_sigmask(SIG_BLOCK, NULL, &mask);
        assert_false(sigismember(&mask, SIGTERM));

        end_one(*state);
        workers_free(workers);
}

static void test_free_cancels_what_waits(void **state) {
        Workers *workers = make(*state, 1, 10);

        assert_int_equal(submit(workers, 0, false, NULL), 0);
        await_start();
        for (int i = 1; i < 5; i++)
                assert_int_equal(submit(workers, i, i % 2, NULL), 0);

        sem_post(&seen.gate);
        for (int i = 0; i < 4; i++)
                sem_post(&seen.gate);
        workers_free(workers);

        assert_int_equal(seen.n_done, 5);
        assert_true(jobs[0].ran && !jobs[0].job.cancelled);
        for (int i = 1; i < 5; i++)
                assert_int_equal(jobs[i].ran, !jobs[i].job.cancelled);
}

static void on_done_again(Job *job) {
        seen.n_done++;
        assert_int_equal(workers_submit((Workers *)job->key, job), -ESHUTDOWN);
}

static void test_no_job_at_the_end(void **state) {
        Workers *workers = make(*state, 1, 10);

        jobs[0].job.done = on_done_again;
        jobs[0].job.key = (const char *)workers;
        jobs[0].job.urgent = true;
        sem_post(&seen.gate);
        assert_int_equal(workers_submit(workers, &jobs[0].job), 0);
        await_start();
        workers_free(workers);
        assert_int_equal(seen.n_done, 1);
}

static void test_options(void **state) {
        const WorkersOptions none = { "x", 0, 1, 0 }, long_name = { "sixteen-letters!", 1, 1, 0 };
        Workers *workers = NULL;

        assert_int_equal(workers_new(*state, &none, &workers), -EINVAL);
        assert_int_equal(workers_new(*state, &long_name, &workers), -EINVAL);
        assert_null(workers);
        assert_null(workers_free(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_bound_is_exact, setup, teardown),
                cmocka_unit_test_setup_teardown(test_urgent_goes_first, setup, teardown),
                cmocka_unit_test_setup_teardown(test_ordinary_jobs_take_half, setup, teardown),
                cmocka_unit_test_setup_teardown(test_one_key_holds_two_threads, setup, teardown),
                cmocka_unit_test_setup_teardown(test_fewest_running_first, setup, teardown),
                cmocka_unit_test_setup_teardown(test_one_urgent_key_holds_half, setup, teardown),
                cmocka_unit_test_setup_teardown(test_one_thread_serves_one_urgent_key, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_nothing_waits_that_may_begin, setup, teardown),
                cmocka_unit_test_setup_teardown(test_threads_are_ours, setup, teardown),
                cmocka_unit_test_setup_teardown(test_free_cancels_what_waits, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_job_at_the_end, setup, teardown),
                cmocka_unit_test_setup_teardown(test_options, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
