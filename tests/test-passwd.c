/* Lines of passwd(5), and who need not ask tokend. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "passwd.h"
#include "unit.h"
#include "wire/protocol.h"
#include "wire/text.h"

#define PASSWD "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\n"
#define SNAPSHOT                                                                                   \
        SNAPSHOT_FIRST_LINE "ada:70000:70000:/home/ada:/bin/sh:active:\neve:1001:1001:::active:\n"

static void test_passwd(void **state) {
        char path[] = "/tmp/fake-passwd-XXXXXX";
        int fd = mkstemp(path);
        FILE *file = fdopen(fd, "w");
        uid_t uid = 7;

        fputs("root:x:0:0::/root:/bin/sh\ntokend2:x:5:5::/:/x\nxtokend:x:6:6::/:/x\n"
              "tokend:x:-1:1::/:/x\ntokend:x:4294967295:1::/:/"
              "x\ntokend:x:\ntokend:x::1:::\ntokend\n"
              "tokend:x:12\n",
              file);
        fflush(file);
        assert_int_equal(passwd_find_uid(path, "tokend", &uid), -ENOENT);
        assert_int_equal(uid, 7);
        fputs("tokend:x:991:990:a:/:/x\n", file);
        fflush(file);
        assert_int_equal(passwd_find_uid(path, "tokend", &uid), 0);
        assert_int_equal(uid, 991);
        assert_int_equal(passwd_find_uid(path, "root", &uid), 0);
        assert_int_equal(uid, 0);
        assert_int_equal(passwd_find_uid("/nowhere/passwd", "root", &uid), -ENOENT);
        fclose(file);
        unlink(path);
}

static void test_line(void **state) {
        uid_t uid = 7;

        assert_int_equal(passwd_line_uid("ada:x:70000:70000::/:/bin/sh", "ada", &uid), 0);
        assert_int_equal(uid, 70000);
        assert_int_equal(passwd_line_uid("ada:x:5:5::/:", NULL, &uid), 0);
        assert_int_equal(uid, 5);
        assert_int_equal(passwd_line_uid("ada:x:6:6::/:", "ad", &uid), -ENOENT);
        assert_int_equal(passwd_line_uid("ada", NULL, &uid), -ENOENT);
        assert_int_equal(passwd_line_uid("", NULL, &uid), -ENOENT);
        assert_int_equal(passwd_line_uid("ada:x:-6:6", NULL, &uid), -ENOENT);
        assert_int_equal(uid, 5);
}

typedef struct Files {
        char folder[32];
        char passwd[64];
        char snapshot[64];
} Files;

static void write_file(const char *path, const char *text) {
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        fputs(text, file);
        fclose(file);
        assert_int_equal(chmod(path, 0600), 0);
}

static int setup(void **state) {
        static Files files;

        files = (Files){ .folder = "/tmp/test-passwd-XXXXXX" };
        if (!mkdtemp(files.folder))
                return -1;
        snprintf(files.passwd, sizeof(files.passwd), "%s/passwd", files.folder);
        snprintf(files.snapshot, sizeof(files.snapshot), "%s/snapshot", files.folder);
        write_file(files.passwd, PASSWD "eve:x:1001:1001::/home/eve:/bin/sh\n");
        write_file(files.snapshot, SNAPSHOT);
        *state = &files;
        return 0;
}

static int teardown(void **state) {
        Files *files = *state;

        unlink(files->passwd);
        unlink(files->snapshot);
        return rmdir(files->folder);
}

static bool is_foreign(const Files *files, const char *name) {
        return passwd_user_is_foreign(files->passwd, files->snapshot, geteuid(), name);
}

static void test_foreign(void **state) {
        const Files *files = *state;

        assert_true(is_foreign(files, "bob"));
        assert_true(is_foreign(files, "root"));
        /* taken on by tokend; tokend's own; nobody's */
        assert_false(is_foreign(files, "eve"));
        assert_false(is_foreign(files, "ada"));
        assert_false(is_foreign(files, "bo"));
        assert_false(is_foreign(files, ""));
}

