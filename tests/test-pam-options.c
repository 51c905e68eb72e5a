#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "login.h"
#include "pam-options.h"
#include "pam/report.h"
#include "wire/protocol.h"
#include "wire/text.h"

static int parse_one(const char *word, PamOptions *ret) {
        const char *bad = NULL;
        int r = pam_options_parse(1, &word, ret, &bad);

        if (r < 0)
                assert_ptr_equal(bad, word);
        return r;
}

static void test_defaults(void **state) {
        PamOptions options;
        const char *bad = NULL;

        assert_int_equal(pam_options_parse(0, NULL, &options, &bad), 0);
        assert_string_equal(options.socket_path, TOKEND_SOCKET_PATH);
        assert_int_equal(options.timeout_msec, 3000);
        assert_int_equal(options.min_uid, 1000);
        assert_false(options.debug || options.use_first_pass || options.try_first_pass);
        assert_false(options.skip_local || options.use_authtok || options.nodelay);
        assert_int_equal(options.accept, LOGIN_ACCEPT_PASSWORD);
        assert_false(options.one_time_token);
        assert_int_equal(options.session_token, SESSION_TOKEN_NONE);
}

static void test_tokens(void **state) {
        static const struct {
                const char *word;
                unsigned accept;
                enum SessionToken session_token;
        } rows[] = {
                { "accept=password", LOGIN_ACCEPT_PASSWORD, SESSION_TOKEN_NONE },
                { "accept=token", LOGIN_ACCEPT_TOKEN, SESSION_TOKEN_NONE },
                { "accept=password,token", LOGIN_ACCEPT_PASSWORD | LOGIN_ACCEPT_TOKEN,
                  SESSION_TOKEN_NONE },
                { "accept=token,password", LOGIN_ACCEPT_PASSWORD | LOGIN_ACCEPT_TOKEN,
                  SESSION_TOKEN_NONE },
                { "session_token=none", LOGIN_ACCEPT_PASSWORD, SESSION_TOKEN_NONE },
                { "session_token=file", LOGIN_ACCEPT_PASSWORD, SESSION_TOKEN_FILE },
                { "session_token=env", LOGIN_ACCEPT_PASSWORD, SESSION_TOKEN_ENV },
        };
        const char *words[] = { "accept=token", "one_time_token", "use_authtok", "nodelay",
                                "accept=password" };
        const char *bad = NULL;
        PamOptions options;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_int_equal(parse_one(rows[i].word, &options), 0);
                assert_int_equal(options.accept, rows[i].accept);
                assert_int_equal(options.session_token, rows[i].session_token);
        }
        assert_int_equal(pam_options_parse(ELEMENTSOF(words), words, &options, &bad), 0);
        assert_true(options.one_time_token && options.use_authtok && options.nodelay);
        assert_int_equal(options.accept, LOGIN_ACCEPT_PASSWORD);
}

static void test_all(void **state) {
        const char *words[] = { "socket=/a b",    "timeout=0.3",    "min_uid=0",     "debug",
                                "use_first_pass", "try_first_pass", "timeout=1500ms",
                                "skip_local" };
        PamOptions options;
        const char *bad = NULL;

        assert_int_equal(pam_options_parse(ELEMENTSOF(words), words, &options, &bad), 0);
        assert_string_equal(options.socket_path, "/a b");
        assert_int_equal(options.timeout_msec, 1500);
        assert_int_equal(options.min_uid, 0);
        assert_true(options.debug && options.use_first_pass && options.try_first_pass);
        assert_true(options.skip_local);

        words[3] = "Debug";
        assert_int_equal(pam_options_parse(ELEMENTSOF(words), words, &options, &bad), -EINVAL);
        assert_string_equal(bad, "Debug");
        assert_int_equal(options.timeout_msec, 1500);
}

static void test_bad(void **state) {
        static const char *const bad[] = {
                "",
                "=",
                "socket",
                "socket=",
                "socket=relative",
                "Socket=/x",
                "timeout",
                "timeout=",
                "timeout=0",
                "timeout=0ms",
                "timeout=0.0",
                "timeout=-1",
                "timeout=+1",
                "timeout= 1",
                "timeout=1 ",
                "timeout=.5",
                "timeout=5.",
                "timeout=1.2.3",
                "timeout=1e3",
                "timeout=s",
                "timeout=ms",
                "timeout=1,5",
                "timeout=0x10",
                "timeout=61",
                "timeout=60001ms",
                "timeout=60.001",
                "timeout=0.5ms",
                "timeout=1.0005",
                "timeout=4294967297",
                "timeout=99999999999999999999",
                "timeout=1m",
                "timeout=inf",
                "min_uid=",
                "min_uid=-1",
                "min_uid=x",
                "min_uid=1000 ",
                "min_uid=2147483648",
                "min_uid=4294967296",
                "debug=",
                "debug=no",
                "debugging",
                "use_first_pass=1",
                "nullok",
                "accept",
                "accept=",
                "accept=,",
                "accept=tokens",
                "accept=Token",
                "accept=pass",
                "accept=password,",
                "accept=,token",
                "accept=password,,token",
                "accept=token,token",
                "accept=password token",
                "accept=none",
                "one_time_token=yes",
                "session_token",
                "session_token=",
                "session_token=files",
                "session_token=file,env",
                "session_token=File",
                "use_authtok=1",
                "nodelay=0",
                "min-uid=5",
                "[debug]",
        };
        PamOptions options;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (parse_one(bad[i], &options) != -EINVAL)
                        fail_msg("taken: %s", bad[i]);
}

