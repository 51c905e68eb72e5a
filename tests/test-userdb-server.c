/* Unit tests of userdb/server: questions over a Unix socket, both ends in one loop. */

#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "snapshot-fixture.h"
#include "userdb/server.h"
#include "wire/text.h"

typedef struct Fixture {
        char folder[32];
        char snapshot[64];
        struct sockaddr_un address;
        sd_event *event;
        UserdbServer *server;
} Fixture;

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(Fixture));
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        strcpy(f->folder, "/tmp/test-userdb-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        snprintf(f->snapshot, sizeof(f->snapshot), "%s/snapshot", f->folder);
        f->address.sun_family = AF_UNIX;
        snprintf(f->address.sun_path, sizeof(f->address.sun_path), "%s/org.tokend", f->folder);
        assert_int_equal(bind(fd, (struct sockaddr *)&f->address, sizeof(f->address)), 0);
        assert_int_equal(listen(fd, 1024), 0);
        assert_true(sd_event_new(&f->event) >= 0);
        assert_int_equal(userdb_server_new(f->event, fd, "org.tokend", f->snapshot, &f->server), 0);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        userdb_server_free(f->server);
        sd_event_unref(f->event);
        (void)unlink(f->snapshot);
        unlink(f->address.sun_path);
        assert_int_equal(rmdir(f->folder), 0);
        free(f);
        return 0;
}

static int connect_to(Fixture *f) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        assert_int_equal(connect(fd, (struct sockaddr *)&f->address, sizeof(f->address)), 0);
        return fd;
}

/* Lets the server work until the reply has come; its size, 0 at the end of the stream. */
static size_t receive(Fixture *f, int fd, char *buffer, size_t size) {
        for (int i = 0; i < 1000; i++) {
                ssize_t n;

                while (sd_event_run(f->event, 0) > 0)
                        ;
                n = recv(fd, buffer, size, 0);
                if (n >= 0)
                        return (size_t)n;
        }
        fail_msg("no answer");
        return 0;
}

static bool knows(Fixture *f, int fd, const char *name) {
        char message[256], reply[4096] = "";
        int size = snprintf(message, sizeof(message),
                            "{\"method\":\"io.systemd.UserDatabase.GetUserRecord\",\"parameters\":"
                            "{\"service\":\"org.tokend\",\"userName\":\"%s\"}}",
                            name);

        assert_int_equal(send(fd, message, (size_t)size + 1, 0), size + 1);
        assert_true(receive(f, fd, reply, sizeof(reply) - 1) > 0);
        return strstr(reply, "\"record\"") != NULL;
}

static void write_users(Fixture *f, const char *name) {
        SnapshotUser user = { .name = name, .uid = 70000, .gid = 70000, .home = "/h", .shell = "/bin/sh" };

        assert_int_equal(write_snapshot(f->snapshot, &user, 1), 0);
}

static void test_follows_the_snapshot(void **state) {
        Fixture *f = *state;
        _cleanup_(closep) int fd = connect_to(f);
        FILE *file;

        assert_false(knows(f, fd, "ada"));
        write_users(f, "ada");
        assert_true(knows(f, fd, "ada"));
        write_users(f, "bobby");
        assert_false(knows(f, fd, "ada"));
        assert_true(knows(f, fd, "bobby"));
        file = fopen(f->snapshot, "we");
        fputs("rubbish\n", file);
        assert_int_equal(fclose(file), 0);
        assert_true(knows(f, fd, "bobby"));
}

static void test_questions_in_one_go(void **state) {
        static const char twice[] = "{\"method\":\"x\"}\0{\"method\":\"y\"}";
        Fixture *f = *state;
        _cleanup_(closep) int fd = connect_to(f);
        char reply[4096];
        size_t size = 0;

        assert_int_equal(send(fd, twice, sizeof(twice), 0), sizeof(twice));
        while (size < 2 * strlen("{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{}}") + 2)
                size += receive(f, fd, reply + size, sizeof(reply) - size);
        assert_int_equal(reply[size - 1], '\0');
}

static void test_rubbish_is_closed(void **state) {
        Fixture *f = *state;
        _cleanup_(closep) int fd = connect_to(f), endless = connect_to(f);
        char reply[16], rubbish[4096];

        assert_int_equal(send(fd, "rubbish", 8, 0), 8);
        assert_int_equal(receive(f, fd, reply, sizeof(reply)), 0);

        memset(rubbish, 'x', sizeof(rubbish));
        for (int i = 0; i < 64; i++) {
                (void)!send(endless, rubbish, sizeof(rubbish), MSG_NOSIGNAL);
                while (sd_event_run(f->event, 0) > 0)
                        ;
        }
        assert_true(send(endless, rubbish, 1, MSG_NOSIGNAL) < 0);
}

static void test_idle_connections_make_room(void **state) {
        Fixture *f = *state;
        int idle[600];
        _cleanup_(closep) int fd = -1;

        write_users(f, "ada");
        for (size_t i = 0; i < ELEMENTSOF(idle); i++) {
                idle[i] = connect_to(f);
                while (sd_event_run(f->event, 0) > 0)
                        ;
        }
        fd = connect_to(f);
        assert_true(knows(f, fd, "ada"));
        for (size_t i = 0; i < ELEMENTSOF(idle); i++)
                close(idle[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_follows_the_snapshot, setup, teardown),
                cmocka_unit_test_setup_teardown(test_questions_in_one_go, setup, teardown),
                cmocka_unit_test_setup_teardown(test_rubbish_is_closed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_idle_connections_make_room, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
