/* Users in the SQLite store: finding and changing them. sqlite-user-add.c makes them.
 *
 * Whatever must kill a user's tokens gives the user a new epoch, in the same transaction. */

#include <errno.h>
#include <string.h>

#include "store/sqlite-count.h"
#include "wire/reason.h"

#define USER_COLUMNS                                                                               \
        "u.id, u.name, u.email, u.partner_id, u.role, u.parent_id, u.home, u.shell,"               \
        " u.group_names, u.scopes, u.hash, u.uid, u.gid, u.adopted, u.state, u.expires,"           \
        " u.created, u.epoch"

static int user_read(const Query *query, User **ret) {
        _cleanup_(user_freep) User *user = user_new();
        int r;

        if (!user)
                return -ENOMEM;
        r = query_texts(query, 0,
                        (char **const[]){ &user->id, &user->name, &user->email, &user->partner_id,
                                          &user->role, &user->parent_id, &user->home,
                                          &user->shell },
                        8);
        if (r >= 0)
                r = query_strv(query, 8, &user->groups);
        if (r >= 0)
                r = query_strv(query, 9, &user->scopes);
        if (r >= 0)
                r = query_secret(query, 10, &user->hash);
        if (r >= 0)
                r = query_strv(query, 18, &user->ssh_keys);
        if (r < 0)
                return r;
        user->uid = (uint32_t)query_integer(query, 11);
        user->gid = (uint32_t)query_integer(query, 12);
        user->adopted = query_integer(query, 13) != 0;
        user->state = (enum UserState)query_integer(query, 14);
        user->expires = query_integer(query, 15);
        user->created = query_integer(query, 16);
        user->epoch = query_integer(query, 17);
        if ((unsigned)user->state >= _USER_STATE_MAX)
                return -EUCLEAN;
        *ret = TAKE_PTR(user);
        return 0;
}

static int user_find(Backend *backend, const char *sql, SqlValue value, User **ret) {
        _cleanup_(query_done) Query query = { 0 };
        int r;

        r = query_open(&query, backend, sql, &value, 1);
        if (r < 0)
                return r;
        r = query_next(&query);
        if (r <= 0)
                return r < 0 ? r : REASON_USER_UNKNOWN;
        return user_read(&query, ret);
}

#define FIND_USER "SELECT " USER_COLUMNS ", u.ssh_keys FROM users u WHERE "
/* A page of thousands with all their keys would be tens of MB. */
#define LIST_USERS                                                                                 \
        "SELECT " USER_COLUMNS ", NULL FROM users u WHERE u.name > ?1 ORDER BY u.name LIMIT ?2"

int user_load(Backend *backend, const char *id, User **ret) {
        return user_find(backend, FIND_USER "u.id = ?1", sql_text(id), ret);
}

/* Hands a user out with the request. */
static int user_give(StoreRequest *request, User **user) {
        int r = store_request_take_user(request, *user);

        if (r >= 0)
                TAKE_PTR(*user);
        return r;
}

static int user_load_and_give(Backend *backend, StoreRequest *request) {
        _cleanup_(user_freep) User *user = NULL;
        int r;

        r = user_load(backend, request->key.text, &user);
        return r != 0 ? r : user_give(request, &user);
}

static int user_by_key(Backend *backend, const StoreKey *key, User **ret) {
        static const char *const finders[] = {
                [STORE_KEY_ID]         = FIND_USER "u.id = ?1",
                [STORE_KEY_NAME]       = FIND_USER "u.name = ?1",
                [STORE_KEY_UID]        = FIND_USER "u.uid = ?1",
                [STORE_KEY_EMAIL]      = FIND_USER "u.email_folded = ?1",
                [STORE_KEY_PARTNER_ID] = FIND_USER "u.partner_id = ?1",
        };
        _cleanup_(freep) char *folded = NULL;
        SqlValue value;
        int r;

        if ((size_t)key->field >= ELEMENTSOF(finders))
                return -EINVAL;
        value = key->field == STORE_KEY_UID ? sql_integer(key->uid) : sql_text(key->text);
        if (key->field == STORE_KEY_EMAIL) {
                r = email_fold(key->text, &folded);
                if (r < 0)
                        return r;
                value = sql_text(folded);
        }
        return user_find(backend, finders[key->field], value, ret);
}

