/* Clients in the SQLite store. Ids of clients and names and ids of users never meet: a client that
 * is called like a user could be taken for that user (RFC 9700 section 4.15). */

#include <errno.h>

#include "store/sqlite-count.h"
#include "wire/reason.h"

#define CLIENT_COLUMNS                                                                             \
        "c.id, c.hash, c.grants, c.scopes, c.issue_for, c.introspect_own_only,"                    \
        " c.access_lifetime, c.refresh_lifetime, c.created, c.epoch"

static int client_read(const Query *query, Client **ret) {
        _cleanup_(client_unrefp) Client *client = client_new();
        int r;

        if (!client)
                return -ENOMEM;
        r = query_text(query, 0, &client->id);
        if (r >= 0)
                r = query_secret(query, 1, &client->hash);
        if (r >= 0)
                r = query_strv(query, 2, &client->grants);
        if (r >= 0)
                r = query_strv(query, 3, &client->scopes);
        if (r >= 0)
                r = query_strv(query, 4, &client->issue_for);
        if (r < 0)
                return r;
        client->introspect_own_only = query_integer(query, 5) != 0;
        client->access_lifetime = query_integer(query, 6);
        client->refresh_lifetime = query_integer(query, 7);
        client->created = query_integer(query, 8);
        client->epoch = query_integer(query, 9);
        *ret = TAKE_PTR(client);
        return 0;
}

int client_load(Backend *backend, const char *id, Client **ret) {
        _cleanup_(query_done) Query query = { 0 };
        int r;

        if (!id)
                return REASON_CLIENT_UNKNOWN;
        r = QUERY(&query, backend, "SELECT " CLIENT_COLUMNS " FROM clients c WHERE c.id = ?1",
                  sql_text(id));
        if (r < 0)
                return r;
        r = query_next(&query);
        if (r <= 0)
                return r < 0 ? r : REASON_CLIENT_UNKNOWN;
        return client_read(&query, ret);
}

/* Hands a client out with the request. */
static int client_give(StoreRequest *request, Client **client) {
        int r = store_request_take_client(request, *client);

        if (r >= 0)
                TAKE_PTR(*client);
        return r;
}

int run_client_get(Backend *backend, StoreRequest *request) {
        _cleanup_(client_unrefp) Client *client = NULL;
        int r;

        r = client_load(backend, request->key.text, &client);
        return r != 0 ? r : client_give(request, &client);
}

int run_client_list(Backend *backend, StoreRequest *request) {
        _cleanup_(freep) char *after = TAKE_PTR(request->cursor); /* outlives the query */
        _cleanup_(query_done) Query query = { 0 };
        unsigned limit = page_limit(request->limit);
        int r;

        r = QUERY(&query, backend,
                  "SELECT " CLIENT_COLUMNS " FROM clients c WHERE c.id > ?1 ORDER BY c.id LIMIT ?2",
                  sql_text(after ?: ""), sql_integer((int64_t)limit + 1));
        if (r < 0)
                return r;
        while ((r = query_next(&query)) > 0) {
                _cleanup_(client_unrefp) Client *client = NULL;

                if (request->n_clients == limit) {
                        request->cursor = strdup(request->clients[limit - 1]->id);
                        return request->cursor ? 0 : -ENOMEM;
                }
                r = client_read(&query, &client);
                if (r >= 0)
                        r = client_give(request, &client);
                if (r < 0)
                        return r;
        }
        return r;
}

static int client_insert(Backend *backend, const Client *client) {
        _cleanup_(freep) char *grants = NULL, *scopes = NULL, *issue_for = NULL;
        int r;

        r = sql_join(client->grants, &grants);
        if (r >= 0)
                r = sql_join(client->scopes, &scopes);
        if (r >= 0)
                r = sql_join(client->issue_for, &issue_for);
        if (r < 0)
                return r;
        return SQL(backend,
                   "INSERT INTO clients(id, hash, grants, scopes, issue_for, introspect_own_only,"
                   " access_lifetime, refresh_lifetime, created, epoch)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                   sql_text(client->id), sql_secret(&client->hash), sql_text(grants),
                   sql_text(scopes), sql_text(issue_for), sql_integer(client->introspect_own_only),
                   sql_integer(client->access_lifetime), sql_integer(client->refresh_lifetime),
                   sql_integer(client->created), sql_integer(client->epoch));
}

int run_client_add(Backend *backend, StoreRequest *request) {
        Client *client = request->n_clients > 0 ? request->clients[0] : NULL;
        int64_t n = 0;
        int r;

        if (!client || !client->id)
                return -EINVAL;
        r = SQL_NUMBER(&n, backend,
                       "SELECT (SELECT COUNT(*) FROM clients WHERE id = ?1)"
                       " + (SELECT COUNT(*) FROM users WHERE id = ?1)"
                       " + (SELECT COUNT(*) FROM users WHERE name = ?1)",
                       sql_text(client->id));
        if (r < 0)
                return r;
        if (n > 0)
                return REASON_ID_TAKEN;
        client->epoch = epoch_next(backend);
        return client_insert(backend, client);
}

int run_client_remove(Backend *backend, StoreRequest *request) {
        _cleanup_(client_unrefp) Client *client = NULL;
        int r;

        r = client_load(backend, request->key.text, &client);
        if (r != 0)
                return r;
        if (streq(client->id, CLIENT_LOCAL))
                return REASON_ACCESS_DENIED;
        r = tokens_count(backend, COUNT_CLIENT, client->id, request);
        if (r >= 0)
                r = grave_dig(backend, GRAVE_CLIENT, client->id, epoch_next(backend));
        if (r >= 0)
                r = SQL(backend, "DELETE FROM clients WHERE id = ?1", sql_text(client->id));
        return r < 0 ? r : client_give(request, &client);
}

int run_revoke_client(Backend *backend, StoreRequest *request) {
        int64_t epoch;
        int r;

        if (!request->key.text)
                return REASON_CLIENT_UNKNOWN;
        r = tokens_count(backend, COUNT_CLIENT, request->key.text, request);
        if (r < 0)
                return r;
        epoch = epoch_next(backend);
        r = SQL(backend, "UPDATE clients SET epoch = ?2 WHERE id = ?1", sql_text(request->key.text),
                sql_integer(epoch));
        if (r < 0)
                return r;
        if (sql_changes(backend) == 0)
                return REASON_CLIENT_UNKNOWN;
        return grave_dig(backend, GRAVE_CLIENT, request->key.text, epoch);
}
