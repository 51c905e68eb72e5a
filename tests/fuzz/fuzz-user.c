/* Any text as a user's field, a token or an id: what is taken fits into a line of passwd(5), a path
 * and a header. */

#include "fuzz.h"

#include "base/token.h"
#include "base/user.h"
#include "wire/text.h"

static bool has_control(const char *text) {
        for (; *text; text++)
                if ((unsigned char)*text < ' ' || *text == '\177')
                        return true;
        return false;
}

static void check_token(const char *text, size_t size) {
        char id[TOKEN_ID_SIZE + 1];
        TokenHash hash, half;

        if (token_hash_from_text(text, size, &hash) < 0)
                return;
        fuzz_check(size == TOKEN_TEXT_SIZE && strspn(text, "0123456789abcdef") == size);
        token_hash_to_id(&hash, id);
        fuzz_check(token_hash_from_id(id, &half) == 0);
        fuzz_check(memcmp(hash.bytes, half.bytes, TOKEN_ID_SIZE / 2) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        enum UserState state;
        TokenHash hash;

        if (id_is_valid(text))
                fuzz_check(!has_control(text) && !strchr(text, ' ') && strlen(text) <= 128);
        if (email_is_valid(text))
                fuzz_check(!has_control(text) && strchr(text, '@') == strrchr(text, '@'));
        if (account_path_is_valid(text)) {
                fuzz_check(text[0] == '/' && !has_control(text) && !strpbrk(text, ":,"));
                fuzz_check(!strstr(text, "/../") && text_is_utf8(text, strlen(text)));
        }
        if (user_state_from_string(text, &state) == 0)
                fuzz_check(streq(user_state_to_string(state), text));
        if (token_hash_from_id(text, &hash) == 0)
                fuzz_check(text_is_hex(text, TOKEN_ID_SIZE));
        check_token(text, strlen(text));
        return 0;
}
