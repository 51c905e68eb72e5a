/* Token objects: properties, introspection, revocation, and what does not exist. */

#include "fake-bus.h"

#include "base/scope.h"
#include "bus/bus-error.h"
#include "bus/token-properties.h"

#define INTROSPECTABLE "org.freedesktop.DBus.Introspectable"

static const char *path_of(const Token *token) {
        static char path[TOKEN_PATH_SIZE];

        token_to_path(token, path);
        return path;
}

static void assert_text(Fixture *f, const char *path, const char *name, const char *expected) {
        _cleanup_(replyp) Reply reply = { 0 };
        const char *text = NULL;

        call(f, &reply, ROOT, path, PROPERTIES_INTERFACE, "Get", "ss", TOKEN_INTERFACE, name);
        assert_ok(&reply);
        assert_true(sd_bus_message_read(reply.message, "v", "s", &text) > 0);
        assert_string_equal(text, expected);
}

static void assert_usec(Fixture *f, const char *path, const char *name, uint64_t expected) {
        _cleanup_(replyp) Reply reply = { 0 };
        uint64_t usec = 0;

        call(f, &reply, ROOT, path, PROPERTIES_INTERFACE, "Get", "ss", TOKEN_INTERFACE, name);
        assert_ok(&reply);
        assert_true(sd_bus_message_read(reply.message, "v", "t", &usec) > 0);
        assert_int_equal(usec, expected);
}

static void test_get(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        _cleanup_(strv_freep) char **scopes = NULL;
        Token *token = (Token *)fake_token(f, 1, ADA_UID);
        const char *path = path_of(token);
        uint32_t uid = 0;

        token->service = strdup("sshd");
        token->rhost = strdup("192.0.2.1");
        token->login = strdup("00112233445566778899aabbccddeeff");
        assert_int_equal(scopes_parse("write read", &token->scopes), 0);
        assert_text(f, path, "Id", path + strlen(TOKEN_PATH "/"));
        assert_text(f, path, "User", "ada");
        assert_text(f, path, "Client", "local");
        assert_text(f, path, "Kind", "access");
        assert_text(f, path, "Service", "sshd");
        assert_text(f, path, "RemoteHost", "192.0.2.1");
        assert_text(f, path, "Login", "00112233445566778899aabbccddeeff");
        assert_text(f, path, "State", "active");
        assert_usec(f, path, "CreatedUSec", 1000);
        assert_usec(f, path, "ExpiresUSec", 2000);
        assert_usec(f, path, "LastUsedUSec", 42);
        call(f, &reply, ADA, path, PROPERTIES_INTERFACE, "Get", "ss", TOKEN_INTERFACE, "Uid");
        assert_true(sd_bus_message_read(reply.message, "v", "u", &uid) > 0);
        assert_int_equal(uid, ADA_UID);
        call(f, &reply, ADA, path, PROPERTIES_INTERFACE, "Get", "ss", "", "Scopes");
        assert_true(sd_bus_message_enter_container(reply.message, 'v', "as") > 0);
        assert_true(sd_bus_message_read_strv(reply.message, &scopes) >= 0);
        assert_int_equal(strv_length(scopes), 2);
        assert_string_equal(scopes[0], "read");
}

static void test_absent(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        const char *path = path_of(fake_token(f, 1, UID_NONE));
        uint32_t uid = 0;

        assert_text(f, path, "User", "");
        assert_text(f, path, "Service", "");
        assert_text(f, path, "Login", "");
        call(f, &reply, ROOT, path, PROPERTIES_INTERFACE, "Get", "ss", TOKEN_INTERFACE, "Uid");
        assert_true(sd_bus_message_read(reply.message, "v", "u", &uid) > 0);
        assert_int_equal(uid, 4294967295);
}

