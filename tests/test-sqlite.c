/* The SQLite store's schema, clock, errors and statements. */

#include <sqlite3.h>
#include <sys/wait.h>

#include "store-fixture.h"

static void test_newer_schema(void **state) {
        Fixture *fixture = *state;
        struct stat st;

        assert_int_equal(SQL(fixture->backend, "UPDATE meta SET value = 99 WHERE name = 'schema'"),
                         0);
        fixture_close(fixture);
        assert_int_equal(stat(fixture->path, &st), 0);
        assert_refused_and_kept(fixture, -EPROTO, st.st_size);
}

static void test_foreign_database(void **state) {
        Fixture *fixture = *state;
        struct stat st;

        assert_int_equal(sql_script(fixture->backend, "DROP TABLE meta"), 0);
        backend_sqlite.close(TAKE_PTR(fixture->reader));
        fixture->backend->writable = false;
        fixture_close(fixture);
        assert_int_equal(stat(fixture->path, &st), 0);
        assert_refused_and_kept(fixture, -EUCLEAN, st.st_size);
}

/* threats.md 48: a step that failed in its middle is undone, and done again later. */
static void test_migration_resumes(void **state) {
        static const char *const broken[] = {
                "", "", "", "CREATE TABLE second(a BIGINT)",
                "CREATE TABLE third(a BIGINT); INSERT INTO nowhere VALUES (1)",
        };
        static const char *const mended[] = {
                "", "", "", "CREATE TABLE second(a BIGINT)", "CREATE TABLE third(a BIGINT)",
        };
        Fixture *fixture = *state;
        int64_t n = 0;

        assert_true(sqlite_schema_apply(fixture->backend, broken, ELEMENTSOF(broken)) < 0);
        assert_int_equal(
                SQL_NUMBER(&n, fixture->backend, "SELECT value FROM meta WHERE name = 'schema'"),
                1);
        assert_int_equal(n, 4);
        assert_int_equal(SQL_NUMBER(&n, fixture->backend,
                                    "SELECT COUNT(*) FROM sqlite_master WHERE name = 'third'"),
                         1);
        assert_int_equal(n, 0);
        assert_int_equal(sqlite_schema_apply(fixture->backend, mended, ELEMENTSOF(mended)), 0);
        assert_int_equal(
                SQL_NUMBER(&n, fixture->backend, "SELECT value FROM meta WHERE name = 'schema'"),
                1);
        assert_int_equal(n, 5);
}

/* A store of before has its tokens, and what they lack is made. */
static void test_first_schema_is_brought_up_to_date(void **state) {
        Fixture *fixture = *state;
        int64_t n = 0;

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        issue(fixture, 1, "id-ada", CLIENT_LOCAL);
        assert_int_equal(sql_script(fixture->backend,
                                    "DROP INDEX tokens_from_token_api;"
                                    "ALTER TABLE users DROP COLUMN expires;"
                                    "ALTER TABLE users DROP COLUMN ssh_keys;"
                                    "DROP TABLE failures; DROP TABLE secrets;"
                                    "UPDATE meta SET value = 1 WHERE name = 'schema'"),
                         0);
        fixture_close(fixture);
        assert_int_equal(fixture_open(fixture), 0);
        assert_int_equal(
                SQL_NUMBER(&n, fixture->backend,
                           "SELECT COUNT(*) FROM sqlite_master WHERE name LIKE '%_token_api'"),
                1);
        assert_int_equal(n, 1);
        assert_true(is_live(fixture, 1));
}

static void test_durable_settings(void **state) {
        Fixture *fixture = *state;
        int64_t synchronous = 0;

        assert_int_equal(SQL_NUMBER(&synchronous, fixture->backend, "PRAGMA synchronous"), 1);
        assert_int_equal(synchronous, 2); /* FULL */
        assert_true(SQL(fixture->reader, "DELETE FROM meta") == -EROFS);
}

/* threats.md 49 */
static void test_clock(void **state) {
        static const struct {
                int64_t jump;    /* after a day and an hour */
                bool restart;
        } cases[] = {
                { -2 * HOUR, false }, { -2 * HOUR, true }, { -3650 * DAY, false },
                { -3650 * DAY, true },
        };
        Fixture *fixture = *state;

        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                fixture_forget(fixture);
                turned = START;
                assert_int_equal(fixture_open(fixture), 0);
                assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
                issue(fixture, 1, "id-ada", CLIENT_LOCAL);
                turned += 2 * HOUR;
                issue(fixture, 2, "id-ada", CLIENT_LOCAL);
                turned = START + DAY + HOUR;
                change(fixture, STORE_TOUCH, NULL);
                assert_false(is_live(fixture, 1));
                assert_true(is_live(fixture, 2));

                turned += cases[i].jump;
                if (cases[i].restart) {
                        fixture_close(fixture);
                        assert_int_equal(fixture_open(fixture), 0);
                }
                /* before any change has seen the jump, and after one */
                assert_false(is_live(fixture, 1));
                issue(fixture, 3, "id-ada", CLIENT_LOCAL);
                assert_false(is_live(fixture, 1));
                assert_true(is_live(fixture, 2) && is_live(fixture, 3));
                assert_int_equal(status(fixture).n_tokens, 2);
        }
}

