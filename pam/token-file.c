/* Everything goes through the descriptor of a folder that was checked once, so that no path which
 * somebody else could change is followed twice. A name in it is a login's id, which has no dots and
 * no slashes, and nobody but root can have put anything there. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pam/token-file.h"
#include "peer.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/text.h"

/* Whoever knows the name may get through, nobody may list it. */
#define FOLDER_MODE 0711
#define FILE_MODE   0400

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static int check_folder(int fd) {
        struct stat status;

        if (fstat(fd, &status) < 0)
                return -errno;
        if (status.st_uid != 0 && status.st_uid != geteuid())
                return -EUCLEAN;
        return status.st_mode & (S_IWGRP | S_IWOTH) ? -EUCLEAN : 0;
}

/* What was opened, or what errno says. */
static int checked(int opened, int *ret) {
        _cleanup_(closep) int fd = fd_above_stdio(opened);

        if (fd == -ENOTDIR || fd == -ELOOP)
                return -EUCLEAN;
        if (fd < 0)
                return fd;
        int r = check_folder(fd);
        if (r == 0)
                *ret = TAKE_FD(fd);
        return r;
}

static int open_parent(const char *path, const char *name, int *ret) {
        char parent[PATH_MAX];
        size_t size = (size_t)(name - path);

        if (size < 2 || size > sizeof(parent))
                return -EINVAL;
        memcpy(parent, path, size - 1);
        parent[size - 1] = '\0';
        return checked(open(parent, FOLDER_FLAGS), ret);
}

/* The host's umask may have taken from the mode. */
static int make_folder(int parent, const char *name, int *ret) {
        _cleanup_(closep) int fd = -1;

        bool is_ours = mkdirat(parent, name, FOLDER_MODE) == 0;
        if (!is_ours && errno != EEXIST)
                return -errno;
        int r = checked(openat(parent, name, FOLDER_FLAGS), &fd);
        if (r < 0)
                return r;
        if (is_ours && fchmod(fd, FOLDER_MODE) < 0)
                return -errno;
        *ret = TAKE_FD(fd);
        return 0;
}

int token_folder_open(const char *path, bool make, int *ret) {
        _cleanup_(closep) int parent = -1;
        const char *slash = strrchr(path, '/');

        if (!slash || slash[1] == '\0')
                return -EINVAL;
        int r = open_parent(path, slash + 1, &parent);
        if (r < 0)
                return r;
        r = checked(openat(parent, slash + 1, FOLDER_FLAGS), ret);
        return r == -ENOENT && make ? make_folder(parent, slash + 1, ret) : r;
}

static int write_all(int fd, const char *text, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, text, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                text += n;
                size -= (size_t)n;
        }
        return 0;
}

/* The user's only when it is whole. */
static int fill(int fd, const Secret *token, uid_t uid, gid_t gid) {
        int r = write_all(fd, secret_text(token), token->size);

        if (r == 0)
                r = write_all(fd, "\n", 1);
        if (r == 0 && fchmod(fd, FILE_MODE) < 0)
                r = -errno;
        if (r == 0 && fchown(fd, uid, gid) < 0)
                r = -errno;
        return r;
}

int token_file_write(int folder, const char *id, const Secret *token, uid_t uid, gid_t gid) {
        _cleanup_(closep) int fd = -1;
        char fresh[TOKEN_ID_SIZE + sizeof(".new")];

        if (!text_is_hex(id, TOKEN_ID_SIZE))
                return -EINVAL;
        snprintf(fresh, sizeof(fresh), "%s.new", id);
        /* Of a process that died here. */
        if (unlinkat(folder, fresh, 0) < 0 && errno != ENOENT)
                return -errno;
        int r = fd_above_stdio(openat(folder, fresh,
                                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                      FILE_MODE));
        if (r < 0)
                return r;
        fd = r;

        r = fill(fd, token, uid, gid);
        if (r == 0 && renameat(folder, fresh, folder, id) < 0)
                r = -errno;
        if (r < 0)
                (void)unlinkat(folder, fresh, 0);
        return r;
}

int token_file_remove(int folder, const char *id) {
        if (!text_is_hex(id, TOKEN_ID_SIZE))
                return -EINVAL;
        if (unlinkat(folder, id, 0) < 0 && errno != ENOENT)
                return -errno;
        return 0;
}
