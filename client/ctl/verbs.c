/* The table of verbs, and how words find their row. */

#include "verbs.h"

#include "wire/text.h"

#define USER_OPTIONS                                                                               \
        (TAKES(ID) | TAKES(UID) | TAKES(EMAIL) | TAKES(ROLE) | TAKES(PARTNER_ID) | TAKES(PARENT) | \
         TAKES(SCOPES) | TAKES(GROUPS) | TAKES(SHELL) | TAKES(HOME) | TAKES(PASSWORD_FILE))
#define CLIENT_OPTIONS                                                                             \
        (TAKES(GRANTS) | TAKES(SCOPES) | TAKES(SECRET_FILE) | TAKES(ISSUE_FOR) |                   \
         TAKES(INTROSPECT) | TAKES(ACCESS_LIFETIME) | TAKES(REFRESH_LIFETIME))
#define REVOKE_OPTIONS (TAKES(USER) | TAKES(CLIENT) | TAKES(ALL))

#define ANY ARGUMENTS_UNBOUNDED

const Verb verbs[] = {
        { "user", "add", "NAME", 1, 1, USER_OPTIONS, user_add, "make a user" },
        { "user", "show", "NAME", 1, 1, 0, user_show, "show what is known about a user" },
        { "user", "list", "", 0, 0, 0, user_list, "list all users" },
        { "user", "remove", "NAME", 1, 1, 0, user_remove, "remove a user and its tokens" },
        { "user", "passwd", "NAME", 1, 1, TAKES(PASSWORD_FILE) | TAKES(OLD_PASSWORD_FILE), user_passwd,
          "change a password; the user's tokens die" },
        { "user", "lock", "NAME", 1, 1, 0, user_lock, "refuse a user's logins; its tokens die" },
        { "user", "unlock", "NAME", 1, 1, 0, user_unlock, "let a user log in again" },
        { "client", "add", "ID", 1, 1, CLIENT_OPTIONS, client_add, "register an application" },
        { "client", "show", "ID", 1, 1, 0, client_show, "show what is known about a client" },
        { "client", "list", "", 0, 0, 0, client_list, "list all clients" },
        { "client", "remove", "ID", 1, 1, 0, client_remove, "remove a client and its tokens" },
        { "token", NULL, "", 0, 0, TAKES(SCOPES) | TAKES(TTL), token_self,
          "print a short-lived token for yourself" },
        { "token", "list", "", 0, 0, TAKES(USER) | TAKES(CLIENT), token_list, "list tokens" },
        { "token", "show", "ID", 1, 1, 0, token_show, "show what is known about a token" },
        { "token", "revoke", "[ID…]", 0, ANY, REVOKE_OPTIONS, token_revoke, "revoke tokens" },
        { "token", "issue", "", 0, 0, TAKES(USER) | TAKES(CLIENT) | TAKES(SCOPES) | TAKES(TTL),
          token_issue, "print a token for a user or a client" },
        { "login", NULL, "NAME", 1, 1, TAKES(PASSWORD_FILE) | TAKES(SCOPES), login,
          "try a password; prints the token it gives" },
        { "status", NULL, "", 0, 0, 0, status, "say how tokend is" },
};
const size_t n_verbs = ELEMENTSOF(verbs);

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
                if (!verb->name && (n == 1 || verb->arguments_max > 0))
                        found = verb;
        }
        if (found)
                *ret_used = 1;
        return found;
}
