/* Tokens and logins in the SQLite store. */

#include "store-fixture.h"

/* A refresh family "fam" of ada's: 1 is its access, 2 its refresh token. */
static void family(Fixture *fixture) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE);
        Token *refresh = token_make(fixture, 2, "id-ada", "web", "fam");

        refresh->kind = TOKEN_REFRESH;
        refresh->expires = turned + 30 * DAY;
        store_request_take_token(request, token_make(fixture, 1, "id-ada", "web", "fam"));
        store_request_take_token(request, refresh);
        store_request_take_login(request, login_make(fixture, "fam", "id-ada", LOGIN_FAMILY));
        assert_int_equal(run(fixture, request), 0);
}

static StoreRequest *rotate_request(Fixture *fixture, unsigned old, unsigned new) {
        StoreRequest *request = store_request_new(STORE_TOKEN_ROTATE);
        Token *refresh = token_make(fixture, new + 1, "id-ada", "web", "fam");

        refresh->kind = TOKEN_REFRESH;
        refresh->expires = turned + 30 * DAY;
        request->key.field = STORE_KEY_HASH;
        request->key.hash = token_hash(old);
        request->grace = 10 * USEC_PER_SEC;
        store_request_take_token(request, token_make(fixture, new, "id-ada", "web", "fam"));
        store_request_take_token(request, refresh);
        return request;
}

static int rotate(Fixture *fixture, unsigned old, unsigned new) {
        _cleanup_(store_request_freep) StoreRequest *request = rotate_request(fixture, old, new);

        return run(fixture, request);
}

static StoreRequest *by_id(enum StoreVerb verb, unsigned n) {
        char id[TOKEN_ID_SIZE + 1];
        TokenHash hash = token_hash(n);

        token_hash_to_id(&hash, id);
        return request_by_text(verb, STORE_KEY_ID, id);
}

static int64_t revoke_token(Fixture *fixture, unsigned n) {
        _cleanup_(store_request_freep) StoreRequest *request = by_id(STORE_TOKEN_REVOKE, n);
        int r = run(fixture, request);

        assert_int_equal(request->n_tokens, r == 0);
        return r == 0 ? (int64_t)request->n_affected : -r;
}

static void test_round_trip(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = by_id(STORE_TOKEN_GET, 1);
        Token *token = token_make(fixture, 1, "id-ada", "web", NULL);
        TokenHash hash = token_hash(1);
        const Token *found;

        token->grant = strdup("password");
        token->service = strdup("sshd");
        token->rhost = strdup("192.0.2.1");
        token->tty = strdup("ssh");
        assert_int_equal(strv_split("a b", " ", &token->scopes), 0);
        assert_int_equal(token_issue(fixture, token, NULL), 0);

        assert_int_equal(run(fixture, request), 0);
        found = request->tokens[0];
        assert_memory_equal(&found->hash, &hash, sizeof(hash));
        assert_int_equal(found->kind, TOKEN_ACCESS);
        assert_string_equal(found->user_id, "id-ada");
        assert_string_equal(found->user_name, "ada");
        assert_int_equal(found->uid, 1000);
        assert_null(found->user_role);
        assert_string_equal(found->client_id, "web");
        assert_string_equal(found->scopes[1], "b");
        assert_null(found->login);
        assert_string_equal(found->grant, "password");
        assert_string_equal(found->service, "sshd");
        assert_string_equal(found->rhost, "192.0.2.1");
        assert_string_equal(found->tty, "ssh");
        assert_true(found->created == START && found->expires == START + DAY);
        assert_int_equal(found->used, 0);
}

static void test_clients_own_token(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = by_id(STORE_TOKEN_GET, 1);

        issue(fixture, 1, NULL, "web");
        assert_int_equal(run(fixture, request), 0);
        assert_null(request->tokens[0]->user_id);
        assert_null(request->tokens[0]->user_name);
        assert_int_equal(request->tokens[0]->uid, UID_NONE);
        assert_null(request->tokens[0]->scopes);
}

