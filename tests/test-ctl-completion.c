/* The bash completion knows what tokenctl knows: every verb and every option of it. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX 16384

static void shell(const char *command, char ret[static OUTPUT_MAX]) {
        FILE *pipe = popen(command, "re");
        size_t n;

        assert_non_null(pipe);
        n = fread(ret, 1, OUTPUT_MAX - 1, pipe);
        ret[n] = '\0';
        assert_int_equal(pclose(pipe), 0);
}

/* What bash offers behind words; the last of them is the one being typed. */
static void complete(const char *words, char ret[static OUTPUT_MAX]) {
        char command[4096];

        snprintf(command, sizeof(command),
                 "bash --norc -c '. %s/client/ctl/completion/tokenctl; COMP_WORDS=(%s %s); "
                 "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _tokenctl \"$TOKENCTL\"; "
                 "printf \" %%s \\n\" \"${COMPREPLY[@]}\"' 2>&1",
                 getenv("SOURCE"), getenv("TOKENCTL"), words);
        shell(command, ret);
}

static void assert_offers(const char *offers, const char *word) {
        char padded[128];

        snprintf(padded, sizeof(padded), " %s \n", word);
        if (!strstr(offers, padded))
                assert_string_equal(offers, padded);
}

/* Each line of --list-verbs is offered, word by word. */
static void test_every_verb(void **state) {
        char list[OUTPUT_MAX], command[512], offers[OUTPUT_MAX], *lines;
        size_t n = 0;

        snprintf(command, sizeof(command), "%s --list-verbs", getenv("TOKENCTL"));
        shell(command, list);
        for (char *line = strtok_r(list, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
                char noun[32] = "", verb[32] = "", words[128];

                assert_true(sscanf(line, "%31s %31s", noun, verb) == 2);
                complete("\"\"", offers);
                assert_offers(offers, noun);
                if (verb[0] != '-') {
                        snprintf(words, sizeof(words), "%s \"\"", noun);
                        complete(words, offers);
                        assert_offers(offers, verb);
                }
                n++;
        }
        assert_true(n >= 18);
}

static void test_options(void **state) {
        char offers[OUTPUT_MAX];

        complete("user add ada --p", offers);
        assert_offers(offers, "--password-file=");
        assert_offers(offers, "--partner-id=");
        assert_null(strstr(offers, "--grants"));
        complete("--so", offers);
        assert_offers(offers, "--socket=");
        complete("user list --par", offers);
        assert_null(strstr(offers, "--parent"));
        complete("--json user sh", offers);
        assert_offers(offers, "show");
        complete("--socket = /x client l", offers);
        assert_offers(offers, "list");
}

static void test_values(void **state) {
        char offers[OUTPUT_MAX];

        complete("client add x --introspect = o", offers);
        assert_offers(offers, "own");
        complete("client add x --grants = re", offers);
        assert_offers(offers, "refresh_token");
        complete("--socket = /et", offers);
        assert_offers(offers, "/etc");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_verb),
                cmocka_unit_test(test_options),
                cmocka_unit_test(test_values),
        };

        if (!getenv("TOKENCTL") || !getenv("SOURCE")) {
                fprintf(stderr, "TOKENCTL must name the program, SOURCE the tree.\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
