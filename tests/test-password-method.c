/* The table of methods against crypt itself. */

#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/password-method.h"
#include "wire/cleanup.h"
#include "wire/text.h"
#include "unit.h"

static void finds_by_name_and_prefix(void **state) {
        assert_string_equal(password_method_prefix(password_method_find("yescrypt")), "$y$");
        assert_string_equal(password_method_prefix(password_method_find("$6$")), "$6$");
        assert_string_equal(password_method_prefix(password_method_find("bcrypt")), "$2b$");
        assert_null(password_method_find(""));
        assert_null(password_method_find("$1$"));
        assert_null(password_method_find("_"));
        assert_null(password_method_find("plain"));
}

/* For every prefix that crypt can make: what the table allows is looked at to its last byte. */
static void crypt_looks_at_all_that_fits(void **state) {
        static const char *const prefixes[] = { "$y$", "$gy$", "$2b$", "$2a$", "$2y$", "$6$",
                                                "$5$", "$1$",  "$3$",  "_",    "" };
        _cleanup_(freep) struct crypt_data *scratch = calloc(1, sizeof(*scratch));

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                char setting[CRYPT_GENSALT_OUTPUT_SIZE], first[CRYPT_OUTPUT_SIZE];
                char password[PASSWORD_METHOD_SIZE_MAX + 2];
                size_t size;

                assert_non_null(crypt_gensalt_rn(prefixes[i], 0, NULL, 0, setting,
                                                 sizeof(setting)));
                size = password_setting_size_max(setting);
                assert_in_range(size, 8, PASSWORD_METHOD_SIZE_MAX);
                memset(password, 'a', sizeof(password));
                password[size] = '\0';
                assert_non_null(crypt_rn(password, setting, scratch, sizeof(*scratch)));
                strcpy(first, scratch->output);
                password[size - 1] = 'b';
                assert_non_null(crypt_rn(password, setting, scratch, sizeof(*scratch)));
                assert_string_not_equal(first, scratch->output);
        }
}

/* The same method has the same number, and what takes longer a higher cost. */
static void costs(void **state) {
        static const struct {
                const char *setting, *dearer;
        } cases[] = {
                { "$y$j9T$8XiaZemi9iBhtj5ActE7H0$UGH6", "$y$jAT$" },
                { "$y$j9S$", "$y$j9T$" },
                { "$gy$j9T$QuMS", "$gy$jAT$" },
                { "$7$CU..../....AoFAcCP", "$7$DU..../...." },
                { "$7$CT..../....AoFAcCP", "$7$CU..../...." },
                { "$2b$05$X9ynh", "$2b$06$" },
                { "$6$OglohqRSjyEiQg4h$mPBd", "$6$rounds=5001$OglohqRSjyEiQg4h$mPBd" },
                { "$5$rounds=999999998$salt$hash", "$5$rounds=999999999$salt$hash" },
                { "$sha1$211496$NNOTJ/S753clERNde8jD$", "$sha1$211497$NNOTJ/S753clERNde8jD$" },
                { "$md5$stPkTNmb$", "$md5,rounds=37918$stPkTNmb$" },
                { "_J9..hsmFv2G639VNQ..", "_J9/.hsmFv2G639VNQ.." },
        };
        uint64_t cost, dearer;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(password_setting_cost(cases[i].setting, &cost),
                                 password_setting_cost(cases[i].dearer, &dearer));
                assert_true(cost < dearer);
                assert_true(dearer < UINT64_MAX);
        }
        /* Salts are none of it. */
        assert_int_equal(password_setting_cost("abcdefghijklm", &cost),
                         password_setting_cost("zbcdefghijklm", &dearer));
        assert_true(cost == dearer);
        (void)password_setting_cost("$6$rounds=999999999999999999999999999999$salt", &cost);
        assert_true(cost == UINT64_MAX);
        (void)password_setting_cost("$y$", &cost);
        assert_true(cost == UINT64_MAX);
        assert_in_range(password_setting_cost("", &cost), 0, PASSWORD_METHODS - 1);
}

#define S43 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
#define S86 S43 S43
#define S22 "abcdefghijklmnopqrstuv"
#define S53 S43 "0123456789"

