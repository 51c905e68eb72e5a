#pragma once

/* A user as a file has it: the request that adds it, or why it is left out. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/secret.h"

enum ImportResult { IMPORT_RESULT_ADDED, IMPORT_RESULT_SKIPPED, IMPORT_RESULT_FAILED };

enum ImportVerdict {
        IMPORT_TO_ADD,
        IMPORT_ADDED,
        /* Skipped. */
        IMPORT_EXISTS,
        IMPORT_SYSTEM_ACCOUNT,
        IMPORT_RESERVED_UID,
        IMPORT_NOBODY,
        IMPORT_NIS,
        IMPORT_NO_PASSWORD,
        IMPORT_NOT_IN_PASSWD,
        /* Failed. */
        IMPORT_NOT_IN_SHADOW,
        IMPORT_LINE_TOO_LONG,
        IMPORT_NUL,
        IMPORT_NOT_UTF8,
        IMPORT_FIELD_COUNT,
        IMPORT_QUOTES,
        IMPORT_NOT_JSON,
        IMPORT_INVALID_NAME,
        IMPORT_INVALID_VALUE,
        IMPORT_UNKNOWN_MEMBER,
        IMPORT_MEMBER_TWICE,
        IMPORT_NO_NAMES,
        IMPORT_DUPLICATE,
        IMPORT_REFUSED, /* by tokend: reason and message say why */
        IMPORT_NOT_TRIED,
        _IMPORT_VERDICT_MAX,
};

typedef struct ImportVerdictRow {
        const char *word;     /* stable */
        const char *sentence; /* for people */
        enum ImportResult result;
} ImportVerdictRow;

extern const ImportVerdictRow import_verdicts[_IMPORT_VERDICT_MAX];

typedef struct ImportEntry {
        const char *file; /* borrowed */
        size_t line;
        char *name;  /* NULL: the line shows nothing that could be one */
        Secret body; /* of POST /v1/users; empty when it is not to be added */
        int64_t uid; /* -1: the file does not say */
        int64_t gid; /* likewise */
        enum ImportVerdict verdict;
        char *member; /* what the verdict is about; NULL: all of it */
        bool password_was_empty;
        int64_t new_gid; /* once added */
        char *reason;    /* of IMPORT_REFUSED */
        char *message;
} ImportEntry;

#define IMPORT_ENTRY_INIT ((ImportEntry){ .uid = -1, .gid = -1, .new_gid = -1 })
void import_entry_done(ImportEntry *entry);

typedef struct ImportList {
        ImportEntry *entries;
        size_t n_entries;
} ImportList;

#define IMPORT_LIST_INIT ((ImportList){ 0 })
void import_list_done(ImportList *list);
/* Takes what is in entry. 0 or -ENOMEM. */
int import_list_take(ImportList *list, ImportEntry *entry);

/* What an account of this name and uid (-1: not known) is: IMPORT_TO_ADD if it can be a person's.
 */
enum ImportVerdict import_verdict_of(const char *name, int64_t uid);
/* Leaves out what is nobody's account by its name or its uid, and names that can't be. */
void import_entry_judge(ImportEntry *entry);
/* Of several entries to add with one name the first stays. 0 or -ENOMEM. */
int import_list_judge_names(ImportList *list);
