#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "ctl/progress.h"

static void assert_bar(size_t done, size_t total, unsigned columns, const char *expected) {
        Progress progress = { .what = "users", .done = done, .total = total };
        char bar[256];

        progress_format(&progress, columns, bar, sizeof(bar));
        assert_string_equal(bar, expected);
        assert_true(strlen(bar) < columns || columns < 20);
}

static void test_bar(void **state) {
        assert_bar(0, 10, 40, "[--------------------------] 0/10 users");
        assert_bar(5, 10, 40, "[#############-------------] 5/10 users");
        assert_bar(10, 10, 40, "[#########################] 10/10 users");
        /* Nothing to do is done; more than all is all. */
        assert_bar(0, 0, 30, "[-----------------] 0/0 users");
        assert_bar(7, 5, 30, "[#################] 7/5 users");
        /* No room for a bar. */
        assert_bar(5, 10, 5, "5/10");
        assert_bar(500000, 1000000, 22, "500000/1000000");
}

/* Whatever the width, the line stays one line. */
static void test_widths(void **state) {
        Progress progress = { .what = "users", .done = 123, .total = 456 };

        for (unsigned columns = 20; columns <= 200; columns++) {
                char bar[256];

                progress_format(&progress, columns, bar, sizeof(bar));
                assert_true(strlen(bar) < columns);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bar),
                cmocka_unit_test(test_widths),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
