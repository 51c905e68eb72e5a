#pragma once

/* The daemon: owns everything, in the order in which it is built and taken down. */

#include "options.h"

typedef struct Manager Manager;

/* Built up to the point where callers are answered; what went wrong was logged. Borrows options.
 * Signals must be blocked (process.h) before this. */
int manager_new(const Options *options, Manager **ret);
/* Until SIGTERM or SIGINT and the last answer. An exit status. */
int manager_run(Manager *manager);
Manager *manager_free(Manager *manager);
void manager_freep(Manager **manager);
