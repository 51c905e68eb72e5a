/* The store's two threads. The writer takes everything that is queued, up to STORE_BATCH_MAX, into
 * one transaction and posts the answers after its commit; what arrives meanwhile gathers for the
 * next one. The reader answers look-ups one by one over a connection of its own.
 *
 * In both, urgent requests go first, and none waits for more than what is under way: the reader
 * takes one at a time, the writer ends a transaction early when its requests take long.
 *
 * Invariants: a change is answered 0 only when its commit has returned; store_revocations() has
 * moved before the handler of a revocation runs; a full queue refuses, it never grows. */

#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mailbox.h"
#include "base/thread.h"
#include "store/backend.h"
#include "wire/text.h"

typedef struct Envelope {
        MailboxItem item;
        struct Envelope *next;
        Store *store;
        StoreRequest *request;
} Envelope;

enum { QUEUE_URGENT, QUEUE_ORDINARY, _QUEUE_MAX };

typedef struct Queue {
        Envelope *first, *last;
        size_t n_waiting;
} Queue;

typedef struct Lane Lane;
struct Lane {
        Store *store;
        Backend *backend;
        void (*serve)(Lane *lane, Envelope *batch);
        unsigned batch_max;
        pthread_t thread;
        bool started;
        pthread_cond_t wake;
        Queue queues[_QUEUE_MAX]; /* under the store's lock */
};

struct Store {
        const BackendOps *ops;
        Mailbox *mailbox;
        pthread_mutex_t lock;
        bool stopping;      /* under the lock, likewise: */
        StoreStatus status;
        uint64_t revocations; /* the loop's */
        Lane writer, reader;
};

static const BackendOps *const backends[] = {
        &backend_sqlite,
};

static void envelope_deliver(MailboxItem *item) {
        Envelope *envelope = (Envelope *)item; /* its first member */
        StoreRequest *request = envelope->request;

        if (store_request_kills(request))
                envelope->store->revocations++;
        request->handler(request, request->userdata);
        store_request_free(request);
        free(envelope);
}
_Static_assert(offsetof(Envelope, item) == 0, "the item is the envelope");

static void answer(Envelope *batch) {
        Mailbox *mailbox = batch->store->mailbox;
        Envelope *last = batch;

        for (; last->next; last = last->next)
                last->item.next = &last->next->item;
        mailbox_post_all(mailbox, &batch->item, &last->item);
}

static void answer_error(Envelope *batch, int error) {
        for (Envelope *envelope = batch; envelope; envelope = envelope->next) {
                envelope->request->result = error;
                envelope->request->n_affected = 0;
                envelope->request->more = false;
                envelope->request->family_revoked = false;
        }
        answer(batch);
}

static Queue *queue_of(Lane *lane, const Envelope *envelope) {
        return &lane->queues[envelope->request->urgent ? QUEUE_URGENT : QUEUE_ORDINARY];
}

static void queue_append(Queue *queue, Envelope *envelope) {
        *(queue->last ? &queue->last->next : &queue->first) = envelope;
        queue->last = envelope;
        queue->n_waiting++;
}

static Envelope *queue_take(Queue *queue) {
        Envelope *envelope = queue->first;

        if (!envelope)
                return NULL;
        queue->first = TAKE_PTR(envelope->next);
        if (!queue->first)
                queue->last = NULL;
        queue->n_waiting--;
        return envelope;
}

/* Back to where it was taken from: in front of what came meanwhile. */
static void lane_give_back(Lane *lane, Envelope *rest) {
        Queue front[_QUEUE_MAX] = { 0 };
        Envelope *envelope;

        pthread_mutex_lock(&lane->store->lock);
        while ((envelope = rest)) {
                rest = TAKE_PTR(envelope->next);
                queue_append(&front[queue_of(lane, envelope) - lane->queues], envelope);
        }
        for (size_t i = 0; i < _QUEUE_MAX; i++) {
                while ((envelope = queue_take(&lane->queues[i])))
                        queue_append(&front[i], envelope);
                lane->queues[i] = front[i];
        }
        pthread_mutex_unlock(&lane->store->lock);
}

