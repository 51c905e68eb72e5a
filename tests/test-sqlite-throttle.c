/* The throttle's rows in the SQLite store. */

#include "store-fixture.h"

static StoredFailures row_make(const char *remote, uint64_t key, const char *name, unsigned n,
                               int64_t last) {
        StoredFailures row = {
                .key = key,
                .name = name ? strdup(name) : NULL,
                .n = n,
                .last = last,
        };

        strcpy(row.remote, remote);
        return row;
}

/* Takes the rows. */
static int save(Fixture *fixture, const char *secret, const StoredFailures *rows, size_t n) {
        _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_FAILURES_SAVE);

        if (secret)
                assert_int_equal(secret_append_text(&request->hash, secret), 0);
        request->failures = calloc(n + 1, sizeof(*rows));
        memcpy(request->failures, rows, n * sizeof(*rows));
        request->n_failures = n;
        return run(fixture, request);
}

static void save_one(Fixture *fixture, StoredFailures row) {
        assert_int_equal(save(fixture, NULL, &row, 1), 0);
}

static StoreRequest *load(Fixture *fixture) {
        StoreRequest *request = store_request_new(STORE_FAILURES_LOAD);

        assert_int_equal(run(fixture, request), 0);
        return request;
}

static size_t n_rows(Fixture *fixture) {
        _cleanup_(store_request_freep) StoreRequest *request = load(fixture);

        return request->n_failures;
}

static void test_rows_come_back(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = NULL;

        assert_int_equal(n_rows(fixture), 0);
        save_one(fixture, row_make("192.0.2.1", UINT64_MAX - 5, "ada", 4, START - 1000));
        save_one(fixture, row_make("192.0.2.1", 17, NULL, 9, START));
        fixture_close(fixture);
        assert_int_equal(fixture_open(fixture), 0);
        request = load(fixture);
        assert_int_equal(request->n_failures, 2);
        /* The latest first. */
        assert_null(request->failures[0].name);
        assert_int_equal(request->failures[0].n, 9);
        const StoredFailures *row = &request->failures[1];
        assert_string_equal(row->remote, "192.0.2.1");
        assert_string_equal(row->name, "ada");
        assert_true(row->key == UINT64_MAX - 5);
        assert_int_equal(row->n, 4);
        assert_int_equal(row->last, START - 1000);
}

static void test_later_rows_take_the_place(void **state) {
        Fixture *fixture = *state;

        save_one(fixture, row_make("192.0.2.1", 17, NULL, 4, START));
        save_one(fixture, row_make("192.0.2.1", 17, "ada", 5, START + 1));
        save_one(fixture, row_make("192.0.2.2", 17, NULL, 1, START));
        _cleanup_(store_request_freep) StoreRequest *request = load(fixture);
        assert_int_equal(request->n_failures, 2);
        assert_string_equal(request->failures[0].name, "ada");
        assert_int_equal(request->failures[0].n, 5);
        save_one(fixture, row_make("192.0.2.1", 17, "ada", 0, START + 2));
        assert_int_equal(n_rows(fixture), 1);
        save_one(fixture, row_make("192.0.2.1", 17, "ada", 0, START + 2));
        assert_int_equal(n_rows(fixture), 1);
}

/* Whoever saved it had no memory for the name. */
static void test_a_name_stays(void **state) {
        Fixture *fixture = *state;

        save_one(fixture, row_make("192.0.2.1", 17, "ada", 4, START));
        save_one(fixture, row_make("192.0.2.1", 17, NULL, 5, START + 1));
        _cleanup_(store_request_freep) StoreRequest *request = load(fixture);
        assert_int_equal(request->n_failures, 1);
        assert_string_equal(request->failures[0].name, "ada");
        assert_int_equal(request->failures[0].n, 5);
}

