/* Unit tests of http/account-rows: any order, all of them or few. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/account-rows.h"
#include "wire/cleanup.h"
#include "wire/reason.h"
#include "wire/text.h"

DEFINE_CLEANUP(AccountRows *, account_rows_free);

static char *const read_write[] = { (char *)"r", (char *)"w", NULL };
static char *const only_read[] = { (char *)"r", NULL };
static char *const only_x[] = { (char *)"x", NULL };
static char *const nothing[] = { NULL };

#define ID(digit) "0000000000000000000000000000000" digit

/* created falls, as the core lists them. */
static const AccountToken tokens[] = {
        { ID("3"), 60, only_read, 500, "u" },  { ID("1"), 90, NULL, 400, "u" },
        { ID("5"), 60, read_write, 300, "u" }, { ID("2"), 30, only_x, 200, "u" },
        { ID("4"), 90, nothing, 100, "u" },
};

static void expect_order(const AccountFilter *filter, const char *digits) {
        _cleanup_(account_rows_freep) AccountRows *rows = account_rows_new(filter);
        char found[16] = "";
        AccountToken token;

        assert_non_null(rows);
        for (size_t i = 0; i < ELEMENTSOF(tokens); i++)
                assert_int_equal(account_rows_add(rows, &tokens[i]), 0);
        while (account_rows_next(rows, &token))
                strncat(found, token.id + TOKEN_ID_SIZE - 1, 1);
        assert_string_equal(found, digits);
}

