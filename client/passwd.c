/* Lines of passwd(5), read as they stand. A file that can't be read whole names nobody, and says
 * so: whoever asks must not take that for a user who is not there. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "passwd.h"
#include "peer.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/text.h"

#define UID_NONE ((uid_t)-1)

/* "name:password:uid:…" */
static int passwd_line_uid(const char *line, const char *name, uid_t *ret) {
        size_t size = strlen(name);
        char digits[16];
        uint32_t uid;

        if (strncmp(line, name, size) != 0 || line[size] != ':')
                return -ENOENT;
        const char *password_end = strchr(line + size + 1, ':');
        if (!password_end)
                return -ENOENT;
        const char *uid_text = password_end + 1;
        size = strcspn(uid_text, ":");
        if (uid_text[size] != ':' || size >= sizeof(digits))
                return -ENOENT;

        memcpy(digits, uid_text, size);
        digits[size] = '\0';
        if (parse_uint32(digits, &uid) < 0 || uid == UID_NONE)
                return -ENOENT;
        *ret = uid;
        return 0;
}

static void fclosep(FILE **file) {
        if (*file)
                fclose(*file);
}

/* Takes fd. */
static int find_uid(int fd, const char *name, uid_t *ret) {
        _cleanup_(fclosep) FILE *file = fdopen(fd, "r");
        _cleanup_(freep) char *line = NULL;
        size_t capacity = 0;

        if (!file) {
                close(fd);
                return -ENOMEM;
        }
        while (getline(&line, &capacity, file) > 0)
                if (passwd_line_uid(line, name, ret) == 0)
                        return 0;
        return feof(file) ? -ENOENT : -EIO;
}

int passwd_find_uid(const char *path, const char *name, uid_t *ret) {
        int fd = fd_above_stdio(open(path, O_RDONLY | O_CLOEXEC));

        return fd < 0 ? fd : find_uid(fd, name, ret);
}

uid_t trusted_uid_find(void) {
        uid_t uid;

        return passwd_find_uid("/etc/passwd", TOKEND_USER_NAME, &uid) == 0 ? uid : UID_NONE;
}

/* A regular file that nobody but root and tokend can write to. */
static int open_trusted(const char *path, uid_t trusted_uid, int *ret) {
        _cleanup_(closep) int fd =
                        fd_above_stdio(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        struct stat status;

        if (fd < 0)
                return fd;
        if (fstat(fd, &status) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode) || (status.st_mode & (S_IWGRP | S_IWOTH)) ||
            (status.st_uid != 0 && status.st_uid != trusted_uid))
                return -EPERM;
        *ret = TAKE_FD(fd);
        return 0;
}

bool passwd_user_is_foreign(const char *passwd, const char *adopted, uid_t trusted_uid,
                            const char *name) {
        uid_t uid;
        int fd = -1;

        if (passwd_find_uid(passwd, name, &uid) != 0 ||
            open_trusted(adopted, trusted_uid, &fd) != 0)
                return false;
        return find_uid(fd, name, &uid) == -ENOENT;
}
