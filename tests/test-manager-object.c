/* org.tokend1.Manager: what each method answers to whom. */

#include "fake-bus.h"

#include "bus/bus-error.h"
#include "bus/token-properties.h"

static unsigned count_rows(Reply *reply) {
        const char *id, *user, *client, *path;
        uint32_t uid;
        uint64_t created, expires;
        unsigned n = 0;

        assert_ok(reply);
        assert_true(sd_bus_message_enter_container(reply->message, 'a', "(susttso)") > 0);
        while (sd_bus_message_read(reply->message, "(susttso)", &id, &uid, &user, &created,
                                   &expires, &client, &path) > 0) {
                assert_true(text_is_hex(id, TOKEN_ID_SIZE));
                assert_string_equal(path + strlen(TOKEN_PATH "/"), id);
                assert_int_equal(created, 1000);
                assert_int_equal(expires, 2000);
                assert_string_equal(client, "local");
                assert_string_equal(user, uid == ADA_UID ? "ada" : uid == BRIAN_UID ? "brian" : "");
                n++;
        }
        return n;
}

static void test_list(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        fake_token(f, 1, ADA_UID);
        fake_token(f, 2, BRIAN_UID);
        fake_token(f, 3, UID_NONE);
        manager_call(f, &reply, ROOT, "ListTokens", "");
        assert_int_equal(count_rows(&reply), 3);
        manager_call(f, &reply, ADA, "ListTokens", "");
        assert_int_equal(count_rows(&reply), 1);
        assert_int_equal(f->core->last_caller.kind, CALLER_UID);
        assert_int_equal(f->core->last_caller.peer.uid, ADA_UID);
        assert_string_equal(f->core->last_caller.peer.remote, "uid:1000");
        assert_true(f->core->last_caller.peer.received > 0);
        manager_call(f, &reply, ROOT, "ListTokens", "s", "extra");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
}

static void test_list_user(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        fake_token(f, 1, ADA_UID);
        fake_token(f, 2, BRIAN_UID);
        manager_call(f, &reply, ROOT, "ListUserTokens", "u", BRIAN_UID);
        assert_int_equal(count_rows(&reply), 1);
        manager_call(f, &reply, ADA, "ListUserTokens", "u", BRIAN_UID);
        assert_error(&reply, SD_BUS_ERROR_ACCESS_DENIED);
        assert_non_null(strstr(error_text(&reply), "access-denied"));
        /* UID_NONE must not come to mean "any" */
        manager_call(f, &reply, ROOT, "ListTokensEx", "a{sv}us", 1, "uid", "u", UID_NONE, 0U, "");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        manager_call(f, &reply, ROOT, "ListUserTokens", "u", UID_NONE);
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        manager_call(f, &reply, ROOT, "RevokeUser", "u", UID_NONE);
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
}

static void test_list_bound(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        for (unsigned i = 0; i < PAGE_ROWS_MAX; i++)
                fake_token(f, i, ADA_UID);
        manager_call(f, &reply, ROOT, "ListTokens", "");
        assert_int_equal(count_rows(&reply), PAGE_ROWS_MAX);
        fake_token(f, PAGE_ROWS_MAX, ADA_UID);
        manager_call(f, &reply, ROOT, "ListTokens", "");
        assert_error(&reply, SD_BUS_ERROR_LIMITS_EXCEEDED);
        assert_non_null(strstr(error_text(&reply), "ListTokensEx"));
        manager_call(f, &reply, ADA, "ListUserTokens", "u", ADA_UID);
        assert_error(&reply, SD_BUS_ERROR_LIMITS_EXCEEDED);
}

/* Reads a page, gives the number of its tokens and the cursor. */
static unsigned read_page(Reply *reply, const char **ret_cursor) {
        unsigned n = 0;

        assert_ok(reply);
        assert_true(sd_bus_message_enter_container(reply->message, 'a', "a{sv}") > 0);
        while (!sd_bus_message_at_end(reply->message, false)) {
                assert_true(sd_bus_message_skip(reply->message, "a{sv}") > 0);
                n++;
        }
        assert_true(sd_bus_message_exit_container(reply->message) > 0);
        assert_true(sd_bus_message_read(reply->message, "s", ret_cursor) > 0);
        return n;
}

