/* Pages of live tokens, newest first.
 *
 * The place behind a page is the creation time and the id of its last token, so that tokens that
 * come or go do not shift the next page. Each order of rows is an index's own: nothing is sorted
 * but the few pages that the accounts below one user have on offer. */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "store/sqlite-backend.h"
#include "wire/reason.h"

/* ?1 now, ?2 and ?3 the place to go on behind, ?4 rows, ?5 user, ?6 client, ?7 login, ?8 access
 * tokens only. What leads to the rows names its owner and the epoch, the rest is compared. */
#define BEHIND                                                                                     \
        SQL_LIVE " AND (t.created, t.hash) < (?2, ?3)"                                             \
                 " AND (?5 IS NULL OR t.user_id = ?5)"                                             \
                 " AND (?6 IS NULL OR t.client_id = ?6)"                                           \
                 " AND (?7 IS NULL OR t.login = ?7)"                                               \
                 " AND (?8 = 0 OR t.kind = 0)"
#define NEWEST " ORDER BY t.created DESC, t.hash DESC LIMIT ?4"
#define ROWS   "SELECT " TOKEN_COLUMNS " FROM " TOKEN_SOURCE " WHERE "

static const char by_login[] = ROWS "t.login = ?7 AND " BEHIND NEWEST;
static const char by_user[] =
        ROWS "t.user_id = ?5 AND t.user_epoch = (SELECT epoch FROM users WHERE id = ?5) AND " BEHIND
             NEWEST;
static const char by_client[] =
        ROWS "t.client_id = ?6 AND t.client_epoch = (SELECT epoch FROM clients WHERE id = ?6)"
             " AND " BEHIND NEWEST;
static const char by_age[] = ROWS BEHIND NEWEST;
/* The newest of each account, then the newest of those. */
static const char by_family[] =
        "SELECT " TOKEN_COLUMNS " FROM users u CROSS JOIN tokens t"
        " WHERE (u.id = ?5 OR u.parent_id = ?5) AND t.hash IN ("
        "SELECT t.hash FROM tokens t WHERE t.user_id = u.id AND t.user_epoch = u.epoch"
        " AND " SQL_LIVE " AND (t.created, t.hash) < (?2, ?3) AND (?6 IS NULL OR t.client_id = ?6)"
        " AND (?7 IS NULL OR t.login = ?7) AND (?8 = 0 OR t.kind = 0)" NEWEST ")" NEWEST;

/* A place is 16 digits of time and the id. */
#define PLACE_TIME_SIZE 8
#define PLACE_ID_SIZE   (TOKEN_ID_SIZE / 2)
#define PLACE_SIZE      (PLACE_TIME_SIZE + PLACE_ID_SIZE)

static int place_parse(const char *cursor, int64_t *ret_created, TokenHash *ret_hash) {
        uint8_t place[PLACE_SIZE];
        TokenHash hash = { 0 };
        uint64_t created;

        if (!cursor) {
                *ret_created = INT64_MAX;
                *ret_hash = (TokenHash){ 0 };
                return 0;
        }
        if (strlen(cursor) != 2 * PLACE_SIZE || hex_decode(cursor, place, sizeof(place)) < 0)
                return REASON_INVALID_VALUE;
        memcpy(&created, place, PLACE_TIME_SIZE);
        memcpy(hash.bytes, place + PLACE_TIME_SIZE, PLACE_ID_SIZE);
        *ret_created = (int64_t)be64toh(created);
        *ret_hash = hash;
        return 0;
}

static int place_format(const Token *token, char **ret) {
        uint64_t created = htobe64((uint64_t)token->created);
        uint8_t place[PLACE_SIZE];
        char *cursor;

        memcpy(place, &created, PLACE_TIME_SIZE);
        memcpy(place + PLACE_TIME_SIZE, token->hash.bytes, PLACE_ID_SIZE);
        cursor = malloc(2 * PLACE_SIZE + 1);
        if (!cursor)
                return -ENOMEM;
        hex_encode(place, sizeof(place), cursor);
        *ret = cursor;
        return 0;
}

/* A uid means its user; nobody has it: an empty page. */
static int resolve_uid(Backend *backend, TokenFilter *filter) {
        _cleanup_(query_done) Query query = { 0 };
        _cleanup_(freep) char *id = NULL;
        int r;

        if (filter->uid == UID_NONE)
                return 1;
        r = QUERY(&query, backend, "SELECT id FROM users WHERE uid = ?1", sql_integer(filter->uid));
        if (r >= 0)
                r = query_next(&query);
        if (r <= 0)
                return r;
        r = query_text(&query, 0, &id);
        if (r < 0)
                return r;
        if (filter->user_id && !streq(filter->user_id, id))
                return 0;
        if (!filter->user_id)
                filter->user_id = TAKE_PTR(id);
        return 1;
}

static const char *way(const TokenFilter *filter) {
        if (filter->user_id && filter->with_sub_accounts)
                return by_family;
        if (filter->login)
                return by_login;
        if (filter->user_id)
                return by_user;
        return filter->client_id ? by_client : by_age;
}

static int page_read(Query *query, StoreRequest *request, unsigned limit) {
        int r;

        while ((r = query_next(query)) > 0) {
                _cleanup_(token_unrefp) Token *token = NULL;

                if (request->n_tokens == limit)
                        return place_format(request->tokens[limit - 1], &request->cursor);
                r = token_read(query, &token);
                if (r >= 0)
                        r = token_give(request, &token);
                if (r < 0)
                        return r;
        }
        return r;
}

int run_token_list(Backend *backend, StoreRequest *request) {
        _cleanup_(query_done) Query query = { 0 };
        const TokenFilter *filter = &request->filter;
        unsigned limit = page_limit(request->limit);
        TokenHash hash;
        int64_t created;
        int r;

        r = place_parse(request->cursor, &created, &hash);
        if (r != 0)
                return r;
        free(TAKE_PTR(request->cursor));
        r = resolve_uid(backend, &request->filter);
        if (r <= 0)
                return r;
        r = QUERY(&query, backend, way(filter), sql_integer(backend->expired_by),
                  sql_integer(created), sql_hash(&hash), sql_integer((int64_t)limit + 1),
                  sql_text(filter->user_id),
                  sql_text(filter->client_id), sql_text(filter->login),
                  sql_integer(filter->access_only));
        if (r < 0)
                return r;
        return page_read(&query, request, limit);
}
