#pragma once

/* Keeps the throttle's counts in the store, so that a restart forgives nobody. */

#include <systemd/sd-event.h>

#include "core/throttle.h"

typedef struct ThrottleKeeper ThrottleKeeper;

/* Borrows all of them. What the store has is in the throttle when this returns. When it can't be
 * read the journal says so, and the first rows that are saved take the place of all. */
int throttle_keeper_new(sd_event *event, Store *store, Throttle *throttle, ThrottleKeeper **ret);
/* Submits what was not saved yet: store_close() carries it out. */
ThrottleKeeper *throttle_keeper_free(ThrottleKeeper *keeper);
void throttle_keeper_freep(ThrottleKeeper **keeper);