int run_user_get(Backend *backend, StoreRequest *request) {
        _cleanup_(user_freep) User *user = NULL;
        int r;

        r = user_by_key(backend, &request->key, &user);
        return r != 0 ? r : user_give(request, &user);
}

int run_users_find(Backend *backend, StoreRequest *request) {
        for (char **text = request->key_texts; text && *text; text++) {
                const StoreKey key = { .field = request->key.field, .text = *text };
                _cleanup_(user_freep) User *user = NULL;
                int r;

                r = user_by_key(backend, &key, &user);
                if (r < 0)
                        return r;
                r = user_give(request, &user);
                if (r < 0)
                        return r;
        }
        return 0;
}

int run_user_list(Backend *backend, StoreRequest *request) {
        _cleanup_(freep) char *after = TAKE_PTR(request->cursor); /* outlives the query */
        _cleanup_(query_done) Query query = { 0 };
        unsigned limit = page_limit(request->limit);
        int r;

        r = QUERY(&query, backend, LIST_USERS, sql_text(after ?: ""),
                  sql_integer((int64_t)limit + 1));
        if (r < 0)
                return r;
        while ((r = query_next(&query)) > 0) {
                _cleanup_(user_freep) User *user = NULL;

                if (request->n_users == limit) {
                        request->cursor = strdup(request->users[limit - 1]->name);
                        return request->cursor ? 0 : -ENOMEM;
                }
                r = user_read(&query, &user);
                if (r >= 0)
                        r = user_give(request, &user);
                if (r < 0)
                        return r;
        }
        return r;
}

static int user_epoch(Backend *backend, const char *id, int64_t *ret) {
        int r = SQL_NUMBER(ret, backend, "SELECT epoch FROM users WHERE id = ?1", sql_text(id));

        return r > 0 ? 0 : r == 0 ? REASON_USER_UNKNOWN : r;
}

/* The session in which the user changes the password goes on. Only what lived until now may follow
 * the new epoch: nothing that was revoked comes back. */
static int user_keep_login(Backend *backend, StoreRequest *request, int64_t old_epoch,
                           int64_t epoch) {
        uint64_t n_before = request->n_affected;
        int r;

        if (!request->keep_login)
                return 0;
        r = SQL(backend,
                "UPDATE tokens SET user_epoch = ?3 WHERE login = ?2 AND user_id = ?1"
                " AND user_epoch = ?4 AND login = (SELECT l.id FROM logins l WHERE l.id = ?2"
                " AND l.user_id = ?1 AND l.state IN (?5, ?6))",
                sql_text(request->key.text), sql_text(request->keep_login), sql_integer(epoch),
                sql_integer(old_epoch), sql_integer(LOGIN_PENDING), sql_integer(LOGIN_OPEN));
        if (r >= 0)
                r = tokens_count(backend, COUNT_USER, request->key.text, request);
        if (r < 0)
                return r;
        request->n_affected = n_before - request->n_affected;
        return 0;
}

/* All of the user's tokens die, but for those of keep_login. */
static int user_outdate(Backend *backend, StoreRequest *request, const char *id) {
        int64_t old_epoch, epoch;
        int r;

        r = user_epoch(backend, id, &old_epoch);
        if (r == 0)
                r = tokens_count(backend, COUNT_USER, id, request);
        if (r != 0)
                return r;
        epoch = epoch_next(backend);
        r = SQL(backend, "UPDATE users SET epoch = ?2 WHERE id = ?1", sql_text(id),
                sql_integer(epoch));
        if (r >= 0)
                r = user_keep_login(backend, request, old_epoch, epoch);
        return r < 0 ? r : grave_dig(backend, GRAVE_USER, id, epoch);
}

/* The sessions' logins go too: another user of the same id must not find them. */
static int user_end_logins(Backend *backend, const char *id) {
        int r;

        r = SQL(backend, "DELETE FROM logins WHERE user_id = ?1 AND state IN (?2, ?3)",
                sql_text(id), sql_integer(LOGIN_PENDING), sql_integer(LOGIN_OPEN));
        if (r < 0)
                return r;
        backend->counters.logins -= sql_changes(backend);
        return 0;
}

