/* tokend.conf: its defaults, its drop-ins, and that whatever is wrong says where. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "wire/text.h"

#define DAY (86400 * USEC_PER_SEC)

static char folder[32], path[64];

static int setup(void **state) {
        strcpy(folder, "/tmp/test-config.XXXXXX");
        if (!mkdtemp(folder))
                return -1;
        snprintf(path, sizeof(path), "%s/t.conf", folder);
        return 0;
}

static int teardown(void **state) {
        char command[64];

        snprintf(command, sizeof(command), "rm -r '%s'", folder);
        return system(command);
}

static void write_file(const char *name, const char *text, size_t size) {
        char file[128];
        int fd;

        snprintf(file, sizeof(file), "%s/%s", folder, name);
        fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, size), size);
        close(fd);
}

static void write_drop_in(const char *name, const char *text) {
        char file[128];

        snprintf(file, sizeof(file), "%s/t.conf.d", folder);
        (void)mkdir(file, 0700);
        snprintf(file, sizeof(file), "t.conf.d/%s", name);
        write_file(file, text, strlen(text));
}

static Config *load(const char *text) {
        _cleanup_(freep) char *message = NULL;
        Config *config = NULL;
        int r;

        write_file("t.conf", text, strlen(text));
        r = config_load(path, &config, &message);
        if (r < 0)
                print_error("%s\n", message);
        assert_int_equal(r, 0);
        assert_null(message);
        return config;
}

/* expected: what stands behind "FOLDER/". */
static void assert_message(int expected_error, const char *expected) {
        _cleanup_(freep) char *message = NULL;
        Config *config = NULL;

        assert_int_equal(config_load(path, &config, &message), expected_error);
        assert_null(config);
        assert_non_null(message);
        assert_memory_equal(message, folder, strlen(folder));
        assert_string_equal(message + strlen(folder) + 1, expected);
}

static void assert_refused(const char *text, const char *expected) {
        write_file("t.conf", text, strlen(text));
        assert_message(-EINVAL, expected);
}

static void test_defaults(void **state) {
        _cleanup_(config_freep) Config *config = load(""), *same = NULL;

        assert_string_equal(config->socket, "/run/tokend/tokend.sock");
        assert_string_equal(config->store, "sqlite:/var/lib/tokend/tokend.db");
        assert_string_equal(config->userdb, "/run/systemd/userdb/org.tokend");
        assert_string_equal(config->userdb_snapshot, "/run/tokend/userdb/snapshot");
        assert_int_equal(config->log_level, LOG_INFO);
        assert_int_equal(config->uid_min, 70000);
        assert_int_equal(config->uid_max, 99999);
        assert_string_equal(config->default_shell, "/bin/bash");
        assert_string_equal(config->home_base, "/home");
        assert_int_equal(strv_length(config->listen), 1);
        assert_string_equal(config->listen[0], "127.0.0.1:7450");
        assert_null(config->issuer);
        assert_null(config->certificate_file);
        assert_null(config->key_file);
        assert_int_equal(config->connections_max, 4096);
        assert_int_equal(config->request_timeout, 10 * USEC_PER_SEC);
        assert_int_equal(config->access_lifetime, 7 * DAY);
        assert_int_equal(config->refresh_lifetime, 30 * DAY);
        assert_int_equal(config->maximum_lifetime, 365 * DAY);
        assert_int_equal(config->refresh_grace, 10 * USEC_PER_SEC);
        assert_int_equal(config->cache_tokens, 100000);
        assert_int_equal(config->token_api_lifetime, 14 * DAY);
        assert_null(config->token_api_default_client);
        assert_int_equal(config->enterprise_lifetime, 1 * DAY);
        assert_int_equal(config->enterprise_bulk_maximum, 1000);
        assert_string_equal(config->hash, "yescrypt");
        assert_int_equal(config->hash_rounds, 0);
        assert_int_equal(config->workers, 0);
        assert_int_equal(config->queue, 64);
        assert_true(config->throttle);
        assert_null(config->grant_users);
        assert_true(config->login_without_store);

        assert_int_equal(config_new(&same), 0);
        assert_string_equal(same->socket, config->socket);
        assert_int_equal(same->queue, 64);
        assert_null(config_free(NULL));
}

