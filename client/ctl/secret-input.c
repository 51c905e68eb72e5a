/* Secrets from files and people. They are read straight into memory that wipes itself: no stdio
 * buffer in between. */

#include "ctl/secret-input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/fd-read.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define ONCE_MORE ", once more"

/* Whose value "-" is standard input. */
static const enum Option input_files[] = {
        OPTION_CLIENT_SECRET_FILE,
        OPTION_TOKEN_FILE,
        OPTION_PASSWORD_FILE,
        OPTION_OLD_PASSWORD_FILE,
        OPTION_SECRET_FILE,
        OPTION_SSH_KEY,
        OPTION_SHADOW,
        OPTION_PASSWD,
        OPTION_CSV,
        OPTION_JSON_LINES,
};

/* clang-format off */
static const struct {
        int error;
        const char *sentence;
} sentences[] = {
        { EFBIG,   "too long for a secret"                         },
        { EILSEQ,  "there is a NUL byte in it"                     },
        { ENODATA, "there is nothing in it"                        },
        { ENXIO,   "no terminal to ask on"                         },
        { EISDIR,  "a directory"                                   },
};
/* clang-format on */

static enum Exit complain_of_input(const char *thing, int error) {
        for (size_t i = 0; i < ELEMENTSOF(sentences); i++)
                if (sentences[i].error == -error) {
                        complain(thing, NULL, "%s", sentences[i].sentence);
                        return EXIT_FAILED;
                }
        return complain_of_error(thing, error);
}

int secret_read_file(const char *path, Secret *ret) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        _cleanup_(closep) int fd = -1;
        int r;

        if (!streq(path, "-")) {
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
                if (fd < 0)
                        return -errno;
        }
        /* The newline may come on top. */
        r = fd_read_all(fd < 0 ? STDIN_FILENO : fd, SECRET_INPUT_MAX + 1, &text);
        if (r < 0)
                return r;
        if (text.size > 0 && text.text[text.size - 1] == '\n')
                text.text[--text.size] = '\0';
        if (text.size == 0)
                return -ENODATA;
        if (text.size > SECRET_INPUT_MAX)
                return -EFBIG;
        if (memchr(text.text, '\0', text.size))
                return -EILSEQ;
        *ret = TAKE(text, SECRET_INIT);
        return 0;
}

enum Exit secret_read_path(const char *path, Secret *ret) {
        int r;

        r = secret_read_file(path, ret);
        return r == 0 ? EXIT_DONE
                      : complain_of_input(streq(path, "-") ? "standard input" : path, r);
}

enum Exit secret_read_option(const Options *options, enum Option option, Secret *ret) {
        return secret_read_path(options->values[option], ret);
}

static bool reads_standard_input(const Options *options, enum Option option) {
        const char *value = options->values[option];

        return value && streq(value, option == OPTION_SSH_KEY ? "@-" : "-");
}

enum Exit secret_inputs_check(const Options *options) {
        const char *first = NULL;

        for (size_t i = 0; i < ELEMENTSOF(input_files); i++) {
                const char *name = option_rows[input_files[i]].name;

                if (!reads_standard_input(options, input_files[i]))
                        continue;
                if (first)
                        return complain_of_usage("--%s and --%s: there is one standard input only",
                                                 first, name);
                first = name;
        }
        return EXIT_DONE;
}

static int ask_twice(const char *prompt, Secret *ret) {
        _cleanup_(secret_done) Secret first = SECRET_INIT;
        _cleanup_(secret_done) Secret second = SECRET_INIT;
        char again[USER_PROMPT_MAX + sizeof(ONCE_MORE)];
        int r;

        snprintf(again, sizeof(again), "%s" ONCE_MORE, prompt);
        r = terminal_ask(prompt, &first);
        if (r == 0)
                r = terminal_ask(again, &second);
        if (r < 0)
                return r;
        if (!secret_equal(&first, &second))
                return -EKEYREJECTED;
        *ret = TAKE(first, SECRET_INIT);
        return 0;
}

enum Exit secret_get(const Ctl *ctl, enum Option option, const char *prompt, bool is_new,
                     Secret *ret) {
        int r;

        if (ctl_option(ctl, option))
                return secret_read_option(&ctl->options, option, ret);
        r = is_new ? ask_twice(prompt, ret) : terminal_ask(prompt, ret);
        if (r == -ENXIO)
                return complain_of_usage("there is no terminal to ask on; use --%s=FILE, or - for "
                                         "standard input",
                                         option_rows[option].name);
        if (r == -EKEYREJECTED) {
                complain(NULL, NULL, "the two are not the same; nothing was changed");
                return EXIT_FAILED;
        }
        return r == 0 ? EXIT_DONE : complain_of_input("the terminal", r);
}
