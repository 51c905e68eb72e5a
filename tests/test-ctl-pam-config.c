/* /etc/pam.d as libpam reads it: lines, controls, includes, and what it refuses. */

#include "ctl-machine.h"

#include "ctl/pam-config.h"
#include "ctl/pam-line.h"

static char message[PAM_MESSAGE_MAX];

static PamConfig parse(const char *text) {
        PamConfig config = PAM_CONFIG_INIT;

        assert_int_equal(pam_config_parse("x", text, strlen(text), &config, message), 0);
        return config;
}

static void refuses(const char *text, const char *said) {
        PamConfig config = PAM_CONFIG_INIT;

        assert_int_equal(pam_config_parse("x", text, strlen(text), &config, message), -EBADMSG);
        assert_string_equal(message, said);
        assert_null(config.lines);
}

static void test_line(void **state) {
        PamConfig config = parse("# comment\n\n"
                                 "-auth\trequired  /lib/pam_a.so  a=1 [b c [d\\]] e # f\n"
                                 "ACCOUNT Sufficient pam_b.so\n");

        assert_int_equal(config.n_lines, 2);
        assert_int_equal(config.lines[0].type, PAM_TYPE_AUTH);
        assert_int_equal(config.lines[0].number, 3);
        assert_true(config.lines[0].is_quiet);
        assert_string_equal(config.lines[0].control, "required");
        assert_string_equal(config.lines[0].module, "/lib/pam_a.so");
        assert_int_equal(strv_length(config.lines[0].arguments), 3);
        assert_string_equal(config.lines[0].arguments[0], "a=1");
        assert_string_equal(config.lines[0].arguments[1], "b c [d]");
        assert_string_equal(config.lines[0].arguments[2], "e");
        assert_true(pam_line_is(&config.lines[0], "pam_a.so"));
        assert_false(pam_line_is(&config.lines[0], "a.so"));
        assert_int_equal(config.lines[1].type, PAM_TYPE_ACCOUNT);
        assert_false(config.lines[1].is_quiet);
        pam_config_done(&config);
}

static void test_continued(void **state) {
        PamConfig config = parse("auth \\\n required \\ \t\n\n # no \\\n  pam_a.so b # c \\\n"
                                 "auth required pam_c.so \\ # d\nauth required pam_e.so");

        assert_int_equal(config.n_lines, 3);
        assert_int_equal(config.lines[0].number, 1);
        assert_string_equal(config.lines[0].module, "pam_a.so");
        assert_int_equal(strv_length(config.lines[0].arguments), 1);
        assert_string_equal(config.lines[0].arguments[0], "b");
        assert_int_equal(config.lines[1].number, 6);
        assert_string_equal(config.lines[1].arguments[0], "\\");
        assert_int_equal(config.lines[2].number, 7);
        pam_config_done(&config);
        refuses("auth required pam_c.so\\", "x:1: it has no end");
        refuses("\nauth required pam_c.so \\\n# nothing\n", "x:2: it has no end");
}

static void assert_actions(const char *control, int success, int must_change, int ignore,
                           int other) {
        char text[128];

        snprintf(text, sizeof(text), "auth %s x.so", control);
        PamConfig config = parse(text);
        assert_int_equal(config.lines[0].actions[PAM_CODE_SUCCESS], success);
        assert_int_equal(config.lines[0].actions[PAM_CODE_NEW_AUTHTOK_REQD], must_change);
        assert_int_equal(config.lines[0].actions[PAM_CODE_IGNORE], ignore);
        assert_int_equal(config.lines[0].actions[PAM_CODE_AUTH_ERR], other);
        pam_config_done(&config);
}

static void test_controls(void **state) {
        const int ok = PAM_ACTION_OK, done = PAM_ACTION_DONE, bad = PAM_ACTION_BAD;
        const int ignore = PAM_ACTION_IGNORE, die = PAM_ACTION_DIE;

        assert_actions("required", ok, ok, ignore, bad);
        assert_actions("requisite", ok, ok, ignore, die);
        assert_actions("sufficient", done, done, ignore, ignore);
        assert_actions("optional", ok, ok, ignore, ignore);
        assert_actions("[success=ok]", ok, bad, bad, bad);
        assert_actions("[ success = done default = ignore ]", done, ignore, ignore, ignore);
        assert_actions("[default=die success=2 ignore=reset]", 2, die, PAM_ACTION_RESET, die);
        /* libpam needs no blank there */
        assert_actions("[success=okdefault=ignore]", ok, ignore, ignore, ignore);
        assert_actions("[]", bad, bad, bad, bad);
}

static void test_refused(void **state) {
        refuses("auth", "x:1: there is no control");
        refuses("\nauth required", "x:2: there is no module");
        refuses("aut required x.so", "x:1: the type is none of auth, account, session, password");
        refuses("auth requird x.so", "x:1: a return value of the control is unknown");
        refuses("auth [succes=ok] x.so", "x:1: a return value of the control is unknown");
        refuses("auth [success] x.so", "x:1: an action of the control is unknown");
        refuses("auth [success=yes] x.so", "x:1: an action of the control is unknown");
        refuses("auth [success=0] x.so", "x:1: an action of the control is unknown");
        refuses("auth [success=99999999999999999999] x.so",
                "x:1: an action of the control is unknown");
        refuses("@include", "x:1: @include names no file");
}

