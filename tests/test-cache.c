/* The cache: bounded, and never alive what was forgotten. */

#include "cache-fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "wire/text.h"

/* Logins are named by their first token; these share nothing. */
#define LOGIN_1     "01000000000000000000000000000001"
#define LOGIN_2     "02000000000000000000000000000002"
#define LOGIN_OTHER "03000000000000000000000000000003"

static void test_put_and_get(void **state) {
        _cleanup_(cache_freep) Cache *cache = NULL;
        _cleanup_(token_unrefp) Token *token = NULL, *again = NULL;
        TokenHash hash = hash_of(1);

        assert_int_equal(cache_new(10, &cache), 0);
        assert_false(has(cache, 1));
        put(cache, 1, "u", "c", NULL);
        token = cache_get(cache, &hash, NOW);
        assert_non_null(token);
        assert_string_equal(token->user_id, "u");

        /* twice is once, and the later one counts */
        put(cache, 1, "other", "c", NULL);
        assert_int_equal(cache_size(cache), 1);
        again = cache_get(cache, &hash, NOW);
        assert_string_equal(again->user_id, "other");
        assert_string_equal(token->user_id, "u");

        cache_forget(cache, &hash);
        assert_false(has(cache, 1));
        cache_forget(cache, &hash);
        assert_int_equal(cache_size(cache), 0);
}

static void test_expired_is_not_found(void **state) {
        _cleanup_(token_unrefp) Token *last = NULL;
        _cleanup_(cache_freep) Cache *cache = NULL;
        TokenHash hash = hash_of(1);

        assert_int_equal(cache_new(10, &cache), 0);
        put(cache, 1, "u", "c", NULL);
        last = cache_get(cache, &hash, EXPIRES - 1);
        assert_non_null(last);
        assert_null(cache_get(cache, &hash, EXPIRES));
        assert_int_equal(cache_size(cache), 0);
}

/* threats.md 49: what expired must not live again because the clock went back. */
static void test_clock_turned_back(void **state) {
        _cleanup_(cache_freep) Cache *cache = NULL;
        TokenHash absent = hash_of(99);

        assert_int_equal(cache_new(10, &cache), 0);
        put(cache, 1, "u", "c", NULL);
        assert_null(cache_get(cache, &absent, NOW + 60 * USEC_PER_SEC));
        assert_true(has(cache, 1)); /* a minute is no jump */
        assert_null(cache_get(cache, &absent, EXPIRES + USEC_PER_SEC));
        assert_false(has(cache, 1));
        assert_int_equal(cache_size(cache), 0);
        put(cache, 2, "u", "c", NULL);
        assert_true(has(cache, 2));

        /* nobody asked for anything while it was late */
        cache_follow_clock(cache, EXPIRES + USEC_PER_SEC);
        assert_false(has(cache, 2));
}

static void test_bound_evicts_the_least_used(void **state) {
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(3, &cache), 0);
        put(cache, 1, "u", "c", NULL);
        put(cache, 2, "u", "c", NULL);
        put(cache, 3, "u", "c", NULL);
        assert_true(has(cache, 1));
        put(cache, 4, "u", "c", NULL);
        assert_int_equal(cache_size(cache), 3);
        assert_true(has(cache, 1));
        assert_false(has(cache, 2));
        assert_true(has(cache, 3));
        assert_true(has(cache, 4));

        for (unsigned n = 100; n < 10000; n++) {
                char user[16], login[TOKEN_ID_SIZE + 1];

                snprintf(user, sizeof(user), "u%u", n);
                snprintf(login, sizeof(login), "%032x", n);
                put(cache, n, user, "c", login);
                assert_true(cache_size(cache) <= 3);
        }
        assert_true(has(cache, 9999));
}

static void test_bound_of_zero_and_one(void **state) {
        _cleanup_(cache_freep) Cache *none = NULL, *one = NULL;

        assert_int_equal(cache_new(0, &none), 0);
        put(none, 1, "u", "c", NULL);
        assert_false(has(none, 1));
        assert_int_equal(cache_new(1, &one), 0);
        put(one, 1, "u", "c", NULL);
        put(one, 2, "u", "c", NULL);
        assert_false(has(one, 1));
        assert_true(has(one, 2));
}

