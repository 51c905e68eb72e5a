/* What the store's own statements take without the daemon: the same backend, on one thread, without
 * queues, wake-ups and HTTP. What was measured is one JSON object on the standard output.
 *
 *     store look-up DATABASE SEEDED N PAUSE   N look-ups at random among SEEDED tokens of seed.c,
 *                                             each PAUSE µs after the other: processors that have
 *                                             slept are slower, and those of servers sleep
 *     store issue DATABASE CLIENT B T N USERS N commits, each of B requests for T tokens of CLIENT,
 *                                             for one after the other of so many users (0: its own)
 *     store insert DATABASE CLIENT B N        N commits, each of B rows: nothing but the INSERT
 *     store sweep DATABASE B N                N commits, each removing B rows that expire
 *                                             within a year
 *
 * DATABASE is one that tokend made and that no tokend holds. Only the store's work is timed, not
 * the making of the requests.
 */

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "figures.h"
#include "seeded.h"
#include "store/backend.h"
#include "wire/cleanup.h"

static const BackendOps *const ops = &backend_sqlite;

/* What was timed; pauses are in all but each. */
typedef struct Figures {
        int64_t nsec, cpu_nsec;
        int64_t *each; /* ns */
        size_t n_each, n_rows;
} Figures;

static void figures_begin(Figures *figures) {
        figures->nsec -= nsec_of(CLOCK_MONOTONIC);
        figures->cpu_nsec -= nsec_of(CLOCK_PROCESS_CPUTIME_ID);
}

static void figures_end(Figures *figures, size_t n_rows) {
        figures->nsec += nsec_of(CLOCK_MONOTONIC);
        figures->cpu_nsec += nsec_of(CLOCK_PROCESS_CPUTIME_ID);
        figures->n_rows += n_rows;
}

/* One look-up, or one commit. */
static void figures_note(Figures *figures, int64_t began) {
        figures->each[figures->n_each++] = nsec_of(CLOCK_MONOTONIC) - began;
}

static void figures_print(Figures *figures) {
        printf("{\"rows\": %zu, \"seconds\": %.6f, \"per_second\": %.1f, \"row_usec\": %.3f, "
               "\"cpu_usec\": %.3f, ",
               figures->n_rows, (double)figures->nsec / 1e9,
               (double)figures->n_rows / ((double)figures->nsec / 1e9),
               (double)figures->nsec / 1e3 / (double)figures->n_rows,
               (double)figures->cpu_nsec / 1e3 / (double)figures->n_rows);
        usec_print(figures->each, figures->n_each);
        puts("}");
}

static size_t number(const char *text) {
        int64_t value;

        if (parse_int64(text, &value) < 0 || value < 1)
                die("%s: a number from 1", text);
        return (size_t)value;
}

static Backend *open_store(const char *path, bool read_only) {
        _cleanup_(freep) char *message = NULL;
        Backend *backend;
        int r;

        r = ops->open(path, &clock_system, read_only, &backend, &message);
        if (r < 0)
                die("%s: %s", path, message ?: strerror(-r));
        return backend;
}

static void run(Backend *backend, StoreRequest *request) {
        int r = ops->run(backend, request);

        if (r < 0 || request->result != 0)
                die("%s: %d, %d", store_verb_info(request->verb)->name, r, request->result);
}

static StoreRequest *request_for(enum StoreVerb verb) {
        StoreRequest *request = store_request_new(verb);

        if (!request)
                die("no memory");
        request->now = clock_realtime(&clock_system);
        return request;
}

/* Requests are made beforehand, so many at a time. */
#define LOOK_UPS 1000U

