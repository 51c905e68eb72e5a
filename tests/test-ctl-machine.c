/* Files below a root, and programs with a deadline. */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl/machine.h"
#include "wire/cleanup.h"
#include "wire/text.h"

static char root[64];

static int setup(void **state) {
        strcpy(root, "/tmp/test-ctl-machine-XXXXXX");
        return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state) {
        char command[128];

        snprintf(command, sizeof(command), "rm -r '%s'", root);
        return system(command);
}

static void write_file(const char *name, const char *text, size_t size) {
        char path[128];

        snprintf(path, sizeof(path), "%s/%s", root, name);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(text, 1, size, file), size);
        assert_int_equal(fclose(file), 0);
}

static void test_read(void **state) {
        _cleanup_(freep) char *text = NULL, *empty = NULL, *none = NULL;
        static char large[1024 * 1024 + 2];
        char path[128];
        size_t size;

        write_file("a", "one\0two", 7);
        assert_int_equal(root_read_file(root, &text, &size, "/%s", "a"), 0);
        assert_int_equal(size, 7);
        assert_memory_equal(text, "one\0two", 8);
        write_file("b", "", 0);
        assert_int_equal(root_read_file(root, &empty, &size, "/b"), 0);
        assert_string_equal(empty, "");
        assert_int_equal(root_read_file(root, &none, &size, "/c"), -ENOENT);
        assert_int_equal(root_read_file(root, &none, &size, "/"), -EISDIR);
        memset(large, 'x', sizeof(large));
        write_file("large", large, sizeof(large));
        assert_int_equal(root_read_file(root, &none, &size, "/large"), -EFBIG);
        snprintf(path, sizeof(path), "%s/fifo", root);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(root_read_file(root, &none, &size, "/fifo"), -EINVAL);
        assert_null(none);
}

static void test_look(void **state) {
        static const char *const patterns[] = { "/no/*/x", "/a*" };
        static const char *const none[] = { "/no/*/x" };
        static const char passwd[] = "root:x:0:0::/:/bin/sh\nada:x:70000:70000::/:/bin/sh\n";
        struct stat status;
        char path[128];
        uid_t uid;

        write_file("abc", "", 0);
        assert_true(root_has(root, patterns, 2));
        assert_false(root_has(root, none, 1));
        snprintf(path, sizeof(path), "%s/link", root);
        assert_int_equal(symlink("nowhere", path), 0);
        assert_int_equal(root_stat(root, &status, "/link"), -ENOENT);
        assert_int_equal(root_lstat(root, &status, "/link"), 0);
        assert_true(S_ISLNK(status.st_mode));
        snprintf(path, sizeof(path), "%s/etc", root);
        assert_int_equal(mkdir(path, 0700), 0);
        write_file("etc/passwd", passwd, strlen(passwd));
        assert_int_equal(root_find_uid(root, "ada", &uid), 0);
        assert_int_equal(uid, 70000);
        assert_int_equal(root_find_uid(root, "ad", &uid), -ENOENT);
}

static void test_output(void **state) {
        Secret output = SECRET_INIT;
        char *value;

        assert_null(output_find(&output, "usepam"));
        output_cut(&output);
        assert_int_equal(secret_append_text(&output, "port 22\nusepam yes\n\nuse no\nlast a b"), 0);
        value = output_find(&output, "usepam");
        assert_string_equal(value, "yes");
        free(value);
        value = output_find(&output, "last");
        assert_string_equal(value, "a b");
        free(value);
        assert_null(output_find(&output, "pam"));
        size_t size = output.size;
        output_cut(&output);
        assert_string_equal(secret_text(&output), "port 22");
        assert_int_equal(output.size, 7);
        for (size_t i = output.size; i < size; i++)
                assert_int_equal(output.text[i], '\0');
        secret_done(&output);
}

static int run(const char *command, bool with_errors, Secret *ret) {
        char *const argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)command, NULL };

        return machine_here().run(argv, with_errors, ret);
}

static void test_run(void **state) {
        Secret output = SECRET_INIT;
        char *const nowhere[] = { (char *)"/no/such/program", NULL };

        setenv("TOKEND_TEST", "leaks", 1);
        assert_int_equal(run("echo $TOKEND_TEST-$LC_ALL; echo err >&2; exit 7", false, &output), 7);
        assert_string_equal(secret_text(&output), "-C\n");
        secret_done(&output);
        assert_int_equal(run("echo a; echo b >&2", true, &output), 0);
        assert_string_equal(secret_text(&output), "a\nb\n");
        secret_done(&output);
        assert_int_equal(run("kill -9 $$", false, &output), 128 + 9);
        assert_int_equal(run("read x && echo $x", false, &output), 1);
        assert_int_equal(machine_here().run(nowhere, false, &output), -ENOENT);
        secret_done(&output);
}

static int64_t now_msec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* It costs no time when there is too much of it, or somebody else keeps the pipe. */
static void test_run_is_over(void **state) {
        Secret output = SECRET_INIT;
        int64_t start = now_msec();

        assert_int_equal(run("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
                             false, &output),
                         -EFBIG);
        assert_true(secret_is_empty(&output));
        assert_int_equal(run("echo a; sleep 20 & exit 3", false, &output), 3);
        assert_string_equal(secret_text(&output), "a\n");
        assert_true(now_msec() - start < 4000);
        secret_done(&output);
}

/* Whether it says nothing, or has closed its output. */
static void test_run_hangs(void **state) {
        Secret output = SECRET_INIT;
        int64_t start = now_msec();

        assert_int_equal(run("exec sleep 60", false, &output), -ETIMEDOUT);
        assert_int_equal(run("exec >/dev/null; exec sleep 60", false, &output), -ETIMEDOUT);
        assert_true(now_msec() - start < 40000);
        assert_true(secret_is_empty(&output));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_output),
                cmocka_unit_test(test_run),
                cmocka_unit_test(test_run_hangs),
                cmocka_unit_test(test_run_is_over),
                cmocka_unit_test_setup_teardown(test_read, setup, teardown),
                cmocka_unit_test_setup_teardown(test_look, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
