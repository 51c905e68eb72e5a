/* Unit tests of wire/reason. */

#include "unit.h"

#include <string.h>

#include "wire/reason.h"

static void test_words_go_both_ways(void **state) {
        for (int reason = REASON_NONE + 1; reason < _REASON_MAX; reason++) {
                const char *word = reason_to_string(reason);

                assert_non_null(word);
                assert_non_null(reason_to_sentence(reason));
                assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz-"), strlen(word));
                assert_int_equal(reason_from_string(word), reason);
        }
}

static void test_others_are_none(void **state) {
        assert_null(reason_to_string(0));
        assert_null(reason_to_string(-5));
        assert_null(reason_to_string(_REASON_MAX));
        assert_null(reason_to_sentence(_REASON_MAX));
        assert_int_equal(reason_from_string("wrong-passwor"), REASON_NONE);
        assert_int_equal(reason_from_string(NULL), REASON_NONE);
}

static void test_words_that_others_rely_on(void **state) {
        assert_string_equal(reason_to_string(REASON_WRONG_PASSWORD), "wrong-password");
        assert_string_equal(reason_to_string(REASON_TOO_MANY_FAILURES), "too-many-failures");
        assert_string_equal(reason_to_string(REASON_STORE_UNAVAILABLE), "store-unavailable");
        assert_string_equal(reason_to_string(REASON_PEER_UNTRUSTED), "peer-untrusted");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words_go_both_ways),
                cmocka_unit_test(test_others_are_none),
                cmocka_unit_test(test_words_that_others_rely_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
