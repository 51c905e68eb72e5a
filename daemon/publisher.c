/* Publishing users: read all of them in pages, write one file on a thread, tell who waits.
 *
 * One round runs at a time. Who comes while it runs waits for the next, since the round may have
 * read past that change already; any number of them share it. A user that expires is a change that
 * nobody makes: the next one to do so has a timer. */

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/journal.h"
#include "base/workers.h"
#include "publisher.h"
#include "userdb/snapshot.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"

#define RETRY_USEC (5 * USEC_PER_SEC)

typedef struct Waiter {
        struct Waiter *next;
        void (*done)(void *userdata);
        void *userdata;
} Waiter;

typedef struct Round {
        Job job;
        Publisher *publisher;
        User **users;
        size_t n_users;
        Waiter *waiters; /* told when it ends */
        int64_t now;     /* µs UTC: who has expired by then is shown as locked */
        int result;
} Round;

struct Publisher {
        sd_event *event;
        Store *store; /* NULL: at the end */
        Workers *workers;
        char *path;
        Round *round;    /* NULL: idle */
        Waiter *waiters; /* for the next round */
        sd_event_source *retry;
        sd_event_source *expiry;
};

static void start_round(Publisher *publisher);

static void tell(Waiter *waiters) {
        while (waiters) {
                Waiter *waiter = waiters;

                waiters = waiter->next;
                waiter->done(waiter->userdata);
                free(waiter);
        }
}

static Round *round_free(Round *round) {
        if (!round)
                return NULL;

        for (size_t i = 0; i < round->n_users; i++)
                user_free(round->users[i]);
        free(round->users);
        free(round);
        return NULL;
}

static int on_retry(sd_event_source *source, uint64_t now, void *userdata) {
        Publisher *publisher = userdata;

        publisher->retry = sd_event_source_disable_unref(publisher->retry);
        if (!publisher->round)
                start_round(publisher);
        return 0;
}

static void retry_later(Publisher *publisher, int error) {
        journal_log(LOG_ERR, &(JournalFields){ .error = error },
                    "cannot tell the machine of its users in %s", publisher->path);
        if (!publisher->retry)
                (void)sd_event_add_time_relative(publisher->event, &publisher->retry,
                                                 CLOCK_MONOTONIC, RETRY_USEC, 1, on_retry,
                                                 publisher);
}

static int on_expiry(sd_event_source *source, uint64_t now, void *userdata) {
        Publisher *publisher = userdata;

        publisher->expiry = sd_event_source_disable_unref(publisher->expiry);
        /* One that runs sets the timer again at its end. */
        if (!publisher->round)
                start_round(publisher);
        return 0;
}

/* Without the timer the file says it at the next change. */
static void await_expiry(Publisher *publisher, const Round *round) {
        int64_t next = INT64_MAX;

        publisher->expiry = sd_event_source_disable_unref(publisher->expiry);
        for (size_t i = 0; i < round->n_users; i++)
                if (round->users[i]->expires > round->now && round->users[i]->expires < next)
                        next = round->users[i]->expires;
        if (next < INT64_MAX)
                (void)sd_event_add_time(publisher->event, &publisher->expiry, CLOCK_REALTIME,
                                        (uint64_t)next, USEC_PER_SEC, on_expiry, publisher);
}

static void end_round(Publisher *publisher, int result) {
        Round *round = TAKE_PTR(publisher->round);
        Waiter *waiters = round->waiters;

        if (result != 0 && result != -ECANCELED)
                retry_later(publisher, result < 0 ? result : -EIO);
        if (result == 0)
                await_expiry(publisher, round);

        round_free(round);
        tell(waiters);
        if (publisher->waiters && !publisher->round && result != -ECANCELED)
                start_round(publisher);
}

static void fill_row(const User *user, int64_t now, SnapshotUser *row) {
        *row = (SnapshotUser){
                .name = user->name,
                .uid = user->uid,
                .gid = user->gid,
                .home = user->adopted ? NULL : user->home,
                .shell = user->adopted ? NULL : user->shell,
                .groups = user->groups,
                .locked = user_refusal(user, now) != 0,
        };
}

static void write_snapshot(Job *job) {
        Round *round = (Round *)job;
        _cleanup_(freep) SnapshotUser *rows = calloc(round->n_users + 1, sizeof(*rows));

        if (!rows) {
                round->result = -ENOMEM;
                return;
        }

        for (size_t i = 0; i < round->n_users; i++)
                fill_row(round->users[i], round->now, &rows[i]);
        round->result = snapshot_write(round->publisher->path, rows, round->n_users);
}

