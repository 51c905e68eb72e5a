/* Users from comma-separated values. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/import-csv.h"
#include "wire/cleanup.h"
#include "wire/text.h"

static ImportList csv_bytes(const char *text, size_t size) {
        ImportList list = IMPORT_LIST_INIT;
        bool has_secrets;

        assert_int_equal(csv_parse("f.csv", text, size, &list, &has_secrets), 0);
        return list;
}

static ImportList csv(const char *text) {
        return csv_bytes(text, strlen(text));
}

static void assert_entry(const ImportList *list, size_t i, size_t line, const char *name,
                         enum ImportVerdict verdict, const char *member) {
        const ImportEntry *entry = &list->entries[i];

        assert_true(i < list->n_entries);
        assert_int_equal(entry->line, line);
        assert_true(streq_ptr(entry->name, name));
        assert_string_equal(import_verdicts[entry->verdict].word, import_verdicts[verdict].word);
        assert_true(streq_ptr(entry->member, member));
        if (verdict != IMPORT_TO_ADD)
                assert_int_equal(entry->body.size, 0);
}

static void assert_body(const ImportList *list, size_t i, const char *body) {
        assert_true(i < list->n_entries);
        assert_string_equal(secret_text(&list->entries[i].body), body);
}

static void test_columns(void **state) {
        _cleanup_(import_list_done) ImportList list =
                        csv("id,name,uid,email,partner_id,role,parent,scopes,groups,home,shell,"
                            "password,hash,state,expires,ssh_keys\r\n"
                            "u-1,ada,70000,a@b.c,p-1,admin,eve,read  write,g h,/home/a,/bin/sh,"
                            "pass,$6$x,locked,2026-11-22,\"ssh-rsa A a\r\nssh-rsa B\"\r\n"
                            ",bob,,,,,,,,,,,,,never,\r\n");

        assert_int_equal(list.n_entries, 2);
        assert_entry(&list, 0, 2, "ada", IMPORT_TO_ADD, NULL);
        assert_body(&list, 0,
                    "{\"id\":\"u-1\",\"name\":\"ada\",\"uid\":70000,\"email\":\"a@b.c\","
                    "\"partner_id\":\"p-1\",\"role\":\"admin\",\"parent\":\"eve\","
                    "\"scopes\":[\"read\",\"write\"],\"groups\":[\"g\",\"h\"],"
                    "\"home\":\"/home/a\",\"shell\":\"/bin/sh\",\"password\":\"pass\","
                    "\"hash\":\"$6$x\",\"state\":\"locked\",\"expires\":1795305600,"
                    "\"ssh_keys\":[\"ssh-rsa A a\",\"ssh-rsa B\"]}");
        assert_entry(&list, 1, 4, "bob", IMPORT_TO_ADD, NULL);
        assert_body(&list, 1, "{\"name\":\"bob\",\"expires\":0}");
}

static void test_quotes(void **state) {
        static const struct {
                const char *field;
                const char *json; /* NULL: refused */
        } rows[] = {
                { "plain", "\"plain\"" },
                { "\"quoted\"", "\"quoted\"" },
                { "\"a,b\"", "\"a,b\"" },
                { "\"a\"\"b\"", "\"a\\\"b\"" },
                { "\"\"\"\"", "\"\\\"\"" },
                { "\"a\nb\"", "\"a\\u000ab\"" },
                { " space ", "\" space \"" },
                { "'x'", "\"'x'\"" },
                { "\xc3\xa4", "\"\xc3\xa4\"" },
                { "a\"b", NULL },
                { " \"a\"", NULL },
                { "\"a\" ", NULL },
                { "\"a\"b", NULL },
                { "\"a", NULL },
                { "\"", NULL },
                { "\"\"\"", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(import_list_done) ImportList list = IMPORT_LIST_INIT;
                char text[128], body[128];

                snprintf(text, sizeof(text), "name,role\nada,%s\nbob,x\n", rows[i].field);
                list = csv(text);
                assert_true(list.n_entries >= 2);
                if (!rows[i].json) {
                        assert_entry(&list, 0, 2, NULL, IMPORT_QUOTES, NULL);
                } else {
                        snprintf(body, sizeof(body), "{\"name\":\"ada\",\"role\":%s}",
                                 rows[i].json);
                        assert_body(&list, 0, body);
                }
                /* A quote too many swallows nobody. */
                assert_string_equal(list.entries[list.n_entries - 1].name, "bob");
                assert_int_equal(list.entries[list.n_entries - 1].verdict, IMPORT_TO_ADD);
        }
}

