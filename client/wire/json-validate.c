/* A strict pass over JSON text before jsmn sees it, in one walk without recursion.
 *
 * Invariant: what passes is one JSON value and nothing else, in UTF-8, nested at most
 * JSON_DEPTH_MAX deep, every string free of NUL, raw control characters and lone surrogates. */

#include "wire/json-validate.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "wire/protocol.h"
#include "wire/text.h"

typedef struct Walk {
        const char *p;
        const char *end;
        unsigned n_tokens;
        unsigned depth;
        char closing[JSON_DEPTH_MAX]; /* '}' or ']' of each open container */
} Walk;

static char peek(const Walk *w) {
        return w->p < w->end ? *w->p : '\0';
}

static void skip_space(Walk *w) {
        while (w->p < w->end && (*w->p == ' ' || *w->p == '\t' || *w->p == '\n' || *w->p == '\r'))
                w->p++;
}

static bool take(Walk *w, char c) {
        if (peek(w) != c)
                return false;
        w->p++;
        return true;
}

/* The four digits behind "\u"; -1 when they are none. */
static int32_t unicode_unit(const char *p, const char *end) {
        int32_t unit = 0;

        if (end && end - p < 4)
                return -1;
        for (int i = 0; i < 4; i++) {
                int digit = hex_value(p[i]);

                if (digit < 0)
                        return -1;
                unit = unit << 4 | digit;
        }
        return unit;
}

static bool walk_unicode_escape(Walk *w) {
        int32_t unit = unicode_unit(w->p, w->end), low;

        if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
                return false;
        w->p += 4;
        if (unit < 0xd800 || unit > 0xdbff)
                return true;
        if (w->end - w->p < 6 || w->p[0] != '\\' || w->p[1] != 'u')
                return false;
        low = unicode_unit(w->p + 2, w->end);
        w->p += 6;
        return low >= 0xdc00 && low <= 0xdfff;
}

static bool walk_string(Walk *w) {
        const char *start;

        if (!take(w, '"'))
                return false;
        start = w->p;
        while (w->p < w->end && *w->p != '"') {
                unsigned char c = (unsigned char)*w->p++;

                if (c < 0x20)
                        return false;
                if (c != '\\')
                        continue;
                if (take(w, 'u')) {
                        if (!walk_unicode_escape(w))
                                return false;
                        continue;
                }
                if (peek(w) == '\0' || !strchr("\"\\/bfnrt", *w->p))
                        return false;
                w->p++;
        }
        w->n_tokens++;
        return text_is_utf8(start, (size_t)(w->p - start)) && take(w, '"');
}

static bool walk_digits(Walk *w) {
        const char *start = w->p;

        while (peek(w) >= '0' && peek(w) <= '9')
                w->p++;
        return w->p > start;
}

static bool walk_number(Walk *w) {
        take(w, '-');
        if (!take(w, '0') && !walk_digits(w))
                return false;
        if (take(w, '.') && !walk_digits(w))
                return false;
        if (take(w, 'e') || take(w, 'E')) {
                if (!take(w, '+'))
                        take(w, '-');
                if (!walk_digits(w))
                        return false;
        }
        w->n_tokens++;
        return true;
}

static bool walk_word(Walk *w) {
        static const char *const words[] = { "true", "false", "null" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                size_t size = strlen(words[i]);

                if ((size_t)(w->end - w->p) < size || memcmp(w->p, words[i], size) != 0)
                        continue;
                w->p += size;
                w->n_tokens++;
                return true;
        }
        return false;
}

static bool walk_name(Walk *w) {
        skip_space(w);
        if (!walk_string(w))
                return false;
        skip_space(w);
        return take(w, ':');
}

/* Behind a value: closes what ends here and steps over a comma. False: not JSON. */
static bool walk_behind_value(Walk *w) {
        for (skip_space(w); w->depth > 0; skip_space(w)) {
                char closing = w->closing[w->depth - 1];

                if (take(w, ','))
                        return closing == ']' || walk_name(w);
                if (!take(w, closing))
                        return false;
                w->depth--;
        }
        return true;
}

/* Opens an object or an array; an empty one is closed at once and counts as a value that ended. */
static int walk_container(Walk *w, bool *ret_ended) {
        char closing = *w->p++ == '{' ? '}' : ']';

        w->n_tokens++;
        skip_space(w);
        if (take(w, closing)) {
                *ret_ended = true;
                return 0;
        }
        if (w->depth == JSON_DEPTH_MAX)
                return -E2BIG;
        w->closing[w->depth++] = closing;
        if (closing == '}' && !walk_name(w))
                return -EBADMSG;
        *ret_ended = false;
        return 0;
}

static bool walk_scalar(Walk *w) {
        if (peek(w) == '"')
                return walk_string(w);
        if (peek(w) == '-' || (peek(w) >= '0' && peek(w) <= '9'))
                return walk_number(w);
        return walk_word(w);
}

int json_validate(const char *text, size_t size, unsigned *ret_n_tokens) {
        Walk w = { .p = text, .end = text + size };

        do {
                bool ended = true;

                skip_space(&w);
                if (peek(&w) == '{' || peek(&w) == '[') {
                        int r = walk_container(&w, &ended);

                        if (r < 0)
                                return r;
                } else if (!walk_scalar(&w)) {
                        return -EBADMSG;
                }
                if (w.n_tokens > JSON_NODES_MAX)
                        return -E2BIG;
                if (ended && !walk_behind_value(&w))
                        return -EBADMSG;
                if (ended && w.depth == 0)
                        break;
        } while (w.p < w.end);

        if (w.depth > 0 || w.p != w.end)
                return -EBADMSG;
        *ret_n_tokens = w.n_tokens;
        return 0;
}

static uint32_t next_escape(const char **p) {
        static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
        char c = *(*p)++;
        const char *simple = strchr(from, c);
        uint32_t unit;

        if (c != 'u')
                return simple ? (uint32_t)to[simple - from] : (uint32_t)c;
        unit = (uint32_t)unicode_unit(*p, NULL);
        *p += 4;
        if (unit < 0xd800 || unit > 0xdbff)
                return unit;
        unit = 0x10000 + ((unit - 0xd800) << 10) + ((uint32_t)unicode_unit(*p + 2, NULL) - 0xdc00);
        *p += 6;
        return unit;
}

uint32_t json_next_character(const char **p) {
        unsigned char c = (unsigned char)*(*p)++;
        uint32_t character;
        int more;

        if (c == '\\')
                return next_escape(p);
        if (c < 0x80)
                return c;
        more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
        character = c & (0x3fU >> more);
        for (int i = 0; i < more; i++)
                character = character << 6 | (*(*p)++ & 0x3f);
        return character;
}
