/* passwd(5), shadow(5), and the two joined. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/import-account.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define PASSWD_FILE "/old/passwd"
#define SHADOW_FILE "/old/shadow"

static ImportList join_bytes(const char *passwd, size_t passwd_size, const char *shadow,
                             AccountUid uid_of) {
        _cleanup_(accounts_done) Accounts people = ACCOUNTS_INIT, secrets = ACCOUNTS_INIT;
        ImportList list = IMPORT_LIST_INIT;

        if (passwd)
                assert_int_equal(passwd_parse(PASSWD_FILE, passwd, passwd_size, &people), 0);
        if (shadow)
                assert_int_equal(shadow_parse(SHADOW_FILE, shadow, strlen(shadow), &secrets), 0);
        assert_int_equal(accounts_join(passwd ? &people : NULL, shadow ? &secrets : NULL, uid_of,
                                       &list),
                         0);
        return list;
}

static ImportList join(const char *passwd, const char *shadow, AccountUid uid_of) {
        return join_bytes(passwd, passwd ? strlen(passwd) : 0, shadow, uid_of);
}

static void assert_entry(const ImportList *list, size_t i, const char *file, size_t line,
                         const char *name, enum ImportVerdict verdict) {
        const ImportEntry *entry = &list->entries[i];

        assert_true(i < list->n_entries);
        assert_string_equal(entry->file, file);
        assert_int_equal(entry->line, line);
        if (!streq_ptr(entry->name, name))
                assert_string_equal(entry->name ?: "(none)", name ?: "(none)");
        assert_string_equal(import_verdicts[entry->verdict].word, import_verdicts[verdict].word);
        /* Hashes do not outlive their use. */
        if (verdict != IMPORT_TO_ADD)
                assert_int_equal(entry->body.size, 0);
}

static void assert_body(const ImportList *list, size_t i, const char *body) {
        assert_true(i < list->n_entries);
        assert_string_equal(secret_text(&list->entries[i].body), body);
}

static void test_passwd(void **state) {
        _cleanup_(import_list_done) ImportList list =
                        join("root:x:0:0:root:/root:/bin/bash\n"
                             "ada:x:1000:1000:Ada,,,:/home/ada:/bin/zsh\n"
                             "# a comment\n"
                             "\n"
                             "bob:x:1001:100::/home/bob:\n"
                             "eve:*:1002:1002:::/usr/sbin/nologin\r\n"
                             "old:$6$salt$hash:1003:1003::/home/old:/bin/sh",
                             NULL, NULL);

        assert_int_equal(list.n_entries, 5);
        assert_entry(&list, 0, PASSWD_FILE, 1, "root", IMPORT_SYSTEM_ACCOUNT);
        assert_entry(&list, 1, PASSWD_FILE, 2, "ada", IMPORT_TO_ADD);
        assert_body(&list, 1,
                    "{\"name\":\"ada\",\"uid\":1000,\"home\":\"/home/ada\",\"shell\":\"/bin/"
                    "zsh\"}");
        assert_int_equal(list.entries[1].gid, 1000);
        assert_entry(&list, 2, PASSWD_FILE, 5, "bob", IMPORT_TO_ADD);
        assert_body(&list, 2,
                    "{\"name\":\"bob\",\"uid\":1001,\"home\":\"/home/bob\",\"shell\":\"/bin/sh\"}");
        assert_int_equal(list.entries[2].gid, 100);
        assert_body(&list, 3,
                    "{\"name\":\"eve\",\"uid\":1002,\"shell\":\"/usr/sbin/"
                    "nologin\",\"hash\":\"*\"}");
        assert_body(&list, 4,
                    "{\"name\":\"old\",\"uid\":1003,\"home\":\"/home/old\",\"shell\":\"/bin/sh\","
                    "\"hash\":\"$6$salt$hash\"}");
}

