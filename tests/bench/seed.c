/* Writes live tokens straight into a database that tokend made and that no tokend holds.
 *
 *     seed DATABASE TOKENS MANY EXPIRES
 *
 * TOKENS tokens, known by their number (seeded.h), which all expire at EXPIRES (s UTC); 0: in 30
 * days, each some µs after the other. The users and clients that tokend made own them: the user
 * "few" has the first 100, "many" the next MANY, of the rest every tenth is a client's own, and the
 * other users share what remains.
 *
 * Rows go in by the order of their hashes and the indexes are made anew behind them, by their own
 * SQL: so 10,000,000 take minutes. Killed in the middle it leaves a database of no use.
 */

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "figures.h"
#include "seeded.h"
#include "wire/text.h"

#define FEW_TOKENS  100
#define CLIENTS     10 /* every tenth is a client's own */
#define OWNERS_MAX  100000
#define INDEXES_MAX 32

typedef struct Seed {
        TokenHash hash;
        uint32_t number;
} Seed;

typedef struct Owner {
        char *id;
        int64_t epoch;
} Owner;

static struct {
        sqlite3 *db;
        Owner few, many, *others, *clients;
        size_t n_others, n_clients, n_many;
} seeding;

static void sql(const char *text) {
        if (sqlite3_exec(seeding.db, text, NULL, NULL, NULL) != SQLITE_OK)
                die("%s: %s", text, sqlite3_errmsg(seeding.db));
}

static sqlite3_stmt *prepare(const char *text) {
        sqlite3_stmt *statement;

        if (sqlite3_prepare_v2(seeding.db, text, -1, &statement, NULL) != SQLITE_OK)
                die("%s: %s", text, sqlite3_errmsg(seeding.db));
        return statement;
}

static Owner *owners_read(const char *text, size_t *ret_n) {
        sqlite3_stmt *statement = prepare(text);
        Owner *owners = calloc(OWNERS_MAX, sizeof(*owners));
        size_t n = 0;

        while (owners && n < OWNERS_MAX && sqlite3_step(statement) == SQLITE_ROW)
                owners[n++] = (Owner){ strdup((const char *)sqlite3_column_text(statement, 0)),
                                       sqlite3_column_int64(statement, 1) };
        sqlite3_finalize(statement);
        if (n == 0)
                die("nobody: %s", text);
        *ret_n = n;
        return owners;
}

static void owners_find(void) {
        size_t n;

        seeding.few = *owners_read("SELECT id, epoch FROM users WHERE name = 'few'", &n);
        seeding.many = *owners_read("SELECT id, epoch FROM users WHERE name = 'many'", &n);
        seeding.others = owners_read("SELECT id, epoch FROM users"
                                     " WHERE name NOT IN ('few', 'many') ORDER BY name",
                                     &seeding.n_others);
        seeding.clients = owners_read("SELECT id, epoch FROM clients ORDER BY id",
                                      &seeding.n_clients);
}

static int compare(const void *a, const void *b) {
        return memcmp(((const Seed *)a)->hash.bytes, ((const Seed *)b)->hash.bytes,
                      TOKEN_HASH_SIZE);
}

static Seed *seeds_make(size_t n) {
        Seed *seeds = calloc(n, sizeof(*seeds));

        if (!seeds)
                die("no memory for %zu tokens", n);
        for (size_t i = 0; i < n; i++) {
                seeded_hash(i, &seeds[i].hash);
                seeds[i].number = (uint32_t)i;
        }
        qsort(seeds, n, sizeof(*seeds), compare);
        return seeds;
}

/* Whose token this is; NULL: a client's own. */
static const Owner *user_of(uint32_t number) {
        if (number < FEW_TOKENS)
                return &seeding.few;
        if (number < FEW_TOKENS + seeding.n_many)
                return &seeding.many;
        if (number % CLIENTS == 0)
                return NULL;
        return &seeding.others[number / CLIENTS % seeding.n_others];
}

