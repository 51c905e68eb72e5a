/* Requests to the store: what they own, and the table of verbs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/backend.h"
#include "wire/text.h"

static void test_new_is_neutral(void **state) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_LIST);

        assert_non_null(request);
        assert_int_equal(request->verb, STORE_TOKEN_LIST);
        assert_int_equal(request->key.uid, UID_NONE);
        assert_int_equal(request->filter.uid, UID_NONE);
        assert_int_equal(request->result, 0);
        assert_null(store_request_free(NULL));
}

/* The address sanitizer sees what is left behind. */
static void test_owns_everything(void **state) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE);

        request->key.text = strdup("key");
        request->filter.user_id = strdup("u");
        request->filter.client_id = strdup("c");
        request->filter.login = strdup("l");
        request->user_id = strdup("u");
        request->keep_login = strdup("l");
        request->cursor = strdup("x");
        assert_int_equal(secret_append_text(&request->hash, "hash"), 0);
        request->touches = calloc(2, sizeof(TokenTouch));
        for (unsigned i = 0; i < 1000; i++) {
                assert_int_equal(store_request_take_token(request, token_new()), 0);
                assert_int_equal(store_request_take_user(request, user_new()), 0);
                assert_int_equal(store_request_take_client(request, client_new()), 0);
                assert_int_equal(store_request_take_login(request, login_new()), 0);
        }
        assert_int_equal(request->n_tokens, 1000);
        assert_int_equal(request->n_users, 1000);
        assert_int_equal(request->n_clients, 1000);
        assert_int_equal(request->n_logins, 1000);
}

static void test_take_keeps_order_in_any_array(void **state) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE);
        Token *own = token_new(), *next = token_new();

        request->tokens = calloc(3, sizeof(Token *));
        request->tokens[0] = own;
        request->tokens[1] = token_ref(own);
        request->tokens[2] = token_ref(own);
        request->n_tokens = 3;
        assert_int_equal(store_request_take_token(request, next), 0);
        assert_int_equal(request->n_tokens, 4);
        assert_ptr_equal(request->tokens[2], own);
        assert_ptr_equal(request->tokens[3], next);
}

static void test_verbs(void **state) {
        for (int i = 0; i < _STORE_VERB_MAX; i++) {
                const StoreVerbInfo *info = store_verb_info(i);

                assert_non_null(info);
                assert_non_null(info->name);
                if (info->kills)
                        assert_true(info->writes);
                for (int j = 0; j < i; j++)
                        assert_string_not_equal(info->name, store_verb_info(j)->name);
        }
        assert_null(store_verb_info(_STORE_VERB_MAX));
        assert_null(store_verb_info(-1));

        assert_false(store_verb_info(STORE_TOKEN_GET)->writes);
        assert_false(store_verb_info(STORE_TOKEN_ISSUE)->kills);
        assert_true(store_verb_info(STORE_TOKEN_ROTATE)->kills);
        assert_true(store_verb_info(STORE_USER_SET)->kills);
}

static void test_kills(void **state) {
        StoreRequest request = { .verb = STORE_TOKEN_ISSUE };

        assert_false(store_request_kills(&request));
        request.discards_earlier = true;
        assert_true(store_request_kills(&request));
        request.discards_earlier = false;
        request.consumes_key = true;
        assert_true(store_request_kills(&request));
        assert_true(store_request_kills(&(StoreRequest){ .verb = STORE_TOKEN_REVOKE }));
        assert_false(store_request_kills(&(StoreRequest){ .verb = STORE_TOKEN_GET }));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_new_is_neutral),
                cmocka_unit_test(test_owns_everything),
                cmocka_unit_test(test_take_keeps_order_in_any_array),
                cmocka_unit_test(test_verbs),
                cmocka_unit_test(test_kills),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
