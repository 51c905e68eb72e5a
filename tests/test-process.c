/* What the process is: its mask, its signals, and what it inherited. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/journal.h"
#include "process.h"

/* Each runs in a process of its own, which it changes: the exit status counts the mistakes. */
static int in_child(int (*check)(void)) {
        int status = -1;
        pid_t pid = fork();

        if (pid == 0)
                _exit(check());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static int check_prepared(void) {
        struct rlimit limit;
        struct sigaction action;
        sigset_t mask;
        int n_bad = 0;

        umask(0);
        process_prepare();
        n_bad += umask(0) != 0077;
        getrlimit(RLIMIT_NOFILE, &limit);
        n_bad += limit.rlim_cur != limit.rlim_max;
        sigprocmask(SIG_BLOCK, NULL, &mask);
        n_bad += !sigismember(&mask, SIGTERM) || !sigismember(&mask, SIGINT);
        n_bad += !sigismember(&mask, SIGHUP) || !sigismember(&mask, SIGCHLD);
        sigaction(SIGPIPE, NULL, &action);
        n_bad += action.sa_handler != SIG_IGN;
        return n_bad;
}

static void test_prepare(void **state) {
        assert_int_equal(in_child(check_prepared), 0);
}

/* Descriptors 3 to 6, as a service manager would hand them over. */
static int check_inherited(void) {
        Inherited inherited = INHERITED_INIT;
        char pid[16];
        int n_bad = 0;

        for (int fd = 3; fd < 7; fd++)
                n_bad += dup2(STDERR_FILENO, fd) != fd;
        journal_set_level(LOG_ERR);
        snprintf(pid, sizeof(pid), "%d", (int)getpid());
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", "4", 1);
        setenv("LISTEN_FDNAMES", "http:userdb:nonsense:http", 1);

        n_bad += process_inherit(&inherited) != 0;
        n_bad += inherited.n_http != 2 || inherited.http[0] != 3 || inherited.http[1] != 6;
        n_bad += !inherited.userdb;
        n_bad += fcntl(4, F_GETFD) != -1 || fcntl(5, F_GETFD) != -1;
        n_bad += !(fcntl(3, F_GETFD) & FD_CLOEXEC);
        n_bad += getenv("LISTEN_FDS") != NULL || getenv("LISTEN_FDNAMES") != NULL;
        inherited_done(&inherited);
        return n_bad + (inherited.http != NULL);
}

static void test_inherit(void **state) {
        assert_int_equal(in_child(check_inherited), 0);
}

static int check_nothing_inherited(void) {
        Inherited inherited = INHERITED_INIT;
        int n_bad = process_inherit(&inherited) != 0 || inherited.n_http != 0 || inherited.userdb;

        inherited_done(&inherited);
        return n_bad;
}

static void test_inherit_nothing(void **state) {
        assert_int_equal(in_child(check_nothing_inherited), 0);
}

static int check_bypass(void) {
        const char *name = "SYSTEMD_BYPASS_USERDB";
        int n_bad = 0;

        n_bad += unsetenv(name) < 0 || process_bypass_userdb("/run/systemd/userdb/org.x") < 0;
        n_bad += strcmp(getenv(name), "org.x") != 0;
        n_bad += process_bypass_userdb("org.y") < 0;
        n_bad += strcmp(getenv(name), "org.x") != 0;
        return n_bad;
}

static void test_bypass(void **state) {
        assert_int_equal(in_child(check_bypass), 0);
}

static int check_user_namespace(void) {
        int fd;

        journal_set_level(LOG_CRIT);
        if (unshare(CLONE_NEWUSER) < 0)
                return 77;

        fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, "0 0 1", 5) != 5)
                return 77;
        close(fd);
        return process_check_users() != -EUSERS;
}

static void test_user_namespace(void **state) {
        int status = in_child(check_user_namespace);

        if (status == 77)
                skip();
        assert_int_equal(status, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_prepare),
                cmocka_unit_test(test_inherit),
                cmocka_unit_test(test_inherit_nothing),
                cmocka_unit_test(test_bypass),
                cmocka_unit_test(test_user_namespace),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