/* GetAll gives exactly the table, and nothing of the second half of the hash. */
static void test_get_all(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        const char *path = path_of(fake_token(f, 1, ADA_UID));
        const char *name = NULL, *contents = NULL;
        size_t n = 0;

        call(f, &reply, ADA, path, PROPERTIES_INTERFACE, "GetAll", "s", TOKEN_INTERFACE);
        assert_ok(&reply);
        assert_true(sd_bus_message_enter_container(reply.message, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(reply.message, 'e', "sv") > 0) {
                char type;

                assert_true(sd_bus_message_read(reply.message, "s", &name) > 0);
                assert_string_equal(name, token_properties[n].name);
                assert_true(sd_bus_message_peek_type(reply.message, &type, &contents) > 0);
                assert_string_equal(contents, token_properties[n].signature);
                assert_true(sd_bus_message_skip(reply.message, "v") > 0);
                assert_true(sd_bus_message_exit_container(reply.message) > 0);
                n++;
        }
        assert_null(token_properties[n].name);
        call(f, &reply, ADA, path, PROPERTIES_INTERFACE, "GetAll", "s",
             "org.freedesktop.DBus.Peer");
        assert_ok(&reply);
        call(f, &reply, ADA, path, PROPERTIES_INTERFACE, "GetAll", "s", "org.example.Other");
        assert_error(&reply, SD_BUS_ERROR_UNKNOWN_INTERFACE);
}

static void test_introspect(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        const char *path = path_of(fake_token(f, 1, ADA_UID));
        const char *xml = NULL;
        char row[128];

        call(f, &reply, ADA, path, INTROSPECTABLE, "Introspect", "");
        assert_ok(&reply);
        assert_true(sd_bus_message_read(reply.message, "s", &xml) > 0);
        for (const TokenProperty *p = token_properties; p->name; p++) {
                snprintf(row, sizeof(row), "<property name=\"%s\" type=\"%s\" access=\"read\">",
                         p->name, p->signature);
                assert_non_null(strstr(xml, row));
        }
        assert_non_null(strstr(xml, "<method name=\"Revoke\"/>"));
        call(f, &reply, BRIAN, path, INTROSPECTABLE, "Introspect", "");
        assert_error(&reply, BUS_ERROR_NO_SUCH_TOKEN);
}

static unsigned count_nodes(Reply *reply) {
        const char *xml = NULL;
        unsigned n = 0;

        assert_ok(reply);
        assert_true(sd_bus_message_read(reply->message, "s", &xml) > 0);
        while ((xml = strstr(xml, "<node name=\""))) {
                xml++;
                n++;
        }
        return n;
}

static void test_tree(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        const char *xml = NULL;

        call(f, &reply, ADA, TOKEN_PATH, INTROSPECTABLE, "Introspect", "");
        assert_int_equal(count_nodes(&reply), 0);
        fake_token(f, 5000, BRIAN_UID);
        for (unsigned i = 0; i <= PAGE_ROWS_MAX; i++)
                fake_token(f, i, ADA_UID);
        call(f, &reply, BRIAN, TOKEN_PATH, INTROSPECTABLE, "Introspect", "");
        assert_int_equal(count_nodes(&reply), 1);
        call(f, &reply, ADA, TOKEN_PATH, INTROSPECTABLE, "Introspect", "");
        assert_int_equal(count_nodes(&reply), PAGE_ROWS_MAX);
        call(f, &reply, ADA, MANAGER_PATH, INTROSPECTABLE, "Introspect", "");
        assert_ok(&reply);
        assert_true(sd_bus_message_read(reply.message, "s", &xml) > 0);
        assert_non_null(strstr(xml, "<node name=\"token\"/>"));
        assert_non_null(strstr(xml,
                               "<arg type=\"a(susttso)\" name=\"tokens\" direction=\"out\"/>"));
        call(f, &reply, ADA, "/", INTROSPECTABLE, "Introspect", "");
        assert_ok(&reply);
}

static void test_revoke(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        const char *path = path_of(fake_token(f, 1, ADA_UID));

        call(f, &reply, BRIAN, path, TOKEN_INTERFACE, "Revoke", "");
        assert_error(&reply, BUS_ERROR_NO_SUCH_TOKEN);
        f->core->is_held = true;
        replyp(&reply);
        reply.message = NULL;
        call_later(f, &reply, ADA, path, TOKEN_INTERFACE, "Revoke", "");
        turn_until(f, f->core->n_calls == 1);
        assert_int_equal(f->core->calls[0].verb, FAKE_REVOKE);
        assert_string_equal(f->core->calls[0].id, path + strlen(TOKEN_PATH "/"));
        f->core->is_held = false;
        turn_until(f, reply.message);
        assert_ok(&reply);
        call(f, &reply, ADA, path, NULL, "Revoke", ""); /* without an interface */
        assert_ok(&reply);
}

static void test_set(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        const char *path = path_of(fake_token(f, 1, ADA_UID));

        call(f, &reply, ROOT, path, PROPERTIES_INTERFACE, "Set", "ssv", TOKEN_INTERFACE, "State",
             "s", "x");
        assert_error(&reply, SD_BUS_ERROR_PROPERTY_READ_ONLY);
        call(f, &reply, ROOT, path, PROPERTIES_INTERFACE, "Set", "ssv", TOKEN_INTERFACE, "Other",
             "s", "x");
        assert_error(&reply, SD_BUS_ERROR_UNKNOWN_PROPERTY);
        assert_int_equal(f->core->last_caller.peer.received, 0); /* the core was not asked */
}

static void test_unknown(void **state) {
        static const char *const paths[] = {
                TOKEN_PATH "/x",
                TOKEN_PATH "/0011223344556677889900112233445",
                TOKEN_PATH "/00112233445566778899AABBCCDDEEFF",
                TOKEN_PATH "/00112233445566778899aabbccddeeff/x",
        };
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        const char *path = path_of(fake_token(f, 1, ADA_UID));

        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                call(f, &reply, ROOT, paths[i], TOKEN_INTERFACE, "Revoke", "");
                assert_error(&reply, SD_BUS_ERROR_UNKNOWN_OBJECT);
        }
        call(f, &reply, ROOT, path, TOKEN_INTERFACE, "Renew", "");
        assert_error(&reply, SD_BUS_ERROR_UNKNOWN_METHOD);
        call(f, &reply, ROOT, path, MANAGER_INTERFACE, "Revoke", "");
        assert_error(&reply, SD_BUS_ERROR_UNKNOWN_METHOD);
        call(f, &reply, ROOT, path, TOKEN_INTERFACE, "Revoke", "s", "x");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        call(f, &reply, ROOT, path, PROPERTIES_INTERFACE, "Get", "ss", TOKEN_INTERFACE, "Secret");
        assert_error(&reply, SD_BUS_ERROR_UNKNOWN_PROPERTY);
        call(f, &reply, ROOT, path, PROPERTIES_INTERFACE, "Get", "ss", "org.example.Other", "Id");
        assert_error(&reply, SD_BUS_ERROR_UNKNOWN_INTERFACE);
        call(f, &reply, ROOT, TOKEN_PATH, TOKEN_INTERFACE, "Revoke", "");
        assert_error(&reply, SD_BUS_ERROR_UNKNOWN_METHOD);
}

