/* Making users: what must be unique on the machine, and uids that are never given twice.
 *
 * The table uids remembers every uid that a user ever had, so that files of a removed user never
 * fall to a new one. */

#include <errno.h>
#include <string.h>

#include "store/sqlite-backend.h"
#include "wire/reason.h"

/* The first uid of the range that nobody ever had: behind the highest one, or in a gap. */
static int uid_next(Backend *backend, uint32_t min, uint32_t max, uint32_t *ret) {
        int64_t uid = (int64_t)min - 1;
        int r;

        r = SQL_NUMBER(&uid, backend, "SELECT MAX(uid) FROM uids WHERE uid BETWEEN ?1 AND ?2",
                       sql_integer(min), sql_integer(max));
        if (r < 0)
                return r;
        if (++uid > max) {
                r = SQL_NUMBER(&uid, backend,
                               "SELECT MIN(free) FROM (SELECT ?1 AS free UNION ALL"
                               " SELECT uid + 1 FROM uids WHERE uid BETWEEN ?1 AND ?2 - 1) f"
                               " WHERE NOT EXISTS (SELECT 1 FROM uids WHERE uid = f.free)",
                               sql_integer(min), sql_integer(max));
                if (r < 0)
                        return r;
                if (r == 0)
                        return REASON_UID_RANGE_EXHAUSTED;
        }
        if (uid > max || uid >= UID_NONE)
                return REASON_UID_RANGE_EXHAUSTED;
        *ret = (uint32_t)uid;
        return 0;
}

static int uid_give(Backend *backend, User *user, const StoreRequest *request) {
        int r;

        if (user->uid == UID_NONE) {
                r = uid_next(backend, request->uid_min, request->uid_max, &user->uid);
                if (r != 0)
                        return r;
        }
        if (user->gid == UID_NONE)
                user->gid = user->uid;
        return SQL(backend, "INSERT INTO uids(uid) VALUES (?1) ON CONFLICT (uid) DO NOTHING",
                   sql_integer(user->uid));
}

/* The first thing of the user's that belongs to somebody else. */
static int find_conflict(Backend *backend, const User *user, const char *folded) {
        const struct {
                const char *sql;
                SqlValue value;
                enum Reason reason;
        } conflicts[] = {
                { "SELECT 1 FROM users WHERE name = ?1", sql_text(user->name), REASON_NAME_TAKEN },
                { "SELECT 1 FROM users WHERE id = ?1", sql_text(user->id), REASON_ID_TAKEN },
                { "SELECT 1 FROM clients WHERE id = ?1", sql_text(user->name), REASON_ID_TAKEN },
                { "SELECT 1 FROM clients WHERE id = ?1", sql_text(user->id), REASON_ID_TAKEN },
                { "SELECT 1 FROM users WHERE uid = ?1", sql_integer(user->uid), REASON_UID_TAKEN },
                { "SELECT 1 FROM users WHERE email_folded = ?1", sql_text(folded),
                  REASON_EMAIL_TAKEN },
                { "SELECT 1 FROM users WHERE partner_id = ?1", sql_text(user->partner_id),
                  REASON_PARTNER_ID_TAKEN },
        };

        for (size_t i = 0; i < ELEMENTSOF(conflicts); i++) {
                int64_t one;
                int r = sql_number(backend, conflicts[i].sql, &conflicts[i].value, 1, &one);

                if (r != 0)
                        return r < 0 ? r : (int)conflicts[i].reason;
        }
        return 0;
}

static int parent_check(Backend *backend, const char *parent_id) {
        int64_t one;
        int r;

        if (!parent_id)
                return 0;
        r = SQL_NUMBER(&one, backend, "SELECT 1 FROM users WHERE id = ?1", sql_text(parent_id));
        return r == 0 ? REASON_USER_UNKNOWN : r < 0 ? r : 0;
}

static int user_insert(Backend *backend, const User *user, const char *folded) {
        _cleanup_(freep) char *groups = NULL, *scopes = NULL, *ssh_keys = NULL;
        int r;

        r = sql_join(user->groups, &groups);
        if (r >= 0)
                r = sql_join(user->scopes, &scopes);
        if (r >= 0)
                r = sql_join(user->ssh_keys, &ssh_keys);
        if (r < 0)
                return r;
        return SQL(backend,
                   "INSERT INTO users(id, name, email, email_folded, partner_id, role, parent_id,"
                   " uid, gid, adopted, home, shell, group_names, scopes, hash, state, created,"
                   " epoch, expires, ssh_keys) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
                   " ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
                   sql_text(user->id), sql_text(user->name), sql_text(user->email),
                   sql_text(folded), sql_text(user->partner_id), sql_text(user->role),
                   sql_text(user->parent_id), sql_integer(user->uid), sql_integer(user->gid),
                   sql_integer(user->adopted), sql_text(user->home), sql_text(user->shell),
                   sql_text(groups), sql_text(scopes), sql_secret(&user->hash),
                   sql_integer(user->state), sql_integer(user->created),
                   sql_integer(user->epoch), sql_integer(user->expires), sql_text(ssh_keys));
}

int run_user_add(Backend *backend, StoreRequest *request) {
        User *user = request->n_users > 0 ? request->users[0] : NULL;
        _cleanup_(freep) char *folded = NULL;
        int r;

        if (!user || !user->id || !user->name || (unsigned)user->state >= _USER_STATE_MAX)
                return -EINVAL;
        if (!user->partner_id) {
                user->partner_id = strdup(user->id);
                if (!user->partner_id)
                        return -ENOMEM;
        }
        r = email_fold(user->email, &folded);
        if (r < 0)
                return r;
        r = find_conflict(backend, user, folded);
        if (r == 0)
                r = parent_check(backend, user->parent_id);
        if (r == 0)
                r = uid_give(backend, user, request);
        if (r != 0)
                return r;
        user->epoch = epoch_next(backend);
        return user_insert(backend, user, folded);
}
