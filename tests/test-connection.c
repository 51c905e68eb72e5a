/* How many connections whoever may have, and who is shut down when. Sockets are pairs. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/connection.h"
#include "unit.h"

static int64_t turned;

static int64_t turned_now(clockid_t id) {
        return clock_system.now(id) + turned;
}

static const Clock turned_clock = { .now = turned_now };

typedef struct Fixture {
        sd_event *event;
        Connections *set;
} Fixture;

static int setup(void **state) {
        static Fixture f;

        turned = 0;
        assert_true(sd_event_new(&f.event) >= 0);
        assert_int_equal(connections_new(f.event, &turned_clock, &f.set), 0);
        connections_set_limits(f.set, 16, 10 * USEC_PER_SEC);
        *state = &f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        while (connections_first(f->set))
                connection_free(connections_first(f->set));
        assert_int_equal(connections_count(f->set), 0);
        connections_free(f->set);
        sd_event_unref(f->event);
        return 0;
}

static Peer local(uint32_t uid) {
        return (Peer){ .door = DOOR_SOCKET, .uid = uid };
}

static Peer remote(const char *address) {
        Peer peer = { .door = DOOR_TCP, .uid = UID_NONE };

        snprintf(peer.remote, sizeof(peer.remote), "%s", address);
        return peer;
}

/* How many of this peer get in, at most 100. */
static size_t fill(Fixture *f, Peer peer) {
        size_t n = 0;

        for (; n < 100 && connections_admit(f->set, &peer); n++)
                assert_non_null(connection_new(f->set, -1, NULL, &peer));
        return n;
}

static void test_one_uid(void **state) {
        assert_int_equal(fill(*state, local(1000)), 4);
        assert_int_equal(fill(*state, local(1001)), 4);
}

static void test_one_address(void **state) {
        assert_int_equal(fill(*state, remote("192.0.2.1")), 8);
        assert_int_equal(fill(*state, remote("192.0.2.2")), 6); /* all but root's */
        assert_int_equal(fill(*state, local(1000)), 0);
}

static void test_root(void **state) {
        assert_int_equal(fill(*state, remote("192.0.2.1")), 8);
        assert_int_equal(fill(*state, remote("192.0.2.2")), 6);
        assert_int_equal(fill(*state, local(0)), 2);
}

static void test_root_alone(void **state) {
        assert_int_equal(fill(*state, local(0)), 16);
}

static void test_whoever_goes_makes_room(void **state) {
        Fixture *f = *state;

        assert_int_equal(fill(f, local(1000)), 4);
        connection_free(connections_first(f->set));
        assert_int_equal(fill(f, local(1000)), 1);
}

static void test_new_limits(void **state) {
        Fixture *f = *state;

        assert_int_equal(fill(f, local(1000)), 4);
        connections_set_limits(f->set, 32, USEC_PER_SEC);
        assert_int_equal(fill(f, local(1000)), 4);
        connections_set_limits(f->set, 1, USEC_PER_SEC);
        assert_int_equal(fill(f, local(0)), 0);
}

static void test_few(void **state) {
        Fixture *f = *state;

        connections_set_limits(f->set, 1, USEC_PER_SEC);
        assert_int_equal(fill(f, local(1000)), 1);
        assert_int_equal(fill(f, local(0)), 0);
}

static void test_no_more_than_descriptors(void **state) {
        Fixture *f = *state;
        struct rlimit before, few;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        few = (struct rlimit){ .rlim_cur = 192, .rlim_max = before.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        connections_set_limits(f->set, 4096, USEC_PER_SEC);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(fill(f, local(1000)), 128 / 4);
        assert_int_equal(fill(f, local(0)), 128 - 128 / 4);
}

static bool is_shut_down(int other) {
        char byte;
        return recv(other, &byte, 1, MSG_DONTWAIT) == 0;
}

/* Due are those whose turn has lasted too long, in that order, and nobody else. */
static void test_deadlines(void **state) {
        Fixture *f = *state;
        Connection *connections[4];
        int pairs[4][2];
        Peer peer = local(1000);

        for (size_t i = 0; i < 4; i++) {
                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
                connections[i] = connection_new(f->set, pairs[i][0], NULL, &peer);
                assert_non_null(connections[i]);
                turned += USEC_PER_SEC;
        }
        connection_pause(connections[0]); /* the core's turn */
        connection_wait(connections[1]);  /* as if it came last */
        turned += 5 * USEC_PER_SEC;       /* ages: 9, 5, 7, 6 */
        connections_set_limits(f->set, 16, 6 * USEC_PER_SEC + USEC_PER_SEC / 2);
        assert_true(sd_event_run(f->event, USEC_PER_SEC) >= 0);
        assert_false(is_shut_down(pairs[0][1]));
        assert_false(is_shut_down(pairs[1][1]));
        assert_true(is_shut_down(pairs[2][1]));
        assert_false(is_shut_down(pairs[3][1]));
        turned += USEC_PER_SEC;
        connections_set_limits(f->set, 16, 6 * USEC_PER_SEC + USEC_PER_SEC / 2);
        assert_true(sd_event_run(f->event, USEC_PER_SEC) >= 0);
        assert_false(is_shut_down(pairs[0][1]));
        assert_false(is_shut_down(pairs[1][1]));
        assert_true(is_shut_down(pairs[3][1]));
        for (size_t i = 0; i < 4; i++) {
                connection_free(connections[i]);
                close(pairs[i][0]);
                close(pairs[i][1]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_one_uid, setup, teardown),
                cmocka_unit_test_setup_teardown(test_one_address, setup, teardown),
                cmocka_unit_test_setup_teardown(test_root, setup, teardown),
                cmocka_unit_test_setup_teardown(test_root_alone, setup, teardown),
                cmocka_unit_test_setup_teardown(test_whoever_goes_makes_room, setup, teardown),
                cmocka_unit_test_setup_teardown(test_new_limits, setup, teardown),
                cmocka_unit_test_setup_teardown(test_few, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_more_than_descriptors, setup, teardown),
                cmocka_unit_test_setup_teardown(test_deadlines, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
