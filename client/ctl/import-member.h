#pragma once

/* What POST /v1/users takes: the columns of CSV, the members of JSON lines. */

#include <stdbool.h>
#include <stddef.h>

enum ImportKind {
        IMPORT_KIND_TEXT,
        IMPORT_KIND_NUMBER,
        IMPORT_KIND_WORDS, /* in CSV with spaces between */
        IMPORT_KIND_LINES, /* in CSV with line breaks between */
        IMPORT_KIND_DATE,  /* in CSV as in date-input.h */
        IMPORT_KIND_IGNORED,
        IMPORT_KIND_GID, /* only looked at */
};

typedef struct ImportMember {
        const char *name;
        enum ImportKind kind;
        bool is_secret;
} ImportMember;

/* NULL: there is none. Of what only replies have, a kind that is not sent. */
const ImportMember *import_member_find(const char *name);