static void test_list_ex(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        const char *cursor = NULL;
        char kept[32];

        for (unsigned i = 0; i < 5; i++)
                fake_token(f, i, i == 4 ? BRIAN_UID : ADA_UID);
        manager_call(f, &reply, ROOT, "ListTokensEx", "a{sv}us", 0, 3U, "");
        assert_int_equal(read_page(&reply, &cursor), 3);
        snprintf(kept, sizeof(kept), "%s", cursor);
        assert_true(*kept);
        manager_call(f, &reply, ROOT, "ListTokensEx", "a{sv}us", 0, 3U, kept);
        assert_int_equal(read_page(&reply, &cursor), 2);
        assert_string_equal(cursor, "");
        manager_call(f, &reply, ROOT, "ListTokensEx", "a{sv}us", 1, "user", "s", "brian", 0U, "");
        assert_int_equal(read_page(&reply, &cursor), 1);
        manager_call(f, &reply, ROOT, "ListTokensEx", "a{sv}us", 2, "uid", "u", ADA_UID, "client",
                     "s", "local", UINT32_MAX, "");
        assert_int_equal(read_page(&reply, &cursor), 4);
        manager_call(f, &reply, ROOT, "ListTokensEx", "a{sv}us", 1, "client", "s", "other", 0U, "");
        assert_int_equal(read_page(&reply, &cursor), 0);
}

static void test_list_ex_refuses(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        char long_text[2000];

        memset(long_text, 'x', sizeof(long_text) - 1);
        long_text[sizeof(long_text) - 1] = '\0';
        manager_call(f, &reply, ROOT, "ListTokensEx", "a{sv}us", 1, "role", "s", "x", 0U, "");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        manager_call(f, &reply, ROOT, "ListTokensEx", "a{sv}us", 1, "uid", "s", "1000", 0U, "");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        manager_call(f, &reply, ROOT, "ListTokensEx", "a{sv}us", 1, "user", "u", 7U, 0U, "");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        manager_call(f, &reply, ROOT, "ListTokensEx", "a{sv}us", 1, "user", "s", long_text, 0U, "");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        manager_call(f, &reply, ROOT, "ListTokensEx", "a{sv}us", 0, 0U, long_text);
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        manager_call(f, &reply, ROOT, "ListTokensEx", "a{sv}us", 0, 0U, "bogus");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        manager_call(f, &reply, ADA, "ListTokensEx", "a{sv}us", 1, "uid", "u", 0U, 0U, "");
        assert_error(&reply, SD_BUS_ERROR_ACCESS_DENIED);
}

static void test_get(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        char id[TOKEN_ID_SIZE + 1], path[TOKEN_PATH_SIZE];
        const Token *token = fake_token(f, 1, ADA_UID);
        const char *answer = NULL;

        token_hash_to_id(&token->hash, id);
        token_to_path(token, path);
        manager_call(f, &reply, ADA, "GetToken", "s", id);
        assert_ok(&reply);
        assert_true(sd_bus_message_read(reply.message, "o", &answer) > 0);
        assert_string_equal(answer, path);
}

/* threats.md 26: nobody learns from an answer whether a token exists. */
static void test_unknown_and_foreign_answer_alike(void **state) {
        static const char *const methods[] = { "GetToken", "RevokeToken" };
        Fixture *f = *state;
        _cleanup_(replyp) Reply unknown = { 0 }, foreign = { 0 }, malformed = { 0 };
        char id[TOKEN_ID_SIZE + 1];

        token_hash_to_id(&fake_token(f, 1, ADA_UID)->hash, id);
        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                manager_call(f, &unknown, BRIAN, methods[i], "s",
                             "00112233445566778899aabbccddeeff");
                manager_call(f, &foreign, BRIAN, methods[i], "s", id);
                manager_call(f, &malformed, BRIAN, methods[i], "s", "../x");
                assert_error(&unknown, BUS_ERROR_NO_SUCH_TOKEN);
                assert_error(&foreign, BUS_ERROR_NO_SUCH_TOKEN);
                assert_error(&malformed, BUS_ERROR_NO_SUCH_TOKEN);
                assert_string_equal(error_text(&unknown), error_text(&foreign));
                assert_string_equal(error_text(&unknown), error_text(&malformed));
        }
}

