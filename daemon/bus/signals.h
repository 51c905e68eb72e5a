#pragma once

/* The Manager's signals, and their bound: above SIGNALS_MAX a second only their number is sent. */

#include <stdbool.h>
#include <systemd/sd-event.h>

/* A second; more would keep every listener on the bus busy. */
#define SIGNALS_MAX 100U

typedef struct Signals {
        sd_event_source *window; /* one second, from the first signal in it; NULL: none is open */
        unsigned n_window;       /* what happened in this second */
        unsigned n_added;        /* of these, what was not sent one by one */
        unsigned n_removed;
        bool is_storm; /* the second before was above the bound */
} Signals;

/* Forgets the second that is under way, unsent. */
void signals_done(Signals *signals);
