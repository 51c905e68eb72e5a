/* Logins in the SQLite store. A login lives as long as its row: without it, or with another epoch,
 * its tokens are dead. */

#include <errno.h>
#include <stdlib.h>

#include "store/sqlite-count.h"
#include "wire/reason.h"

#define LOGIN_COLUMNS                                                                              \
        "l.id, l.user_id, l.client_id, l.service, l.rhost, l.tty, l.boot_id, l.state, l.created,"  \
        " l.expires, l.epoch"

static int login_read(const Query *query, Login **ret) {
        _cleanup_(login_freep) Login *login = login_new();
        int r;

        if (!login)
                return -ENOMEM;
        r = query_texts(query, 0,
                        (char **const[]){ &login->id, &login->user_id, &login->client_id,
                                          &login->service, &login->rhost, &login->tty,
                                          &login->boot_id },
                        7);
        if (r < 0)
                return r;
        login->state = (enum LoginState)query_integer(query, 7);
        login->created = query_integer(query, 8);
        login->expires = query_integer(query, 9);
        login->epoch = query_integer(query, 10);
        if ((unsigned)login->state >= _LOGIN_STATE_MAX)
                return -EUCLEAN;
        *ret = TAKE_PTR(login);
        return 0;
}

static int login_next(Query *query, Login **ret) {
        int r = query_next(query);

        if (r <= 0)
                return r < 0 ? r : REASON_LOGIN_UNKNOWN;
        return login_read(query, ret);
}

int login_load(Backend *backend, const char *id, Login **ret) {
        _cleanup_(query_done) Query query = { 0 };
        int r;

        r = QUERY(&query, backend, "SELECT " LOGIN_COLUMNS " FROM logins l WHERE l.id = ?1",
                  sql_text(id));
        return r < 0 ? r : login_next(&query, ret);
}

int login_insert(Backend *backend, const Login *login) {
        int r;

        if (!login->id || !login->client_id || (unsigned)login->state >= _LOGIN_STATE_MAX)
                return -EINVAL;
        r = SQL(backend,
                "INSERT INTO logins(id, user_id, client_id, service, rhost, tty, boot_id, state,"
                " created, expires, epoch) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                sql_text(login->id), sql_text(login->user_id), sql_text(login->client_id),
                sql_text(login->service), sql_text(login->rhost), sql_text(login->tty),
                sql_text(login->boot_id), sql_integer(login->state), sql_integer(login->created),
                sql_integer(login->expires), sql_integer(login->epoch));
        if (r < 0)
                return r;
        backend->counters.logins += login->state != LOGIN_FAMILY;
        return 0;
}

int login_remove(Backend *backend, const Login *login) {
        int r = SQL(backend, "DELETE FROM logins WHERE id = ?1", sql_text(login->id));

        if (r < 0)
                return r;
        backend->counters.logins -= login->state != LOGIN_FAMILY;
        return 0;
}

int login_end(Backend *backend, const Login *login, StoreRequest *request) {
        int r;

        r = tokens_count(backend, COUNT_LOGIN, login->id, request);
        if (r >= 0)
                r = grave_dig(backend, GRAVE_LOGIN, login->id, login->epoch + 1);
        if (r >= 0)
                r = login_remove(backend, login);
        return r < 0 ? r : 0;
}

/* Hands a login out with the request. */
static int login_give(StoreRequest *request, Login **login) {
        int r = store_request_take_login(request, *login);

        if (r >= 0)
                TAKE_PTR(*login);
        return r;
}

int run_login_get(Backend *backend, StoreRequest *request) {
        _cleanup_(login_freep) Login *login = NULL;
        int r;

        r = login_load(backend, request->key.text, &login);
        return r != 0 ? r : login_give(request, &login);
}

int run_revoke_login(Backend *backend, StoreRequest *request) {
        _cleanup_(login_freep) Login *login = NULL;
        int r;

        r = login_load(backend, request->key.text, &login);
        if (r != 0)
                return r;
        if (request->user_id && !streq_ptr(request->user_id, login->user_id))
                return REASON_ACCESS_DENIED;
        r = login_end(backend, login, request);
        return r < 0 ? r : login_give(request, &login);
}

/* Whoever waits longer than that, in whichever direction the clock went, waits in vain. */
static bool login_may_open(const Backend *backend, const Login *login,
                           const StoreRequest *request) {
        return login->state == LOGIN_PENDING && streq_ptr(login->user_id, request->user_id) &&
               streq_ptr(login->boot_id, backend->boot_id) &&
               llabs(request->now - login->created) <= LOGIN_PENDING_MAX_USEC;
}

int run_login_open(Backend *backend, StoreRequest *request) {
        _cleanup_(login_freep) Login *login = NULL;
        int r;

        r = login_load(backend, request->key.text, &login);
        if (r != 0)
                return r;
        if (!request->user_id || !login_may_open(backend, login, request))
                return REASON_LOGIN_UNKNOWN;
        login->state = LOGIN_OPEN;
        r = SQL(backend, "UPDATE logins SET state = ?2 WHERE id = ?1", sql_text(login->id),
                sql_integer(LOGIN_OPEN));
        return r < 0 ? r : login_give(request, &login);
}

static int find_pending(Backend *backend, const StoreRequest *request, Login **ret) {
        _cleanup_(query_done) Query query = { 0 };
        const Login *like = request->n_logins > 0 ? request->logins[0] : &(Login){ 0 };
        int r;

        r = QUERY(&query, backend,
                  "SELECT " LOGIN_COLUMNS " FROM logins l WHERE l.user_id = ?1 AND l.state = ?2"
                  " AND (?3 IS NULL OR l.service = ?3) AND (?4 IS NULL OR l.rhost = ?4)"
                  " AND (?5 IS NULL OR l.tty = ?5) ORDER BY l.created DESC LIMIT 1",
                  sql_text(request->user_id), sql_integer(LOGIN_PENDING), sql_text(like->service),
                  sql_text(like->rhost), sql_text(like->tty));
        return r < 0 ? r : login_next(&query, ret);
}

/* None to abandon is fine; key.text says which one it was. */
int run_login_abandon(Backend *backend, StoreRequest *request) {
        _cleanup_(login_freep) Login *login = NULL;
        int r;

        free(TAKE_PTR(request->key.text));
        r = find_pending(backend, request, &login);
        if (r != 0)
                return r == REASON_LOGIN_UNKNOWN ? 0 : r;
        r = login_end(backend, login, request);
        if (r >= 0)
                request->key.text = TAKE_PTR(login->id);
        return r;
}