static void test_passwd_left_out(void **state) {
        static const struct {
                const char *line;
                const char *name;
                enum ImportVerdict verdict;
        } rows[] = {
                { "toor:x:0:0::/root:/bin/sh", "toor", IMPORT_SYSTEM_ACCOUNT },
                { "www-data:x:33:33::/var/www:/bin/sh", "www-data", IMPORT_SYSTEM_ACCOUNT },
                { "last:x:999:999::/:/bin/sh", "last", IMPORT_SYSTEM_ACCOUNT },
                { "first:x:1000:1000::/:/bin/sh", "first", IMPORT_TO_ADD },
                { "nobody:x:65534:65534::/:/bin/sh", "nobody", IMPORT_NOBODY },
                { "nobody:x:5000:5000::/:/bin/sh", "nobody", IMPORT_NOBODY },
                { "dynamic:x:61184:61184::/:/bin/sh", "dynamic", IMPORT_RESERVED_UID },
                { "overflow:x:65535:65535::/:/bin/sh", "overflow", IMPORT_RESERVED_UID },
                { "negative:x:2147483648:1::/:/bin/sh", "negative", IMPORT_RESERVED_UID },
                { "beyond:x:4294967295:1::/:/bin/sh", "beyond", IMPORT_RESERVED_UID },
                { "+::::::", NULL, IMPORT_NIS },
                { "+@admins::::::", NULL, IMPORT_NIS },
                { "-eve::::::", NULL, IMPORT_NIS },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(import_list_done) ImportList list = join(rows[i].line, NULL, NULL);

                assert_int_equal(list.n_entries, 1);
                assert_entry(&list, 0, PASSWD_FILE, 1, rows[i].name, rows[i].verdict);
        }
}

