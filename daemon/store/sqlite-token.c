/* Tokens in the SQLite store: finding, issuing, rotating, revoking.
 *
 * A token's row is never changed but for "used" of a refresh token, the time of its last use, and
 * the user's epoch in those of a login that outlives a change of password (sqlite-user.c).
 * Used refresh tokens stay until they expire, so that their reuse is seen. */

#include <errno.h>
#include <stdlib.h>

#include "store/sqlite-count.h"
#include "wire/reason.h"

int token_read(const Query *query, Token **ret) {
        _cleanup_(token_unrefp) Token *token = token_new();
        int r;

        if (!token)
                return -ENOMEM;
        r = query_hash(query, 0, &token->hash);
        if (r >= 0)
                r = query_texts(query, 9,
                                (char **const[]){ &token->user_id, &token->user_name,
                                                  &token->user_role, &token->client_id,
                                                  &token->login, &token->grant, &token->service,
                                                  &token->rhost, &token->tty },
                                9);
        if (r >= 0)
                r = query_strv(query, 18, &token->scopes);
        if (r < 0)
                return r;
        token->kind = (enum TokenKind)query_integer(query, 1);
        token->created = query_integer(query, 2);
        token->expires = query_integer(query, 3);
        token->used = query_integer(query, 4);
        token->user_epoch = query_integer(query, 5);
        token->client_epoch = query_integer(query, 6);
        token->login_epoch = query_integer(query, 7);
        token->last_used = query_integer(query, 19);
        token->uid = query_is_null(query, 8) ? UID_NONE : (uint32_t)query_integer(query, 8);
        if ((unsigned)token->kind >= _TOKEN_KIND_MAX)
                return -EUCLEAN;
        *ret = TAKE_PTR(token);
        return 0;
}

int token_give(StoreRequest *request, Token **token) {
        int r = store_request_take_token(request, *token);

        if (r >= 0)
                TAKE_PTR(*token);
        return r;
}

/* The hashes that the key may mean: one, or all that begin with the id. */
static int key_range(const StoreKey *key, TokenHash *ret_first, TokenHash *ret_last) {
        int r;

        if (key->field == STORE_KEY_HASH) {
                *ret_first = *ret_last = key->hash;
                return 0;
        }
        if (key->field != STORE_KEY_ID)
                return -EINVAL;
        r = key->text ? token_hash_from_id(key->text, ret_first) : -EINVAL;
        if (r < 0)
                return REASON_TOKEN_UNKNOWN;
        *ret_last = *ret_first;
        memset(ret_last->bytes + TOKEN_ID_SIZE / 2, 0xff, TOKEN_HASH_SIZE - TOKEN_ID_SIZE / 2);
        return 0;
}

/* A token that has not expired and whose owners stand; also a used one when asked for. */
static int token_find(Backend *backend, const StoreRequest *request, bool with_used, Token **ret) {
        _cleanup_(query_done) Query query = { 0 };
        TokenHash first, last;
        int r;

        r = key_range(&request->key, &first, &last);
        if (r != 0)
                return r;
        r = QUERY(&query, backend,
                  "SELECT " TOKEN_COLUMNS " FROM " TOKEN_SOURCE
                  " WHERE t.hash BETWEEN ?2 AND ?3 AND (t.used = 0 OR ?4 <> 0)"
                  " AND " SQL_UNEXPIRED " AND " SQL_OWNERS_MATCH " LIMIT 1",
                  sql_integer(backend->expired_by), sql_hash(&first), sql_hash(&last),
                  sql_integer(with_used));
        if (r < 0)
                return r;
        r = query_next(&query);
        if (r <= 0)
                return r < 0 ? r : REASON_TOKEN_UNKNOWN;
        return token_read(&query, ret);
}

int run_token_get(Backend *backend, StoreRequest *request) {
        _cleanup_(token_unrefp) Token *token = NULL;
        int r;

        r = token_find(backend, request, request->include_used, &token);
        return r != 0 ? r : token_give(request, &token);
}

static int token_insert(Backend *backend, const Token *token) {
        _cleanup_(freep) char *scopes = NULL;
        int r;

        r = sql_join(token->scopes, &scopes);
        if (r < 0)
                return r;
        r = SQL(backend,
                "INSERT INTO tokens(hash, kind, user_id, client_id, scopes, login, grant_type,"
                " service, rhost, tty, created, expires, used, last_used, user_epoch,"
                " client_epoch, login_epoch)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0, 0, ?13, ?14, ?15)",
                sql_hash(&token->hash), sql_integer(token->kind), sql_text(token->user_id),
                sql_text(token->client_id), sql_text(scopes), sql_text(token->login),
                sql_text(token->grant), sql_text(token->service), sql_text(token->rhost),
                sql_text(token->tty), sql_integer(token->created), sql_integer(token->expires),
                sql_integer(token->user_epoch), sql_integer(token->client_epoch),
                sql_integer(token->login_epoch));
        if (r < 0)
                return r;
        backend->counters.tokens++;
        return 0;
}

