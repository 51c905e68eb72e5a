/* The race between a look-up and a revocation: the store's answers are made up here, so that the
 * revocation comes between question and answer. */

#include <string.h>

#include "core/call.h"
#include "unit.h"

static uint64_t made_up_revocations;
static unsigned n_look_ups, n_kept;
static Token *made_up_token; /* NULL: unknown */
static unsigned n_moves;     /* how many look-ups a revocation still gets in the way of */

static uint64_t fake_revocations(const Store *store) {
        return made_up_revocations;
}

static int64_t followed; /* the last time that the store was told */

static void fake_follow_clock(Store *store, int64_t now) {
        followed = now;
}

static void fake_put(Cache *cache, Token *token) {
        n_kept++;
}

static Token *cached; /* NULL: nothing */

static Token *fake_get(Cache *cache, const TokenHash *hash, int64_t now) {
        assert_int_equal(followed, now);
        return cached ? token_ref(cached) : NULL;
}

static void fake_store(Call *call, StoreRequest *request, CallStoreStep step) {
        assert_non_null(request);
        assert_int_equal(request->verb, STORE_TOKEN_GET);
        assert_true(followed > 0 && followed <= request->now);
        n_look_ups++;
        request->revocations = made_up_revocations;
        if (n_moves > 0) {
                n_moves--;
                made_up_revocations++;
        }
        request->result = made_up_token ? 0 : REASON_TOKEN_UNKNOWN;
        if (made_up_token)
                assert_int_equal(store_request_take_token(request, token_ref(made_up_token)), 0);
        step(call, request);
        store_request_free(request);
}

#define store_revocations  fake_revocations
#define store_follow_clock fake_follow_clock
#define cache_put          fake_put
#define cache_get          fake_get
#define call_store         fake_store
#include "core/token-find.c"

static int found;

static void on_found(Call *call, int r, Token *token) {
        found = r;
        assert_int_equal(r == 0, token != NULL);
        token_unref(token);
}

static void find(unsigned moves, Token *token) {
        Authority authority = { .clock = &clock_system };
        Call call = { .authority = &authority };

        n_look_ups = n_kept = 0;
        n_moves = moves;
        made_up_token = token;
        found = -1;
        call_find_token(&call, &(TokenHash){ 0 }, on_found);
}

static void test_undisturbed(void **state) {
        Token *token = token_new();

        find(0, token);
        assert_int_equal(found, 0);
        assert_int_equal(n_look_ups, 1);
        assert_int_equal(n_kept, 1);
        token_unref(token);
}

static void test_disturbed_is_looked_up_again(void **state) {
        Token *token = token_new();

        find(1, token);
        assert_int_equal(found, 0);
        assert_int_equal(n_look_ups, 2);
        assert_int_equal(n_kept, 1);
        token_unref(token);
}

/* It ends, and what may be stale is not kept. */
static void test_disturbed_again_and_again(void **state) {
        Token *token = token_new();

        find(1000, token);
        assert_int_equal(found, 0);
        assert_int_equal(n_look_ups, LOOK_UPS_MAX);
        assert_int_equal(n_kept, 0);
        token_unref(token);
}

static void test_unknown(void **state) {
        find(1, NULL);
        assert_int_equal(found, REASON_TOKEN_UNKNOWN);
        assert_int_equal(n_kept, 0);
}

static void test_refresh_tokens_are_not_kept(void **state) {
        Token *token = token_new();

        token->kind = TOKEN_REFRESH;
        find(0, token);
        assert_int_equal(found, 0);
        assert_int_equal(n_kept, 0);
        token_unref(token);
}

static void test_at_once(void **state) {
        char text[TOKEN_TEXT_SIZE + 1] = { 0 };
        Secret secret = { .text = text, .size = TOKEN_TEXT_SIZE }, cut = secret;
        Authority authority = { .clock = &clock_system };
        Token *token = token_new();

        memset(text, 'a', TOKEN_TEXT_SIZE);
        cut.size--;
        n_look_ups = 0;
        assert_null(token_find_now(&authority, &secret, 1));
        cached = token;
        assert_ptr_equal(token_find_now(&authority, &secret, 2), token);
        token_unref(token);
        assert_null(token_find_now(&authority, &cut, 3));
        assert_null(token_find_now(&authority, NULL, 3));
        assert_int_equal(n_look_ups, 0);
        cached = NULL;
        token_unref(token);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_undisturbed),
                cmocka_unit_test(test_disturbed_is_looked_up_again),
                cmocka_unit_test(test_disturbed_again_and_again),
                cmocka_unit_test(test_unknown),
                cmocka_unit_test(test_refresh_tokens_are_not_kept),
                cmocka_unit_test(test_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
