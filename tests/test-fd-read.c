/* Reading to the end, and no further than is allowed. */

#include "unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ctl/fd-read.h"

static int read_pipe(const char *text, size_t max, Secret *ret) {
        int ends[2], r;

        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
        close(ends[1]);
        r = fd_read_all(ends[0], max, ret);
        close(ends[0]);
        return r;
}

static void test_read(void **state) {
        Secret text = SECRET_INIT;

        assert_int_equal(read_pipe("", 0, &text), 0);
        assert_int_equal(text.size, 0);
        assert_int_equal(read_pipe("abc", 3, &text), 0);
        assert_string_equal(secret_text(&text), "abc");
        /* What is in it already counts. */
        assert_int_equal(read_pipe("de", 5, &text), 0);
        assert_string_equal(secret_text(&text), "abcde");
        assert_int_equal(read_pipe("f", 5, &text), -EFBIG);
        assert_int_equal(fd_read_all(-1, 9, &text), -EBADF);
        secret_done(&text);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_read) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
