#pragma once

/* What holds for every list that is made from a file of users, whatever is in it. */

#include "fuzz.h"

#include "ctl/import-lines.h"
#include "wire/json-read.h"
#include "wire/text.h"

/* A body is one object, with the entry's name and nothing that a user does not have. */
static inline void fuzz_check_body(const ImportEntry *entry) {
        char *name = NULL;
        Json *json = NULL;

        fuzz_check(json_parse(secret_text(&entry->body), entry->body.size, &json) == 0);
        fuzz_check(json_type(json, JSON_ROOT) == JSON_OBJECT);
        fuzz_check(json_get_text(json, JSON_ROOT, "name", &name) == 0);
        fuzz_check(streq(name, entry->name));
        free(name);
        json_free(json);
}

static inline void fuzz_check_list(const ImportList *list, size_t size) {
        for (size_t i = 0; i < list->n_entries; i++) {
                const ImportEntry *entry = &list->entries[i];

                fuzz_check(entry->line > 0 && entry->line <= size + 1);
                fuzz_check(entry->verdict < _IMPORT_VERDICT_MAX);
                fuzz_check(import_verdicts[entry->verdict].word);
                fuzz_check(!entry->name || user_name_is_valid(entry->name));
                fuzz_check((entry->verdict == IMPORT_TO_ADD) == (entry->body.size > 0));
                if (entry->verdict != IMPORT_TO_ADD)
                        continue;
                fuzz_check(entry->name && !streq(entry->name, "nobody"));
                fuzz_check(entry->uid < 0 || entry->uid >= 1000);
                fuzz_check_body(entry);
        }
        for (size_t i = 0; i + 1 < list->n_entries && i < 64; i++)
                for (size_t j = i + 1; j < list->n_entries && j < 64; j++)
                        fuzz_check(list->entries[i].verdict != IMPORT_TO_ADD ||
                                   list->entries[j].verdict != IMPORT_TO_ADD ||
                                   !streq(list->entries[i].name, list->entries[j].name));
}