static void test_ends(void **state) {
        static const char *const texts[] = {
                "name,role\nada,",           "name,role\nada,\n",
                "name,role\r\nada,\r\n",     "name,role\nada,\r",
                "\n\nname,role\n\nada,\n\n", "\xef\xbb\xbfname,role\nada,\n",
                "name,role\nada,\"\"",       "name,role\n\"ada\",\"\"\r\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(import_list_done) ImportList list = csv(texts[i]);

                assert_int_equal(list.n_entries, 1);
                assert_body(&list, 0, "{\"name\":\"ada\"}");
        }
}

static void test_head(void **state) {
        static const struct {
                const char *text;
                enum ImportVerdict verdict;
                const char *member;
        } rows[] = {
                { "name,pasword\nada,x\n", IMPORT_UNKNOWN_MEMBER, "column 2" },
                { "Name\nada\n", IMPORT_UNKNOWN_MEMBER, "column 1" },
                { "name,,role\nada,,x\n", IMPORT_UNKNOWN_MEMBER, "column 2" },
                { "name,uid,name\nada,1,b\n", IMPORT_MEMBER_TWICE, "column 3" },
                { "uid,role\n70000,x\n", IMPORT_NO_NAMES, NULL },
                { "\"name\nada\n", IMPORT_QUOTES, NULL },
                { "name\xff\nada\n", IMPORT_NOT_UTF8, NULL },
                /* A file without a first line: nothing of it is shown. */
                { "ada,secret\nbob,secret\n", IMPORT_UNKNOWN_MEMBER, "column 1" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(import_list_done) ImportList list = csv(rows[i].text);

                assert_int_equal(list.n_entries, 1);
                assert_entry(&list, 0, 1, NULL, rows[i].verdict, rows[i].member);
        }
        _cleanup_(import_list_done) ImportList empty = csv("");
        assert_int_equal(empty.n_entries, 0);
}

static void test_rows(void **state) {
        _cleanup_(import_list_done) ImportList list = csv("name,uid,expires,gid\n"
                                                          "ada,70000,,\n"
                                                          "bob,x,,\n"
                                                          "eve,,tomorrow,\n"
                                                          "kim,-1,,\n"
                                                          "few,70001\n"
                                                          "many,70001,,,\n"
                                                          "daemon,1,,\n"
                                                          "ada,70002,,\n"
                                                          "a/b,,,\n"
                                                          ",70003,,\n"
                                                          "nobody,,,\n"
                                                          "zoe,,,100\n"
                                                          "lou\xff,,,\n"
                                                          "last,,,x");

        assert_int_equal(list.n_entries, 14);
        assert_entry(&list, 0, 2, "ada", IMPORT_TO_ADD, NULL);
        assert_entry(&list, 1, 3, "bob", IMPORT_INVALID_VALUE, "uid");
        assert_entry(&list, 2, 4, "eve", IMPORT_INVALID_VALUE, "expires");
        assert_entry(&list, 3, 5, "kim", IMPORT_INVALID_VALUE, "uid");
        /* Fields may have moved: what stands first need not be the name. */
        assert_entry(&list, 4, 6, NULL, IMPORT_FIELD_COUNT, NULL);
        assert_entry(&list, 5, 7, NULL, IMPORT_FIELD_COUNT, NULL);
        assert_entry(&list, 6, 8, "daemon", IMPORT_SYSTEM_ACCOUNT, NULL);
        assert_entry(&list, 7, 9, "ada", IMPORT_DUPLICATE, NULL);
        assert_entry(&list, 8, 10, NULL, IMPORT_INVALID_NAME, NULL);
        assert_entry(&list, 9, 11, NULL, IMPORT_INVALID_NAME, NULL);
        assert_entry(&list, 10, 12, "nobody", IMPORT_NOBODY, NULL);
        assert_entry(&list, 11, 13, "zoe", IMPORT_TO_ADD, NULL);
        assert_int_equal(list.entries[11].gid, 100);
        assert_body(&list, 11, "{\"name\":\"zoe\"}");
        assert_entry(&list, 12, 14, NULL, IMPORT_NOT_UTF8, NULL);
        assert_entry(&list, 13, 15, "last", IMPORT_INVALID_VALUE, "gid");
}

static void test_secrets(void **state) {
        static const struct {
                const char *text;
                bool has_secrets;
        } rows[] = {
                { "name,role\nada,x\n", false },
                { "name,password\nada,x\n", true },
                { "hash,name\nada,x\n", true },
                { "", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(import_list_done) ImportList list = IMPORT_LIST_INIT;
                bool has_secrets;

                assert_int_equal(csv_parse("f", rows[i].text, strlen(rows[i].text), &list,
                                           &has_secrets),
                                 0);
                assert_int_equal(has_secrets, rows[i].has_secrets);
        }
}

/* Sizes at the limits, and a quote that would run on to the end of a large file. */
static void test_large(void **state) {
        size_t size = 4 * IMPORT_LINE_MAX;
        _cleanup_(freep) char *text = malloc(size + 1);
        _cleanup_(import_list_done) ImportList list = IMPORT_LIST_INIT;

        memset(text, 'x', size);
        memcpy(text, "name,role\nada,\"", 15);
        memcpy(text + size - 12, "\nbob,r\neve,r", 12);
        list = csv_bytes(text, size);
        assert_int_equal(list.n_entries, 3);
        assert_entry(&list, 0, 2, NULL, IMPORT_LINE_TOO_LONG, NULL);
        assert_entry(&list, 1, 3, "bob", IMPORT_TO_ADD, NULL);
        assert_entry(&list, 2, 4, "eve", IMPORT_TO_ADD, NULL);
        import_list_done(&list);

        /* More fields than any user has. */
        memset(text, ',', size);
        memcpy(text, "name\n", 5);
        memcpy(text + 100, "\nbob", 5);
        list = csv_bytes(text, 104);
        assert_int_equal(list.n_entries, 2);
        assert_entry(&list, 0, 2, NULL, IMPORT_FIELD_COUNT, NULL);
        assert_entry(&list, 1, 3, "bob", IMPORT_TO_ADD, NULL);
}

static void test_nul(void **state) {
        static const char text[] = "name,role\nada,a\0b\nbob,\"a\0b\"\neve,r\n";
        _cleanup_(import_list_done) ImportList list = csv_bytes(text, sizeof(text) - 1);

        assert_int_equal(list.n_entries, 3);
        assert_entry(&list, 0, 2, NULL, IMPORT_NUL, NULL);
        assert_entry(&list, 1, 3, NULL, IMPORT_NUL, NULL);
        assert_entry(&list, 2, 4, "eve", IMPORT_TO_ADD, NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_columns), cmocka_unit_test(test_quotes),
                cmocka_unit_test(test_ends),    cmocka_unit_test(test_head),
                cmocka_unit_test(test_rows),    cmocka_unit_test(test_secrets),
                cmocka_unit_test(test_large),   cmocka_unit_test(test_nul),
        };

        setenv("TZ", "UTC", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
