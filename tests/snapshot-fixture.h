#pragma once

/* A file as tokend writes it, of users who come in any order. */

#include "unit.h"

#include "userdb/roster.h"
#include "wire/cleanup.h"

static inline int write_snapshot(const char *path, const SnapshotUser *users, size_t n_users) {
        _cleanup_(roster_freep) Roster *roster = roster_new();

        assert_non_null(roster);
        for (size_t i = 0; i < n_users; i++) {
                int r = roster_set(roster, &users[i], 0);

                if (r < 0)
                        return r;
        }
        return roster_write(roster, path);
}