static void test_values(void **state) {
        _cleanup_(config_freep) Config *config =
                        load("\xef\xbb\xbf# a comment of any length, %s                            "
                             "                                                                     "
                             "                                                                     "
                             "                                                     \r\n"
                             "; another\r\n"
                             "[Daemon]\r\n"
                             "\r\n"
                             "  Socket = /run/other.sock  \r\n"
                             "\tLogLevel=debug\n"
                             "UidRange=200000-299999\n"
                             "Userdb=\n"
                             "[Http]\n"
                             "Listen=[::1]:0 127.0.0.2:80\n"
                             "Issuer=https://tokens.example.org/tokend\n"
                             "RequestTimeout=1min 500ms\n"
                             "[Password]\n"
                             "Throttle=No\n"
                             "PasswordGrantUsers=www-data 33, 1000\n"
                             "Hash=$2b$\n"
                             "[Daemon]\n"
                             "HomeBase=/srv/home");

        assert_string_equal(config->socket, "/run/other.sock");
        assert_int_equal(config->log_level, LOG_DEBUG);
        assert_int_equal(config->uid_min, 200000);
        assert_int_equal(config->uid_max, 299999);
        assert_null(config->userdb);
        assert_int_equal(strv_length(config->listen), 2);
        assert_string_equal(config->listen[0], "[::1]:0");
        assert_string_equal(config->listen[1], "127.0.0.2:80");
        assert_string_equal(config->issuer, "https://tokens.example.org/tokend");
        assert_int_equal(config->request_timeout, 60500 * USEC_PER_MSEC);
        assert_false(config->throttle);
        assert_int_equal(strv_length(config->grant_users), 3);
        assert_string_equal(config->grant_users[1], "33");
        assert_string_equal(config->hash, "$2b$");
        assert_string_equal(config->home_base, "/srv/home");
}

static void test_empty_values(void **state) {
        _cleanup_(config_freep) Config *config = load("[Daemon]\nSocket=/a\nSocket=\nLogLevel=err\n"
                                                      "LogLevel=\nUserdb=/x\nUserdb=\n"
                                                      "[Http]\nListen=\nIssuer=http://a\nIssuer=\n"
                                                      "[Password]\nQueue=1\nQueue=\n");

        assert_string_equal(config->socket, "/run/tokend/tokend.sock");
        assert_int_equal(config->log_level, LOG_INFO);
        assert_null(config->userdb);
        assert_int_equal(strv_length(config->listen), 0);
        assert_null(config->issuer);
        assert_int_equal(config->queue, 64);
}

static void test_drop_ins(void **state) {
        _cleanup_(config_freep) Config *config = NULL, *again = NULL;

        write_drop_in("20-b.conf", "[Daemon]\nSocket=/b\n[Http]\nListen=127.0.0.1:2\n");
        write_drop_in("10-a.conf", "[Daemon]\nSocket=/a\nHomeBase=/a\n"
                                   "[Http]\nListen=127.0.0.1:1\n");
        write_drop_in("30-c.conf.bak", "nonsense\n");
        write_drop_in(".hidden.conf", "nonsense\n");
        write_drop_in("readme", "nonsense\n");

        /* Later wins; lists grow, and the default is no part of them. */
        config = load("[Daemon]\nSocket=/main\nDefaultShell=/bin/sh\n");
        assert_string_equal(config->socket, "/b");
        assert_string_equal(config->home_base, "/a");
        assert_string_equal(config->default_shell, "/bin/sh");
        assert_int_equal(strv_length(config->listen), 2);
        assert_string_equal(config->listen[0], "127.0.0.1:1");
        assert_string_equal(config->listen[1], "127.0.0.1:2");

        write_drop_in("30-d.conf", "[Http]\nListen=\nListen=127.0.0.1:3\n");
        again = load("[Http]\nListen=127.0.0.1:9\n");
        assert_int_equal(strv_length(again->listen), 1);
        assert_string_equal(again->listen[0], "127.0.0.1:3");
}

