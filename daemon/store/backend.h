#pragma once

/* What a kind of store must do, synchronously, on the worker's thread. The worker (store.c) owns
 * queues, threads and group commit; a backend owns SQL. */

#include "store/store.h"

typedef struct Backend Backend;

typedef struct BackendOps {
        const char *scheme; /* "sqlite" */
        /* Opens for changes (and brings the schema up to date), or once more for look-ups. */
        int (*open)(const char *path, const Clock *clock, bool read_only, Backend **ret,
                    char **ret_message);
        void (*close)(Backend *backend);
        int (*begin)(Backend *backend);
        /* One request inside the transaction (a look-up: outside of one); sets its outputs and
         * result. A negative result has undone the request's own changes. Returns a negative errno
         * when the transaction as a whole can't go on. */
        int (*run)(Backend *backend, StoreRequest *request);
        int (*commit)(Backend *backend); /* on failure nothing of the transaction holds */
        void (*rollback)(Backend *backend);
        /* Housekeeping that nobody waits for: called when a batch's answers are on their way. */
        void (*settle)(Backend *backend);
        void (*status)(Backend *backend, StoreStatus *ret);
        /* From any thread: the writer is told that somebody decides by this time
         * (store_follow_clock()). */
        void (*follow_clock)(Backend *writer, int64_t now);
        /* Before a thread has either: the same times count for the reader while it is open. */
        void (*share_clock)(Backend *reader, Backend *writer);
} BackendOps;

extern const BackendOps backend_sqlite;

/* What the worker must know of a verb. NULL for what is no verb. */
typedef struct StoreVerbInfo {
        const char *name;
        bool writes; /* goes to the writer, else to the reader */
        bool kills;  /* live tokens may have died when it is answered */
} StoreVerbInfo;
const StoreVerbInfo *store_verb_info(enum StoreVerb verb);
/* The same of one request. */
bool store_request_kills(const StoreRequest *request);

/* Waiting requests a lane, the urgent ones by themselves; beyond them store_submit() says
 * -EAGAIN. */
#define STORE_QUEUE_MAX 4096U
/* Requests that one transaction takes. */
#define STORE_BATCH_MAX 512U
/* After this time it takes no more, so that an urgent request need not wait for all of them. */
#define STORE_BATCH_USEC (50 * USEC_PER_MSEC)

/* store_open() behind the choice of a backend. */
int store_open_backend(sd_event *event, const Clock *clock, const BackendOps *ops, const char *path,
                       Store **ret, char **ret_message);
