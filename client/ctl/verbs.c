/* The table of verbs, and how words find their row. */

#include "ctl/verbs.h"

#include <string.h>

#include "wire/text.h"

#define FOR_USER                                                                                   \
        (TAKES(ID) | TAKES(UID) | TAKES(EMAIL) | TAKES(ROLE) | TAKES(PARTNER_ID) | TAKES(PARENT) | \
         TAKES(SCOPES) | TAKES(GROUPS) | TAKES(SHELL) | TAKES(HOME) | TAKES(PASSWORD_FILE) |       \
         TAKES(EXPIRES) | TAKES(SSH_KEY))
#define FOR_SET (TAKES(STATE) | TAKES(EXPIRES) | TAKES(SSH_KEY))
#define FOR_IMPORT                                                                                 \
        (TAKES(PASSWD) | TAKES(SHADOW) | TAKES(CSV) | TAKES(JSON_LINES) | TAKES(DRY_RUN))
#define FOR_CLIENT                                                                                 \
        (TAKES(GRANTS) | TAKES(SCOPES) | TAKES(SECRET_FILE) | TAKES(ISSUE_FOR) |                   \
         TAKES(INTROSPECT) | TAKES(ACCESS_LIFETIME) | TAKES(REFRESH_LIFETIME))
#define FOR_PASSWD (TAKES(PASSWORD_FILE) | TAKES(OLD_PASSWORD_FILE))
#define FOR_SELF   (TAKES(SCOPES) | TAKES(TTL))
#define FOR_LIST   (TAKES(USER) | TAKES(CLIENT))
#define FOR_REVOKE (TAKES(USER) | TAKES(CLIENT) | TAKES(ALL))
#define FOR_ISSUE  (TAKES(USER) | TAKES(CLIENT) | TAKES(SCOPES) | TAKES(TTL))
#define FOR_FAILED TAKES(USER)
#define FOR_CLEAR  (TAKES(REMOTE) | TAKES(ALL))
#define FOR_LOGIN                                                                                  \
        (TAKES(PASSWORD_FILE) | TAKES(SCOPES) | TAKES(EXPLAIN) | TAKES(SERVICE) | TAKES(RHOST))

/* clang-format off */
const Verb verbs[] = {
        { "user",     "add",    "NAME",  FOR_USER,   user_add,      "make a user" },
        { "user",     "import", "",      FOR_IMPORT, user_import,   "add those of a file" },
        { "user",     "set",    "NAME",  FOR_SET,    user_set,      "change what is given" },
        { "user",     "show",   "NAME",  0,          user_show,     "show one user" },
        { "user",     "list",   "",      0,          user_list,     "list all users" },
        { "user",     "remove", "NAME",  0,          user_remove,   "remove it, end its tokens" },
        { "user",     "passwd", "NAME",  FOR_PASSWD, user_passwd,   "change its password" },
        { "user",     "lock",   "NAME",  0,          user_lock,     "refuse logins, end its tokens" },
        { "user",     "unlock", "NAME",  0,          user_unlock,   "let a user log in again" },
        { "client",   "add",    "ID",    FOR_CLIENT, client_add,    "register an application" },
        { "client",   "show",   "ID",    0,          client_show,   "show one client" },
        { "client",   "list",   "",      0,          client_list,   "list all clients" },
        { "client",   "remove", "ID",    0,          client_remove, "remove it, end its tokens" },
        { "token",    NULL,     "",      FOR_SELF,   token_self,    "print a token for yourself" },
        { "token",    "list",   "",      FOR_LIST,   token_list,    "list tokens" },
        { "token",    "show",   "ID",    0,          token_show,    "show one token" },
        { "token",    "revoke", "[ID…]", FOR_REVOKE, token_revoke,  "revoke tokens" },
        { "token",    "issue",  "",      FOR_ISSUE,  token_issue,   "print a token for another" },
        { "login",    NULL,     "NAME",  FOR_LOGIN,  login,         "try a password, print a token" },
        { "ssh-keys", NULL,     "NAME",  0,          ssh_keys,      "its public keys, for sshd" },
        { "throttle", "list",   "",      FOR_FAILED, throttle_list, "who failed, who must wait" },
        { "throttle", "clear",  "[NAME]", FOR_CLEAR, throttle_clear, "forget failed logins" },
        { "status",   NULL,     "",      0,          status,        "say how tokend is" },
        { "doctor",   NULL,     "",      0,          doctor,        "find out why logins fail" },
};
/* clang-format on */
const size_t n_verbs = ELEMENTSOF(verbs);

bool verb_takes_count(const Verb *verb, size_t n) {
        bool is_optional = verb->arguments[0] == '[';
        bool is_list = strstr(verb->arguments, "…") != NULL;

        if (n == 0)
                return verb->arguments[0] == '\0' || is_optional;
        return verb->arguments[0] != '\0' && (n == 1 || is_list);
}

const Verb *verb_find(char *const *words, size_t n, size_t *ret_used) {
        const Verb *found = NULL;

        for (size_t i = 0; n > 0 && i < n_verbs; i++) {
                const Verb *verb = &verbs[i];

                if (!streq(verb->noun, words[0]))
                        continue;
                if (verb->name && n > 1 && streq(verb->name, words[1])) {
                        *ret_used = 2;
                        return verb;
                }
                if (!verb->name && (n == 1 || verb->arguments[0]))
                        found = verb;
        }
        if (found)
                *ret_used = 1;
        return found;
}