static void test_no_such_id(void **state) {
        static const char *const ids[] = { "", "0", "zz", "00000000000000000000000000000000",
                                           "0000000000000000000000000000000", NULL };
        Fixture *fixture = *state;

        issue(fixture, 1, "id-ada", "web");
        for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
                _cleanup_(store_request_freep) StoreRequest *request =
                        request_by_text(STORE_TOKEN_GET, STORE_KEY_ID, ids[i]);

                assert_int_equal(run(fixture, request), REASON_TOKEN_UNKNOWN);
        }
}

static void test_expiry(void **state) {
        Fixture *fixture = *state;

        issue(fixture, 1, "id-ada", "web");
        turned += DAY - 1;
        assert_true(is_live(fixture, 1));
        turned += 1;
        assert_false(is_live(fixture, 1));
        assert_int_equal(revoke_token(fixture, 1), -REASON_TOKEN_UNKNOWN);
}

static void test_issue_is_all_or_nothing(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE),
                                                    *twice = store_request_new(STORE_TOKEN_ISSUE);
        Token *stale = token_make(fixture, 3, "id-bob", "web", NULL);

        store_request_take_token(request, token_make(fixture, 1, "id-ada", "web", NULL));
        store_request_take_token(request, token_make(fixture, 2, "id-ada", "web", NULL));
        store_request_take_token(request, stale);
        store_request_take_login(request, login_make(fixture, "l", "id-ada", LOGIN_OPEN));
        assert_int_equal(change(fixture, STORE_REVOKE_USER, "id-bob"), 0);
        assert_int_equal(run(fixture, request), REASON_INVALID_GRANT);
        for (unsigned i = 1; i <= 3; i++)
                assert_false(is_live(fixture, i));
        assert_int_equal(status(fixture).n_tokens, 0);
        assert_int_equal(status(fixture).n_logins, 0);
        assert_int_equal(change(fixture, STORE_REVOKE_LOGIN, "l"), -REASON_LOGIN_UNKNOWN);

        /* a broken one undoes itself as well, and only itself */
        store_request_take_token(twice, token_make(fixture, 4, "id-ada", "web", NULL));
        store_request_take_token(twice, token_make(fixture, 4, "id-ada", "web", NULL));
        assert_int_equal(run(fixture, twice), -EEXIST);
        assert_false(is_live(fixture, 4));
        issue(fixture, 4, "id-ada", "web");
        assert_int_equal(status(fixture).n_tokens, 1);
}

static int run_in_batch(Fixture *fixture, unsigned first, unsigned second, Login *login) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE);
        const char *family = login ? login->id : NULL;

        request->now = turned;
        store_request_take_token(request, token_make(fixture, first, "id-ada", "web", family));
        if (second > 0)
                store_request_take_token(request,
                                         token_make(fixture, second, "id-bob", "web", NULL));
        if (login)
                store_request_take_login(request, login);
        assert_int_equal(backend_sqlite.run(fixture->backend, request), 0);
        return request->result;
}

/* One that is refused or broken takes its own back, whatever it got to, and nothing of the others
 * in the same transaction. */
static void test_broken_issues_among_others(void **state) {
        Fixture *fixture = *state;
        int64_t epoch;

        issue(fixture, 9, "id-bob", "web");
        assert_int_equal(backend_sqlite.begin(fixture->backend), 0);
        assert_int_equal(run_in_batch(fixture, 1, 0,
                                      login_make(fixture, "l", "id-ada", LOGIN_OPEN)), 0);
        epoch = fixture->backend->counters.epoch;
        assert_int_equal(run_in_batch(fixture, 2, 9,
                                      login_make(fixture, "m", "id-ada", LOGIN_OPEN)), -EEXIST);
        assert_int_equal(run_in_batch(fixture, 3, 0,
                                      login_make(fixture, "l", "id-ada", LOGIN_OPEN)), -EEXIST);
        assert_int_equal(run_in_batch(fixture, 1, 0,
                                      login_make(fixture, "n", "id-ada", LOGIN_OPEN)), -EEXIST);
        assert_int_equal(run_in_batch(fixture, 1, 0, NULL), -EEXIST);
        assert_true(fixture->backend->counters.epoch == epoch);
        assert_int_equal(run_in_batch(fixture, 4, 5, NULL), 0);
        assert_int_equal(backend_sqlite.commit(fixture->backend), 0);

        assert_true(is_live(fixture, 1) && is_live(fixture, 9));
        assert_true(is_live(fixture, 4) && is_live(fixture, 5));
        assert_false(is_live(fixture, 2) || is_live(fixture, 3));
        assert_int_equal(status(fixture).n_tokens, 4);
        assert_int_equal(status(fixture).n_logins, 1);
        assert_int_equal(change(fixture, STORE_REVOKE_LOGIN, "m"), -REASON_LOGIN_UNKNOWN);
        assert_int_equal(change(fixture, STORE_REVOKE_LOGIN, "n"), -REASON_LOGIN_UNKNOWN);
        assert_int_equal(change(fixture, STORE_REVOKE_LOGIN, "l"), 1);
}

