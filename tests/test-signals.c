/* TokenNew and TokenRemoved one by one, and their number in a storm. */

#include "fake-bus.h"

#include "bus/token-properties.h"

typedef struct Heard {
        unsigned n_new, n_removed, n_properties;
        unsigned n_changed, added, removed; /* TokensChanged and what it said */
        char id[TOKEN_ID_SIZE + 1];
        char path[TOKEN_PATH_SIZE];
        char reason[32];
} Heard;

static void hear_one(Heard *heard, sd_bus_message *m) {
        const char *id = "", *path = "", *reason = "";
        uint32_t added = 0, removed = 0;

        if (sd_bus_message_is_signal(m, MANAGER_INTERFACE, "TokenNew")) {
                heard->n_new++;
                assert_true(sd_bus_message_read(m, "so", &id, &path) > 0);
        } else if (sd_bus_message_is_signal(m, MANAGER_INTERFACE, "TokenRemoved")) {
                heard->n_removed++;
                assert_true(sd_bus_message_read(m, "sos", &id, &path, &reason) > 0);
        } else if (sd_bus_message_is_signal(m, MANAGER_INTERFACE, "TokensChanged")) {
                heard->n_changed++;
                assert_true(sd_bus_message_read(m, "uu", &added, &removed) > 0);
                heard->added += added;
                heard->removed += removed;
                return;
        } else {
                heard->n_properties += sd_bus_message_is_signal(m, PROPERTIES_INTERFACE,
                                                                "PropertiesChanged");
                return;
        }
        snprintf(heard->id, sizeof(heard->id), "%s", id);
        snprintf(heard->path, sizeof(heard->path), "%s", path);
        snprintf(heard->reason, sizeof(heard->reason), "%s", reason);
}

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        hear_one(userdata, m);
        return 0;
}

static void listen_to(Fixture *f, Heard *heard) {
        assert_true(sd_bus_add_filter(f->driver, NULL, on_signal, heard) >= 0);
}

static void test_one_by_one(void **state) {
        Fixture *f = *state;
        Heard heard = { 0 };
        const Token *token = fake_token(f, 1, ADA_UID);
        char id[TOKEN_ID_SIZE + 1], path[TOKEN_PATH_SIZE];

        token_hash_to_id(&token->hash, id);
        token_to_path(token, path);
        listen_to(f, &heard);
        bus_token_new(f->bus, token);
        turn_until(f, heard.n_new == 1);
        assert_string_equal(heard.id, id);
        assert_string_equal(heard.path, path);
        bus_token_removed(f->bus, id, "revoked");
        turn_until(f, heard.n_removed == 1);
        assert_string_equal(heard.id, id);
        assert_string_equal(heard.path, path);
        assert_string_equal(heard.reason, "revoked");
        assert_int_equal(heard.n_properties, 1); /* State, on the object that goes */
        turn_for(f, 1200 * USEC_PER_MSEC);
        assert_int_equal(heard.n_changed, 0);
}

static void test_storm(void **state) {
        Fixture *f = *state;
        Heard heard = { 0 };
        const Token *token = fake_token(f, 1, ADA_UID);
        char id[TOKEN_ID_SIZE + 1];

        token_hash_to_id(&token->hash, id);
        listen_to(f, &heard);
        for (unsigned i = 0; i < 150; i++) {
                bus_token_new(f->bus, token);
                bus_token_removed(f->bus, id, "revoked");
        }
        turn_until(f, heard.n_changed == 1);
        assert_int_equal(heard.n_new + heard.n_removed, SIGNALS_MAX);
        assert_int_equal(heard.n_new + heard.added, 150);
        assert_int_equal(heard.n_removed + heard.removed, 150);

        /* the storm goes on: none one by one any more */
        heard = (Heard){ 0 };
        for (unsigned i = 0; i < SIGNALS_MAX; i++)
                bus_token_new(f->bus, token);
        turn_until(f, heard.n_changed == 1);
        assert_int_equal(heard.n_new, 0);
        assert_int_equal(heard.added, SIGNALS_MAX);

        /* and is over */
        bus_token_new(f->bus, token);
        turn_until(f, heard.n_new == 1);
        turn_for(f, 1200 * USEC_PER_MSEC);
        assert_int_equal(heard.n_changed, 1);
}

static void test_a_whole_owners_tokens(void **state) {
        Fixture *f = *state;
        Heard heard = { 0 };

        listen_to(f, &heard);
        bus_tokens_removed(f->bus, 5);
        bus_tokens_removed(f->bus, 7);
        turn_until(f, heard.n_changed == 1);
        assert_int_equal(heard.removed, 12);
        assert_int_equal(heard.n_removed, 0);

        bus_tokens_removed(f->bus, UINT64_MAX / 2);
        turn_until(f, heard.n_changed == 2);
        assert_true(heard.removed == UINT32_MAX + 12U);
}

static void test_last_use(void **state) {
        Fixture *f = *state;
        Heard heard = { 0 };
        const Token *token = fake_token(f, 1, ADA_UID);

        listen_to(f, &heard);
        for (unsigned i = 0; i < SIGNALS_MAX + 50; i++)
                bus_token_used(f->bus, &token->hash);
        turn_until(f, heard.n_properties == SIGNALS_MAX);
        turn_for(f, 1200 * USEC_PER_MSEC);
        assert_int_equal(heard.n_properties, SIGNALS_MAX);
        assert_int_equal(heard.n_changed, 0);
}

static void test_without_a_bus(void **state) {
        Fixture *f = *state;
        const Token *token = fake_token(f, 1, ADA_UID);
        BusOptions options = fake_options(f);

        bus_token_new(NULL, token);
        bus_token_removed(NULL, "00112233445566778899aabbccddeeff", "revoked");
        bus_tokens_removed(NULL, 1);
        bus_token_used(NULL, &token->hash);
        assert_int_equal(bus_new(&options, &f->bus), 0);
        bus_token_new(f->bus, token);
        bus_token_removed(f->bus, "00112233445566778899aabbccddeeff", "revoked");
        assert_null(f->bus->connection);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_one_by_one, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_storm, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_a_whole_owners_tokens, fixture_setup,
                                                fixture_teardown),
                cmocka_unit_test_setup_teardown(test_last_use, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(test_without_a_bus, fixture_setup_without_bus,
                                                fixture_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
