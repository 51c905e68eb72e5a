/* Any text as a list of scopes: what is taken is sorted, has each word once, is the same after it
 * was written and read again, and gives nobody a reserved word who has no list with it. */

#include "fuzz.h"

#include <errno.h>

#include "base/scope.h"
#include "wire/text.h"

static void check_words(char **words) {
        bool has_reserved = false;

        for (size_t i = 0; words && words[i]; i++) {
                fuzz_check(scope_is_valid(words[i]) && !strpbrk(words[i], " ,\"\\"));
                fuzz_check(i == 0 || strcmp(words[i - 1], words[i]) < 0);
                has_reserved = has_reserved || scope_is_reserved(words[i]);
        }
        fuzz_check(scopes_within_owner(words, NULL) == !has_reserved);
        fuzz_check(scopes_within_token(words, NULL) == !has_reserved);
        fuzz_check(scopes_may_be_reserved(words) == has_reserved);
        fuzz_check(scopes_within_owner(words, words) && scopes_within_token(words, words));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(strv_freep) char **words = NULL, **again = NULL;
        _cleanup_(freep) char *text = fuzz_text(data, size < 4096 ? size : 4096), *written = NULL;

        int r = scopes_parse(text, &words);
        if (r < 0) {
                fuzz_check(r == -EINVAL && !words);
                return 0;
        }
        fuzz_check(strv_length(words) <= SCOPES_MAX && (!words || words[0]));
        check_words(words);
        fuzz_check(scopes_format(words, &written) == 0);
        fuzz_check(scopes_parse(written, &again) == 0);
        fuzz_check(strv_length(words) == strv_length(again));
        for (size_t i = 0; words && words[i]; i++)
                fuzz_check(streq(words[i], again[i]));
        return 0;
}
