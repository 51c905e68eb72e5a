#pragma once

/* A backend in the test's hands: its commits and look-ups wait and fail as they are told. */

#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/backend.h"

/* One fake is shared by both connections and the test. */
typedef struct Fake {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        bool commit_held; /* commits wait */
        bool committing;  /* one waits now */
        bool read_held;
        int commit_error, begin_error, run_error, read_error, open_error;
        unsigned n_begins, n_commits, n_rollbacks, n_runs, n_reads, n_closes, n_settles;
        unsigned run_usec; /* a change lasts so long */
        unsigned largest;  /* requests in one transaction */
        unsigned in_batch;
        unsigned n_committed;
        int64_t followed; /* the last time that was named */
        bool shares_clock;
} Fake;

struct Backend {
        bool read_only;
};

static Fake fake; /* the ops have no place for a pointer of the test's */

static inline int fake_open(const char *path, const Clock *clock, bool read_only, Backend **ret,
                            char **ret_message) {
        Backend *backend;

        *ret_message = NULL;
        if (fake.open_error < 0) {
                *ret_message = strdup(path);
                return fake.open_error;
        }
        backend = calloc(1, sizeof(*backend));
        backend->read_only = read_only;
        *ret = backend;
        return 0;
}

static inline void fake_close(Backend *backend) {
        fake.n_closes++;
        free(backend);
}

static inline int fake_begin(Backend *backend) {
        assert_false(backend->read_only);
        pthread_mutex_lock(&fake.lock);
        fake.n_begins++;
        fake.in_batch = 0;
        pthread_mutex_unlock(&fake.lock);
        return fake.begin_error;
}

static inline int fake_run(Backend *backend, StoreRequest *request) {
        int r;

        if (!backend->read_only && fake.run_usec > 0)
                usleep(fake.run_usec);
        pthread_mutex_lock(&fake.lock);
        while (backend->read_only && fake.read_held)
                pthread_cond_wait(&fake.changed, &fake.lock);
        if (backend->read_only) {
                fake.n_reads++;
        } else {
                fake.n_runs++;
                fake.in_batch++;
        }
        request->n_affected = 7;
        request->result = request->limit; /* the test says */
        r = backend->read_only                ? fake.read_error
            : request->verb == STORE_SWEEP ? fake.run_error
                                           : 0;
        pthread_mutex_unlock(&fake.lock);
        return r;
}

static inline int fake_commit(Backend *backend) {
        int r;

        pthread_mutex_lock(&fake.lock);
        fake.committing = true;
        pthread_cond_broadcast(&fake.changed);
        while (fake.commit_held)
                pthread_cond_wait(&fake.changed, &fake.lock);
        fake.committing = false;
        r = fake.commit_error;
        if (r >= 0) {
                fake.n_commits++;
                fake.n_committed += fake.in_batch;
        }
        if (fake.in_batch > fake.largest)
                fake.largest = fake.in_batch;
        pthread_mutex_unlock(&fake.lock);
        return r;
}

static inline void fake_rollback(Backend *backend) {
        fake.n_rollbacks++;
}

static inline void fake_settle(Backend *backend) {
        fake.n_settles++;
}

static inline void fake_status(Backend *backend, StoreStatus *ret) {
        *ret = (StoreStatus){ .n_tokens = fake.n_committed };
}

static inline void fake_follow_clock(Backend *writer, int64_t now) {
        assert_false(writer->read_only);
        fake.followed = now;
}

static inline void fake_share_clock(Backend *reader, Backend *writer) {
        assert_true(reader->read_only && !writer->read_only);
        fake.shares_clock = true;
}

static const BackendOps fake_ops = {
        .scheme = "fake",
        .open = fake_open,
        .close = fake_close,
        .begin = fake_begin,
        .run = fake_run,
        .commit = fake_commit,
        .rollback = fake_rollback,
        .settle = fake_settle,
        .status = fake_status,
        .follow_clock = fake_follow_clock,
        .share_clock = fake_share_clock,
};

static inline void hold(bool *what, bool held) {
        pthread_mutex_lock(&fake.lock);
        *what = held;
        pthread_cond_broadcast(&fake.changed);
        pthread_mutex_unlock(&fake.lock);
}

static inline void wait_for_commit(void) {
        pthread_mutex_lock(&fake.lock);
        while (!fake.committing)
                pthread_cond_wait(&fake.changed, &fake.lock);
        pthread_mutex_unlock(&fake.lock);
}
