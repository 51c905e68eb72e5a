/* The connection: to a bus that is not there yet, that goes, that has given the name away; and to
 * one peer over a socketpair. */

#include "fake-bus.h"

#include <fcntl.h>

static void test_connects(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        assert_int_equal(f->n_hello, 1);
        call(f, &reply, ADA, MANAGER_PATH, "org.freedesktop.DBus.Peer", "Ping", "");
        assert_ok(&reply);
        turn_until(f, !f->bus->is_quiet);
        assert_null(f->bus->retry);
        assert_string_equal(bus_state(f->bus), "connected");
}

static void test_bus_comes_later(void **state) {
        Fixture *f = *state;
        BusOptions options = fake_options(f);

        assert_int_equal(bus_new(&options, &f->bus), 0);
        assert_non_null(f->bus->retry);
        assert_null(f->bus->connection);
        assert_string_equal(bus_state(f->bus), "unreachable");
        fake_listen(f);
        turn_until(f, f->n_name_requests == 1);
        turn_until(f, f->bus->retry_delay == 1 * USEC_PER_SEC);
        assert_string_equal(bus_state(f->bus), "connected");
}

/* threats.md: nothing waits for a bus that takes the connection and says nothing. */
static void test_bus_is_mute(void **state) {
        Fixture *f = *state;
        BusOptions options = fake_options(f);
        int64_t start;

        fake_listen(f);
        f->accepting = sd_event_source_disable_unref(f->accepting); /* nobody accepts */
        start = clock_monotonic(&clock_system);
        assert_int_equal(bus_new(&options, &f->bus), 0);
        assert_string_equal(bus_state(f->bus), "connecting");
        fake_token(f, 1, ADA_UID);
        bus_token_new(f->bus, f->core->tokens[0]);
        f->bus = bus_free(f->bus);
        assert_true(clock_monotonic(&clock_system) - start < 5 * USEC_PER_SEC);
}

static void test_comes_back(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        fake_token(f, 1, ADA_UID);
        manager_call(f, &reply, ADA, "ListTokens", "");
        assert_ok(&reply);
        f->core->is_held = true;
        Reply lost = { 0 };
        call_later(f, &lost, ADA, MANAGER_PATH, MANAGER_INTERFACE, "ListTokens", "");
        turn_until(f, f->core->n_calls == 1);
        fake_drop_driver(f);                /* the bus dies with a call in the core */
        sd_bus_message_unref(lost.message); /* the driver's own "connection closed", if any */
        turn_until(f, f->bus->retry);
        assert_string_equal(bus_state(f->bus), "unreachable");
        f->core->is_held = false;
        turn_until(f, f->n_name_requests == 2);
        assert_null(f->bus->calls);
        manager_call(f, &reply, ADA, "ListTokens", "");
        assert_ok(&reply);
        assert_int_equal(f->n_uid_requests, 2); /* names of another bus are other clients */
}

static void test_name_is_taken(void **state) {
        Fixture *f = *state;
        BusOptions options = fake_options(f);

        f->name_answer = 3; /* exists */
        fake_listen(f);
        assert_int_equal(bus_new(&options, &f->bus), 0);
        turn_until(f, f->bus->retry);
        assert_int_equal(f->n_name_requests, 1);
        assert_int_equal(f->bus->retry_delay, 2 * USEC_PER_SEC); /* grows */
        assert_string_equal(bus_state(f->bus), "name-taken");
        f->name_answer = 1;
        turn_until(f, f->n_name_requests == 2 && f->bus->retry_delay == 1 * USEC_PER_SEC);
        assert_null(f->bus->retry);
}

static void test_freed_with_calls(void **state) {
        Fixture *f = *state;
        Reply in_core = { 0 }, waiting = { 0 };

        f->core->is_held = true;
        call_later(f, &in_core, ADA, MANAGER_PATH, MANAGER_INTERFACE, "ListTokens", "");
        turn_until(f, f->core->n_calls == 1);
        f->hold_uids = true;
        call_later(f, &waiting, BRIAN, MANAGER_PATH, MANAGER_INTERFACE, "ListTokens", "");
        turn_until(f, f->n_held == 1);
        f->bus = bus_free(f->bus);
        assert_int_equal(f->core->n_calls, 1); /* the teardown answers it into nothing */
        sd_bus_message_unref(in_core.message);
        sd_bus_message_unref(waiting.message);
}

/* Over a socketpair the kernel says who the peer is. */
static void test_direct(void **state) {
        Fixture *f = *state;
        BusOptions options = fake_options(f);
        Reply reply = { 0 };
        sd_bus_message *m = NULL;
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                         0);
        assert_int_equal(bus_new_from_fd(&options, pair[0], &f->bus), 0);
        assert_true(sd_bus_new(&f->driver) >= 0);
        assert_true(sd_bus_set_fd(f->driver, pair[1], pair[1]) >= 0);
        assert_true(sd_bus_start(f->driver) >= 0);
        assert_true(sd_bus_attach_event(f->driver, f->event, 0) >= 0);
        assert_true(sd_bus_message_new_method_call(f->driver, &m, NULL, MANAGER_PATH,
                                                   MANAGER_INTERFACE, "ListTokens") >= 0);
        assert_true(sd_bus_message_set_sender(m, geteuid() == 0 ? ADA : ROOT) >= 0); /* a lie */
        send_call(f, m, &reply);
        turn_until(f, reply.message);
        assert_ok(&reply);
        assert_int_equal(f->core->last_caller.peer.uid, geteuid());
        assert_int_equal(f->core->last_caller.kind, geteuid() == 0 ? CALLER_ROOT : CALLER_UID);
        sd_bus_message_unref(reply.message);
        fake_drop_driver(f);
        turn_for(f, 50 * USEC_PER_MSEC);
        assert_null(f->bus->retry);
}

static void test_no_socket(void **state) {
        Fixture *f = *state;
        BusOptions options = fake_options(f);
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        assert_true(bus_new_from_fd(&options, fd, &f->bus) < 0);
        assert_null(f->bus);
}

#define WITH_BUS(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
#define WITHOUT_BUS(test)                                                                          \
        cmocka_unit_test_setup_teardown(test, fixture_setup_without_bus, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_BUS(test_connects),         WITHOUT_BUS(test_bus_comes_later),
                WITHOUT_BUS(test_bus_is_mute),   WITH_BUS(test_comes_back),
                WITHOUT_BUS(test_name_is_taken), WITH_BUS(test_freed_with_calls),
                WITHOUT_BUS(test_direct),        WITHOUT_BUS(test_no_socket),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
