/* Any bytes as shadow(5) alone: a hash goes to tokend as the line has it. */

#include "import.h"

#include "ctl/import-account.h"
#include "wire/cleanup.h"

static int64_t uid_of(const char *name) {
        return name[0] == 'd' ? 2 : name[0] == 'k' ? 1002 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(accounts_done) Accounts secrets = ACCOUNTS_INIT;
        _cleanup_(import_list_done) ImportList list = IMPORT_LIST_INIT;

        fuzz_check(shadow_parse("shadow", (const char *)data, size, &secrets) == 0);
        for (size_t i = 0; i < secrets.n_rows; i++) {
                const Secret *hash = &secrets.rows[i].hash;

                fuzz_check(hash->size == 0 || memmem(data, size, hash->text, hash->size));
                fuzz_check(!memchr(secret_text(hash), '\n', hash->size));
                fuzz_check(secrets.rows[i].expires >= 0);
        }
        fuzz_check(accounts_join(NULL, &secrets, uid_of, &list) == 0);
        fuzz_check_list(&list, size);
        return 0;
}
