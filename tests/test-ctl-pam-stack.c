/* The walk through a stack, held against the real libpam: pam_debug.so answers what it is told to,
 * and thousands of stacks that nobody would write must end alike in both. */

#include "ctl-machine.h"

#include <security/pam_appl.h>

#include "ctl/pam-stack.h"

#define STACKS 3000
#define TEXTS  1000

static enum PamCode code_of(const char *name) {
        for (enum PamCode code = 0; code < _PAM_CODE_MAX; code++)
                if (streq(pam_code_name(code), name))
                        return code;
        fail_msg("%s", name);
        return PAM_CODE_SUCCESS;
}

/* pam_debug.so auth=CODE */
static enum PamCode answer(const PamLine *line, void *userdata) {
        unsigned *n_asked = userdata;

        ++*n_asked;
        return code_of(line->arguments[0] + strlen("auth="));
}

static int refuse_talk(int n, const struct pam_message **messages, struct pam_response **ret,
                       void *userdata) {
        return PAM_CONV_ERR;
}

/* Only there with the sanitizer. */
extern void __lsan_disable(void) __attribute__((weak));
extern void __lsan_enable(void) __attribute__((weak));

/* libpam 1.5.2 forgets to free the lines before one that it can't read. */
static int start(const char *folder, const struct pam_conv *conversation, pam_handle_t **ret) {
        int code;

        if (__lsan_disable)
                __lsan_disable();
        code = pam_start_confdir("a", "nobody", conversation, folder, ret);
        if (__lsan_enable)
                __lsan_enable();
        return code;
}

static int ask_libpam(const Bed *bed) {
        const struct pam_conv conversation = { .conv = refuse_talk };
        pam_handle_t *pamh = NULL;
        char folder[128];

        snprintf(folder, sizeof(folder), "%s/etc/pam.d", bed->root);
        int code = start(folder, &conversation, &pamh);
        if (code != PAM_SUCCESS)
                return code;
        code = pam_authenticate(pamh, 0);
        pam_end(pamh, code);
        return code;
}

static enum PamCode ask_ours(const Bed *bed, unsigned *ret_n_asked) {
        char message[PAM_MESSAGE_MAX], path[128];
        PamConfig config = PAM_CONFIG_INIT;
        enum PamCode code;

        snprintf(path, sizeof(path), "%s/etc/pam.d/a", bed->root);
        assert_int_equal(pam_config_read("", path, &config, message), 0);
        code = pam_stack_run(&config, PAM_TYPE_AUTH, answer, NULL, ret_n_asked);
        pam_config_done(&config);
        return code;
}

static unsigned next_random(unsigned *seed) {
        *seed = *seed * 1103515245U + 12345U;
        return *seed >> 16;
}

#define PICK(array, seed) ((array)[next_random(seed) % ELEMENTSOF(array)])

/* A few lines; those of "a" may go on in "b", and those of "b" in "c". */
static void write_stack(Bed *bed, const char *name, const char *other, unsigned *seed) {
        static const char *const controls[] = { "required", "requisite", "sufficient", "optional" };
        static const char *const codes[] = { "success",         "success", "success",
                                             "auth_err",        "ignore",  "user_unknown",
                                             "new_authtok_reqd" };
        static const char *const actions[] = { "ok",    "done", "bad", "die", "ignore",
                                               "reset", "1",    "2",   "3" };
        unsigned n = next_random(seed) % 5;
        char text[2048] = "", path[64];

        for (unsigned i = 0; i < n || n == 0; i++) {
                size_t used = strlen(text);
                unsigned kind = next_random(seed) % 8;

                if (kind == 0 && other)
                        /* libpam 1.5.2 looks for others in /etc/pam.d whatever folder it was given
                         */
                        snprintf(text + used, sizeof(text) - used, "auth %s %s/etc/pam.d/%s\n",
                                 next_random(seed) % 3 ? "substack" : "include", bed->root, other);
                else if (kind < 4)
                        snprintf(text + used, sizeof(text) - used, "auth %s pam_debug.so auth=%s\n",
                                 PICK(controls, seed), PICK(codes, seed));
                else {
                        const char *success = PICK(actions, seed), *error = PICK(actions, seed);
                        const char *otherwise = PICK(actions, seed);

                        snprintf(text + used, sizeof(text) - used,
                                 "auth [success=%s auth_err=%s default=%s] pam_debug.so auth=%s\n",
                                 success, error, otherwise, PICK(codes, seed));
                }
                if (n == 0)
                        break;
        }
        snprintf(path, sizeof(path), "etc/pam.d/%s", name);
        bed_write(bed, path, text);
}

static void test_as_libpam(void **state) {
        Bed *bed = *state;
        unsigned seed = 1, n_yes = 0, n_asked = 0;

        for (int i = 0; i < STACKS; i++) {
                unsigned before = seed;

                write_stack(bed, "c", NULL, &seed);
                write_stack(bed, "b", "c", &seed);
                write_stack(bed, "a", "b", &seed);
                int theirs = ask_libpam(bed);
                int ours = (int)ask_ours(bed, &n_asked);
                if (ours != theirs)
                        fail_msg("stack %d (seed %u) in %s: libpam says %d, we say %d", i, before,
                                 bed->root, theirs, ours);
                n_yes += theirs == PAM_SUCCESS;
        }
        /* Both ends were seen often. */
        assert_in_range(n_yes, STACKS / 10, STACKS * 9 / 10);
        assert_true(n_asked > STACKS);
}

