/* Unit tests of userdb/snapshot: what is written is read back, and nothing else is believed. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot-fixture.h"
#include "wire/text.h"

static int folder_make(void **state) {
        char *folder = strdup("/tmp/test-snapshot-XXXXXX");

        *state = folder;
        return folder && mkdtemp(folder) ? 0 : -1;
}

static int folder_remove(void **state) {
        _cleanup_(freep) char *folder = *state, *file = NULL;

        assert_true(asprintf(&file, "%s/snapshot", folder) > 0);
        (void)unlink(file);
        return rmdir(folder);
}

static char *path_in(const char *folder) {
        char *path;

        assert_true(asprintf(&path, "%s/snapshot", folder) > 0);
        return path;
}

static int read_back(const char *path, Snapshot **ret) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        return snapshot_read(fd, ret);
}

static void test_round_trip(void **state) {
        char *groups[] = { (char *)"audio", (char *)"video", NULL };
        SnapshotUser users[] = {
                { .name = "zoe", .uid = 70000, .gid = 70000, .home = "/home/zoe", .shell = "/bin/sh" },
                { .name = "ada", .uid = 70001, .gid = 70001, .home = "/home/ada", .shell = "/bin/bash",
                  .groups = groups, .state = SNAPSHOT_LOCKED },
                { .name = "eve", .uid = 70002, .gid = 70002, .home = "/h", .shell = "/s",
                  .state = SNAPSHOT_MUST_CHANGE },
                { .name = "local", .uid = 1000, .gid = 1000, .groups = groups },
        };
        _cleanup_(freep) char *path = path_in(*state);
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        const SnapshotUser *ada;
        struct stat st;
        mode_t mask = umask(0077);

        assert_int_equal(write_snapshot(path, users, 4), 0);
        umask(mask);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
        assert_int_equal(read_back(path, &snapshot), 0);
        assert_int_equal(snapshot->n_users, 4);
        ada = snapshot_find_name(snapshot, "ada");
        assert_non_null(ada);
        assert_string_equal(ada->home, "/home/ada");
        assert_string_equal(ada->groups[1], "video");
        assert_int_equal(ada->state, SNAPSHOT_LOCKED);
        assert_ptr_equal(snapshot_find_uid(snapshot, 70001), ada);
        assert_string_equal(snapshot_find_uid(snapshot, 70000)->name, "zoe");
        assert_null(snapshot_find_uid(snapshot, 1000));
        assert_null(snapshot_find_name(snapshot, "local")->shell);
        assert_null(snapshot_find_name(snapshot, "ad"));
        assert_null(snapshot_find_uid(snapshot, 70003));
        assert_int_equal(snapshot_find_uid(snapshot, 70000)->state, SNAPSHOT_ACTIVE);
        assert_int_equal(snapshot_find_uid(snapshot, 70002)->state, SNAPSHOT_MUST_CHANGE);
}

static void test_no_field_breaks_out(void **state) {
        SnapshotUser bad[] = {
                { .name = "a:b", .uid = 70000, .gid = 70000, .home = "/", .shell = "/bin/sh" },
                { .name = "ada", .uid = 70000, .gid = 70000, .home = "/\nroot:0:0", .shell = "/bin/sh" },
                { .name = "ada", .uid = 70000, .gid = 70000, .home = "/", .shell = "/bin/sh:x" },
                { .name = "ada", .uid = 70000, .gid = 70000, .home = "/\xe9", .shell = "/bin/sh" },
        };
        _cleanup_(freep) char *path = path_in(*state);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(write_snapshot(path, &bad[i], 1), -EINVAL);
        assert_int_equal(access(path, F_OK), -1);
}

static void test_a_link_beside_it_is_not_followed(void **state) {
        SnapshotUser user = { .name = "ada", .uid = 70000, .gid = 70000, .home = "/", .shell = "/bin/sh" };
        _cleanup_(freep) char *path = path_in(*state), *fresh = NULL, *victim = NULL;

        assert_true(asprintf(&fresh, "%s.new", path) > 0);
        assert_true(asprintf(&victim, "%s.victim", path) > 0);
        assert_int_equal(symlink(victim, fresh), 0);
        assert_int_equal(write_snapshot(path, &user, 1), 0);
        assert_int_equal(access(victim, F_OK), -1);
}

static void test_what_is_refused(void **state) {
        static const char *const bad[] = {
                "",
                "tokend-userdb 3\n",
                "tokend-userdb 2\nada:70000:70000:/h:/s:active:",     /* no end of line */
                "tokend-userdb 2\nada:70000:70000:/h:/s:active\n",    /* a field short */
                "tokend-userdb 2\nada:70000:70000:/h:/s:active::\n",  /* a field long */
                "tokend-userdb 2\nada:0:70000:/h:/s:active:\n",       /* root */
                "tokend-userdb 2\nada:70000:0:/h:/s:active:\n",       /* root's group */
                "tokend-userdb 2\nada:999:999:/h:/s:active:\n",       /* the system's */
                "tokend-userdb 2\nada:61184:61184:/h:/s:active:\n",   /* DynamicUser= */
                "tokend-userdb 2\nada:65534:65534:/h:/s:active:\n",   /* nobody */
                "tokend-userdb 2\nada:4294967295:70000:/h:/s:active:\n",
                "tokend-userdb 2\nada:2147483648:70000:/h:/s:active:\n",
                "tokend-userdb 2\nada:x:70000:/h:/s:active:\n",
                "tokend-userdb 2\na/b:70000:70000:/h:/s:active:\n",
                "tokend-userdb 2\nbob:70000:70000:/h:/s:active:\nada:70001:70001:/h:/s:active:\n",
                "tokend-userdb 2\nada:70000:70000:/h:/s:active:\nada:70001:70001:/h:/s:active:\n",
                "tokend-userdb 2\nada:70000:70000:/h:/s:active:\nbob:70000:70000:/h:/s:active:\n",
                "tokend-userdb 2\nada:70000:70000:/h:/s:lock:\n",   /* no state */
                "tokend-userdb 1\nada:70000:70000:/h:/s:active:\n",  /* the format before */
                "tokend-userdb 2\nada:70000:70000::/s:active:\n",    /* no home */
                "tokend-userdb 2\nada:70000:70000:/h:s:active:\n",   /* no path */
                "tokend-userdb 2\nada:70000:70000:/\xe9:/s:active:\n",
                "tokend-userdb 2\nada:70000:70000:/h:/s:active:\xff\n",
        };
        _cleanup_(freep) char *path = path_in(*state);
        Snapshot *snapshot = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                FILE *file = fopen(path, "we");

                assert_non_null(file);
                fputs(bad[i], file);
                assert_int_equal(fclose(file), 0);
                assert_int_equal(read_back(path, &snapshot), -EBADMSG);
                assert_null(snapshot);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_round_trip, folder_make, folder_remove),
                cmocka_unit_test_setup_teardown(test_no_field_breaks_out, folder_make, folder_remove),
                cmocka_unit_test_setup_teardown(test_a_link_beside_it_is_not_followed, folder_make,
                                                folder_remove),
                cmocka_unit_test_setup_teardown(test_what_is_refused, folder_make, folder_remove),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
