/* Profiles shared by cached tokens, and the owners that outdate them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/profiles.h"
#include "wire/text.h"

static SharedProfile *use(Profiles *profiles, const char *user, const char *client) {
        _cleanup_(token_unrefp) Token *token = token_new();
        SharedProfile *shared;

        assert_non_null(token);
        assert_int_equal(text_copy(user, &token->user_id), 0);
        assert_int_equal(text_copy(client, &token->client_id), 0);
        shared = profiles_use(profiles, token);
        assert_non_null(shared);
        return shared;
}

static void test_one_of_each_kind(void **state) {
        _cleanup_(profiles_freep) Profiles *profiles = NULL;
        SharedProfile *shared, *other;

        assert_int_equal(profiles_new(100, &profiles), 0);
        shared = use(profiles, "u", "c");
        other = use(profiles, "u", "d");
        assert_ptr_equal(use(profiles, "u", "c"), shared);
        assert_ptr_not_equal(other, shared);
        profiles_leave(profiles, shared);
        assert_ptr_equal(use(profiles, "u", "c"), shared);
        assert_int_equal(shared->n_users, 2);
        profiles_leave(profiles, other);
}

static void test_outdated_is_replaced(void **state) {
        _cleanup_(profiles_freep) Profiles *profiles = NULL;
        SharedProfile *old[10], *other;

        assert_int_equal(profiles_new(100, &profiles), 0);
        other = use(profiles, "v", "c");
        for (size_t i = 0; i < ELEMENTSOF(old); i++) {
                old[i] = use(profiles, "u", "c");
                assert_false(profile_is_outdated(old[i]));
                for (size_t k = 0; k < i; k++) {
                        assert_ptr_not_equal(old[k], old[i]);
                        assert_true(profile_is_outdated(old[k]));
                }
                profiles_forget(profiles, OWNER_USER, "u");
                profiles_forget(profiles, OWNER_CLIENT, "u");
                profiles_forget(profiles, OWNER_USER, "c");
        }
        assert_false(profile_is_outdated(other));
        profiles_leave(profiles, old[5]);
        profiles_leave(profiles, old[0]);
        profiles_leave(profiles, old[9]);
        assert_true(profile_is_outdated(old[8]));
        assert_true(profile_is_outdated(old[1]));
        profiles_forget(profiles, OWNER_CLIENT, "c");
        assert_true(profile_is_outdated(other));
        profiles_forget(profiles, OWNER_CLIENT, NULL);
}

/* An owner that nobody refers to any more begins anew, and nobody notices. */
static void test_owners_come_back(void **state) {
        _cleanup_(profiles_freep) Profiles *profiles = NULL;
        SharedProfile *shared;

        assert_int_equal(profiles_new(0, &profiles), 0);
        for (unsigned i = 0; i < 3; i++) {
                shared = use(profiles, "u", NULL);
                assert_false(profile_is_outdated(shared));
                profiles_forget(profiles, OWNER_USER, "u");
                assert_true(profile_is_outdated(shared));
                profiles_leave(profiles, shared);
        }
}

static void test_clear(void **state) {
        _cleanup_(profiles_freep) Profiles *profiles = NULL;

        assert_int_equal(profiles_new(100, &profiles), 0);
        for (unsigned i = 0; i < 3000; i++) {
                char user[2] = { (char)('a' + i % 20), '\0' };

                use(profiles, user, "c");
                if (i % 7 == 0)
                        profiles_forget(profiles, OWNER_USER, user);
                if (i == 1500)
                        profiles_clear(profiles);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_of_each_kind),
                cmocka_unit_test(test_outdated_is_replaced),
                cmocka_unit_test(test_owners_come_back),
                cmocka_unit_test(test_clear),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
