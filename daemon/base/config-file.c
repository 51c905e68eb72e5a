/* Configuration files, read whole and given to inih line by line.
 *
 * inih as distributions build it cuts lines at its buffer's end, takes indented lines for
 * continuations, "key: value" for a pair and what follows " ;" for a comment, and gives no line
 * numbers. So every line is checked here before inih sees it: what it gets means the same to it, to
 * us and to systemd, and everything else is refused with its line. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ini.h>

#include "base/config-file.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define FILE_SIZE_MAX (1024 * 1024)
#define LINE_SIZE_MAX 190 /* below what any build of inih cuts at */

typedef struct Reader {
        ConfigPlace place;
        ConfigHandler handler;
        void *userdata;
        char *text; /* the whole file */
        size_t size;
        size_t offset; /* of the next line */
        int error;     /* the first mistake; nothing is read behind it */
        char **message;
} Reader;

static void close_dir(DIR **dir) {
        if (*dir)
                closedir(*dir);
}

static int fail_file(int error, const char *path, const char *reason, char **ret_message) {
        return asprintf(ret_message, "%s: %s", path, reason) < 0 ? -ENOMEM : error;
}

static int fail_line(Reader *reader, int error, const char *reason) {
        reader->error = error;
        if (asprintf(reader->message, "%s:%u: %s", reader->place.path, reader->place.line,
                     reason) < 0)
                reader->error = -ENOMEM;
        return reader->error;
}

/* What others may write to is not the administrator's word. */
static int check_owner(const struct stat *st, const char *path, char **ret_message) {
        if (st->st_uid != 0 && st->st_uid != geteuid())
                return fail_file(-EPERM, path, "belongs to another user", ret_message);
        if (st->st_mode & (S_IWGRP | S_IWOTH))
                return fail_file(-EPERM, path, "may be written to by others than its owner",
                                 ret_message);
        return 0;
}

static int open_file(const char *path, size_t *ret_size, char **ret_message) {
        _cleanup_(closep) int fd =
                        open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        int r;

        if (fd < 0)
                return fail_file(-errno, path,
                                 errno == ELOOP ? "is a symbolic link" : strerror(errno),
                                 ret_message);
        if (fstat(fd, &st) < 0)
                return fail_file(-errno, path, strerror(errno), ret_message);
        if (!S_ISREG(st.st_mode))
                return fail_file(-EINVAL, path, "is no regular file", ret_message);
        if (st.st_size > FILE_SIZE_MAX)
                return fail_file(-EFBIG, path, "is too large for a configuration", ret_message);

        r = check_owner(&st, path, ret_message);
        if (r < 0)
                return r;

        *ret_size = st.st_size;
        return TAKE_FD(fd);
}

static int load_text(const char *path, char **ret, size_t *ret_size, char **ret_message) {
        _cleanup_(closep) int fd = -1;
        _cleanup_(freep) char *text = NULL;
        size_t size = 0, n_read = 0;

        fd = open_file(path, &size, ret_message);
        if (fd < 0)
                return fd;

        text = malloc(size + 1);
        if (!text)
                return -ENOMEM;

        while (n_read < size) {
                ssize_t n = read(fd, text + n_read, size - n_read);

                if (n < 0 && errno != EINTR)
                        return fail_file(-errno, path, strerror(errno), ret_message);
                if (n == 0)
                        break;
                n_read += n > 0 ? n : 0;
        }

        text[n_read] = '\0';
        *ret = TAKE_PTR(text);
        *ret_size = n_read;
        return 0;
}

static bool has_control_characters(const char *text) {
        for (const char *c = text; *c; c++)
                if ((*c >= 0 && *c < ' ' && *c != '\t') || *c == '\177')
                        return true;

        return false;
}

static bool has_inline_comment(const char *line) {
        for (const char *c = strchr(line, ';'); c; c = strchr(c + 1, ';'))
                if (c > line && (c[-1] == ' ' || c[-1] == '\t'))
                        return true;

        return false;
}

/* Before "=": letters and digits, then at most white space. */
static bool has_key(const char *line) {
        size_t size = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789");

        return size > 0 && line[size + strspn(line + size, " \t")] == '=';
}

static const char *line_mistake(const char *line) {
        if (strlen(line) > LINE_SIZE_MAX)
                return "the line is too long";
        if (has_control_characters(line))
                return "there are control characters in the line";
        if (has_inline_comment(line))
                return "a comment needs a line of its own";
        if (line[strlen(line) - 1] == '\\')
                return "a line can't be continued on the next";
        if (line[0] == '[')
                return strcspn(line, "]") == strlen(line) - 1 ? NULL : "expected [Section]";
        return has_key(line) ? NULL : "expected Key=value or [Section]";
}

