/* tokend's command line. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "wire/text.h"

static int parse(const char *first, const char *second, Options *ret) {
        char *argv[] = { (char *)"tokend", (char *)first, (char *)second, NULL };

        optind = 0; /* getopt(3): start anew */
        return options_parse(1 + (first != NULL) + (second != NULL), argv, ret);
}

static void test_good(void **state) {
        Options options = { 0 };

        assert_int_equal(parse(NULL, NULL, &options), 1);
        assert_non_null(strstr(options.config, "/tokend/tokend.conf"));
        assert_false(options.check);
        assert_null(options.userdb_program);

        assert_int_equal(parse("--config=/x", "--check", &options), 1);
        assert_string_equal(options.config, "/x");
        assert_true(options.check);

        assert_int_equal(parse("--userdb-program", "/bin/x", &options), 1);
        assert_string_equal(options.userdb_program, "/bin/x");
        assert_false(options.check);

        assert_int_equal(parse("--version", NULL, &options), 0);
        assert_int_equal(parse("--help", "nonsense", &options), 0);
        assert_int_equal(parse("-h", NULL, &options), 0);
}

static void test_bad(void **state) {
        static const char *const bad[] = { "nonsense", "--nonsense", "-x",
                                           "--config", "--check=1",  "" };
        Options options = { .config = "untouched" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(parse(bad[i], NULL, &options), -EINVAL);
        assert_int_equal(parse("--check", "nonsense", &options), -EINVAL);
        assert_string_equal(options.config, "untouched");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