/* What breaks otherwise may have got half-way: nobody's changes hold. */
static void test_broken_issue_ends_the_transaction(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE);
        Token *nobodys = token_make(fixture, 2, NULL, "web", NULL);

        free(TAKE_PTR(nobodys->client_id));
        store_request_take_token(request, nobodys);
        assert_int_equal(backend_sqlite.begin(fixture->backend), 0);
        assert_int_equal(run_in_batch(fixture, 1, 0, NULL), 0);
        assert_int_equal(backend_sqlite.run(fixture->backend, request), -EINVAL);
        backend_sqlite.rollback(fixture->backend);
        assert_false(is_live(fixture, 1));
        assert_int_equal(status(fixture).n_tokens, 0);
}

/* threats.md 34: nothing that was issued while somebody revoked is alive. */
static void test_issue_after_revocation(void **state) {
        static const struct {
                enum StoreVerb verb;
                const char *owner;
        } cases[] = {
                { STORE_REVOKE_USER, "id-ada" },   { STORE_USER_SET_PASSWORD, "id-ada" },
                { STORE_REVOKE_CLIENT, "web" },    { STORE_REVOKE_ALL, NULL },
                { STORE_REVOKE_LOGIN, "fam" },     { STORE_CLIENT_REMOVE, "web" },
                { STORE_USER_REMOVE, "id-ada" },
        };
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Token *token;

                if (cases[i].verb == STORE_REVOKE_LOGIN)
                        family(fixture);
                token = token_make(fixture, 100 + i, "id-ada", "web",
                                   cases[i].verb == STORE_REVOKE_LOGIN ? "fam" : NULL);
                assert_true(change(fixture, cases[i].verb, cases[i].owner) >= 0);
                assert_int_equal(token_issue(fixture, token, NULL), REASON_INVALID_GRANT);
                assert_false(is_live(fixture, 100 + i));
                if (cases[i].verb == STORE_CLIENT_REMOVE)
                        assert_true(client_add(fixture, "web") > 0);
        }
}

static void test_revoke(void **state) {
        Fixture *fixture = *state;

        family(fixture);
        issue(fixture, 3, "id-ada", "web");
        assert_int_equal(revoke_token(fixture, 1), 1); /* alone */
        assert_true(is_live(fixture, 2) && is_live(fixture, 3));
        assert_int_equal(revoke_token(fixture, 1), -REASON_TOKEN_UNKNOWN);
        assert_int_equal(rotate(fixture, 2, 10), 0);

        assert_int_equal(revoke_token(fixture, 11), 2); /* with its family */
        assert_false(is_live(fixture, 10) || is_live(fixture, 11));
        assert_true(is_live(fixture, 3));
        assert_int_equal(rotate(fixture, 11, 20), REASON_INVALID_GRANT);
}

static void test_revoke_by_used_refresh_token(void **state) {
        Fixture *fixture = *state;

        family(fixture);
        assert_int_equal(rotate(fixture, 2, 10), 0);
        assert_int_equal(revoke_token(fixture, 2), 2);
        assert_false(is_live(fixture, 10) || is_live(fixture, 11));
}

static void test_rotation(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = NULL, *used = NULL;

        family(fixture);
        request = rotate_request(fixture, 2, 10);
        assert_int_equal(run(fixture, request), 0);
        assert_false(is_live(fixture, 1));
        assert_false(is_live(fixture, 2));
        assert_true(is_live(fixture, 10));
        assert_true(is_live(fixture, 11));

        used = by_id(STORE_TOKEN_GET, 2);
        used->include_used = true;
        assert_int_equal(run(fixture, used), 0);
        assert_true(used->tokens[0]->used == turned);

        /* access tokens and what is no token rotate nothing */
        assert_int_equal(rotate(fixture, 10, 20), REASON_INVALID_GRANT);
        assert_int_equal(rotate(fixture, 999, 20), REASON_INVALID_GRANT);
        assert_true(is_live(fixture, 10));
}

