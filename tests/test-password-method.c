/* The table of methods against crypt itself. */

#include <crypt.h>
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

static void costs(void **state) {
        static const struct {
                const char *setting, *cost;
        } cases[] = {
                { "$y$j9T$8XiaZemi9iBhtj5ActE7H0$UGH6", "$y$j9T$" },
                { "$gy$j9T$QuMS", "$gy$j9T$" },
                { "$7$CU..../....AoFAcCP", "$7$CU..../...." },
                { "$2b$05$X9ynh", "$2b$05$" },
                { "$6$OglohqRSjyEiQg4h$mPBd", "$6$" },
                { "$6$rounds=5000$OglohqRSjyEiQg4h$mPBd", "$6$rounds=5000$" },
                { "$5$rounds=999999999$salt$hash", "$5$rounds=999999999$" },
                { "$6$rounds=999999999999999999999999999999$salt", "" },
                { "$sha1$211496$NNOTJ/S753clERNde8jD$", "$sha1$211496$" },
                { "$md5,rounds=37918$stPkTNmb$", "$md5,rounds=37918$" },
                { "$1$ji/JI3vc$2IJP", "$1$" },
                { "_J9..hsmFv2G639VNQ..", "_J9.." },
                { "$y$", "" },
                { "$6$rounds=", "" },
                { "_J", "" },
                { "", "" },
        };
        char cost[PASSWORD_COST_MAX];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                password_setting_cost(cases[i].setting, cost);
                assert_string_equal(cost, cases[i].cost);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_by_name_and_prefix),
                cmocka_unit_test(crypt_looks_at_all_that_fits),
                cmocka_unit_test(costs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
