/* shadow(5): name, password, day of the last change, four fields of password aging, day of the
 * account's end, a field for later. A last change on day 0 asks for a new password; the rest of
 * password aging has no place in tokend. Days are days of UTC. */

#include <errno.h>
#include <string.h>

#include "ctl/import-account.h"
#include "wire/cleanup.h"
#include "wire/text.h"

enum { NAME, PASSWORD, CHANGED, MINIMUM, MAXIMUM, WARNING, INACTIVE, END, LATER, N_FIELDS };

#define SECONDS_A_DAY 86400
/* Beyond the year 9999. */
#define DAYS_MAX 2932896

/* Empty, or below 0: none, which is -1. False: neither that nor a day. */
static bool day_parse(Span field, int64_t *ret) {
        int64_t day = -1;

        if (field.size > 0 && span_int64(field, &day) < 0)
                return false;
        if (day > DAYS_MAX)
                return false;
        *ret = day < 0 ? -1 : day;
        return true;
}

static int value_refuse(const char *member, Account *account) {
        account->verdict = IMPORT_INVALID_VALUE;
        return text_copy(member, &account->member);
}

static int line_parse(Span line, Account *account) {
        Span fields[N_FIELDS];
        int64_t changed, end;
        int r;

        if (!span_split(line, N_FIELDS, fields)) {
                account->verdict = IMPORT_FIELD_COUNT;
                account->is_torn = true;
                return fields[0].size < line.size ? span_copy(fields[0], &account->name) : 0;
        }
        r = span_copy(fields[NAME], &account->name);
        if (r < 0)
                return r;
        if (!day_parse(fields[CHANGED], &changed))
                return value_refuse("last change", account);
        if (!day_parse(fields[END], &end))
                return value_refuse("expires", account);
        account->must_change = changed == 0;
        /* Day 0 is long over, and 0 s would mean never. */
        if (end >= 0)
                account->expires = end > 0 ? end * SECONDS_A_DAY : 1;
        account->has_hash = true;
        return secret_append(&account->hash, fields[PASSWORD].text, fields[PASSWORD].size);
}

int shadow_parse(const char *file, const char *text, size_t size, Accounts *ret) {
        return accounts_parse(file, text, size, line_parse, ret);
}
