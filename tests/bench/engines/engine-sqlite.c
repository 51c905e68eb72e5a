/* SQLite as tokend sets it up: write-ahead log, each commit synced, checkpoints behind the commits
 * (here on the same thread, and timed). */

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"

enum { BEGIN, COMMIT, INSERT, SELECT, _MAX };

static sqlite3 *database;
static sqlite3_stmt *statements[_MAX];

static const char *const texts[_MAX] = {
        [BEGIN] = "BEGIN IMMEDIATE",
        [COMMIT] = "COMMIT",
        [INSERT] = "INSERT INTO tokens VALUES(?, ?, ?, ?, ?)",
        [SELECT] = "SELECT value FROM tokens WHERE hash = ?",
};

static void check(int r, const char *what) {
        if (r != SQLITE_OK)
                die("%s: %s", what, sqlite3_errmsg(database));
}

void engine_open(const char *folder) {
        char path[4096];

        snprintf(path, sizeof(path), "%s/tokens.db", folder);
        check(sqlite3_open(path, &database), path);
        check(sqlite3_exec(database,
                           "PRAGMA journal_mode = WAL;"
                           "PRAGMA synchronous = FULL;"
                           "PRAGMA cache_size = -16384;"
                           "PRAGMA wal_autocheckpoint = 4000;"
                           "CREATE TABLE IF NOT EXISTS tokens("
                           " hash BLOB NOT NULL PRIMARY KEY,"
                           " owner BLOB NOT NULL,"
                           " created BIGINT NOT NULL,"
                           " expires BIGINT NOT NULL,"
                           " value BLOB NOT NULL) WITHOUT ROWID;"
                           "CREATE INDEX IF NOT EXISTS by_owner ON tokens(owner, created, hash);"
                           "CREATE INDEX IF NOT EXISTS by_expiry ON tokens(expires, hash);",
                           NULL, NULL, NULL),
              "schema");
        for (size_t i = 0; i < _MAX; i++)
                check(sqlite3_prepare_v2(database, texts[i], -1, &statements[i], NULL), texts[i]);
}

static int step(size_t i) {
        int r = sqlite3_step(statements[i]);

        if (r != SQLITE_ROW && r != SQLITE_DONE)
                die("%s: %s", texts[i], sqlite3_errmsg(database));
        sqlite3_reset(statements[i]);
        return r;
}

void engine_commit(const Row *rows, size_t n) {
        sqlite3_stmt *insert = statements[INSERT];

        step(BEGIN);
        for (size_t i = 0; i < n; i++) {
                sqlite3_bind_blob(insert, 1, rows[i].hash, HASH_SIZE, SQLITE_STATIC);
                sqlite3_bind_blob(insert, 2, rows[i].owner, OWNER_SIZE, SQLITE_STATIC);
                sqlite3_bind_int64(insert, 3, (int64_t)rows[i].created);
                sqlite3_bind_int64(insert, 4, (int64_t)rows[i].expires);
                sqlite3_bind_blob(insert, 5, rows[i].value, VALUE_SIZE, SQLITE_STATIC);
                step(INSERT);
        }
        step(COMMIT);
}

int engine_look_up(const uint8_t *hash) {
        sqlite3_bind_blob(statements[SELECT], 1, hash, HASH_SIZE, SQLITE_STATIC);
        return step(SELECT) == SQLITE_ROW;
}

void engine_close(void) {
        for (size_t i = 0; i < _MAX; i++)
                sqlite3_finalize(statements[i]);
        sqlite3_close(database);
}
