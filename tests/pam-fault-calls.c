/* What is linked into the module in front of libc and libpam (ld's --wrap): each call counts
 * itself, fails when its turn has come, and else does its work. A call that takes a descriptor away
 * does so also when it fails, as Linux's close() does. tests/meson.build names the same calls. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pam-fault.h"

/* clang-format off */
#define CALLS(X)                                                                                   \
        X(malloc, ENOMEM) X(calloc, ENOMEM) X(realloc, ENOMEM) X(reallocarray, ENOMEM)             \
        X(strdup, ENOMEM) X(strndup, ENOMEM) X(getdelim, ENOMEM, EIO) X(fdopen, ENOMEM)            \
        X(open, ENOENT, EACCES, EMFILE, EINTR, EIO, ELOOP) X(openat, ENOENT, EACCES, EMFILE,       \
          EINTR, EEXIST, ENOSPC) X(close, EINTR, EIO) X(fclose, EIO) X(fcntl, EMFILE, EINVAL)      \
        X(fstat, EIO, FAULT_FOREIGN) X(fstatat, ENOENT, EACCES, EIO, FAULT_FOREIGN)                \
        X(socket, EMFILE, ENFILE, ENOMEM, EACCES) X(connect, EINTR, EAGAIN, ECONNREFUSED, ENOENT,  \
          EACCES, EIO) X(getsockopt, ENOPROTOOPT, FAULT_SHORT, FAULT_FOREIGN)                      \
        X(setsockopt, ENOMEM, EINVAL, ENOPROTOOPT)                                                 \
        X(poll, EINTR, ENOMEM, FAULT_NOTHING)                                                      \
        X(send, EINTR, EAGAIN, EPIPE, ECONNRESET, ENOBUFS, ENOMEM, EIO, FAULT_SHORT)               \
        X(recv, EINTR, EAGAIN, ECONNRESET, ENOMEM, EIO, FAULT_SHORT, FAULT_NOTHING)                \
        X(mkdir, EEXIST, EACCES, EROFS, ENOSPC) X(mkdirat, EEXIST, EACCES, EROFS, ENOSPC)          \
        X(fchown, EPERM, EIO) X(fchmod, EPERM, EIO) X(fsync, EIO)                                  \
        X(write, EINTR, ENOSPC, EIO, FAULT_SHORT)                                                  \
        X(renameat, ENOENT, EIO) X(linkat, EEXIST, EIO) X(unlinkat, ENOENT, EIO)                   \
        X(unlink, ENOENT, EACCES, EIO) X(rename, ENOENT, EIO)                                      \
        X(pam_get_item, PAM_SYSTEM_ERR, PAM_BUF_ERR, PAM_IGNORE, FAULT_NOTHING)                    \
        X(pam_get_user, PAM_CONV_ERR, PAM_SYSTEM_ERR, PAM_IGNORE, FAULT_NOTHING)                   \
        X(pam_set_item, PAM_BUF_ERR, PAM_SYSTEM_ERR, PAM_IGNORE)                                   \
        X(pam_get_data, PAM_SYSTEM_ERR, PAM_BUF_ERR, PAM_IGNORE)                            \
        X(pam_set_data, PAM_BUF_ERR, PAM_SYSTEM_ERR, PAM_IGNORE)                                   \
        X(pam_putenv, PAM_BUF_ERR, PAM_ABORT, PAM_IGNORE)                                          \
        X(pam_prompt, PAM_CONV_ERR, PAM_BUF_ERR, PAM_CONV_AGAIN, PAM_IGNORE, FAULT_NOTHING)        \
        X(pam_fail_delay, PAM_SYSTEM_ERR, PAM_IGNORE) X(pam_getenv, FAULT_NOTHING)

enum Call {
#define X(name, ...) CALL_##name,
        CALLS(X)
#undef X
        _CALL_MAX,
};

#define X(name, ...) static const int variants_##name[] = { __VA_ARGS__, 0 };
CALLS(X)
#undef X
/* clang-format on */

#define SHOWN __attribute__((visibility("default")))

SHOWN extern FaultCall fault_calls[];
SHOWN extern FaultControl fault_control;

FaultCall fault_calls[] = {
#define X(name, ...) { #name, variants_##name, 0 },
        CALLS(X)
#undef X
                        { NULL, NULL, 0 },
};

FaultControl fault_control;

/* How this call has to fail now; 0: not at all. */
static int turn(enum Call call) {
        if (fault_control.is_armed)
                fault_calls[call].n_reached++;
        if (!fault_control.is_armed || fault_control.call != (int)call)
                return 0;
        return fault_control.countdown-- == 0 ? fault_control.variant : 0;
}

/* The attribute in front of __wrap_: a program of this kind has no header for them. */
#define WRAP(type, name, ...)                                                                      \
        type __real_##name(__VA_ARGS__);                                                           \
        type __wrap_##name(__VA_ARGS__);                                                           \
        type __wrap_##name(__VA_ARGS__)