/* Whatever crypt() makes is valid; whatever is cut, or grown, or has something inside is not. */
static void knows_whole_hashes(void **state) {
        static const char *const settings[] = {
                "$y$j75$saltsaltsaltsalt",        "$gy$j75$saltsaltsaltsalt",
                "$7$BU..../....saltsaltsalt",     "$2b$04$abcdefghijklmnopqrstuu",
                "$2a$04$abcdefghijklmnopqrstuu",  "$2y$04$abcdefghijklmnopqrstuu",
                "$2x$04$abcdefghijklmnopqrstuu",  "$6$saltsalt",
                "$6$rounds=1000$s",               "$5$saltsaltsaltsalt",
                "$5$rounds=1000$salt",            "$sha1$100$saltsalt",
                "$md5$saltsalt",                  "$md5,rounds=10$saltsalt$",
                "$1$saltsalt",                    "$1$s",
                "$3$",                            "_J9..abcd",
                "ab",                             "ab..............................",
        };
        _cleanup_(freep) struct crypt_data *scratch = calloc(1, sizeof(*scratch));
        char other[CRYPT_OUTPUT_SIZE + 4];

        for (size_t i = 0; i < ELEMENTSOF(settings); i++) {
                size_t size;

                assert_non_null(crypt_rn("secretsecret", settings[i], scratch, sizeof(*scratch)));
                size = strlen(scratch->output);
                if (!password_hash_is_valid(scratch->output))
                        fail_msg("%s", scratch->output);
                for (size_t cut = 0; cut < size; cut++) {
                        snprintf(other, sizeof(other), "%.*s", (int)cut, scratch->output);
                        /* A cut bigcrypt is a shorter one. */
                        if (password_hash_is_valid(other) && settings[i][0] != 'a')
                                fail_msg("%s", other);
                }
                snprintf(other, sizeof(other), "%s!", scratch->output);
                assert_false(password_hash_is_valid(other));
                snprintf(other, sizeof(other), "!%s", scratch->output);
                assert_false(password_hash_is_valid(other));
                snprintf(other, sizeof(other), "%s\n", scratch->output);
                assert_false(password_hash_is_valid(other));
                snprintf(other, sizeof(other), "%s", scratch->output);
                other[size - 1] = '$';
                assert_false(password_hash_is_valid(other));
        }
}

