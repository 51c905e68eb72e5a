/* Prepared statements, the values that go into them and the rows that come out.
 *
 * Every text of SQL is a literal of the program, so its address names it and its prepared form is
 * kept until the connection closes. SQLite's results leave here as negative errnos, by one
 * table. */

#include "store/sqlite-statement.h"

#include <errno.h>
#include <sqlite3.h>

#include "store/sqlite-backend.h"

static const struct {
        int code; /* primary, or extended: these come first */
        int error;
} errors[] = {
        { SQLITE_IOERR_NOMEM, -ENOMEM },   { SQLITE_BUSY, -EBUSY },
        { SQLITE_LOCKED, -EBUSY },         { SQLITE_NOMEM, -ENOMEM },
        { SQLITE_READONLY, -EROFS },       { SQLITE_IOERR, -EIO },
        { SQLITE_FULL, -ENOSPC },          { SQLITE_CORRUPT, -EUCLEAN },
        { SQLITE_NOTADB, -EUCLEAN },       { SQLITE_FORMAT, -EUCLEAN },
        { SQLITE_PERM, -EACCES },          { SQLITE_AUTH, -EACCES },
        { SQLITE_CONSTRAINT, -EEXIST },    { SQLITE_TOOBIG, -E2BIG },
        { SQLITE_INTERRUPT, -ECANCELED },  { SQLITE_PROTOCOL, -EBUSY },
        { SQLITE_NOLFS, -EFBIG },
};

static int to_errno(sqlite3 *db, int code) {
        int system = db ? sqlite3_system_errno(db) : 0;

        /* What the system said is better than "can't open". */
        if ((code & 0xff) == SQLITE_CANTOPEN)
                return system > 0 ? -system : -EIO;
        for (size_t i = 0; i < ELEMENTSOF(errors); i++)
                if (errors[i].code == code || errors[i].code == (code & 0xff))
                        return errors[i].error;
        return -ENOTRECOVERABLE;
}

int sql_error(const Backend *backend, int code) {
        return to_errno(backend->db, code);
}

/* The kept statement of this text, prepared when it is first asked for. */
static int statement_get(Backend *backend, const char *sql, sqlite3_stmt **ret) {
        SqlKept *kept;
        int code;

        for (size_t i = 0; i < backend->n_kept; i++)
                if (backend->kept[i].sql == sql) {
                        *ret = backend->kept[i].statement;
                        return 0;
                }

        kept = reallocarray(backend->kept, backend->n_kept + 1, sizeof(*kept));
        if (!kept)
                return -ENOMEM;
        backend->kept = kept;

        code = sqlite3_prepare_v3(backend->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
        if (code != SQLITE_OK)
                return sql_error(backend, code);
        backend->kept[backend->n_kept++] = (SqlKept){ .sql = sql, .statement = *ret };
        return 0;
}

static int bind(sqlite3_stmt *statement, int index, const SqlValue *value) {
        switch (value->type) {
        case SQL_TYPE_NULL:
                return sqlite3_bind_null(statement, index);
        case SQL_TYPE_INTEGER:
                return sqlite3_bind_int64(statement, index, value->number);
        case SQL_TYPE_TEXT:
                return sqlite3_bind_text64(statement, index, value->data, value->size,
                                           SQLITE_STATIC, SQLITE_UTF8);
        case SQL_TYPE_BLOB:
                return sqlite3_bind_blob64(statement, index, value->data, value->size,
                                           SQLITE_STATIC);
        }
        return SQLITE_MISUSE;
}

int query_open(Query *query, Backend *backend, const char *sql, const SqlValue *values,
               size_t n_values) {
        sqlite3_stmt *statement;
        int r, code;

        query_done(query);
        r = statement_get(backend, sql, &statement);
        if (r < 0)
                return r;
        query->statement = statement;
        for (size_t i = 0; i < n_values; i++) {
                code = bind(statement, (int)i + 1, &values[i]);
                if (code != SQLITE_OK)
                        return sql_error(backend, code);
        }
        return 0;
}

int query_next(Query *query) {
        int code = sqlite3_step(query->statement);

        if (code == SQLITE_ROW)
                return 1;
        if (code == SQLITE_DONE)
                return 0;
        return to_errno(sqlite3_db_handle(query->statement), code);
}

void query_done(Query *query) {
        if (!query->statement)
                return;
        sqlite3_reset(query->statement);
        sqlite3_clear_bindings(query->statement);
        query->statement = NULL;
}

int64_t query_integer(const Query *query, int column) {
        return sqlite3_column_int64(query->statement, column);
}

bool query_is_null(const Query *query, int column) {
        return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

int query_text(const Query *query, int column, char **ret) {
        const char *text;
        char *copy;

        if (query_is_null(query, column)) {
                *ret = NULL;
                return 0;
        }
        text = (const char *)sqlite3_column_text(query->statement, column);
        copy = text ? strdup(text) : NULL;
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

int query_secret(const Query *query, int column, Secret *ret) {
        const void *text;

        if (query_is_null(query, column)) {
                secret_clear(ret);
                return 0;
        }
        text = sqlite3_column_text(query->statement, column);
        if (!text)
                return -ENOMEM;
        return secret_set(ret, text, (size_t)sqlite3_column_bytes(query->statement, column));
}

int query_hash(const Query *query, int column, TokenHash *ret) {
        const void *bytes = sqlite3_column_blob(query->statement, column);

        if (!bytes || sqlite3_column_bytes(query->statement, column) != TOKEN_HASH_SIZE)
                return -EUCLEAN;
        memcpy(ret->bytes, bytes, TOKEN_HASH_SIZE);
        return 0;
}

/* Words of a vector stand in lines: roles and group names may have any other character. */
#define SQL_SEPARATOR "\n"

int query_strv(const Query *query, int column, char ***ret) {
        const char *text;

        if (query_is_null(query, column)) {
                *ret = NULL;
                return 0;
        }
        text = (const char *)sqlite3_column_text(query->statement, column);
        if (!text)
                return -ENOMEM;
        return strv_split(text, SQL_SEPARATOR, ret);
}

int sql_join(char *const *strv, char **ret) {
        if (!strv) {
                *ret = NULL;
                return 0;
        }
        return strv_join(strv, SQL_SEPARATOR, ret);
}

int query_texts(const Query *query, int first, char **const *rets, size_t n_rets) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n_rets; i++)
                r = query_text(query, first + (int)i, rets[i]);
        return r;
}

int sql_run(Backend *backend, const char *sql, const SqlValue *values, size_t n_values) {
        _cleanup_(query_done) Query query = { 0 };
        int r;

        r = query_open(&query, backend, sql, values, n_values);
        if (r < 0)
                return r;
        r = query_next(&query);
        return r < 0 ? r : 0;
}

int sql_number(Backend *backend, const char *sql, const SqlValue *values, size_t n_values,
               int64_t *ret) {
        _cleanup_(query_done) Query query = { 0 };
        int r;

        r = query_open(&query, backend, sql, values, n_values);
        if (r < 0)
                return r;
        r = query_next(&query);
        if (r <= 0)
                return r;
        if (query_is_null(&query, 0))
                return 0;
        *ret = query_integer(&query, 0);
        return 1;
}

int64_t sql_changes(const Backend *backend) {
        return sqlite3_changes64(backend->db);
}

int sql_script(Backend *backend, const char *sql) {
        int code = sqlite3_exec(backend->db, sql, NULL, NULL, NULL);

        return code == SQLITE_OK ? 0 : sql_error(backend, sqlite3_extended_errcode(backend->db));
}