/* Those for which there was no time any more go back. */
static int run_batch(Lane *lane, Envelope *batch) {
        const BackendOps *ops = lane->store->ops;
        int64_t start = clock_monotonic(&clock_system);
        int r;

        r = ops->begin(lane->backend);
        for (Envelope *envelope = batch; r >= 0 && envelope; envelope = envelope->next) {
                r = ops->run(lane->backend, envelope->request);
                if (r >= 0 && envelope->next &&
                    clock_monotonic(&clock_system) - start >= STORE_BATCH_USEC)
                        lane_give_back(lane, TAKE_PTR(envelope->next));
        }
        if (r >= 0)
                r = ops->commit(lane->backend);
        if (r < 0)
                ops->rollback(lane->backend);
        return r < 0 ? r : 0;
}

static void serve_changes(Lane *lane, Envelope *batch) {
        Store *store = lane->store;
        StoreStatus status = { 0 };
        int r = run_batch(lane, batch);

        store->ops->status(lane->backend, &status);
        status.error = r;
        pthread_mutex_lock(&store->lock);
        store->status = status;
        pthread_mutex_unlock(&store->lock);

        if (r < 0)
                answer_error(batch, r);
        else
                answer(batch);
        store->ops->settle(lane->backend);
}

static void serve_lookups(Lane *lane, Envelope *batch) {
        for (Envelope *envelope = batch, *next; envelope; envelope = next) {
                int r = lane->store->ops->run(lane->backend, envelope->request);

                next = TAKE_PTR(envelope->next);
                if (r < 0)
                        answer_error(envelope, r);
                else
                        answer(envelope);
        }
}

static bool lane_is_idle(const Lane *lane) {
        return !lane->queues[QUEUE_URGENT].first && !lane->queues[QUEUE_ORDINARY].first;
}

/* Under the lock. Who has woken the writer up mostly has more to submit in its turn: where both
 * share a processor it goes on first, and all of that shares a commit. What is urgent does not
 * wait. */
static void lane_wait(Lane *lane) {
        Store *store = lane->store;
        bool may_yield = lane->batch_max > 1 && lane_is_idle(lane);

        while (lane_is_idle(lane) && !store->stopping)
                pthread_cond_wait(&lane->wake, &store->lock);
        if (!may_yield || lane->queues[QUEUE_URGENT].first)
                return;
        pthread_mutex_unlock(&store->lock);
        sched_yield();
        pthread_mutex_lock(&store->lock);
}

/* Waits for requests; NULL when the store closes and nothing is left. */
static Envelope *lane_take(Lane *lane) {
        Store *store = lane->store;
        Queue batch = { 0 };

        pthread_mutex_lock(&store->lock);
        lane_wait(lane);
        for (size_t i = 0; i < _QUEUE_MAX; i++)
                while (batch.n_waiting < lane->batch_max && lane->queues[i].first)
                        queue_append(&batch, queue_take(&lane->queues[i]));
        pthread_mutex_unlock(&store->lock);
        return batch.first;
}

static void *lane_main(void *userdata) {
        Lane *lane = userdata;
        Envelope *batch;

        while ((batch = lane_take(lane)))
                lane->serve(lane, batch);
        return NULL;
}

static int lane_start(Lane *lane, const char *name) {
        int r = thread_start(&lane->thread, lane_main, lane);

        if (r < 0)
                return r;
        lane->started = true;
        pthread_setname_np(lane->thread, name);
        return 0;
}

static void lane_stop(Lane *lane) {
        if (lane->started)
                pthread_join(lane->thread, NULL);
        if (lane->backend)
                lane->store->ops->close(lane->backend);
        pthread_cond_destroy(&lane->wake);
}

static void lane_init(Lane *lane, Store *store, void (*serve)(Lane *, Envelope *),
                      unsigned batch_max) {
        lane->store = store;
        lane->serve = serve;
        lane->batch_max = batch_max;
        pthread_cond_init(&lane->wake, NULL);
}