static void test_forget_owners(void **state) {
        static const struct {
                void (*forget)(Cache *cache, const char *id);
                const char *id;
                bool left[4]; /* of tokens 0 to 3 below */
        } cases[] = {
                { cache_forget_user,   "ada",       { false, false, true,  true  } },
                { cache_forget_user,   "web",       { true,  true,  true,  true  } }, /* no user */
                { cache_forget_client, "web",       { false, true,  false, true  } },
                { cache_forget_login,  LOGIN_1,     { true,  false, true,  true  } },
                { cache_forget_login,  LOGIN_OTHER, { true,  true,  true,  true  } },
                { cache_forget_login,  "ada",       { true,  true,  true,  true  } },
                { cache_forget_login,  NULL,        { true,  true,  true,  true  } },
                { cache_forget_user,   "nobody",    { true,  true,  true,  true  } },
                { cache_forget_user,   NULL,        { true,  true,  true,  true  } },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(cache_freep) Cache *cache = NULL;

                assert_int_equal(cache_new(10, &cache), 0);
                put(cache, 0, "ada", "web", NULL);
                put(cache, 1, "ada", "local", LOGIN_1);
                put(cache, 2, NULL, "web", NULL);
                put(cache, 3, "bob", "local", LOGIN_2);
                cases[i].forget(cache, cases[i].id);
                for (unsigned n = 0; n < 4; n++)
                        assert_int_equal(has(cache, n), cases[i].left[n]);
        }
}

static void test_put_after_forget_lives(void **state) {
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(10, &cache), 0);
        put(cache, 1, "ada", "web", LOGIN_1);
        put(cache, 2, "ada", "web", LOGIN_1);
        cache_forget_login(cache, LOGIN_1);
        put(cache, 2, "ada", "web", LOGIN_1);
        assert_false(has(cache, 1));
        assert_true(has(cache, 2));
        cache_forget_login(cache, LOGIN_1);
        assert_false(has(cache, 2));
}

static void test_clear(void **state) {
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(100, &cache), 0);
        for (unsigned n = 0; n < 50; n++)
                put(cache, n, "ada", "web", LOGIN_1);
        cache_clear(cache);
        assert_int_equal(cache_size(cache), 0);
        for (unsigned n = 0; n < 50; n++)
                assert_false(has(cache, n));
        put(cache, 1, "ada", "web", LOGIN_1);
        assert_true(has(cache, 1));
}

/* Everything that is told of a token is told again, also of those that differ in one thing only. */
static void test_all_is_kept(void **state) {
        static const size_t texts[] = {
                offsetof(Token, user_id),   offsetof(Token, user_name), offsetof(Token, user_role),
                offsetof(Token, client_id),
        };
        _cleanup_(cache_freep) Cache *cache = NULL;
        unsigned n = 0;

        assert_int_equal(cache_new(100, &cache), 0);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                for (int with = 0; with < 3; with++) {
                        _cleanup_(token_unrefp) Token *token = make(n++, NULL, NULL, NULL);
                        char **text = (char **)((char *)token + texts[i]);

                        *text = with == 0 ? NULL : strdup(with == 1 ? "" : "x");
                        cache_put(cache, token);
                }
        }
        for (unsigned k = 0; k < n; k++) {
                TokenHash hash = hash_of(k);
                _cleanup_(token_unrefp) Token *token = cache_get(cache, &hash, NOW);

                assert_non_null(token);
                for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                        const char *text = *(char **)((char *)token + texts[i]);

                        if (i != k / 3 || k % 3 == 0)
                                assert_null(text);
                        else
                                assert_string_equal(text, k % 3 == 1 ? "" : "x");
                }
        }
}

