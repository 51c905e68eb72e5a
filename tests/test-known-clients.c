/* Records of clients between two revocations. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/known-clients.h"
#include "wire/cleanup.h"
#include "unit.h"

static KnownClients *fresh(void) {
        KnownClients *clients = NULL;

        assert_int_equal(known_clients_new(&clients), 0);
        return clients;
}

static Client *put(KnownClients *clients, const char *id, uint64_t revocations) {
        Client *client = client_new();

        client->id = strdup(id);
        known_clients_put(clients, client, revocations);
        client_unref(client);
        return known_clients_get(clients, id, revocations);
}

static void test_a_record_lasts_until_the_next_revocation(void **state) {
        _cleanup_(known_clients_freep) KnownClients *clients = fresh();

        assert_null(known_clients_get(clients, "app", 0));
        assert_non_null(put(clients, "app", 7));
        assert_string_equal(known_clients_get(clients, "app", 7)->id, "app");
        assert_null(known_clients_get(clients, "app", 8));
        assert_null(known_clients_get(clients, "app", 6));
        assert_null(known_clients_get(clients, "ap", 7));
        assert_null(known_clients_get(clients, "App", 7));
        assert_null(known_clients_get(clients, "", 7));
}

static void test_the_last_record_counts(void **state) {
        _cleanup_(known_clients_freep) KnownClients *clients = fresh();
        Client *old = client_ref(put(clients, "app", 1));
        Client *new = put(clients, "app", 2);

        assert_ptr_not_equal(old, new);
        assert_null(known_clients_get(clients, "app", 1));
        assert_ptr_equal(known_clients_get(clients, "app", 2), new);
        /* whoever has the old one may keep it */
        assert_string_equal(old->id, "app");
        assert_int_equal(old->n_ref, 1);
        client_unref(old);
}

/* Nor would one be given back: it must not get in. */
static void test_a_hash_is_never_kept(void **state) {
        _cleanup_(known_clients_freep) KnownClients *clients = fresh();
        _cleanup_(client_unrefp) Client *client = client_new();
        int status = 0;
        pid_t child;

        client->id = strdup("app");
        assert_int_equal(secret_set(&client->hash, "$y$x", 4), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                (void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
                (void)signal(SIGABRT, SIG_DFL);
                (void)close(STDERR_FILENO);
                known_clients_put(clients, client, 1);
                _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
        client_wipe_hash(client);
        known_clients_put(clients, client, 1);
        assert_ptr_equal(known_clients_get(clients, "app", 1), client);
}

static void test_there_are_bounds(void **state) {
        _cleanup_(known_clients_freep) KnownClients *clients = fresh();
        char id[16];
        size_t n = 0;

        for (unsigned i = 0; i < 10000; i++) {
                (void)snprintf(id, sizeof(id), "c%u", i);
                assert_non_null(put(clients, id, 1));
        }
        for (unsigned i = 0; i < 10000; i++) {
                (void)snprintf(id, sizeof(id), "c%u", i);
                n += known_clients_get(clients, id, 1) != NULL;
        }
        assert_int_equal(n, 256);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_record_lasts_until_the_next_revocation),
                cmocka_unit_test(test_the_last_record_counts),
                cmocka_unit_test(test_a_hash_is_never_kept),
                cmocka_unit_test(test_there_are_bounds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
