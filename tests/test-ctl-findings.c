/* What was found: counted, made harmless, printed with the worst first. */

#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/findings.h"

static void add_some(Findings *findings) {
        findings_add(findings, FINDING_OK, "one", NULL, NULL, "%s", "well");
        findings_add(findings, FINDING_FAILURE, "two", "timed-out", "do this", "bad %d", 1);
        findings_add(findings, FINDING_WARNING, "three", NULL, "and that", "so so");
        findings_add(findings, FINDING_FAILURE, "four", NULL, NULL, "bad 2");
}

static void test_count(void **state) {
        Findings findings = FINDINGS_INIT;

        add_some(&findings);
        assert_int_equal(findings.error, 0);
        assert_int_equal(findings.n, 4);
        assert_int_equal(findings_count(&findings, FINDING_FAILURE), 2);
        assert_int_equal(findings_count(&findings, FINDING_NOTE), 0);
        assert_string_equal(finding_level_name(FINDING_WARNING), "warning");
        findings_done(&findings);
        assert_null(findings.all);
}

/* Names of files and users may have been chosen to harm a terminal. */
static void test_harmless(void **state) {
        Findings findings = FINDINGS_INIT;

        findings_add(&findings, FINDING_NOTE, "x", NULL, "\033[2J",
                     "a\nb\x7f\xc2\x9b"
                     "c\xc3\xa4");
        assert_string_equal(findings.all[0].text, "a?b???c\xc3\xa4");
        assert_string_equal(findings.all[0].advice, "?[2J");
        findings_add(&findings, FINDING_NOTE, "x", NULL, NULL, "latin \xe4\xff");
        assert_string_equal(findings.all[1].text, "latin ??");
        findings_done(&findings);
}

/* What was printed, by a pipe in place of standard output. */
static void print_into(const Findings *findings, bool worst_first, char *text, size_t size) {
        int ends[2], output;
        ssize_t n;

        fflush(stdout);
        output = dup(STDOUT_FILENO);
        assert_int_equal(pipe(ends), 0);
        assert_true(dup2(ends[1], STDOUT_FILENO) >= 0);
        findings_print(findings, worst_first);
        fflush(stdout);
        assert_true(dup2(output, STDOUT_FILENO) >= 0);
        close(output);
        close(ends[1]);
        n = read(ends[0], text, size - 1);
        assert_true(n >= 0);
        text[n] = '\0';
        close(ends[0]);
}

static void test_print(void **state) {
        Findings findings = FINDINGS_INIT;
        char text[1024];

        add_some(&findings);
        print_into(&findings, true, text, sizeof(text));
        assert_string_equal(text, "failure  two    bad 1 (timed-out)\n"
                                  "                → do this\n"
                                  "failure  four   bad 2\n"
                                  "warning  three  so so\n"
                                  "                → and that\n"
                                  "ok       one    well\n");
        print_into(&findings, false, text, sizeof(text));
        assert_int_equal(strncmp(text, "ok       one    well\nfailure  two", 33), 0);
        findings_done(&findings);
}

static void test_json(void **state) {
        Findings findings = FINDINGS_INIT;
        Secret out = SECRET_INIT;
        JsonWriter w = JSON_WRITER(&out);

        findings_add(&findings, FINDING_FAILURE, "two", "timed-out", "do \"this\"", "bad");
        findings_add(&findings, FINDING_OK, "one", NULL, NULL, "well");
        json_write_array(&w, NULL);
        findings_write(&findings, "check", &w);
        json_write_array_end(&w);
        assert_int_equal(json_write_end(&w), 0);
        assert_string_equal(secret_text(&out),
                            "[{\"check\":\"two\",\"result\":\"failure\",\"reason\":\"timed-out\","
                            "\"text\":\"bad\",\"advice\":\"do \\\"this\\\"\"},"
                            "{\"check\":\"one\",\"result\":\"ok\",\"text\":\"well\"}]");
        secret_done(&out);
        findings_done(&findings);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_count),
                cmocka_unit_test(test_harmless),
                cmocka_unit_test(test_print),
                cmocka_unit_test(test_json),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
