/* Unit tests of userdb/roster: the file is what the changes add up to, in order, and only a change
 * that would show in it counts as one. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "userdb/roster.h"
#include "wire/text.h"

static int set(Roster *roster, const char *name, uint32_t uid, int64_t expires) {
        const SnapshotUser user = {
                .name = name, .uid = uid, .gid = uid, .home = "/h", .shell = "/s"
        };

        return roster_set(roster, &user, expires);
}

static int lock(Roster *roster, const char *name, uint32_t uid, int64_t expires) {
        const SnapshotUser user = {
                .name = name, .uid = uid, .gid = uid, .home = "/h", .shell = "/s", .state = SNAPSHOT_LOCKED
        };

        return roster_set(roster, &user, expires);
}

static int demand(Roster *roster, const char *name, uint32_t uid, int64_t expires) {
        const SnapshotUser user = {
                .name = name, .uid = uid, .gid = uid, .home = "/h", .shell = "/s",
                .state = SNAPSHOT_MUST_CHANGE
        };

        return roster_set(roster, &user, expires);
}

/* The file's lines, without the first. */
static void assert_content(const Roster *roster, const char *expected) {
        char folder[] = "/tmp/test-roster-XXXXXX", path[64], text[8192];
        size_t first = strlen(SNAPSHOT_FIRST_LINE);
        FILE *file;

        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/snapshot", folder);
        assert_int_equal(roster_write(roster, path), 0);
        file = fopen(path, "re");
        assert_non_null(file);
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        fclose(file);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(folder), 0);
        assert_memory_equal(text, SNAPSHOT_FIRST_LINE, first);
        assert_string_equal(text + first, expected);
}

/* By the bytes of the names, not of the lines: ':' comes behind '-'. */
static void test_order(void **state) {
        _cleanup_(roster_freep) Roster *roster = roster_new();

        assert_content(roster, "");
        assert_int_equal(set(roster, "ada-b", 5, 0), 1);
        assert_int_equal(set(roster, "zoe", 6, 0), 1);
        assert_int_equal(set(roster, "ada", 7, 0), 1);
        assert_int_equal(set(roster, "\xc3\xa9va", 8, 0), 1);
        assert_content(roster, "ada:7:7:/h:/s:active:\nada-b:5:5:/h:/s:active:\n"
                               "zoe:6:6:/h:/s:active:\n\xc3\xa9va:8:8:/h:/s:active:\n");
}

static void test_changes(void **state) {
        _cleanup_(roster_freep) Roster *roster = roster_new();

        assert_int_equal(roster_remove(roster, "ada"), 0);
        assert_int_equal(set(roster, "ada", 5, 0), 1);
        assert_int_equal(set(roster, "ada", 5, 0), 0);
        assert_int_equal(lock(roster, "ada", 5, 0), 1);
        assert_int_equal(lock(roster, "ada", 5, 9), 0);
        assert_content(roster, "ada:5:5:/h:/s:locked:\n");
        assert_int_equal(set(roster, "ada", 6, 0), 1);
        assert_content(roster, "ada:6:6:/h:/s:active:\n");
        assert_int_equal(roster_remove(roster, "ad"), 0);
        assert_int_equal(roster_remove(roster, "ada"), 1);
        assert_int_equal(roster_remove(roster, "ada"), 0);
        assert_content(roster, "");
}

/* Added in one order and taken out in another: who stays is found all the time. */
static void test_many(void **state) {
        _cleanup_(roster_freep) Roster *roster = roster_new();
        char name[16];

        for (uint32_t i = 0; i < 1000; i++) {
                snprintf(name, sizeof(name), "u%03u", i * 7 % 1000);
                assert_int_equal(set(roster, name, i, 0), 1);
        }
        for (uint32_t i = 0; i < 1000; i++) {
                snprintf(name, sizeof(name), "u%03u", i * 13 % 1000);
                if (!streq(name, "u500") && !streq(name, "u000"))
                        assert_int_equal(roster_remove(roster, name), 1);
        }
        assert_content(roster, "u000:0:0:/h:/s:active:\nu500:500:500:/h:/s:active:\n");
}