enum Seen { SEEN_BY_CHANGE, SEEN_BY_LOOP, _SEEN_MAX };

/* threats.md 49: what expired since the mark was stored, and was seen to have, stays so. */
static void test_what_expired_behind_the_mark(void **state) {
        for (enum Seen seen = 0; seen < _SEEN_MAX; seen++) {
                Fixture *fixture = *state;
                Token *token;

                fixture_forget(fixture);
                turned = START;
                assert_int_equal(fixture_open(fixture), 0);
                assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
                turned += HOUR;
                token = token_make(fixture, 1, "id-ada", CLIENT_LOCAL, NULL);
                token->expires = turned + 40 * USEC_PER_SEC;
                assert_int_equal(token_issue(fixture, token, NULL), 0);
                issue(fixture, 2, "id-ada", CLIENT_LOCAL);

                turned += 45 * USEC_PER_SEC;
                if (seen == SEEN_BY_CHANGE)
                        change(fixture, STORE_TOUCH, NULL);
                if (seen == SEEN_BY_LOOP)
                        backend_sqlite.follow_clock(fixture->backend, turned);
                assert_true(fixture->backend->stored.clock == START + HOUR);
                assert_false(is_live(fixture, 1));

                turned -= HOUR - USEC_PER_SEC;
                assert_false(is_live(fixture, 1));
                assert_true(is_live(fixture, 2));
                issue(fixture, 3, "id-ada", CLIENT_LOCAL);
                assert_false(is_live(fixture, 1));
                assert_true(is_live(fixture, 2) && is_live(fixture, 3));
                assert_int_equal(status(fixture).n_tokens, 2);
                assert_true(*fixture->backend->latest == turned);
        }
}

/* A rollback keeps what had expired dead, and so does a time that is named before the commit. */
static void test_turned_back_and_not_committed(void **state) {
        Fixture *fixture = *state;
        Token *token;

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        token = token_make(fixture, 1, "id-ada", CLIENT_LOCAL, NULL);
        token->expires = turned + 10 * USEC_PER_SEC;
        assert_int_equal(token_issue(fixture, token, NULL), 0);
        backend_sqlite.follow_clock(fixture->backend, START + 20 * USEC_PER_SEC);

        turned -= HOUR;
        assert_int_equal(backend_sqlite.begin(fixture->backend), 0);
        backend_sqlite.rollback(fixture->backend);
        assert_false(is_live(fixture, 1));

        turned += HOUR;
        change(fixture, STORE_TOUCH, NULL);
        assert_true(*fixture->backend->latest == START + 20 * USEC_PER_SEC);
        turned -= HOUR;

        assert_int_equal(backend_sqlite.begin(fixture->backend), 0);
        backend_sqlite.follow_clock(fixture->backend, START + 30 * USEC_PER_SEC);
        assert_int_equal(backend_sqlite.commit(fixture->backend), 0);
        assert_true(*fixture->backend->latest == START + 30 * USEC_PER_SEC);
        issue(fixture, 2, "id-ada", CLIENT_LOCAL);
        assert_true(*fixture->backend->latest == turned);
        assert_true(is_live(fixture, 2));
}

/* What is issued in the transaction that follows the clock back is no older than that. */
static void test_turned_back_within_a_transaction(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *issued = store_request_new(STORE_TOKEN_ISSUE);
        _cleanup_(store_request_freep) StoreRequest *revoked =
                request_by_text(STORE_REVOKE_USER, STORE_KEY_ID, "id-ada");
        Token *token;

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        turned -= HOUR;
        token = token_make(fixture, 1, "id-ada", CLIENT_LOCAL, NULL);
        token->expires = turned + 10 * USEC_PER_SEC;
        store_request_take_token(issued, token);
        assert_int_equal(backend_sqlite.begin(fixture->backend), 0);
        assert_int_equal(backend_sqlite.run(fixture->backend, issued), 0);
        assert_int_equal(backend_sqlite.run(fixture->backend, revoked), 0);
        assert_int_equal(backend_sqlite.commit(fixture->backend), 0);
        assert_int_equal(revoked->n_affected, 1);
}

