/* tokenctl user import: files in, a report out. Everything is read and looked at before the first
 * user is added; then each line is for itself, and one that fails keeps no other out. */

#include <errno.h>
#include <pwd.h>

#include "ctl/import-account.h"
#include "ctl/import-csv.h"
#include "ctl/import-file.h"
#include "ctl/import-json-lines.h"
#include "ctl/import-report.h"
#include "ctl/import-send.h"
#include "ctl/progress.h"
#include "ctl/verbs.h"
#include "wire/cleanup.h"

/* What is borrowed by the list's entries lives in argv. */
static enum Exit accounts_read(const Ctl *ctl, enum Option option, Accounts *ret) {
        _cleanup_(import_file_done) ImportFile file = IMPORT_FILE_INIT;
        bool is_shadow = option == OPTION_SHADOW;
        enum Exit e;
        int r;

        if (!ctl_option(ctl, option))
                return EXIT_DONE;
        e = import_file_read(ctl, option, &file);
        if (e != EXIT_DONE)
                return e;
        if (is_shadow)
                import_file_warn(&file);
        r = (is_shadow ? shadow_parse : passwd_parse)(file.name, secret_text(&file.text),
                                                      file.text.size, ret);
        return r < 0 ? complain_of_error(file.name, r) : EXIT_DONE;
}

static int64_t uid_of_system(const char *name) {
        struct passwd *row = getpwnam(name);

        return row ? (int64_t)row->pw_uid : -1;
}

static enum Exit accounts_import(const Ctl *ctl, ImportList *ret) {
        _cleanup_(accounts_done) Accounts passwd = ACCOUNTS_INIT, shadow = ACCOUNTS_INIT;
        bool has_passwd = ctl_option(ctl, OPTION_PASSWD) != NULL;
        bool has_shadow = ctl_option(ctl, OPTION_SHADOW) != NULL;
        enum Exit e;
        int r;

        e = accounts_read(ctl, OPTION_PASSWD, &passwd);
        if (e == EXIT_DONE)
                e = accounts_read(ctl, OPTION_SHADOW, &shadow);
        if (e != EXIT_DONE)
                return e;
        /* Behind a URL is another machine, with accounts of its own. */
        r = accounts_join(has_passwd ? &passwd : NULL, has_shadow ? &shadow : NULL,
                          ctl_option(ctl, OPTION_URL) ? NULL : uid_of_system, ret);
        return r < 0 ? complain_of_error(NULL, r) : EXIT_DONE;
}

typedef int (*ListParser)(const char *file, const char *text, size_t size, ImportList *ret,
                          bool *ret_has_secrets);

static enum Exit list_import(const Ctl *ctl, enum Option option, ListParser parse,
                             ImportList *ret) {
        _cleanup_(import_file_done) ImportFile file = IMPORT_FILE_INIT;
        bool has_secrets = false;
        enum Exit e;
        int r;

        e = import_file_read(ctl, option, &file);
        if (e != EXIT_DONE)
                return e;
        r = parse(file.name, secret_text(&file.text), file.text.size, ret, &has_secrets);
        if (r < 0)
                return complain_of_error(file.name, r);
        if (has_secrets)
                import_file_warn(&file);
        return EXIT_DONE;
}

static enum Exit list_make(const Ctl *ctl, ImportList *ret) {
        bool is_system = ctl_option(ctl, OPTION_SHADOW) || ctl_option(ctl, OPTION_PASSWD);
        bool is_csv = ctl_option(ctl, OPTION_CSV) != NULL;
        bool is_json = ctl_option(ctl, OPTION_JSON_LINES) != NULL;

        if (is_system + is_csv + is_json != 1)
                return complain_of_usage("user import takes one of: --passwd= with --shadow= or "
                                         "either of them, --csv=, --json-lines=");
        if (is_system)
                return accounts_import(ctl, ret);
        if (is_csv)
                return list_import(ctl, OPTION_CSV, csv_parse, ret);
        return list_import(ctl, OPTION_JSON_LINES, json_lines_parse, ret);
}

/* Stops where there is no use in going on. */
static enum Exit entries_send(Ctl *ctl, ImportList *list, bool is_trial) {
        Progress progress = progress_start("users", list->n_entries);
        int r = 0;

        for (size_t i = 0; i < list->n_entries; i++) {
                ImportEntry *entry = &list->entries[i];

                if (r == 0)
                        r = import_send(ctl, entry, is_trial);
                if (r == 0)
                        progress_step(&progress);
                else if (entry->verdict == IMPORT_TO_ADD || entry->verdict == IMPORT_REFUSED)
                        entry->verdict = IMPORT_NOT_TRIED;
        }
        progress_end(&progress);
        return r == 0 ? EXIT_DONE : import_complain(ctl, r);
}

enum Exit user_import(Ctl *ctl, char **arguments, size_t n) {
        _cleanup_(import_list_done) ImportList list = IMPORT_LIST_INIT;
        bool is_trial = option_is_given(&ctl->options, OPTION_DRY_RUN);
        enum Exit ended, reported, e;

        e = list_make(ctl, &list);
        if (e != EXIT_DONE)
                return e;
        ended = entries_send(ctl, &list, is_trial);
        reported = import_report(ctl, &list, is_trial);
        return ended == EXIT_DONE ? reported : ended;
}
