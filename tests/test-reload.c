/* What may change while the daemon runs, and what only higher layers know to be wrong. */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reload.h"
#include "wire/text.h"

static char path[32];

static int setup(void **state) {
        int fd;

        strcpy(path, "/tmp/test-reload.XXXXXX");
        fd = mkstemp(path);
        return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state) {
        return unlink(path);
}

static int read_text(const char *text, Config **ret, char **ret_message) {
        FILE *file = fopen(path, "we");

        assert_true(fputs(text, file) >= 0);
        fclose(file);
        return reload_read(path, ret, ret_message);
}

static void test_hash(void **state) {
        static const char *const good[] = { "", "Hash=sha512crypt\nRounds=5000\n", "Hash=bcrypt\n",
                                            "Hash=$y$\n" };
        static const char *const bad[] = { "Hash=yescryp\n", "Hash=$99$\n", "Hash=md5crypt\n",
                                           "Rounds=999999999\n", "Hash=bcrypt\nRounds=99\n" };

        for (size_t i = 0; i < ELEMENTSOF(good) + ELEMENTSOF(bad); i++) {
                bool is_good = i < ELEMENTSOF(good);
                _cleanup_(config_freep) Config *config = NULL;
                _cleanup_(freep) char *message = NULL;
                char text[128];

                snprintf(text, sizeof(text), "[Password]\n%s",
                         is_good ? good[i] : bad[i - ELEMENTSOF(good)]);
                assert_int_equal(read_text(text, &config, &message), is_good ? 0 : -EINVAL);
                assert_int_equal(config != NULL, is_good);
                assert_int_equal(message == NULL, is_good);
                if (!is_good)
                        assert_memory_equal(message, path, strlen(path));
        }
}

static void test_mistakes_come_through(void **state) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *message = NULL;

        assert_int_equal(read_text("[Nonsense]\n", &config, &message), -EINVAL);
        assert_null(config);
        assert_non_null(strstr(message, ":1: unknown section [Nonsense]"));
}

static void assert_change(const char *before_text, const char *after_text, const char *key) {
        _cleanup_(config_freep) Config *before = NULL, *after = NULL;
        _cleanup_(freep) char *message = NULL;

        assert_int_equal(read_text(before_text, &before, &message), 0);
        assert_int_equal(read_text(after_text, &after, &message), 0);
        assert_int_equal(reload_check_change(before, after, &message), key ? -EINVAL : 0);
        if (key)
                assert_memory_equal(message, key, strlen(key));
        else
                assert_null(message);
}

static void test_changes(void **state) {
        assert_change("", "", NULL);
        assert_change("", "[Daemon]\nSocket=/run/tokend/tokend.sock\nLogLevel=err\n", NULL);
        assert_change("", "[Http]\nListen=\n[Password]\nThrottle=no\n", NULL);
        assert_change("[Daemon]\nUserdb=\n", "[Daemon]\nUserdb=\n", NULL);

        assert_change("", "[Daemon]\nSocket=/x\n", "Socket= ");
        assert_change("", "[Daemon]\nStore=sqlite:/x\n", "Store= ");
        assert_change("", "[Daemon]\nUserdb=\n", "Userdb= ");
        assert_change("[Daemon]\nUserdb=\n", "", "Userdb= ");
        assert_change("", "[Daemon]\nUserdbSnapshot=/x\n", "UserdbSnapshot= ");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_hash, setup, teardown),
                cmocka_unit_test_setup_teardown(test_mistakes_come_through, setup, teardown),
                cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