static void test_a_new_start_discards(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *anew = store_request_new(STORE_FAILURES_SAVE);
        StoredFailures row = row_make("192.0.2.1", 17, "ada", 4, START);

        assert_int_equal(sql_script(fixture->backend,
                                    "INSERT INTO failures(remote, key, n, last)"
                                    " VALUES (hex(zeroblob(40)), 1, 1, 9000000000000000)"),
                         0);
        assert_int_equal(save(fixture, "first", &row, 1), 0);
        row = row_make("192.0.2.1", 18, "bob", 4, START);
        assert_int_equal(secret_append_text(&anew->hash, "second"), 0);
        anew->failures = calloc(1, sizeof(row));
        anew->failures[0] = row;
        anew->n_failures = 1;
        anew->discards_earlier = true;
        assert_int_equal(run(fixture, anew), 0);
        _cleanup_(store_request_freep) StoreRequest *request = load(fixture);
        assert_string_equal(secret_text(&request->hash), "second");
        assert_int_equal(request->n_failures, 1);
        assert_string_equal(request->failures[0].name, "bob");
}

static void test_the_first_secret_stays(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *none = load(fixture), *one = NULL;

        assert_true(secret_is_empty(&none->hash));
        assert_int_equal(save(fixture, "first", NULL, 0), 0);
        assert_int_equal(save(fixture, "second", NULL, 0), 0);
        one = load(fixture);
        assert_string_equal(secret_text(&one->hash), "first");
}

static int64_t sweep(Fixture *fixture, unsigned limit) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_SWEEP);

        request->limit = limit;
        assert_int_equal(run(fixture, request), 0);
        assert_int_equal(request->more, request->n_affected == limit);
        return (int64_t)request->n_affected;
}

static void test_old_rows_are_swept(void **state) {
        Fixture *fixture = *state;

        for (unsigned i = 0; i < 10; i++)
                save_one(fixture, row_make("192.0.2.1", i, NULL, 1, START + i));
        assert_int_equal(sweep(fixture, 100), 0);
        turned = START + STORE_FAILURES_USEC + 4;
        assert_int_equal(n_rows(fixture), 5);
        assert_int_equal(sweep(fixture, 3), 3);
        assert_int_equal(sweep(fixture, 3), 2);
        assert_int_equal(sweep(fixture, 3), 0);
        assert_int_equal(n_rows(fixture), 5);
}

/* They must not outlive their hour by years. */
static void test_a_clock_turned_back(void **state) {
        Fixture *fixture = *state;

        turned = START + 10 * 365 * DAY;
        save_one(fixture, row_make("192.0.2.1", 1, NULL, 13, turned));
        turned = START;
        save_one(fixture, row_make("192.0.2.1", 2, NULL, 13, turned - 1));
        _cleanup_(store_request_freep) StoreRequest *request = load(fixture);
        assert_int_equal(request->n_failures, 2);
        assert_int_equal(request->failures[0].last, START);
        assert_int_equal(request->failures[1].last, START - 1);
        turned += STORE_FAILURES_USEC;
        assert_int_equal(sweep(fixture, 100), 2);
}

static void test_many_rows(void **state) {
        Fixture *fixture = *state;
        StoredFailures *rows = calloc(1000, sizeof(*rows));

        for (unsigned i = 0; i < 3000; i++) {
                rows[i % 1000] = row_make("192.0.2.1", i + 1, NULL, 1, START);
                if (i % 1000 == 999)
                        assert_int_equal(save(fixture, NULL, rows, 1000), 0);
        }
        free(rows);
        assert_int_equal(n_rows(fixture), 3000);
}

static void test_damaged_rows(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_FAILURES_LOAD);

        assert_int_equal(sql_script(fixture->backend,
                                    "INSERT INTO failures(remote, key, n, last)"
                                    " VALUES (hex(zeroblob(40)), 1, 1, 9000000000000000)"),
                         0);
        assert_int_equal(run(fixture, request), -EUCLEAN);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_rows_come_back),
                TEST(test_later_rows_take_the_place),
                TEST(test_a_name_stays),
                TEST(test_a_new_start_discards),
                TEST(test_the_first_secret_stays),
                TEST(test_old_rows_are_swept),
                TEST(test_a_clock_turned_back),
                TEST(test_many_rows),
                TEST(test_damaged_rows),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
