#pragma once

/* What was found out, one line each, with what to do about it. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "wire/json-write.h"

enum FindingLevel {
        FINDING_OK,
        FINDING_NOTE,    /* worth knowing */
        FINDING_WARNING, /* works, but not as it should */
        FINDING_FAILURE,
        _FINDING_LEVEL_MAX,
};

typedef struct Finding {
        enum FindingLevel level;
        const char *name;   /* static: what was looked at */
        const char *reason; /* static: the stable word, NULL: none */
        char *text;
        char *advice; /* NULL: there is nothing to do */
} Finding;

typedef struct Findings {
        Finding *all;
        size_t n;
        int error; /* no memory for one of them */
} Findings;

#define FINDINGS_INIT ((Findings){ 0 })
void findings_done(Findings *findings);

/* Texts come from files and from names that anybody gave: control characters and what is no UTF-8
 * become '?'. Errors stick in findings->error. advice is copied, and may be NULL. */
void findings_add(Findings *findings, enum FindingLevel level, const char *name, const char *reason,
                  const char *advice, const char *format, ...)
                __attribute__((format(printf, 6, 7)));
void findings_addv(Findings *findings, enum FindingLevel level, const char *name,
                   const char *reason, const char *advice, const char *format, va_list arguments)
                __attribute__((format(printf, 6, 0)));

size_t findings_count(const Findings *findings, enum FindingLevel level);

const char *finding_level_name(enum FindingLevel level);

/* To standard output, in colour on a terminal; the worst first, or in their order. */
void findings_print(const Findings *findings, bool worst_first);
/* Objects of an array that is open. */
void findings_write(const Findings *findings, const char *name_member, JsonWriter *w);