static void knows_what_is_no_hash(void **state) {
        static const char *const texts[] = {
                "",
                "x",
                "secret",
                "a password of some length",
                "$",
                "$6$",
                "$9$saltsalt$" S86,
                "$6$" S86,
                "$6$$" S86,
                "$6$saltsaltsaltsalts$" S86,
                "$6$sa:t$" S86,
                "$6$sa\\t$" S86,
                "$6$rounds=0$salt$" S86,
                "$6$rounds=$salt$" S86,
                "$5$salt$" S86,
                "$2b$4$" S53,
                "$2b$00$" S53,
                "$2b$03$" S53,
                "$2x$03$" S53,
                "$2c$04$" S53,
                "{SSHA}" S43,
                "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$" S43,
                /* what takes too long, or more memory than there is */
                "$2b$31$" S53,
                "$6$rounds=999999999$salt$" S86,
                "$6$rounds=99999999999999999999$salt$" S86,
                "$6$rounds=1000001$salt$" S86,
                "$5$rounds=1000001$salt$" S43,
                "$sha1$1000001$salt$abcdefghijklmnopqrstuvwxyz01",
                "$md5,rounds=1000001$saltsalt$" S22,
                "$2b$15$" S53,
                "_/..Udefghijklmnopqr", /* 2^23 + 1 */
                "_zzzzefghijklmnopqrs",
                "$sha1$4000000000$salt$abcdefghijklmnopqrstuvwxyz01",
                "$md5,rounds=4000000000$saltsalt$" S22,
                "$y$jGT$saltsalt$" S43, /* 2^19 */
                "$y$jzT$saltsalt$" S43,
                "$gy$jjT$saltsalt$" S43,
                "$7$U6..../....salt$" S43,
                "$7$z6..../....salt$" S43,
                /* more lanes or passes than one, which crypt() would carry out */
                "$7$CU....0....salt$" S43,
                "$7$CU..../.../salt$" S43,
                "$y$jE5/.$saltsalt$" S43,
                "$y$jE5.z$saltsalt$" S43,
                "$y$j9T/.$saltsalt$" S43,
                "$gy$j9T//.$saltsalt$" S43,
                "$y$.9T$saltsalt$" S43,
                "$y$j9$saltsalt$" S43,
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (password_hash_is_valid(texts[i]))
                        fail_msg("%s", texts[i]);
        assert_true(password_hash_is_valid("$6$rounds=1000000$salt$" S86));
        assert_true(password_hash_is_valid("$sha1$1000000$salt$abcdefghijklmnopqrstuvwxyz01"));
        assert_true(password_hash_is_valid("$md5,rounds=1000000$saltsalt$" S22));
        assert_true(password_hash_is_valid("$y$jFT$saltsalt$" S43)); /* 1 GiB */
        assert_true(password_hash_is_valid("$7$FU..../....salt$" S43));
        assert_true(password_hash_is_valid("$2b$14$" S53));
        assert_true(password_hash_is_valid("$2b$04$" S53));
        assert_true(password_hash_is_valid("_...Udefghijklmnopqr"));
}

static void compares(void **state) {
        static const struct {
                const char *hash, *setting;
                bool is_weaker;
        } cases[] = {
                { "$1$salt$x", "$y$j9T$", true },
                { "$6$salt$x", "$y$j9T$", true },
                { "$2b$12$x", "$y$j9T$", true },
                { "$7$CU..../....x", "$y$j9T$", true },
                { "$gy$j9T$x", "$y$j9T$", false },
                { "$gy$j8T$x", "$y$j9T$", true },
                { "$y$j9T$x", "$y$j9T$", false },
                { "$y$j75$x", "$y$j9T$", true },
                { "$y$j9S$x", "$y$j9T$", true },
                { "$y$jAT$x", "$y$j9T$", false },
                { "$y$jzT$x", "$y$j9T$", false }, /* enormous */
                { "$y$", "$y$j9T$", false },      /* not to be read */
                { "$y$j9T$x", "$6$salt", false },
                { "$y$j9T$x", "$1$salt", false },
                { "$2b$05$x", "$2b$06$", true },
                { "$2b$10$x", "$2b$9$", false },
                { "$2x$05$x", "$2b$05$", true },
                { "$2y$05$x", "$2b$05$", false },
                { "$6$salt$x", "$6$rounds=5001$", true },
                { "$6$salt$x", "$6$salt", false },
                { "$6$rounds=4999$salt$x", "$6$salt", true },
                { "$6$rounds=100000$salt$x", "$6$salt", false },
                { "$5$rounds=100000$salt$x", "$6$salt", true },
                { "$6$salt$x", "$5$rounds=100000$salt", false },
                { "_J9..abcdx", "$5$salt", true },
                { "$3$$x", "$5$salt", true },
                { "abcdefghijklm", "$5$salt", true },
                { "$sha1$99999999$s$x", "$5$salt", true },
                { "$md5,rounds=9999999$s$$x", "$5$salt", true },
                { "$7$BU..../....x", "$7$CU..../....", true },
                { "$7$CT..../....x", "$7$CU..../....", true },
                { "$7$DU..../....x", "$7$CU..../....", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (password_hash_is_weaker(cases[i].hash, cases[i].setting) != cases[i].is_weaker)
                        fail_msg("%s, %s", cases[i].hash, cases[i].setting);
}

/* One hash for each eight bytes, of 128 at most. */
static void knows_bigcrypt(void **state) {
        static const char setting[] = "ab..............................";
        _cleanup_(freep) struct crypt_data *scratch = calloc(1, sizeof(*scratch));
        char password[129 + 1], first[CRYPT_OUTPUT_SIZE];

        assert_int_equal(password_setting_size_max(setting), 128);
        assert_int_equal(password_setting_size_max("abcdefghijklm"), 8);
        assert_int_equal(password_setting_size_max("ab"), 8);
        memset(password, 'a', sizeof(password));
        password[128] = '\0';
        assert_non_null(crypt_rn(password, setting, scratch, sizeof(*scratch)));
        strcpy(first, scratch->output);
        password[127] = 'b';
        assert_non_null(crypt_rn(password, first, scratch, sizeof(*scratch)));
        assert_string_not_equal(first, scratch->output);
        password[127] = 'a';
        assert_non_null(crypt_rn(password, first, scratch, sizeof(*scratch)));
        assert_string_equal(first, scratch->output);
        password[128] = 'a';
        password[129] = '\0';
        assert_non_null(crypt_rn(password, first, scratch, sizeof(*scratch)));
        assert_string_equal(first, scratch->output); /* so more must not be taken */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_by_name_and_prefix),
                cmocka_unit_test(crypt_looks_at_all_that_fits),
                cmocka_unit_test(costs),
                cmocka_unit_test(knows_whole_hashes),
                cmocka_unit_test(knows_what_is_no_hash),
                cmocka_unit_test(compares),
                cmocka_unit_test(knows_bigcrypt),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
