/* Any bytes as percent-encoded text, as a name, as hex digits, as a number and as a list: what is
 * read can be written and read again, and a name has nothing in it that a file or a path would
 * understand. */

#include "fuzz.h"

#include <errno.h>
#include <inttypes.h>

#include "wire/form.h"
#include "wire/protocol.h"
#include "wire/text.h"

static void check_percent(const char *data, size_t size) {
        _cleanup_(secret_done) Secret encoded = SECRET_INIT, decoded = SECRET_INIT;
        _cleanup_(secret_done) Secret raw = SECRET_INIT;

        fuzz_check(percent_encode(&encoded, data, size) == 0);
        fuzz_check(!strpbrk(secret_text(&encoded), "&=+ \r\n/?#\"\\"));
        int r = form_decode(secret_text(&encoded), encoded.size, &decoded);
        fuzz_check(r == (size > 0 && memchr(data, '\0', size) ? -EBADMSG : 0));
        fuzz_check(r < 0 || decoded.size == size);
        fuzz_check(r < 0 || memcmp(secret_text(&decoded), data, size) == 0);

        if (form_decode(data, size, &raw) == 0)
                fuzz_check(raw.size <= size && strlen(secret_text(&raw)) == raw.size);
}

static void check_name(const char *text) {
        size_t size = strlen(text);

        if (!user_name_is_valid(text))
                return;
        fuzz_check(size > 0 && size <= USER_NAME_MAX && text_is_utf8(text, size));
        fuzz_check(text[0] != '-' && text[0] != '.' && strspn(text, "0123456789") < size);
        for (size_t i = 0; i < size; i++)
                fuzz_check((unsigned char)text[i] > ' ' && !strchr("/:\\\"'%,;=\177", text[i]));
}

static void check_hex(const char *text) {
        uint8_t bytes[16];
        char digits[2 * sizeof(bytes) + 1];

        int r = hex_decode(text, bytes, sizeof(bytes));
        fuzz_check((r == 0) == text_is_hex(text, 2 * sizeof(bytes)));
        if (r < 0)
                return;
        hex_encode(bytes, sizeof(bytes), digits);
        fuzz_check(streq(digits, text));
}

static void check_number(const char *text) {
        char digits[32];
        uint32_t unsigned_number;
        int64_t number;

        int r = parse_int64(text, &number);
        fuzz_check(r == 0 || r == -EINVAL || r == -ERANGE);
        if (r == 0) {
                const char *shortest = text + (text[0] == '-');

                while (shortest[0] == '0' && shortest[1])
                        shortest++;
                snprintf(digits, sizeof(digits), "%" PRId64, number);
                fuzz_check(streq(digits + (number < 0), shortest));
        }
        int r32 = parse_uint32(text, &unsigned_number);
        fuzz_check((r32 == 0) == (r == 0 && number >= 0 && number <= UINT32_MAX));
        fuzz_check(r32 < 0 || unsigned_number == number);
}

static void check_list(const char *text) {
        _cleanup_(strv_freep) char **words = NULL, **again = NULL;
        _cleanup_(freep) char *joined = NULL;

        fuzz_check(strv_split(text, " ,", &words) == 0);
        fuzz_check(strv_join(words, ",", &joined) == 0);
        fuzz_check(strv_split(joined, ",", &again) == 0);
        fuzz_check(strv_length(words) == strv_length(again));
        for (size_t i = 0; words[i]; i++)
                fuzz_check(words[i][0] && !strpbrk(words[i], " ,") && streq(words[i], again[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);

        check_percent((const char *)data, size);
        check_name(text);
        check_hex(text);
        check_number(text);
        if (size < 4096) /* growing a list is quadratic */
                check_list(text);
        return 0;
}