static void test_numbers_are_kept(void **state) {
        _cleanup_(token_unrefp) Token *token = make(1, "u", "c", LOGIN_1), *got = NULL;
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(100, &cache), 0);
        token->uid = 70000;
        token->created = NOW - 1;
        token->last_used = NOW - 2;
        token->user_epoch = 3;
        token->client_epoch = INT64_MAX;
        token->login_epoch = INT64_MIN;
        assert_int_equal(strv_split("a b", " ", &token->scopes), 0);
        cache_put(cache, token);
        got = cache_get(cache, &token->hash, NOW);
        assert_non_null(got);
        assert_memory_equal(&got->hash, &token->hash, sizeof(TokenHash));
        assert_int_equal(got->kind, TOKEN_ACCESS);
        assert_int_equal(got->uid, 70000);
        assert_true(got->created == NOW - 1 && got->expires == EXPIRES && got->used == 0);
        assert_true(got->last_used == NOW - 2 && got->user_epoch == 3);
        assert_true(got->client_epoch == INT64_MAX && got->login_epoch == INT64_MIN);
        assert_string_equal(got->login, LOGIN_1);
        assert_string_equal(got->scopes[0], "a");
        assert_string_equal(got->scopes[1], "b");
        assert_null(got->scopes[2]);
}

static void test_no_scopes_are_not_none(void **state) {
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(100, &cache), 0);
        for (unsigned n = 0; n < 3; n++) {
                _cleanup_(token_unrefp) Token *token = make(n, "u", "c", NULL), *got = NULL;

                if (n > 0)
                        assert_int_equal(strv_split(n == 1 ? "" : "a", " ", &token->scopes), 0);
                cache_put(cache, token);
                got = cache_get(cache, &token->hash, NOW);
                assert_int_equal(got->scopes != NULL, n > 0);
                assert_int_equal(strv_length(got->scopes), n == 2);
        }
}

static void test_tokens_outlive_the_cache(void **state) {
        _cleanup_(token_unrefp) Token *token = NULL, *another = NULL;
        Cache *cache = NULL;
        TokenHash hash = hash_of(1);

        assert_int_equal(cache_new(100, &cache), 0);
        put(cache, 1, "ada", "web", LOGIN_1);
        token = cache_get(cache, &hash, NOW);
        cache_forget_user(cache, "ada");
        put(cache, 1, "ada", "web", LOGIN_1);
        another = cache_get(cache, &hash, NOW);
        cache_clear(cache);
        cache_free(cache);
        assert_string_equal(token->user_id, "ada");
        assert_string_equal(another->client_id, "web");
        assert_string_equal(another->login, LOGIN_1);
}

/* Refresh tokens are looked up where they are used up; what names no login can't be forgotten. */
static void test_what_is_not_kept(void **state) {
        _cleanup_(token_unrefp) Token *refresh = make(1, "u", "c", NULL), *used = NULL;
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(100, &cache), 0);
        put(cache, 1, "u", "c", NULL);
        refresh->kind = TOKEN_REFRESH;
        cache_put(cache, refresh);
        assert_false(has(cache, 1)); /* nor what was there before */
        used = make(2, "u", "c", NULL);
        used->used = NOW;
        cache_put(cache, used);
        put(cache, 3, "u", "c", "no-login");
        put(cache, 4, "u", "c", LOGIN_1 "0");
        assert_int_equal(cache_size(cache), 0);
}

/* Logins share what tells whether they were forgotten; too many may go, too few never. */
static void test_logins_with_the_same_generation(void **state) {
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(10, &cache), 0);
        put(cache, 1, "u", "c", LOGIN_1);
        put(cache, 2, "u", "c", "01000000000000000000000000000002");
        put(cache, 3, "u", "c", NULL);
        cache_forget_login(cache, "01000000000000000000000000000002");
        assert_false(has(cache, 2));
        assert_true(has(cache, 3));
        put(cache, 1, "u", "c", LOGIN_1);
        assert_true(has(cache, 1));
}

