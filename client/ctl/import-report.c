/* The report names lines as compilers do, so that editors find them. It shows names that could be
 * names, tokend's own words, and nothing else of a file. */

#include "ctl/import-report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl/columns.h"
#include "wire/cleanup.h"
#include "wire/json-write.h"

typedef struct Counts {
        size_t added;
        size_t skipped;
        size_t failed;
        size_t not_tried;
} Counts;

static const char *const results[] = {
        [IMPORT_RESULT_ADDED] = "added",
        [IMPORT_RESULT_SKIPPED] = "skipped",
        [IMPORT_RESULT_FAILED] = "failed",
};

static Counts count(const ImportList *list) {
        Counts counts = { 0 };

        for (size_t i = 0; i < list->n_entries; i++) {
                const ImportEntry *entry = &list->entries[i];
                enum ImportResult result = import_verdicts[entry->verdict].result;

                counts.added += result == IMPORT_RESULT_ADDED;
                counts.skipped += result == IMPORT_RESULT_SKIPPED;
                counts.failed += result == IMPORT_RESULT_FAILED;
                counts.not_tried += entry->verdict == IMPORT_NOT_TRIED;
        }
        counts.failed -= counts.not_tried;
        return counts;
}

/* A trial does not know what is adopted; then the group is the file's. */
static bool gid_differs(const ImportEntry *entry) {
        return entry->gid >= 0 && entry->new_gid >= 0 && entry->gid != entry->new_gid;
}

static const char *word_of(const ImportEntry *entry) {
        return entry->reason && entry->verdict == IMPORT_REFUSED
                               ? entry->reason
                               : import_verdicts[entry->verdict].word;
}

static const char *sentence_of(const ImportEntry *entry) {
        return entry->message && entry->verdict == IMPORT_REFUSED
                               ? entry->message
                               : import_verdicts[entry->verdict].sentence;
}

static void place_print(const ImportEntry *entry) {
        print_safely(entry->file);
        printf(":%zu: ", entry->line);
        if (entry->name)
                printf("%s: ", entry->name);
}

static void entry_print(const ImportEntry *entry) {
        enum ImportResult result = import_verdicts[entry->verdict].result;

        if (result == IMPORT_RESULT_ADDED && entry->password_was_empty) {
                place_print(entry);
                puts("its password was empty, now it has none (password-was-empty)");
        }
        if (result == IMPORT_RESULT_ADDED && gid_differs(entry)) {
                place_print(entry);
                printf("its group is %" PRId64 " now, in the file it is %" PRId64
                       " (gid-differs)\n",
                       entry->new_gid, entry->gid);
        }
        if (result == IMPORT_RESULT_ADDED || entry->verdict == IMPORT_NOT_TRIED)
                return;
        place_print(entry);
        printf("%s: ", results[result]);
        if (entry->member) {
                print_safely(entry->member);
                fputs(": ", stdout);
        }
        printf("%s (%s)\n", sentence_of(entry), word_of(entry));
}

static void report_print(const ImportList *list, const Counts *counts, bool is_trial) {
        for (size_t i = 0; i < list->n_entries; i++)
                entry_print(&list->entries[i]);
        printf("%zu user%s %s, %zu skipped, %zu failed.\n", counts->added,
               counts->added == 1 ? "" : "s", is_trial ? "to add" : "added", counts->skipped,
               counts->failed);
        if (counts->not_tried > 0)
                printf("%zu not tried. Import the file again: who is there is skipped.\n",
                       counts->not_tried);
}

static void entry_write(JsonWriter *w, const ImportEntry *entry) {
        enum ImportVerdict verdict = entry->verdict;
        enum ImportResult result = import_verdicts[verdict].result;

        json_write_object(w, NULL);
        json_write_text(w, "file", entry->file);
        json_write_int(w, "line", (int64_t)entry->line);
        json_write_text(w, "name", entry->name);
        json_write_text(w, "result", verdict == IMPORT_NOT_TRIED ? "not-tried" : results[result]);
        if (result != IMPORT_RESULT_ADDED && verdict != IMPORT_NOT_TRIED) {
                json_write_text(w, "reason", word_of(entry));
                json_write_text(w, "message", sentence_of(entry));
                json_write_text(w, "member", entry->member);
        }
        if (result == IMPORT_RESULT_ADDED && entry->password_was_empty)
                json_write_bool(w, "password_was_empty", true);
        if (result == IMPORT_RESULT_ADDED && gid_differs(entry)) {
                json_write_int(w, "gid", entry->new_gid);
                json_write_int(w, "gid_in_file", entry->gid);
        }
        json_write_object_end(w);
}

static enum Exit report_print_json(const ImportList *list, const Counts *counts, bool is_trial) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        JsonWriter w = JSON_WRITER(&text);
        int r;

        json_write_object(&w, NULL);
        json_write_bool(&w, "dry_run", is_trial);
        json_write_int(&w, "added", (int64_t)counts->added);
        json_write_int(&w, "skipped", (int64_t)counts->skipped);
        json_write_int(&w, "failed", (int64_t)counts->failed);
        json_write_int(&w, "not_tried", (int64_t)counts->not_tried);
        json_write_array(&w, "users");
        for (size_t i = 0; i < list->n_entries; i++)
                entry_write(&w, &list->entries[i]);
        json_write_array_end(&w);
        json_write_object_end(&w);
        r = json_write_end(&w);
        if (r < 0)
                return complain_of_error("the report", r);
        puts(secret_text(&text));
        return EXIT_DONE;
}

enum Exit import_report(const Ctl *ctl, const ImportList *list, bool is_trial) {
        Counts counts = count(list);
        enum Exit e = EXIT_DONE;

        if (ctl_wants_json(ctl))
                e = report_print_json(list, &counts, is_trial);
        else
                report_print(list, &counts, is_trial);
        return e == EXIT_DONE && counts.failed + counts.not_tried > 0 ? EXIT_FAILED : e;
}
