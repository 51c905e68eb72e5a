/* Profiles shared by cached tokens, and the owners that outdate them. */

#include "resident.h"

#include <stdlib.h>

#include "store/profiles.h"
#include "wire/text.h"

static uint32_t use(Profiles *profiles, const char *user, const char *client) {
        _cleanup_(token_unrefp) Token *token = token_new();
        uint32_t shared;

        assert_non_null(token);
        assert_int_equal(text_copy(user, &token->user_id), 0);
        assert_int_equal(text_copy(client, &token->client_id), 0);
        shared = profiles_use(profiles, token);
        assert_int_not_equal(shared, 0);
        return shared;
}

static void test_one_of_each_kind(void **state) {
        _cleanup_(profiles_freep) Profiles *profiles = NULL;
        uint32_t shared, other;

        assert_int_equal(profiles_new(100, &profiles), 0);
        shared = use(profiles, "u", "c");
        other = use(profiles, "u", "d");
        assert_int_equal(use(profiles, "u", "c"), shared);
        assert_int_not_equal(other, shared);
        profiles_leave(profiles, shared);
        assert_int_equal(use(profiles, "u", "c"), shared);
        profiles_leave(profiles, other);
        /* it has two users: with the second its place is free */
        profiles_leave(profiles, shared);
        assert_int_equal(use(profiles, "v", "c"), other);
        assert_string_equal(profile_user_id(profile_at(profiles, shared)), "u");
        profiles_leave(profiles, shared);
        assert_int_equal(use(profiles, "w", "c"), shared);
        assert_string_equal(profile_user_id(profile_at(profiles, shared)), "w");
}

static void test_outdated_is_replaced(void **state) {
        _cleanup_(profiles_freep) Profiles *profiles = NULL;
        uint32_t old[10], other;

        assert_int_equal(profiles_new(100, &profiles), 0);
        other = use(profiles, "v", "c");
        for (size_t i = 0; i < ELEMENTSOF(old); i++) {
                old[i] = use(profiles, "u", "c");
                assert_false(profile_is_outdated(profiles, old[i]));
                for (size_t k = 0; k < i; k++) {
                        assert_int_not_equal(old[k], old[i]);
                        assert_true(profile_is_outdated(profiles, old[k]));
                }
                profiles_forget(profiles, OWNER_USER, "u");
                profiles_forget(profiles, OWNER_CLIENT, "u");
                profiles_forget(profiles, OWNER_USER, "c");
        }
        assert_false(profile_is_outdated(profiles, other));
        profiles_leave(profiles, old[5]);
        profiles_leave(profiles, old[0]);
        profiles_leave(profiles, old[9]);
        assert_true(profile_is_outdated(profiles, old[8]));
        assert_true(profile_is_outdated(profiles, old[1]));
        profiles_forget(profiles, OWNER_CLIENT, "c");
        assert_true(profile_is_outdated(profiles, other));
        profiles_forget(profiles, OWNER_CLIENT, NULL);
}

/* An owner that nobody refers to any more begins anew, and nobody notices. */
static void test_owners_come_back(void **state) {
        _cleanup_(profiles_freep) Profiles *profiles = NULL;
        uint32_t shared;

        assert_int_equal(profiles_new(1, &profiles), 0);
        for (unsigned i = 0; i < 3; i++) {
                shared = use(profiles, "u", NULL);
                assert_false(profile_is_outdated(profiles, shared));
                profiles_forget(profiles, OWNER_USER, "u");
                assert_true(profile_is_outdated(profiles, shared));
                profiles_leave(profiles, shared);
        }
}

static void test_clear(void **state) {
        _cleanup_(profiles_freep) Profiles *profiles = NULL;

        assert_int_equal(profiles_new(3000, &profiles), 0);
        for (unsigned i = 0; i < 3000; i++) {
                char user[2] = { (char)('a' + i % 20), '\0' };

                use(profiles, user, "c");
                if (i % 7 == 0)
                        profiles_forget(profiles, OWNER_USER, user);
                if (i == 1500)
                        profiles_clear(profiles);
        }
}

static void test_bound(void **state) {
        _cleanup_(token_unrefp) Token *token = token_new();
        _cleanup_(profiles_freep) Profiles *profiles = NULL;
        uint32_t shared;

        assert_int_equal(profiles_new(2, &profiles), 0);
        shared = use(profiles, "u", "c");
        use(profiles, "u", "d");
        assert_int_equal(profiles_use(profiles, token), 0);
        assert_int_equal(use(profiles, "u", "c"), shared);
        profiles_leave(profiles, shared);
        profiles_leave(profiles, shared);
        assert_int_equal(profiles_use(profiles, token), shared);
}

/* So many that some have the same number of 32 bits, whatever the key. */
static void test_numbers_are_not_all(void **state) {
        enum { N = 300000 };
        _cleanup_(profiles_freep) Profiles *profiles = NULL;
        uint32_t *shared = calloc(N, sizeof(*shared));

        assert_int_equal(profiles_new(N, &profiles), 0);
        for (unsigned i = 0; i < N; i++) {
                char user[16];

                snprintf(user, sizeof(user), "user-%u", i);
                shared[i] = use(profiles, user, NULL);
                assert_string_equal(profile_user_id(profile_at(profiles, shared[i])), user);
        }
        for (unsigned i = 0; i < N; i++) {
                const char *user = profile_user_id(profile_at(profiles, shared[i]));

                assert_false(profile_is_outdated(profiles, shared[i])); /* with none before it */
                profiles_forget(profiles, OWNER_USER, user);
                assert_true(profile_is_outdated(profiles, shared[i]));
        }
        for (unsigned i = 0; i < N; i++)
                profiles_leave(profiles, shared[i]);
        free(shared);
}

static void test_gives_memory_back(void **state) {
        enum { N = 100000 };
        _cleanup_(profiles_freep) Profiles *profiles = NULL;
        uint32_t *shared = calloc(N, sizeof(*shared));
        size_t before;

        assert_int_equal(profiles_new(N, &profiles), 0);
        for (unsigned i = 0; i < N; i++) {
                char user[16];

                snprintf(user, sizeof(user), "user-%u", i);
                shared[i] = use(profiles, user, NULL);
        }
        assert_false(profiles_give_back(profiles));
        for (unsigned i = 0; i < N; i++)
                profiles_leave(profiles, shared[i]);
        before = resident();
        while (profiles_give_back(profiles))
                continue;
        assert_true(resident() + 3 * (1 << 20) < before);
        free(shared);
        use(profiles, "u", "c");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_of_each_kind),
                cmocka_unit_test(test_outdated_is_replaced),
                cmocka_unit_test(test_owners_come_back),
                cmocka_unit_test(test_clear),
                cmocka_unit_test(test_numbers_are_not_all),
                cmocka_unit_test(test_gives_memory_back),
                cmocka_unit_test(test_bound),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
