/* The bus in front of the real core and a real store: what a login leaves behind is seen, guarded
 * and revoked. */

#define REAL_CORE
#include "fake-bus.h"

#include <sys/stat.h>

#include "bus/token-properties.h"
#include "core/grant.h"
#include "core/users.h"

#define NAME "tokend-test-ada"

typedef struct RealCore {
        Authority *authority;
        Store *store;
        Config config;
        char folder[64];
} RealCore;

/* The authority's other parts, from core_new() to core_free(). */
static RealCore real;

static Authority *core_new(sd_event *event, const char *folder) {
        char address[128];
        char *message = NULL;

        real = (RealCore){ .config = {
                                           .uid_min = 70000,
                                           .uid_max = 79999,
                                           .default_shell = strdup("/bin/sh"),
                                           .home_base = strdup("/home"),
                                           .access_lifetime = 3600 * USEC_PER_SEC,
                                           .refresh_lifetime = 7200 * USEC_PER_SEC,
                                           .maximum_lifetime = 86400 * USEC_PER_SEC,
                                           .refresh_grace = 10 * USEC_PER_SEC,
                                           .cache_tokens = 100,
                                           .hash = strdup("bcrypt"),
                                           .hash_rounds = 4,
                                           .workers = 1,
                                           .queue = 16,
                           } };
        snprintf(real.folder, sizeof(real.folder), "%s/store", folder);
        assert_int_equal(mkdir(real.folder, 0700), 0);
        snprintf(address, sizeof(address), "sqlite:%s/tokend.db", real.folder);
        assert_int_equal(store_open(event, &clock_system, address, &real.store, &message), 0);
        assert_int_equal(authority_new(event, real.store, &real.config, &clock_system,
                                       &real.authority),
                         0);
        return real.authority;
}

static void core_turn(Authority *core) {
}

static void core_free(Authority *core) {
        char command[128];

        authority_free(core);
        store_close(real.store);
        free(real.config.default_shell);
        free(real.config.home_base);
        free(real.config.hash);
        snprintf(command, sizeof(command), "rm -r '%s'", real.folder);
        assert_int_equal(system(command), 0);
}

typedef struct Outcome {
        bool is_there;
        int r;
        uint32_t uid;
        char id[TOKEN_ID_SIZE + 1];
} Outcome;

static void on_answer(void *userdata, int r, Answer *answer) {
        Outcome *outcome = userdata;

        outcome->is_there = true;
        outcome->r = r;
        if (r == 0 && answer->user)
                outcome->uid = answer->user->uid;
        if (r == 0 && answer->token)
                token_hash_to_id(&answer->token->hash, outcome->id);
}

static const Caller root = {
        .kind = CALLER_ROOT,
        .peer = { .door = DOOR_SOCKET, .uid = 0, .remote = "uid:0" },
};

/* A user whom only tokend knows; ADA becomes that user on the bus. */
static void add_user(Fixture *f) {
        UserAddRequest request = { .name = NAME, .uid = UID_NONE };
        Outcome outcome = { 0 };

        authority_user_add(f->core, &root, &request, on_answer, &outcome);
        turn_until(f, outcome.is_there);
        assert_int_equal(outcome.r, 0);
        f->ada_uid = outcome.uid;
}

static void issue(Fixture *f, char ret_id[static TOKEN_ID_SIZE + 1]) {
        IssueRequest request = { .user = NAME };
        Outcome outcome = { 0 };

        authority_issue(f->core, &root, &request, on_answer, &outcome);
        turn_until(f, outcome.is_there);
        assert_int_equal(outcome.r, 0);
        memcpy(ret_id, outcome.id, sizeof(outcome.id));
}

static unsigned count_tokens(Fixture *f, const char *sender) {
        _cleanup_(replyp) Reply reply = { 0 };
        unsigned n = 0;

        manager_call(f, &reply, sender, "ListTokens", "");
        assert_ok(&reply);
        assert_true(sd_bus_message_enter_container(reply.message, 'a', "(susttso)") > 0);
        while (!sd_bus_message_at_end(reply.message, false)) {
                assert_true(sd_bus_message_skip(reply.message, "(susttso)") > 0);
                n++;
        }
        return n;
}

