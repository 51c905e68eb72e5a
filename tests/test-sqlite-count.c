/* How many tokens a revocation says that it has ended. */

#include "store-fixture.h"

#include "store/sqlite-count.h"

/* Tokens first … first + n - 1, of which the first n_short live an hour only. */
static void issue_many(Fixture *fixture, unsigned first, unsigned n, unsigned n_short,
                       const char *user) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE);

        for (unsigned i = 0; i < n; i++) {
                Token *token = token_make(fixture, first + i, user, "web", NULL);

                if (i < n_short)
                        token->expires = turned + HOUR;
                assert_int_equal(store_request_take_token(request, token), 0);
        }
        assert_int_equal(run(fixture, request), 0);
}

static const struct {
        enum StoreVerb verb;
        const char *owner;
} ends[] = {
        { STORE_REVOKE_USER, "id-ada" },
        { STORE_REVOKE_CLIENT, "web" },
        { STORE_REVOKE_ALL, NULL },
};

/* As many as are counted one by one: what has expired is not among them. */
static void test_live_ones_are_counted(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                void *fixture;

                fixture_with_owners(&fixture);
                issue_many(fixture, 1, TOKENS_COUNTED_MAX, 7, "id-ada");
                turned += 2 * HOUR;
                assert_int_equal(change(fixture, ends[i].verb, ends[i].owner),
                                 TOKENS_COUNTED_MAX - 7);
                assert_false(is_live(fixture, TOKENS_COUNTED_MAX));
                fixture_teardown(&fixture);
        }
}

/* One more, and the rows that nobody has swept yet are counted too; nobody else's are. */
static void test_rows_of_many_are_counted(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                unsigned n = TOKENS_COUNTED_MAX + 1;
                void *fixture;

                fixture_with_owners(&fixture);
                issue_many(fixture, 1, n, 7, "id-ada");
                issue(fixture, n + 1, "id-bob", CLIENT_LOCAL);
                turned += 2 * HOUR;
                assert_int_equal(change(fixture, ends[i].verb, ends[i].owner),
                                 ends[i].verb == STORE_REVOKE_ALL ? n + 1 : n);
                assert_false(is_live(fixture, n));
                assert_int_equal(is_live(fixture, n + 1), ends[i].verb != STORE_REVOKE_ALL);
                fixture_teardown(&fixture);
        }
}

/* Of an owner's rows those that an earlier revocation ended are never counted again. */
static void test_dead_ones_are_not_counted_again(void **state) {
        Fixture *fixture = *state;
        unsigned n = 2 * TOKENS_COUNTED_MAX;

        issue_many(fixture, 1, n, 0, "id-ada");
        assert_int_equal(change(fixture, STORE_REVOKE_USER, "id-ada"), n);
        assert_int_equal(change(fixture, STORE_REVOKE_USER, "id-ada"), 0);
        issue(fixture, n + 1, "id-ada", "web");
        assert_int_equal(change(fixture, STORE_REVOKE_USER, "id-ada"), 1);
        issue(fixture, n + 2, "id-ada", "web");
        assert_int_equal(change(fixture, STORE_USER_REMOVE, "id-ada"), 1);
}

static void rotate(Fixture *fixture, unsigned old, unsigned new) {
        _cleanup_(store_request_freep) StoreRequest *request =
                store_request_new(STORE_TOKEN_ROTATE);
        Token *refresh = token_make(fixture, new, "id-ada", "web", "family");

        refresh->kind = TOKEN_REFRESH;
        refresh->expires = turned + 30 * DAY;
        request->key.field = STORE_KEY_HASH;
        request->key.hash = token_hash(old);
        store_request_take_token(request, token_make(fixture, new + 1, "id-ada", "web", "family"));
        store_request_take_token(request, refresh);
        request->now = turned;
        assert_int_equal(backend_sqlite.run(fixture->backend, request), 0);
        assert_int_equal(request->result, 0);
}