/* threats.md 26: the same text whether or not the token exists. */
static void test_foreign_is_unknown(void **state) {
        static const char *const methods[][2] = {
                { "Get", "ss" },
                { "GetAll", "s" },
        };
        Fixture *f = *state;
        _cleanup_(replyp) Reply unknown = { 0 }, foreign = { 0 };
        const char *path = path_of(fake_token(f, 1, ADA_UID));

        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                call(f, &foreign, BRIAN, path, PROPERTIES_INTERFACE, methods[i][0], methods[i][1],
                     TOKEN_INTERFACE, "Id");
                call(f, &unknown, BRIAN, TOKEN_PATH "/00112233445566778899aabbccddeeff",
                     PROPERTIES_INTERFACE, methods[i][0], methods[i][1], TOKEN_INTERFACE, "Id");
                assert_error(&foreign, BUS_ERROR_NO_SUCH_TOKEN);
                assert_error(&unknown, BUS_ERROR_NO_SUCH_TOKEN);
                assert_string_equal(error_text(&foreign), error_text(&unknown));
        }
}

#define WITH_BUS(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_BUS(test_get),
                WITH_BUS(test_absent),
                WITH_BUS(test_get_all),
                WITH_BUS(test_introspect),
                WITH_BUS(test_tree),
                WITH_BUS(test_revoke),
                WITH_BUS(test_set),
                WITH_BUS(test_unknown),
                WITH_BUS(test_foreign_is_unknown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