/* What can't be trusted excuses nobody from asking. */
static void test_untrusted_list(void **state) {
        const Files *files = *state;
        char other[64];

        snprintf(other, sizeof(other), "%s/other", files->folder);
        for (mode_t mode = 0; mode < 0100; mode++) {
                assert_int_equal(chmod(files->snapshot, 0600 | mode), 0);
                assert_int_equal(is_foreign(files, "bob"), (mode & 022) == 0);
        }
        assert_int_equal(chmod(files->snapshot, 0600), 0);
        if (geteuid() == 0) {
                assert_int_equal(chown(files->snapshot, 991, 0), 0);
                assert_false(is_foreign(files, "bob"));
                assert_true(passwd_user_is_foreign(files->passwd, files->snapshot, 991, "bob"));
                assert_int_equal(chown(files->snapshot, 0, 0), 0);
        }
        assert_int_equal(rename(files->snapshot, other), 0);
        assert_false(is_foreign(files, "bob"));
        assert_int_equal(symlink(other, files->snapshot), 0);
        assert_false(is_foreign(files, "bob"));
        assert_int_equal(unlink(files->snapshot), 0);
        assert_int_equal(mkfifo(files->snapshot, 0600), 0);
        assert_false(is_foreign(files, "bob"));
        assert_int_equal(unlink(files->snapshot), 0);
        assert_int_equal(mkdir(files->snapshot, 0700), 0);
        assert_false(is_foreign(files, "bob"));
        assert_int_equal(rmdir(files->snapshot), 0);
        assert_int_equal(rename(other, files->snapshot), 0);
        assert_true(is_foreign(files, "bob"));
}

/* A file that is none, or none yet, excuses nobody either. */
static void test_other_format(void **state) {
        static const char *const texts[] = { "", "\n", "eve:1001:1001:::active:\n",
                                             "tokend-userdb 1\n", "tokend-userdb 2" };
        const Files *files = *state;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                write_file(files->snapshot, texts[i]);
                assert_false(is_foreign(files, "bob"));
        }
        write_file(files->snapshot, SNAPSHOT_FIRST_LINE);
        assert_true(is_foreign(files, "bob"));
        assert_true(is_foreign(files, "eve"));
}

static bool must_change(const Files *files, const char *name) {
        return snapshot_user_must_change(files->snapshot, geteuid(), name);
}

static void test_must_change(void **state) {
        const Files *files = *state;

        assert_false(must_change(files, "ada"));
        assert_false(must_change(files, "bob"));
        write_file(files->snapshot, SNAPSHOT_FIRST_LINE
                   "ada:70000:70000:/home/ada:/bin/sh:must-change:audio\n"
                   "adam:70001:70001:/home/ada:/bin/sh:must-change:\n"
                   "eve:1001:1001:::must-change:\n" /* the files' password may do for her */
                   "kim:70002:70002:/must-change:/must-change:locked:must-change\n"
                   "leo:70003:70003:/h:/s:must-change\n");
        assert_true(must_change(files, "ada"));
        assert_true(must_change(files, "adam"));
        assert_false(must_change(files, "ad"));
        assert_false(must_change(files, "eve"));
        assert_false(must_change(files, "kim"));
        assert_false(must_change(files, "leo")); /* a field short */
        assert_int_equal(chmod(files->snapshot, 0666), 0);
        assert_false(must_change(files, "ada"));
        write_file(files->snapshot, "ada:70000:70000:/home/ada:/bin/sh:must-change:audio\n");
        assert_false(must_change(files, "ada"));
}

static void test_no_passwd(void **state) {
        const Files *files = *state;

        assert_int_equal(unlink(files->passwd), 0);
        assert_false(is_foreign(files, "bob"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_passwd),
                cmocka_unit_test(test_line),
                cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
                cmocka_unit_test_setup_teardown(test_untrusted_list, setup, teardown),
                cmocka_unit_test_setup_teardown(test_other_format, setup, teardown),
                cmocka_unit_test_setup_teardown(test_must_change, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_passwd, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
