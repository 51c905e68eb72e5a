/* Checks and conversions of text: names, hex digits, numbers, vectors of strings. Nothing here
 * depends on the locale. */

#include "wire/text.h"

#include <errno.h>

#include "wire/protocol.h"

int text_copy(const char *text, char **ret) {
        char *copy = NULL;

        if (text) {
                copy = strdup(text);
                if (!copy)
                        return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

/* Length of the sequence that starts here, 0 when it is none (RFC 3629 section 4). */
static size_t utf8_sequence(const unsigned char *p, size_t left) {
        uint32_t c, min;
        size_t n;

        if (p[0] < 0x80)
                return 1;
        if (p[0] >= 0xc2 && p[0] < 0xe0) {
                n = 2, c = p[0] & 0x1f, min = 0x80;
        } else if (p[0] >= 0xe0 && p[0] < 0xf0) {
                n = 3, c = p[0] & 0x0f, min = 0x800;
        } else if (p[0] >= 0xf0 && p[0] < 0xf5) {
                n = 4, c = p[0] & 0x07, min = 0x10000;
        } else {
                return 0;
        }
        if (left < n)
                return 0;
        for (size_t i = 1; i < n; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | (p[i] & 0x3f);
        }
        return c >= min && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? n : 0;
}

bool text_is_utf8(const char *text, size_t size) {
        const unsigned char *p = (const unsigned char *)text;
        size_t i = 0;

        while (i < size) {
                size_t n = p[i] == '\0' ? 0 : utf8_sequence(p + i, size - i);

                if (n == 0)
                        return false;
                i += n;
        }
        return true;
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_name_char(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
               (unsigned char)c >= 0x80 || c == '_' || c == '.' || c == '-' || c == '@';
}

bool user_name_is_valid(const char *name) {
        size_t size = name ? strnlen(name, USER_NAME_MAX + 1) : 0;
        bool only_digits = true;

        if (size == 0 || size > USER_NAME_MAX || name[0] == '-' || name[0] == '.')
                return false;
        for (size_t i = 0; i < size; i++) {
                bool is_last_dollar = name[i] == '$' && i == size - 1 && i > 0;

                if (!is_name_char(name[i]) && !is_last_dollar)
                        return false;
                /* C1 control characters as UTF-8 */
                if ((unsigned char)name[i] == 0xc2 && (unsigned char)name[i + 1] < 0xa0)
                        return false;
                only_digits = only_digits && is_digit(name[i]);
        }
        return !only_digits && text_is_utf8(name, size);
}

int hex_value(char c) {
        if (is_digit(c))
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_lower_hex(char c) {
        return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool text_is_hex(const char *text, size_t size) {
        if (!text || strnlen(text, size + 1) != size)
                return false;
        for (size_t i = 0; i < size; i++)
                if (!is_lower_hex(text[i]))
                        return false;
        return true;
}

void hex_encode(const void *data, size_t size, char *ret) {
        const uint8_t *bytes = data;

        for (size_t i = 0; i < size; i++) {
                ret[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
                ret[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
        }
        ret[2 * size] = '\0';
}

int hex_decode(const char *text, void *ret, size_t size) {
        uint8_t *bytes = ret;

        if (!text_is_hex(text, 2 * size))
                return -EINVAL;
        for (size_t i = 0; i < size; i++)
                bytes[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
        return 0;
}

int parse_int64(const char *text, int64_t *ret) {
        const char *p = text;
        bool negative = false;
        int64_t value = 0;

        if (p && *p == '-') {
                negative = true;
                p++;
        }
        if (!p || !is_digit(*p))
                return -EINVAL;
        for (; is_digit(*p); p++) {
                int digit = *p - '0';

                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_sub_overflow(value, digit, &value))
                        return -ERANGE;
        }
        if (*p)
                return -EINVAL;
        /* summed up below zero, where there is room for one more */
        if (!negative && value == INT64_MIN)
                return -ERANGE;
        *ret = negative ? value : -value;
        return 0;
}

int parse_uint32(const char *text, uint32_t *ret) {
        int64_t value;
        int r = parse_int64(text, &value);

        if (r < 0)
                return r;
        if (value < 0 || value > UINT32_MAX)
                return -ERANGE;
        *ret = (uint32_t)value;
        return 0;
}

char **strv_free(char **strv) {
        for (char **s = strv; s && *s; s++)
                free(*s);
        free(strv);
        return NULL;
}

size_t strv_length(char *const *strv) {
        size_t n = 0;

        while (strv && strv[n])
                n++;
        return n;
}

bool strv_contains(char *const *strv, const char *text) {
        for (; strv && *strv; strv++)
                if (streq(*strv, text))
                        return true;
        return false;
}

static int strv_extend_bytes(char ***strv, const char *text, size_t size) {
        size_t n = strv_length(*strv);
        char *copy, **grown;

        copy = strndup(text, size);
        if (!copy)
                return -ENOMEM;
        grown = reallocarray(*strv, n + 2, sizeof(char *));
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        grown[n] = copy;
        grown[n + 1] = NULL;
        *strv = grown;
        return 0;
}

int strv_extend(char ***strv, const char *text) {
        return strv_extend_bytes(strv, text, strlen(text));
}

static size_t count_words(const char *text, const char *separators) {
        size_t n = 0;

        for (const char *p = text + strspn(text, separators); *p; n++) {
                p += strcspn(p, separators);
                p += strspn(p, separators);
        }
        return n;
}

/* Text of strangers may have a word in every other byte: the list is made in its full length. */
int strv_split(const char *text, const char *separators, char ***ret) {
        size_t n = count_words(text, separators);
        _cleanup_(strv_freep) char **strv = calloc(n + 1, sizeof(char *));
        const char *p = text;

        if (!strv)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                p += strspn(p, separators);
                strv[i] = strndup(p, strcspn(p, separators));
                if (!strv[i])
                        return -ENOMEM;
                p += strcspn(p, separators);
        }
        *ret = TAKE_PTR(strv);
        return 0;
}

int strv_copy(char *const *strv, char ***ret) {
        _cleanup_(strv_freep) char **copy = NULL;

        if (!strv) {
                *ret = NULL;
                return 0;
        }
        copy = calloc(strv_length(strv) + 1, sizeof(char *));
        if (!copy)
                return -ENOMEM;
        for (size_t i = 0; strv[i]; i++) {
                copy[i] = strdup(strv[i]);
                if (!copy[i])
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(copy);
        return 0;
}

int strv_join(char *const *strv, const char *separator, char **ret) {
        size_t size = 1, between = strlen(separator);
        char *joined, *p;

        for (char *const *s = strv; s && *s; s++)
                size += strlen(*s) + between;
        joined = malloc(size);
        if (!joined)
                return -ENOMEM;
        p = joined;
        for (char *const *s = strv; s && *s; s++) {
                if (s != strv)
                        p = stpcpy(p, separator);
                p = stpcpy(p, *s);
        }
        *p = '\0';
        *ret = joined;
        return 0;
}
