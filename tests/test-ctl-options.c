#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/columns.h"
#include "ctl/verbs.h"

#define ARGV_MAX 16

typedef struct Line {
        char *argv[ARGV_MAX];
        int argc;
        Options options;
        char message[OPTIONS_MESSAGE_MAX];
} Line;

static int parse(Line *line, ...) {
        va_list words;

        memset(line, 0, sizeof(*line));
        line->argv[line->argc++] = (char *)"tokenctl";
        va_start(words, line);
        while ((line->argv[line->argc] = va_arg(words, char *)))
                line->argc++;
        va_end(words);
        return options_parse(line->argc, line->argv, &line->options, line->message);
}

static void test_order(void **state) {
        Line line;

        assert_int_equal(parse(&line, "--json", "user", "--socket=/s", "add", "--email", "a@b",
                               "ada", "--role=x=y", NULL),
                         0);
        assert_int_equal(line.options.n_arguments, 3);
        assert_string_equal(line.options.arguments[0], "user");
        assert_string_equal(line.options.arguments[1], "add");
        assert_string_equal(line.options.arguments[2], "ada");
        assert_string_equal(line.options.values[OPTION_SOCKET], "/s");
        assert_string_equal(line.options.values[OPTION_EMAIL], "a@b");
        assert_string_equal(line.options.values[OPTION_ROLE], "x=y");
        assert_true(option_is_given(&line.options, OPTION_JSON));
        assert_false(option_is_given(&line.options, OPTION_URL));
}

static void test_end_of_options(void **state) {
        Line line;

        assert_int_equal(parse(&line, "user", "show", "--", "--json", "-x", NULL), 0);
        assert_int_equal(line.options.n_arguments, 4);
        assert_string_equal(line.options.arguments[2], "--json");
        assert_false(option_is_given(&line.options, OPTION_JSON));
        assert_int_equal(parse(&line, "-", NULL), 0);
        assert_int_equal(line.options.n_arguments, 1);
        assert_int_equal(parse(&line, "-h", NULL), 0);
        assert_true(option_is_given(&line.options, OPTION_HELP));
        assert_int_equal(parse(&line, NULL), 0);
        assert_int_equal(line.options.n_arguments, 0);
}

static void test_refused(void **state) {
        static const char *const bad[] = {
                "--nonsense", "--jso",    "--json=yes", "--socket", "--socket=",
                "--pass",     "--passwo", "-v",         "-j",       "--=x",
                "--user=",    "---json",  "--scopes=",
        };
        Line line;

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                assert_int_equal(parse(&line, "status", bad[i], NULL), -EINVAL);
                assert_true(line.message[0] != '\0');
        }
        assert_int_equal(parse(&line, "--user=a", "--user=b", NULL), -EINVAL);
        assert_int_equal(parse(&line, "--email", "--json", NULL), 0);
        /* An alias may set what the line then changes. */
        assert_int_equal(parse(&line, "--socket=/a", "--socket=/b", NULL), 0);
        assert_string_equal(line.options.values[OPTION_SOCKET], "/b");
}

/* A secret on the command line is refused, and not repeated. */
static void test_secrets(void **state) {
        static const char *const bad[] = { "--password=canary", "--secret=canary",
                                           "--client-secret=canary", "--token=canary",
                                           "--old-password=canary" };
        Line line;

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                assert_int_equal(parse(&line, "user", "add", "ada", bad[i], NULL), -EINVAL);
                assert_null(strstr(line.message, "canary"));
                assert_non_null(strstr(line.message, "-file=FILE"));
        }
        assert_int_equal(parse(&line, "--password", "canary", NULL), -EINVAL);
        assert_null(strstr(line.message, "canary"));
}

static const Verb *find(const char *a, const char *b, size_t *ret_used) {
        char *words[] = { (char *)a, (char *)b };

        return verb_find(words, (a != NULL) + (b != NULL), ret_used);
}

static void test_verbs(void **state) {
        size_t used = 0;

        assert_ptr_equal(find("user", "add", &used)->run, user_add);
        assert_int_equal(used, 2);
        assert_ptr_equal(find("token", NULL, &used)->run, token_self);
        assert_int_equal(used, 1);
        assert_ptr_equal(find("token", "list", &used)->run, token_list);
        assert_ptr_equal(find("login", "add", &used)->run, login);
        assert_int_equal(used, 1);
        assert_null(find("token", "nonsense", &used));
        assert_null(find("user", NULL, &used));
        assert_null(find("user", "nonsense", &used));
        assert_null(find("nonsense", "add", &used));
        assert_null(find("status", "add", &used));
        assert_null(find(NULL, NULL, &used));
}

