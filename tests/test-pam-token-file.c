#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pam/token-file.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define ID       "0123456789abcdef0123456789abcdef"
#define OTHER_ID "fedcba9876543210fedcba9876543210"

typedef struct Place {
        char parent[64];
        char path[96];
        char file[160];
        Secret token;
} Place;

static int setup(void **state) {
        Place *place = calloc(1, sizeof(*place));

        strcpy(place->parent, "/tmp/token-file-XXXXXX");
        if (!mkdtemp(place->parent) || chmod(place->parent, 0755) < 0)
                return -1;
        snprintf(place->path, sizeof(place->path), "%s/tokens", place->parent);
        snprintf(place->file, sizeof(place->file), "%s/" ID, place->path);
        *state = place;
        return secret_append_text(&place->token, "secret");
}

static int teardown(void **state) {
        Place *place = *state;
        char command[128];

        snprintf(command, sizeof(command), "rm -rf %s", place->parent);
        int r = system(command);
        secret_done(&place->token);
        free(place);
        return r;
}

static unsigned mode_of(const char *path) {
        struct stat status;

        assert_int_equal(lstat(path, &status), 0);
        return status.st_mode & 07777;
}

static void expect_text(const char *path, const char *expected) {
        char text[64] = "";
        FILE *file = fopen(path, "re");

        assert_non_null(file);
        size_t n = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
        assert_int_equal(n, strlen(expected));
        assert_string_equal(text, expected);
}

static size_t count_entries(const char *path) {
        size_t n = 0;
        DIR *folder = opendir(path);

        assert_non_null(folder);
        while (readdir(folder))
                n++;
        closedir(folder);
        return n - 2;
}

/* The host's umask takes nothing from the modes, in either direction. */
static void test_write_and_remove(void **state) {
        static const mode_t masks[] = { 0, 022, 077, 0777 };
        Place *place = *state;
        struct stat status;

        /* the last is for root, whom the mode of its own folder does not keep out */
        for (size_t i = 0; i < ELEMENTSOF(masks) - (geteuid() != 0); i++) {
                _cleanup_(closep) int folder = -1;
                uid_t uid = geteuid() == 0 ? 70000 : geteuid();
                gid_t gid = geteuid() == 0 ? 70001 : getegid();

                mode_t before = umask(masks[i]);
                int r = token_folder_open(place->path, true, &folder);
                /* once more, in place of the first */
                for (int n = 0; r == 0 && n < 2; n++)
                        r = token_file_write(folder, ID, &place->token, uid, gid);
                umask(before);
                assert_int_equal(r, 0);
                assert_int_equal(mode_of(place->path), 0711);
                assert_int_equal(mode_of(place->file), 0400);
                assert_int_equal(lstat(place->file, &status), 0);
                assert_int_equal(status.st_uid, uid);
                assert_int_equal(status.st_gid, gid);
                expect_text(place->file, "secret\n");
                assert_int_equal(count_entries(place->path), 1);
                assert_true(fcntl(folder, F_GETFD) & FD_CLOEXEC);

                assert_int_equal(token_file_remove(folder, OTHER_ID), 0);
                assert_int_equal(count_entries(place->path), 1);
                assert_int_equal(token_file_remove(folder, ID), 0);
                assert_int_equal(token_file_remove(folder, ID), 0);
                assert_int_equal(count_entries(place->path), 0);
                assert_int_equal(rmdir(place->path), 0);
        }
}

static void test_missing(void **state) {
        Place *place = *state;
        char path[128];
        int folder = -1;

        assert_int_equal(token_folder_open(place->path, false, &folder), -ENOENT);
        assert_int_equal(access(place->path, F_OK), -1);
        snprintf(path, sizeof(path), "%s/none/tokens", place->parent);
        assert_int_equal(token_folder_open(path, true, &folder), -ENOENT);
        assert_int_equal(token_folder_open("tokens", true, &folder), -EINVAL);
        assert_int_equal(token_folder_open("/run/", true, &folder), -EINVAL);
        assert_int_equal(folder, -1);
}

/* A folder that is there keeps its mode; one that others can write to is not used. */
static void test_untrusted_folder(void **state) {
        static const struct {
                mode_t parent, folder;
                int expected;
        } rows[] = {
                { 0755, 0711, 0 },         { 0755, 0700, 0 },        { 0711, 0755, 0 },
                { 0755, 0731, -EUCLEAN },  { 0755, 0713, -EUCLEAN }, { 0777, 0711, -EUCLEAN },
                { 01777, 0711, -EUCLEAN }, { 0775, 0711, -EUCLEAN },
        };
        Place *place = *state;

        assert_int_equal(mkdir(place->path, 0711), 0);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(closep) int folder = -1;

                assert_int_equal(chmod(place->parent, rows[i].parent), 0);
                assert_int_equal(chmod(place->path, rows[i].folder), 0);
                assert_int_equal(token_folder_open(place->path, true, &folder), rows[i].expected);
                assert_int_equal(folder >= 0, rows[i].expected == 0);
                assert_int_equal(mode_of(place->path), rows[i].folder);
        }
        chmod(place->parent, 0755);
        if (geteuid() == 0) {
                int folder = -1;

                assert_int_equal(chmod(place->path, 0711), 0);
                assert_int_equal(chown(place->path, 70000, 70000), 0);
                assert_int_equal(token_folder_open(place->path, true, &folder), -EUCLEAN);
                assert_int_equal(chown(place->path, 0, 70000), 0);
                assert_int_equal(chown(place->parent, 70000, 0), 0);
                assert_int_equal(token_folder_open(place->path, true, &folder), -EUCLEAN);
        }
}

