/* tokenctl throttle, against a scripted tokend. */

#include "ctl-harness.h"

#define ROW                                                                                        \
        "{\"user\":\"ada\",\"remote\":\"192.0.2.1\",\"failures\":9,\"wait\":60,"                   \
        "\"last\":1795939920}"
#define NOBODY "{\"remote\":\"host:\\u001b[31mred\",\"failures\":1,\"wait\":0,\"last\":1795939920}"

static void test_list(void **state) {
        Run *run = *state;

        will_answer(run, 200, "{\"throttle\":[" ROW "," NOBODY "]}");
        assert_int_equal(tokenctl(run, "throttle", "list", NULL), 0);
        assert_asked(run, 0, "GET /v1/throttle?limit=200", "");
        assert_string_equal(run->out,
                            "USER REMOTE           FAILURES WAIT      LAST\n"
                            "ada  192.0.2.1               9 1 minute  2026-11-29 08:12 UTC\n"
                            "-    host:\\x1b[31mred        1 0 seconds 2026-11-29 08:12 UTC\n");
}

static void test_list_of_one(void **state) {
        Run *run = *state;

        will_answer(run, 200, "{\"throttle\":[" ROW "],\"next\":\"7\"}");
        will_answer(run, 200, "{\"throttle\":[]}");
        assert_int_equal(tokenctl(run, "--json", "throttle", "list", "--user=a&b", NULL), 0);
        assert_asked(run, 0, "GET /v1/throttle?user=a%26b&limit=200", "");
        assert_asked(run, 1, "GET /v1/throttle?user=a%26b&limit=200&cursor=7", "");
        assert_string_equal(run->out, "{\"throttle\":[" ROW "]}\n");
}

static void test_nobody(void **state) {
        Run *run = *state;

        will_answer(run, 200, "{\"throttle\":[]}");
        assert_int_equal(tokenctl(run, "throttle", "list", NULL), 0);
        assert_string_equal(run->out, "");
        assert_string_equal(run->err, "Nobody has failed within an hour.\n");
}

static void test_clear(void **state) {
        Run *run = *state;

        will_answer(run, 200, "{\"cleared\":1}");
        assert_int_equal(tokenctl(run, "throttle", "clear", "a&all=1", NULL), 0);
        assert_asked(run, 0, "DELETE /v1/throttle?user=a%26all%3D1", "");
        assert_string_equal(run->out, "1 count cleared.\n");
        forget(run);
        will_answer(run, 200, "{\"cleared\":0}");
        assert_int_equal(tokenctl(run, "throttle", "clear", "ada", "--remote=2001:db8::1", NULL),
                         0);
        assert_asked(run, 0, "DELETE /v1/throttle?user=ada&remote=2001%3Adb8%3A%3A1", "");
        assert_string_equal(run->out, "0 counts cleared.\n");
        forget(run);
        will_answer(run, 200, "{\"cleared\":17}");
        assert_int_equal(tokenctl(run, "throttle", "clear", "--all", "--json", NULL), 0);
        assert_asked(run, 0, "DELETE /v1/throttle?all=true", "");
        assert_string_equal(run->out, "{\"cleared\":17}\n");
}

static void test_refused(void **state) {
        Run *run = *state;

        will_answer(run, 403, "{\"reason\":\"access-denied\"}");
        assert_int_equal(tokenctl(run, "throttle", "clear", "ada", NULL), 1);
        assert_non_null(strstr(run->err, "ada: "));
        assert_non_null(strstr(run->err, "(access-denied)"));
        assert_string_equal(run->out, "");
}

/* Nobody is forgiven by a slip of the hand. */
static void test_usage(void **state) {
        Run *run = *state;

        assert_int_equal(tokenctl(run, "throttle", NULL), 2);
        assert_int_equal(tokenctl(run, "throttle", "clear", NULL), 2);
        assert_int_equal(tokenctl(run, "throttle", "clear", "", NULL), 2);
        assert_int_equal(tokenctl(run, "throttle", "clear", "", "--remote=192.0.2.1", NULL), 2);
        assert_int_equal(tokenctl(run, "throttle", "clear", "--remote=", NULL), 2);
        assert_int_equal(tokenctl(run, "throttle", "clear", "ada", "--all", NULL), 2);
        assert_int_equal(tokenctl(run, "throttle", "clear", "--all", "--remote=x", NULL), 2);
        assert_int_equal(tokenctl(run, "throttle", "clear", "ada", "bob", NULL), 2);
        assert_int_equal(tokenctl(run, "throttle", "list", "ada", NULL), 2);
        assert_int_equal(fake_count(run->fake), 0);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, run_setup, run_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_list),
                TEST(test_list_of_one),
                TEST(test_nobody),
                TEST(test_clear),
                TEST(test_refused),
                TEST(test_usage),
        };

        if (!getenv("TOKENCTL")) {
                fprintf(stderr, "TOKENCTL must name the program.\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
