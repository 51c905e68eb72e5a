/* OAuth clients as values. */

#include "unit.h"

#include <string.h>

#include "base/client.h"
#include "wire/text.h"

static void test_shared_by_reference(void **state) {
        Client *client = client_new();

        assert_int_equal(client->n_ref, 1);
        assert_ptr_equal(client_ref(client), client);
        assert_null(client_unref(client));
        assert_int_equal(client->n_ref, 1);
        assert_null(client_unref(client));
        assert_null(client_ref(NULL));
        assert_null(client_unref(NULL));
}

static void test_what_is_shared_holds_no_hash(void **state) {
        _cleanup_(client_unrefp) Client *client = client_new(), *shared = NULL;

        assert_int_equal(secret_set(&client->hash, "$y$x", 4), 0);
        client_wipe_hash(client);
        assert_true(secret_is_empty(&client->hash));
        shared = client_ref(client);
        client_wipe_hash(client);
        assert_int_equal(client->n_ref, 2);
}

static void test_grants_are_given_by_name(void **state) {
        _cleanup_(client_unrefp) Client *client = client_new();

        assert_false(client_may_use_grant(client, "password"));
        assert_int_equal(strv_extend(&client->grants, "refresh_token"), 0);
        assert_true(client_may_use_grant(client, "refresh_token"));
        assert_false(client_may_use_grant(client, "password"));
        assert_false(client_may_use_grant(client, "refresh"));
        assert_false(client_may_use_grant(client, ""));
        assert_false(client_may_use_grant(client, NULL));
        assert_false(client_may_use_grant(NULL, "password"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_shared_by_reference),
                cmocka_unit_test(test_what_is_shared_holds_no_hash),
                cmocka_unit_test(test_grants_are_given_by_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
