/* Any bytes as passwd(5), alone and with a shadow(5) behind a line of "--" in them: each line gives
 * one entry at most, in order, and who is added can be. */

#include "import.h"

#include "ctl/import-account.h"
#include "wire/cleanup.h"

#define CUT "\n--\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(accounts_done) Accounts people = ACCOUNTS_INIT, secrets = ACCOUNTS_INIT;
        _cleanup_(import_list_done) ImportList list = IMPORT_LIST_INIT;
        const char *text = (const char *)data;
        const char *cut = size > 0 ? memmem(text, size, CUT, strlen(CUT)) : NULL;
        size_t first = cut ? (size_t)(cut - text) : size;
        size_t n;

        fuzz_check(passwd_parse("passwd", text, first, &people) == 0);
        if (cut)
                fuzz_check(shadow_parse("shadow", cut + strlen(CUT), size - first - strlen(CUT),
                                        &secrets) == 0);
        n = people.n_rows + secrets.n_rows;
        fuzz_check(accounts_join(&people, cut ? &secrets : NULL, NULL, &list) == 0);
        fuzz_check(list.n_entries <= n && (cut || list.n_entries == n));
        fuzz_check_list(&list, size);
        return 0;
}
