#pragma once

/* What the next snapshot holds: kept by tokend, so that one changed user costs one line. */

#include "userdb/snapshot.h"

typedef struct Roster Roster;

Roster *roster_new(void); /* NULL: no memory */
Roster *roster_free(Roster *roster);
void roster_freep(Roster **roster);

/* Both tell whether the file would differ: 1, or 0. */
/* Adds the user or replaces the one of that name. expires: µs UTC, from then on it is locked; 0:
 * never. -ENOMEM; -EINVAL: a field that can't stand in a line (nothing changed). */
int roster_set(Roster *roster, const SnapshotUser *user, int64_t expires);
int roster_remove(Roster *roster, const char *name);
/* Locks who has expired by now. ret_next: when the next one does, INT64_MAX: nobody. 1 or 0, as
 * above. */
int roster_expire(Roster *roster, int64_t now, int64_t *ret_next);

/* Writes path's new content beside it, mode 0644, and renames. 0 or a negative errno. */
int roster_write(const Roster *roster, const char *path);