static void test_expiry(void **state) {
        _cleanup_(roster_freep) Roster *roster = roster_new();
        int64_t next;

        assert_int_equal(roster_expire(roster, 100, &next), 0);
        assert_true(next == INT64_MAX);
        assert_int_equal(set(roster, "ada", 5, 300), 1);
        assert_int_equal(set(roster, "bob", 6, 200), 1);
        assert_int_equal(set(roster, "eve", 7, 0), 1);
        assert_int_equal(lock(roster, "kim", 8, 150), 1); /* is locked by itself */
        assert_int_equal(roster_expire(roster, 199, &next), 0);
        assert_true(next == 200);
        assert_int_equal(roster_expire(roster, 200, &next), 1);
        assert_true(next == 300);
        assert_int_equal(roster_expire(roster, 200, &next), 0);
        assert_content(roster, "ada:5:5:/h:/s:active:\nbob:6:6:/h:/s:locked:\n"
                               "eve:7:7:/h:/s:active:\nkim:8:8:/h:/s:locked:\n");
        /* Another date, which does not show yet. */
        assert_int_equal(set(roster, "ada", 5, 400), 0);
        assert_int_equal(set(roster, "bob", 6, 0), 1);
        assert_int_equal(roster_expire(roster, 399, &next), 0);
        assert_true(next == 400);
        assert_int_equal(roster_remove(roster, "ada"), 1);
        assert_int_equal(roster_expire(roster, 1000, &next), 0);
        assert_true(next == INT64_MAX);
}

/* Its word is a longer one. */
static void test_expiry_of_who_must_change(void **state) {
        _cleanup_(roster_freep) Roster *roster = roster_new();
        int64_t next;

        assert_int_equal(demand(roster, "ada", 5, 300), 1);
        assert_int_equal(demand(roster, "bob", 6, 0), 1);
        assert_int_equal(demand(roster, "ada", 5, 200), 0);
        assert_content(roster, "ada:5:5:/h:/s:must-change:\nbob:6:6:/h:/s:must-change:\n");
        assert_int_equal(roster_expire(roster, 200, &next), 1);
        assert_content(roster, "ada:5:5:/h:/s:locked:\nbob:6:6:/h:/s:must-change:\n");
        assert_int_equal(set(roster, "bob", 6, 0), 1);
        assert_int_equal(demand(roster, "ada", 5, 0), 1);
        assert_content(roster, "ada:5:5:/h:/s:must-change:\nbob:6:6:/h:/s:active:\n");
}

static void test_what_is_refused_changes_nothing(void **state) {
        _cleanup_(roster_freep) Roster *roster = roster_new();
        char *groups[] = { (char *)"a,b", NULL };
        const SnapshotUser bad = {
                .name = "ada", .uid = 6, .gid = 6, .home = "/h", .shell = "/s", .groups = groups
        };

        assert_int_equal(set(roster, "ada", 5, 0), 1);
        assert_int_equal(roster_set(roster, &bad, 0), -EINVAL);
        assert_int_equal(set(roster, "ada\nroot", 5, 0), -EINVAL);
        assert_content(roster, "ada:5:5:/h:/s:active:\n");
}

static void test_no_place_for_the_file(void **state) {
        _cleanup_(roster_freep) Roster *roster = roster_new();

        assert_int_equal(roster_write(roster, "/dev/null/snapshot"), -ENOTDIR);
        assert_null(roster_free(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_changes),
                cmocka_unit_test(test_many),
                cmocka_unit_test(test_expiry),
                cmocka_unit_test(test_expiry_of_who_must_change),
                cmocka_unit_test(test_what_is_refused_changes_nothing),
                cmocka_unit_test(test_no_place_for_the_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
