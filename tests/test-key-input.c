#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/key-input.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define BLOB "AAAAC3NzaC1lZDI1NTE5AAAAIJqh"

static void test_lines(void **state) {
        static const char *const good[] = {
                "ssh-ed25519 " BLOB,
                "ssh-ed25519 " BLOB " ada@home",
                "ssh-rsa AAAAB3== with words",
                "ecdsa-sha2-nistp256 AAAA",
                "sk-ssh-ed25519@openssh.com AAAA",
                "sk-ecdsa-sha2-nistp256@openssh.com AAAA k\xc3\xb6y",
        };
        static const char *const bad[] = {
                "",
                "ssh-ed25519",
                "ssh-ed25519 ",
                "ssh- AAAA",
                BLOB,
                "restrict ssh-ed25519 " BLOB,
                "command=\"/bin/sh\" ssh-ed25519 " BLOB,
                "ssh-ed25519 AA*A",
                "ssh-ed25519 " BLOB " a\033[2Jb",
                "ssh-ed25519 " BLOB "\nssh-ed25519 " BLOB,
                "-----BEGIN OPENSSH PRIVATE KEY-----",
                "1024 35 1234567890",
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_null(key_line_problem(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_non_null(key_line_problem(bad[i]));
        assert_non_null(strstr(key_line_problem("restrict ssh-rsa AAAA"), "options"));
        assert_non_null(strstr(key_line_problem("-----BEGIN RSA PRIVATE KEY-----"), ".pub"));
}

static enum Exit read_value(const char *value, char ***ret) {
        Ctl ctl = { 0 };

        ctl.options.values[OPTION_SSH_KEY] = value;
        return keys_read_option(&ctl, OPTION_SSH_KEY, ret);
}

static enum Exit read_file(const char *bytes, size_t size, char ***ret) {
        char path[] = "/tmp/test-key-input-XXXXXX", value[64];
        int fd = mkstemp(path);
        enum Exit e;

        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, size), size);
        close(fd);
        snprintf(value, sizeof(value), "@%s", path);
        e = read_value(value, ret);
        unlink(path);
        return e;
}

static void test_value(void **state) {
        char **keys = NULL;

        assert_int_equal(read_value("  ssh-rsa\t AAAA   my  key ", &keys), EXIT_DONE);
        assert_int_equal(strv_length(keys), 1);
        assert_string_equal(keys[0], "ssh-rsa AAAA my  key");
        keys = strv_free(keys);
        /* Nothing removes all. */
        assert_int_equal(read_value("", &keys), EXIT_DONE);
        assert_non_null(keys);
        assert_int_equal(strv_length(keys), 0);
        keys = strv_free(keys);
        assert_int_equal(read_value("ssh-rsa AAAA\nssh-rsa BBBB", &keys), EXIT_FAILED);
        assert_int_equal(read_value("id_ed25519.pub", &keys), EXIT_FAILED);
        assert_int_equal(read_value("@/nonexistent", &keys), EXIT_FAILED);
        assert_int_equal(read_value("@", &keys), EXIT_FAILED);
        assert_null(keys);
}

static void test_file(void **state) {
        static const char good[] =
                        "# mine\n\nssh-rsa AAAA one\r\n  \n\tssh-rsa BBBB\n#\nssh-rsa CCCC";
        static const char private[] = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n";
        static const char nul[] = "ssh-rsa AAAA\0ssh-rsa BBBB\n";
        char **keys = NULL;

        assert_int_equal(read_file(good, sizeof(good) - 1, &keys), EXIT_DONE);
        assert_int_equal(strv_length(keys), 3);
        assert_string_equal(keys[0], "ssh-rsa AAAA one");
        assert_string_equal(keys[1], "ssh-rsa BBBB");
        assert_string_equal(keys[2], "ssh-rsa CCCC");
        keys = strv_free(keys);
        /* One bad line, and none of them is taken. */
        assert_int_equal(read_file("ssh-rsa AAAA\nnonsense\n", 22, &keys), EXIT_FAILED);
        assert_int_equal(read_file(private, sizeof(private) - 1, &keys), EXIT_FAILED);
        assert_int_equal(read_file(nul, sizeof(nul) - 1, &keys), EXIT_FAILED);
        assert_int_equal(read_file("# nothing\n", 10, &keys), EXIT_FAILED);
        assert_int_equal(read_file("", 0, &keys), EXIT_FAILED);
        assert_int_equal(read_file("ssh-rsa AAAA \xff\n", 15, &keys), EXIT_FAILED);
        assert_null(keys);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_value),
                cmocka_unit_test(test_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
