/* The embedded store: one connection to one SQLite database in WAL mode, every commit synchronous.
 *
 * Each request runs in a savepoint of the batch's transaction, so that a refused or a broken one
 * undoes itself alone; issue, the most frequent of them, does so without one. What SQLite itself
 * has rolled back ends the batch. */

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "store/sqlite-backend.h"

/* The WAL is moved into the database when this many pages wait (16 MiB): the more of them, the more
 * are the same ones. A reader finds its way in so many by one table. */
#define WAL_PAGES_MAX 4000

static int (*const verbs[])(Backend *backend, StoreRequest *request) = {
        [STORE_USER_GET]          = run_user_get,
        [STORE_USER_LIST]         = run_user_list,
        [STORE_USERS_FIND]        = run_users_find,
        [STORE_CLIENT_GET]        = run_client_get,
        [STORE_CLIENT_LIST]       = run_client_list,
        [STORE_TOKEN_GET]         = run_token_get,
        [STORE_TOKEN_LIST]        = run_token_list,
        [STORE_LOGIN_GET]         = run_login_get,
        [STORE_FAILURES_LOAD]     = run_failures_load,
        [STORE_USER_ADD]          = run_user_add,
        [STORE_USER_REMOVE]       = run_user_remove,
        [STORE_USER_SET_PASSWORD] = run_user_set_password,
        [STORE_USER_SET]          = run_user_set,
        [STORE_USER_REHASH]       = run_user_rehash,
        [STORE_CLIENT_ADD]        = run_client_add,
        [STORE_CLIENT_REMOVE]     = run_client_remove,
        [STORE_TOKEN_ISSUE]       = run_token_issue,
        [STORE_TOKEN_ROTATE]      = run_token_rotate,
        [STORE_TOKEN_REVOKE]      = run_token_revoke,
        [STORE_REVOKE_USER]       = run_revoke_user,
        [STORE_REVOKE_CLIENT]     = run_revoke_client,
        [STORE_REVOKE_LOGIN]      = run_revoke_login,
        [STORE_REVOKE_ALL]        = run_revoke_all,
        [STORE_LOGIN_OPEN]        = run_login_open,
        [STORE_LOGIN_ABANDON]     = run_login_abandon,
        [STORE_TOUCH]             = run_touch,
        [STORE_FAILURES_SAVE]     = run_failures_save,
        [STORE_SWEEP]             = run_sweep,
};
_Static_assert(ELEMENTSOF(verbs) == _STORE_VERB_MAX, "a row for every verb");

/* Logins of other boots have ended with them. */
static int end_other_boots(Backend *backend) {
        int r;

        r = SQL(backend,
                "INSERT INTO graves(kind, owner, epoch)"
                " SELECT ?2, id, epoch + 1 FROM logins WHERE state IN (?3, ?4) AND boot_id <> ?1"
                " ON CONFLICT (kind, owner) DO UPDATE SET epoch = excluded.epoch",
                sql_text(backend->boot_id), sql_integer(GRAVE_LOGIN), sql_integer(LOGIN_PENDING),
                sql_integer(LOGIN_OPEN));
        if (r < 0)
                return r;
        r = SQL(backend, "DELETE FROM logins WHERE state IN (?2, ?3) AND boot_id <> ?1",
                sql_text(backend->boot_id), sql_integer(LOGIN_PENDING), sql_integer(LOGIN_OPEN));
        if (r < 0)
                return r;
        backend->counters.logins -= sql_changes(backend);
        return 0;
}

static int sqlite_begin(Backend *backend) {
        int r;

        r = SQL(backend, "BEGIN IMMEDIATE");
        if (r < 0)
                return r;
        if (!backend->boot_settled) {
                r = end_other_boots(backend);
                if (r < 0)
                        return r;
        }
        return clock_follow(backend, clock_realtime(backend->clock));
}

