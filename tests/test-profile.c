/* Profiles: equal when all that tokens may have in common is, and only then. */

#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/profile.h"
#include "wire/text.h"

typedef struct Case {
        const char *user_id, *client_id, *user_name, *user_role, *grant;
        const char *scopes; /* NULL: there is no list */
        uint32_t uid;
        int64_t user_epoch, client_epoch;
} Case;

static Profile *make(const Case *made) {
        _cleanup_(token_unrefp) Token *token = token_new();
        Profile *profile = NULL;

        assert_non_null(token);
        assert_int_equal(text_copy(made->user_id, &token->user_id), 0);
        assert_int_equal(text_copy(made->client_id, &token->client_id), 0);
        assert_int_equal(text_copy(made->user_name, &token->user_name), 0);
        assert_int_equal(text_copy(made->user_role, &token->user_role), 0);
        assert_int_equal(text_copy(made->grant, &token->grant), 0);
        if (made->scopes)
                assert_int_equal(strv_split(made->scopes, " ", &token->scopes), 0);
        token->uid = made->uid;
        token->user_epoch = made->user_epoch;
        token->client_epoch = made->client_epoch;
        assert_int_equal(profile_new(token, &profile), 0);
        return profile;
}

static const Case cases[] = {
        { 0 },
        { .user_id = "" },
        { .user_id = "a" },
        { .user_id = "a", .client_id = "b" },
        { .user_id = "ab" },
        { .user_id = "ab", .client_id = "" },
        { .user_id = "", .client_id = "ab" },
        { .client_id = "a" },
        { .user_name = "a" },
        { .user_role = "a" },
        { .user_role = "a", .scopes = "" },
        { .scopes = "" },
        { .scopes = "a" },
        { .scopes = "a b" },
        { .scopes = "ab" },
        { .scopes = "b a" },
        { .user_role = "b", .scopes = "a" },
        { .uid = UID_NONE },
        { .uid = 1 },
        { .user_epoch = 1 },
        { .client_epoch = 1 },
        { .client_epoch = -1 },
};

static void test_equal_when_all_is(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                for (size_t k = 0; k < ELEMENTSOF(cases); k++) {
                        _cleanup_(profile_unrefp) Profile *a = make(&cases[i]);
                        _cleanup_(profile_unrefp) Profile *b = make(&cases[k]);
                        size_t a_size, b_size;
                        const void *a_bytes = profile_bytes(a, &a_size);
                        const void *b_bytes = profile_bytes(b, &b_size);
                        bool is_equal = a_size == b_size && memcmp(a_bytes, b_bytes, a_size) == 0;

                        assert_int_equal(is_equal, i == k);
                }
        }
}

/* A user's many logins are alike. */
static void test_how_it_came_to_be_is_left_out(void **state) {
        _cleanup_(profile_unrefp) Profile *a = make(&(Case){ .user_id = "u", .grant = "login" });
        _cleanup_(profile_unrefp) Profile *b = make(&(Case){ .user_id = "u" });
        size_t a_size, b_size;
        const void *a_bytes = profile_bytes(a, &a_size), *b_bytes = profile_bytes(b, &b_size);

        assert_int_equal(a_size, b_size);
        assert_memory_equal(a_bytes, b_bytes, a_size);
}

static void test_too_large(void **state) {
        _cleanup_(token_unrefp) Token *token = token_new();
        Profile *profile = NULL;

        token->user_role = calloc(1, PROFILE_SIZE_MAX + 1);
        memset(token->user_role, 'a', PROFILE_SIZE_MAX);
        assert_int_equal(profile_new(token, &profile), -E2BIG);
        token->user_role[PROFILE_SIZE_MAX - 100] = '\0';
        assert_int_equal(profile_new(token, &profile), 0);
        profile_unref(profile);
}

static void test_tokens_of_a_profile(void **state) {
        Profile *profile = make(&(Case){ .user_id = "u", .client_id = "c", .grant = "login",
                                         .scopes = "a b", .uid = 7, .user_epoch = 8,
                                         .client_epoch = 9 });
        _cleanup_(token_unrefp) Token *token = profile_token_new(profile);

        assert_string_equal(profile_user_id(profile), "u");
        assert_string_equal(profile_client_id(profile), "c");
        profile_unref(profile); /* the token has a reference of its own */
        token_unref(token_ref(token));
        assert_string_equal(token->user_id, "u");
        assert_string_equal(token->client_id, "c");
        assert_null(token->grant);
        assert_null(token->user_name);
        assert_null(token->login);
        assert_string_equal(token->scopes[1], "b");
        assert_null(token->scopes[2]);
        assert_int_equal(token->kind, TOKEN_ACCESS);
        assert_int_equal(token->uid, 7);
        assert_true(token->user_epoch == 8 && token->client_epoch == 9);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_equal_when_all_is),
                cmocka_unit_test(test_how_it_came_to_be_is_left_out),
                cmocka_unit_test(test_too_large),
                cmocka_unit_test(test_tokens_of_a_profile),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
