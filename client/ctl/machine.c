/* Reads files of bounded size, and runs programs with a deadline: whatever is wrong with the
 * machine must not be what its examination hangs on. */

#include "ctl/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/fd-read.h"
#include "passwd.h"
#include "peer.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define FILE_SIZE_MAX   (1024U * 1024U)
#define OUTPUT_SIZE_MAX (256U * 1024U)
/* sshd -T may make a key; getent may wait for NSS. */
#define RUN_TIMEOUT_MSEC 5000U
/* How soon the end of a program is seen whose output is still open. */
#define LOOK_MSEC 50

typedef struct Program {
        pid_t pid;
        int output;
        Deadline deadline;
} Program;

static int path_make(const char *root, const char *format, va_list arguments,
                     char ret[static PATH_MAX]) {
        size_t size = strlen(root);
        int n;

        if (size >= PATH_MAX)
                return -ENAMETOOLONG;
        memcpy(ret, root, size);
        n = vsnprintf(ret + size, PATH_MAX - size, format, arguments);
        return n < 0 || (size_t)n >= PATH_MAX - size ? -ENAMETOOLONG : 0;
}

int root_read_file(const char *root, char **ret, size_t *ret_size, const char *format, ...) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        _cleanup_(closep) int fd = -1;
        char path[PATH_MAX];
        struct stat status;
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = path_make(root, format, arguments, path);
        va_end(arguments);
        if (r < 0)
                return r;
        /* O_NONBLOCK: a FIFO must not keep us. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &status) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode))
                return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
        r = fd_read_all(fd, FILE_SIZE_MAX, &text);
        if (r < 0)
                return r;
        *ret_size = text.size;
        *ret = text.text ? TAKE_PTR(text.text) : strdup("");
        return *ret ? 0 : -ENOMEM;
}

static int __attribute__((format(printf, 3, 0)))
status_of(const char *root, int flags, const char *format, va_list arguments, struct stat *ret) {
        char path[PATH_MAX];
        int r;

        r = path_make(root, format, arguments, path);
        if (r < 0)
                return r;
        return fstatat(AT_FDCWD, path, ret, flags) < 0 ? -errno : 0;
}

int root_stat(const char *root, struct stat *ret, const char *format, ...) {
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = status_of(root, 0, format, arguments, ret);
        va_end(arguments);
        return r;
}

int root_lstat(const char *root, struct stat *ret, const char *format, ...) {
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = status_of(root, AT_SYMLINK_NOFOLLOW, format, arguments, ret);
        va_end(arguments);
        return r;
}

bool root_has(const char *root, const char *const *patterns, size_t n) {
        bool found = false;

        for (size_t i = 0; !found && i < n; i++) {
                char path[PATH_MAX];
                glob_t matches = { 0 };

                if (snprintf(path, sizeof(path), "%s%s", root, patterns[i]) >= (int)sizeof(path))
                        continue;
                found = glob(path, GLOB_NOSORT, NULL, &matches) == 0 && matches.gl_pathc > 0;
                globfree(&matches);
        }
        return found;
}

int root_find_uid(const char *root, const char *name, uid_t *ret) {
        char path[PATH_MAX];

        if (snprintf(path, sizeof(path), "%s/etc/passwd", root) >= (int)sizeof(path))
                return -ENAMETOOLONG;
        return passwd_find_uid(path, name, ret);
}

void output_cut(Secret *output) {
        size_t size = strcspn(secret_text(output), "\n");

        if (!output->text)
                return;
        explicit_bzero(output->text + size, output->size - size);
        output->size = size;
}

char *output_find(const Secret *output, const char *name) {
        size_t size = strlen(name);

        for (const char *line = secret_text(output); *line; line += strcspn(line, "\n")) {
                line += *line == '\n';
                if (strncmp(line, name, size) == 0 && line[size] == ' ')
                        return strndup(line + size + 1, strcspn(line + size + 1, "\n"));
        }
        return NULL;
}

static int program_start(char *const argv[], bool with_errors, int output, pid_t *ret) {
        static char *const environment[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                             (char *)"LC_ALL=C", NULL };
        posix_spawn_file_actions_t files;
        int r;

        if (posix_spawn_file_actions_init(&files) != 0)
                return -ENOMEM;
        r = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
        if (r == 0)
                r = with_errors ? posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO)
                                : posix_spawn_file_actions_addopen(&files, STDERR_FILENO,
                                                                   "/dev/null", O_WRONLY, 0);
        if (r == 0)
                r = posix_spawn(ret, argv[0], &files, NULL, argv, environment);
        posix_spawn_file_actions_destroy(&files);
        return -r;
}

/* Whether it has ended; program_wait() will tell how. */
static bool program_is_over(const Program *program) {
        siginfo_t info = { 0 };

        return waitid(P_PID, (id_t)program->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
               info.si_pid != 0;
}

/* Its output until it closes it, or ends: what it has started may go on and keep the pipe. */
static int program_read(const Program *program, Secret *ret) {
        char buffer[4096];

        for (;;) {
                struct pollfd ready = { .fd = program->output, .events = POLLIN };
                int left = deadline_left(program->deadline);
                bool is_over;
                ssize_t n;
                int r;

                if (left == 0)
                        return -ETIMEDOUT;
                is_over = program_is_over(program);
                if (poll(&ready, 1, is_over ? 0 : left < LOOK_MSEC ? left : LOOK_MSEC) <= 0) {
                        if (is_over)
                                return 0;
                        continue;
                }
                n = read(program->output, buffer, sizeof(buffer));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                r = secret_append(ret, buffer, (size_t)n);
                if (r == 0 && ret->size > OUTPUT_SIZE_MAX)
                        r = -EFBIG;
                if (r < 0)
                        return r;
        }
}

static int program_wait(const Program *program, bool is_over) {
        int status = 0;
        pid_t pid = 0;

        while (!is_over && pid == 0 && deadline_left(program->deadline) > 0) {
                pid = waitpid(program->pid, &status, WNOHANG);
                if (pid == 0)
                        (void)poll(NULL, 0, 5);
        }
        if (pid == 0) {
                (void)kill(program->pid, SIGKILL);
                (void)waitpid(program->pid, &status, 0);
                return -ETIMEDOUT;
        }
        if (pid < 0)
                return -errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(char *const argv[], bool with_errors, Secret *ret_output) {
        _cleanup_(secret_done) Secret output = SECRET_INIT;
        _cleanup_(closep) int reader = -1, writer = -1;
        Program program = { .deadline = deadline_in(RUN_TIMEOUT_MSEC) };
        int ends[2], r, status;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        reader = ends[0];
        writer = ends[1];
        r = program_start(argv, with_errors, writer, &program.pid);
        if (r < 0)
                return r;
        closep(&writer);
        writer = -1;
        program.output = reader;
        r = program_read(&program, &output);
        /* Who still writes is not kept waiting. */
        closep(&reader);
        reader = -1;
        status = program_wait(&program, r < 0);
        if (r < 0 || status < 0)
                return r < 0 ? r : status;
        *ret_output = TAKE(output, SECRET_INIT);
        return status;
}

Machine machine_here(void) {
        return (Machine){ .root = "", .uid = geteuid(), .run = run };
}
