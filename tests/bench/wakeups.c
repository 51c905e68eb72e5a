/* What it takes to hand something to another thread and to hear from it again, as the daemon and
 * its store do: a condition variable on the way there, an eventfd in an epoll set on the way back.
 *
 *     wakeups N PAUSE
 *
 * N times, PAUSE µs after each other (processors that have slept are slower). One JSON object on
 * the standard output: µs for both ways, which are two wake-ups.
 */

#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "figures.h"

static struct {
        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool asked, ended; /* under the lock */
        int answered;      /* eventfd */
} post = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false, -1 };

static void *worker(void *userdata) {
        const uint64_t one = 1;
        bool ended;

        do {
                pthread_mutex_lock(&post.lock);
                while (!post.asked && !post.ended)
                        pthread_cond_wait(&post.wake, &post.lock);
                ended = post.ended;
                post.asked = false;
                pthread_mutex_unlock(&post.lock);
                if (!ended && write(post.answered, &one, sizeof(one)) != sizeof(one))
                        abort();
        } while (!ended);
        return NULL;
}

static void ask(bool end) {
        pthread_mutex_lock(&post.lock);
        post.asked = !end;
        post.ended = end;
        pthread_mutex_unlock(&post.lock);
        pthread_cond_signal(&post.wake);
}

static void await(int epoll) {
        struct epoll_event event;
        uint64_t count;

        if (epoll_wait(epoll, &event, 1, -1) != 1 ||
            read(post.answered, &count, sizeof(count)) != sizeof(count))
                abort();
}

int main(int argc, char **argv) {
        long n = argc == 3 ? atol(argv[1]) : 0;
        struct timespec pause = { 0, argc == 3 ? atol(argv[2]) * 1000 : 0 };
        int epoll = epoll_create1(EPOLL_CLOEXEC);
        struct epoll_event event = { .events = EPOLLIN };
        int64_t *each = calloc((size_t)(n > 0 ? n : 1), sizeof(*each)), cpu;
        pthread_t thread;

        if (n < 1) {
                fputs("usage: wakeups N PAUSE\n", stderr);
                return 2;
        }
        post.answered = eventfd(0, EFD_CLOEXEC);
        if (!each || epoll_ctl(epoll, EPOLL_CTL_ADD, post.answered, &event) < 0 ||
            pthread_create(&thread, NULL, worker, NULL) != 0)
                abort();
        prctl(PR_SET_TIMERSLACK, 1UL);
        cpu = nsec_of(CLOCK_PROCESS_CPUTIME_ID);
        for (long i = 0; i < n; i++) {
                int64_t began;

                if (pause.tv_nsec > 0)
                        nanosleep(&pause, NULL);
                began = nsec_of(CLOCK_MONOTONIC);
                ask(false);
                await(epoll);
                each[i] = nsec_of(CLOCK_MONOTONIC) - began;
        }
        cpu = nsec_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        ask(true);
        pthread_join(thread, NULL);
        printf("{\"requests\": %ld, \"cpu_usec\": %.3f, ", n, (double)cpu / 1e3 / (double)n);
        usec_print(each, (size_t)n);
        puts("}");
        free(each);
        return 0;
}