/* 0: this is still the owner's epoch. */
static int epoch_check(Backend *backend, const char *sql, const char *owner, int64_t epoch) {
        int64_t current = 0;
        int r;

        if (!owner)
                return 0;
        r = SQL_NUMBER(&current, backend, sql, sql_text(owner));
        if (r < 0)
                return r;
        return r > 0 && current == epoch ? 0 : REASON_INVALID_GRANT;
}

static int owners_check(Backend *backend, const Token *token, bool with_login) {
        int r;

        r = epoch_check(backend, "SELECT epoch FROM users WHERE id = ?1", token->user_id,
                        token->user_epoch);
        if (r == 0)
                r = epoch_check(backend, "SELECT epoch FROM clients WHERE id = ?1",
                                token->client_id, token->client_epoch);
        if (r == 0 && with_login)
                r = epoch_check(backend, "SELECT epoch FROM logins WHERE id = ?1", token->login,
                                token->login_epoch);
        return r;
}

static int token_remove(Backend *backend, const Token *token) {
        int r = SQL(backend, "DELETE FROM tokens WHERE hash = ?1", sql_hash(&token->hash));

        if (r < 0)
                return r;
        backend->counters.tokens -= sql_changes(backend);
        return 0;
}

/* Whoever issues by a token can't do so any more when that token is dead. */
static int key_check(Backend *backend, const StoreRequest *request) {
        _cleanup_(token_unrefp) Token *key = NULL;
        int r;

        if (!request->needs_live_key)
                return 0;
        r = token_find(backend, request, false, &key);
        if (r < 0)
                return r;
        if (r > 0 || key->kind != TOKEN_ACCESS)
                return REASON_INVALID_TOKEN;
        return request->consumes_key ? token_remove(backend, key) : 0;
}

/* By an index of their own: the user may have any number of others. */
#define FROM_TOKEN_API(user, client)                                                               \
        "grant_type = '" TOKEN_GRANT_TOKEN_API "' AND user_id = " user " AND client_id = " client

static int earlier_discard(Backend *backend, StoreRequest *request) {
        const Token *token = request->n_tokens > 0 ? request->tokens[0] : NULL;
        int64_t n = 0;
        int r;

        if (!request->discards_earlier)
                return 0;
        if (!token || !token->user_id || !streq_ptr(token->grant, TOKEN_GRANT_TOKEN_API))
                return -EINVAL;
        r = SQL_NUMBER(&n, backend, "SELECT COUNT(*) FROM tokens t WHERE " SQL_LIVE
                       " AND " FROM_TOKEN_API("?2", "?3"),
                       sql_integer(backend->expired_by), sql_text(token->user_id),
                       sql_text(token->client_id));
        if (r < 0)
                return r;
        r = SQL(backend, "DELETE FROM tokens WHERE " FROM_TOKEN_API("?1", "?2"),
                sql_text(token->user_id), sql_text(token->client_id));
        if (r < 0)
                return r;
        backend->counters.tokens -= sql_changes(backend);
        request->n_affected = (uint64_t)n;
        return 0;
}

bool request_undoes_itself(const StoreRequest *request) {
        return request->verb == STORE_TOKEN_ISSUE && !request->consumes_key &&
               !request->discards_earlier;
}

/* Before anything is written. The epoch of a login that comes with its tokens is in their hands. */
static int issue_check(Backend *backend, StoreRequest *request, const Login *login) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < request->n_tokens; i++) {
                Token *token = request->tokens[i];
                bool is_of_login = login && streq_ptr(token->login, login->id);

                if (!token->client_id)
                        return -EINVAL;
                if (is_of_login)
                        token->login_epoch = login->epoch;
                r = owners_check(backend, token, !is_of_login);
        }
        return r;
}

/* What is there already (-EEXIST) was seen before its row was begun, so that taking back the others
 * takes all of it back; how far anything else got nobody knows. */
static int issue_insert(Backend *backend, const StoreRequest *request, const Login *login) {
        size_t n = 0;
        int r;

        r = login ? login_insert(backend, login) : 0;
        if (r < 0)
                return r;
        while (r >= 0 && n < request->n_tokens)
                r = token_insert(backend, request->tokens[n++]);
        if (r != -EEXIST)
                return r;

        for (r = 0, n--; r >= 0 && n > 0; n--)
                r = token_remove(backend, request->tokens[n - 1]);
        if (r >= 0 && login)
                r = login_remove(backend, login);
        return r < 0 ? -EIO : -EEXIST;
}

int run_token_issue(Backend *backend, StoreRequest *request) {
        Login *login = request->n_logins > 0 ? request->logins[0] : NULL;
        int r;

        r = key_check(backend, request);
        if (r == 0)
                r = earlier_discard(backend, request);
        if (r != 0)
                return r;
        if (login)
                login->epoch = epoch_next(backend);
        r = issue_check(backend, request, login);
        return r != 0 ? r : issue_insert(backend, request, login);
}

/* Somebody uses a refresh token that was used before: a thief or its victim, so all of them stop
 * (RFC 9700 section 4.14.2). */