/* pam_debug.so says yes when it is told nothing; anything else is no module. */
static enum PamCode answer_any(const PamLine *line, void *userdata) {
        if (!pam_line_is(line, "pam_debug.so"))
                return PAM_CODE_MODULE_UNKNOWN;
        for (char **word = line->arguments; word && *word; word++)
                if (strncmp(*word, "auth=", 5) == 0)
                        return code_of(*word + 5);
        return PAM_CODE_SUCCESS;
}

/* One line of the stack, written in an odd way. */
static void write_oddly(char *text, size_t size, unsigned *seed) {
        static const char *const words[] = { "required", "pam_debug.so" };
        static const char *const codes[] = { "auth=success", "auth=success", "auth=auth_err", "" };
        static const char *const gaps[] = { " ",         "\t",       " \\\n",           "\\ \t\n ",
                                            "\\\n# c\n", " \\\n\n ", "\\\n \t# c \\\n", " \\\n  " };
        static const char *const ends[] = { "\n",     " # c\n",     " # c \\\n",  "#c\n",
                                            " \\ \n", " \\ # c \n", "\n# c \\\n", "" };
        size_t used = strlen(text);

        used += (size_t)snprintf(text + used, size - used, "auth");
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                used += (size_t)snprintf(text + used, size - used, "%s%s",
                                         next_random(seed) % 2 ? " " : PICK(gaps, seed), words[i]);
        snprintf(text + used, size - used, "%s%s%s", PICK(gaps, seed), PICK(codes, seed),
                 next_random(seed) % 2 ? "\n" : PICK(ends, seed));
}

/* Comments, continued lines and what is no end of a file, as libpam joins them. */
static void test_lines_as_libpam(void **state) {
        Bed *bed = *state;
        unsigned seed = 7, n_yes = 0, n_broken = 0;
        char path[128];

        snprintf(path, sizeof(path), "%s/etc/pam.d/a", bed->root);
        for (int i = 0; i < TEXTS; i++) {
                enum PamCode ours = PAM_CODE_PERM_DENIED;
                PamConfig config = PAM_CONFIG_INIT;
                char text[1000] = "", message[PAM_MESSAGE_MAX];

                for (unsigned n = 1 + next_random(&seed) % 3; n > 0; n--) {
                        write_oddly(text, sizeof(text), &seed);
                        if (n > 1 && text[strlen(text) - 1] != '\n')
                                strcat(text, "\n");
                }
                bed_write(bed, "etc/pam.d/a", text);
                int r = pam_config_read("", path, &config, message);
                if (r == 0)
                        ours = pam_stack_run(&config, PAM_TYPE_AUTH, answer_any, NULL, NULL);
                pam_config_done(&config);
                int theirs = ask_libpam(bed);
                if ((ours == PAM_CODE_SUCCESS) != (theirs == PAM_SUCCESS) ||
                    (r == 0 && theirs == PAM_ABORT))
                        fail_msg("libpam says %d, we say %d (%d %s):\n%s", theirs, ours, r, message,
                                 text);
                n_yes += theirs == PAM_SUCCESS;
                n_broken += r < 0;
        }
        assert_in_range(n_yes, TEXTS / 10, TEXTS * 9 / 10);
        assert_in_range(n_broken, TEXTS / 50, TEXTS / 2);
}

typedef struct Seen {
        unsigned n;
        char last[64];
} Seen;

static enum PamCode say_yes(const PamLine *line, void *userdata) {
        return PAM_CODE_SUCCESS;
}

static void witness(const PamLine *line, enum PamCode code, int action, void *userdata) {
        Seen *seen = userdata;
        char buffer[PAM_ACTION_TEXT_MAX];

        seen->n++;
        snprintf(seen->last, sizeof(seen->last), "%s %s=%s", line->module, pam_code_name(code),
                 pam_action_name(action, buffer));
}

static void test_witness(void **state) {
        static const char text[] =
                        "auth [success=1] a.so\nauth required b.so\naccount required x.so\n"
                        "auth [success=done] c.so\nauth required d.so\n";
        char message[PAM_MESSAGE_MAX];
        PamConfig config = PAM_CONFIG_INIT;
        Seen seen = { 0 };

        assert_int_equal(pam_config_parse("x", text, strlen(text), &config, message), 0);
        assert_int_equal(pam_stack_run(&config, PAM_TYPE_AUTH, say_yes, witness, &seen),
                         PAM_CODE_SUCCESS);
        assert_int_equal(seen.n, 2);
        assert_string_equal(seen.last, "c.so success=done");
        /* Nothing at all is no yes. */
        assert_int_equal(pam_stack_run(&config, PAM_TYPE_SESSION, say_yes, NULL, NULL),
                         PAM_CODE_PERM_DENIED);
        pam_config_done(&config);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                BED_TEST(test_as_libpam),
                BED_TEST(test_lines_as_libpam),
                cmocka_unit_test(test_witness),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
