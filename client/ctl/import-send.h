#pragma once

/* Asking tokend to add the user of an entry. */

#include "ctl/ctl.h"
#include "ctl/import-entry.h"

/* An entry that is to be added gets its verdict, and its reason and message if it was refused; with
 * is_trial nothing changes. 0: the next one may be tried. Else nobody's turn will come (the daemon
 * is away, the caller may not), and it is what ctl_call() gave. */
int import_send(Ctl *ctl, ImportEntry *entry, bool is_trial);
/* Complains of such a failure. */
enum Exit import_complain(const Ctl *ctl, int r);
