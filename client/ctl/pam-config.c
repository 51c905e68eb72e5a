/* A service's stack out of its file and the files that it includes. A circle of includes ends at a
 * depth, and a tree of them at a number of lines. */

#include "ctl/pam-config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/pam-line.h"
#include "ctl/machine.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* libpam's own. */
#define DEPTH_MAX 16
/* Far more than any real service has. */
#define LINES_MAX 2048

/* The administrator's, then the distribution's. */
static const char *const folders[] = { "etc/pam.d", "usr/lib/pam.d" };

typedef struct Reading {
        const char *root; /* NULL: one text, includes are left out */
        PamConfig config;
        char *message; /* PAM_MESSAGE_MAX bytes */
} Reading;

typedef struct Place {
        const char *file;
        unsigned depth;
        unsigned level;
        int type; /* of the lines that are wanted; -1: all */
} Place;

void pam_config_done(PamConfig *config) {
        for (size_t i = 0; i < config->n_lines; i++)
                pam_line_done(&config->lines[i]);
        free(config->lines);
        *config = PAM_CONFIG_INIT;
}

bool pam_line_is(const PamLine *line, const char *module) {
        const char *slash = strrchr(line->module, '/');
        const char *name = slash ? slash + 1 : line->module;

        /* The module's second name: see its page. */
        if (streq(name, "pam_tokd.so"))
                name = "pam_tokend.so";
        return !line->is_substack && streq(name, module);
}

const PamLine *pam_config_find(const PamConfig *config, int type, const char *module) {
        for (size_t i = 0; i < config->n_lines; i++)
                if ((type < 0 || (int)config->lines[i].type == type) &&
                    pam_line_is(&config->lines[i], module))
                        return &config->lines[i];
        return NULL;
}

static int __attribute__((format(printf, 3, 4)))
refuse(Reading *reading, int error, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(reading->message, PAM_MESSAGE_MAX, format, arguments);
        va_end(arguments);
        return error;
}

static int refuse_line(Reading *reading, const Place *place, unsigned number, const char *why) {
        return refuse(reading, -EBADMSG, "%s:%u: %s", place->file, number, why);
}

/* Takes the line, also on failure. */
static int add_line(Reading *reading, const Place *place, unsigned number, PamLine *line) {
        _cleanup_(pam_line_done) PamLine taken = TAKE(*line, (PamLine){ 0 });
        PamConfig *config = &reading->config;
        PamLine *lines;
        int r;

        if (config->n_lines >= LINES_MAX)
                return refuse_line(reading, place, number, "there are too many lines");
        r = text_copy(place->file, &taken.file);
        if (r < 0)
                return r;
        taken.number = number;
        taken.level = place->level;
        lines = reallocarray(config->lines, config->n_lines + 1, sizeof(*lines));
        if (!lines)
                return -ENOMEM;
        config->lines = lines;
        lines[config->n_lines++] = TAKE(taken, (PamLine){ 0 });
        return 0;
}

static int read_file(Reading *reading, const Place *place);

static int add_substack(Reading *reading, const Place *place, unsigned number,
                        const PamLine *line) {
        _cleanup_(pam_line_done) PamLine start = { .type = line->type, .is_substack = true };
        int r;

        r = text_copy(line->module, &start.module) ?: text_copy(line->control, &start.control);
        return r < 0 ? r : add_line(reading, place, number, &start);
}

static int include(Reading *reading, const Place *place, unsigned number, const PamLine *line,
                   int kind) {
        Place other = {
                .file = line->module,
                .depth = place->depth + 1,
                .level = place->level + (kind == PAM_LINE_SUBSTACK),
                .type = kind == PAM_LINE_INCLUDE_ALL ? place->type : (int)line->type,
        };
        int r = 0;

        if (kind == PAM_LINE_SUBSTACK)
                r = add_substack(reading, place, number, line);
        if (r < 0 || !reading->root)
                return r;
        if (other.depth >= DEPTH_MAX)
                return refuse_line(reading, place, number, "the includes are too deep");
        r = read_file(reading, &other);
        if (r == -ENOENT)
                return refuse(reading, -EBADMSG, "%s:%u: there is no file %s to include",
                              place->file, number, line->module);
        return r;
}

static int take_line(Reading *reading, const Place *place, unsigned number, char *text) {
        _cleanup_(pam_line_done) PamLine line = { 0 };
        const char *why = "";
        int kind = pam_line_parse(text, &line, &why);

        if (kind == -EBADMSG)
                return refuse_line(reading, place, number, why);
        if (kind <= PAM_LINE_EMPTY)
                return kind;
        if (kind != PAM_LINE_INCLUDE_ALL && place->type >= 0 && (int)line.type != place->type)
                return 0;
        if (kind == PAM_LINE_MODULE)
                return add_line(reading, place, number, &line);
        return include(reading, place, number, &line, kind);
}

