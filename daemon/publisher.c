/* Publishing users: what changed goes into the roster, one thread writes that as a file, who waits
 * is told.
 *
 * One round runs at a time, and the roster is its own until it ends. Who comes while it runs waits
 * for the next; any number of them share it. The store is read in full, in pages, at the start and
 * after a failure; what changes during that goes over what was read. A user that expires is a
 * change that nobody makes: the next one to do so has a timer. */

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/workers.h"
#include "publisher.h"
#include "userdb/roster.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"

#define RETRY_USEC (5 * USEC_PER_SEC)

typedef struct Change {
        struct Change *next;
        User *user; /* NULL: nobody in particular */
        bool is_gone;
        void (*done)(void *userdata); /* NULL: nobody waits */
        void *userdata;
} Change;

typedef struct Round {
        Job job;
        Publisher *publisher;
        Change *changes; /* what it publishes, in their order; told when it ends */
        bool is_full;    /* all users were read */
        int64_t now;     /* µs UTC: who has expired by then is shown as locked */
        int64_t next_expiry;
        int result;
} Round;

struct Publisher {
        sd_event *event;
        Store *store; /* NULL: at the end */
        Workers *workers;
        char *path;
        Roster *roster;
        bool wants_reading; /* the roster is not what the store has */
        Round *round;       /* NULL: idle */
        Change *changes;    /* for the next round */
        sd_event_source *retry;
        sd_event_source *expiry;
};

static void start_round(Publisher *publisher);

static void tell(Change *changes) {
        while (changes) {
                Change *change = changes;

                changes = change->next;
                if (change->done)
                        change->done(change->userdata);
                user_free(change->user);
                free(change);
        }
}

static void append(Change **list, Change *changes) {
        while (*list)
                list = &(*list)->next;
        *list = changes;
}

static int on_retry(sd_event_source *source, uint64_t now, void *userdata) {
        Publisher *publisher = userdata;

        publisher->retry = sd_event_source_disable_unref(publisher->retry);
        if (!publisher->round)
                start_round(publisher);
        return 0;
}

/* The PAM module takes who is not in the file for nobody of ours (client/passwd.h), so better none
 * than an old one. A tokend-userdb that runs keeps what it has read. */
