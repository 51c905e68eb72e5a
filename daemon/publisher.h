#pragma once

/* Keeps the file that tokend-userdb answers from in step with the store. */

#include <systemd/sd-event.h>

#include "store/store.h"

typedef struct Publisher Publisher;

/* Borrows event and store. path NULL: nobody asks, everything is published at once. */
int publisher_new(sd_event *event, Store *store, const char *path, Publisher **ret);
/* Answers what still waits. The store must not answer afterwards: to be called behind
 * store_close(). */
Publisher *publisher_free(Publisher *publisher);
void publisher_freep(Publisher **publisher);

/* Publishes the users as they are now. done() comes on the loop, maybe before this returns, when
 * the file is there, or when that failed: that was logged then, and is tried again by itself. */
void publisher_publish(Publisher *publisher, void (*done)(void *userdata), void *userdata);
