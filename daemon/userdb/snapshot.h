#pragma once

/* The file between tokend, which writes it, and tokend-userdb, which answers from it: a first line
 * that names the format, then a line a user as in passwd(5), sorted by name:
 * NAME:UID:GID:HOME:SHELL:STATE:GROUP,GROUP, with STATE one of active, locked and must-change.
 * Replaced by rename(2), never changed. Written by roster.h. */

#include <stddef.h>
#include <stdint.h>

#include "wire/protocol.h"

enum SnapshotState {
        SNAPSHOT_ACTIVE,
        SNAPSHOT_LOCKED,      /* or expired */
        SNAPSHOT_MUST_CHANGE, /* its password, before anything else */
        _SNAPSHOT_STATE_MAX,
};

/* The word in the line. */
const char *snapshot_state_name(enum SnapshotState state);

typedef struct SnapshotUser {
        const char *name;
        uint32_t uid;
        uint32_t gid;
        const char *home;
        const char *shell;   /* NULL: the machine knows the user already, memberships only */
        char *const *groups; /* supplementary, by name; NULL: none */
        enum SnapshotState state;
} SnapshotUser;

typedef struct Snapshot {
        unsigned n_ref;
        char *text;          /* what the users' fields point into */
        SnapshotUser *users; /* by name */
        size_t n_users;
        size_t *by_uid; /* indices of those that are served in full, by uid */
        size_t n_by_uid;
} Snapshot;

/* One without users. 0 or -ENOMEM. */
int snapshot_new(Snapshot **ret);
/* -EBADMSG (not the format or UTF-8, out of order, or a uid that two have or that is not for
 * people), -EFBIG, … */
int snapshot_read(int fd, Snapshot **ret);
Snapshot *snapshot_ref(Snapshot *snapshot);
Snapshot *snapshot_unref(Snapshot *snapshot);
void snapshot_unrefp(Snapshot **snapshot);

/* NULL: none. A user of memberships only is found by name. */
const SnapshotUser *snapshot_find_name(const Snapshot *snapshot, const char *name);
const SnapshotUser *snapshot_find_uid(const Snapshot *snapshot, uint32_t uid);
