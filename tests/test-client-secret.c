/* Client secrets that were right once. */

#include <stdio.h>

#include "core/client-secret.h"
#include "wire/cleanup.h"
#include "unit.h"

static Secret secret_of(const char *text) {
        Secret secret = SECRET_INIT;

        assert_int_equal(secret_append_text(&secret, text), 0);
        return secret;
}

static ClientSecrets *fresh(void) {
        ClientSecrets *secrets = NULL;

        assert_int_equal(client_secrets_new(&secrets), 0);
        return secrets;
}

static void knows_what_was_right(void **state) {
        _cleanup_(client_secrets_freep) ClientSecrets *secrets = fresh();
        _cleanup_(secret_done) Secret right = secret_of("geheim");
        _cleanup_(secret_done) Secret wrong = secret_of("geheim2");
        _cleanup_(secret_done) Secret empty = SECRET_INIT;
        char id[] = "app";
        Client client = { .id = id, .epoch = 7 };

        assert_int_equal(client_secrets_check(secrets, &client, &right), CLIENT_SECRET_UNKNOWN);
        client_secrets_remember(secrets, &client, &right);
        assert_int_equal(client_secrets_check(secrets, &client, &right), CLIENT_SECRET_RIGHT);
        assert_int_equal(client_secrets_check(secrets, &client, &wrong), CLIENT_SECRET_WRONG);
        assert_int_equal(client_secrets_check(secrets, &client, &empty), CLIENT_SECRET_WRONG);
        assert_int_equal(client_secrets_check(secrets, &client, NULL), CLIENT_SECRET_WRONG);
}

static void another_epoch_or_client_is_unknown(void **state) {
        _cleanup_(client_secrets_freep) ClientSecrets *secrets = fresh();
        _cleanup_(secret_done) Secret right = secret_of("geheim");
        char id[] = "app", other_id[] = "app2";
        Client client = { .id = id, .epoch = 7 };
        Client other = { .id = other_id, .epoch = 7 };

        client_secrets_remember(secrets, &client, &right);
        assert_int_equal(client_secrets_check(secrets, &other, &right), CLIENT_SECRET_UNKNOWN);
        client.epoch = 8;
        assert_int_equal(client_secrets_check(secrets, &client, &right), CLIENT_SECRET_UNKNOWN);
}

static void an_empty_secret_is_never_remembered(void **state) {
        _cleanup_(client_secrets_freep) ClientSecrets *secrets = fresh();
        _cleanup_(secret_done) Secret empty = SECRET_INIT;
        _cleanup_(secret_done) Secret right = secret_of("geheim");
        char id[] = "app";
        Client client = { .id = id, .epoch = 7 };

        client_secrets_remember(secrets, &client, &empty);
        assert_int_equal(client_secrets_check(secrets, &client, &right), CLIENT_SECRET_UNKNOWN);
        assert_int_equal(client_secrets_check(secrets, &client, &empty), CLIENT_SECRET_WRONG);
}

/* More than fit: the last is known, and nothing that is known is wrong. */
static void many_clients_stay_bounded(void **state) {
        _cleanup_(client_secrets_freep) ClientSecrets *secrets = fresh();
        _cleanup_(secret_done) Secret right = secret_of("geheim");
        char id[32];
        Client client = { .id = id, .epoch = 1 };
        unsigned n_known = 0;

        for (unsigned i = 0; i < 10000; i++) {
                snprintf(id, sizeof(id), "app%u", i);
                client_secrets_remember(secrets, &client, &right);
                assert_int_equal(client_secrets_check(secrets, &client, &right),
                                 CLIENT_SECRET_RIGHT);
        }
        for (unsigned i = 0; i < 10000; i++) {
                snprintf(id, sizeof(id), "app%u", i);
                assert_int_not_equal(client_secrets_check(secrets, &client, &right),
                                     CLIENT_SECRET_WRONG);
                n_known += client_secrets_check(secrets, &client, &right) == CLIENT_SECRET_RIGHT;
        }
        assert_in_range(n_known, 3000, 4096);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(knows_what_was_right),
                cmocka_unit_test(another_epoch_or_client_is_unknown),
                cmocka_unit_test(an_empty_secret_is_never_remembered),
                cmocka_unit_test(many_clients_stay_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