static void test_reuse_within_grace_changes_nothing(void **state) {
        Fixture *fixture = *state;
        StoreStatus before;

        family(fixture);
        assert_int_equal(rotate(fixture, 2, 10), 0);
        before = status(fixture);
        turned += 10 * USEC_PER_SEC;
        for (unsigned i = 0; i < 64; i++)
                assert_int_equal(rotate(fixture, 2, 20 + 2 * i), REASON_INVALID_GRANT);
        assert_true(is_live(fixture, 10) && is_live(fixture, 11));
        assert_int_equal(status(fixture).n_tokens, before.n_tokens);
}

/* threats.md 33: also after a restart. */
static void test_reuse_after_grace_revokes_the_family(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = NULL;

        family(fixture);
        issue(fixture, 3, "id-ada", "web");
        assert_int_equal(rotate(fixture, 2, 10), 0);
        turned += 10 * USEC_PER_SEC + 1;
        fixture_close(fixture);
        assert_int_equal(fixture_open(fixture), 0);

        request = rotate_request(fixture, 2, 20);
        assert_int_equal(run(fixture, request), REASON_INVALID_GRANT);
        assert_true(request->family_revoked);
        assert_string_equal(request->key.text, "fam");
        assert_int_equal(request->n_affected, 2);
        for (unsigned i = 10; i <= 21; i++)
                assert_false(is_live(fixture, i));
        assert_true(is_live(fixture, 3));
        assert_int_equal(rotate(fixture, 11, 30), REASON_INVALID_GRANT);
}

static void test_clock_does_not_stretch_the_grace(void **state) {
        Fixture *fixture = *state;

        family(fixture);
        assert_int_equal(rotate(fixture, 2, 10), 0);
        turned -= 60 * USEC_PER_SEC;
        assert_int_equal(rotate(fixture, 2, 20), REASON_INVALID_GRANT);
        assert_false(is_live(fixture, 11));
}

static void test_successors_keep_their_owners(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = NULL;

        family(fixture);
        request = rotate_request(fixture, 2, 10);
        free(request->tokens[0]->user_id);
        request->tokens[0]->user_id = strdup("id-bob");
        assert_int_equal(run(fixture, request), -EINVAL);
        assert_true(is_live(fixture, 1) && is_live(fixture, 2));
}

static void test_revoke_all(void **state) {
        Fixture *fixture = *state;

        family(fixture);
        issue(fixture, 3, NULL, CLIENT_LOCAL);
        assert_int_equal(token_issue(fixture, token_make(fixture, 4, "id-bob", "web", "s"),
                                     login_make(fixture, "s", "id-bob", LOGIN_OPEN)),
                         0);
        assert_int_equal(change(fixture, STORE_REVOKE_ALL, NULL), 4);
        for (unsigned i = 1; i <= 4; i++)
                assert_false(is_live(fixture, i));
        assert_int_equal(status(fixture).n_logins, 0);
        assert_int_equal(change(fixture, STORE_REVOKE_ALL, NULL), 0);
        issue(fixture, 5, "id-ada", "web");
        assert_true(is_live(fixture, 5));
}

/* Rows that died with a client before are swept all the same. */
static void test_revoke_all_forgets_no_rows(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_SWEEP);

        issue(fixture, 1, "id-ada", "web");
        issue(fixture, 2, "id-ada", CLIENT_LOCAL);
        assert_int_equal(change(fixture, STORE_CLIENT_REMOVE, "web"), 1);
        assert_int_equal(change(fixture, STORE_REVOKE_ALL, NULL), 1);
        assert_int_equal(run(fixture, request), 0);
        assert_int_equal(status(fixture).n_tokens, 0);
}

