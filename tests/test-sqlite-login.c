/* Logins, lists and sweeping in the SQLite store. */

#include "store-fixture.h"

static void login(Fixture *fixture, const char *id, unsigned n, const char *user,
                  enum LoginState login_state, const char *tty) {
        Login *made = login_make(fixture, id, user, login_state);

        made->service = strdup("sshd");
        made->tty = tty ? strdup(tty) : NULL;
        assert_int_equal(
                token_issue(fixture, token_make(fixture, n, user, CLIENT_LOCAL, id), made), 0);
}

static int open_login(Fixture *fixture, const char *id, const char *user) {
        _cleanup_(store_request_freep) StoreRequest *request =
                request_by_text(STORE_LOGIN_OPEN, STORE_KEY_ID, id);
        int r;

        request->user_id = user ? strdup(user) : NULL;
        r = run(fixture, request);
        if (r == 0)
                assert_int_equal(request->logins[0]->state, LOGIN_OPEN);
        return r;
}

static void test_open(void **state) {
        Fixture *fixture = *state;

        login(fixture, "l1", 1, "id-ada", LOGIN_PENDING, NULL);
        assert_int_equal(status(fixture).n_logins, 1);
        assert_int_equal(open_login(fixture, "l1", "id-bob"), REASON_LOGIN_UNKNOWN);
        assert_int_equal(open_login(fixture, "l1", NULL), REASON_LOGIN_UNKNOWN);
        assert_int_equal(open_login(fixture, "l2", "id-ada"), REASON_LOGIN_UNKNOWN);
        turned += LOGIN_PENDING_MAX_USEC;
        assert_int_equal(open_login(fixture, "l1", "id-ada"), 0);
        assert_int_equal(open_login(fixture, "l1", "id-ada"), REASON_LOGIN_UNKNOWN);
        assert_true(is_live(fixture, 1));

        login(fixture, "l3", 3, "id-ada", LOGIN_PENDING, NULL);
        turned += LOGIN_PENDING_MAX_USEC + 1;
        assert_int_equal(open_login(fixture, "l3", "id-ada"), REASON_LOGIN_UNKNOWN);
}

static void test_close(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *others =
                request_by_text(STORE_REVOKE_LOGIN, STORE_KEY_ID, "l1");

        login(fixture, "l1", 1, "id-ada", LOGIN_OPEN, NULL);
        assert_int_equal(
                token_issue(fixture, token_make(fixture, 2, "id-ada", CLIENT_LOCAL, "l1"), NULL),
                0);
        others->user_id = strdup("id-bob");
        assert_int_equal(run(fixture, others), REASON_ACCESS_DENIED);
        assert_true(is_live(fixture, 1) && is_live(fixture, 2));
        assert_int_equal(change(fixture, STORE_REVOKE_LOGIN, "l1"), 2);
        assert_false(is_live(fixture, 1) || is_live(fixture, 2));
        assert_int_equal(change(fixture, STORE_REVOKE_LOGIN, "l1"), -REASON_LOGIN_UNKNOWN);
        assert_int_equal(status(fixture).n_logins, 0);
}

static const char *abandon(StoreRequest *request, Fixture *fixture, const char *tty) {
        Login *like = login_new();

        request->user_id = strdup("id-ada");
        like->service = strdup("sshd");
        like->tty = tty ? strdup(tty) : NULL;
        store_request_take_login(request, like);
        assert_int_equal(run(fixture, request), 0);
        return request->key.text;
}

static void test_abandon(void **state) {
        static const struct {
                const char *tty;
                const char *id; /* the one that dies */
        } cases[] = {
                { "pts/2", NULL }, { "pts/1", "l2" }, { NULL, "l3" },
                { NULL, "l1" },    { NULL, NULL },
        };
        Fixture *fixture = *state;

        login(fixture, "l1", 1, "id-ada", LOGIN_PENDING, "pts/1");
        turned += USEC_PER_SEC;
        login(fixture, "l2", 2, "id-ada", LOGIN_PENDING, "pts/1");
        turned += USEC_PER_SEC;
        login(fixture, "l3", 3, "id-ada", LOGIN_PENDING, NULL);
        login(fixture, "l4", 4, "id-ada", LOGIN_OPEN, "pts/1");
        login(fixture, "l5", 5, "id-bob", LOGIN_PENDING, "pts/1");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_LOGIN_ABANDON);
                const char *id = abandon(request, fixture, cases[i].tty);

                assert_true(streq_ptr(id, cases[i].id));
                assert_int_equal(request->n_affected, id ? 1 : 0);
        }
        for (unsigned i = 1; i <= 5; i++)
                assert_int_equal(is_live(fixture, i), i >= 4);
        assert_int_equal(status(fixture).n_logins, 2);
}