static void test_mistakes_in_drop_ins(void **state) {
        write_file("t.conf", "[Http]\nListen=0.0.0.0:1\n", 24);
        write_drop_in("a.conf", "\n[Daemon]\nSocket=x\n");
        assert_message(-EINVAL, "t.conf.d/a.conf:3: Socket=x: must be an absolute path of at most "
                                "107 bytes");
        write_drop_in("a.conf", "[Daemon]\n");
        assert_message(-EINVAL, "t.conf:2: Listen= 0.0.0.0:1 is no loopback address and needs TLS: "
                                "CertificateFile= and KeyFile=");
        write_drop_in("a.conf", "[Http]\nCertificateFile=/c\n");
        assert_message(-EINVAL, "t.conf.d/a.conf:2: CertificateFile= needs KeyFile=");
}

static void test_lines_that_are_none(void **state) {
        static const struct {
                const char *text, *expected;
        } rows[] = {
                { "Socket=/a\n", "t.conf:1: Socket= stands before any [Section]" },
                { "[Daemon]\nSocket\n", "t.conf:2: expected Key=value or [Section]" },
                { "[Daemon]\nSocket: /a\n", "t.conf:2: expected Key=value or [Section]" },
                { "[Daemon]\nSocket:x=/a\n", "t.conf:2: expected Key=value or [Section]" },
                { "[Daemon]\n=/a\n", "t.conf:2: expected Key=value or [Section]" },
                { "[Daemon]\nSo cket=/a\n", "t.conf:2: expected Key=value or [Section]" },
                { "[Daemon\nSocket=/a\n", "t.conf:1: expected [Section]" },
                { "[Daemon] x\nSocket=/a\n", "t.conf:1: expected [Section]" },
                { "[Daemon]]\n", "t.conf:1: expected [Section]" },
                { "[]\n", "t.conf:1: unknown section []" },
                { "[daemon]\n", "t.conf:1: unknown section [daemon]" },
                { "[Daemon]\n[Nonsense]\n", "t.conf:2: unknown section [Nonsense]" },
                { "[Daemon]\nsocket=/a\n", "t.conf:2: unknown key socket= in [Daemon]" },
                { "[Http]\n\n\nSocket=/a\n",
                  "t.conf:4: Socket= belongs in [Daemon], not in [Http]" },
                { "[Daemon]\nSocket=/a ; b\n", "t.conf:2: a comment needs a line of its own" },
                { "[Daemon]\nSocket=\t;\n", "t.conf:2: a comment needs a line of its own" },
                { "[Daemon]\nSocket=/a\\\n  b\n",
                  "t.conf:2: a line can't be continued on the next" },
                { "[Daemon]\nSocket=/a\n /b\n", "t.conf:3: expected Key=value or [Section]" },
                { "[Daemon]\nSocket=/a\x1b\n",
                  "t.conf:2: there are control characters in the line" },
                { "[Daemon]\nSocket=/\xff\n", "t.conf:2: the line is no UTF-8 text" },
        };
        char longest[512] = "[Daemon]\nSocket=/";

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                assert_refused(rows[i].text, rows[i].expected);

        memset(longest + strlen(longest), 'x', 300);
        assert_refused(longest, "t.conf:2: the line is too long");

        write_file("t.conf", "[Daemon]\nSocket=/a\0b\n", 21);
        assert_message(-EINVAL, "t.conf:2: the line is no UTF-8 text");
}

/* No line is ever cut and then taken: at every length a value is kept whole or refused. */
static void test_long_lines(void **state) {
        for (size_t size = 1; size < 260; size++) {
                _cleanup_(config_freep) Config *config = NULL;
                _cleanup_(freep) char *message = NULL;
                char text[400] = "[Daemon]\nHomeBase=/";
                int r;

                memset(text + strlen(text), 'x', size);
                write_file("t.conf", text, strlen(text));
                r = config_load(path, &config, &message);
                assert_int_equal(r, size <= 180 ? 0 : -EINVAL);
                if (r == 0)
                        assert_int_equal(strlen(config->home_base), size + 1);
        }
}

