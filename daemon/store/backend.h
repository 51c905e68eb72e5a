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
        /* One request inside the transaction; sets its outputs and result. A negative result has
         * undone the request's own changes. Returns a negative errno when the transaction as a whole
         * can't go on. */
        int (*run)(Backend *backend, StoreRequest *request);
        int (*commit)(Backend *backend); /* on failure nothing of the transaction holds */
        void (*rollback)(Backend *backend);
        void (*status)(Backend *backend, StoreStatus *ret);
} BackendOps;

extern const BackendOps backend_sqlite;
