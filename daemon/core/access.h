#pragma once

/* Who may do what: one table (access.c), caller × action. */

#include <stdbool.h>

#include "base/caller.h"
#include "base/user.h"

enum Action {
        ACTION_PASSWORD_GRANT, /* of a user, named or found */
        ACTION_OTHER_GRANT,    /* refresh_token, client_credentials */
        ACTION_LOGIN_DETAILS,  /* service, rhost, tty, junk; /v1/logins */
        ACTION_LOGIN_CHECK,
        ACTION_SSH_KEYS, /* of any user */
        ACTION_ISSUE_SELF,
        ACTION_INTROSPECT,
        ACTION_REVOKE_TOKEN,
        ACTION_LIST_TOKENS,
        ACTION_REVOKE_OWNER,
        ACTION_CHANGE_PASSWORD,
        ACTION_ADMINISTER, /* users, clients, issuing for anybody */
        ACTION_ISSUE_FOR,  /* the users of a client's issue_for */
        ACTION_ACCOUNT_TOKENS, /* issuing, seeing and revoking as accounts.h has it */
        _ACTION_MAX,
};

/* How far a caller's authority over an action goes. */
enum Reach {
        REACH_NONE,       /* REASON_ACCESS_DENIED */
        REACH_OWN,        /* its own user, or what its own client issued */
        REACH_REGISTERED, /* what the client is registered for */
        REACH_ALL,
};

enum Reach access_reach(const Caller *caller, enum Action action);

/* Whether a token that the caller issues may have these scopes, as far as the caller's own go: a
 * user's token hands on what it has, one without scopes whatever is not reserved. Administrators
 * hand on whatever is not reserved, and the reserved ones that they have. */
bool access_may_hand_on(const Caller *caller, char *const *scopes);

/* Whether a token is the caller's own: same uid (not UID_NONE), same user as its Bearer token's or
 * that user's sub-account, or issued through the caller's client. parent_id is the token user's. */
bool access_owns_token(const Caller *caller, const Token *token, const char *parent_id);
/* The same of a user: whose tokens it may list and revoke. */
bool access_owns_user(const Caller *caller, const User *user);
