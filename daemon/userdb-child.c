/* tokend-userdb as a child process.
 *
 * It must not outlive us: it would keep its socket from the next tokend's. Whether it listens yet
 * is told by sd_notify(3) over a socket of ours. */

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/journal.h"
#include "options.h"
#include "userdb-child.h"
#include "wire/text.h"

#define DELAY_MIN_USEC   (100 * USEC_PER_MSEC)
#define DELAY_MAX_USEC   (60 * USEC_PER_SEC)
#define SETTLE_USEC      (5 * USEC_PER_SEC)
#define END_TIMEOUT_MSEC 1000

#define SOCKET_OPTION "--socket="

struct UserdbChild {
        UserdbChildOptions options;
        char *program;
        char *socket_argument;
        char *snapshot_argument;
        char *notify_variable;
        char **environment;
        int notify_fd;
        sd_event_source *notify;
        sd_event_source *process; /* NULL: not running */
        sd_event_source *restart;
        sd_event_source *settle;
        int64_t delay; /* before the next start, µs */
        bool is_settled;
};

static int start(UserdbChild *child);

static void settle(UserdbChild *child) {
        child->settle = sd_event_source_disable_unref(child->settle);
        if (child->is_settled)
                return;

        child->is_settled = true;
        child->options.settled(child->options.userdata);
}

static int on_settle_timeout(sd_event_source *source, uint64_t now, void *userdata) {
        log_warning("tokend-userdb does not answer yet");
        settle(userdata);
        return 0;
}

static int on_notify(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        UserdbChild *child = userdata;
        char message[256];
        ssize_t n = recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT);

        if (n < 0)
                return 0;

        message[n] = '\0';
        if (strncmp(message, "READY=1", 7) == 0) {
                child->delay = DELAY_MIN_USEC;
                settle(child);
        }
        return 0;
}

static int on_restart(sd_event_source *source, uint64_t now, void *userdata) {
        UserdbChild *child = userdata;

        child->restart = sd_event_source_disable_unref(child->restart);
        start(child);
        return 0;
}

static void restart_later(UserdbChild *child) {
        int r;

        r = sd_event_add_time_relative(child->options.event, &child->restart, CLOCK_MONOTONIC,
                                       child->delay, 1, on_restart, child);
        if (r < 0)
                journal_log(LOG_ERR, &(JournalFields){ .error = r },
                            "tokend-userdb is not started again");
        child->delay = child->delay * 2 < DELAY_MAX_USEC ? child->delay * 2 : DELAY_MAX_USEC;
        settle(child);
}

static int on_ended(sd_event_source *source, const siginfo_t *info, void *userdata) {
        UserdbChild *child = userdata;

        child->process = sd_event_source_disable_unref(child->process);
        log_warning("tokend-userdb ended (%s %d)",
                    info->si_code == CLD_EXITED ? "exit status" : "signal", info->si_status);
        restart_later(child);
        return 0;
}

