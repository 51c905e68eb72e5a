/* What the throttle keeps over a restart: failures, and the secret that their keys are made with.
 *
 * Rows are looked for by who failed only in memory; here they are written, read as a whole at the
 * start, and swept by age. There are no more of them than the throttle has places, but for those
 * that wait for the sweeper. */

#include <errno.h>
#include <stdlib.h>

#include "store/sqlite-backend.h"

/* More than the throttle has places. */
#define LOAD_ROWS_MAX 131072U

#define SECRET_NAME "throttle"

static int failures_reserve(StoreRequest *request, size_t *capacity) {
        size_t wanted = *capacity > 0 ? 2 * *capacity : 64;
        StoredFailures *larger;

        if (request->n_failures < *capacity)
                return 0;
        larger = reallocarray(request->failures, wanted, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        request->failures = larger;
        *capacity = wanted;
        return 0;
}

/* A remote that is too long for one is nothing that was ever written here. */
static int failures_read(const Query *query, StoredFailures *ret) {
        _cleanup_(freep) char *remote = NULL;
        StoredFailures row = {
                .key = (uint64_t)query_integer(query, 1),
                .n = (unsigned)query_integer(query, 3),
                .last = query_integer(query, 4),
        };
        int r;

        r = query_text(query, 0, &remote);
        if (r < 0)
                return r;
        if (!remote || strlen(remote) >= sizeof(row.remote))
                return -EUCLEAN;
        strcpy(row.remote, remote);
        r = query_text(query, 2, &row.name);
        if (r < 0)
                return r;
        *ret = row;
        return 0;
}

static int secret_load(Backend *backend, Secret *ret) {
        _cleanup_(query_done) Query query = { 0 };
        int r;

        r = QUERY(&query, backend, "SELECT value FROM secrets WHERE name = ?1",
                  sql_text(SECRET_NAME));
        if (r >= 0)
                r = query_next(&query);
        return r > 0 ? query_secret(&query, 0, ret) : r;
}

/* The latest first: should there be no place for all, they are the ones to have one. */
int run_failures_load(Backend *backend, StoreRequest *request) {
        _cleanup_(query_done) Query query = { 0 };
        size_t capacity = 0;
        int r;

        r = secret_load(backend, &request->hash);
        if (r >= 0)
                r = QUERY(&query, backend,
                          "SELECT remote, key, name, n, last FROM failures WHERE last > ?1"
                          " ORDER BY last DESC LIMIT ?2",
                          sql_integer(request->now - STORE_FAILURES_USEC),
                          sql_integer(LOAD_ROWS_MAX));
        while (r >= 0 && (r = query_next(&query)) > 0) {
                r = failures_reserve(request, &capacity);
                if (r >= 0)
                        r = failures_read(&query, &request->failures[request->n_failures]);
                if (r >= 0)
                        request->n_failures++;
        }
        return r;
}

static int failures_write(Backend *backend, const StoredFailures *row) {
        if (row->n == 0)
                return SQL(backend, "DELETE FROM failures WHERE remote = ?1 AND key = ?2",
                           sql_text(row->remote), sql_integer((int64_t)row->key));
        return SQL(backend,
                   "INSERT INTO failures(remote, key, name, n, last) VALUES (?1, ?2, ?3, ?4, ?5)"
                   " ON CONFLICT (remote, key) DO UPDATE"
                   " SET name = COALESCE(excluded.name, name), n = excluded.n,"
                   " last = excluded.last",
                   sql_text(row->remote), sql_integer((int64_t)row->key), sql_text(row->name),
                   sql_integer(row->n), sql_integer(row->last));
}

static int failures_discard(Backend *backend) {
        int r = SQL(backend, "DELETE FROM failures");

        if (r < 0)
                return r;
        return SQL(backend, "DELETE FROM secrets WHERE name = ?1", sql_text(SECRET_NAME));
}

int run_failures_save(Backend *backend, StoreRequest *request) {
        int r = request->discards_earlier ? failures_discard(backend) : 0;

        if (r >= 0 && !secret_is_empty(&request->hash))
                r = SQL(backend,
                        "INSERT INTO secrets(name, value) VALUES (?1, ?2)"
                        " ON CONFLICT (name) DO NOTHING",
                        sql_text(SECRET_NAME), sql_secret(&request->hash));
        for (size_t i = 0; r >= 0 && i < request->n_failures; i++)
                r = failures_write(backend, &request->failures[i]);
        return r;
}

int failures_sweep(Backend *backend, StoreRequest *request, unsigned limit) {
        int r;

        r = SQL(backend,
                "DELETE FROM failures WHERE (remote, key) IN"
                " (SELECT remote, key FROM failures WHERE last <= ?1 ORDER BY last LIMIT ?2)",
                sql_integer(request->now - STORE_FAILURES_USEC), sql_integer(limit));
        return r < 0 ? r : (int)sql_changes(backend);
}

/* They would outlive their hour by as much as the clock was turned. */
int failures_follow_clock(Backend *backend, int64_t now) {
        return SQL(backend, "UPDATE failures SET last = ?1 WHERE last > ?1", sql_integer(now));
}