static void test_touch(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOUCH);
        _cleanup_(store_request_freep) StoreRequest *get = store_request_new(STORE_TOKEN_GET);

        issue(fixture, 1, "id-ada", "web");
        request->touches = calloc(2, sizeof(TokenTouch));
        request->touches[0] = (TokenTouch){ token_hash(1), turned + 5 };
        request->touches[1] = (TokenTouch){ token_hash(2), turned };
        request->n_touches = 2;
        assert_int_equal(run(fixture, request), 0);
        get->key.field = STORE_KEY_HASH;
        get->key.hash = token_hash(1);
        assert_int_equal(run(fixture, get), 0);
        assert_true(get->tokens[0]->last_used == turned + 5);
}

/* n_affected, or the refusal as a negative number. */
static int64_t issue_by_token_api(Fixture *fixture, unsigned n, const char *user,
                                  const char *client, bool discards_earlier) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE);
        Token *token = token_make(fixture, n, user, client, NULL);
        int r;

        token->grant = strdup(TOKEN_GRANT_TOKEN_API);
        assert_int_equal(store_request_take_token(request, token), 0);
        request->discards_earlier = discards_earlier;
        r = run(fixture, request);
        return r == 0 ? (int64_t)request->n_affected : -r;
}

static void test_earlier_ones_are_discarded(void **state) {
        Fixture *fixture = *state;

        issue(fixture, 1, "id-ada", "web");
        assert_int_equal(issue_by_token_api(fixture, 2, "id-ada", "web", false), 0);
        assert_int_equal(issue_by_token_api(fixture, 3, "id-ada", "web", false), 0);
        assert_int_equal(issue_by_token_api(fixture, 4, "id-bob", "web", false), 0);
        assert_int_equal(issue_by_token_api(fixture, 5, "id-ada", CLIENT_LOCAL, false), 0);
        assert_int_equal(status(fixture).n_tokens, 5);

        assert_int_equal(issue_by_token_api(fixture, 6, "id-ada", "web", true), 2);
        for (unsigned n = 1; n <= 6; n++)
                assert_int_equal(is_live(fixture, n), n != 2 && n != 3);
        assert_int_equal(status(fixture).n_tokens, 4);

        /* what expired is not counted, but goes */
        turned += 2 * DAY;
        assert_int_equal(issue_by_token_api(fixture, 7, "id-ada", "web", true), 0);
        assert_true(is_live(fixture, 7));
        assert_int_equal(status(fixture).n_tokens, 4);
}

static void test_refused_issue_discards_nothing(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *late = store_request_new(STORE_TOKEN_ISSUE);
        _cleanup_(store_request_freep) StoreRequest *other = store_request_new(STORE_TOKEN_ISSUE);
        _cleanup_(store_request_freep) StoreRequest *none = store_request_new(STORE_TOKEN_ISSUE);

        assert_int_equal(issue_by_token_api(fixture, 1, "id-ada", "web", true), 0);
        store_request_take_token(late, token_make(fixture, 2, "id-ada", "web", NULL));
        late->tokens[0]->grant = strdup(TOKEN_GRANT_TOKEN_API);
        late->tokens[0]->user_epoch--;
        late->discards_earlier = true;
        assert_int_equal(run(fixture, late), REASON_INVALID_GRANT);
        assert_int_equal(late->n_affected, 0);

        store_request_take_token(other, token_make(fixture, 3, "id-ada", "web", NULL));
        other->tokens[0]->grant = strdup("password");
        other->discards_earlier = true;
        assert_int_equal(run(fixture, other), -EINVAL);
        none->discards_earlier = true;
        assert_int_equal(run(fixture, none), -EINVAL);
        assert_true(is_live(fixture, 1));
        assert_int_equal(status(fixture).n_tokens, 1);
}

static int issue_by_key(Fixture *fixture, unsigned n, unsigned key) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE);

        store_request_take_token(request, token_make(fixture, n, "id-bob", CLIENT_LOCAL, NULL));
        request->key.field = STORE_KEY_HASH;
        request->key.hash = token_hash(key);
        request->needs_live_key = true;
        return run(fixture, request);
}

