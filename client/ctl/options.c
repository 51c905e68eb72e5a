/* Reads the command line by the table below. Names are never abbreviated, so that a new option
 * breaks no script, and --password can't be taken for --password-file. */

#include "ctl/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/text.h"

#define ROW(option, ...) [OPTION_##option] = { __VA_ARGS__ }

/* clang-format off */
const OptionRow option_rows[_OPTION_MAX] = {
        ROW(SOCKET,             "socket",             "PATH",    "ask tokend on this socket"),
        ROW(URL,                "url",                "URL",     "ask at http://… or https://…"),
        ROW(CLIENT,             "client",             "ID",      "authenticate as this client"),
        ROW(CLIENT_SECRET_FILE, "client-secret-file", "FILE|-",  "and its secret"),
        ROW(TOKEN_FILE,         "token-file",         "FILE|-",  "authenticate with this token"),
        ROW(JSON,               "json",               NULL,      "print JSON, as in the HTTP API"),
        ROW(HELP,               "help",               NULL,      "say this, or what a verb takes"),
        ROW(VERSION,            "version",            NULL,      "say which version this is"),
        ROW(LIST_VERBS,         "list-verbs",         NULL,      NULL),
        ROW(ID,                 "id",                 "TEXT",    "the user's id (a new UUID)"),
        ROW(UID,                "uid",                "N",       "the uid (the next free one)"),
        ROW(EMAIL,              "email",              "ADDRESS", "stands in for the name"),
        ROW(ROLE,               "role",               "ROLE",    "one word for services to read"),
        ROW(PARTNER_ID,         "partner-id",         "ID",      "a partner's id for it (the id)"),
        ROW(PARENT,             "parent",             "NAME",    "a sub-account of this user"),
        ROW(SCOPES,             "scopes",             "A,B",     "no more than these scopes"),
        ROW(GROUPS,             "groups",             "A,B",     "supplementary groups"),
        ROW(SHELL,              "shell",              "PATH",    "the login shell"),
        ROW(HOME,               "home",               "PATH",    "the home directory"),
        ROW(PASSWORD_FILE,      "password-file",      "FILE|-",  "read the password here"),
        ROW(OLD_PASSWORD_FILE,  "old-password-file",  "FILE|-",  "read the old password here"),
        ROW(GRANTS,             "grants",             "A,B",     "the ways it may get tokens"),
        ROW(SECRET_FILE,        "secret-file",        "FILE|-",  "read its secret (makes one)"),
        ROW(ISSUE_FOR,          "issue-for",          "A,B",     "issues for these roles only"),
        ROW(INTROSPECT,         "introspect",         "all|own", "tokens it may ask about (all)"),
        ROW(ACCESS_LIFETIME,    "access-lifetime",    "SECONDS", "of its access tokens"),
        ROW(REFRESH_LIFETIME,   "refresh-lifetime",   "SECONDS", "of its refresh tokens"),
        ROW(USER,               "user",               "NAME",    "of this user"),
        ROW(TTL,                "ttl",                "SECONDS", "for how long"),
        ROW(ALL,                "all",                NULL,      "everything of everybody"),
        ROW(EXPLAIN,            "explain",            NULL,      "say what decides a login of it"),
        ROW(SERVICE,            "service",            "NAME",    "by this PAM service (sshd)"),
        ROW(RHOST,              "rhost",              "ADDRESS", "from this host (from here)"),
        ROW(REMOTE,             "remote",             "ADDRESS", "from this address"),
        ROW(STATE,              "state",              "STATE",   "active, locked, password-must-change"),
        ROW(EXPIRES,            "expires",            "DATE",    "no logins from then; or never"),
        ROW(SSH_KEY,            "ssh-key",            "KEY|@FILE", "SSH public keys", true),
        ROW(SHADOW,             "shadow",             "FILE|-",  "password hashes and expiry"),
        ROW(PASSWD,             "passwd",             "FILE|-",  "names, uids, homes and shells"),
        ROW(CSV,                "csv",                "FILE|-",  "users, the first line says what"),
        ROW(JSON_LINES,         "json-lines",         "FILE|-",  "users, an object a line"),
        ROW(DRY_RUN,            "dry-run",            NULL,      "say what would be done"),
};
/* clang-format on */

/* What people try, and what they should do. */
/* clang-format off */
static const struct {
        const char *name;
        const char *instead;
} secret_options[] = {
        { "password",      "--password-file=FILE"      },
        { "old-password",  "--old-password-file=FILE"  },
        { "secret",        "--secret-file=FILE"        },
        { "client-secret", "--client-secret-file=FILE" },
        { "token",         "--token-file=FILE"         },
};
/* clang-format on */

static const char *secret_instead(const char *name, size_t size) {
        for (size_t i = 0; i < ELEMENTSOF(secret_options); i++)
                if (strlen(secret_options[i].name) == size &&
                    memcmp(secret_options[i].name, name, size) == 0)
                        return secret_options[i].instead;
        return NULL;
}

static enum Option option_find(const char *name, size_t size) {
        enum Option option = 0;

        while (option < _OPTION_MAX && (strlen(option_rows[option].name) != size ||
                                        memcmp(option_rows[option].name, name, size) != 0))
                option++;
        return option;
}

/* One option, name behind the dashes; next is the word behind it. Returns how many words it took.
 */
static int option_take(const char *name, const char *next, Options *options,
                       char ret_message[static OPTIONS_MESSAGE_MAX]) {
        size_t size = strcspn(name, "=");
        const char *value = name[size] == '=' ? name + size + 1 : NULL;
        const char *instead = secret_instead(name, size);
        enum Option option = option_find(name, size);
        const OptionRow *row = &option_rows[option < _OPTION_MAX ? option : 0];
        int used = 1;

#define REFUSE(...) (snprintf(ret_message, OPTIONS_MESSAGE_MAX, __VA_ARGS__), -EINVAL)
        if (instead)
                return REFUSE("--%.*s: everybody on this machine can read a command line; use %s, "
                              "or - for standard input",
                              (int)size, name, instead);
        if (option == _OPTION_MAX)
                return REFUSE("--%.*s: no such option", size < 64 ? (int)size : 64, name);
        if (!row->value && value)
                return REFUSE("--%s takes no value", row->name);
        if (row->value && !value) {
                value = next;
                used = 2;
        }
        if (row->value && (!value || (value[0] == '\0' && !row->may_be_empty)))
                return REFUSE("--%s needs a value", row->name);
        if (options->values[option] && !option_is_global(option))
                return REFUSE("--%s is given twice", row->name);
#undef REFUSE
        options->values[option] = value ?: "";
        return used;
}

int options_parse(int argc, char **argv, Options *ret,
                  char ret_message[static OPTIONS_MESSAGE_MAX]) {
        Options options = { .arguments = argv };
        bool is_over = false;

        for (int i = 1; i < argc;) {
                const char *word = argv[i];
                int r;

                if (is_over || word[0] != '-' || word[1] == '\0') {
                        argv[options.n_arguments++] = argv[i++];
                        continue;
                }
                if (streq(word, "--")) {
                        is_over = true;
                        i++;
                        continue;
                }
                if (word[1] != '-' && !streq(word, "-h")) {
                        snprintf(ret_message, OPTIONS_MESSAGE_MAX,
                                 "-%c: there are no short options but -h", word[1]);
                        return -EINVAL;
                }
                r = option_take(word[1] == '-' ? word + 2 : "help",
                                i + 1 < argc ? argv[i + 1] : NULL, &options, ret_message);
                if (r < 0)
                        return r;
                i += r;
        }
        *ret = options;
        return 0;
}
