/* A pool of threads behind two bounded lanes.
 *
 * A thread takes the oldest urgent job whose key does not hold half of the threads already; else,
 * while ordinary jobs hold less than their share of the threads, the waiting job whose key has the
 * fewest jobs running, so that one caller's flood delays that caller first. All state below is the
 * lock's. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/thread.h"
#include "base/workers.h"
#include "wire/cleanup.h"
#include "wire/text.h"

enum Lane { LANE_URGENT, LANE_ORDINARY, _LANE_MAX };

typedef struct Queue {
        Job *first;
        Job **end;
        size_t n_jobs;
} Queue;

struct Workers {
        pthread_mutex_t lock;
        pthread_cond_t wake;
        Queue queues[_LANE_MAX];
        size_t queue_max;
        size_t half;             /* threads that ordinary jobs may hold, or one urgent key's */
        size_t n_ordinary;       /* and those that they hold */
        bool stopping;

        Mailbox *mailbox;
        int nice;
        char name[16];
        size_t n_threads;        /* started */
        Job **running;           /* one slot a thread; NULL: idle */
        pthread_t *threads;
};

static void queue_push(Queue *queue, Job *job) {
        job->next = NULL;
        *queue->end = job;
        queue->end = &job->next;
        queue->n_jobs++;
}

static Job *queue_remove(Queue *queue, Job **link) {
        Job *job = *link;

        *link = job->next;
        if (!*link)
                queue->end = link;
        job->next = NULL;
        queue->n_jobs--;
        return job;
}

static size_t count_running(const Workers *workers, bool urgent, const char *key) {
        size_t n = 0;

        if (!key)
                return 0;

        for (size_t i = 0; i < workers->n_threads; i++)
                n += workers->running[i] && workers->running[i]->urgent == urgent &&
                     streq_ptr(workers->running[i]->key, key);
        return n;
}

static Job *take_ordinary(Workers *workers) {
        Queue *queue = &workers->queues[LANE_ORDINARY];
        size_t fewest = WORKERS_KEY_MAX;
        Job **chosen = NULL;

        if (workers->n_ordinary >= workers->half)
                return NULL;

        for (Job **link = &queue->first; *link && fewest > 0; link = &(*link)->next) {
                size_t n = count_running(workers, false, (*link)->key);

                if (n < fewest) {
                        fewest = n;
                        chosen = link;
                }
        }

        if (!chosen)
                return NULL;

        workers->n_ordinary++;
        return queue_remove(queue, chosen);
}

/* However slow the hash of one user is, it is not all threads that are busy with guesses at it. */
static Job *take_urgent(Workers *workers) {
        Queue *queue = &workers->queues[LANE_URGENT];

        for (Job **link = &queue->first; *link; link = &(*link)->next)
                if (count_running(workers, true, (*link)->key) < workers->half)
                        return queue_remove(queue, link);
        return NULL;
}

static Job *take_job(Workers *workers) {
        Job *job = take_urgent(workers);

        return job ? job : take_ordinary(workers);
}

/* A waiting job that an idle thread is about to take is no waiting job: whether that thread has
 * woken up yet makes no difference to how many are taken in. */
static size_t room(const Workers *workers, bool urgent) {
        size_t idle = 0, share = workers->half - workers->n_ordinary;

        for (size_t i = 0; i < workers->n_threads; i++)
                idle += !workers->running[i];

        return workers->queue_max + (urgent || idle < share ? idle : share);
}

static void on_delivered(MailboxItem *item) {
        Job *job = (Job *)((char *)item - offsetof(Job, item));

        job->done(job);
}

/* What waited for the share or the key that gets free here is taken by this very thread, which
 * looks before it lets go of the lock: the others need not wake up for it. */
static void finish_job(Workers *workers, size_t slot) {
        Job *job = workers->running[slot];

        workers->running[slot] = NULL;
        workers->n_ordinary -= !job->urgent;
        mailbox_post(workers->mailbox, &job->item);
}

typedef struct ThreadStart {
        Workers *workers;
        size_t slot;
} ThreadStart;

