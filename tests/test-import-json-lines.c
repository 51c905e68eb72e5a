#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/import-json-lines.h"
#include "wire/cleanup.h"
#include "wire/text.h"

static ImportList lines(const char *text, bool *ret_has_secrets) {
        ImportList list = IMPORT_LIST_INIT;

        assert_int_equal(json_lines_parse("f", text, strlen(text), &list, ret_has_secrets), 0);
        return list;
}

static void test_taken(void **state) {
        bool has_secrets;
        _cleanup_(import_list_done) ImportList list =
                        lines("{\"name\":\"ada\"}\n"
                              " \t\r\n"
                              "{ \"uid\": 70000, \"name\": \"b\\u00f6b\", \"scopes\": [\"a\","
                              " \"b\"], \"role\": null, \"password\": \"p\\\"w\" }\r\n"
                              "{\"name\":\"eve\",\"gid\":100,\"adopted\":true,\"created\":1,"
                              "\"expires\":0,\"ssh_keys\":[\"ssh-rsa A\"],\"hash\":\"$6$x\"}",
                              &has_secrets);

        assert_int_equal(list.n_entries, 3);
        assert_string_equal(secret_text(&list.entries[0].body), "{\"name\":\"ada\"}");
        assert_int_equal(list.entries[1].line, 3);
        assert_string_equal(secret_text(&list.entries[1].body),
                            "{\"uid\":70000,\"name\":\"b\xc3\xb6"
                            "b\",\"scopes\":[\"a\",\"b\"],\"password\":\"p\\\"w\"}");
        assert_int_equal(list.entries[1].uid, 70000);
        /* What tokend shows of a user, and makes itself. */
        assert_string_equal(secret_text(&list.entries[2].body),
                            "{\"name\":\"eve\",\"expires\":0,\"ssh_keys\":[\"ssh-rsa A\"],"
                            "\"hash\":\"$6$x\"}");
        assert_int_equal(list.entries[2].gid, 100);
        assert_true(has_secrets);
        import_list_done(&list);
        list = lines("{\"name\":\"ada\"}\n", &has_secrets);
        assert_false(has_secrets);
}

static void test_refused(void **state) {
        static const struct {
                const char *line;
                const char *name;
                enum ImportVerdict verdict;
                const char *member;
        } rows[] = {
                { "[]", NULL, IMPORT_NOT_JSON, NULL },
                { "{", NULL, IMPORT_NOT_JSON, NULL },
                { "{}{}", NULL, IMPORT_NOT_JSON, NULL },
                { "\"ada\"", NULL, IMPORT_NOT_JSON, NULL },
                { "{\"name\":\"ada\",\"name\":\"bob\"}", NULL, IMPORT_NOT_JSON, NULL },
                { "{\"name\":\"a\\u0000\"}", NULL, IMPORT_NOT_JSON, NULL },
                { "{\"name\":\"\xff\"}", NULL, IMPORT_NOT_UTF8, NULL },
                { "{}", NULL, IMPORT_INVALID_NAME, NULL },
                { "{\"name\":7}", NULL, IMPORT_INVALID_NAME, NULL },
                { "{\"name\":null}", NULL, IMPORT_INVALID_NAME, NULL },
                { "{\"name\":\"\"}", NULL, IMPORT_INVALID_NAME, NULL },
                { "{\"name\":\"a/b\"}", NULL, IMPORT_INVALID_NAME, NULL },
                { "{\"name\":\"a\\nb\"}", NULL, IMPORT_INVALID_NAME, NULL },
                { "{\"name\":\"ada\",\"gecos\":\"Ada\"}", "ada", IMPORT_UNKNOWN_MEMBER, "member 2" },
                { "{\"name\":\"ada\",\"uid\":\"1\"}", "ada", IMPORT_INVALID_VALUE, "uid" },
                { "{\"name\":\"ada\",\"uid\":1.5}", "ada", IMPORT_INVALID_VALUE, "uid" },
                { "{\"name\":\"ada\",\"expires\":1.5}", "ada", IMPORT_INVALID_VALUE, "expires" },
                { "{\"name\":\"ada\",\"uid\":0}", "ada", IMPORT_SYSTEM_ACCOUNT, NULL },
                { "{\"name\":\"ada\",\"uid\":4294967296}", "ada", IMPORT_RESERVED_UID, NULL },
                { "{\"name\":\"nobody\"}", "nobody", IMPORT_NOBODY, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                bool has_secrets;
                _cleanup_(import_list_done) ImportList list = lines(rows[i].line, &has_secrets);
                const ImportEntry *entry = list.entries;

                assert_int_equal(list.n_entries, 1);
                assert_string_equal(import_verdicts[entry->verdict].word,
                                    import_verdicts[rows[i].verdict].word);
                assert_true(streq_ptr(entry->name, rows[i].name));
                assert_true(streq_ptr(entry->member, rows[i].member));
                assert_int_equal(entry->body.size, 0);
        }
}

static void test_rest_goes_on(void **state) {
        bool has_secrets;
        _cleanup_(import_list_done) ImportList list = lines("nonsense\n{\"name\":\"ada\"}\n"
                                                            "{\"name\":\"ada\"}\n"
                                                            "{\"name\":\"bob\"}\n",
                                                            &has_secrets);

        assert_int_equal(list.n_entries, 4);
        assert_int_equal(list.entries[0].verdict, IMPORT_NOT_JSON);
        assert_int_equal(list.entries[1].verdict, IMPORT_TO_ADD);
        assert_int_equal(list.entries[2].verdict, IMPORT_DUPLICATE);
        assert_int_equal(list.entries[3].verdict, IMPORT_TO_ADD);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_taken),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_rest_goes_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