int run_user_remove(Backend *backend, StoreRequest *request) {
        const char *id = request->key.text;
        int r;

        r = user_load_and_give(backend, request);
        if (r != 0)
                return r;
        r = user_outdate(backend, request, id);
        if (r != 0)
                return r;
        r = user_end_logins(backend, id);
        if (r >= 0)
                r = SQL(backend, "UPDATE users SET parent_id = NULL WHERE parent_id = ?1",
                        sql_text(id));
        if (r >= 0)
                r = SQL(backend, "DELETE FROM users WHERE id = ?1", sql_text(id));
        return r;
}

/* 0: the user is there, and is still the one that the caller saw. */
static int user_expect(Backend *backend, const char *id, int64_t expected_epoch) {
        int64_t epoch;
        int r;

        r = user_epoch(backend, id, &epoch);
        if (r != 0)
                return r;
        return expected_epoch == 0 || expected_epoch == epoch ? 0 : REASON_INVALID_GRANT;
}

int run_user_set_password(Backend *backend, StoreRequest *request) {
        const char *id = request->key.text;
        int r;

        if ((unsigned)request->state >= _USER_STATE_MAX)
                return -EINVAL;
        r = user_expect(backend, id, request->expected_epoch);
        if (r != 0)
                return r;
        r = SQL(backend, "UPDATE users SET hash = ?2, state = ?3 WHERE id = ?1", sql_text(id),
                sql_secret(&request->hash), sql_integer(request->state));
        if (r < 0)
                return r;
        r = user_outdate(backend, request, id);
        return r != 0 ? r : user_load_and_give(backend, request);
}

/* What a user becomes by these values. 0 or -ENOMEM. */
static int user_change(User *user, const User *values, unsigned sets) {
        char **keys = NULL;
        int r;

        if (sets & USER_SETS_SSH_KEYS) {
                r = values->ssh_keys ? strv_copy(values->ssh_keys, &keys) : 0;
                if (r < 0)
                        return r;
                strv_free(user->ssh_keys);
                user->ssh_keys = keys;
        }
        if (sets & USER_SETS_STATE)
                user->state = values->state;
        if (sets & USER_SETS_EXPIRES)
                user->expires = values->expires;
        return 0;
}

static bool expires_earlier(int64_t expires, int64_t before) {
        return expires > 0 && (before == 0 || expires < before);
}

int run_user_set(Backend *backend, StoreRequest *request) {
        const User *values = request->n_users == 1 ? request->users[0] : NULL;
        _cleanup_(user_freep) User *user = NULL;
        _cleanup_(freep) char *keys = NULL;
        const char *id = request->key.text;
        int64_t expires;
        int r;

        if (!values || (unsigned)values->state >= _USER_STATE_MAX)
                return -EINVAL;
        r = user_expect(backend, id, request->expected_epoch);
        if (r == 0)
                r = user_load(backend, id, &user);
        if (r != 0)
                return r;
        expires = user->expires;
        r = user_change(user, values, request->sets);
        if (r >= 0)
                r = sql_join(user->ssh_keys, &keys);
        if (r >= 0)
                r = SQL(backend,
                        "UPDATE users SET state = ?2, expires = ?3, ssh_keys = ?4 WHERE id = ?1",
                        sql_text(id), sql_integer(user->state), sql_integer(user->expires),
                        sql_text(keys));
        if (r < 0)
                return r;
        if (((request->sets & USER_SETS_STATE) && user->state == USER_LOCKED) ||
            expires_earlier(user->expires, expires))
                r = user_outdate(backend, request, id);
        if (r != 0)
                return r;
        request->users[0] = user_free(request->users[0]);
        request->n_users = 0;
        return user_load_and_give(backend, request);
}

int run_user_rehash(Backend *backend, StoreRequest *request) {
        const char *id = request->key.text;
        int r;

        r = user_expect(backend, id, request->expected_epoch);
        if (r != 0)
                return r;
        return SQL(backend, "UPDATE users SET hash = ?2 WHERE id = ?1", sql_text(id),
                   sql_secret(&request->hash));
}

int run_revoke_user(Backend *backend, StoreRequest *request) {
        return user_outdate(backend, request, request->key.text);
}
