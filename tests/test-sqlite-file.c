/* The SQLite store's files: modes, the lock, damage. */

#include <fcntl.h>

#include "store-fixture.h"

static mode_t mode_of(Fixture *fixture, const char *suffix) {
        char path[256];
        struct stat st;

        snprintf(path, sizeof(path), "%s%s", fixture->path, suffix);
        assert_int_equal(stat(path, &st), 0);
        return st.st_mode & 07777;
}

/* threats.md 44 */
static void test_modes(void **state) {
        static const mode_t umasks[] = { 0, 022, 0777 };
        static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(umasks); i++) {
                mode_t before;
                int r;

                fixture_forget(fixture);
                before = umask(umasks[i]);
                r = fixture_open(fixture);
                umask(before);
                assert_int_equal(r, 0);
                for (size_t j = 0; j < ELEMENTSOF(suffixes); j++)
                        assert_int_equal(mode_of(fixture, suffixes[j]), 0600);
        }

        fixture_close(fixture);
        assert_int_equal(chmod(fixture->path, 0644), 0);
        assert_int_equal(fixture_open(fixture), 0);
        assert_int_equal(mode_of(fixture, ""), 0600);

        fixture_close(fixture);
        assert_int_equal(chmod(fixture->folder, 0777), 0);
        assert_int_equal(fixture_open(fixture), -EPERM);
        assert_non_null(strstr(fixture->message, fixture->folder));
        assert_int_equal(chmod(fixture->folder, 0700), 0);
}

static void test_one_daemon(void **state) {
        Fixture *fixture = *state;
        _cleanup_(freep) char *message = NULL;
        Backend *second = NULL;

        assert_int_equal(
                backend_sqlite.open(fixture->path, &fixture_clock, false, &second, &message),
                -EBUSY);
        assert_null(second);
        assert_non_null(strstr(message, fixture->path));
        fixture_close(fixture);
        assert_int_equal(fixture_open(fixture), 0);
}

static off_t write_over(const char *path, off_t offset, const void *data, size_t size) {
        _cleanup_(closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, data, size, offset), size);
        return lseek(fd, 0, SEEK_END);
}

/* threats.md 48: an empty database has forgotten the revocations. */
static void test_damage_is_refused(void **state) {
        static const char junk[4096] = { 'x' };
        static const struct {
                off_t cut;    /* at this size; -1: not */
                off_t offset; /* of junk; -1: none */
                size_t size;
        } cases[] = {
                { 0, -1, 0 }, { 50, -1, 0 }, { 4096, -1, 0 }, { -1, 0, 16 },
                { -1, 100, 1000 }, { -1, 4096, 4096 }, { -1, 3 * 4096, 4096 },
        };
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                off_t size = cases[i].cut;

                fixture_forget(fixture);
                assert_int_equal(fixture_open(fixture), 0);
                assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
                fixture_close(fixture);
                if (cases[i].cut >= 0)
                        assert_int_equal(truncate(fixture->path, cases[i].cut), 0);
                else
                        size = write_over(fixture->path, cases[i].offset, junk, cases[i].size);
                if (cases[i].cut >= 0) /* seen without reading all of it */
                        assert_int_equal(sqlite_file_check(fixture->path, &fixture->message),
                                         -EUCLEAN);
                assert_refused_and_kept(fixture, -EUCLEAN, size);
        }
}

static void test_lost_database_with_its_log(void **state) {
        Fixture *fixture = *state;
        _cleanup_(freep) char *wal = NULL;

        fixture_forget(fixture);
        assert_true(asprintf(&wal, "%s-wal", fixture->path) > 0);
        _cleanup_(closep) int fd = open(wal, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, "log", 3), 3);
        assert_int_equal(fixture_open(fixture), -EUCLEAN);
        assert_int_equal(access(fixture->path, F_OK), -1);
}

static void test_no_regular_file(void **state) {
        Fixture *fixture = *state;
        _cleanup_(freep) char *target = NULL;

        fixture_close(fixture);
        assert_true(asprintf(&target, "%s/other.db", fixture->folder) > 0);
        assert_int_equal(rename(fixture->path, target), 0);
        assert_int_equal(symlink(target, fixture->path), 0);
        assert_int_equal(fixture_open(fixture), -ELOOP);
        assert_int_equal(unlink(fixture->path), 0);
        assert_int_equal(mkfifo(fixture->path, 0600), 0);
        assert_int_equal(fixture_open(fixture), -EPERM);
}

static void test_no_folder(void **state) {
        Fixture *fixture = *state;

        fixture_forget(fixture);
        free(fixture->path);
        assert_true(asprintf(&fixture->path, "%s/none/t.db", fixture->folder) > 0);
        assert_int_equal(fixture_open(fixture), -ENOENT);
        assert_non_null(fixture->message);
}

/* What a crash left of making one is in nobody's way. */
static void test_half_made_database(void **state) {
        Fixture *fixture = *state;
        _cleanup_(freep) char *new = NULL;

        fixture_forget(fixture);
        assert_true(asprintf(&new, "%s.new", fixture->path) > 0);
        _cleanup_(closep) int fd = open(new, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, "half", 4), 4);
        assert_int_equal(fixture_open(fixture), 0);
        assert_int_equal(access(new, F_OK), -1);
        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_modes),
                TEST(test_one_daemon),
                TEST(test_damage_is_refused),
                TEST(test_lost_database_with_its_log),
                TEST(test_no_regular_file),
                TEST(test_no_folder),
                TEST(test_half_made_database),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