static int enter_section(Reader *reader, const char *line) {
        _cleanup_(freep) char *section = strndup(line + 1, strlen(line) - 2);
        _cleanup_(freep) char *reason = NULL;
        int r;

        if (!section)
                return fail_line(reader, -ENOMEM, strerror(ENOMEM));

        r = reader->handler(reader->userdata, &reader->place, section, NULL, NULL, &reason);
        return r < 0 ? fail_line(reader, r, reason ? reason : strerror(-r)) : 0;
}

/* Cuts the next line out of the file, without white space around it. NULL behind the last, and when
 * it is no text. */
static char *next_line(Reader *reader) {
        char *line = reader->text + reader->offset, *end;
        size_t left = reader->size - reader->offset, size;

        if (left == 0)
                return NULL;

        end = memchr(line, '\n', left);
        size = end ? (size_t)(end - line) : left;
        line[size] = '\0';
        reader->offset += end ? size + 1 : size;
        reader->place.line++;

        if (!text_is_utf8(line, size)) {
                fail_line(reader, -EINVAL, "the line is no UTF-8 text");
                return NULL;
        }

        if (reader->place.line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0)
                line += 3;
        line += strspn(line, " \t\r");
        for (size = strlen(line); size > 0 && strchr(" \t\r", line[size - 1]); size--)
                line[size - 1] = '\0';
        return line;
}

/* inih's reader: the next line, or NULL at the end and at the first mistake. */
static char *read_line(char *buffer, int size, void *stream) {
        Reader *reader = stream;
        const char *mistake;
        char *line;

        if (reader->error < 0)
                return NULL;

        do
                line = next_line(reader);
        while (line && (line[0] == '\0' || line[0] == '#' || line[0] == ';'));
        if (!line)
                return NULL;

        mistake = line_mistake(line);
        if (!mistake && strlen(line) + 1 > (size_t)size)
                mistake = "the line is too long";
        if (mistake) {
                fail_line(reader, -EINVAL, mistake);
                return NULL;
        }

        if (line[0] == '[' && enter_section(reader, line) < 0)
                return NULL;

        strcpy(buffer, line);
        return buffer;
}

static int on_pair(void *userdata, const char *section, const char *key, const char *value) {
        Reader *reader = userdata;
        _cleanup_(freep) char *reason = NULL;
        int r;

        r = reader->handler(reader->userdata, &reader->place, section, key, value, &reason);
        if (r < 0)
                fail_line(reader, r, reason ? reason : strerror(-r));
        return r >= 0;
}

int config_file_read(const char *path, ConfigHandler handler, void *userdata, char **ret_message) {
        _cleanup_(freep) char *text = NULL;
        Reader reader = { .place.path = path,
                          .handler = handler,
                          .userdata = userdata,
                          .message = ret_message };
        int r;

        r = load_text(path, &text, &reader.size, ret_message);
        if (r < 0)
                return r;

        reader.text = text;
        r = ini_parse_stream(read_line, &reader, on_pair, &reader);
        if (reader.error < 0)
                return reader.error;

        /* Every line was checked before: this is inih and us not of one mind. */
        return r == 0 ? 0 : fail_file(-EINVAL, path, "can't be read as INI", ret_message);
}

static bool is_drop_in(const char *name) {
        size_t size = strlen(name);

        return name[0] != '.' && size > strlen(".conf") && streq(name + size - 5, ".conf");
}

static int compare_paths(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

int config_file_list_drop_ins(const char *path, char ***ret, char **ret_message) {
        _cleanup_(strv_freep) char **paths = NULL;
        _cleanup_(freep) char *folder = NULL;
        _cleanup_(close_dir) DIR *dir = NULL;
        struct stat st;
        int r;

        if (asprintf(&folder, "%s.d", path) < 0)
                return -ENOMEM;

        dir = opendir(folder);
        if (!dir && errno == ENOENT)
                return 0;
        if (!dir || fstat(dirfd(dir), &st) < 0)
                return fail_file(-errno, folder, strerror(errno), ret_message);

        r = check_owner(&st, folder, ret_message);
        for (struct dirent *entry; r >= 0 && (entry = readdir(dir));) {
                _cleanup_(freep) char *file = NULL;

                if (!is_drop_in(entry->d_name))
                        continue;
                r = asprintf(&file, "%s/%s", folder, entry->d_name) < 0 ? -ENOMEM
                                                                       : strv_extend(&paths, file);
        }
        if (r < 0)
                return r;

        if (paths)
                qsort(paths, strv_length(paths), sizeof(*paths), compare_paths);
        *ret = TAKE_PTR(paths);
        return 0;
}