static void test_other_boots_end_at_start(void **state) {
        Fixture *fixture = *state;
        Login *old = login_make(fixture, "old", "id-ada", LOGIN_OPEN);

        free(old->boot_id);
        old->boot_id = strdup("another boot");
        assert_int_equal(
                token_issue(fixture, token_make(fixture, 1, "id-ada", CLIENT_LOCAL, "old"), old),
                0);
        login(fixture, "new", 2, "id-ada", LOGIN_OPEN, NULL);
        login(fixture, "fam", 3, "id-ada", LOGIN_FAMILY, NULL);
        assert_int_equal(open_login(fixture, "old", "id-ada"), REASON_LOGIN_UNKNOWN);
        fixture_close(fixture);
        assert_int_equal(fixture_open(fixture), 0);
        assert_false(is_live(fixture, 1));
        assert_true(is_live(fixture, 2) && is_live(fixture, 3));
        assert_int_equal(status(fixture).n_logins, 1);
}

/* Walks the pages; how many tokens there were. */
static unsigned walk(Fixture *fixture, const TokenFilter *filter, unsigned limit) {
        _cleanup_(freep) char *cursor = NULL;
        int64_t before = INT64_MAX;
        unsigned n = 0;

        do {
                _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_TOKEN_LIST);

                request->filter = (TokenFilter){
                        .user_id = filter->user_id ? strdup(filter->user_id) : NULL,
                        .client_id = filter->client_id ? strdup(filter->client_id) : NULL,
                        .login = filter->login ? strdup(filter->login) : NULL,
                        .uid = filter->uid,
                        .with_sub_accounts = filter->with_sub_accounts,
                        .access_only = filter->access_only,
                };
                request->limit = limit;
                request->cursor = TAKE_PTR(cursor);
                assert_int_equal(run(fixture, request), 0);
                assert_true(request->n_tokens <= limit);
                for (size_t i = 0; i < request->n_tokens; i++) {
                        assert_true(request->tokens[i]->created <= before);
                        before = request->tokens[i]->created;
                        n++;
                }
                cursor = TAKE_PTR(request->cursor);
                assert_true(!cursor || request->n_tokens == limit);
        } while (cursor);
        return n;
}

static void test_lists(void **state) {
        static const struct {
                TokenFilter filter;
                unsigned n;
        } cases[] = {
                { { .uid = UID_NONE }, 42 },
                { { .uid = UID_NONE, .user_id = (char *)"id-ada" }, 11 },
                { { .uid = UID_NONE, .user_id = (char *)"id-ada", .with_sub_accounts = true }, 21 },
                { { .uid = UID_NONE, .user_id = (char *)"id-ada", .client_id = (char *)"web" },
                  10 },
                { { .uid = UID_NONE, .client_id = (char *)"web" }, 40 },
                { { .uid = UID_NONE, .client_id = (char *)"web", .access_only = true }, 39 },
                { { .uid = UID_NONE, .login = (char *)"l" }, 1 },
                { { .uid = UID_NONE, .login = (char *)"l", .user_id = (char *)"id-bob" }, 0 },
                { { .uid = 1002 }, 10 },
                { { .uid = 1002, .user_id = (char *)"id-ada" }, 0 },
                { { .uid = 1001, .with_sub_accounts = true }, 10 },
                { { .uid = 77 }, 0 },
                { { .uid = UID_NONE, .user_id = (char *)"nobody" }, 0 },
        };
        static const char *const users[] = { "id-ada", "id-sub", "id-bob", NULL };
        static const unsigned limits[] = { 1, 7, 10, 1000 };
        Fixture *fixture = *state;
        Token *refresh;

        for (unsigned i = 0; i < 40; i++) {
                issue(fixture, i, users[i % 4], "web");
                turned += i % 3; /* some at the same time */
        }
        issue(fixture, 40, NULL, CLIENT_LOCAL);
        login(fixture, "l", 41, "id-ada", LOGIN_OPEN, NULL);
        refresh = token_make(fixture, 42, NULL, "web", NULL);
        refresh->kind = TOKEN_REFRESH;
        assert_int_equal(token_issue(fixture, refresh, NULL), 0);
        issue(fixture, 43, "id-bob", "web");
        assert_int_equal(change(fixture, STORE_REVOKE_USER, "id-bob"), 11);
        for (unsigned i = 50; i < 60; i++)
                issue(fixture, i, "id-bob", "web");
        /* expired ones are not listed, revoked ones neither */
        refresh = token_make(fixture, 60, NULL, "web", NULL);
        refresh->expires = turned;
        assert_int_equal(token_issue(fixture, refresh, NULL), 0);
        turned += 1;
        _cleanup_(store_request_freep) StoreRequest *gone = store_request_new(STORE_TOKEN_REVOKE);
        gone->key.field = STORE_KEY_HASH;
        gone->key.hash = token_hash(3);
        assert_int_equal(run(fixture, gone), 0);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                for (size_t j = 0; j < ELEMENTSOF(limits); j++)
                        assert_int_equal(walk(fixture, &cases[i].filter, limits[j]), cases[i].n);
}