static void test_includes(void **state) {
        Bed *bed = *state;
        PamConfig config = PAM_CONFIG_INIT;

        bed_write(bed, "etc/pam.d/sshd",
                  "auth required one.so\n@include common\nauth include both\nauth substack sub\n"
                  "auth required last.so\n");
        bed_write(bed, "etc/pam.d/common", "auth required two.so\naccount required three.so\n");
        bed_write(bed, "usr/lib/pam.d/both", "account required no.so\nauth required four.so\n");
        bed_write(bed, "etc/pam.d/sub", "auth required five.so\n");
        assert_int_equal(pam_config_read(bed->root, "sshd", &config, message), 0);
        static const struct {
                const char *file;
                const char *module;
                unsigned level;
        } expected[] = {
                { "sshd", "one.so", 0 },  { "common", "two.so", 0 }, { "common", "three.so", 0 },
                { "both", "four.so", 0 }, { "sshd", "sub", 0 },      { "sub", "five.so", 1 },
                { "sshd", "last.so", 0 },
        };
        assert_int_equal(config.n_lines, ELEMENTSOF(expected));
        for (size_t i = 0; i < config.n_lines; i++) {
                assert_string_equal(config.lines[i].file, expected[i].file);
                assert_string_equal(config.lines[i].module, expected[i].module);
                assert_int_equal(config.lines[i].level, expected[i].level);
                assert_int_equal(config.lines[i].is_substack, i == 4);
        }
        pam_config_done(&config);
}

static void test_include_faults(void **state) {
        Bed *bed = *state;
        PamConfig config = PAM_CONFIG_INIT;

        assert_int_equal(pam_config_read(bed->root, "none", &config, message), -ENOENT);
        bed_write(bed, "etc/pam.d/a", "@include nowhere\n");
        assert_int_equal(pam_config_read(bed->root, "a", &config, message), -EBADMSG);
        assert_string_equal(message, "a:1: there is no file nowhere to include");
        bed_write(bed, "etc/pam.d/a", "\n@include a\n");
        assert_int_equal(pam_config_read(bed->root, "a", &config, message), -EBADMSG);
        assert_string_equal(message, "a:2: the includes are too deep");
        /* Ever more lines by few files. */
        bed_write(bed, "etc/pam.d/a", "auth required x.so\n@include b\n@include b\n@include b\n");
        bed_write(bed, "etc/pam.d/b", "auth required x.so\n@include c\n@include c\n@include c\n");
        bed_write(bed, "etc/pam.d/c", "auth required x.so\n@include d\n@include d\n@include d\n");
        bed_write(bed, "etc/pam.d/d", "@include e\n@include e\n@include e\n@include e\n");
        bed_write(bed, "etc/pam.d/e",
                  "auth required x.so\nauth required x.so\nauth required x.so\n"
                  "@include f\n@include f\n@include f\n@include f\n@include f\n");
        bed_write(bed, "etc/pam.d/f",
                  "auth required x.so\nauth required x.so\n"
                  "auth required x.so\nauth required x.so\n");
        assert_int_equal(pam_config_read(bed->root, "a", &config, message), -EBADMSG);
        assert_non_null(strstr(message, "there are too many lines"));
        assert_null(config.lines);
        bed_write(bed, "etc/pam.d/folder/x", "");
        assert_int_equal(pam_config_read(bed->root, "folder", &config, message), -EISDIR);
}

static void test_other(void **state) {
        Bed *bed = *state;
        PamConfig config = PAM_CONFIG_INIT;

        bed_write(bed, "etc/pam.d/su", "auth required one.so\n");
        bed_write(bed, "etc/pam.d/other", "auth required deny.so\naccount required deny.so\n");
        assert_int_equal(pam_config_read_whole(bed->root, "su", &config, message), 0);
        assert_int_equal(config.n_lines, 2);
        assert_string_equal(config.lines[0].module, "one.so");
        assert_int_equal(config.lines[1].type, PAM_TYPE_ACCOUNT);
        pam_config_done(&config);
        assert_int_equal(pam_config_read_whole(bed->root, "none", &config, message), 0);
        assert_int_equal(config.n_lines, 2);
        assert_string_equal(config.lines[0].file, "other");
        pam_config_done(&config);
}

static void test_names(void **state) {
        char buffer[PAM_ACTION_TEXT_MAX];

        assert_string_equal(pam_type_name(PAM_TYPE_PASSWORD), "password");
        assert_string_equal(pam_code_name(PAM_CODE_MODULE_UNKNOWN), "module_unknown");
        assert_string_equal(pam_code_name(PAM_CODE_IGNORE), "ignore");
        assert_string_equal(pam_code_name(_PAM_CODE_MAX - 1), "incomplete");
        assert_string_equal(pam_action_name(PAM_ACTION_DIE, buffer), "die");
        assert_string_equal(pam_action_name(7, buffer), "7");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_line),     cmocka_unit_test(test_continued),
                cmocka_unit_test(test_controls), cmocka_unit_test(test_refused),
                cmocka_unit_test(test_names),    BED_TEST(test_includes),
                BED_TEST(test_include_faults),   BED_TEST(test_other),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