static void test_orders(void **state) {
        static const struct {
                AccountOrder orders[2];
                size_t n;
                const char *digits;
        } rows[] = {
                { { { ACCOUNT_ID, false } }, 1, "12345" },
                { { { ACCOUNT_ID, true } }, 1, "54321" },
                { { { ACCOUNT_CREATED, false } }, 1, "42513" },
                { { { ACCOUNT_TTL, false } }, 1, "23514" }, /* newest first where equal */
                { { { ACCOUNT_TTL, true } }, 1, "14352" },
                { { { ACCOUNT_TTL, true }, { ACCOUNT_CREATED, false } }, 2, "41532" },
                { { { ACCOUNT_TTL, false }, { ACCOUNT_ID, true } }, 2, "25341" },
                { { { ACCOUNT_SCOPES, false } }, 1, "14352" },
                { { { ACCOUNT_SCOPES, true } }, 1, "25341" },
                { { { ACCOUNT_USER_ID, true } }, 1, "31524" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                AccountFilter filter = ACCOUNT_FILTER_INIT;

                memcpy(filter.orders, rows[i].orders, sizeof(rows[i].orders));
                filter.n_orders = rows[i].n;
                expect_order(&filter, rows[i].digits);
        }
}

static void test_few(void **state) {
        AccountFilter filter = ACCOUNT_FILTER_INIT;

        filter.orders[0] = (AccountOrder){ ACCOUNT_ID, false };
        filter.n_orders = 1;
        filter.limit = 2;
        expect_order(&filter, "12");
        filter.skip = 2;
        expect_order(&filter, "1234");
        filter.skip = 7;
        expect_order(&filter, "12345");
}

static void test_what_is_shown(void **state) {
        AccountFilter filter = ACCOUNT_FILTER_INIT;
        _cleanup_(account_rows_freep) AccountRows *rows = account_rows_new(&filter);
        AccountToken token;

        for (size_t i = 0; i < ELEMENTSOF(tokens); i++)
                assert_int_equal(account_rows_add(rows, &tokens[i]), 0);
        for (size_t i = 0; i < ELEMENTSOF(tokens); i++) {
                assert_true(account_rows_next(rows, &token));
                assert_string_equal(token.id, tokens[i].id);
                assert_int_equal(token.ttl, tokens[i].ttl);
                assert_int_equal(token.created, tokens[i].created);
                assert_string_equal(token.user_id, "u");
                assert_int_equal(!token.scopes, !tokens[i].scopes);
                assert_int_equal(strv_length(token.scopes), strv_length(tokens[i].scopes));
        }
        assert_false(account_rows_next(rows, &token));
}

static void make_id(unsigned number, char id[static TOKEN_ID_SIZE + 1]) {
        uint8_t bytes[TOKEN_ID_SIZE / 2] = { 0 };

        memcpy(bytes, &number, sizeof(number));
        hex_encode(bytes, sizeof(bytes), id);
}

/* Against qsort(), all of them and the few first. */
static int compare(const void *a, const void *b) {
        return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static void expect_sorted(uint64_t limit) {
        enum { N = 20000 };
        AccountFilter filter = { .orders = { { ACCOUNT_TTL, false } },
                                 .n_orders = 1,
                                 .limit = limit };
        _cleanup_(account_rows_freep) AccountRows *rows = account_rows_new(&filter);
        _cleanup_(freep) int *ttls = calloc(N, sizeof(int));
        char id[TOKEN_ID_SIZE + 1];
        AccountToken token = { .id = id, .user_id = "u" };
        size_t n = 0;

        srand(4711);
        for (unsigned i = 0; i < N; i++) {
                token.ttl = ttls[i] = rand() % 5000;
                token.created = N - i;
                make_id(i, id);
                assert_int_equal(account_rows_add(rows, &token), 0);
        }
        qsort(ttls, N, sizeof(int), compare);
        for (; account_rows_next(rows, &token); n++)
                assert_int_equal(token.ttl, ttls[n]);
        assert_int_equal(n, limit < N ? limit : N);
}

static void test_many(void **state) {
        expect_sorted(UINT64_MAX);
        expect_sorted(ACCOUNT_ROWS_FEW);
        expect_sorted(ACCOUNT_ROWS_FEW + 1 > 20000 ? 1 : 20000);
        expect_sorted(1);
}

static void test_bounds(void **state) {
        AccountFilter filter = ACCOUNT_FILTER_INIT;
        _cleanup_(account_rows_freep) AccountRows *rows = account_rows_new(&filter);
        char id[TOKEN_ID_SIZE + 1], word[32];
        char *words[] = { word, NULL };
        AccountToken token = { .id = id, .scopes = words, .user_id = "u" };

        for (unsigned i = 0; i <= ACCOUNT_SCOPES_MAX; i++) {
                int wanted = i < ACCOUNT_SCOPES_MAX ? 0 : REASON_LIMIT_EXCEEDED;
                make_id(i, id);
                snprintf(word, sizeof(word), "scope%u", i);
                assert_int_equal(account_rows_add(rows, &token), wanted);
        }
        /* One that is there already is no new one. */
        for (unsigned i = ACCOUNT_SCOPES_MAX; i < ACCOUNT_ROWS_MAX; i++) {
                make_id(i, id);
                snprintf(word, sizeof(word), "scope%u", i * 7 % ACCOUNT_SCOPES_MAX);
                if (account_rows_add(rows, &token) != 0)
                        fail_msg("%u rows are too many", i);
        }
        assert_int_equal(account_rows_add(rows, &token), REASON_LIMIT_EXCEEDED);
}

static void test_lists_that_join_alike(void **state) {
        AccountFilter filter = ACCOUNT_FILTER_INIT;
        _cleanup_(account_rows_freep) AccountRows *rows = account_rows_new(&filter);
        char *one[] = { "a,b", NULL }, *two[] = { "a", "b", NULL };
        char *const *lists[] = { two, one, two, one };
        char id[TOKEN_ID_SIZE + 1];
        AccountToken token = { .id = id, .user_id = "u" };

        for (unsigned i = 0; i < 4; i++) {
                make_id(i, id);
                token.created = 4 - i;
                token.scopes = lists[i];
                assert_int_equal(account_rows_add(rows, &token), 0);
        }
        for (unsigned i = 0; i < 4; i++) {
                assert_true(account_rows_next(rows, &token));
                assert_string_equal(token.scopes[0], lists[i][0]);
        }
}

static void test_bytes_of_scopes(void **state) {
        AccountFilter filter = ACCOUNT_FILTER_INIT;
        _cleanup_(account_rows_freep) AccountRows *rows = account_rows_new(&filter);
        _cleanup_(freep) char *word = malloc(60001);
        char *words[] = { word, NULL };
        AccountToken token = { .id = ID("1"), .scopes = words, .user_id = "u" };
        unsigned n = 0;

        memset(word, 'x', 60000);
        word[60000] = '\0';
        while (account_rows_add(rows, &token) == 0)
                word[n++] = 'y';
        assert_in_range(n, 100, ACCOUNT_SCOPES_BYTES_MAX / 60000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_orders),
                cmocka_unit_test(test_few),
                cmocka_unit_test(test_what_is_shown),
                cmocka_unit_test(test_many),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_bytes_of_scopes),
                cmocka_unit_test(test_lists_that_join_alike),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
