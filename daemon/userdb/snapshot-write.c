/* Writing the snapshot. Readers see the old file or the new one, never a part. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "userdb/snapshot.h"
#include "wire/secret.h"
#include "wire/text.h"

static int compare_users(const void *a, const void *b) {
        return strcmp((*(const SnapshotUser *const *)a)->name,
                      (*(const SnapshotUser *const *)b)->name);
}

static int append_field(Secret *out, const char *field, char end) {
        int r;

        if (strpbrk(field, ":\n,") || !text_is_utf8(field, strlen(field)))
                return -EINVAL;
        r = secret_append_text(out, field);
        return r < 0 ? r : secret_append(out, &end, 1);
}

static int append_groups(Secret *out, char *const *groups) {
        int r = 0;

        for (char *const *group = groups; r >= 0 && group && *group; group++)
                r = append_field(out, *group, group[1] ? ',' : '\n');
        return groups && *groups ? r : secret_append(out, "\n", 1);
}

static int append_user(Secret *out, const SnapshotUser *user) {
        char numbers[32];
        int r;

        snprintf(numbers, sizeof(numbers), "%u:%u:", user->uid, user->gid);
        r = append_field(out, user->name, ':');
        if (r >= 0)
                r = secret_append_text(out, numbers);
        if (r >= 0)
                r = append_field(out, user->shell && user->home ? user->home : "", ':');
        if (r >= 0)
                r = append_field(out, user->shell ? user->shell : "", ':');
        if (r >= 0)
                r = secret_append_text(out, user->locked ? "locked:" : "active:");
        return r < 0 ? r : append_groups(out, user->groups);
}

static int format(const SnapshotUser *users, size_t n_users, Secret *out) {
        _cleanup_(freep) const SnapshotUser **sorted = calloc(n_users + 1, sizeof(*sorted));
        int r = sorted ? secret_append_text(out, SNAPSHOT_FIRST_LINE) : -ENOMEM;

        if (r < 0)
                return r;
        for (size_t i = 0; i < n_users; i++)
                sorted[i] = &users[i];
        qsort(sorted, n_users, sizeof(*sorted), compare_users);
        for (size_t i = 0; r >= 0 && i < n_users; i++)
                r = append_user(out, sorted[i]);
        return r;
}

static int write_all(int fd, const Secret *content) {
        for (size_t done = 0; done < content->size;) {
                ssize_t n = write(fd, content->text + done, content->size - done);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        done += (size_t)n;
        }
        return 0;
}

int snapshot_write(const char *path, const SnapshotUser *users, size_t n_users) {
        _cleanup_(secret_done) Secret content = SECRET_INIT;
        _cleanup_(freep) char *fresh = NULL;
        _cleanup_(closep) int fd = -1;
        int r;

        r = format(users, n_users, &content);
        if (r < 0)
                return r;
        if (asprintf(&fresh, "%s.new", path) < 0) {
                fresh = NULL;
                return -ENOMEM;
        }
        if (unlink(fresh) < 0 && errno != ENOENT)
                return -errno;
        fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0)
                return -errno;
        r = write_all(fd, &content);
        /* the daemon's umask is tighter */
        if (r >= 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0 || rename(fresh, path) < 0))
                r = -errno;
        if (r < 0)
                (void)unlink(fresh);
        return r;
}
