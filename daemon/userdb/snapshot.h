#pragma once

/* The file between tokend, which writes it, and tokend-userdb, which answers from it: a header
 * line, then one JSON user record a line, sorted by name. Replaced by rename(2), never changed. */

#include <stddef.h>
#include <stdint.h>

typedef struct SnapshotUser {
        const char *name;
        uint32_t uid;
        uint32_t gid;
        const char *home;
        const char *shell;
        char *const *groups;
        int locked;
} SnapshotUser;

/* Writes path's new content beside it, fsyncs, renames. Adopted users don't belong in it, but their
 * memberships do: a row with shell NULL is memberships only. 0 or a negative errno. */
int snapshot_write(const char *path, const SnapshotUser *users, size_t n_users);