static void test_passwd_broken(void **state) {
        static const struct {
                const char *line;
                const char *name;
                enum ImportVerdict verdict;
                const char *member;
        } rows[] = {
                { "ada:x:1000:1000::/home/ada", NULL, IMPORT_FIELD_COUNT, NULL },
                { "ada:x:1000:1000:a:b:c:d", NULL, IMPORT_FIELD_COUNT, NULL },
                { "ada", NULL, IMPORT_FIELD_COUNT, NULL },
                { "$6$salt$hash:x", NULL, IMPORT_FIELD_COUNT, NULL },
                { ":x:1000:1000::/:/bin/sh", NULL, IMPORT_INVALID_NAME, NULL },
                { "a/b:x:1000:1000::/:/bin/sh", NULL, IMPORT_INVALID_NAME, NULL },
                { "a b:x:1000:1000::/:/bin/sh", NULL, IMPORT_INVALID_NAME, NULL },
                { "a\033[2J:x:1000:1000::/:/bin/sh", NULL, IMPORT_INVALID_NAME, NULL },
                { "12:x:1000:1000::/:/bin/sh", NULL, IMPORT_INVALID_NAME, NULL },
                { "ada:x::1000::/:/bin/sh", "ada", IMPORT_INVALID_VALUE, "uid" },
                { "ada:x:1000x:1000::/:/bin/sh", "ada", IMPORT_INVALID_VALUE, "uid" },
                { "ada:x:-1:1000::/:/bin/sh", "ada", IMPORT_INVALID_VALUE, "uid" },
                { "ada:x:4294967296:1::/:/bin/sh", "ada", IMPORT_INVALID_VALUE, "uid" },
                { "ada:x:99999999999999999999999999:1::/:", "ada", IMPORT_INVALID_VALUE, "uid" },
                { "ada:x:1000:a::/:/bin/sh", "ada", IMPORT_INVALID_VALUE, "gid" },
                { "ada:x:1000:1000:\xff:/:/bin/sh", NULL, IMPORT_NOT_UTF8, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(import_list_done) ImportList list = join(rows[i].line, NULL, NULL);

                assert_int_equal(list.n_entries, 1);
                assert_entry(&list, 0, PASSWD_FILE, 1, rows[i].name, rows[i].verdict);
                assert_true(streq_ptr(list.entries[0].member, rows[i].member));
        }
}

/* What is wrong with one line is no matter of the next. */
static void test_bytes(void **state) {
        static const char nul[] = "ada:x:1000:1000::/:/bin/s\0h\nbob:x:1001:1001::/:/bin/sh\n";
        _cleanup_(import_list_done) ImportList list = join_bytes(nul, sizeof(nul) - 1, NULL, NULL);
        size_t size = IMPORT_LINE_MAX + 64;
        char *text = malloc(size);

        assert_entry(&list, 0, PASSWD_FILE, 1, NULL, IMPORT_NUL);
        assert_entry(&list, 1, PASSWD_FILE, 2, "bob", IMPORT_TO_ADD);
        import_list_done(&list);

        memset(text, 'a', size);
        strcpy(text + size - 31, "\nbob:x:1001:1001::/:/bin/sh\n");
        list = join_bytes(text, strlen(text), NULL, NULL);
        assert_int_equal(list.n_entries, 2);
        assert_entry(&list, 0, PASSWD_FILE, 1, NULL, IMPORT_LINE_TOO_LONG);
        assert_entry(&list, 1, PASSWD_FILE, 2, "bob", IMPORT_TO_ADD);
        free(text);
}

static void test_mark_and_nothing(void **state) {
        _cleanup_(import_list_done) ImportList list = join("\xef\xbb\xbf"
                                                           "ada:x:1000:1000::/:/bin/sh",
                                                           NULL, NULL);

        assert_entry(&list, 0, PASSWD_FILE, 1, "ada", IMPORT_TO_ADD);
        import_list_done(&list);
        list = join("", NULL, NULL);
        assert_int_equal(list.n_entries, 0);
        list = join("\n\n#\n", "", NULL);
        assert_int_equal(list.n_entries, 0);
}

static int64_t uid_of(const char *name) {
        return streq(name, "daemon") ? 1 : streq(name, "known") ? 1005 : -1;
}

static void test_shadow(void **state) {
        _cleanup_(import_list_done) ImportList list =
                        join(NULL,
                             "daemon:*:19000:0:99999:7:::\n"
                             "ada:$y$j9T$salt$hash:19000:0:99999:7:::\n"
                             "bob:!$6$salt$hash:19000:0:99999:7::20000:\n"
                             "new:$6$salt$hash:0:0:99999:7:::\n"
                             "end:$6$salt$hash:19000:0:99999:7::0:\n"
                             "neg:$6$salt$hash:19000:0:99999:7::-1:\n"
                             "nop::::::::\n"
                             "known:!:19000::::::\n"
                             "svc:!*:19000::::::\n"
                             "bang:!!:19000::::::\n"
                             "nobody:$6$x:19000::::::\n",
                             uid_of);

        assert_int_equal(list.n_entries, 11);
        assert_entry(&list, 0, SHADOW_FILE, 1, "daemon", IMPORT_SYSTEM_ACCOUNT);
        assert_entry(&list, 1, SHADOW_FILE, 2, "ada", IMPORT_TO_ADD);
        assert_body(&list, 1, "{\"name\":\"ada\",\"hash\":\"$y$j9T$salt$hash\"}");
        assert_body(&list, 2,
                    "{\"name\":\"bob\",\"hash\":\"!$6$salt$hash\",\"expires\":1728000000}");
        assert_body(&list, 3,
                    "{\"name\":\"new\",\"hash\":\"$6$salt$hash\",\"state\":\"password-must-"
                    "change\"}");
        /* Day 0 is over (chage -E 0): never would be the opposite. */
        assert_body(&list, 4, "{\"name\":\"end\",\"hash\":\"$6$salt$hash\",\"expires\":1}");
        assert_body(&list, 5, "{\"name\":\"neg\",\"hash\":\"$6$salt$hash\"}");
        assert_body(&list, 6, "{\"name\":\"nop\"}");
        assert_true(list.entries[6].password_was_empty);
        assert_false(list.entries[5].password_was_empty);
        /* The machine says that it is a person. */
        assert_body(&list, 7, "{\"name\":\"known\",\"uid\":1005,\"hash\":\"!\"}");
        assert_entry(&list, 8, SHADOW_FILE, 9, "svc", IMPORT_NO_PASSWORD);
        assert_entry(&list, 9, SHADOW_FILE, 10, "bang", IMPORT_NO_PASSWORD);
        assert_entry(&list, 10, SHADOW_FILE, 11, "nobody", IMPORT_NOBODY);
        for (size_t i = 0; i < list.n_entries; i++)
                assert_int_equal(list.entries[i].gid, -1);
}

static void test_shadow_broken(void **state) {
        static const struct {
                const char *line;
                const char *name;
                enum ImportVerdict verdict;
        } rows[] = {
                { "ada:$6$x:19000:0:99999:7::", NULL, IMPORT_FIELD_COUNT },
                { "ada:$6$x:19000:0:99999:7::::", NULL, IMPORT_FIELD_COUNT },
                { "a password:19000", NULL, IMPORT_FIELD_COUNT },
                { "$6$secret", NULL, IMPORT_FIELD_COUNT },
                { "ada:$6$x:today:0:99999:7:::", "ada", IMPORT_INVALID_VALUE },
                { "ada:$6$x:19000:0:99999:7::soon:", "ada", IMPORT_INVALID_VALUE },
                { "ada:$6$x:19000:0:99999:7::2932897:", "ada", IMPORT_INVALID_VALUE },
                { "ada:$6$x:19000:0:99999:7::9223372036854775807:", "ada", IMPORT_INVALID_VALUE },
                { "ada:$6$x:19000:0:99999:7::2932896:", "ada", IMPORT_TO_ADD },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(import_list_done) ImportList list = join(NULL, rows[i].line, NULL);

                assert_int_equal(list.n_entries, 1);
                assert_entry(&list, 0, SHADOW_FILE, 1, rows[i].name, rows[i].verdict);
        }
}

static void test_joined(void **state) {
        _cleanup_(import_list_done) ImportList list =
                        join("root:x:0:0::/root:/bin/sh\n"
                             "eve:x:1002:1002::/home/eve:/bin/sh\n"
                             "ada:x:1000:1000::/home/ada:/bin/sh\n"
                             "gone:x:1004:1004::/home/gone:/bin/sh\n"
                             "own:$6$own:1005:1005::/home/own:/bin/sh\n"
                             "torn:x:1006:1006::/home/torn:/bin/sh\n"
                             "both:$6$both:1007:1007::/home/both:/bin/sh\n"
                             "half:$6$half:1008:1008::/home/half:/bin/sh\n",
                             "root:$6$root:19000::::::\n"
                             "ada:$6$ada:0::::::\n"
                             "only:$6$only:19000::::::\n"
                             "eve:!:19000:::::10:\n"
                             "torn:$6$torn:19000\n"
                             "ada:$6$second:19000::::::\n"
                             "nonsense\n"
                             "both:$6$shadow:0::::::\n"
                             "half:$6$half\n",
                             NULL);

        assert_int_equal(list.n_entries, 11);
        assert_entry(&list, 0, PASSWD_FILE, 1, "root", IMPORT_SYSTEM_ACCOUNT);
        assert_body(&list, 1,
                    "{\"name\":\"eve\",\"uid\":1002,\"home\":\"/home/eve\",\"shell\":\"/bin/sh\","
                    "\"hash\":\"!\",\"expires\":864000}");
        /* The first line of a name counts, as it does for the system. */
        assert_body(&list, 2,
                    "{\"name\":\"ada\",\"uid\":1000,\"home\":\"/home/ada\",\"shell\":\"/bin/sh\","
                    "\"hash\":\"$6$ada\",\"state\":\"password-must-change\"}");
        /* Not without its password: the next import would find it there. */
        assert_entry(&list, 3, PASSWD_FILE, 4, "gone", IMPORT_NOT_IN_SHADOW);
        assert_entry(&list, 4, PASSWD_FILE, 5, "own", IMPORT_TO_ADD);
        assert_entry(&list, 5, SHADOW_FILE, 5, "torn", IMPORT_FIELD_COUNT);
        assert_body(&list, 6,
                    "{\"name\":\"both\",\"uid\":1007,\"home\":\"/home/both\",\"shell\":\"/bin/sh\","
                    "\"hash\":\"$6$both\",\"state\":\"password-must-change\"}");
        assert_entry(&list, 7, SHADOW_FILE, 9, "half", IMPORT_FIELD_COUNT);
        assert_entry(&list, 8, SHADOW_FILE, 3, "only", IMPORT_NOT_IN_PASSWD);
        assert_entry(&list, 9, SHADOW_FILE, 6, "ada", IMPORT_DUPLICATE);
        assert_entry(&list, 10, SHADOW_FILE, 7, NULL, IMPORT_FIELD_COUNT);
}

static void test_twice(void **state) {
        _cleanup_(import_list_done) ImportList list =
                        join("ada:x:1000:1000::/home/ada:/bin/sh\n"
                             "bob:x:1001:1001::/home/bob:/bin/sh\n"
                             "ada:x:1002:1002::/home/ada:/bin/sh\n"
                             "ada:x:1003:1003::/home/ada:/bin/sh\n",
                             "ada:$6$ada:1::::::\nbob:$6$bob:1::::::\n", NULL);

        assert_int_equal(list.n_entries, 4);
        assert_entry(&list, 0, PASSWD_FILE, 1, "ada", IMPORT_TO_ADD);
        assert_non_null(strstr(secret_text(&list.entries[0].body), "$6$ada"));
        assert_entry(&list, 1, PASSWD_FILE, 2, "bob", IMPORT_TO_ADD);
        assert_entry(&list, 2, PASSWD_FILE, 3, "ada", IMPORT_DUPLICATE);
        assert_entry(&list, 3, PASSWD_FILE, 4, "ada", IMPORT_DUPLICATE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_passwd),        cmocka_unit_test(test_passwd_left_out),
                cmocka_unit_test(test_passwd_broken), cmocka_unit_test(test_bytes),
                cmocka_unit_test(test_shadow),        cmocka_unit_test(test_mark_and_nothing),
                cmocka_unit_test(test_shadow_broken), cmocka_unit_test(test_joined),
                cmocka_unit_test(test_twice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
