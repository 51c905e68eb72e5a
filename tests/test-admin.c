/* What changing users and clients has in common. */

#include "core/admin.h"
#include "admin-fixture.h"

static void scopes_are_sorted_and_checked(void **state) {
        static const char *const words[] = { "write", "read", "write", NULL };
        static const char *const spaced[] = { "read", "a b", NULL };
        static const char *const empty[] = { "read", "", NULL };
        static const char *const none[] = { NULL };
        _cleanup_(strv_freep) char **scopes = NULL;

        assert_int_equal(admin_copy_scopes((char *const *)words, &scopes), 0);
        assert_int_equal(strv_length(scopes), 2);
        assert_string_equal(scopes[0], "read");
        assert_string_equal(scopes[1], "write");
        scopes = strv_free(scopes);
        assert_int_equal(admin_copy_scopes((char *const *)spaced, &scopes), REASON_INVALID_SCOPE);
        assert_int_equal(admin_copy_scopes((char *const *)empty, &scopes), REASON_INVALID_SCOPE);
        assert_null(scopes);
        assert_int_equal(admin_copy_scopes((char *const *)none, &scopes), 0);
        assert_null(scopes);
        assert_int_equal(admin_copy_scopes(NULL, &scopes), 0);
        assert_null(scopes);
}

/* Who is no administrator gets no call, and hears so from the loop. */
static void only_administrators_get_a_call(void **state) {
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        Caller callers[2] = { caller_uid(1000) }; /* the other one is anonymous */

        for (size_t i = 0; i < ELEMENTSOF(callers); i++) {
                Outcome outcome = { 0 };

                assert_null(admin_call_new(fixture->authority, &callers[i], sizeof(AdminCall), NULL,
                                           on_answer, &outcome));
                assert_int_equal(fixture_wait(fixture, &outcome), REASON_ACCESS_DENIED);
        }
}

static void keep_hash(AdminCall *admin, Secret *hash) {
        admin->call.answer.client_secret = TAKE(*hash, SECRET_INIT);
        admin->call.answer.user = user_new();
        admin_finish_changed(admin, false);
}

static void hashes_end_in_the_step_or_the_call(void **state) {
        static const struct {
                const char *secret;
                int r;
        } cases[] = {
                { "geheim", 0 },
                { "", REASON_EMPTY_PASSWORD },
                { "0123456789012345678901234567890123456789012345678901234567890123456789012", /* 73
                                                                                                */
                  REASON_INVALID_VALUE },
        };
        _cleanup_(fixture_freep) Fixture *fixture = fixture_new();
        Caller root = caller_uid(0);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(secret_done) Secret secret = secret_of(cases[i].secret);
                Outcome outcome = { 0 };

                admin_hash(admin_call_new(fixture->authority, &root, sizeof(AdminCall), NULL,
                                          on_answer, &outcome),
                           &secret, keep_hash);
                assert_int_equal(fixture_wait(fixture, &outcome), cases[i].r);
                assert_true(secret_is_empty(&outcome.answer.client_secret) == (cases[i].r != 0));
                outcome_done(&outcome);
        }
        assert_int_equal(fixture->n_changed, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(scopes_are_sorted_and_checked),
                cmocka_unit_test(only_administrators_get_a_call),
                cmocka_unit_test(hashes_end_in_the_step_or_the_call),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
