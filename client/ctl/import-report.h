#pragma once

/* What became of each user of a file. */

#include "ctl/ctl.h"
#include "ctl/import-entry.h"

/* Lines for those of whom there is something to say, and how many were added, skipped and failed;
 * or with --json all of them. EXIT_FAILED: not everybody was added or skipped. */
enum Exit import_report(const Ctl *ctl, const ImportList *list, bool is_trial);
