/* tokend-userdb as a child: waited for, started again, ended with us. Scripts stand in for it. */

#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "userdb-child.h"
#include "wire/text.h"

static struct {
        char folder[40];
        char program[64];
        char log[64];
        char socket[64];
        sd_event *event;
        int n_settled;
} bed;

static int setup(void **state) {
        sigset_t mask;

        memset(&bed, 0, sizeof(bed));
        strcpy(bed.folder, "/tmp/test-userdb-child.XXXXXX");
        sigemptyset(&mask);
        sigaddset(&mask, SIGCHLD);
        sigprocmask(SIG_BLOCK, &mask, NULL);
        if (!mkdtemp(bed.folder) || sd_event_new(&bed.event) < 0)
                return -1;

        snprintf(bed.program, sizeof(bed.program), "%s/program", bed.folder);
        strcpy(bed.socket, "/run/x/sock");
        snprintf(bed.log, sizeof(bed.log), "%s/log", bed.folder);
        setenv("LOG", bed.log, 1);
        setenv("LISTEN_FDS", "3", 1);
        setenv("WATCHDOG_USEC", "1", 1);
        return 0;
}

static int teardown(void **state) {
        char command[64];

        sd_event_unref(bed.event);
        snprintf(command, sizeof(command), "rm -r '%s'", bed.folder);
        return system(command);
}

static void write_program(const char *body) {
        FILE *file = fopen(bed.program, "we");

        assert_true(fprintf(file, "#!/bin/sh\n%s\n", body) > 0);
        fclose(file);
        assert_int_equal(chmod(bed.program, 0700), 0);
}

static void on_settled(void *userdata) {
        bed.n_settled++;
}

static UserdbChild *make(void) {
        const UserdbChildOptions options = {
                .event = bed.event,
                .program = bed.program,
                .socket = bed.socket,
                .snapshot = "/run/x/snapshot",
                .settled = on_settled,
        };
        UserdbChild *child = NULL;

        assert_int_equal(userdb_child_new(&options, &child), 0);
        return child;
}

static const char *logged(void) {
        static char text[4096];
        FILE *file = fopen(bed.log, "re");

        text[file ? fread(text, 1, sizeof(text) - 1, file) : 0] = '\0';
        if (file)
                fclose(file);
        return text;
}

/* Runs the loop until the program has written that, 20 s at most. */
static void await_log(const char *wanted) {
        int64_t end = clock_monotonic(&clock_system) + 20 * USEC_PER_SEC;

        while (!strstr(logged(), wanted)) {
                assert_true(clock_monotonic(&clock_system) < end);
                assert_true(sd_event_run(bed.event, 20000) >= 0);
        }
}

static void test_arguments_and_environment(void **state) {
        UserdbChild *child;

        write_program("echo \"$# $1 $2 $LISTEN_FDS$WATCHDOG_USEC ${NOTIFY_SOCKET%?????}.\" "
                      ">\"$LOG\"\n"
                      "exec sleep 100");
        child = make();
        await_log("2 --socket=/run/x/sock --snapshot=/run/x/snapshot  @.\n");
        userdb_child_free(child);
        assert_null(userdb_child_free(NULL));
}

static void test_starts_again(void **state) {
        UserdbChild *child;

        write_program("echo -n x >>\"$LOG\"; exit 3");
        child = make();
        await_log("xxx");
        /* whoever waits for the first start does not wait for the others */
        assert_int_equal(bed.n_settled, 1);
        userdb_child_free(child);
}

static void test_program_that_is_none(void **state) {
        UserdbChild *child = make();

        while (bed.n_settled == 0)
                assert_true(sd_event_run(bed.event, 10000000) > 0);
        userdb_child_free(child);
}

/* Settled when it says so, not when it has been started. */
static void test_waits_until_ready(void **state) {
        UserdbChild *child;

        write_program("echo started >\"$LOG\"\n"
                      "while [ ! -e \"$LOG.go\" ]; do sleep 0.02; done\n"
                      "python3 -c 'import os, socket\n"
                      "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                      "s.sendto(b\"READY=1\", \"\\0\" + os.environ[\"NOTIFY_SOCKET\"][1:])'\n"
                      "exec sleep 100");
        child = make();
        await_log("started");
        assert_int_equal(bed.n_settled, 0);

        char go[80];
        snprintf(go, sizeof(go), "%s.go", bed.log);
        fclose(fopen(go, "we"));
        while (bed.n_settled == 0)
                assert_true(sd_event_run(bed.event, 10000000) > 0);
        userdb_child_free(child);
}

/* Somebody else answers there: left alone, until that one is gone. */
static void test_leaves_it_to_others(void **state) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        UserdbChild *child;

        snprintf(bed.socket, sizeof(bed.socket), "%s/sock", bed.folder);
        strcpy(address.sun_path, bed.socket);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 1), 0);

        write_program("echo x >\"$LOG\"; exec sleep 100");
        child = make();
        assert_int_equal(bed.n_settled, 1);
        for (int i = 0; i < 3; i++)
                assert_true(sd_event_run(bed.event, 10000000) > 0);
        assert_string_equal(logged(), "");

        close(fd);
        await_log("x");
        userdb_child_free(child);
}

static void test_ends_even_if_it_will_not(void **state) {
        UserdbChild *child;
        pid_t pid;

        write_program("trap '' TERM; echo \"$$.\" >\"$LOG\"; while :; do sleep 1; done");
        child = make();
        await_log(".");
        pid = atoi(logged());
        assert_true(pid > 1);
        userdb_child_free(child);
        assert_int_equal(kill(pid, 0), -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_arguments_and_environment, setup, teardown),
                cmocka_unit_test_setup_teardown(test_starts_again, setup, teardown),
                cmocka_unit_test_setup_teardown(test_program_that_is_none, setup, teardown),
                cmocka_unit_test_setup_teardown(test_waits_until_ready, setup, teardown),
                cmocka_unit_test_setup_teardown(test_leaves_it_to_others, setup, teardown),
                cmocka_unit_test_setup_teardown(test_ends_even_if_it_will_not, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