static void test_bad_values(void **state) {
        static const struct {
                const char *section, *key, *value;
        } rows[] = {
                { "Daemon", "Socket", "run/x" },
                { "Daemon", "Socket", "/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" },
                { "Daemon", "Store", "/var/lib/x" },
                { "Daemon", "Store", "sqlite:x" },
                { "Daemon", "Store", "postgresql://db" },
                { "Daemon", "LogLevel", "loud" },
                { "Daemon", "LogLevel", "INFO" },
                { "Daemon", "UidRange", "70000" },
                { "Daemon", "UidRange", "0-99" },
                { "Daemon", "UidRange", "99999-70000" },
                { "Daemon", "UidRange", "60000-70000" },
                { "Daemon", "UidRange", "70000-4294967295" },
                { "Daemon", "UidRange", "-70000-80000x" },
                { "Daemon", "DefaultShell", "bash" },
                { "Daemon", "DefaultShell", "/bin/bash:x" },
                { "Daemon", "HomeBase", "/home/../root" },
                { "Http", "Listen", "7450" },
                { "Http", "Listen", "localhost:7450" },
                { "Http", "Listen", "127.0.0.1" },
                { "Http", "Listen", "127.0.0.1:" },
                { "Http", "Listen", "127.0.0.1:65536" },
                { "Http", "Listen", "127.0.0.1:-1" },
                { "Http", "Listen", "::1:80" },
                { "Http", "Listen", "[::1]80" },
                { "Http", "Listen", "[127.0.0.1]:80" },
                { "Http", "Listen", "[]:80" },
                { "Http", "Listen", "]:80" },
                { "Http", "Listen", ":80" },
                { "Http", "Listen", "127.0.0.1:80 nonsense" },
                { "Http", "Issuer", "tokens.example.org" },
                { "Http", "Issuer", "ftp://x" },
                { "Http", "Issuer", "http://" },
                { "Http", "Issuer", "http:///x" },
                { "Http", "Issuer", "http://x/" },
                { "Http", "Issuer", "http://x?y" },
                { "Http", "Issuer", "http://x#y" },
                { "Http", "Issuer", "http://u@x" },
                { "Http", "Issuer", "http://x y" },
                { "Http", "CertificateFile", "cert.pem" },
                { "Http", "ConnectionsMax", "0" },
                { "Http", "ConnectionsMax", "-1" },
                { "Http", "ConnectionsMax", "1e3" },
                { "Http", "ConnectionsMax", "18446744073709551617" },
                { "Http", "RequestTimeout", "0" },
                { "Http", "RequestTimeout", "-1s" },
                { "Http", "RequestTimeout", "soon" },
                { "Http", "RequestTimeout", "101y" },
                { "Token", "AccessLifetime", "0s" },
                { "Token", "CacheTokens", "0" },
                { "TokenApi", "DefaultClient", "a b" },
                { "Enterprise", "BulkMaximum", "10001" },
                { "Password", "Hash", "$y" },
                { "Password", "Hash", "$" },
                { "Password", "Hash", "yes crypt" },
                { "Password", "Workers", "257" },
                { "Password", "Queue", "0" },
                { "Password", "Throttle", "maybe" },
                { "Password", "PasswordGrantUsers", "ada root:x" },
                { "Password", "PasswordGrantUsers", "-5" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(freep) char *message = NULL;
                char text[512], start[512];
                Config *config = NULL;

                snprintf(text, sizeof(text), "[%s]\n%s=%s\n", rows[i].section, rows[i].key,
                         rows[i].value);
                snprintf(start, sizeof(start), "%s:2: %s=%s: must be ", path, rows[i].key,
                         rows[i].value);
                write_file("t.conf", text, strlen(text));
                if (config_load(path, &config, &message) != -EINVAL || !message)
                        fail_msg("%s=%s was taken", rows[i].key, rows[i].value);
                if (strncmp(message, start, strlen(start)) != 0)
                        fail_msg("%s", message);
        }

        assert_refused("[Daemon]\nStore=postgresql://db\n",
                       "t.conf:2: Store=postgresql://db: must be sqlite: and an absolute path, "
                       "PostgreSQL is not built in");
        assert_refused("[Password]\nQueue=x\n",
                       "t.conf:2: Queue=x: must be a number from 1 to 100000");
}

static void test_addresses_without_tls(void **state) {
        static const char *const good[] = { "127.0.0.1:1", "127.255.0.9:0", "[::1]:65535" };
        static const char *const bad[] = { "0.0.0.0:1",   "128.0.0.1:1",          "[::]:1",
                                           "192.0.2.1:1", "[::ffff:127.0.0.1]:1", "[fe80::1]:1" };
        char text[256];

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                snprintf(text, sizeof(text), "[Http]\nListen=%s\n", good[i]);
                config_free(load(text));
        }

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(freep) char *message = NULL;
                Config *config = NULL;

                snprintf(text, sizeof(text), "[Http]\nListen=127.0.0.1:1 %s\n", bad[i]);
                write_file("t.conf", text, strlen(text));
                assert_int_equal(config_load(path, &config, &message), -EINVAL);
                assert_non_null(strstr(message, bad[i]));

                snprintf(text, sizeof(text), "[Http]\nListen=%s\nCertificateFile=/c\nKeyFile=/k\n",
                         bad[i]);
                config_free(load(text));
        }

        assert_refused("[Http]\nKeyFile=/k\n", "t.conf:2: KeyFile= needs CertificateFile=");
}