static int sqlite_commit(Backend *backend) {
        int r;

        r = counters_store(backend);
        if (r < 0)
                return r;
        r = SQL(backend, "COMMIT");
        if (r < 0)
                return r;
        backend->stored = backend->counters;
        clock_committed(backend);
        backend->boot_settled = true;
        return 0;
}

static void sqlite_rollback(Backend *backend) {
        if (!sqlite3_get_autocommit(backend->db))
                SQL(backend, "ROLLBACK");
        backend->counters = backend->stored;
        clock_rolled_back(backend);
}

/* A refusal that has revoked something is meant to last. */
static bool result_is_kept(const StoreRequest *request) {
        return request->result == 0 || (request->result > 0 && request->family_revoked);
}

/* A savepoint would copy every page that the request changes. */
static int run_change_without_savepoint(Backend *backend, StoreRequest *request) {
        Counters before = backend->counters;

        request->result = verbs[request->verb](backend, request);
        if (sqlite3_get_autocommit(backend->db))
                return request->result < 0 ? request->result : -EIO;
        if (request->result != 0)
                backend->counters = before;
        return request->result < 0 && request->result != -EEXIST ? request->result : 0;
}

static int run_change(Backend *backend, StoreRequest *request) {
        Counters before = backend->counters;
        int r;

        if (request_undoes_itself(request))
                return run_change_without_savepoint(backend, request);
        r = SQL(backend, "SAVEPOINT request");
        if (r < 0)
                return r;
        request->result = verbs[request->verb](backend, request);
        if (sqlite3_get_autocommit(backend->db))
                return request->result < 0 ? request->result : -EIO;

        if (!result_is_kept(request)) {
                request->n_affected = 0;
                backend->counters = before;
                r = SQL(backend, "ROLLBACK TO request");
                if (r < 0)
                        return r;
        }
        return SQL(backend, "RELEASE request");
}

static int sqlite_run(Backend *backend, StoreRequest *request) {
        if (request->now == 0)
                request->now = clock_realtime(backend->clock);
        backend->expired_by = clock_expired_by(backend, request->now);
        if (store_verb_info(request->verb)->writes)
                return run_change(backend, request);
        request->result = verbs[request->verb](backend, request);
        return 0;
}

static void sqlite_share_clock(Backend *reader, Backend *writer) {
        reader->latest = writer->latest;
}

static int note_wal(void *userdata, sqlite3 *db, const char *name, int pages) {
        Backend *backend = userdata;

        backend->wal_pages = pages;
        return SQLITE_OK;
}

