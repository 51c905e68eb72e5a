/* Who may do what: the one table of it, and what counts as somebody's own.
 *
 * Invariant: whatever stands in no row is denied. A caller never gains by showing a token: with
 * one, it is that token's owner, as far as the token's scopes go, and no longer the peer. */

#include "core/access.h"

#include "base/scope.h"
#include "wire/text.h"

enum Role {
        ROLE_ANONYMOUS,
        ROLE_ROOT,
        ROLE_UID,
        ROLE_CLIENT,
        ROLE_USER_TOKEN, /* its owner's ordinary access: no scopes, or DEFAULT among them */
        ROLE_ADMIN_TOKEN, /* anybody's, with the scope admin */
        ROLE_ISSUE_TOKEN, /* a client's, with the scope issue */
        ROLE_OTHER_TOKEN, /* scopes that cover nothing here, and clients' tokens */
        _ROLE_MAX,
};

#define NONE       REACH_NONE
#define OWN        REACH_OWN
#define REGISTERED REACH_REGISTERED
#define ALL        REACH_ALL

/* clang-format off */
static const enum Reach reaches[_ACTION_MAX][_ROLE_MAX] = {
        /*                          nobody root  uid   client      user   admin  issue      other */
        [ACTION_PASSWORD_GRANT] = { NONE,  ALL,  OWN,  REGISTERED, NONE,  NONE,  NONE,       NONE },
        [ACTION_OTHER_GRANT]    = { NONE,  ALL,  OWN,  REGISTERED, NONE,  NONE,  NONE,       NONE },
        [ACTION_LOGIN_DETAILS]  = { NONE,  ALL,  NONE, NONE,       NONE,  NONE,  NONE,       NONE },
        [ACTION_LOGIN_CHECK]    = { NONE,  ALL,  OWN,  NONE,       NONE,  NONE,  NONE,       NONE },
        [ACTION_SSH_KEYS]       = { NONE,  ALL,  ALL,  NONE,       NONE,  NONE,  NONE,       NONE },
        [ACTION_ISSUE_SELF]     = { NONE,  OWN,  OWN,  NONE,       NONE,  NONE,  NONE,       NONE },
        [ACTION_INTROSPECT]     = { NONE,  ALL,  OWN,  REGISTERED, OWN,   ALL,   NONE,       NONE },
        [ACTION_REVOKE_TOKEN]   = { NONE,  ALL,  OWN,  OWN,        OWN,   ALL,   NONE,       NONE },
        [ACTION_LIST_TOKENS]    = { NONE,  ALL,  OWN,  NONE,       OWN,   ALL,   NONE,       NONE },
        [ACTION_REVOKE_OWNER]   = { NONE,  ALL,  OWN,  OWN,        OWN,   ALL,   NONE,       NONE },
        [ACTION_CHANGE_PASSWORD]= { NONE,  ALL,  OWN,  NONE,       OWN,   ALL,   NONE,       NONE },
        [ACTION_ADMINISTER]     = { NONE,  ALL,  NONE, NONE,       NONE,  ALL,   NONE,       NONE },
        [ACTION_ISSUE_FOR]      = { NONE,  NONE, NONE, NONE,       NONE,  NONE,  REGISTERED, NONE },
        [ACTION_ACCOUNT_TOKENS] = { NONE,  ALL,  NONE, NONE,       OWN,   ALL,   NONE,       NONE },
};
/* clang-format on */

static enum Role token_role(const Token *token, bool of_user) {
        if (!token || token->kind != TOKEN_ACCESS || (token->user_id != NULL) != of_user)
                return ROLE_ANONYMOUS;
        if (token->scopes && strv_contains(token->scopes, SCOPE_ADMIN))
                return ROLE_ADMIN_TOKEN;
        if (of_user)
                return !token->scopes || strv_contains(token->scopes, SCOPE_DEFAULT)
                               ? ROLE_USER_TOKEN
                               : ROLE_OTHER_TOKEN;
        return strv_contains(token->scopes, SCOPE_ISSUE) ? ROLE_ISSUE_TOKEN : ROLE_OTHER_TOKEN;
}

/* A client's key may be an administrator's as well. */
static bool is_issue_token(const Caller *caller) {
        return caller->kind == CALLER_CLIENT_TOKEN &&
               strv_contains(caller->token->scopes, SCOPE_ISSUE);
}

/* What the caller says it is, as far as the peer and the proof bear it out. */
static enum Role caller_role(const Caller *caller) {
        bool is_local = caller->peer.door == DOOR_SOCKET || caller->peer.door == DOOR_BUS;

        switch (caller->kind) {
        case CALLER_ROOT:
                return is_local && caller->peer.uid == 0 ? ROLE_ROOT : ROLE_ANONYMOUS;
        case CALLER_UID:
                return is_local && caller->peer.uid != UID_NONE ? ROLE_UID : ROLE_ANONYMOUS;
        case CALLER_CLIENT:
                return caller->client ? ROLE_CLIENT : ROLE_ANONYMOUS;
        case CALLER_USER_TOKEN:
                return token_role(caller->token, true);
        case CALLER_CLIENT_TOKEN:
                return token_role(caller->token, false);
        case CALLER_ANONYMOUS:
                break;
        }
        return ROLE_ANONYMOUS;
}

enum Reach access_reach(const Caller *caller, enum Action action) {
        if (action < 0 || action >= _ACTION_MAX)
                return REACH_NONE;
        enum Role role = caller_role(caller);
        if (role == ROLE_ADMIN_TOKEN && action == ACTION_ISSUE_FOR && is_issue_token(caller))
                role = ROLE_ISSUE_TOKEN;
        return reaches[action][role];
}

static bool has_reserved_of(const Token *token, char *const *scopes) {
        for (; scopes && *scopes; scopes++)
                if (scope_is_reserved(*scopes) && !strv_contains(token->scopes, *scopes))
                        return false;
        return true;
}

bool access_may_hand_on(const Caller *caller, char *const *scopes) {
        switch (caller_role(caller)) {
        case ROLE_ROOT:
                return true;
        case ROLE_ADMIN_TOKEN:
                return has_reserved_of(caller->token, scopes);
        case ROLE_USER_TOKEN:
                return scopes_within_token(scopes, caller->token->scopes);
        default:
                return false;
        }
}

bool access_owns_token(const Caller *caller, const Token *token, const char *parent_id) {
        switch (caller_role(caller)) {
        case ROLE_ROOT:
        case ROLE_UID:
                return token->user_id && token->uid == caller->peer.uid && token->uid != UID_NONE;
        case ROLE_CLIENT:
                return streq_ptr(token->client_id, caller->client->id);
        case ROLE_USER_TOKEN:
                return token->user_id && (streq(token->user_id, caller->token->user_id) ||
                                          streq_ptr(parent_id, caller->token->user_id));
        default:
                return false;
        }
}

bool access_owns_user(const Caller *caller, const User *user) {
        switch (caller_role(caller)) {
        case ROLE_ROOT:
        case ROLE_UID:
                return user->uid == caller->peer.uid && user->uid != UID_NONE;
        case ROLE_USER_TOKEN:
                return streq(user->id, caller->token->user_id) ||
                       streq_ptr(user->parent_id, caller->token->user_id);
        default:
                return false;
        }
}
