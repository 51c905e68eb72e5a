#pragma once

/* The command line: every option that any verb takes, in one table. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum Option {
        /* Of every verb. */
        OPTION_SOCKET,
        OPTION_URL,
        OPTION_CLIENT, /* who calls; of the verbs that list it, what they are about */
        OPTION_CLIENT_SECRET_FILE,
        OPTION_TOKEN_FILE,
        OPTION_JSON,
        OPTION_HELP,
        OPTION_VERSION,
        OPTION_LIST_VERBS, /* for the completion */

        /* Of some. */
        _OPTION_GLOBAL_MAX,
        OPTION_ID = _OPTION_GLOBAL_MAX,
        OPTION_UID,
        OPTION_EMAIL,
        OPTION_ROLE,
        OPTION_PARTNER_ID,
        OPTION_PARENT,
        OPTION_SCOPES,
        OPTION_GROUPS,
        OPTION_SHELL,
        OPTION_HOME,
        OPTION_PASSWORD_FILE,
        OPTION_OLD_PASSWORD_FILE,
        OPTION_GRANTS,
        OPTION_SECRET_FILE,
        OPTION_ISSUE_FOR,
        OPTION_INTROSPECT,
        OPTION_ACCESS_LIFETIME,
        OPTION_REFRESH_LIFETIME,
        OPTION_USER,
        OPTION_TTL,
        OPTION_ALL,
        OPTION_EXPLAIN,
        OPTION_SERVICE,
        OPTION_RHOST,
        OPTION_REMOTE,
        OPTION_STATE,
        OPTION_EXPIRES,
        OPTION_SSH_KEY,
        OPTION_SHADOW,
        OPTION_PASSWD,
        OPTION_CSV,
        OPTION_JSON_LINES,
        OPTION_DRY_RUN,
        _OPTION_MAX,
};

/* A set of options. */
#define TAKES(option) (UINT64_C(1) << OPTION_##option)

typedef struct OptionRow {
        const char *name;
        const char *value; /* what stands for it in the help; NULL: takes none */
        const char *help;  /* NULL: not shown */
        bool may_be_empty; /* the value */
} OptionRow;

extern const OptionRow option_rows[_OPTION_MAX];

typedef struct Options {
        const char *values[_OPTION_MAX]; /* NULL: not given; "" for those that take none */
        char **arguments;                /* the rest, in argv's own memory */
        size_t n_arguments;
} Options;

#define OPTIONS_MESSAGE_MAX 256

/* Sorts argv (options anywhere, "--" ends them). -EINVAL: unknown, without its value or with one
 * too many, given twice, or a secret on the command line; ret_message says which, never a value. */
int options_parse(int argc, char **argv, Options *ret,
                  char ret_message[static OPTIONS_MESSAGE_MAX]);

static inline bool option_is_global(enum Option option) {
        return option < _OPTION_GLOBAL_MAX;
}
static inline bool option_is_given(const Options *options, enum Option option) {
        return options->values[option] != NULL;
}