static void *thread_main(void *userdata) {
        ThreadStart start = *(ThreadStart *)userdata;
        Workers *workers = start.workers;

        free(userdata);
        /* On Linux a thread has a niceness of its own. Without it the work is only less polite. */
        (void)setpriority(PRIO_PROCESS, gettid(), workers->nice);
        (void)pthread_setname_np(pthread_self(), workers->name);

        pthread_mutex_lock(&workers->lock);
        while (!workers->stopping) {
                Job *job = take_job(workers);

                if (!job) {
                        pthread_cond_wait(&workers->wake, &workers->lock);
                        continue;
                }

                workers->running[start.slot] = job;
                pthread_mutex_unlock(&workers->lock);
                job->run(job);
                pthread_mutex_lock(&workers->lock);
                finish_job(workers, start.slot);
        }
        pthread_mutex_unlock(&workers->lock);
        return NULL;
}

static int add_thread(Workers *workers) {
        ThreadStart *start = malloc(sizeof(*start));
        int r;

        if (!start)
                return -ENOMEM;

        pthread_mutex_lock(&workers->lock);
        *start = (ThreadStart){ workers, workers->n_threads };
        r = thread_start(&workers->threads[workers->n_threads], thread_main, start);
        if (r < 0)
                free(start);
        else
                workers->n_threads++;
        pthread_mutex_unlock(&workers->lock);
        return r;
}

int workers_new(sd_event *event, const WorkersOptions *options, Workers **ret) {
        _cleanup_(workers_freep) Workers *workers = calloc(1, sizeof(*workers));
        int r;

        if (!workers)
                return -ENOMEM;

        pthread_mutex_init(&workers->lock, NULL);
        pthread_cond_init(&workers->wake, NULL);
        for (size_t i = 0; i < _LANE_MAX; i++)
                workers->queues[i].end = &workers->queues[i].first;

        if (options->n_threads == 0 || strlen(options->name) >= sizeof(workers->name))
                return -EINVAL;

        strcpy(workers->name, options->name);
        workers->nice = options->nice;
        workers->queue_max = options->queue_max;
        workers->half = options->n_threads > 1 ? options->n_threads / 2 : 1;
        workers->running = calloc(options->n_threads, sizeof(*workers->running));
        workers->threads = calloc(options->n_threads, sizeof(*workers->threads));
        if (!workers->running || !workers->threads)
                return -ENOMEM;

        r = mailbox_new(event, &workers->mailbox);
        for (size_t i = 0; r >= 0 && i < options->n_threads; i++)
                r = add_thread(workers);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(workers);
        return 0;
}

static void cancel_waiting(Workers *workers) {
        for (size_t i = 0; i < _LANE_MAX; i++)
                while (workers->queues[i].first) {
                        Job *job = queue_remove(&workers->queues[i], &workers->queues[i].first);

                        job->cancelled = true;
                        mailbox_post(workers->mailbox, &job->item);
                }
}

Workers *workers_free(Workers *workers) {
        if (!workers)
                return NULL;

        pthread_mutex_lock(&workers->lock);
        workers->stopping = true;
        pthread_cond_broadcast(&workers->wake);
        pthread_mutex_unlock(&workers->lock);

        for (size_t i = 0; i < workers->n_threads; i++)
                pthread_join(workers->threads[i], NULL);

        cancel_waiting(workers);
        mailbox_free(workers->mailbox);
        free(workers->running);
        free(workers->threads);
        pthread_cond_destroy(&workers->wake);
        pthread_mutex_destroy(&workers->lock);
        free(workers);
        return NULL;
}

void workers_freep(Workers **workers) {
        workers_free(*workers);
}

int workers_submit(Workers *workers, Job *job) {
        Queue *queue = &workers->queues[job->urgent ? LANE_URGENT : LANE_ORDINARY];
        int r = 0;

        pthread_mutex_lock(&workers->lock);
        if (workers->stopping)
                r = -ESHUTDOWN;
        else if (queue->n_jobs >= room(workers, job->urgent))
                r = -EAGAIN;
        else {
                job->cancelled = false;
                job->item.deliver = on_delivered;
                queue_push(queue, job);
        }
        pthread_mutex_unlock(&workers->lock);
        /* Behind the lock, or who wakes up has to wait for it first. */
        if (r == 0)
                pthread_cond_signal(&workers->wake);
        return r;
}
