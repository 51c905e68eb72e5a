/* The users of the next snapshot, as the lines that they are there, so that a change formats one
 * line and not all of them. Readers of the file see the old one or the new one, never a part.
 *
 * Invariant: the lines are in the order of their names, each name once, and every line is one that
 * the reader can take apart again. */

#include "userdb/roster.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/secret.h"
#include "wire/text.h"

typedef struct RosterLine {
        char *name;
        Secret text;
        size_t state;    /* where its word stands in text */
        int64_t expires; /* µs UTC; 0: never, or it is shown as locked already */
} RosterLine;

struct Roster {
        RosterLine *lines;
        size_t n_lines;
        size_t n_allocated;
};

static void line_done(RosterLine *line) {
        free(line->name);
        secret_done(&line->text);
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

static int format(const SnapshotUser *user, RosterLine *line) {
        Secret *out = &line->text;
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
        line->state = out->size;
        if (r >= 0)
                r = append_field(out, snapshot_state_name(user->state), ':');
        return r < 0 ? r : append_groups(out, user->groups);
}

Roster *roster_new(void) {
        return calloc(1, sizeof(Roster));
}

Roster *roster_free(Roster *roster) {
        if (!roster)
                return NULL;

        for (size_t i = 0; i < roster->n_lines; i++)
                line_done(&roster->lines[i]);
        free(roster->lines);
        free(roster);
        return NULL;
}

void roster_freep(Roster **roster) {
        roster_free(*roster);
}

/* Where the name stands, or where it would have to. */
static size_t find(const Roster *roster, const char *name, bool *ret_is_there) {
        size_t low = 0, high = roster->n_lines;

        *ret_is_there = false;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(roster->lines[middle].name, name);

                if (order == 0) {
                        *ret_is_there = true;
                        return middle;
                }
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static int grow(Roster *roster) {
        size_t wanted = roster->n_allocated > 0 ? 2 * roster->n_allocated : 64;
        RosterLine *grown;

        if (roster->n_lines < roster->n_allocated)
                return 0;
        grown = reallocarray(roster->lines, wanted, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        roster->lines = grown;
        roster->n_allocated = wanted;
        return 0;
}

static int insert(Roster *roster, size_t at, RosterLine *line) {
        RosterLine *lines;
        int r = grow(roster);

        if (r < 0)
                return r;
        lines = roster->lines;
        memmove(&lines[at + 1], &lines[at], (roster->n_lines - at) * sizeof(*lines));
        lines[at] = TAKE(*line, (RosterLine){ 0 });
        roster->n_lines++;
        return 1;
}

static int replace(RosterLine *old, RosterLine *line) {
        bool is_same = old->text.size == line->text.size &&
                       memcmp(old->text.text, line->text.text, line->text.size) == 0;

        line_done(old);
        *old = TAKE(*line, (RosterLine){ 0 });
        return !is_same;
}

int roster_set(Roster *roster, const SnapshotUser *user, int64_t expires) {
        _cleanup_(line_done) RosterLine line = { .expires = user->state == SNAPSHOT_LOCKED ? 0 : expires };
        bool is_there;
        size_t at;
        int r;

        line.name = strdup(user->name);
        r = line.name ? format(user, &line) : -ENOMEM;
        if (r < 0)
                return r;
        at = find(roster, user->name, &is_there);
        return is_there ? replace(&roster->lines[at], &line) : insert(roster, at, &line);
}

int roster_remove(Roster *roster, const char *name) {
        RosterLine *lines = roster->lines;
        bool is_there;
        size_t at = find(roster, name, &is_there);

        if (!is_there)
                return 0;
        line_done(&lines[at]);
        roster->n_lines--;
        memmove(&lines[at], &lines[at + 1], (roster->n_lines - at) * sizeof(*lines));
        return 1;
}

/* No word is shorter than that one, so nothing here can fail. */
static void lock(RosterLine *line) {
        const char *word = snapshot_state_name(SNAPSHOT_LOCKED);
        char *state = line->text.text + line->state;
        size_t size = strlen(word), old = strcspn(state, ":");

        memmove(state + size, state + old, line->text.size - line->state - old);
        memcpy(state, word, size);
        line->text.size -= old - size;
        line->expires = 0;
}

int roster_expire(Roster *roster, int64_t now, int64_t *ret_next) {
        int changed = 0;

        *ret_next = INT64_MAX;
        for (RosterLine *line = roster->lines; line < roster->lines + roster->n_lines; line++) {
                if (line->expires == 0)
                        continue;
                if (line->expires > now) {
                        *ret_next = line->expires < *ret_next ? line->expires : *ret_next;
                        continue;
                }
                lock(line);
                changed = 1;
        }
        return changed;
}

static int join(const Roster *roster, Secret *out) {
        size_t size = strlen(SNAPSHOT_FIRST_LINE);
        int r;

        for (size_t i = 0; i < roster->n_lines; i++)
                size += roster->lines[i].text.size;
        r = secret_reserve(out, size);
        if (r >= 0)
                r = secret_append_text(out, SNAPSHOT_FIRST_LINE);
        for (size_t i = 0; r >= 0 && i < roster->n_lines; i++)
                r = secret_append(out, roster->lines[i].text.text, roster->lines[i].text.size);
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

/* Not synced: after a crash of the machine the file is made anew before anybody needs it, and until
 * then its reader takes no damaged one. */
int roster_write(const Roster *roster, const char *path) {
        _cleanup_(secret_done) Secret content = SECRET_INIT;
        _cleanup_(freep) char *fresh = NULL;
        _cleanup_(closep) int fd = -1;
        int r;

        r = join(roster, &content);
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
        if (r >= 0 && (fchmod(fd, 0644) < 0 || rename(fresh, path) < 0))
                r = -errno;
        if (r < 0)
                (void)unlink(fresh);
        return r;
}
