/* passwd(5): name, password, uid, gid, comment, home, shell. */

#include <errno.h>
#include <string.h>

#include "ctl/import-account.h"
#include "wire/cleanup.h"
#include "wire/text.h"

enum { NAME, PASSWORD, UID, GID, COMMENT, HOME, SHELL, N_FIELDS };

/* What an empty shell means (passwd(5)). */
#define SHELL_DEFAULT "/bin/sh"

static int number_take(Span field, const char *member, Account *account, int64_t *ret) {
        int64_t number;

        if (span_int64(field, &number) == 0 && number >= 0 && number <= UINT32_MAX) {
                *ret = number;
                return 0;
        }
        if (account->verdict == IMPORT_TO_ADD) {
                account->verdict = IMPORT_INVALID_VALUE;
                return text_copy(member, &account->member);
        }
        return 0;
}

/* "x" and nothing: it is in shadow(5), or there is none. */
static int hash_take(Span field, Account *account) {
        account->has_hash = field.size > 0 && !span_equals(field, "x");
        return account->has_hash ? secret_append(&account->hash, field.text, field.size) : 0;
}

static int line_parse(Span line, Account *account) {
        Span fields[N_FIELDS];
        int r;

        if (!span_split(line, N_FIELDS, fields)) {
                account->verdict = IMPORT_FIELD_COUNT;
                account->is_torn = true;
                return fields[0].size < line.size ? span_copy(fields[0], &account->name) : 0;
        }
        r = span_copy(fields[NAME], &account->name);
        if (r == 0)
                r = number_take(fields[UID], "uid", account, &account->uid);
        if (r == 0)
                r = number_take(fields[GID], "gid", account, &account->gid);
        if (r == 0)
                r = hash_take(fields[PASSWORD], account);
        if (r == 0 && fields[HOME].size > 0)
                r = span_copy(fields[HOME], &account->home);
        if (r == 0)
                r = fields[SHELL].size > 0 ? span_copy(fields[SHELL], &account->shell)
                                           : text_copy(SHELL_DEFAULT, &account->shell);
        return r;
}

int passwd_parse(const char *file, const char *text, size_t size, Accounts *ret) {
        return accounts_parse(file, text, size, line_parse, ret);
}