static void test_cursor_survives_inserts(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *first = store_request_new(STORE_TOKEN_LIST),
                                                    *second = store_request_new(STORE_TOKEN_LIST);
        TokenHash hash;

        for (unsigned i = 0; i < 4; i++, turned++)
                issue(fixture, i, "id-ada", "web");
        first->limit = second->limit = 2;
        assert_int_equal(run(fixture, first), 0);
        issue(fixture, 10, "id-ada", "web");
        second->cursor = TAKE_PTR(first->cursor);
        assert_non_null(second->cursor);
        assert_int_equal(run(fixture, second), 0);
        assert_int_equal(second->n_tokens, 2);
        assert_null(second->cursor);
        hash = token_hash(1);
        assert_memory_equal(&second->tokens[0]->hash, &hash, sizeof(hash));
}

static void test_malformed_cursor(void **state) {
        static const char *const cursors[] = {
                "", "x", "00", "zz0000000000000000000000000000000000000000000000",
                "0000000000000000000000000000000000000000000000000",
                "AB0000000000000000000000000000000000000000000000",
        };
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(cursors); i++) {
                _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_TOKEN_LIST);

                request->cursor = strdup(cursors[i]);
                assert_int_equal(run(fixture, request), REASON_INVALID_VALUE);
        }
}

static bool sweep(Fixture *fixture, unsigned limit, uint64_t *n, size_t *n_logins) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_SWEEP);

        request->limit = limit;
        assert_int_equal(run(fixture, request), 0);
        assert_true(request->n_affected <= limit);
        *n += request->n_affected;
        *n_logins += request->n_logins;
        return request->more;
}

static void test_sweep(void **state) {
        Fixture *fixture = *state;
        uint64_t n = 0;
        size_t n_logins = 0;

        for (unsigned i = 0; i < 25; i++)
                issue(fixture, i, "id-ada", "web");
        login(fixture, "fam", 30, "id-ada", LOGIN_FAMILY, NULL);
        turned += DAY / 2;
        login(fixture, "pending", 31, "id-bob", LOGIN_PENDING, NULL);
        turned += DAY / 2;
        login(fixture, "open", 32, "id-bob", LOGIN_OPEN, NULL);
        login(fixture, "fresh", 33, "id-bob", LOGIN_PENDING, NULL);
        assert_int_equal(status(fixture).n_tokens, 29);

        while (sweep(fixture, 10, &n, &n_logins))
                ;
        assert_int_equal(n_logins, 1);
        assert_int_equal(status(fixture).n_tokens, 2);
        assert_int_equal(status(fixture).n_logins, 2);
        assert_false(is_live(fixture, 31));
        assert_true(is_live(fixture, 32) && is_live(fixture, 33));
        /* the family went with its last token */
        assert_int_equal(change(fixture, STORE_REVOKE_LOGIN, "fam"), -REASON_LOGIN_UNKNOWN);
        n = 0;
        assert_false(sweep(fixture, 10, &n, &n_logins));
        assert_int_equal(n, 0);
}

static void test_sweep_of_revoked_owners(void **state) {
        Fixture *fixture = *state;
        uint64_t n = 0;
        size_t n_logins = 0;
        int64_t graves = 0;

        for (unsigned i = 0; i < 30; i++)
                issue(fixture, i, i % 2 ? "id-ada" : "id-bob", "web");
        login(fixture, "l", 40, "id-sub", LOGIN_OPEN, NULL);
        assert_int_equal(change(fixture, STORE_REVOKE_USER, "id-ada"), 15);
        issue(fixture, 41, "id-ada", "web");
        assert_int_equal(change(fixture, STORE_REVOKE_LOGIN, "l"), 1);
        while (sweep(fixture, 4, &n, &n_logins))
                ;
        assert_int_equal(status(fixture).n_tokens, 16);
        assert_int_equal(n_logins, 0);
        assert_true(is_live(fixture, 0) && is_live(fixture, 41));

        assert_int_equal(change(fixture, STORE_REVOKE_ALL, NULL), 16);
        issue(fixture, 42, "id-ada", "web");
        while (sweep(fixture, 4, &n, &n_logins))
                ;
        assert_int_equal(status(fixture).n_tokens, 1);
        assert_true(is_live(fixture, 42));
        assert_int_equal(SQL_NUMBER(&graves, fixture->reader, "SELECT COUNT(*) FROM graves"), 1);
        assert_int_equal(graves, 0);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_with_owners, fixture_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_open),
                TEST(test_close),
                TEST(test_abandon),
                TEST(test_other_boots_end_at_start),
                TEST(test_lists),
                TEST(test_cursor_survives_inserts),
                TEST(test_malformed_cursor),
                TEST(test_sweep),
                TEST(test_sweep_of_revoked_owners),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