int store_open_backend(sd_event *event, const Clock *clock, const BackendOps *ops, const char *path,
                       Store **ret, char **ret_message) {
        _cleanup_(store_closep) Store *store = NULL;
        int r;

        store = calloc(1, sizeof(*store));
        if (!store)
                return -ENOMEM;
        store->ops = ops;
        pthread_mutex_init(&store->lock, NULL);
        lane_init(&store->writer, store, serve_changes, STORE_BATCH_MAX);
        lane_init(&store->reader, store, serve_lookups, 1);

        r = mailbox_new(event, &store->mailbox);
        if (r < 0)
                return r;
        r = ops->open(path, clock, false, &store->writer.backend, ret_message);
        if (r < 0)
                return r;
        r = ops->open(path, clock, true, &store->reader.backend, ret_message);
        if (r < 0)
                return r;
        ops->share_clock(store->reader.backend, store->writer.backend);
        ops->status(store->writer.backend, &store->status);

        r = lane_start(&store->writer, "store-writer");
        if (r < 0)
                return r;
        r = lane_start(&store->reader, "store-reader");
        if (r < 0)
                return r;

        *ret = TAKE_PTR(store);
        return 0;
}

int store_open(sd_event *event, const Clock *clock, const char *address, Store **ret,
               char **ret_message) {
        const char *colon = strchr(address, ':');

        *ret_message = NULL;
        for (size_t i = 0; colon && i < ELEMENTSOF(backends); i++) {
                const char *scheme = backends[i]->scheme;

                if ((size_t)(colon - address) != strlen(scheme) ||
                    strncmp(address, scheme, strlen(scheme)) != 0)
                        continue;
                return store_open_backend(event, clock, backends[i], colon + 1, ret, ret_message);
        }
        if (asprintf(ret_message, "%s: no such kind of store, say sqlite:PATH", address) < 0)
                *ret_message = NULL;
        return -EOPNOTSUPP;
}

/* The reader goes first: the last connection to close tidies up, and must be able to write. */
Store *store_close(Store *store) {
        if (!store)
                return NULL;

        pthread_mutex_lock(&store->lock);
        store->stopping = true;
        pthread_cond_signal(&store->writer.wake);
        pthread_cond_signal(&store->reader.wake);
        pthread_mutex_unlock(&store->lock);

        lane_stop(&store->reader);
        lane_stop(&store->writer);
        mailbox_free(store->mailbox);
        pthread_mutex_destroy(&store->lock);
        free(store);
        return NULL;
}

void store_closep(Store **store) {
        *store = store_close(*store);
}

static int lane_queue(Lane *lane, Envelope *envelope) {
        Store *store = lane->store;
        Queue *queue = queue_of(lane, envelope);
        int r = 0;

        pthread_mutex_lock(&store->lock);
        if (store->stopping)
                r = -ESHUTDOWN;
        else if (queue->n_waiting >= STORE_QUEUE_MAX)
                r = -EAGAIN;
        if (r == 0)
                queue_append(queue, envelope);
        pthread_mutex_unlock(&store->lock);
        /* Behind the lock, or who wakes up has to wait for it first. */
        if (r == 0)
                pthread_cond_signal(&lane->wake);
        return r;
}

void store_follow_clock(Store *store, int64_t now) {
        store->ops->follow_clock(store->writer.backend, now);
}

int store_submit(Store *store, StoreRequest *request, StoreHandler handler, void *userdata) {
        const StoreVerbInfo *info = store_verb_info(request->verb);
        _cleanup_(freep) Envelope *envelope = NULL;
        int r;

        if (!info)
                return -EINVAL;
        envelope = calloc(1, sizeof(*envelope));
        if (!envelope)
                return -ENOMEM;
        envelope->item.deliver = envelope_deliver;
        envelope->store = store;
        envelope->request = request;
        request->handler = handler;
        request->userdata = userdata;
        request->revocations = store->revocations;
        if (request->now != 0)
                store_follow_clock(store, request->now);

        r = lane_queue(info->writes ? &store->writer : &store->reader, envelope);
        if (r < 0)
                return r;
        TAKE_PTR(envelope);
        return 0;
}

int store_wait(Store *store) {
        return mailbox_wait(store->mailbox);
}

uint64_t store_revocations(const Store *store) {
        return store->revocations;
}

StoreStatus store_status(const Store *store) {
        pthread_mutex_t *lock = (pthread_mutex_t *)&store->lock;
        StoreStatus status;

        pthread_mutex_lock(lock);
        status = store->status;
        pthread_mutex_unlock(lock);
        return status;
}