static void test_revoke(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        char id[TOKEN_ID_SIZE + 1];
        uint32_t n = 0;

        token_hash_to_id(&fake_token(f, 1, ADA_UID)->hash, id);
        f->core->is_held = true;
        call_later(f, &reply, ADA, MANAGER_PATH, MANAGER_INTERFACE, "RevokeToken", "s", id);
        turn_until(f, f->core->n_calls == 1);
        assert_int_equal(f->core->calls[0].verb, FAKE_REVOKE);
        assert_string_equal(f->core->calls[0].id, id);
        turn_for(f, 50 * USEC_PER_MSEC);
        assert_null(reply.message); /* not before the core has answered */
        f->core->is_held = false;
        turn_until(f, reply.message);
        assert_ok(&reply);
        assert_true(sd_bus_message_has_signature(reply.message, ""));

        manager_call(f, &reply, ROOT, "RevokeUser", "u", ADA_UID);
        assert_ok(&reply);
        assert_true(sd_bus_message_read(reply.message, "u", &n) > 0);
        assert_int_equal(n, 7);
        manager_call(f, &reply, BRIAN, "RevokeUser", "u", ADA_UID);
        assert_error(&reply, SD_BUS_ERROR_ACCESS_DENIED);
}

static void test_store_down(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        f->core->result = REASON_STORE_UNAVAILABLE;
        manager_call(f, &reply, ROOT, "RevokeUser", "u", ADA_UID);
        assert_error(&reply, BUS_ERROR_STORE_UNAVAILABLE);
        f->core->result = -ENOSPC;
        manager_call(f, &reply, ROOT, "ListTokens", "");
        assert_error(&reply, BUS_ERROR_STORE_UNAVAILABLE);
        f->core->result = -EAGAIN;
        manager_call(f, &reply, ROOT, "ListTokens", "");
        assert_error(&reply, SD_BUS_ERROR_LIMITS_EXCEEDED);
        f->core->result = 4711; /* no table knows it: never a success */
        manager_call(f, &reply, ROOT, "RevokeUser", "u", ADA_UID);
        assert_error(&reply, SD_BUS_ERROR_FAILED);
}

static void test_reload(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        manager_call(f, &reply, ADA, "Reload", "");
        assert_error(&reply, SD_BUS_ERROR_ACCESS_DENIED);
        assert_int_equal(f->n_reloads, 0);
        manager_call(f, &reply, ROOT, "Reload", "");
        assert_ok(&reply);
        assert_int_equal(f->n_reloads, 1);
        f->reload_result = -EINVAL;
        manager_call(f, &reply, ROOT, "Reload", "");
        assert_error(&reply, SD_BUS_ERROR_FAILED);
        assert_non_null(strstr(error_text(&reply), "tokend.conf:3: unknown key"));
}

static void assert_property(Fixture *f, const char *name, const char *type, const char *text,
                            uint64_t number) {
        _cleanup_(replyp) Reply reply = { 0 };
        const char *got_text = NULL;
        uint64_t got_number = 0;

        call(f, &reply, ADA, MANAGER_PATH, PROPERTIES_INTERFACE, "Get", "ss", MANAGER_INTERFACE,
             name);
        assert_ok(&reply);
        if (text) {
                assert_true(sd_bus_message_read(reply.message, "v", type, &got_text) > 0);
                assert_string_equal(got_text, text);
                return;
        }
        assert_true(sd_bus_message_read(reply.message, "v", type, &got_number) > 0);
        assert_int_equal(got_number, number);
}

static void test_properties(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        f->core->status = (StoreStatus){ .n_tokens = 5000000000, .n_logins = 2 };
        assert_property(f, "Version", "s", TOKEND_VERSION, 0);
        assert_property(f, "NTokens", "t", NULL, 5000000000);
        assert_property(f, "NLogins", "t", NULL, 2);
        assert_property(f, "StoreState", "s", "ok", 0);
        assert_property(f, "ConfigState", "s", "ok", 0);
        f->core->status.error = -ENOSPC;
        f->reload_result = -EINVAL;
        assert_property(f, "StoreState", "s", "store-unavailable: No space left on device", 0);
        assert_property(f, "ConfigState", "s", "tokend.conf:3: unknown key", 0);
        call(f, &reply, ROOT, MANAGER_PATH, PROPERTIES_INTERFACE, "Set", "ssv", MANAGER_INTERFACE,
             "NTokens", "t", (uint64_t)1);
        assert_error(&reply, SD_BUS_ERROR_PROPERTY_READ_ONLY);
}

#define WITH_BUS(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_BUS(test_list),
                WITH_BUS(test_list_user),
                WITH_BUS(test_list_bound),
                WITH_BUS(test_list_ex),
                WITH_BUS(test_list_ex_refuses),
                WITH_BUS(test_get),
                WITH_BUS(test_unknown_and_foreign_answer_alike),
                WITH_BUS(test_revoke),
                WITH_BUS(test_store_down),
                WITH_BUS(test_reload),
                WITH_BUS(test_properties),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
