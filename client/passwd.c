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

int passwd_line_uid(const char *line, const char *name, uid_t *ret) {
        size_t size = name ? strlen(name) : strcspn(line, ":");
        char digits[16];
        uint32_t uid;

        if ((name && strncmp(line, name, size) != 0) || line[size] != ':')
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

/* Takes fd, also on failure. */
static int file_open(int fd, FILE **ret) {
        if (fd < 0)
                return fd;
        *ret = fdopen(fd, "r");
        if (*ret)
                return 0;
        close(fd);
        return -ENOMEM;
}

int passwd_find_uid(const char *path, const char *name, uid_t *ret) {
        _cleanup_(fclosep) FILE *file = NULL;
        _cleanup_(freep) char *line = NULL;
        size_t capacity = 0;

        int r = file_open(fd_above_stdio(open(path, O_RDONLY | O_CLOEXEC)), &file);
        if (r < 0)
                return r;
        while (getline(&line, &capacity, file) > 0)
                if (passwd_line_uid(line, name, ret) == 0)
                        return 0;
        return feof(file) ? -ENOENT : -EIO;
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

/* 1: name has a line, which is in *ret then. 0: it has none. -EBADMSG: no snapshot. */
static int snapshot_find(const char *path, uid_t trusted_uid, const char *name, char **ret) {
        _cleanup_(fclosep) FILE *file = NULL;
        _cleanup_(freep) char *line = NULL;
        size_t capacity = 0, size = strlen(name);
        int fd = -1;

        int r = open_trusted(path, trusted_uid, &fd);
        if (r == 0)
                r = file_open(fd, &file);
        if (r < 0)
                return r;
        if (getline(&line, &capacity, file) < 0 || !streq(line, SNAPSHOT_FIRST_LINE))
                return -EBADMSG;
        while (getline(&line, &capacity, file) > 0)
                if (strncmp(line, name, size) == 0 && line[size] == ':') {
                        *ret = TAKE_PTR(line);
                        return 1;
                }
        return feof(file) ? 0 : -EIO;
}

bool passwd_user_is_foreign(const char *passwd, const char *snapshot, uid_t trusted_uid,
                            const char *name) {
        _cleanup_(freep) char *line = NULL;
        uid_t uid;

        return passwd_find_uid(passwd, name, &uid) == 0 &&
               snapshot_find(snapshot, trusted_uid, name, &line) == 0;
}

bool snapshot_user_must_change(const char *snapshot, uid_t trusted_uid, const char *name) {
        enum { SHELL = 4, STATE = 5 };
        _cleanup_(freep) char *line = NULL;
        char *fields[STATE + 1] = { 0 }, *rest;

        if (snapshot_find(snapshot, trusted_uid, name, &line) <= 0)
                return false;
        rest = line;
        for (size_t i = 0; i <= STATE; i++)
                fields[i] = strsep(&rest, ":");
        return rest && *fields[SHELL] && streq(fields[STATE], SNAPSHOT_MUST_CHANGE_WORD);
}