static void test_seen_and_revoked(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        char id[TOKEN_ID_SIZE + 1], path[TOKEN_PATH_SIZE];
        const char *user = NULL;

        add_user(f);
        issue(f, id);
        token_id_to_path(id, path);
        assert_int_equal(count_tokens(f, ROOT), 1);
        assert_int_equal(count_tokens(f, ADA), 1);
        assert_int_equal(count_tokens(f, BRIAN), 0);
        call(f, &reply, ADA, path, PROPERTIES_INTERFACE, "Get", "ss", TOKEN_INTERFACE, "User");
        assert_ok(&reply);
        assert_true(sd_bus_message_read(reply.message, "v", "s", &user) > 0);
        assert_string_equal(user, NAME);

        manager_call(f, &reply, BRIAN, "RevokeToken", "s", id);
        assert_error(&reply, "org.tokend1.NoSuchToken");
        call(f, &reply, BRIAN, path, TOKEN_INTERFACE, "Revoke", "");
        assert_error(&reply, "org.tokend1.NoSuchToken");
        manager_call(f, &reply, ADA, "RevokeToken", "s", id);
        assert_ok(&reply);
        manager_call(f, &reply, ADA, "GetToken", "s", id);
        assert_error(&reply, "org.tokend1.NoSuchToken");
        assert_int_equal(count_tokens(f, ROOT), 0);
}

static void test_foreign_is_unknown(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply foreign = { 0 }, unknown = { 0 };
        char id[TOKEN_ID_SIZE + 1];

        add_user(f);
        issue(f, id);
        manager_call(f, &foreign, BRIAN, "GetToken", "s", id);
        manager_call(f, &unknown, BRIAN, "GetToken", "s", "00112233445566778899aabbccddeeff");
        assert_error(&foreign, "org.tokend1.NoSuchToken");
        assert_string_equal(error_text(&foreign), error_text(&unknown));
        manager_call(f, &foreign, BRIAN, "ListUserTokens", "u", f->ada_uid);
        assert_error(&foreign, SD_BUS_ERROR_ACCESS_DENIED);
        manager_call(f, &foreign, BRIAN, "ListTokensEx", "a{sv}us", 1, "user", "s", NAME, 1U, "");
        assert_error(&foreign, SD_BUS_ERROR_ACCESS_DENIED);
        assert_int_equal(count_tokens(f, ADA), 1);
}

static void test_pages(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        char id[TOKEN_ID_SIZE + 1], cursor[600] = "";
        const char *next = NULL;
        unsigned n_pages = 0;

        add_user(f);
        for (unsigned i = 0; i < 5; i++)
                issue(f, id);
        do {
                manager_call(f, &reply, ADA, "ListTokensEx", "a{sv}us", 0, 2U, cursor);
                assert_ok(&reply);
                assert_true(sd_bus_message_skip(reply.message, "aa{sv}") > 0);
                assert_true(sd_bus_message_read(reply.message, "s", &next) > 0);
                snprintf(cursor, sizeof(cursor), "%s", next);
                n_pages++;
        } while (*cursor);
        assert_int_equal(n_pages, 3);
        manager_call(f, &reply, ADA, "ListTokensEx", "a{sv}us", 0, 2U, "bogus");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
}

static void test_revoke_user(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        char id[TOKEN_ID_SIZE + 1];
        uint32_t n = 0;

        add_user(f);
        for (unsigned i = 0; i < 3; i++)
                issue(f, id);
        manager_call(f, &reply, BRIAN, "RevokeUser", "u", f->ada_uid);
        assert_error(&reply, SD_BUS_ERROR_ACCESS_DENIED);
        manager_call(f, &reply, ADA, "RevokeUser", "u", f->ada_uid);
        assert_ok(&reply);
        assert_true(sd_bus_message_read(reply.message, "u", &n) > 0);
        assert_int_equal(n, 3);
        assert_int_equal(count_tokens(f, ROOT), 0);
        manager_call(f, &reply, ROOT, "RevokeUser", "u", 4711U);
        assert_error(&reply, "org.tokend1.NoSuchUser");
        manager_call(f, &reply, ADA, "Reload", "");
        assert_error(&reply, SD_BUS_ERROR_ACCESS_DENIED);
}

#define WITH_BUS(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_BUS(test_seen_and_revoked),
                WITH_BUS(test_foreign_is_unknown),
                WITH_BUS(test_pages),
                WITH_BUS(test_revoke_user),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