static void test_small_steps_back_are_no_jump(void **state) {
        Fixture *fixture = *state;

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        issue(fixture, 1, "id-ada", CLIENT_LOCAL);
        turned += HOUR;
        change(fixture, STORE_TOUCH, NULL);
        turned -= CLOCK_JUMP_USEC;
        change(fixture, STORE_TOUCH, NULL);
        assert_true(fixture->backend->counters.clock == START + HOUR);
        assert_true(is_live(fixture, 1));
}

static void test_epochs_are_never_given_twice(void **state) {
        Fixture *fixture = *state;
        int64_t before = user_add(fixture, user_make("ada", 1000));

        assert_int_equal(change(fixture, STORE_USER_REMOVE, "id-ada"), 0);
        fixture_close(fixture);
        assert_int_equal(fixture_open(fixture), 0);
        assert_true(user_add(fixture, user_make("ada", 1000)) > before);
}

/* A rollback puts everything back, the counters too. */
static void test_rollback(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_USER_ADD);

        store_request_take_user(request, user_make("ada", 1000));
        assert_int_equal(backend_sqlite.begin(fixture->backend), 0);
        assert_int_equal(backend_sqlite.run(fixture->backend, request), 0);
        assert_int_equal(request->result, 0);
        backend_sqlite.rollback(fixture->backend);
        assert_true(user_add(fixture, user_make("ada", 1000)) == request->users[0]->epoch);
}

/* threats.md 47: full, then not full. max_page_count fails as a full disk does. */
static void test_full_and_recovered(void **state) {
        Fixture *fixture = *state;
        int failed = 0;
        unsigned n;

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        issue(fixture, 0, "id-ada", CLIENT_LOCAL);
        assert_int_equal(sql_script(fixture->backend, "PRAGMA max_page_count = 40"), 0);
        for (n = 1; n < 10000 && failed == 0; n++) {
                _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_TOKEN_ISSUE);

                store_request_take_token(request,
                                         token_make(fixture, n, "id-ada", CLIENT_LOCAL, NULL));
                assert_int_equal(backend_sqlite.begin(fixture->backend), 0);
                failed = backend_sqlite.run(fixture->backend, request);
                if (failed == 0)
                        failed = request->result;
                if (failed == 0)
                        failed = backend_sqlite.commit(fixture->backend);
                if (failed < 0)
                        backend_sqlite.rollback(fixture->backend);
        }
        assert_int_equal(failed, -ENOSPC);
        assert_true(is_live(fixture, 0));
        assert_false(is_live(fixture, n - 1));
        assert_int_equal(status(fixture).n_tokens, n - 1);

        assert_int_equal(sql_script(fixture->backend, "PRAGMA max_page_count = 100000"), 0);
        issue(fixture, n - 1, "id-ada", CLIENT_LOCAL);
        assert_true(is_live(fixture, n - 1));
}

/* threats.md 47: somebody's BEGIN EXCLUSIVE. Look-ups go on. */
static void test_locked_by_somebody(void **state) {
        Fixture *fixture = *state;
        sqlite3 *other = NULL;

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        issue(fixture, 1, "id-ada", CLIENT_LOCAL);
        assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
        assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_busy_timeout(fixture->backend->db, 10);
        assert_int_equal(backend_sqlite.begin(fixture->backend), -EBUSY);
        backend_sqlite.rollback(fixture->backend);
        assert_true(is_live(fixture, 1));
        sqlite3_close(other);
        issue(fixture, 2, "id-ada", CLIENT_LOCAL);
}