/* Links, whatever they lead to, and what is no folder. */
static void test_links(void **state) {
        Place *place = *state;
        char real[128], through[160];
        int folder = -1;

        snprintf(real, sizeof(real), "%s/real", place->parent);
        assert_int_equal(mkdir(real, 0711), 0);
        assert_int_equal(symlink("real", place->path), 0);
        assert_int_equal(token_folder_open(place->path, true, &folder), -EUCLEAN);
        snprintf(through, sizeof(through), "%s/below", place->path);
        assert_int_equal(token_folder_open(through, true, &folder), -EUCLEAN);
        assert_int_equal(count_entries(real), 0);
        assert_int_equal(unlink(place->path), 0);
        assert_int_equal(symlink("nowhere", place->path), 0);
        assert_int_equal(token_folder_open(place->path, true, &folder), -EUCLEAN);
        assert_int_equal(unlink(place->path), 0);
        assert_int_equal(mknod(place->path, S_IFREG | 0600, 0), 0);
        assert_int_equal(token_folder_open(place->path, true, &folder), -EUCLEAN);
        assert_int_equal(unlink(place->path), 0);
        assert_int_equal(mkfifo(place->path, 0600), 0);
        assert_int_equal(token_folder_open(place->path, true, &folder), -EUCLEAN);
        assert_int_equal(folder, -1);
}

/* What lies at either name is replaced and never followed or written to. */
static void test_leftovers(void **state) {
        static const char *const names[] = { ID, ID ".new" };
        _cleanup_(closep) int folder = -1;
        Place *place = *state;
        char victim[128];

        assert_int_equal(token_folder_open(place->path, true, &folder), 0);
        snprintf(victim, sizeof(victim), "%s/victim", place->parent);
        assert_int_equal(mknod(victim, S_IFREG | 0644, 0), 0);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_int_equal(symlinkat("../victim", folder, names[i]), 0);
                assert_int_equal(token_file_write(folder, ID, &place->token, geteuid(), getegid()),
                                 0);
                expect_text(place->file, "secret\n");
                expect_text(victim, "");
                assert_int_equal(count_entries(place->path), 1);
                assert_int_equal(token_file_remove(folder, ID), 0);
        }
        /* In the way for good: nothing half done stays. */
        assert_int_equal(mkdir(place->file, 0700), 0);
        assert_int_equal(token_file_write(folder, ID, &place->token, geteuid(), getegid()),
                         -EISDIR);
        assert_int_equal(token_file_remove(folder, ID), -EISDIR);
        assert_int_equal(count_entries(place->path), 1);
}

static void test_names(void **state) {
        static const char *const bad[] = {
                "", "..", "../victim", ID "0", "0123", ID "/x", "0123456789ABCDEF0123456789ABCDEF"
        };
        _cleanup_(closep) int folder = -1;
        Place *place = *state;

        assert_int_equal(token_folder_open(place->path, true, &folder), 0);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_int_equal(token_file_write(folder, bad[i], &place->token, 0, 0), -EINVAL);
                assert_int_equal(token_file_remove(folder, bad[i]), -EINVAL);
        }
        assert_int_equal(count_entries(place->path), 0);
}

/* A host without its standard descriptors: what it writes there must not end up in the file. */
static void test_closed_stdio(void **state) {
        Place *place = *state;
        int folder = -1;

        int kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
        close(STDIN_FILENO);
        int r = token_folder_open(place->path, true, &folder);
        if (kept >= 0) {
                dup2(kept, STDIN_FILENO);
                close(kept);
        }
        assert_int_equal(r, 0);
        assert_in_range(folder, 3, 1000);
        close(folder);
}

/* Without the right to give files away: the errno, and no file. */
static void test_no_right_to_give(void **state) {
        _cleanup_(closep) int folder = -1;
        Place *place = *state;

        assert_int_equal(token_folder_open(place->path, true, &folder), 0);
        if (geteuid() == 0)
                skip();
        assert_int_equal(token_file_write(folder, ID, &place->token, 0, 0), -EPERM);
        assert_int_equal(count_entries(place->path), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_write_and_remove, setup, teardown),
                cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_untrusted_folder, setup, teardown),
                cmocka_unit_test_setup_teardown(test_links, setup, teardown),
                cmocka_unit_test_setup_teardown(test_leftovers, setup, teardown),
                cmocka_unit_test_setup_teardown(test_names, setup, teardown),
                cmocka_unit_test_setup_teardown(test_closed_stdio, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_right_to_give, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
