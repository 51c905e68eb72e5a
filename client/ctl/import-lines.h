#pragma once

/* The lines of a file that is in memory, and their fields. */

#include "ctl/import-entry.h"

/* Longer ones make no request that tokend takes. */
#define IMPORT_LINE_MAX (64U * 1024U)

/* Part of the file; not terminated. */
typedef struct Span {
        const char *text;
        size_t size;
} Span;

typedef struct LineReader {
        Span rest;
        size_t number; /* of the line that was read last */
} LineReader;

/* Without a byte order mark. */
LineReader line_reader(const char *text, size_t size);
/* Without its line break, "\r\n" also. Its verdict is IMPORT_TO_ADD, or what is wrong with the
 * bytes in it. False: there is none left. */
bool line_next(LineReader *reader, Span *ret, enum ImportVerdict *ret_verdict);
/* What is wrong with the bytes of a line or a record; IMPORT_TO_ADD: nothing. */
enum ImportVerdict span_judge(Span span);

/* Splits at ':' into n fields. False: not exactly n; ret[0] is the first one all the same. */
bool span_split(Span line, size_t n, Span *ret);
bool span_equals(Span span, const char *text);
/* A whole decimal number. -EINVAL, -ERANGE. */
int span_int64(Span span, int64_t *ret);
/* 0 or -ENOMEM. */
int span_copy(Span span, char **ret);
