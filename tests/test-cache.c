/* The cache: bounded, and never alive what was forgotten. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/cache.h"
#include "wire/text.h"

#define NOW     (1700000000 * USEC_PER_SEC)
#define EXPIRES (NOW + 3600 * USEC_PER_SEC)

static TokenHash hash_of(unsigned n) {
        TokenHash hash = { 0 };

        memcpy(hash.bytes, &n, sizeof(n));
        return hash;
}

static Token *make(unsigned n, const char *user, const char *client, const char *login) {
        Token *token = token_new();

        assert_non_null(token);
        token->hash = hash_of(n);
        token->user_id = user ? strdup(user) : NULL;
        token->client_id = client ? strdup(client) : NULL;
        token->login = login ? strdup(login) : NULL;
        token->expires = EXPIRES;
        return token;
}

static void put(Cache *cache, unsigned n, const char *user, const char *client, const char *login) {
        _cleanup_(token_unrefp) Token *token = make(n, user, client, login);

        cache_put(cache, token);
}

static bool has(Cache *cache, unsigned n) {
        TokenHash hash = hash_of(n);
        _cleanup_(token_unrefp) Token *token = cache_get(cache, &hash, NOW);

        return token != NULL;
}

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
        _cleanup_(cache_freep) Cache *cache = NULL;
        TokenHash hash = hash_of(1);

        assert_int_equal(cache_new(10, &cache), 0);
        put(cache, 1, "u", "c", NULL);
        assert_true(has(cache, 1));
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
                char user[16];

                snprintf(user, sizeof(user), "u%u", n);
                put(cache, n, user, "c", user);
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
                { cache_forget_user,   "ada",   { false, false, true,  true  } },
                { cache_forget_user,   "web",   { true,  true,  true,  true  } }, /* another kind */
                { cache_forget_client, "web",   { false, true,  false, true  } },
                { cache_forget_login,  "l1",    { true,  false, true,  true  } },
                { cache_forget_login,  "ada",   { true,  true,  true,  true  } },
                { cache_forget_user,   "nobody", { true, true,  true,  true  } },
                { cache_forget_user,   NULL,    { true,  true,  true,  true  } },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(cache_freep) Cache *cache = NULL;

                assert_int_equal(cache_new(10, &cache), 0);
                put(cache, 0, "ada", "web", NULL);
                put(cache, 1, "ada", "local", "l1");
                put(cache, 2, NULL, "web", NULL);
                put(cache, 3, "bob", "local", "l2");
                cases[i].forget(cache, cases[i].id);
                for (unsigned n = 0; n < 4; n++)
                        assert_int_equal(has(cache, n), cases[i].left[n]);
        }
}

static void test_put_after_forget_lives(void **state) {
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(10, &cache), 0);
        put(cache, 1, "ada", "web", "l1");
        put(cache, 2, "ada", "web", "l1");
        cache_forget_login(cache, "l1");
        put(cache, 2, "ada", "web", "l1");
        assert_false(has(cache, 1));
        assert_true(has(cache, 2));
        cache_forget_login(cache, "l1");
        assert_false(has(cache, 2));
}

static void test_clear(void **state) {
        _cleanup_(cache_freep) Cache *cache = NULL;

        assert_int_equal(cache_new(100, &cache), 0);
        for (unsigned n = 0; n < 50; n++)
                put(cache, n, "ada", "web", "l1");
        cache_clear(cache);
        assert_int_equal(cache_size(cache), 0);
        for (unsigned n = 0; n < 50; n++)
                assert_false(has(cache, n));
        put(cache, 1, "ada", "web", "l1");
        assert_true(has(cache, 1));
}

int main(void) {
        const struct CMUnitTest tests[] = {
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
