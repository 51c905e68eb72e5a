/* Tokens: their texts, hashes, ids and lifetimes. */

#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/token.h"
#include "wire/text.h"

/* printf %s 000…0 | sha256sum */
#define ZEROS      "0000000000000000000000000000000000000000000000000000000000000000"
#define ZEROS_HASH "60e05bd1b195af2f94112fa7197a5c88289058840ce7c6df9693756bc6250f55"

static void test_hash_is_of_the_digits(void **state) {
        char hex[2 * TOKEN_HASH_SIZE + 1];
        TokenHash hash;

        assert_int_equal(token_hash_from_text(ZEROS, TOKEN_TEXT_SIZE, &hash), 0);
        hex_encode(hash.bytes, sizeof(hash.bytes), hex);
        assert_string_equal(hex, ZEROS_HASH);
}

static void test_generated_texts(void **state) {
        _cleanup_(secret_done) Secret first = SECRET_INIT, second = SECRET_INIT;
        TokenHash hash, same;

        assert_int_equal(token_text_generate(&first, &hash), 0);
        assert_int_equal(first.size, TOKEN_TEXT_SIZE);
        assert_true(text_is_hex(first.text, TOKEN_TEXT_SIZE));
        assert_int_equal(token_hash_from_text(first.text, first.size, &same), 0);
        assert_memory_equal(&hash, &same, sizeof(hash));

        assert_int_equal(token_text_generate(&second, &same), 0);
        assert_false(secret_equal(&first, &second));
        assert_memory_not_equal(&hash, &same, sizeof(hash));
}

static void test_malformed_texts(void **state) {
        static const char bad[] = { '/', ':', '`', 'g', 'A', 'F', ' ', '\0', '\n', '\xff' };
        TokenHash hash, before;
        char text[TOKEN_TEXT_SIZE + 2];

        memset(&hash, 0x55, sizeof(hash));
        before = hash;
        for (size_t i = 0; i < sizeof(bad); i++)
                for (size_t at = 0; at < TOKEN_TEXT_SIZE; at += 21) {
                        strcpy(text, ZEROS);
                        text[at] = bad[i];
                        assert_int_equal(token_hash_from_text(text, TOKEN_TEXT_SIZE, &hash),
                                         -EINVAL);
                }

        assert_int_equal(token_hash_from_text("", 0, &hash), -EINVAL);
        assert_int_equal(token_hash_from_text(ZEROS, TOKEN_TEXT_SIZE - 1, &hash), -EINVAL);
        assert_int_equal(token_hash_from_text(ZEROS "0", TOKEN_TEXT_SIZE + 1, &hash), -EINVAL);
        assert_memory_equal(&hash, &before, sizeof(hash));
}

static void test_ids(void **state) {
        TokenHash hash, half;
        char id[TOKEN_ID_SIZE + 1];

        assert_int_equal(token_hash_from_text(ZEROS, TOKEN_TEXT_SIZE, &hash), 0);
        token_hash_to_id(&hash, id);
        assert_int_equal(strlen(id), TOKEN_ID_SIZE);
        assert_memory_equal(id, ZEROS_HASH, TOKEN_ID_SIZE);

        assert_int_equal(token_hash_from_id(id, &half), 0);
        assert_memory_equal(half.bytes, hash.bytes, TOKEN_HASH_SIZE / 2);
        for (size_t i = TOKEN_HASH_SIZE / 2; i < TOKEN_HASH_SIZE; i++)
                assert_int_equal(half.bytes[i], 0);

        assert_int_equal(token_hash_from_id("", &half), -EINVAL);
        assert_int_equal(token_hash_from_id(ZEROS, &half), -EINVAL);
        assert_int_equal(token_hash_from_id("60E05BD1B195AF2F94112FA7197A5C88", &half), -EINVAL);
        assert_int_equal(token_hash_from_id("60e05bd1b195af2f94112fa7197a5c8", &half), -EINVAL);
}

static void test_references(void **state) {
        Token *token = token_new();

        assert_non_null(token);
        assert_int_equal(token->uid, UID_NONE);
        assert_int_equal(strv_extend(&token->scopes, "read"), 0);
        assert_ptr_equal(token_ref(token), token);
        assert_null(token_unref(token));
        assert_string_equal(token->scopes[0], "read");
        assert_null(token_unref(token));
        assert_null(token_unref(NULL));
        assert_null(token_ref(NULL));
}

static void test_kinds(void **state) {
        assert_string_equal(token_kind_to_string(TOKEN_ACCESS), "access");
        assert_string_equal(token_kind_to_string(TOKEN_REFRESH), "refresh");
        assert_null(token_kind_to_string(_TOKEN_KIND_MAX));
        assert_null(token_kind_to_string((enum TokenKind)-1));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hash_is_of_the_digits),
                cmocka_unit_test(test_generated_texts),
                cmocka_unit_test(test_malformed_texts),
                cmocka_unit_test(test_ids),
                cmocka_unit_test(test_references),
                cmocka_unit_test(test_kinds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
