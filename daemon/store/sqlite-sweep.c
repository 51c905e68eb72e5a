/* Removing what has died, a few rows at a time: expired tokens, tokens of revoked owners, logins
 * that nobody opened, families without tokens, failures that are long past.
 *
 * Each step finds its rows by an index and stops at the budget, so a sweep costs the same in a
 * store of any size. Nothing here makes a live token die but the end of a login that stayed
 * pending; those are handed out, because their tokens may be cached. */

#include <errno.h>
#include <stdlib.h>

#include "store/sqlite-backend.h"

typedef struct Row {
        TokenHash hash;
        char *login;
} Row;

typedef struct Rows {
        Row *rows;
        size_t n_rows;
} Rows;

static void rows_done(Rows *rows) {
        for (size_t i = 0; i < rows->n_rows; i++)
                free(rows->rows[i].login);
        free(rows->rows);
}

static int rows_collect(Rows *rows, Query *query, unsigned limit) {
        int r;

        rows->rows = calloc(limit, sizeof(*rows->rows));
        if (!rows->rows)
                return -ENOMEM;
        while (rows->n_rows < limit && (r = query_next(query)) > 0) {
                Row *row = &rows->rows[rows->n_rows];

                r = query_hash(query, 0, &row->hash);
                if (r >= 0)
                        r = query_text(query, 1, &row->login);
                if (r < 0)
                        return r;
                rows->n_rows++;
        }
        return rows->n_rows == limit || r >= 0 ? 0 : r;
}

/* A refresh family ends with its last row. */
static int row_delete(Backend *backend, const Row *row) {
        int r;

        r = SQL(backend, "DELETE FROM tokens WHERE hash = ?1", sql_hash(&row->hash));
        if (r < 0)
                return r;
        backend->counters.tokens -= sql_changes(backend);
        if (!row->login)
                return 0;
        return SQL(backend,
                   "DELETE FROM logins WHERE id = ?1 AND state = ?2"
                   " AND NOT EXISTS (SELECT 1 FROM tokens t WHERE t.login = ?1)",
                   sql_text(row->login), sql_integer(LOGIN_FAMILY));
}

/* Deletes what the query finds; the number of rows, or a negative errno. */
static int sweep_rows(Backend *backend, const char *sql, const SqlValue *values, size_t n_values,
                      unsigned limit) {
        _cleanup_(rows_done) Rows rows = { 0 };
        _cleanup_(query_done) Query query = { 0 };
        int r;

        r = query_open(&query, backend, sql, values, n_values);
        if (r >= 0)
                r = rows_collect(&rows, &query, limit);
        query_done(&query);
        for (size_t i = 0; r >= 0 && i < rows.n_rows; i++)
                r = row_delete(backend, &rows.rows[i]);
        return r < 0 ? r : (int)rows.n_rows;
}

static int sweep_expired(Backend *backend, StoreRequest *request, unsigned limit) {
        return sweep_rows(backend,
                          "SELECT hash, login FROM tokens WHERE expires <= ?1"
                          " ORDER BY expires LIMIT ?2",
                          (SqlValue[]){ sql_integer(request->now), sql_integer(limit) }, 2, limit);
}

/* One that stayed pending, or seems to come from the future: the clock was turned back. */
static int pending_find(Backend *backend, int64_t now, char **ret) {
        _cleanup_(query_done) Query query = { 0 };
        int r;

        r = QUERY(&query, backend,
                  "SELECT id FROM logins"
                  " WHERE state = ?1 AND (created < ?2 OR created > ?3) LIMIT 1",
                  sql_integer(LOGIN_PENDING), sql_integer(now - LOGIN_PENDING_MAX_USEC),
                  sql_integer(now + LOGIN_PENDING_MAX_USEC));
        if (r >= 0)
                r = query_next(&query);
        if (r <= 0)
                return r;
        r = query_text(&query, 0, ret);
        return r < 0 ? r : 1;
}

static int sweep_pending(Backend *backend, StoreRequest *request, unsigned limit) {
        unsigned n;

        for (n = 0; n < limit; n++) {
                _cleanup_(login_freep) Login *login = NULL;
                _cleanup_(freep) char *id = NULL;
                int r;

                r = pending_find(backend, request->now, &id);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                r = login_load(backend, id, &login);
                if (r != 0)
                        return r < 0 ? r : -EUCLEAN;
                r = login_end(backend, login, request);
                if (r >= 0)
                        r = store_request_take_login(request, login);
                if (r < 0)
                        return r;
                TAKE_PTR(login);
        }
        return (int)n;
}

