#pragma once

/* How members of the API's objects read in tables and in lines, one row each. */

#include <stddef.h>

#include "ctl/ctl.h"

enum ColumnKind {
        COLUMN_TEXT,
        COLUMN_NUMBER,
        COLUMN_TIME,  /* seconds since 1970 → local time */
        COLUMN_SPAN,  /* seconds → "7 days" */
        COLUMN_LIST,  /* an array of words */
        COLUMN_LINES, /* an array of longer texts: a line each, not for tables */
        COLUMN_BOOL,  /* yes, no */
};

typedef struct Column {
        const char *heading; /* NULL: not in tables */
        const char *label;
        const char *member;
        enum ColumnKind kind;
} Column;

#define TIME_TEXT_MAX 64

/* "2026-11-29 08:12 UTC", in the time zone of whoever asks. */
void time_format(int64_t seconds, char ret[static TIME_TEXT_MAX]);
/* "7 days", "1 hour", "90 seconds": the largest unit that divides it. */
void span_format(int64_t seconds, char ret[static TIME_TEXT_MAX]);

/* To standard output, with escapes for control characters, which a terminal would obey. */
void print_safely(const char *text);

/* The member's text, the caller's to free; NULL when it is absent. -EBADMSG: another type. */
int column_text(const Column *column, const Json *json, JsonNode object, char **ret);

/* "label  text" lines for what is there. */
enum Exit columns_print(const Column *columns, size_t n, const Json *json, JsonNode object);
/* The same of a whole reply, or with --json the reply. */
enum Exit reply_show(const Ctl *ctl, const Column *columns, size_t n, const Reply *reply);