static void look_up(char **arguments, Figures *figures) {
        Backend *backend = open_store(arguments[0], true);
        size_t n_seeded = number(arguments[1]), n = number(arguments[2]);
        struct timespec pause = { 0, atol(arguments[3]) * 1000 };
        StoreRequest *requests[LOOK_UPS];

        prctl(PR_SET_TIMERSLACK, 1UL);
        figures->each = calloc(n, sizeof(*figures->each));
        for (size_t done = 0; done < n; done += LOOK_UPS) {
                size_t n_requests = n - done < LOOK_UPS ? n - done : LOOK_UPS;

                for (size_t i = 0; i < n_requests; i++) {
                        requests[i] = request_for(STORE_TOKEN_GET);
                        requests[i]->key.field = STORE_KEY_HASH;
                        seeded_hash((size_t)random() % n_seeded, &requests[i]->key.hash);
                }
                figures_begin(figures);
                for (size_t i = 0; i < n_requests; i++) {
                        int64_t began;

                        if (pause.tv_nsec > 0)
                                nanosleep(&pause, NULL);
                        began = nsec_of(CLOCK_MONOTONIC);
                        run(backend, requests[i]);
                        figures_note(figures, began);
                }
                figures_end(figures, n_requests);
                for (size_t i = 0; i < n_requests; i++)
                        store_request_free(requests[i]);
        }
        ops->close(backend);
}

static Client *client_find(Backend *backend, const char *id) {
        _cleanup_(store_request_freep) StoreRequest *request = request_for(STORE_CLIENT_GET);

        request->key.text = strdup(id);
        run(backend, request);
        return TAKE_PTR(request->clients[0]);
}

/* The first ones by name; 0: none. */
static StoreRequest *users_find(Backend *backend, const char *count) {
        StoreRequest *request = request_for(STORE_USER_LIST);

        if (streq(count, "0"))
                return request;
        request->limit = (unsigned)number(count);
        run(backend, request);
        if (request->n_users != request->limit)
                die("%zu users, not %s", request->n_users, count);
        return request;
}

/* As the client credentials grant and the enterprise API make one. */
static Token *token_make(const Client *client, const User *user) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        Token *token = token_new();

        if (!token || token_text_generate(&text, &token->hash) < 0)
                die("no token");
        token->client_id = strdup(client->id);
        token->grant = strdup(user ? "issue" : "client_credentials");
        token->user_id = user ? strdup(user->id) : NULL;
        token->user_epoch = user ? user->epoch : 0;
        token->created = clock_realtime(&clock_system);
        token->expires = token->created + 7 * 24 * 3600 * USEC_PER_SEC;
        token->client_epoch = client->epoch;
        return token;
}

static void check(int r, const char *what) {
        if (r < 0)
                die("%s: %s", what, strerror(-r));
}

static void commit_requests(Backend *backend, StoreRequest **requests, size_t n, size_t n_rows,
                            Figures *figures) {
        int64_t began;

        figures_begin(figures);
        began = nsec_of(CLOCK_MONOTONIC);
        check(ops->begin(backend), "begin");
        for (size_t i = 0; i < n; i++)
                run(backend, requests[i]);
        check(ops->commit(backend), "commit");
        ops->settle(backend);
        figures_note(figures, began);
        figures_end(figures, n_rows);
}

static void issue(char **arguments, Figures *figures) {
        Backend *backend = open_store(arguments[0], false);
        _cleanup_(client_unrefp) Client *client = client_find(backend, arguments[1]);
        size_t n_requests = number(arguments[2]), n_tokens = number(arguments[3]);
        size_t n_commits = number(arguments[4]), n_made = 0;
        _cleanup_(store_request_freep) StoreRequest *owners = users_find(backend, arguments[5]);
        StoreRequest **requests = calloc(n_requests, sizeof(StoreRequest *));

        figures->each = calloc(n_commits, sizeof(*figures->each));
        for (size_t i = 0; i < n_commits; i++) {
                for (size_t k = 0; k < n_requests; k++) {
                        requests[k] = request_for(STORE_TOKEN_ISSUE);
                        for (size_t t = 0; t < n_tokens; t++, n_made++) {
                                const User *user = owners->n_users > 0
                                                                   ? owners->users[n_made %
                                                                                   owners->n_users]
                                                                   : NULL;
                                store_request_take_token(requests[k], token_make(client, user));
                        }
                }
                commit_requests(backend, requests, n_requests, n_requests * n_tokens, figures);
                for (size_t k = 0; k < n_requests; k++)
                        store_request_free(requests[k]);
        }
        free(requests);
        ops->close(backend);
}

static void sql(sqlite3 *db, const char *text) {
        if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
                die("%s: %s", text, sqlite3_errmsg(db));
}