/* Between fork() and execve(): other threads may hold any lock, so system calls only. */
static void become(UserdbChild *child, pid_t parent) {
        char *const arguments[] = { child->program, child->socket_argument,
                                    child->snapshot_argument, NULL };
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        /* A terminal's Ctrl-C is for us: it goes on answering until we are done. */
        (void)setpgid(0, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
                _exit(EXIT_FAILURE);

        execve(child->program, arguments, child->environment);
        _exit(EXIT_FAILURE);
}

/* Also by the one of a tokend that was killed just now. */
bool userdb_is_served(const char *path) {
        _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
                return false;

        strcpy(address.sun_path, path);
        /* a full backlog is somebody's, too */
        return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN;
}

/* The options' own text may be gone by now: a reload replaces it. */
static const char *socket_path(const UserdbChild *child) {
        return child->socket_argument + strlen(SOCKET_OPTION);
}

static int start(UserdbChild *child) {
        pid_t parent = getpid(), pid;
        int r;

        /* Looked at again: if that one goes, somebody must take its place. */
        if (userdb_is_served(socket_path(child))) {
                restart_later(child);
                return 0;
        }

        pid = fork();
        if (pid == 0)
                become(child, parent);

        r = pid < 0 ? -errno
                    : sd_event_add_child(child->options.event, &child->process, pid, WEXITED,
                                         on_ended, child);
        if (r >= 0)
                return 0;

        journal_log(LOG_ERR, &(JournalFields){ .error = r }, "cannot start %s", child->program);
        if (pid > 0) {
                kill(pid, SIGKILL);
                waitpid(pid, NULL, 0);
        }
        restart_later(child);
        return r;
}

static bool use_program(char *path, char **ret) {
        if (path && access(path, X_OK) == 0) {
                *ret = path;
                return true;
        }

        free(path);
        return false;
}

static char *format_path(const char *folder, const char *file) {
        char *path;

        return asprintf(&path, "%s/%s", folder, file) < 0 ? NULL : path;
}

/* A build that was not installed must not use one that was. */
static int find_program(const char *given, char **ret) {
        char self[PATH_MAX];
        const char *folder;
        ssize_t n;

        if (!given && (n = readlink("/proc/self/exe", self, sizeof(self) - 1)) > 0) {
                self[n] = '\0';
                folder = dirname(self);
                if (use_program(format_path(folder, "userdb/tokend-userdb"), ret) ||
                    use_program(format_path(folder, "tokend-userdb"), ret))
                        return 0;
        }

        *ret = strdup(given ? given : USERDB_PROGRAM);
        return *ret ? 0 : -ENOMEM;
}

static bool is_ours_only(const char *variable) {
        static const char *const names[] = { "NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strncmp(variable, names[i], strlen(names[i])) == 0)
                        return true;

        return false;
}

/* Ours, without what the service manager meant for us alone. */
static int make_environment(UserdbChild *child) {
        int r;

        r = strv_extend(&child->environment, child->notify_variable);
        for (char **variable = environ; r >= 0 && variable && *variable; variable++)
                if (!is_ours_only(*variable))
                        r = strv_extend(&child->environment, *variable);
        return r;
}

/* An abstract address of the kernel's choosing. What strangers send to it can at most end the
 * waiting for tokend-userdb early. */
static int open_notify(UserdbChild *child) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        socklen_t size = sizeof(sa_family_t);
        int r;

        child->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (child->notify_fd < 0)
                return -errno;
        if (bind(child->notify_fd, (struct sockaddr *)&address, size) < 0)
                return -errno;

        size = sizeof(address);
        if (getsockname(child->notify_fd, (struct sockaddr *)&address, &size) < 0)
                return -errno;

        size -= offsetof(struct sockaddr_un, sun_path) + 1;
        if (asprintf(&child->notify_variable, "NOTIFY_SOCKET=@%.*s", (int)size,
                     address.sun_path + 1) < 0)
                return -ENOMEM;

        r = sd_event_add_io(child->options.event, &child->notify, child->notify_fd, EPOLLIN,
                            on_notify, child);
        return r < 0 ? r : 0;
}

int userdb_child_new(const UserdbChildOptions *options, UserdbChild **ret) {
        _cleanup_(userdb_child_freep) UserdbChild *child = calloc(1, sizeof(*child));
        int r;

        if (!child)
                return -ENOMEM;

        child->options = *options;
        child->delay = DELAY_MIN_USEC;
        child->notify_fd = -1;
        if (asprintf(&child->socket_argument, SOCKET_OPTION "%s", options->socket) < 0 ||
            asprintf(&child->snapshot_argument, "--snapshot=%s", options->snapshot) < 0)
                return -ENOMEM;

        r = find_program(options->program, &child->program);
        if (r >= 0)
                r = open_notify(child);
        if (r >= 0)
                r = make_environment(child);
        if (r >= 0)
                r = sd_event_add_time_relative(options->event, &child->settle, CLOCK_MONOTONIC,
                                               SETTLE_USEC, 1, on_settle_timeout, child);
        if (r < 0)
                return r;

        (void)start(child);
        *ret = TAKE_PTR(child);
        return 0;
}

static void end_process(UserdbChild *child) {
        struct pollfd ended = { .fd = sd_event_source_get_child_pidfd(child->process),
                                .events = POLLIN };
        pid_t pid;

        if (sd_event_source_get_child_pid(child->process, &pid) < 0)
                return;

        kill(pid, SIGTERM);
        if (ended.fd >= 0 && poll(&ended, 1, END_TIMEOUT_MSEC) > 0) {
                waitpid(pid, NULL, 0);
                return;
        }

        /* It could not clear up, and a dead socket there is an error to everybody who asks NSS. */
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        if (!userdb_is_served(socket_path(child)))
                (void)unlink(socket_path(child));
}

UserdbChild *userdb_child_free(UserdbChild *child) {
        if (!child)
                return NULL;

        if (child->process)
                end_process(child);
        sd_event_source_disable_unref(child->process);
        sd_event_source_disable_unref(child->restart);
        sd_event_source_disable_unref(child->settle);
        sd_event_source_disable_unref(child->notify);
        closep(&child->notify_fd);
        strv_free(child->environment);
        free(child->notify_variable);
        free(child->program);
        free(child->socket_argument);
        free(child->snapshot_argument);
        free(child);
        return NULL;
}

void userdb_child_freep(UserdbChild **child) {
        userdb_child_free(*child);
}
