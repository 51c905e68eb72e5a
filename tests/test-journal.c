/* The log's lines: what they say, what they leave out, and what can't be made to look like one. */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/journal.h"
#include "wire/cleanup.h"

static char text[65536];
static int saved = -1, file = -1;

static int setup(void **state) {
        char path[] = "/tmp/test-journal.XXXXXX";

        file = mkstemp(path);
        unlink(path);
        saved = dup(STDERR_FILENO);
        journal_set_level(LOG_INFO);
        journal_set_target(JOURNAL_TARGET_AUTO);
        unsetenv("JOURNAL_STREAM");
        return file < 0 || dup2(file, STDERR_FILENO) < 0;
}

static int teardown(void **state) {
        dup2(saved, STDERR_FILENO);
        close(saved);
        close(file);
        return 0;
}

/* What was written since the last time, without "tokend[PID]: ". */
static const char *written(void) {
        char prefix[32];
        ssize_t n = pread(file, text, sizeof(text) - 1, 0);

        assert_true(n >= 0);
        text[n] = '\0';
        assert_int_equal(ftruncate(file, 0), 0);
        assert_int_equal(lseek(STDERR_FILENO, 0, SEEK_SET), 0);
        if (n == 0)
                return "";

        snprintf(prefix, sizeof(prefix), "tokend[%d]: ", (int)getpid());
        assert_memory_equal(text, prefix, strlen(prefix));
        return text + strlen(prefix);
}

static void test_plain(void **state) {
        errno = EILSEQ;
        log_info("%d tokens", 5);
        assert_int_equal(errno, EILSEQ);
        assert_string_equal(written(), "5 tokens\n");
}

static void test_fields(void **state) {
        journal_log(LOG_NOTICE,
                    &(JournalFields){ .message_id = JOURNAL_ID_LOGIN_REFUSED,
                                      .reason = "wrong-password",
                                      .user = "ada",
                                      .token_id = "00",
                                      .client = "local",
                                      .service = "sshd",
                                      .rhost = "192.0.2.1" },
                    "refused");
        assert_string_equal(written(), "refused: reason=wrong-password user=ada client=local "
                                       "token=00 service=sshd rhost=192.0.2.1\n");

        journal_log(LOG_ERR, &(JournalFields){ .error = -ENOENT, .user = "ada" }, "no file");
        assert_string_equal(written(), "no file: No such file or directory: user=ada\n");
}

static void test_levels(void **state) {
        log_debug("not shown");
        assert_string_equal(written(), "");

        journal_set_level(LOG_DEBUG);
        assert_int_equal(journal_get_level(), LOG_DEBUG);
        log_debug("shown");
        assert_string_equal(written(), "shown\n");

        journal_set_level(LOG_ERR);
        log_warning("not shown");
        assert_string_equal(written(), "");
        log_error("shown");
        assert_string_equal(written(), "shown\n");
}

static void test_escapes(void **state) {
        log_info("%s", "a\nb\r\tc\033[2J\177");
        assert_string_equal(written(), "a\\x0ab\\x0d\\x09c\\x1b[2J\\x7f\n");

        /* A C1 control character, a byte alone, a cut sequence, and text that is good. */
        log_info("%s", "\xc2\x9b" "1m \xff \xe2\x82 Zürich €");
        assert_string_equal(written(), "\\xc2\\x9b1m \\xff \\xe2\\x82 Zürich €\n");
}

/* What a remote host calls itself can't add a field. */
static void test_fields_cannot_be_forged(void **state) {
        journal_log(LOG_INFO, &(JournalFields){ .service = "x user=root", .rhost = "h\nuser=root" },
                    "m");
        assert_string_equal(written(), "m: service=x\\x20user=root rhost=h\\x0auser=root\n");
}

static void test_long_text_is_cut(void **state) {
        char big[30000];
        size_t size;

        memset(big, '\n', sizeof(big) - 1);
        big[sizeof(big) - 1] = '\0';
        journal_log(LOG_INFO,
                    &(JournalFields){ .reason = big, .user = big, .token_id = big, .client = big,
                                      .service = big, .rhost = big },
                    "%s", big);
        size = strlen(written());
        assert_in_range(size, 4000, 32000);
        assert_int_equal(text[strlen(text) - 1], '\n');
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void test_journal_is_found(void **state) {
        char stream[64];
        struct stat st;

        assert_int_equal(fstat(STDERR_FILENO, &st), 0);
        snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
                 (unsigned long long)st.st_ino);
        setenv("JOURNAL_STREAM", stream, 1);
        log_info("goes to the journal, if there is one");
        assert_string_equal(written(), "");

        journal_set_target(JOURNAL_TARGET_STDERR);
        assert_int_equal(journal_get_target(), JOURNAL_TARGET_STDERR);
        log_info("goes here");
        assert_string_equal(written(), "goes here\n");

        /* Somebody else's stream, inherited through the environment. */
        journal_set_target(JOURNAL_TARGET_AUTO);
        setenv("JOURNAL_STREAM", "1:1", 1);
        log_info("goes here");
        assert_string_equal(written(), "goes here\n");
        setenv("JOURNAL_STREAM", "nonsense", 1);
        log_info("goes here");
        assert_string_equal(written(), "goes here\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
                cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
                cmocka_unit_test_setup_teardown(test_levels, setup, teardown),
                cmocka_unit_test_setup_teardown(test_escapes, setup, teardown),
                cmocka_unit_test_setup_teardown(test_fields_cannot_be_forged, setup, teardown),
                cmocka_unit_test_setup_teardown(test_long_text_is_cut, setup, teardown),
                cmocka_unit_test_setup_teardown(test_journal_is_found, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
