/* Help, from the tables of verbs and options. */

#include <stdio.h>
#include <string.h>

#include "ctl/verbs.h"
#include "wire/text.h"

#define COLUMN 34

static void verb_print_name(const Verb *verb) {
        char text[128];

        snprintf(text, sizeof(text), "%s%s%s%s%s", verb->noun, verb->name ? " " : "",
                 verb->name ?: "", verb->arguments[0] ? " " : "", verb->arguments);
        /* "…" is three bytes and one column. */
        printf("  %-*s%s\n", COLUMN + (strstr(text, "…") ? 2 : 0), text, verb->summary);
}

static void option_print(enum Option option) {
        const OptionRow *row = &option_rows[option];
        char text[64];

        if (!row->help)
                return;
        snprintf(text, sizeof(text), "--%s%s%s", row->name, row->value ? "=" : "",
                 row->value ?: "");
        printf("  %-*s%s\n", COLUMN, text, row->help);
}

static void options_print(uint64_t chosen) {
        for (enum Option option = 0; option < _OPTION_MAX; option++)
                if (chosen & UINT64_C(1) << option)
                        option_print(option);
}

static uint64_t options_global(void) {
        uint64_t global = 0;

        for (enum Option option = 0; option < _OPTION_MAX; option++)
                if (option_is_global(option))
                        global |= UINT64_C(1) << option;
        return global;
}

void help_print(void) {
        puts("tokenctl [OPTION…] VERB [ARGUMENT…]\n\n"
             "Manage tokend, the local token authority.\n\n"
             "Verbs:");
        for (size_t i = 0; i < n_verbs; i++)
                verb_print_name(&verbs[i]);
        puts("\nOptions of every verb:");
        options_print(options_global());
        puts("\nWhat a verb takes: tokenctl VERB --help."
             " Secrets are asked for at the terminal, or read\n"
             "from a file or standard input."
             " The socket is --socket=, then $TOKEND_SOCKET, then the usual\n"
             "one.\n\n"
             "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 tokend does not answer.\n"
             "See tokenctl(1).");
}

bool help_print_verb(const char *noun, const char *name) {
        bool is_known = false;

        for (size_t i = 0; i < n_verbs; i++) {
                const Verb *verb = &verbs[i];

                if (!streq(verb->noun, noun) || (name && !streq_ptr(verb->name, name)))
                        continue;
                is_known = true;
                verb_print_name(verb);
                options_print(verb->options & ~TAKES(CLIENT));
                if (verb->options & TAKES(CLIENT))
                        printf("  %-*s%s\n", COLUMN, "--client=ID", "of this client");
        }
        return is_known;
}

void verbs_print_list(void) {
        for (size_t i = 0; i < n_verbs; i++) {
                const Verb *verb = &verbs[i];

                printf("%s%s%s", verb->noun, verb->name ? " " : "", verb->name ?: "");
                for (enum Option option = 0; option < _OPTION_MAX; option++)
                        if ((verb->options & UINT64_C(1) << option) ||
                            (option_is_global(option) && option_rows[option].help))
                                printf(" --%s%s", option_rows[option].name,
                                       option_rows[option].value ? "=" : "");
                putchar('\n');
        }
}
