/* Who answers on the socket. The folder is opened once and everything after goes through that
 * descriptor, so that what was checked is what is connected to, however its path is moved about
 * meanwhile. In a folder that only root, the server or we can write to, nobody else can put a
 * socket; and whoever listens is named by the kernel (SO_PEERCRED), not by the path. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/reason.h"
#include "wire/text.h"

#define UID_NONE ((uid_t)-1)

static uint64_t now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

Deadline deadline_in(unsigned msec) {
        return now_usec() + (uint64_t)msec * 1000U;
}

int deadline_left(Deadline deadline) {
        uint64_t now = now_usec();

        if (now >= deadline)
                return 0;
        uint64_t left = (deadline - now + 999U) / 1000U;
        return left > INT_MAX ? INT_MAX : (int)left;
}

int fd_above_stdio(int fd) {
        if (fd < 0)
                return -errno;
        if (fd > STDERR_FILENO)
                return fd;

        int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        int error = errno;
        close(fd);
        return moved < 0 ? -error : moved;
}

static bool uid_is_trusted(uid_t uid, uid_t trusted_uid) {
        if (uid == UID_NONE)
                return false;
        return uid == 0 || uid == trusted_uid || uid == geteuid();
}

static int folder_open(const char *socket_path, const char *name, int *ret) {
        char folder[PATH_MAX];
        size_t size = (size_t)(name - socket_path);

        if (size >= sizeof(folder))
                return -ENAMETOOLONG;
        memcpy(folder, socket_path, size);
        folder[size] = '\0';

        int fd = fd_above_stdio(open(size > 0 ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (fd < 0)
                return fd;
        *ret = fd;
        return 0;
}

static int folder_check(int folder, const char *name, uid_t trusted_uid) {
        struct stat status;

        if (fstat(folder, &status) < 0)
                return -errno;
        if (!uid_is_trusted(status.st_uid, trusted_uid) || (status.st_mode & (S_IWGRP | S_IWOTH)))
                return REASON_PEER_UNTRUSTED;

        if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (S_ISLNK(status.st_mode))
                return REASON_PEER_UNTRUSTED;
        return S_ISSOCK(status.st_mode) ? 0 : -ENOTSOCK;
}

static int send_timeout_set(int fd, int msec) {
        const struct timeval timeout = { .tv_sec = msec / 1000, .tv_usec = msec % 1000 * 1000 };
        return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ? -errno : 0;
}

/* A full backlog is waited for in the kernel's queue: who looks again from time to time loses its
 * turn to those who stand there. The deadline may be over (the caller was stopped): one short try,
 * as no time-out at all would be for ever. */
static int socket_connect(int fd, const struct sockaddr_un *address, Deadline deadline) {
        for (;;) {
                int left = deadline_left(deadline);
                int r = send_timeout_set(fd, left > 0 ? left : 1);
                if (r < 0)
                        return r;
                if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
                        return fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
                if (errno == EAGAIN || (errno == EINTR && left == 0))
                        return -ETIMEDOUT;
                if (errno != EINTR)
                        return -errno;
        }
}

static int server_check(int fd, uid_t trusted_uid) {
        struct ucred server = { .uid = UID_NONE };
        socklen_t size = sizeof(server);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &server, &size) < 0)
                return -errno;
        if (size != sizeof(server) || !uid_is_trusted(server.uid, trusted_uid))
                return REASON_PEER_UNTRUSTED;
        return 0;
}

int peer_connect(const char *socket_path, uid_t trusted_uid, Deadline deadline, int *ret) {
        _cleanup_(closep) int folder = -1, fd = -1;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *slash = strrchr(socket_path, '/');
        const char *name = slash ? slash + 1 : socket_path;
        int r;

        if (name[0] == '\0')
                return -EINVAL;
        r = folder_open(socket_path, name, &folder);
        if (r < 0)
                return r;
        r = folder_check(folder, name, trusted_uid);
        if (r != 0)
                return r;

        r = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder,
                     name);
        if (r < 0 || (size_t)r >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        r = fd_above_stdio(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (r < 0)
                return r;
        fd = r;

        r = socket_connect(fd, &address, deadline);
        if (r < 0)
                return r;
        r = server_check(fd, trusted_uid);
        if (r != 0)
                return r;
        *ret = TAKE_FD(fd);
        return 0;
}
