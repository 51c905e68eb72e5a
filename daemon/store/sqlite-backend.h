#pragma once

/* What the files of the SQLite store share: one connection, its counters, and the verbs. */

#include <stdatomic.h>

#include "store/backend.h"
#include "store/sqlite-statement.h"

struct sqlite3;
struct sqlite3_stmt;

typedef struct SqlKept {
        const char *sql;
        struct sqlite3_stmt *statement;
} SqlKept;

/* Numbers that live in the table meta. They change in memory and are written with the commit of the
 * transaction that changed them. */
typedef struct Counters {
        int64_t epoch;  /* the last one given */
        int64_t tokens; /* rows */
        int64_t logins; /* rows, pending and open */
        int64_t clock;  /* mark, µs UTC: up to CLOCK_STORE_USEC behind the latest time */
} Counters;

/* The latest time that anybody named, µs UTC. It goes back when what had expired by it is
 * removed. */
typedef _Atomic int64_t ClockLatest;

struct Backend {
        struct sqlite3 *db;
        const Clock *clock;
        int lock_fd;   /* PATH.lock, held by the connection that changes; -1 */
        bool writable; /* it changes: there are counters to keep */
        char *boot_id;
        bool boot_settled; /* logins of other boots have ended */
        int first_error;   /* of the commit at the start: 0, or the store can't be written yet */
        SqlKept *kept;
        size_t n_kept;
        Counters counters; /* now; and as the database has them: */
        Counters stored;
        int wal_pages; /* waiting to be moved into the database */
        ClockLatest own_latest;
        ClockLatest *latest; /* the writer's own, which its reader shares */
        int64_t turned_from; /* this transaction removes what had expired by then; 0: none does */
        int64_t expired_by;  /* of the request under way: what expires until then is dead */
};

/* sqlite.c: without a database yet. backend_sqlite.close() takes it at any time. */
int sqlite_backend_new(const Clock *clock, Backend **ret);

/* sqlite-file.c: PATH itself. A database that exists and can be used: 0. None yet: -ENOENT. -EBUSY,
 * -EUCLEAN, -EPERM with a message. */
int sqlite_lock(const char *path, int *ret_fd, char **ret_message);
int sqlite_file_check(const char *path, char **ret_message);
/* Makes a connection and sets it up; no statement has run. */
int sqlite_connect(Backend *backend, const char *path, int flags, char **ret_message);
/* Puts the finished new database in its place. */
int sqlite_file_create(const char *path, const Clock *clock, char **ret_message);
__attribute__((format(printf, 2, 3))) int sqlite_message(char **ret_message, const char *format,
                                                         ...);

/* sqlite-schema.c: migrations, one transaction each. Step i leads to schema i + 1. */
int sqlite_schema_apply(Backend *backend, const char *const *steps, size_t n_steps);
/* With the daemon's own steps. -EPROTO: newer than these. -EUCLEAN: no database of tokend's. */
int sqlite_schema_upgrade(Backend *backend);

/* sqlite-meta.c */
int counters_load(Backend *backend);
int counters_store(Backend *backend);
/* Follows the clock; when it has jumped back, removes what had expired before (design, Clock). To
 * be called inside a transaction, whose end the others tell of. */
int clock_follow(Backend *backend, int64_t now);
void clock_committed(Backend *backend);
void clock_rolled_back(Backend *backend);
#define CLOCK_STORE_USEC (60 * USEC_PER_SEC)
/* From any thread: somebody decides by this time. */
void clock_raise(Backend *backend, int64_t now);
/* What expires until then is dead for a request of that time. */
int64_t clock_expired_by(const Backend *backend, int64_t now);
int64_t epoch_next(Backend *backend);

/* Rows that died with an owner's epoch, for the sweeper: those of owner with an epoch below. */
enum GraveKind { GRAVE_USER, GRAVE_CLIENT, GRAVE_LOGIN, _GRAVE_KIND_MAX };
int grave_dig(Backend *backend, enum GraveKind kind, const char *owner, int64_t epoch);

