#pragma once

/* SQL, its values and its rows, for the verbs of the SQLite store: the layer that knows
 * SQLite's own interface. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/token.h"
#include "wire/text.h"

typedef struct Backend Backend;

enum SqlType { SQL_TYPE_NULL, SQL_TYPE_INTEGER, SQL_TYPE_TEXT, SQL_TYPE_BLOB };

typedef struct SqlValue {
        enum SqlType type;
        int64_t number;
        const void *data; /* borrowed until the query is done */
        size_t size;
} SqlValue;

static inline SqlValue sql_integer(int64_t number) {
        return (SqlValue){ .type = SQL_TYPE_INTEGER, .number = number };
}
static inline SqlValue sql_blob(const void *data, size_t size) {
        return (SqlValue){ .type = SQL_TYPE_BLOB, .data = data, .size = size };
}
static inline SqlValue sql_hash(const TokenHash *hash) {
        return sql_blob(hash->bytes, sizeof(hash->bytes));
}
/* NULL is NULL. */
static inline SqlValue sql_text(const char *text) {
        if (!text)
                return (SqlValue){ .type = SQL_TYPE_NULL };
        return (SqlValue){ .type = SQL_TYPE_TEXT, .data = text, .size = strlen(text) };
}
/* Empty is NULL. */
static inline SqlValue sql_secret(const Secret *secret) {
        if (secret_is_empty(secret))
                return (SqlValue){ .type = SQL_TYPE_NULL };
        return (SqlValue){ .type = SQL_TYPE_TEXT, .data = secret->text, .size = secret->size };
}

/* A statement that runs. One of each text at a time. */
typedef struct Query {
        void *statement;
} Query;

/* sql must be a literal: its prepared form is kept for as long as the backend. Parameters are ?1,
 * ?2 … in the order of values. 0 or a negative errno. */
int query_open(Query *query, Backend *backend, const char *sql, const SqlValue *values,
               size_t n_values);
#define QUERY(query, backend, sql, ...)                                                            \
        query_open(query, backend, sql, (SqlValue[]){ __VA_ARGS__ },                               \
                   sizeof((SqlValue[]){ __VA_ARGS__ }) / sizeof(SqlValue))
/* 1: stands on a row, 0: none left, or a negative errno (-EEXIST: a constraint). */
int query_next(Query *query);
void query_done(Query *query);

int64_t query_integer(const Query *query, int column);
bool query_is_null(const Query *query, int column);
/* Each 0 or -ENOMEM; NULL gives NULL, an empty Secret. -EUCLEAN: a hash of another size. */
int query_text(const Query *query, int column, char **ret);
int query_secret(const Query *query, int column, Secret *ret);
int query_strv(const Query *query, int column, char ***ret);
int query_hash(const Query *query, int column, TokenHash *ret);

/* One column each, from first on. */
int query_texts(const Query *query, int first, char **const *rets, size_t n_rets);

/* How vectors are kept in a column. NULL stays NULL, which is not the empty vector. */
int sql_join(char *const *strv, char **ret);

/* Runs a statement without rows. */
int sql_run(Backend *backend, const char *sql, const SqlValue *values, size_t n_values);
#define SQL(backend, sql, ...)                                                                     \
        sql_run(backend, sql, (SqlValue[]){ __VA_ARGS__ },                                         \
                sizeof((SqlValue[]){ __VA_ARGS__ }) / sizeof(SqlValue))
/* The first column of the first row: 1 and *ret, 0 when there is no row or it is NULL. */
int sql_number(Backend *backend, const char *sql, const SqlValue *values, size_t n_values,
               int64_t *ret);
#define SQL_NUMBER(ret, backend, sql, ...)                                                         \
        sql_number(backend, sql, (SqlValue[]){ __VA_ARGS__ },                                      \
                   sizeof((SqlValue[]){ __VA_ARGS__ }) / sizeof(SqlValue), ret)
/* Rows that the last change touched. */
int64_t sql_changes(const Backend *backend);

/* Several statements without values, not kept. */
int sql_script(Backend *backend, const char *sql);
/* A result of SQLite's as a negative errno. */
int sql_error(const Backend *backend, int code);