static void test_maximum_is_one(void **state) {
        _cleanup_(config_freep) Config *config = load("[Token]\nMaximumLifetime=1h\n");

        assert_int_equal(config->access_lifetime, 3600 * USEC_PER_SEC);
        assert_int_equal(config->refresh_lifetime, 3600 * USEC_PER_SEC);
        assert_int_equal(config->token_api_lifetime, 3600 * USEC_PER_SEC);
        assert_int_equal(config->enterprise_lifetime, 3600 * USEC_PER_SEC);
}

static void test_files(void **state) {
        char other[128], drop_ins[128];

        snprintf(other, sizeof(other), "%s/other", folder);
        snprintf(drop_ins, sizeof(drop_ins), "%s.d", path);

        assert_message(-ENOENT, "t.conf: No such file or directory");
        write_file("other", "", 0);
        assert_int_equal(symlink(other, path), 0);
        assert_message(-ELOOP, "t.conf: is a symbolic link");
        unlink(path);

        /* Nobody writes into it: opening it must not wait for that. */
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_message(-EINVAL, "t.conf: is no regular file");
        unlink(path);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_message(-EINVAL, "t.conf: is no regular file");
        rmdir(path);

        write_file("t.conf", "", 0);
        assert_int_equal(chmod(path, 0620), 0);
        assert_message(-EPERM, "t.conf: may be written to by others than its owner");
        assert_int_equal(chmod(path, 0602), 0);
        assert_message(-EPERM, "t.conf: may be written to by others than its owner");
        assert_int_equal(chmod(path, 0640), 0);

        assert_int_equal(truncate(path, 2 * 1024 * 1024), 0);
        assert_message(-EFBIG, "t.conf: is too large for a configuration");
        assert_int_equal(truncate(path, 0), 0);

        write_drop_in("a.conf", "");
        assert_int_equal(chmod(drop_ins, 0777), 0);
        assert_message(-EPERM, "t.conf.d: may be written to by others than its owner");
        assert_int_equal(chmod(drop_ins, 0700), 0);
        config_free(load(""));
}

/* Only root can give a file away. */
static void test_owners(void **state) {
        write_file("t.conf", "", 0);
        if (geteuid() != 0)
                skip();
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_message(-EPERM, "t.conf: belongs to another user");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
                cmocka_unit_test_setup_teardown(test_values, setup, teardown),
                cmocka_unit_test_setup_teardown(test_empty_values, setup, teardown),
                cmocka_unit_test_setup_teardown(test_drop_ins, setup, teardown),
                cmocka_unit_test_setup_teardown(test_mistakes_in_drop_ins, setup, teardown),
                cmocka_unit_test_setup_teardown(test_lines_that_are_none, setup, teardown),
                cmocka_unit_test_setup_teardown(test_long_lines, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bad_values, setup, teardown),
                cmocka_unit_test_setup_teardown(test_addresses_without_tls, setup, teardown),
                cmocka_unit_test_setup_teardown(test_maximum_is_one, setup, teardown),
                cmocka_unit_test_setup_teardown(test_files, setup, teardown),
                cmocka_unit_test_setup_teardown(test_owners, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
