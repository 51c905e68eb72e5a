/* What a caller owns, let go. */

#include "unit.h"

#include "base/caller.h"

static void test_done(void **state) {
        Caller caller = CALLER_INIT;

        caller_done(&caller);

        caller.kind = CALLER_USER_TOKEN;
        caller.peer.uid = 5;
        caller.client = client_new();
        caller.token = token_new();
        token_ref(caller.token);
        Token *kept = caller.token;

        /* What is left behind is nobody, not root: CALLER_ANONYMOUS is zero. */
        caller_done(&caller);
        assert_int_equal(caller.kind, CALLER_ANONYMOUS);
        assert_null(caller.client);
        assert_null(caller.token);

        assert_int_equal(kept->n_ref, 1);
        token_unref(kept);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_done),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
