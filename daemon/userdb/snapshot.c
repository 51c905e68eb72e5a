/* Reading the snapshot. tokend runs as a lesser user than its reader, so nothing in the file is
 * believed: order, names, numbers and the ranges of uids are checked. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "userdb/snapshot.h"
#include "wire/text.h"
#include "wire/uid.h"

#define SNAPSHOT_SIZE_MAX (64 * 1024 * 1024)

static const char *const states[_SNAPSHOT_STATE_MAX] = {
        [SNAPSHOT_ACTIVE] = "active",
        [SNAPSHOT_LOCKED] = "locked",
        [SNAPSHOT_MUST_CHANGE] = SNAPSHOT_MUST_CHANGE_WORD,
};

const char *snapshot_state_name(enum SnapshotState state) {
        return states[state];
}

/* systemd takes no record at all with a path that is none. */
static bool user_is_servable(const SnapshotUser *user) {
        return uid_is_giveable(user->uid) && uid_is_giveable(user->gid) && user->home[0] == '/' &&
               user->shell[0] == '/';
}

int snapshot_new(Snapshot **ret) {
        Snapshot *snapshot = calloc(1, sizeof(Snapshot));

        if (!snapshot)
                return -ENOMEM;
        snapshot->n_ref = 1;
        *ret = snapshot;
        return 0;
}

Snapshot *snapshot_ref(Snapshot *snapshot) {
        snapshot->n_ref++;
        return snapshot;
}

Snapshot *snapshot_unref(Snapshot *snapshot) {
        if (!snapshot || --snapshot->n_ref > 0)
                return NULL;
        for (size_t i = 0; i < snapshot->n_users; i++)
                strv_free((char **)snapshot->users[i].groups);
        free(snapshot->users);
        free(snapshot->by_uid);
        free(snapshot->text);
        free(snapshot);
        return NULL;
}

void snapshot_unrefp(Snapshot **snapshot) {
        snapshot_unref(*snapshot);
}

static int read_text(int fd, char **ret, size_t *ret_size) {
        _cleanup_(freep) char *text = NULL;
        struct stat st;
        size_t size = 0;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADMSG;
        if (st.st_size > SNAPSHOT_SIZE_MAX)
                return -EFBIG;
        text = malloc((size_t)st.st_size + 1);
        if (!text)
                return -ENOMEM;
        while (size < (size_t)st.st_size) {
                ssize_t n = read(fd, text + size, (size_t)st.st_size - size);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n == 0)
                        return -EBADMSG;
                if (n > 0)
                        size += (size_t)n;
        }
        text[size] = '\0';
        *ret = TAKE_PTR(text);
        *ret_size = size;
        return 0;
}

static int parse_user(char *line, SnapshotUser *user) {
        const char *uid, *gid, *state, *groups;
        char **split;
        int r;

        user->name = strsep(&line, ":");
        uid = strsep(&line, ":");
        gid = strsep(&line, ":");
        user->home = strsep(&line, ":");
        user->shell = strsep(&line, ":");
        state = strsep(&line, ":");
        groups = strsep(&line, ":");
        if (!groups || line || !user_name_is_valid(user->name))
                return -EBADMSG;
        if (parse_uint32(uid, &user->uid) < 0 || parse_uint32(gid, &user->gid) < 0)
                return -EBADMSG;
        while (user->state < _SNAPSHOT_STATE_MAX && !streq(state, states[user->state]))
                user->state++;
        if (user->state == _SNAPSHOT_STATE_MAX)
                return -EBADMSG;
        if (!*user->shell)
                user->shell = NULL;
        if (user->shell && !user_is_servable(user))
                return -EBADMSG;
        if (!*groups)
                return 0;
        r = strv_split(groups, ",", &split);
        if (r < 0)
                return r;
        user->groups = split;
        return 0;
}

static int parse_users(Snapshot *snapshot, char *lines) {
        size_t n_lines = 0;

        for (const char *p = lines; (p = strchr(p, '\n')); p++)
                n_lines++;
        snapshot->users = calloc(n_lines + 1, sizeof(SnapshotUser));
        snapshot->by_uid = calloc(n_lines + 1, sizeof(size_t));
        if (!snapshot->users || !snapshot->by_uid)
                return -ENOMEM;
        while (*lines) {
                SnapshotUser *user = &snapshot->users[snapshot->n_users];
                char *end = strchr(lines, '\n');
                int r;

                if (!end)
                        return -EBADMSG;
                *end = '\0';
                r = parse_user(lines, user);
                if (r < 0)
                        return r;
                lines = end + 1;
                if (snapshot->n_users++ > 0 && strcmp(user[-1].name, user->name) >= 0)
                        return -EBADMSG;
                if (user->shell)
                        snapshot->by_uid[snapshot->n_by_uid++] = snapshot->n_users - 1;
        }
        return 0;
}

static int compare_uids(const void *a, const void *b, void *userdata) {
        const Snapshot *snapshot = userdata;
        uint32_t x = snapshot->users[*(const size_t *)a].uid,
                 y = snapshot->users[*(const size_t *)b].uid;

        return (x > y) - (x < y);
}

/* Sorts, and refuses a uid that two have. */
static int index_uids(Snapshot *snapshot) {
        const size_t *by_uid = snapshot->by_uid;

        qsort_r(snapshot->by_uid, snapshot->n_by_uid, sizeof(size_t), compare_uids, snapshot);
        for (size_t i = 1; i < snapshot->n_by_uid; i++)
                if (compare_uids(&by_uid[i - 1], &by_uid[i], snapshot) == 0)
                        return -EBADMSG;
        return 0;
}

int snapshot_read(int fd, Snapshot **ret) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        size_t size = 0, first = strlen(SNAPSHOT_FIRST_LINE);
        int r;

        r = snapshot_new(&snapshot);
        if (r < 0)
                return r;
        r = read_text(fd, &snapshot->text, &size);
        if (r < 0)
                return r;
        if (size < first || memcmp(snapshot->text, SNAPSHOT_FIRST_LINE, first) != 0 ||
            !text_is_utf8(snapshot->text, size))
                return -EBADMSG;
        r = parse_users(snapshot, snapshot->text + first);
        if (r >= 0)
                r = index_uids(snapshot);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(snapshot);
        return 0;
}

static int compare_name(const void *key, const void *element) {
        return strcmp(key, ((const SnapshotUser *)element)->name);
}

const SnapshotUser *snapshot_find_name(const Snapshot *snapshot, const char *name) {
        return bsearch(name, snapshot->users, snapshot->n_users, sizeof(SnapshotUser),
                       compare_name);
}

const SnapshotUser *snapshot_find_uid(const Snapshot *snapshot, uint32_t uid) {
        size_t low = 0, high = snapshot->n_by_uid;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const SnapshotUser *user = &snapshot->users[snapshot->by_uid[middle]];

                if (user->uid == uid)
                        return user;
                if (user->uid < uid)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}
