/* Unit tests of wire/text. */

#include "unit.h"

#include <errno.h>
#include <time.h>

#include "wire/protocol.h"
#include "wire/text.h"

static void test_user_names(void **state) {
        static const char *const good[] = { "ada", "a", "Ada.Lovelace", "user@example.org", "machine$",
                                            "_apt", "j\xc3\xb6rg", "x-1", "1a" };
        static const char *const bad[] = { "", "-ada", ".ada", "..", "a/b", "a:b", "a b", "a\nb", "0", "4711",
                                           "a\x7f", "$", "a$b", "a\xff", "a\xc2\x85", "a\xc3", "a,b", "a%b" };
        char longest[USER_NAME_MAX + 2];

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_true(user_name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_false(user_name_is_valid(bad[i]));
        assert_false(user_name_is_valid(NULL));
        memset(longest, 'a', sizeof(longest));
        longest[USER_NAME_MAX] = '\0';
        assert_true(user_name_is_valid(longest));
        longest[USER_NAME_MAX] = 'a';
        longest[USER_NAME_MAX + 1] = '\0';
        assert_false(user_name_is_valid(longest));
}

static void test_utf8(void **state) {
        assert_true(text_is_utf8("\xe2\x82\xac \xf0\x9f\x94\x91", 8));
        assert_true(text_is_utf8("", 0));
        assert_false(text_is_utf8("a\0b", 3));
        assert_false(text_is_utf8("\xc0\x80", 2));         /* overlong NUL */
        assert_false(text_is_utf8("\xe0\x80\x80", 3));     /* overlong */
        assert_false(text_is_utf8("\xed\xa0\x80", 3));     /* surrogate */
        assert_false(text_is_utf8("\xf4\x90\x80\x80", 4)); /* above U+10FFFF */
        assert_false(text_is_utf8("\xe2\x82", 2));         /* cut */
        assert_false(text_is_utf8("\x80", 1));
}

static void test_hex(void **state) {
        unsigned char bytes[3];
        char text[7];

        assert_int_equal(hex_decode("00ff7a", bytes, 3), 0);
        assert_memory_equal(bytes, "\x00\xff\x7a", 3);
        hex_encode(bytes, 3, text);
        assert_string_equal(text, "00ff7a");
        assert_int_equal(hex_decode("00FF7a", bytes, 3), -EINVAL);
        assert_int_equal(hex_decode("00ff7a0", bytes, 3), -EINVAL);
        assert_int_equal(hex_decode("00ff7", bytes, 3), -EINVAL);
        assert_false(text_is_hex("00ff7a\n", 6));
        assert_false(text_is_hex(NULL, 6));
}

static void test_numbers(void **state) {
        int64_t i = 7;
        uint32_t u = 7;

        assert_int_equal(parse_int64("9223372036854775807", &i), 0);
        assert_int_equal(i, INT64_MAX);
        assert_int_equal(parse_int64("-9223372036854775808", &i), 0);
        assert_true(i == INT64_MIN);
        assert_int_equal(parse_int64("9223372036854775808", &i), -ERANGE);
        assert_int_equal(parse_int64("99999999999999999999", &i), -ERANGE);
        assert_int_equal(parse_int64("", &i), -EINVAL);
        assert_int_equal(parse_int64(NULL, &i), -EINVAL);
        assert_int_equal(parse_int64("-", &i), -EINVAL);
        assert_int_equal(parse_int64("+1", &i), -EINVAL);
        assert_int_equal(parse_int64(" 1", &i), -EINVAL);
        assert_int_equal(parse_int64("1 ", &i), -EINVAL);
        assert_int_equal(parse_int64("0x1", &i), -EINVAL);
        assert_int_equal(parse_int64("1.5", &i), -EINVAL);
        assert_true(i == INT64_MIN);
        assert_int_equal(parse_uint32("4294967295", &u), 0);
        assert_true(u == UINT32_MAX);
        assert_int_equal(parse_uint32("4294967296", &u), -ERANGE);
        assert_int_equal(parse_uint32("-1", &u), -ERANGE);
        assert_true(u == UINT32_MAX);
}

static void test_vectors(void **state) {
        _cleanup_(strv_freep) char **strv = NULL, **copy = NULL, **nothing = NULL;
        _cleanup_(freep) char *joined = NULL, *empty = NULL;

        assert_int_equal(strv_split(",read,,write ", ", ", &strv), 0);
        assert_int_equal(strv_length(strv), 2);
        assert_true(strv_contains(strv, "write"));
        assert_false(strv_contains(strv, "writ"));
        assert_int_equal(strv_extend(&strv, "admin"), 0);
        assert_int_equal(strv_copy(strv, &copy), 0);
        assert_int_equal(strv_join(copy, " ", &joined), 0);
        assert_string_equal(joined, "read write admin");
        assert_int_equal(strv_split("", " ", &nothing), 0);
        assert_non_null(nothing);
        assert_int_equal(strv_length(nothing), 0);
        assert_int_equal(strv_join(NULL, " ", &empty), 0);
        assert_string_equal(empty, "");
        assert_int_equal(strv_length(NULL), 0);
        assert_false(strv_contains(NULL, "x"));
}

/* A caller who has proven nothing may send a word in every other byte of a body. Counting the list
 * anew for each word took seconds of processor time here. */
static void test_many_words(void **state) {
        enum { WORDS = 32768, TIMES = 8 };
        static char text[2 * WORDS + 1];
        struct timespec spent;

        for (size_t i = 0; i < WORDS; i++)
                memcpy(text + 2 * i, "a ", 2);
        for (int i = 0; i < TIMES; i++) {
                _cleanup_(strv_freep) char **strv = NULL, **copy = NULL;

                assert_int_equal(strv_split(text, " ", &strv), 0);
                assert_int_equal(strv_copy(strv, &copy), 0);
                assert_int_equal(strv_length(copy), WORDS);
                assert_string_equal(copy[WORDS - 1], "a");
        }
        assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent), 0);
        assert_in_range(spent.tv_sec, 0, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_user_names), cmocka_unit_test(test_utf8),
                cmocka_unit_test(test_hex),        cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_vectors),    cmocka_unit_test(test_many_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