/* Parts of WHERE over "tokens t", ?1 being the backend's expired_by. */
#define SQL_UNEXPIRED "t.expires > ?1"
#define SQL_OWNERS_MATCH                                                                           \
        "(t.user_id IS NULL OR t.user_epoch ="                                                     \
        " (SELECT o.epoch FROM users o WHERE o.id = t.user_id))"                                   \
        " AND t.client_epoch = (SELECT o.epoch FROM clients o WHERE o.id = t.client_id)"           \
        " AND (t.login IS NULL OR t.login_epoch ="                                                 \
        " (SELECT o.epoch FROM logins o WHERE o.id = t.login))"
#define SQL_LIVE SQL_UNEXPIRED " AND t.used = 0 AND " SQL_OWNERS_MATCH

/* Shared between the verbs' files; each 0, a negative errno, or the REASON_*_UNKNOWN. */
int user_load(Backend *backend, const char *id, User **ret);
int client_load(Backend *backend, const char *id, Client **ret);
int login_load(Backend *backend, const char *id, Login **ret);
int login_insert(Backend *backend, const Login *login);
/* The row of one that no token is of. */
int login_remove(Backend *backend, const Login *login);
/* Ends it: the row goes, its live tokens are counted into n_affected. */
int login_end(Backend *backend, const Login *login, StoreRequest *request);
#define TOKEN_COLUMNS                                                                              \
        "t.hash, t.kind, t.created, t.expires, t.used, t.user_epoch, t.client_epoch,"              \
        " t.login_epoch, u.uid, t.user_id, u.name, u.role, t.client_id, t.login, t.grant_type,"    \
        " t.service, t.rhost, t.tty, t.scopes, t.last_used"
#define TOKEN_SOURCE "tokens t LEFT JOIN users u ON u.id = t.user_id"
int token_read(const Query *query, Token **ret);
/* Hands a token out with the request. */
int token_give(StoreRequest *request, Token **token);
/* Whether it needs no savepoint: refused or -EEXIST, it leaves nothing behind but counters; after
 * any other failure its transaction can't go on. */
bool request_undoes_itself(const StoreRequest *request);

/* sqlite-throttle.c: removes at most limit rows that are too old; how many, or a negative errno. */
int failures_sweep(Backend *backend, StoreRequest *request, unsigned limit);
/* None is of the future. */
int failures_follow_clock(Backend *backend, int64_t now);

/* Rows of a page as the caller wants them, within bounds. */
static inline unsigned page_limit(unsigned limit) {
        return limit == 0 || limit > PAGE_ROWS_MAX ? PAGE_ROWS_MAX : limit;
}

/* The verbs. Each 0, a negative errno or a Reason; the caller undoes what a refused one did. */
int run_user_get(Backend *backend, StoreRequest *request);
int run_user_list(Backend *backend, StoreRequest *request);
int run_users_find(Backend *backend, StoreRequest *request);
int run_user_add(Backend *backend, StoreRequest *request);
int run_user_remove(Backend *backend, StoreRequest *request);
int run_user_set_password(Backend *backend, StoreRequest *request);
int run_user_set(Backend *backend, StoreRequest *request);
int run_user_rehash(Backend *backend, StoreRequest *request);
int run_client_get(Backend *backend, StoreRequest *request);
int run_client_list(Backend *backend, StoreRequest *request);
int run_client_add(Backend *backend, StoreRequest *request);
int run_client_remove(Backend *backend, StoreRequest *request);
int run_token_get(Backend *backend, StoreRequest *request);
int run_token_list(Backend *backend, StoreRequest *request);
int run_token_issue(Backend *backend, StoreRequest *request);
int run_token_rotate(Backend *backend, StoreRequest *request);
int run_token_revoke(Backend *backend, StoreRequest *request);
int run_touch(Backend *backend, StoreRequest *request);
int run_revoke_user(Backend *backend, StoreRequest *request);
int run_revoke_client(Backend *backend, StoreRequest *request);
int run_revoke_login(Backend *backend, StoreRequest *request);
int run_revoke_all(Backend *backend, StoreRequest *request);
int run_login_get(Backend *backend, StoreRequest *request);
int run_login_open(Backend *backend, StoreRequest *request);
int run_login_abandon(Backend *backend, StoreRequest *request);
int run_failures_load(Backend *backend, StoreRequest *request);
int run_failures_save(Backend *backend, StoreRequest *request);
int run_sweep(Backend *backend, StoreRequest *request);