static int sweep_families(Backend *backend, StoreRequest *request, unsigned limit) {
        int r;

        r = SQL(backend,
                "DELETE FROM logins WHERE id IN (SELECT id FROM logins WHERE state = ?1"
                " AND expires <= ?2"
                " AND NOT EXISTS (SELECT 1 FROM tokens t WHERE t.login = logins.id) LIMIT ?3)",
                sql_integer(LOGIN_FAMILY), sql_integer(request->now), sql_integer(limit));
        return r < 0 ? r : (int)sql_changes(backend);
}

typedef struct Grave {
        int64_t kind;
        char *owner;
        int64_t epoch;
} Grave;

static void grave_done(Grave *grave) {
        free(grave->owner);
}

/* 1: *ret; 0: none. */
static int grave_find(Backend *backend, Grave *ret) {
        _cleanup_(query_done) Query query = { 0 };
        int r;

        r = QUERY(&query, backend, "SELECT kind, owner, epoch FROM graves LIMIT 1");
        if (r >= 0)
                r = query_next(&query);
        if (r <= 0)
                return r;
        r = query_text(&query, 1, &ret->owner);
        if (r < 0)
                return r;
        ret->kind = query_integer(&query, 0);
        ret->epoch = query_integer(&query, 2);
        return 1;
}

/* Rows of one grave; when they are fewer than asked for, the grave is closed. */
static int grave_sweep(Backend *backend, const Grave *grave, unsigned limit) {
        static const char *const finders[] = {
                [GRAVE_USER] = "SELECT hash, login FROM tokens"
                               " WHERE user_id = ?1 AND user_epoch < ?2 LIMIT ?3",
                [GRAVE_CLIENT] = "SELECT hash, login FROM tokens"
                                 " WHERE client_id = ?1 AND client_epoch < ?2 LIMIT ?3",
                [GRAVE_LOGIN] = "SELECT hash, login FROM tokens"
                                " WHERE login = ?1 AND login_epoch < ?2 LIMIT ?3",
        };
        int r, n;

        _Static_assert(ELEMENTSOF(finders) == _GRAVE_KIND_MAX, "a row for every kind");
        if (grave->kind < 0 || grave->kind >= _GRAVE_KIND_MAX)
                return -EUCLEAN;
        n = sweep_rows(backend, finders[grave->kind],
                       (SqlValue[]){ sql_text(grave->owner), sql_integer(grave->epoch),
                                     sql_integer(limit) },
                       3, limit);
        if (n < 0 || (unsigned)n == limit)
                return n;
        r = SQL(backend, "DELETE FROM graves WHERE kind = ?1 AND owner = ?2",
                sql_integer(grave->kind), sql_text(grave->owner));
        return r < 0 ? r : n;
}

/* A grave without rows costs the budget one as well. */
static int sweep_graves(Backend *backend, StoreRequest *request, unsigned limit) {
        unsigned spent = 0;

        while (spent < limit) {
                _cleanup_(grave_done) Grave grave = { 0 };
                int r;

                r = grave_find(backend, &grave);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                r = grave_sweep(backend, &grave, limit - spent);
                if (r < 0)
                        return r;
                spent += r > 0 ? (unsigned)r : 1;
        }
        return (int)spent;
}

int run_sweep(Backend *backend, StoreRequest *request) {
        static int (*const steps[])(Backend *, StoreRequest *, unsigned) = {
                sweep_pending,
                sweep_expired,
                sweep_graves,
                sweep_families,
                failures_sweep,
        };
        unsigned left = page_limit(request->limit);
        uint64_t n_removed = 0;

        for (size_t i = 0; left > 0 && i < ELEMENTSOF(steps); i++) {
                int n = steps[i](backend, request, left);

                if (n < 0)
                        return n;
                left -= (unsigned)n;
                n_removed += (uint64_t)n;
        }
        request->n_affected = n_removed;
        request->more = left == 0;
        return 0;
}
