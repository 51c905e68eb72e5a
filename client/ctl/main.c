/* tokenctl: options, verb, exit status. */

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

#include "ctl/verbs.h"
#include "wire/cleanup.h"
#include "wire/text.h"

static enum Exit verb_missing(const Options *options) {
        char **words = options->arguments;

        if (options->n_arguments == 0)
                return complain_of_usage("what is to be done?");
        for (size_t i = 0; i < n_verbs; i++) {
                if (!streq(verbs[i].noun, words[0]))
                        continue;
                if (options->n_arguments == 1)
                        return complain_of_usage("what is to be done? See: tokenctl %s --help",
                                                 words[0]);
                return complain_of_usage("there is no verb \"%s %s\"", words[0], words[1]);
        }
        return complain_of_usage("there is no verb \"%s\"", words[0]);
}

/* Options that mean nothing to a verb are refused: they were meant for something. */
static enum Exit options_check(const Options *options, const Verb *verb) {
        for (enum Option option = 0; option < _OPTION_MAX; option++)
                if (option_is_given(options, option) && !option_is_global(option) &&
                    !(verb->options & UINT64_C(1) << option))
                        return complain_of_usage("%s%s%s takes no --%s", verb->noun,
                                                 verb->name ? " " : "", verb->name ?: "",
                                                 option_rows[option].name);
        return EXIT_DONE;
}

static enum Exit verb_run(Ctl *ctl, const Verb *verb, size_t used) {
        char **arguments = ctl->options.arguments + used;
        size_t n = ctl->options.n_arguments - used;
        enum Exit e;

        e = options_check(&ctl->options, verb);
        if (e != EXIT_DONE)
                return e;
        if (!verb_takes_count(verb, n))
                return complain_of_usage("usage: tokenctl %s%s%s %s", verb->noun,
                                         verb->name ? " " : "", verb->name ?: "", verb->arguments);
        for (size_t i = 0; i < n; i++)
                if (arguments[i][0] == '\0')
                        return complain_of_usage("%s: an empty name", verb->noun);
        e = ctl_connect(ctl, (verb->options & TAKES(CLIENT)) != 0);
        return e == EXIT_DONE ? verb->run(ctl, arguments, n) : e;
}

static enum Exit ctl_run(Ctl *ctl) {
        const Options *options = &ctl->options;
        const Verb *verb;
        size_t used = 0;

        if (option_is_given(options, OPTION_VERSION)) {
                puts("tokenctl " TOKEND_VERSION);
                return EXIT_DONE;
        }
        if (option_is_given(options, OPTION_LIST_VERBS)) {
                verbs_print_list();
                return EXIT_DONE;
        }
        if (option_is_given(options, OPTION_HELP) && options->n_arguments == 0) {
                help_print();
                return EXIT_DONE;
        }
        verb = verb_find(options->arguments, options->n_arguments, &used);
        if (option_is_given(options, OPTION_HELP) &&
            help_print_verb(options->arguments[0], verb ? verb->name : NULL))
                return EXIT_DONE;
        return verb ? verb_run(ctl, verb, used) : verb_missing(options);
}

static void ctl_done(Ctl *ctl) {
        tokend_free(ctl->handle);
}

int main(int argc, char **argv) {
        _cleanup_(ctl_done) Ctl ctl = { 0 };
        char message[OPTIONS_MESSAGE_MAX];
        enum Exit e;

        /* Passwords must not end up in a core file. */
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
        if (options_parse(argc, argv, &ctl.options, message) < 0)
                return (int)complain_of_usage("%s", message);
        e = ctl_run(&ctl);
        /* A token that could not be written is not a token that was given. */
        if ((fflush(stdout) != 0 || ferror(stdout)) && e == EXIT_DONE)
                e = complain_of_error("standard output", errno);
        return (int)e;
}