static int family_revoke(Backend *backend, StoreRequest *request, const Token *token) {
        _cleanup_(login_freep) Login *login = NULL;
        int r;

        r = login_load(backend, token->login, &login);
        if (r == REASON_LOGIN_UNKNOWN)
                return REASON_INVALID_GRANT;
        if (r != 0)
                return r;
        free(TAKE_PTR(request->key.text));
        request->key.text = strdup(login->id);
        if (!request->key.text)
                return -ENOMEM;
        r = login_end(backend, login, request);
        if (r < 0)
                return r;
        request->family_revoked = true;
        return REASON_INVALID_GRANT;
}

/* The new token takes the old one's place: same owners, so the same epochs. */
static int token_succeed(Backend *backend, const Token *old, Token *token) {
        if (!streq_ptr(token->user_id, old->user_id) ||
            !streq_ptr(token->client_id, old->client_id) || !streq_ptr(token->login, old->login))
                return -EINVAL;
        token->user_epoch = old->user_epoch;
        token->client_epoch = old->client_epoch;
        token->login_epoch = old->login_epoch;
        return token_insert(backend, token);
}

static int access_tokens_end(Backend *backend, const char *login, StoreRequest *request) {
        int r;

        if (!login)
                return 0;
        r = tokens_count(backend, COUNT_LOGIN_ACCESS, login, request);
        if (r < 0)
                return r;
        r = SQL(backend, "DELETE FROM tokens WHERE login = ?1 AND kind = ?2", sql_text(login),
                sql_integer(TOKEN_ACCESS));
        if (r < 0)
                return r;
        backend->counters.tokens -= sql_changes(backend);
        return 0;
}

int run_token_rotate(Backend *backend, StoreRequest *request) {
        _cleanup_(token_unrefp) Token *old = NULL;
        int64_t age;
        int r;

        if (request->key.field != STORE_KEY_HASH)
                return -EINVAL;
        r = token_find(backend, request, true, &old);
        if (r < 0)
                return r;
        if (r > 0 || old->kind != TOKEN_REFRESH)
                return REASON_INVALID_GRANT;
        if (old->used != 0) {
                /* A clock that was turned back must not stretch the grace. */
                age = llabs(request->now - old->used);
                return age <= request->grace ? REASON_INVALID_GRANT
                                             : family_revoke(backend, request, old);
        }

        r = SQL(backend, "UPDATE tokens SET used = ?2 WHERE hash = ?1", sql_hash(&old->hash),
                sql_integer(request->now));
        if (r >= 0)
                r = access_tokens_end(backend, old->login, request);
        for (size_t i = 0; r >= 0 && i < request->n_tokens; i++)
                r = token_succeed(backend, old, request->tokens[i]);
        return r;
}

static int token_delete(Backend *backend, const Token *token, StoreRequest *request) {
        int r = token_remove(backend, token);

        if (r < 0)
                return r;
        request->n_affected = token->used == 0;
        return 0;
}

/* A used refresh token still names its family: whoever revokes it wants all of it gone. */
int run_token_revoke(Backend *backend, StoreRequest *request) {
        _cleanup_(token_unrefp) Token *token = NULL;
        _cleanup_(login_freep) Login *login = NULL;
        int r;

        r = token_find(backend, request, true, &token);
        if (r != 0)
                return r;
        if (token->kind == TOKEN_REFRESH && token->login)
                r = login_load(backend, token->login, &login);
        if (r < 0)
                return r;
        r = login ? login_end(backend, login, request) : token_delete(backend, token, request);
        return r < 0 ? r : token_give(request, &token);
}

int run_touch(Backend *backend, StoreRequest *request) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < request->n_touches; i++)
                r = SQL(backend,
                        "UPDATE tokens SET last_used = ?2 WHERE hash = ?1 AND last_used < ?2",
                        sql_hash(&request->touches[i].hash),
                        sql_integer(request->touches[i].used));
        return r;
}

/* Every owner gets a new epoch; the clients' graves, with those of clients that are gone already,
 * cover all rows, each of which has a client. */
int run_revoke_all(Backend *backend, StoreRequest *request) {
        SqlValue epoch;
        int r;

        r = tokens_count(backend, COUNT_ALL, NULL, request);
        if (r < 0)
                return r;
        epoch = sql_integer(epoch_next(backend));
        r = SQL(backend, "UPDATE users SET epoch = ?1", epoch);
        if (r >= 0)
                r = SQL(backend, "UPDATE clients SET epoch = ?1", epoch);
        if (r >= 0)
                r = SQL(backend, "DELETE FROM logins");
        if (r >= 0)
                r = SQL(backend, "DELETE FROM graves WHERE kind <> ?1", sql_integer(GRAVE_CLIENT));
        if (r >= 0)
                r = SQL(backend,
                        "INSERT INTO graves(kind, owner, epoch)"
                        " SELECT ?1, id, epoch FROM clients WHERE epoch = ?2"
                        " ON CONFLICT (kind, owner) DO UPDATE SET epoch = excluded.epoch",
                        sql_integer(GRAVE_CLIENT), epoch);
        if (r < 0)
                return r;
        backend->counters.logins = 0;
        return 0;
}