/* A family that was rotated for days: two live tokens, and many rows of refresh tokens. */
static void family_make(Fixture *fixture, unsigned n_rotations) {
        Token *refresh = token_make(fixture, 2, "id-ada", "web", "family");

        refresh->kind = TOKEN_REFRESH;
        refresh->expires = turned + 30 * DAY;
        assert_int_equal(token_issue(fixture, refresh,
                                     login_make(fixture, "family", "id-ada", LOGIN_FAMILY)),
                         0);
        assert_int_equal(backend_sqlite.begin(fixture->backend), 0);
        for (unsigned i = 1; i <= n_rotations; i++) {
                turned += USEC_PER_SEC;
                rotate(fixture, 2 * i, 2 * i + 2);
        }
        assert_int_equal(backend_sqlite.commit(fixture->backend), 0);
}

static void test_used_ones_are_not_counted(void **state) {
        static const struct {
                enum StoreVerb verb;
                const char *owner;
                unsigned n;
        } cases[] = {
                { STORE_REVOKE_USER,   "id-ada", 2 },
                { STORE_REVOKE_CLIENT, "web",    3 },
                { STORE_REVOKE_LOGIN,  "family", 2 },
                { STORE_REVOKE_ALL,    NULL,     3 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                void *fixture;

                fixture_with_owners(&fixture);
                family_make(fixture, 1005);
                issue(fixture, 5000, "id-bob", "web");
                assert_int_equal(status(fixture).n_tokens, 1008);
                assert_int_equal(change(fixture, cases[i].verb, cases[i].owner), cases[i].n);
                assert_int_equal(status(fixture).n_logins, 0);
                fixture_teardown(&fixture);
        }
}

/* All of them by one owner, then by another and by everybody, with few rows and with many. */
static void test_second_revocation(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(ends); i++)
                for (unsigned more = 0; more < 2; more++) {
                        bool is_exact = more == 0;
                        unsigned n = is_exact ? 1500 : TOKENS_COUNTED_MAX + 1;
                        void *fixture;

                        fixture_with_owners(&fixture);
                        issue_many(fixture, 1, n, 0, "id-ada");
                        issue(fixture, n + 1, "id-bob", CLIENT_LOCAL);
                        assert_int_equal(change(fixture, ends[i].verb, ends[i].owner),
                                         n + (ends[i].verb == STORE_REVOKE_ALL));
                        assert_int_equal(change(fixture, ends[i].verb, ends[i].owner), 0);
                        if (ends[i].verb != STORE_REVOKE_ALL)
                                assert_int_equal(change(fixture, STORE_REVOKE_ALL, NULL),
                                                 is_exact || ends[i].verb == STORE_REVOKE_CLIENT
                                                         ? 1
                                                         : n + 1);
                        assert_int_equal(change(fixture, STORE_REVOKE_ALL, NULL), 0);
                        fixture_teardown(&fixture);
                }
}

static void test_kept_login_is_not_counted(void **state) {
        Fixture *fixture = *state;
        unsigned n = TOKENS_COUNTED_MAX + 500;
        _cleanup_(store_request_freep) StoreRequest *request = NULL;

        issue_many(fixture, 1, n, 0, "id-ada");
        assert_int_equal(token_issue(fixture,
                                     token_make(fixture, n + 1, "id-ada", CLIENT_LOCAL, "l"),
                                     login_make(fixture, "l", "id-ada", LOGIN_OPEN)),
                         0);
        request = request_by_text(STORE_USER_SET_PASSWORD, STORE_KEY_ID, "id-ada");
        request->keep_login = strdup("l");
        assert_int_equal(secret_set(&request->hash, "$new", 4), 0);
        assert_int_equal(run(fixture, request), 0);
        assert_int_equal(request->n_affected, n);
        assert_true(is_live(fixture, n + 1));
        assert_false(is_live(fixture, n));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_live_ones_are_counted),
                cmocka_unit_test(test_rows_of_many_are_counted),
                cmocka_unit_test(test_used_ones_are_not_counted),
                cmocka_unit_test(test_second_revocation),
                cmocka_unit_test_setup_teardown(test_dead_ones_are_not_counted_again,
                                                fixture_with_owners, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_kept_login_is_not_counted,
                                                fixture_with_owners, fixture_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
