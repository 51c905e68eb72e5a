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

/* done() comes on the loop, maybe before these return, when the file is there, or when that failed:
 * that was logged then, and is tried again by itself. done NULL: nobody waits. */
/* All users as the store has them. */
void publisher_publish(Publisher *publisher, void (*done)(void *userdata), void *userdata);
/* This user as it is now, or was when it went. Changes come in the order of their commits. */
void publisher_change(Publisher *publisher, const User *user, bool is_gone,
                      void (*done)(void *userdata), void *userdata);