/* Each time all are asked for, so that each has a turn to be passed over. */
static void test_bound_when_all_are_asked_for(void **state) {
        static const unsigned bounds[] = { 1, 2, 62, 63, 64, 65, 127, 128, 129, 1000 };

        for (size_t i = 0; i < ELEMENTSOF(bounds); i++) {
                _cleanup_(cache_freep) Cache *cache = NULL;
                unsigned bound = bounds[i], n_found;

                assert_int_equal(cache_new(bound, &cache), 0);
                for (unsigned n = 0; n < 4 * bound; n++) {
                        put(cache, n, "u", "c", NULL);
                        assert_true(has(cache, n));
                        assert_int_equal(cache_size(cache), n < bound ? n + 1 : bound);
                }
                n_found = 0;
                for (unsigned n = 0; n < 4 * bound; n++)
                        n_found += has(cache, n);
                assert_int_equal(n_found, bound);
        }
}

/* What is asked for again and again stays, whatever passes through. */
static void test_what_is_asked_for_stays(void **state) {
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(100, &cache), 0);
        for (unsigned n = 0; n < 50; n++)
                put(cache, n, "u", "c", NULL);
        for (unsigned n = 1000; n < 5000; n++) {
                put(cache, n, "u", "c", NULL);
                if (n % 25 == 0)
                        for (unsigned k = 0; k < 50; k++)
                                assert_true(has(cache, k));
        }
}

/* Dead tokens that nobody asks for make room for those that come: no growth, however many. */
static void test_dead_ones_go_by_themselves(void **state) {
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(1000000, &cache), 0);
        for (unsigned n = 0; n < 100000; n++) {
                _cleanup_(token_unrefp) Token *token = make(n, "u", "c", NULL);

                token->expires = NOW + n * USEC_PER_SEC + 1000 * USEC_PER_SEC;
                cache_follow_clock(cache, NOW + n * USEC_PER_SEC);
                cache_put(cache, token);
                assert_true(cache_size(cache) <= 2002);
        }
}

static void test_forgotten_ones_go_by_themselves(void **state) {
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(1000000, &cache), 0);
        for (unsigned n = 0; n < 100000; n++) {
                const char *client = n % 2 ? "c" : "d", *login = n % 3 ? LOGIN_1 : LOGIN_2;

                cache_forget_user(cache, "u");
                put(cache, n, n % 2 ? "u" : NULL, client, login);
                cache_forget_client(cache, client);
                cache_forget_login(cache, login);
                assert_true(cache_size(cache) <= 4);
        }
}

static void test_many(void **state) {
        enum { N = 50000 };
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(N, &cache), 0);
        for (unsigned round = 0; round < 2; round++) {
                for (unsigned n = 0; n < N; n++)
                        put(cache, n, n % 2 ? "u" : "v", "c", NULL);
                assert_int_equal(cache_size(cache), N);
                for (unsigned n = 0; n < N; n++)
                        assert_true(has(cache, n));
                cache_forget_user(cache, "v");
                for (unsigned n = 0; n < N; n++)
                        assert_int_equal(has(cache, n), n % 2);
                cache_clear(cache);
                assert_int_equal(cache_size(cache), 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_is_kept),
                cmocka_unit_test(test_numbers_are_kept),
                cmocka_unit_test(test_no_scopes_are_not_none),
                cmocka_unit_test(test_tokens_outlive_the_cache),
                cmocka_unit_test(test_what_is_not_kept),
                cmocka_unit_test(test_logins_with_the_same_generation),
                cmocka_unit_test(test_bound_when_all_are_asked_for),
                cmocka_unit_test(test_what_is_asked_for_stays),
                cmocka_unit_test(test_dead_ones_go_by_themselves),
                cmocka_unit_test(test_forgotten_ones_go_by_themselves),
                cmocka_unit_test(test_many),
                cmocka_unit_test(test_put_and_get),
                cmocka_unit_test(test_expired_is_not_found),
                cmocka_unit_test(test_clock_turned_back),
                cmocka_unit_test(test_bound_evicts_the_least_used),
                cmocka_unit_test(test_bound_of_zero_and_one),
                cmocka_unit_test(test_forget_owners),
                cmocka_unit_test(test_put_after_forget_lives),
                cmocka_unit_test(test_clear),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