static void test_issue_by_a_key(void **state) {
        Fixture *fixture = *state;

        family(fixture);
        issue(fixture, 3, NULL, "web");
        assert_int_equal(issue_by_key(fixture, 11, 1), 0);
        assert_int_equal(issue_by_key(fixture, 12, 3), 0);
        assert_int_equal(issue_by_key(fixture, 13, 2), REASON_INVALID_TOKEN); /* a refresh token */
        assert_int_equal(issue_by_key(fixture, 14, 99), REASON_INVALID_TOKEN);

        assert_int_equal(change(fixture, STORE_REVOKE_CLIENT, "web"), 3);
        assert_int_equal(issue_by_key(fixture, 15, 3), REASON_INVALID_TOKEN);
        issue(fixture, 4, NULL, "web");
        assert_int_equal(issue_by_key(fixture, 16, 4), 0);
        turned += 2 * DAY;
        assert_int_equal(issue_by_key(fixture, 17, 4), REASON_INVALID_TOKEN);
        assert_false(is_live(fixture, 17));
}

/* A token for bob, by a key that it uses up. */
static StoreRequest *consuming(Fixture *fixture, unsigned n, unsigned key) {
        StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE);

        store_request_take_token(request, token_make(fixture, n, "id-bob", CLIENT_LOCAL, NULL));
        request->key.field = STORE_KEY_HASH;
        request->key.hash = token_hash(key);
        request->needs_live_key = true;
        request->consumes_key = true;
        return request;
}

static void test_issue_uses_up_the_key(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *first = NULL, *second = NULL, *late = NULL;

        issue(fixture, 1, "id-bob", "web");
        issue(fixture, 2, "id-bob", "web");
        first = consuming(fixture, 11, 1);
        second = consuming(fixture, 12, 1);
        assert_int_equal(run(fixture, first), 0);
        assert_false(is_live(fixture, 1));
        assert_true(is_live(fixture, 2));
        assert_true(is_live(fixture, 11));
        assert_int_equal(status(fixture).n_tokens, 2);
        assert_int_equal(run(fixture, second), REASON_INVALID_TOKEN);
        assert_false(is_live(fixture, 12));
        assert_int_equal(status(fixture).n_tokens, 2);

        /* What issues nothing uses nothing up. */
        late = consuming(fixture, 13, 2);
        late->tokens[0]->user_epoch++;
        assert_int_equal(run(fixture, late), REASON_INVALID_GRANT);
        assert_true(is_live(fixture, 2));
        assert_int_equal(status(fixture).n_tokens, 2);
}

/* Both in one transaction, as they come when many do. */
static void test_one_key_twice_in_a_transaction(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *first = NULL, *second = NULL;

        issue(fixture, 1, "id-bob", "web");
        first = consuming(fixture, 11, 1);
        second = consuming(fixture, 12, 1);
        assert_int_equal(backend_sqlite.begin(fixture->backend), 0);
        assert_int_equal(backend_sqlite.run(fixture->backend, first), 0);
        assert_int_equal(backend_sqlite.run(fixture->backend, second), 0);
        assert_int_equal(first->result, 0);
        assert_int_equal(second->result, REASON_INVALID_TOKEN);
        /* The power fails: neither was there, and the key is. */
        backend_sqlite.rollback(fixture->backend);
        assert_true(is_live(fixture, 1));
        assert_false(is_live(fixture, 11));
        assert_int_equal(status(fixture).n_tokens, 1);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_with_owners, fixture_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_round_trip),
                TEST(test_clients_own_token),
                TEST(test_no_such_id),
                TEST(test_expiry),
                TEST(test_issue_is_all_or_nothing),
                TEST(test_broken_issues_among_others),
                TEST(test_broken_issue_ends_the_transaction),
                TEST(test_issue_after_revocation),
                TEST(test_earlier_ones_are_discarded),
                TEST(test_refused_issue_discards_nothing),
                TEST(test_issue_by_a_key),
                TEST(test_issue_uses_up_the_key),
                TEST(test_one_key_twice_in_a_transaction),
                TEST(test_revoke),
                TEST(test_revoke_by_used_refresh_token),
                TEST(test_rotation),
                TEST(test_reuse_within_grace_changes_nothing),
                TEST(test_reuse_after_grace_revokes_the_family),
                TEST(test_clock_does_not_stretch_the_grace),
                TEST(test_successors_keep_their_owners),
                TEST(test_revoke_all),
                TEST(test_revoke_all_forgets_no_rows),
                TEST(test_touch),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