#define FAIL(name, value)                                                                          \
        int fault = turn(CALL_##name);                                                             \
        if (fault > 0) {                                                                           \
                errno = fault;                                                                     \
                return value;                                                                      \
        }

static void *owned(void *data) {
        fault_control.n_allocated += data != NULL;
        return data;
}

WRAP(void *, malloc, size_t size) {
        FAIL(malloc, NULL)
        return owned(__real_malloc(size));
}

WRAP(void *, calloc, size_t n, size_t size) {
        FAIL(calloc, NULL)
        return owned(__real_calloc(n, size));
}

WRAP(void *, realloc, void *data, size_t size) {
        FAIL(realloc, NULL)
        void *moved = __real_realloc(data, size);
        return data ? moved : owned(moved);
}

WRAP(void *, reallocarray, void *data, size_t n, size_t size) {
        FAIL(reallocarray, NULL)
        void *moved = __real_reallocarray(data, n, size);
        return data ? moved : owned(moved);
}

WRAP(char *, strdup, const char *text) {
        FAIL(strdup, NULL)
        return owned(__real_strdup(text));
}

WRAP(char *, strndup, const char *text, size_t size) {
        FAIL(strndup, NULL)
        return owned(__real_strndup(text, size));
}

WRAP(void, free, void *data) {
        fault_control.n_allocated -= data != NULL;
        __real_free(data);
}

static ssize_t do_getdelim(ssize_t (*real)(char **, size_t *, int, FILE *), char **line,
                           size_t *capacity, int end, FILE *file) {
        FAIL(getdelim, -1)
        bool had_none = !*line;
        ssize_t n = real(line, capacity, end, file);
        if (had_none)
                owned(*line);
        return n;
}

WRAP(ssize_t, __getdelim, char **line, size_t *capacity, int end, FILE *file) {
        return do_getdelim(__real___getdelim, line, capacity, end, file);
}

WRAP(ssize_t, getdelim, char **line, size_t *capacity, int end, FILE *file) {
        return do_getdelim(__real_getdelim, line, capacity, end, file);
}

WRAP(ssize_t, getline, char **line, size_t *capacity, FILE *file) {
        return do_getdelim(__real_getdelim, line, capacity, '\n', file);
}

WRAP(FILE *, fdopen, int fd, const char *mode) {
        FAIL(fdopen, NULL)
        return __real_fdopen(fd, mode);
}

WRAP(int, fclose, FILE *file) {
        int r = __real_fclose(file);
        FAIL(fclose, EOF)
        return r;
}

static mode_t mode_of(int flags, va_list args) {
        return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

/* With _FILE_OFFSET_BITS=64 these are the names that the linker sees. */
WRAP(int, open64, const char *path, int flags, ...) {
        va_list args;

        va_start(args, flags);
        mode_t mode = mode_of(flags, args);
        va_end(args);
        FAIL(open, -1)
        if (strcmp(path, "/run/tokend") == 0)
                path = fault_control.run_folder;
        return __real_open64(path, flags, mode);
}

WRAP(int, openat64, int folder, const char *path, int flags, ...) {
        va_list args;

        va_start(args, flags);
        mode_t mode = mode_of(flags, args);
        va_end(args);
        FAIL(openat, -1)
        return __real_openat64(folder, path, flags, mode);
}

WRAP(int, close, int fd) {
        int r = __real_close(fd);
        FAIL(close, -1)
        return r;
}

WRAP(int, fcntl64, int fd, int command, ...) {
        va_list args;

        va_start(args, command);
        long argument = va_arg(args, long);
        va_end(args);
        FAIL(fcntl, -1)
        return __real_fcntl64(fd, command, argument);
}

WRAP(int, fstat64, int fd, struct stat64 *ret) {
        FAIL(fstat, -1)
        int r = __real_fstat64(fd, ret);
        if (fault == FAULT_FOREIGN)
                ret->st_uid = 65534;
        return r;
}

WRAP(int, fstatat64, int folder, const char *path, struct stat64 *ret, int flags) {
        FAIL(fstatat, -1)
        int r = __real_fstatat64(folder, path, ret, flags);
        if (fault == FAULT_FOREIGN)
                ret->st_mode = (ret->st_mode & ~(unsigned)S_IFMT) | S_IFLNK;
        return r;
}

WRAP(int, socket, int domain, int type, int protocol) {
        FAIL(socket, -1)
        return __real_socket(domain, type, protocol);
}

WRAP(int, connect, int fd, const struct sockaddr *address, socklen_t size) {
        FAIL(connect, -1)
        return __real_connect(fd, address, size);
}

WRAP(int, getsockopt, int fd, int level, int name, void *value, socklen_t *size) {
        FAIL(getsockopt, -1)
        int r = __real_getsockopt(fd, level, name, value, size);
        if (fault == FAULT_SHORT)
                *size -= 1;
        if (fault == FAULT_FOREIGN)
                ((struct ucred *)value)->uid = 65534;
        return r;
}

WRAP(int, setsockopt, int fd, int level, int name, const void *value, socklen_t size) {
        FAIL(setsockopt, -1)
        return __real_setsockopt(fd, level, name, value, size);
}

WRAP(int, poll, struct pollfd *fds, nfds_t n, int timeout) {
        FAIL(poll, -1)
        return fault == FAULT_NOTHING ? 0 : __real_poll(fds, n, timeout);
}

WRAP(ssize_t, send, int fd, const void *data, size_t size, int flags) {
        int fault = turn(CALL_send);

        /* The other end is gone then, also for who reads. */
        if (fault == EPIPE || fault == ECONNRESET)
                shutdown(fd, SHUT_RDWR);
        if (fault > 0) {
                errno = fault;
                return -1;
        }
        return __real_send(fd, data, fault == FAULT_SHORT ? 1 : size, flags);
}

WRAP(ssize_t, recv, int fd, void *data, size_t size, int flags) {
        FAIL(recv, -1)
        if (fault == FAULT_NOTHING)
                return 0;
        return __real_recv(fd, data, fault == FAULT_SHORT ? 1 : size, flags);
}

WRAP(ssize_t, write, int fd, const void *data, size_t size) {
        FAIL(write, -1)
        return __real_write(fd, data, fault == FAULT_SHORT ? 1 : size);
}

#define WRAP_INT(name, parameters, arguments)                                                      \
        int __real_##name parameters;                                                              \
        int __wrap_##name parameters;                                                              \
        int __wrap_##name parameters {                                                             \
                FAIL(name, -1)                                                                     \
                return __real_##name arguments;                                                    \
        }

WRAP_INT(mkdir, (const char *path, mode_t mode), (path, mode))
WRAP_INT(mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode))
WRAP_INT(fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
WRAP_INT(fchmod, (int fd, mode_t mode), (fd, mode))
WRAP_INT(fsync, (int fd), (fd))
WRAP_INT(rename, (const char *from, const char *to), (from, to))
WRAP_INT(renameat, (int from, const char *path, int to, const char *other), (from, path, to, other))
WRAP_INT(linkat, (int from, const char *path, int to, const char *other, int flags),
         (from, path, to, other, flags))
WRAP_INT(unlink, (const char *path), (path))
WRAP_INT(unlinkat, (int folder, const char *path, int flags), (folder, path, flags))

/* PAM's calls give their code as it is. */
#define FAIL_PAM(name)                                                                             \
        int fault = turn(CALL_##name);                                                             \
        if (fault > 0)                                                                             \
                return fault;

WRAP(int, pam_get_item, const pam_handle_t *pamh, int item, const void **ret) {
        FAIL_PAM(pam_get_item)
        int code = __real_pam_get_item(pamh, item, ret);
        if (code == PAM_SUCCESS && !*ret && item == PAM_AUTHTOK)
                *ret = fault_control.authtok;
        if (code == PAM_SUCCESS && !*ret && item == PAM_OLDAUTHTOK)
                *ret = fault_control.old_authtok;
        if (fault == FAULT_NOTHING)
                *ret = NULL;
        return code;
}

WRAP(int, pam_get_user, pam_handle_t *pamh, const char **ret, const char *prompt) {
        FAIL_PAM(pam_get_user)
        int code = __real_pam_get_user(pamh, ret, prompt);
        if (fault == FAULT_NOTHING)
                *ret = NULL;
        return code;
}

WRAP(int, pam_set_item, pam_handle_t *pamh, int item, const void *value) {
        FAIL_PAM(pam_set_item)
        return __real_pam_set_item(pamh, item, value);
}

WRAP(int, pam_get_data, const pam_handle_t *pamh, const char *name, const void **ret) {
        FAIL_PAM(pam_get_data)
        return __real_pam_get_data(pamh, name, ret);
}

WRAP(int, pam_set_data, pam_handle_t *pamh, const char *name, void *data,
     void (*cleanup)(pam_handle_t *, void *, int)) {
        FAIL_PAM(pam_set_data)
        return __real_pam_set_data(pamh, name, data, cleanup);
}

WRAP(int, pam_putenv, pam_handle_t *pamh, const char *variable) {
        FAIL_PAM(pam_putenv)
        return __real_pam_putenv(pamh, variable);
}

WRAP(const char *, pam_getenv, pam_handle_t *pamh, const char *name) {
        return turn(CALL_pam_getenv) ? NULL : __real_pam_getenv(pamh, name);
}

WRAP(int, pam_fail_delay, pam_handle_t *pamh, unsigned usec) {
        FAIL_PAM(pam_fail_delay)
        return __real_pam_fail_delay(pamh, usec);
}

WRAP(int, pam_prompt, pam_handle_t *pamh, int style, char **ret, const char *format, ...) {
        char text[512];
        va_list args;

        FAIL_PAM(pam_prompt)
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        int code = __real_pam_prompt(pamh, style, ret, "%s", text);
        if (fault == FAULT_NOTHING && ret) {
                __real_free(*ret);
                *ret = NULL;
        }
        if (ret && code == PAM_SUCCESS)
                owned(*ret);
        return code;
}