static void row_insert(sqlite3_stmt *statement, const Token *token) {
        sqlite3_bind_blob(statement, 1, token->hash.bytes, TOKEN_HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, token->client_id, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 3, token->grant, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 4, token->created);
        sqlite3_bind_int64(statement, 5, token->expires);
        sqlite3_bind_int64(statement, 6, token->client_epoch);
        if (sqlite3_step(statement) != SQLITE_DONE)
                die("insert: %s", sqlite3_errmsg(sqlite3_db_handle(statement)));
        sqlite3_reset(statement);
}

/* The connection is set up as the daemon's; the counters of its meta table are not kept here. */
static sqlite3 *connect_as_daemon(const char *path) {
        sqlite3 *db;

        if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
            SQLITE_OK)
                die("%s: %s", path, sqlite3_errmsg(db));
        sql(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;"
                "PRAGMA secure_delete = FAST; PRAGMA cell_size_check = ON;"
                "PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000;");
        return db;
}

static void insert(char **arguments, Figures *figures) {
        Backend *backend = open_store(arguments[0], true);
        _cleanup_(client_unrefp) Client *client = client_find(backend, arguments[1]);
        size_t n_rows = number(arguments[2]), n_commits = number(arguments[3]);
        Token **tokens = calloc(n_rows, sizeof(Token *));
        sqlite3_stmt *statement;
        sqlite3 *db;

        ops->close(backend);
        db = connect_as_daemon(arguments[0]);
        if (sqlite3_prepare_v2(db,
                               "INSERT INTO tokens(hash, kind, client_id, grant_type, created,"
                               " expires, used, last_used, user_epoch, client_epoch, login_epoch)"
                               " VALUES (?1, 0, ?2, ?3, ?4, ?5, 0, 0, 0, ?6, 0)",
                               -1, &statement, NULL) != SQLITE_OK)
                die("%s", sqlite3_errmsg(db));
        figures->each = calloc(n_commits, sizeof(*figures->each));
        for (size_t i = 0; i < n_commits; i++) {
                int64_t began;

                for (size_t k = 0; k < n_rows; k++)
                        tokens[k] = token_make(client, NULL);
                figures_begin(figures);
                began = nsec_of(CLOCK_MONOTONIC);
                sql(db, "BEGIN IMMEDIATE");
                for (size_t k = 0; k < n_rows; k++)
                        row_insert(statement, tokens[k]);
                sql(db, "COMMIT");
                figures_note(figures, began);
                figures_end(figures, n_rows);
                for (size_t k = 0; k < n_rows; k++)
                        token_unref(tokens[k]);
        }
        sqlite3_finalize(statement);
        free(tokens);
        sqlite3_close(db);
}

static void sweep(char **arguments, Figures *figures) {
        Backend *backend = open_store(arguments[0], false);
        size_t n_rows = number(arguments[1]), n_commits = number(arguments[2]);

        figures->each = calloc(n_commits, sizeof(*figures->each));
        for (size_t i = 0; i < n_commits; i++) {
                StoreRequest *request = request_for(STORE_SWEEP);

                request->now += 365 * 24 * 3600 * USEC_PER_SEC;
                request->limit = (unsigned)n_rows;
                commit_requests(backend, &request, 1, n_rows, figures);
                if (request->n_affected != n_rows)
                        die("%" PRIu64 " rows were left", request->n_affected);
                store_request_free(request);
        }
        ops->close(backend);
}

static const struct {
        const char *name;
        int n_arguments;
        void (*measure)(char **arguments, Figures *figures);
} measures[] = {
        { "look-up", 4, look_up },
        { "issue", 6, issue },
        { "insert", 4, insert },
        { "sweep", 3, sweep },
};

int main(int argc, char **argv) {
        for (size_t i = 0; argc > 1 && i < ELEMENTSOF(measures); i++) {
                Figures figures = { 0 };

                if (!streq(argv[1], measures[i].name) || argc != measures[i].n_arguments + 2)
                        continue;
                measures[i].measure(argv + 2, &figures);
                figures_print(&figures);
                free(figures.each);
                return 0;
        }
        fputs("usage: store look-up DATABASE SEEDED N PAUSE\n"
              "       store issue DATABASE CLIENT REQUESTS TOKENS COMMITS USERS\n"
              "       store insert DATABASE CLIENT ROWS COMMITS\n"
              "       store sweep DATABASE ROWS COMMITS\n",
              stderr);
        return 2;
}