/* A failure costs nothing but the space: the WAL keeps growing until a later one succeeds. */
static void sqlite_settle(Backend *backend) {
        if (backend->wal_pages < WAL_PAGES_MAX)
                return;
        backend->wal_pages = 0;
        sqlite3_wal_checkpoint_v2(backend->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static void sqlite_status(Backend *backend, StoreStatus *ret) {
        *ret = (StoreStatus){
                .error = backend->first_error,
                .n_tokens = (uint64_t)backend->stored.tokens,
                .n_logins = (uint64_t)backend->stored.logins,
                .clock = backend->stored.clock,
        };
}

/* The mark at the end, so that the next start sees a clock that was turned back meanwhile. */
static void store_clock(Backend *backend) {
        if (sqlite_begin(backend) >= 0) {
                if (backend->turned_from == 0)
                        backend->counters.clock = *backend->latest;
                if (sqlite_commit(backend) >= 0)
                        return;
        }
        sqlite_rollback(backend);
}

static void sqlite_close(Backend *backend) {
        if (backend->writable)
                store_clock(backend);
        for (size_t i = 0; i < backend->n_kept; i++)
                sqlite3_finalize(backend->kept[i].statement);
        sqlite3_close(backend->db);
        closep(&backend->lock_fd);
        free(backend->kept);
        free(backend->boot_id);
        free(backend);
}
DEFINE_CLEANUP(Backend *, sqlite_close);

/* Passing troubles of the disk: the daemon starts, and changes fail until they are over. */
static bool may_pass(int error) {
        return error == -ENOSPC || error == -EIO || error == -EROFS || error == -EBUSY;
}

/* One commit at every start: it settles clock and boot, and the first caller need not wait for the
 * files that it makes. */
static int first_commit(Backend *backend) {
        int r;

        r = counters_load(backend);
        if (r < 0)
                return r;
        r = sqlite_begin(backend);
        if (r >= 0)
                r = SQL(backend, "UPDATE meta SET value = value WHERE name = 'clock'");
        if (r >= 0)
                r = sqlite_commit(backend);
        if (r < 0)
                sqlite_rollback(backend);
        backend->first_error = r;
        return may_pass(r) ? 0 : r;
}

static int require_wal(Backend *backend) {
        _cleanup_(query_done) Query query = { 0 };
        _cleanup_(freep) char *mode = NULL;
        int r;

        r = QUERY(&query, backend, "PRAGMA journal_mode");
        if (r >= 0)
                r = query_next(&query);
        if (r >= 0)
                r = query_text(&query, 0, &mode);
        if (r < 0)
                return r;
        return streq_ptr(mode, "wal") ? 0 : -EOPNOTSUPP;
}

static int open_for_changes(Backend *backend, const char *path, char **ret_message) {
        int r;

        r = sqlite_lock(path, &backend->lock_fd, ret_message);
        if (r < 0)
                return r;
        r = sqlite_file_check(path, ret_message);
        if (r == -ENOENT)
                r = sqlite_file_create(path, backend->clock, ret_message);
        if (r < 0)
                return r;
        r = sqlite_connect(backend, path, SQLITE_OPEN_READWRITE, ret_message);
        if (r < 0)
                return r;

        sqlite3_wal_hook(backend->db, note_wal, backend);
        r = require_wal(backend);
        if (r >= 0)
                r = sqlite_schema_upgrade(backend);
        if (r >= 0)
                r = first_commit(backend);
        if (r == -EPROTO)
                sqlite_message(ret_message, "%s: made by a newer tokend", path);
        else if (r == -EUCLEAN)
                sqlite_message(ret_message, "%s: damaged, or not tokend's; kept as it is", path);
        else if (r < 0)
                sqlite_message(ret_message, "%s: %s", path, strerror(-r));
        backend->writable = r >= 0;
        return r;
}

int sqlite_backend_new(const Clock *clock, Backend **ret) {
        _cleanup_(sqlite_closep) Backend *backend = calloc(1, sizeof(*backend));
        int r;

        if (!backend)
                return -ENOMEM;
        backend->lock_fd = -1;
        backend->clock = clock;
        backend->own_latest = INT64_MIN;
        backend->latest = &backend->own_latest;
        r = boot_id_get(&backend->boot_id);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(backend);
        return 0;
}

static int sqlite_open(const char *path, const Clock *clock, bool read_only, Backend **ret,
                       char **ret_message) {
        _cleanup_(sqlite_closep) Backend *backend = NULL;
        int r;

        *ret_message = NULL;
        /* Its statistics take a lock at every allocation. Too late is no harm. */
        (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        r = sqlite_backend_new(clock, &backend);
        if (r < 0)
                return r;

        if (read_only)
                r = sqlite_connect(backend, path, SQLITE_OPEN_READONLY, ret_message);
        else
                r = open_for_changes(backend, path, ret_message);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(backend);
        return 0;
}

const BackendOps backend_sqlite = {
        .scheme = "sqlite",
        .open = sqlite_open,
        .close = sqlite_close,
        .begin = sqlite_begin,
        .run = sqlite_run,
        .commit = sqlite_commit,
        .rollback = sqlite_rollback,
        .settle = sqlite_settle,
        .status = sqlite_status,
        .follow_clock = clock_raise,
        .share_clock = sqlite_share_clock,
};