typedef struct Piece {
        const char *text;
        size_t size;
        bool goes_on; /* in the next line that is not empty */
} Piece;

/* What one line of the file adds. A comment is taken off first, so that a backslash in it, or in
 * front of it, continues nothing; behind a backslash there may be blanks. */
static Piece take_piece(const char *line, size_t size) {
        const char *comment = memchr(line, '#', size);
        Piece piece = { .text = line, .size = comment ? (size_t)(comment - line) : size };

        while (piece.size > 0 && strchr(" \t", piece.text[piece.size - 1]))
                piece.size--;
        if (comment || piece.size == 0 || piece.text[piece.size - 1] != '\\')
                return piece;
        piece.size--;
        piece.goes_on = true;
        return piece;
}

/* Joins lines that end in a backslash; empty ones and comments in between do not count. */
static int take_text(Reading *reading, const Place *place, const char *text, size_t size) {
        _cleanup_(freep) char *joined = calloc(1, size + 1);
        unsigned number = 0, first = 0;
        size_t used = 0;
        int r = 0;

        if (!joined)
                return -ENOMEM;
        if (memchr(text, '\0', size))
                return refuse_line(reading, place, 1, "there is a NUL in it");
        for (const char *p = text; r == 0 && p < text + size;) {
                const char *end = memchr(p, '\n', (size_t)(text + size - p)) ?: text + size;
                Piece piece = take_piece(p, (size_t)(end - p));

                number++;
                p = end < text + size ? end + 1 : end;
                if (piece.size == 0 && !piece.goes_on)
                        continue;
                if (first == 0)
                        first = number;
                memcpy(joined + used, piece.text, piece.size);
                used += piece.size;
                joined[used] = piece.goes_on ? ' ' : '\0';
                used++;
                if (piece.goes_on)
                        continue;
                r = take_line(reading, place, first, joined);
                used = first = 0;
        }
        return r == 0 && first > 0 ? refuse_line(reading, place, first, "it has no end") : r;
}

static int read_file(Reading *reading, const Place *place) {
        _cleanup_(freep) char *text = NULL;
        size_t size = 0;
        int r = -ENOENT;

        /* "include /etc/pam.d/x" is possible as well. */
        for (size_t i = 0; r == -ENOENT && i < ELEMENTSOF(folders); i++)
                r = place->file[0] == '/'
                                    ? root_read_file(reading->root, &text, &size, "%s", place->file)
                                    : root_read_file(reading->root, &text, &size, "/%s/%s",
                                                     folders[i], place->file);
        if (r < 0 && r != -ENOENT)
                return refuse(reading, r, "%s: %s", place->file, strerrordesc_np(-r));
        return r < 0 ? r : take_text(reading, place, text, size);
}

static void reading_done(Reading *reading) {
        pam_config_done(&reading->config);
}

static bool has_type(const PamConfig *config, enum PamType type) {
        for (size_t i = 0; i < config->n_lines; i++)
                if (config->lines[i].type == type)
                        return true;
        return false;
}

/* What the service's own file has no line of; that there is no such file is well. */
static int add_others(Reading *reading) {
        int r = 0;

        for (int type = 0; (r == 0 || r == -ENOENT) && type < _PAM_TYPE_MAX; type++) {
                const Place other = { .file = "other", .type = type };

                if (!has_type(&reading->config, (enum PamType)type))
                        r = read_file(reading, &other);
        }
        return r == -ENOENT ? 0 : r;
}

static int read_service(const char *root, const char *service, bool is_whole, PamConfig *ret,
                        char *ret_message) {
        _cleanup_(reading_done) Reading reading = { .root = root, .message = ret_message };
        const Place place = { .file = service, .type = -1 };
        int r;

        ret_message[0] = '\0';
        r = read_file(&reading, &place);
        if (is_whole && (r == 0 || r == -ENOENT))
                r = add_others(&reading);
        if (r < 0)
                return r;
        *ret = TAKE(reading.config, PAM_CONFIG_INIT);
        return 0;
}

int pam_config_read(const char *root, const char *service, PamConfig *ret,
                    char ret_message[static PAM_MESSAGE_MAX]) {
        return read_service(root, service, false, ret, ret_message);
}

int pam_config_read_whole(const char *root, const char *service, PamConfig *ret,
                          char ret_message[static PAM_MESSAGE_MAX]) {
        return read_service(root, service, true, ret, ret_message);
}

int pam_config_parse(const char *file, const char *text, size_t size, PamConfig *ret,
                     char ret_message[static PAM_MESSAGE_MAX]) {
        _cleanup_(reading_done) Reading reading = { .message = ret_message };
        const Place place = { .file = file, .type = -1 };
        int r;

        ret_message[0] = '\0';
        r = take_text(&reading, &place, text, size);
        if (r < 0)
                return r;
        *ret = TAKE(reading.config, PAM_CONFIG_INIT);
        return 0;
}