static void test_errors(void **state) {
        static const struct {
                int code;
                int error;
        } cases[] = {
                { SQLITE_FULL, -ENOSPC },           { SQLITE_IOERR_FSYNC, -EIO },
                { SQLITE_IOERR_NOMEM, -ENOMEM },    { SQLITE_BUSY, -EBUSY },
                { SQLITE_BUSY_SNAPSHOT, -EBUSY },   { SQLITE_READONLY_DBMOVED, -EROFS },
                { SQLITE_CORRUPT_INDEX, -EUCLEAN }, { SQLITE_NOTADB, -EUCLEAN },
                { SQLITE_CONSTRAINT_UNIQUE, -EEXIST }, { SQLITE_NOMEM, -ENOMEM },
                { SQLITE_MISUSE, -ENOTRECOVERABLE },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(sql_error(&(Backend){ 0 }, cases[i].code), cases[i].error);
        for (int code = 1; code < 29; code++)
                assert_true(sql_error(&(Backend){ 0 }, code) < 0);
}

/* threats.md 45: what was committed before kill -9 is there afterwards. */
static void test_killed(void **state) {
        Fixture *fixture = *state;
        int status_of, fds[2];
        unsigned last = 0, n;
        pid_t child;

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        fixture_close(fixture);
        assert_int_equal(pipe(fds), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                assert_int_equal(fixture_open(fixture), 0);
                for (n = 1;; n++) {
                        issue(fixture, n, "id-ada", CLIENT_LOCAL);
                        if (write(fds[1], &n, sizeof(n)) != sizeof(n))
                                _exit(1);
                }
        }
        close(fds[1]);
        while (last < 100 && read(fds[0], &n, sizeof(n)) == sizeof(n))
                last = n;
        assert_int_equal(kill(child, 9), 0);
        assert_int_equal(waitpid(child, &status_of, 0), child);
        while (read(fds[0], &n, sizeof(n)) == sizeof(n))
                last = n;
        close(fds[0]);

        assert_int_equal(fixture_open(fixture), 0);
        for (n = 1; n <= last; n++)
                assert_true(is_live(fixture, n));
        assert_in_range(status(fixture).n_tokens, last, last + 1);
}

/* The accounts below one user may be sorted: they are a few pages. */
static bool plan_is_costly(const char *sql, const char *row) {
        if (strstr(row, "TEMP B-TREE"))
                return !strstr(sql, "parent_id");
        if (strstr(sql, "WHERE grant_type") && !strstr(row, "tokens_from_token_api"))
                return true;
        return strstr(row, "SCAN t") && !strstr(row, "USING INDEX");
}

/* No list, look-up or sweep walks or sorts a table. */
static void test_statements_use_indexes(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *again = store_request_new(STORE_TOKEN_ISSUE);

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        assert_int_equal(store_request_take_token(again, token_make(fixture, 1, "id-ada",
                                                                    CLIENT_LOCAL, NULL)),
                         0);
        again->tokens[0]->grant = strdup(TOKEN_GRANT_TOKEN_API);
        again->discards_earlier = true;
        assert_int_equal(run(fixture, again), 0);
        for (int verb = 0; verb < _STORE_VERB_MAX; verb++) {
                for (unsigned i = 0; i < 16; i++) {
                        _cleanup_(store_request_freep) StoreRequest *request =
                                request_by_text(verb, i % 6, "x");

                        request->filter.user_id = i & 1 ? strdup("id") : NULL;
                        request->filter.client_id = i & 2 ? strdup("id") : NULL;
                        request->filter.login = i & 4 ? strdup("id") : NULL;
                        request->filter.with_sub_accounts = i & 8;
                        run(fixture, request);
                }
        }
        for (size_t i = 0; i < 2; i++) {
                const Backend *backend = i ? fixture->reader : fixture->backend;

                for (size_t j = 0; j < backend->n_kept; j++) {
                        const char *sql = backend->kept[j].sql;
                        _cleanup_(freep) char *explain = NULL;
                        sqlite3_stmt *plan = NULL;

                        if (!strstr(sql, "tokens") || strstr(sql, "?2 IS NULL"))
                                continue; /* revoking all counts all */
                        assert_true(asprintf(&explain, "EXPLAIN QUERY PLAN %s", sql) > 0);
                        assert_int_equal(
                                sqlite3_prepare_v2(fixture->reader->db, explain, -1, &plan, NULL),
                                SQLITE_OK);
                        while (sqlite3_step(plan) == SQLITE_ROW) {
                                const char *row = (const char *)sqlite3_column_text(plan, 3);
                                if (plan_is_costly(sql, row))
                                        fail_msg("%s: %s", row, sql);
                        }
                        sqlite3_finalize(plan);
                }
        }
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_newer_schema),
                TEST(test_foreign_database),
                TEST(test_migration_resumes),
                TEST(test_first_schema_is_brought_up_to_date),
                TEST(test_durable_settings),
                TEST(test_clock),
                TEST(test_what_expired_behind_the_mark),
                TEST(test_turned_back_and_not_committed),
                TEST(test_turned_back_within_a_transaction),
                TEST(test_small_steps_back_are_no_jump),
                TEST(test_epochs_are_never_given_twice),
                TEST(test_rollback),
                TEST(test_full_and_recovered),
                TEST(test_locked_by_somebody),
                TEST(test_errors),
                TEST(test_killed),
                TEST(test_statements_use_indexes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