static void test_timeouts(void **state) {
        static const struct {
                const char *word;
                unsigned msec;
        } rows[] = {
                { "timeout=1", 1000 },       { "timeout=3s", 3000 },
                { "timeout=0.3", 300 },      { "timeout=0.001", 1 },
                { "timeout=0.05s", 50 },     { "timeout=1ms", 1 },
                { "timeout=1500ms", 1500 },  { "timeout=60", 60000 },
                { "timeout=60.000", 60000 }, { "timeout=60000ms", 60000 },
                { "timeout=12.345", 12345 }, { "timeout=007", 7000 },
        };
        PamOptions options;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_int_equal(parse_one(rows[i].word, &options), 0);
                assert_int_equal(options.timeout_msec, rows[i].msec);
        }
}

static void test_uids(void **state) {
        static const struct {
                uid_t uid;
                bool by_default, with_0;
        } rows[] = {
                { 0, false, true },           { 1, false, true },
                { 999, false, true },         { 1000, true, true },
                { 61183, true, true },        { 61184, false, false },
                { 65519, false, false },      { 65520, false, false },
                { 65536, true, true },
                { 65534, false, false },      { 65535, false, false },
                { 70000, true, true },        { 0x7fffffff, true, true },
                { 0x80000000, false, false }, { 4294967294U, false, false },
                { (uid_t)-1, false, false },
        };
        PamOptions options, all;
        const char *bad = NULL;

        assert_int_equal(pam_options_parse(0, NULL, &options, &bad), 0);
        assert_int_equal(parse_one("min_uid=0", &all), 0);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_int_equal(pam_options_permit_uid(&options, rows[i].uid), rows[i].by_default);
                assert_int_equal(pam_options_permit_uid(&all, rows[i].uid), rows[i].with_0);
        }
}

/* An empty passwd file, and one that names bob, whom no snapshot has. */
static void test_pass_over(void **state) {
        char passwd[] = "/tmp/test-options-passwd-XXXXXX";
        char snapshot[] = "/tmp/test-options-snapshot-XXXXXX";
        FILE *file = fdopen(mkstemp(passwd), "w");
        PamOptions plain, skip, elsewhere, root;

        assert_non_null(file);
        fputs("root:x:0:0::/:/bin/sh\nbob:x:1000:1000::/:/bin/sh\n", file);
        fclose(file);
        close(mkstemp(snapshot));
        parse_one("debug", &plain);
        parse_one("skip_local", &skip);
        parse_one("socket=/elsewhere", &elsewhere);
        parse_one("min_uid=0", &root);
#define PASSES(options, user, let_in) \
        pam_options_pass_over(options, passwd, snapshot, geteuid(), user, let_in)
        assert_true(PASSES(&plain, "root", false));
        assert_true(PASSES(&plain, "root", true));
        assert_false(PASSES(&root, "root", false));
        assert_false(PASSES(&skip, "ada", false));
        assert_true(PASSES(&skip, "bob", false));
        /* tokend let them in, so that it is asked about the account as well */
        assert_false(PASSES(&skip, "bob", true));
        /* this is no snapshot */
        assert_false(PASSES(&plain, "bob", false));
        file = fopen(snapshot, "w");
        assert_non_null(file);
        fputs(SNAPSHOT_FIRST_LINE "eve:70001:70001:::active:\n", file);
        fclose(file);
        assert_int_equal(chmod(snapshot, 0600), 0);
        assert_true(PASSES(&plain, "bob", false));
        assert_false(PASSES(&plain, "bob", true));
        assert_false(PASSES(&plain, "eve", false));
        assert_false(PASSES(&elsewhere, "bob", false));
#undef PASSES
        unlink(passwd);
        unlink(snapshot);
}

static void test_escape(void **state) {
        char text[32];

        escape_for_log(NULL, text, sizeof(text));
        assert_string_equal(text, "");
        escape_for_log("ada-1.example", text, sizeof(text));
        assert_string_equal(text, "ada-1.example");
        escape_for_log("a\nb\x1b[\x7f\"\\\xc3\xa4", text, sizeof(text));
        assert_string_equal(text, "a\\x0ab\\x1b[\\x7f\\x22\\x5c\\xc3...");
        /* Cut between escapes, never inside one. */
        escape_for_log("\n\n\n\n\n\n\n\n\n\n\n\n", text, sizeof(text));
        assert_string_equal(text, "\\x0a\\x0a\\x0a\\x0a\\x0a\\x0a\\x0a...");
        escape_for_log("0123456789012345678901234567890123456789", text, sizeof(text));
        assert_string_equal(text, "0123456789012345678901234567...");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults), cmocka_unit_test(test_all),
                cmocka_unit_test(test_bad),      cmocka_unit_test(test_timeouts),
                cmocka_unit_test(test_uids),     cmocka_unit_test(test_escape),
                cmocka_unit_test(test_tokens),   cmocka_unit_test(test_pass_over),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