static void retry_later(Publisher *publisher, int error) {
        (void)unlink(publisher->path);
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
static void await_expiry(Publisher *publisher, int64_t next) {
        publisher->expiry = sd_event_source_disable_unref(publisher->expiry);
        if (next < INT64_MAX)
                (void)sd_event_add_time(publisher->event, &publisher->expiry, CLOCK_REALTIME,
                                        (uint64_t)next, USEC_PER_SEC, on_expiry, publisher);
}

static void end_round(Publisher *publisher, int result) {
        _cleanup_(freep) Round *round = TAKE_PTR(publisher->round);

        if (result < 0)
                publisher->wants_reading = true;
        else
                await_expiry(publisher, round->next_expiry);
        if (result < 0 && result != -ECANCELED)
                retry_later(publisher, result);

        tell(round->changes);
        if (publisher->changes && !publisher->round && result != -ECANCELED)
                start_round(publisher);
}

static enum SnapshotState shown_state(const User *user, int64_t now) {
        if (user_refusal(user, now) != 0)
                return SNAPSHOT_LOCKED;
        return user->state == USER_PASSWORD_MUST_CHANGE ? SNAPSHOT_MUST_CHANGE : SNAPSHOT_ACTIVE;
}

static int put(Roster *roster, const User *user, int64_t now) {
        const SnapshotUser line = {
                .name = user->name,
                .uid = user->uid,
                .gid = user->gid,
                .home = user->adopted ? NULL : user->home,
                .shell = user->adopted ? NULL : user->shell,
                .groups = user->groups,
                .state = shown_state(user, now),
        };

        return roster_set(roster, &line, user->expires);
}

/* 1: the file would differ. */
static int apply_changes(Round *round) {
        Roster *roster = round->publisher->roster;
        int differs = 0;

        for (Change *change = round->changes; change; change = change->next) {
                int r = 0;

                if (change->user && change->is_gone)
                        r = roster_remove(roster, change->user->name);
                else if (change->user)
                        r = put(roster, change->user, round->now);
                if (r < 0)
                        return r;
                differs |= r;
        }
        return differs | roster_expire(roster, round->now, &round->next_expiry);
}

static void run_round(Job *job) {
        Round *round = (Round *)job;
        int r = apply_changes(round);

        if (r > 0 || (r == 0 && round->is_full))
                r = roster_write(round->publisher->roster, round->publisher->path);
        round->result = r;
}

static void on_written(Job *job) {
        Round *round = (Round *)job;

        end_round(round->publisher, job->cancelled ? -ECANCELED : round->result);
}

static int write_round(Publisher *publisher) {
        if (!publisher->store)
                return -ECANCELED;
        return workers_submit(publisher->workers, &publisher->round->job);
}

static int read_page(Publisher *publisher, const char *cursor);

static void on_page(StoreRequest *request, void *userdata) {
        Publisher *publisher = userdata;
        Round *round = publisher->round;
        int r = request->result > 0 ? -EIO : request->result;

        for (size_t i = 0; r >= 0 && i < request->n_users; i++)
                r = put(publisher->roster, request->users[i], round->now);
        if (r >= 0 && request->cursor) {
                r = read_page(publisher, request->cursor);
        } else if (r >= 0) {
                append(&round->changes, TAKE_PTR(publisher->changes));
                r = write_round(publisher);
        }
        if (r < 0)
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

static int read_all(Publisher *publisher) {
        Roster *fresh = roster_new();

        if (!fresh)
                return -ENOMEM;

        roster_free(publisher->roster);
        publisher->roster = fresh;
        publisher->round->is_full = true;
        publisher->wants_reading = false;
        return read_page(publisher, NULL);
}

static void start_round(Publisher *publisher) {
        Round *round = calloc(1, sizeof(*round));
        int r;

        if (!round) {
                publisher->wants_reading = true;
                retry_later(publisher, -ENOMEM);
                tell(TAKE_PTR(publisher->changes));
                return;
        }

        round->job.run = run_round;
        round->job.done = on_written;
        round->publisher = publisher;
        round->now = clock_realtime(&clock_system);
        round->changes = TAKE_PTR(publisher->changes);
        publisher->round = round;
        r = publisher->wants_reading ? read_all(publisher) : write_round(publisher);
        if (r < 0)
                end_round(publisher, r);
}

/* NULL: no memory. */
static Change *change_new(const User *user) {
        Change *change = calloc(1, sizeof(*change));

        if (change && user && user_copy(user, &change->user) < 0) {
                free(change);
                return NULL;
        }
        return change;
}

static void add_change(Publisher *publisher, const User *user, bool is_gone,
                       void (*done)(void *userdata), void *userdata) {
        Change *change = change_new(user);

        if (!change) {
                publisher->wants_reading = true;
                retry_later(publisher, -ENOMEM);
                if (done)
                        done(userdata);
                return;
        }

        change->is_gone = is_gone;
        change->done = done;
        change->userdata = userdata;
        append(&publisher->changes, change);
        if (!publisher->round)
                start_round(publisher);
}

void publisher_publish(Publisher *publisher, void (*done)(void *userdata), void *userdata) {
        publisher->wants_reading = true;
        publisher_change(publisher, NULL, false, done, userdata);
}

void publisher_change(Publisher *publisher, const User *user, bool is_gone,
                      void (*done)(void *userdata), void *userdata) {
        if (publisher->path)
                add_change(publisher, user, is_gone, done, userdata);
        else if (done)
                done(userdata);
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
        publisher->wants_reading = true;
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
        tell(publisher->changes);
        roster_free(publisher->roster);
        free(publisher->path);
        free(publisher);
        return NULL;
}

void publisher_freep(Publisher **publisher) {
        publisher_free(*publisher);
}
