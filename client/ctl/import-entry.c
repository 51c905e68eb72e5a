/* Entries, and the rules that hold for all kinds of files. What a line shows as a name is kept only
 * if it could be one: in a line that is broken, a password may stand there. */

#include "ctl/import-entry.h"

#include <errno.h>
#include <stdlib.h>

#include "wire/cleanup.h"
#include "wire/text.h"
#include "wire/uid.h"

#define ROW(verdict, result, word, sentence)                                                       \
        [IMPORT_##verdict] = { word, sentence, IMPORT_RESULT_##result }

/* clang-format off */
const ImportVerdictRow import_verdicts[_IMPORT_VERDICT_MAX] = {
        ROW(TO_ADD,         ADDED,   "to-add",         "to be added"),
        ROW(ADDED,          ADDED,   "added",          "added"),
        ROW(EXISTS,         SKIPPED, "exists",         "tokend has it already"),
        ROW(SYSTEM_ACCOUNT, SKIPPED, "system-account", "an account of the system's own"),
        ROW(RESERVED_UID,   SKIPPED, "reserved-uid",   "its uid is kept for other things"),
        ROW(NOBODY,         SKIPPED, "nobody",         "this is nobody"),
        ROW(NIS,            SKIPPED, "nis-entry",      "this refers to NIS"),
        ROW(NO_PASSWORD,    SKIPPED, "no-password",
            "it never had a password, and nothing says whether it is a person: see --passwd="),
        ROW(NOT_IN_PASSWD,  SKIPPED, "not-in-passwd",  "it is not in the file of --passwd="),
        ROW(NOT_IN_SHADOW,  FAILED,  "not-in-shadow",  "it is not in the file of --shadow="),
        ROW(LINE_TOO_LONG,  FAILED,  "line-too-long",  "longer than 64 KiB"),
        ROW(NUL,            FAILED,  "nul-byte",       "there is a NUL byte in it"),
        ROW(NOT_UTF8,       FAILED,  "not-utf8",       "not UTF-8"),
        ROW(FIELD_COUNT,    FAILED,  "wrong-fields",   "the wrong number of fields"),
        ROW(QUOTES,         FAILED,  "wrong-quotes",   "a quote that has no end, or should have none"),
        ROW(NOT_JSON,       FAILED,  "not-json",       "not a JSON object"),
        ROW(INVALID_NAME,   FAILED,  "invalid-name",   "this can't be a name"),
        ROW(INVALID_VALUE,  FAILED,  "invalid-value",  "a value is malformed or out of range"),
        ROW(UNKNOWN_MEMBER, FAILED,  "unknown-member", "users have nothing of this name"),
        ROW(MEMBER_TWICE,   FAILED,  "member-twice",   "two columns of this name"),
        ROW(NO_NAMES,       FAILED,  "no-names",       "no column is called \"name\""),
        ROW(DUPLICATE,      FAILED,  "duplicate",      "a line before has this name"),
        ROW(REFUSED,        FAILED,  "refused",        "tokend refused it"),
        ROW(NOT_TRIED,      FAILED,  "not-tried",      "not tried"),
};
/* clang-format on */

void import_entry_done(ImportEntry *entry) {
        free(entry->name);
        secret_done(&entry->body);
        free(entry->member);
        free(entry->reason);
        free(entry->message);
        *entry = IMPORT_ENTRY_INIT;
}

void import_list_done(ImportList *list) {
        for (size_t i = 0; i < list->n_entries; i++)
                import_entry_done(&list->entries[i]);
        free(list->entries);
        *list = IMPORT_LIST_INIT;
}

int import_list_take(ImportList *list, ImportEntry *entry) {
        size_t n = list->n_entries;

        /* Full at every power of two. */
        if ((n & (n - 1)) == 0) {
                ImportEntry *grown = reallocarray(list->entries, n > 0 ? 2 * n : 1, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                list->entries = grown;
        }
        list->entries[list->n_entries++] = TAKE(*entry, IMPORT_ENTRY_INIT);
        return 0;
}

enum ImportVerdict import_verdict_of(const char *name, int64_t uid) {
        if (name && streq(name, "nobody"))
                return IMPORT_NOBODY;
        if (uid >= 0 && uid <= UID_SYSTEM_MAX)
                return IMPORT_SYSTEM_ACCOUNT;
        if (uid >= 0 && (uid > UINT32_MAX || !uid_is_giveable((uint32_t)uid)))
                return IMPORT_RESERVED_UID;
        return user_name_is_valid(name) ? IMPORT_TO_ADD : IMPORT_INVALID_NAME;
}

void import_entry_judge(ImportEntry *entry) {
        if (entry->verdict == IMPORT_TO_ADD)
                entry->verdict = import_verdict_of(entry->name, entry->uid);
        if (!user_name_is_valid(entry->name)) {
                free(entry->name);
                entry->name = NULL;
        }
        if (entry->verdict != IMPORT_TO_ADD)
                secret_done(&entry->body);
}

static int compare_names(const void *a, const void *b) {
        const ImportEntry *x = *(ImportEntry *const *)a, *y = *(ImportEntry *const *)b;
        int order = strcmp(x->name, y->name);

        return order != 0 ? order : (x > y) - (x < y);
}

int import_list_judge_names(ImportList *list) {
        _cleanup_(freep) ImportEntry **sorted = calloc(list->n_entries + 1, sizeof(*sorted));
        size_t n = 0;

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < list->n_entries; i++)
                if (list->entries[i].verdict == IMPORT_TO_ADD)
                        sorted[n++] = &list->entries[i];
        qsort(sorted, n, sizeof(*sorted), compare_names);
        for (size_t i = 1; i < n; i++)
                if (streq(sorted[i - 1]->name, sorted[i]->name)) {
                        sorted[i]->verdict = IMPORT_DUPLICATE;
                        secret_done(&sorted[i]->body);
                }
        return 0;
}
