/* Any bytes as comma-separated values, as they are and as rows below a good first line. */

#include "import.h"

#include "ctl/import-csv.h"
#include "wire/cleanup.h"

#define HEAD "name,uid,scopes,password,expires,ssh_keys\n"

static void check(const char *text, size_t size) {
        _cleanup_(import_list_done) ImportList list = IMPORT_LIST_INIT;
        bool has_secrets;

        fuzz_check(csv_parse("csv", text, size, &list, &has_secrets) == 0);
        fuzz_check_list(&list, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;

        check((const char *)data, size);
        fuzz_check(secret_append_text(&text, HEAD) == 0);
        fuzz_check(secret_append(&text, data, size) == 0);
        check(text.text, text.size);
        return 0;
}