static void on_written(Job *job) {
        Round *round = (Round *)job;

        end_round(round->publisher, job->cancelled ? -ECANCELED : round->result);
}

/* Takes the users out of a page. */
static int keep_users(Round *round, StoreRequest *request) {
        size_t n = round->n_users + request->n_users;
        User **users = reallocarray(round->users, n + 1, sizeof(*users));

        if (!users)
                return -ENOMEM;

        round->users = users;
        for (size_t i = 0; i < request->n_users; i++)
                users[round->n_users++] = TAKE_PTR(request->users[i]);
        request->n_users = 0;
        return 0;
}

static int read_page(Publisher *publisher, const char *cursor);

static void on_page(StoreRequest *request, void *userdata) {
        Publisher *publisher = userdata;
        Round *round = publisher->round;
        int r = request->result;

        if (r == 0)
                r = keep_users(round, request);
        if (r == 0 && request->cursor)
                r = read_page(publisher, request->cursor);
        else if (r == 0)
                r = workers_submit(publisher->workers, &round->job);
        if (r != 0)
                end_round(publisher, r);
}

static int read_page(Publisher *publisher, const char *cursor) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_USER_LIST);
        int r;

        if (!publisher->store)
                return -ECANCELED;
        if (!request)
                return -ENOMEM;

        request->limit = PAGE_ROWS_MAX;
        if (cursor) {
                request->cursor = strdup(cursor);
                if (!request->cursor)
                        return -ENOMEM;
        }

        r = store_submit(publisher->store, request, on_page, publisher);
        if (r >= 0)
                TAKE_PTR(request);
        return r;
}

static void start_round(Publisher *publisher) {
        Round *round = calloc(1, sizeof(*round));
        int r;

        if (!round) {
                retry_later(publisher, -ENOMEM);
                tell(TAKE_PTR(publisher->waiters));
                return;
        }

        round->job.run = write_snapshot;
        round->job.done = on_written;
        round->publisher = publisher;
        round->now = clock_realtime(&clock_system);
        round->waiters = TAKE_PTR(publisher->waiters);
        publisher->round = round;
        r = read_page(publisher, NULL);
        if (r < 0)
                end_round(publisher, r);
}

void publisher_publish(Publisher *publisher, void (*done)(void *userdata), void *userdata) {
        Waiter *waiter;

        if (!publisher->path) {
                done(userdata);
                return;
        }

        waiter = malloc(sizeof(*waiter));
        if (!waiter) {
                retry_later(publisher, -ENOMEM);
                done(userdata);
                return;
        }

        *waiter = (Waiter){ publisher->waiters, done, userdata };
        publisher->waiters = waiter;
        if (!publisher->round)
                start_round(publisher);
}

/* There is a folder for it under systemd; elsewhere it is made here, for all to look into. */
static void make_folder(const char *path) {
        _cleanup_(freep) char *copy = strdup(path);
        const char *folder = copy ? dirname(copy) : NULL;

        if (folder && mkdir(folder, 0755) == 0)
                (void)chmod(folder, 0755);
}

int publisher_new(sd_event *event, Store *store, const char *path, Publisher **ret) {
        _cleanup_(publisher_freep) Publisher *publisher = calloc(1, sizeof(*publisher));
        WorkersOptions options = { .name = "userdb", .n_threads = 1, .queue_max = 1 };
        int r;

        if (!publisher)
                return -ENOMEM;

        publisher->event = event;
        publisher->store = store;
        if (path) {
                publisher->path = strdup(path);
                if (!publisher->path)
                        return -ENOMEM;

                make_folder(path);
                r = workers_new(event, &options, &publisher->workers);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(publisher);
        return 0;
}

Publisher *publisher_free(Publisher *publisher) {
        if (!publisher)
                return NULL;

        publisher->store = NULL;
        workers_free(publisher->workers);
        sd_event_source_disable_unref(publisher->retry);
        sd_event_source_disable_unref(publisher->expiry);
        if (publisher->round)
                end_round(publisher, -ECANCELED);
        tell(publisher->waiters);
        free(publisher->path);
        free(publisher);
        return NULL;
}

void publisher_freep(Publisher **publisher) {
        publisher_free(*publisher);
}
