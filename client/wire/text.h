#pragma once

/* Small helpers for text that both ends need. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire/cleanup.h"

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}
/* NULL equals NULL only. */
static inline bool streq_ptr(const char *a, const char *b) {
        return a && b ? streq(a, b) : a == b;
}

/* NULL stays NULL. 0 or -ENOMEM. */
int text_copy(const char *text, char **ret);

/* Valid UTF-8 of exactly size bytes, without NUL. */
bool text_is_utf8(const char *text, size_t size);

/* A login name as tokend takes it: 1 to USER_NAME_MAX bytes of [A-Za-z0-9_.@-] or UTF-8 above
 * ASCII, not starting with '-' or '.', not all digits, ending optionally in '$'. Never '/', ':',
 * white space or a control character. */
bool user_name_is_valid(const char *name);

/* The value of one hex digit of either case; -1: it is none. */
int hex_value(char c);
/* A token or a token id: size lower-case hex digits and nothing behind them. */
bool text_is_hex(const char *text, size_t size);
/* Writes 2 * size digits and a NUL. */
void hex_encode(const void *data, size_t size, char *ret);
/* -EINVAL unless text is 2 * size lower-case hex digits. */
int hex_decode(const char *text, void *ret, size_t size);

/* A whole decimal number with nothing around it. -EINVAL, -ERANGE. */
int parse_int64(const char *text, int64_t *ret);
int parse_uint32(const char *text, uint32_t *ret);

/* NULL-terminated vectors of strings. */
char **strv_free(char **strv);
static inline void strv_freep(char ***strv) {
        strv_free(*strv);
}
size_t strv_length(char *const *strv);
bool strv_contains(char *const *strv, const char *text);
/* Takes a copy of text. 0 or -ENOMEM. */
int strv_extend(char ***strv, const char *text);
/* Splits at any of separators, drops empty parts. An empty text gives an empty vector. */
int strv_split(const char *text, const char *separators, char ***ret);
int strv_copy(char *const *strv, char ***ret);
/* NULL or "" for an empty vector is "". */
int strv_join(char *const *strv, const char *separator, char **ret);