static void row_insert(sqlite3_stmt *statement, const Seed *seed, int64_t created,
                       int64_t expires) {
        const Owner *user = user_of(seed->number);
        const Owner *client = &seeding.clients[seed->number % 7 % seeding.n_clients];

        sqlite3_bind_blob(statement, 1, seed->hash.bytes, TOKEN_HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, user ? user->id : NULL, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 3, client->id, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 4, user ? "admin" : "client_credentials", -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 5, created);
        sqlite3_bind_int64(statement, 6, expires);
        sqlite3_bind_int64(statement, 7, user ? user->epoch : 0);
        sqlite3_bind_int64(statement, 8, client->epoch);
        if (sqlite3_step(statement) != SQLITE_DONE)
                die("a row: %s", sqlite3_errmsg(seeding.db));
        sqlite3_reset(statement);
}

/* The newest was made now; nothing is of the future. */
static void rows_insert(size_t n, int64_t expires) {
        const int64_t second = 1000000, now = (int64_t)time(NULL) * second;
        sqlite3_stmt *statement = prepare(
                        "INSERT INTO tokens(hash, kind, user_id, client_id, grant_type, created,"
                        " expires, used, last_used, user_epoch, client_epoch, login_epoch)"
                        " VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, ?8, 0)");
        Seed *seeds = seeds_make(n);

        for (size_t i = 0; i < n; i++) {
                int64_t created = now - (int64_t)n + seeds[i].number;

                row_insert(statement, &seeds[i], created,
                           expires > 0 ? expires * second : created + 30 * 24 * 3600 * second);
        }
        sqlite3_finalize(statement);
        free(seeds);
}

static size_t indexes_drop(char *texts[static INDEXES_MAX]) {
        sqlite3_stmt *statement =
                        prepare("SELECT 'DROP INDEX ' || name, sql FROM sqlite_master WHERE"
                                " type = 'index' AND tbl_name = 'tokens'"
                                " AND sql IS NOT NULL");
        char *drops[INDEXES_MAX];
        size_t n = 0;

        while (n < INDEXES_MAX && sqlite3_step(statement) == SQLITE_ROW) {
                drops[n] = strdup((const char *)sqlite3_column_text(statement, 0));
                texts[n++] = strdup((const char *)sqlite3_column_text(statement, 1));
        }
        sqlite3_finalize(statement);
        for (size_t i = 0; i < n; i++) {
                sql(drops[i]);
                free(drops[i]);
        }
        return n;
}

static void counter_raise(size_t n) {
        sqlite3_stmt *statement =
                        prepare("UPDATE meta SET value = value + ?1 WHERE name = 'tokens'");

        sqlite3_bind_int64(statement, 1, (int64_t)n);
        if (sqlite3_step(statement) != SQLITE_DONE || sqlite3_changes(seeding.db) != 1)
                die("no counter of tokens");
        sqlite3_finalize(statement);
}

static size_t number(const char *text, int64_t most) {
        int64_t value;

        if (parse_int64(text, &value) < 0 || value < 0 || value > most)
                die("%s: a number from 0 to %" PRId64, text, most);
        return (size_t)value;
}

int main(int argc, char **argv) {
        char *texts[INDEXES_MAX];
        size_t n, n_texts;
        int64_t expires;

        if (argc != 5) {
                fputs("usage: seed DATABASE TOKENS MANY EXPIRES\n", stderr);
                return 2;
        }
        n = number(argv[2], UINT32_MAX);
        seeding.n_many = number(argv[3], UINT32_MAX);
        expires = (int64_t)number(argv[4], UINT32_MAX);
        if (sqlite3_open_v2(argv[1], &seeding.db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
                die("%s: %s", argv[1], sqlite3_errmsg(seeding.db));
        sql("PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -1000000;"
            "PRAGMA temp_store = MEMORY;");
        owners_find();
        sql("BEGIN");
        n_texts = indexes_drop(texts);
        rows_insert(n, expires);
        counter_raise(n);
        sql("COMMIT");
        for (size_t i = 0; i < n_texts; i++) {
                sql(texts[i]);
                free(texts[i]);
        }
        sql("PRAGMA journal_mode = WAL;");
        sqlite3_close(seeding.db);
        return 0;
}