static void test_counts(void **state) {
        static const struct {
                const char *arguments;
                bool takes[3];
        } rows[] = {
                { "", { true, false, false } },
                { "NAME", { false, true, false } },
                { "[ID…]", { true, true, true } },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                for (size_t n = 0; n < 3; n++)
                        assert_true(verb_takes_count(&(Verb){ .arguments = rows[i].arguments },
                                                     n) == rows[i].takes[n]);
}

static void test_tables(void **state) {
        for (size_t i = 0; i < n_verbs; i++) {
                assert_non_null(verbs[i].run);
                assert_non_null(verbs[i].summary);
                assert_non_null(verbs[i].arguments);
        }
        for (enum Option option = 0; option < _OPTION_MAX; option++) {
                assert_non_null(option_rows[option].name);
                assert_true(option == OPTION_LIST_VERBS || option_rows[option].help);
        }
        _Static_assert(_OPTION_MAX <= 64, "TAKES() is a set of 64");
}

static void test_times(void **state) {
        static const struct {
                int64_t seconds;
                const char *text;
        } spans[] = {
                { 0, "0 seconds" },   { 1, "1 second" },          { 59, "59 seconds" },
                { 60, "1 minute" },   { 61, "61 seconds" },       { 7200, "2 hours" },
                { 604800, "7 days" }, { 86401, "86401 seconds" },
        };
        char text[TIME_TEXT_MAX];

        setenv("TZ", "UTC", 1);
        tzset();
        time_format(1795939920, text);
        assert_string_equal(text, "2026-11-29 08:12 UTC");
        time_format(0, text);
        assert_string_equal(text, "1970-01-01 00:00 UTC");
        time_format(INT64_MAX, text);
        assert_string_equal(text, "@9223372036854775807");
        for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
                span_format(spans[i].seconds, text);
                assert_string_equal(text, spans[i].text);
        }
}

static void test_column(void **state) {
        static const char text[] =
                        "{\"t\":\"x\",\"n\":7,\"l\":[\"a\",\"b\"],\"e\":[],\"b\":true,\"z\":null}";
        static const struct {
                Column column;
                const char *expected; /* NULL: absent */
                int r;
        } rows[] = {
                { { NULL, NULL, "t", COLUMN_TEXT }, "x", 0 },
                { { NULL, NULL, "n", COLUMN_NUMBER }, "7", 0 },
                { { NULL, NULL, "l", COLUMN_LIST }, "a,b", 0 },
                { { NULL, NULL, "e", COLUMN_LIST }, "", 0 },
                { { NULL, NULL, "b", COLUMN_BOOL }, "yes", 0 },
                { { NULL, NULL, "n", COLUMN_SPAN }, "7 seconds", 0 },
                { { NULL, NULL, "z", COLUMN_TEXT }, NULL, 0 },
                { { NULL, NULL, "absent", COLUMN_TIME }, NULL, 0 },
                { { NULL, NULL, "t", COLUMN_NUMBER }, NULL, -EBADMSG },
                { { NULL, NULL, "t", COLUMN_LIST }, NULL, -EBADMSG },
                { { NULL, NULL, "n", COLUMN_TEXT }, NULL, -EBADMSG },
                { { NULL, NULL, "n", COLUMN_BOOL }, NULL, -EBADMSG },
        };
        Json *json = NULL;

        assert_int_equal(json_parse(text, strlen(text), &json), 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char *cell = NULL;

                assert_int_equal(column_text(&rows[i].column, json, JSON_ROOT, &cell), rows[i].r);
                if (rows[i].expected)
                        assert_string_equal(cell, rows[i].expected);
                else
                        assert_null(cell);
                free(cell);
        }
        json_free(json);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order),   cmocka_unit_test(test_end_of_options),
                cmocka_unit_test(test_refused), cmocka_unit_test(test_secrets),
                cmocka_unit_test(test_verbs),   cmocka_unit_test(test_counts),
                cmocka_unit_test(test_tables),  cmocka_unit_test(test_times),
                cmocka_unit_test(test_column),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
