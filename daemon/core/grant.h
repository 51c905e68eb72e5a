#pragma once

/* Issuing tokens: the grants of RFC 6749, and what only this machine has. */

#include "core/authority.h"

/* What may be typed where a password is asked for. */
enum GrantAccepts {
        GRANT_ACCEPTS_PASSWORD = 1 << 0,
        GRANT_ACCEPTS_TOKEN = 1 << 1, /* a live access token of that user, with the scope login */
};

/* Borrowed. NULL and empty: not given. */
typedef struct GrantRequest {
        const char *grant_type;
        const char *username; /* password grant: exactly one of these two */
        const char *email;
        const Secret *password;
        const Secret *refresh_token;
        const char *scope; /* "a b"; NULL: by default, for a refresh as before */
        /* From uid 0 on the socket only, else REASON_ACCESS_DENIED. A service makes the token a
         * login: pending, without a refresh token. */
        const char *service;
        const char *rhost;
        const char *tty;
        uint32_t ruid;    /* who runs the program that asks; 0: root */
        unsigned accepts; /* GrantAccepts; only with a service; 0: a password */
        bool once;        /* a token that is accepted is used up by it; only with a service */
        /* The token's text is not wanted; only with a service. The answer to a right password does
         * not wait for the store then, unless login_without_store is off. */
        bool login_only;
        /* sshd's junk password: one dummy hash, nothing counted, REASON_NOT_KNOWN_TO_NSS. */
        bool junk;
        int64_t lifetime; /* µs; 0: the client's, else as configured */
        /* The rules of /Token: the password grant only, for one access token (its grant is
         * TOKEN_GRANT_TOKEN_API) that lives as the client's do, else for token_api_lifetime, and
         * with which the earlier ones of this user and client from there die. A caller without
         * credentials acts as the client token_api_default_client, if one is named. */
        bool token_api;
} GrantRequest;

/* One row a grant; metadata and the client registration's check are generated from these. */
typedef struct GrantType GrantType;
const char *grant_type_name(size_t index); /* NULL behind the last */
bool grant_type_is_known(const char *name);

/* Answer: access_token, refresh_token, token, user (not for client_credentials), login (with a
 * service), state. With without_store only user and state.
 * REASON_UNSUPPORTED_GRANT, _INVALID_REQUEST, _INVALID_CLIENT (no client), _UNAUTHORIZED_CLIENT,
 * _WRONG_PASSWORD (known and unknown users alike, but REASON_USER_UNKNOWN to root on the socket, at
 * once and without a hash), _EMPTY_PASSWORD, _USER_LOCKED and _USER_EXPIRED (only after the right
 * password), _INVALID_GRANT, _INVALID_SCOPE, _TOO_MANY_FAILURES, _OVERLOADED,
 * _STORE_UNAVAILABLE. */
void authority_grant(Authority *authority, const Caller *caller, const GrantRequest *request,
                     AnswerHandler handler, void *userdata);

typedef struct IssueRequest {
        const char *user; /* name; exactly one of these two */
        const char *client_id;
        char *const *scopes; /* NULL: none named */
        /* µs; 0: as configured. Above MaximumLifetime=: REASON_INVALID_VALUE */
        int64_t lifetime;
        const char *login; /* authority_issue_self() only: a hint, see there; NULL: none */
} IssueRequest;

/* An administrator's: a token of any user or client, reserved scopes included if the owner has them
 * listed. Answer: access_token, token, user. */
void authority_issue(Authority *authority, const Caller *caller, const IssueRequest *request,
                     AnswerHandler handler, void *userdata);

#define SELF_LIFETIME_DEFAULT (15 * 60 * USEC_PER_SEC)
#define SELF_LIFETIME_MAX     (60 * 60 * USEC_PER_SEC)

/* tokenctl token: for the uid on the socket itself, at most SELF_LIFETIME_MAX, never a reserved
 * scope; user and client_id are not read. If login is an open login of that user, the token is one
 * of its family and dies with it (answer.login); any other text there is nothing: it comes from an
 * environment that users can write. REASON_USER_UNKNOWN, _USER_LOCKED, _USER_EXPIRED, and
 * _OVERLOADED beyond self-quota.h. */
void authority_issue_self(Authority *authority, const Caller *caller, const IssueRequest *request,
                          AnswerHandler handler, void *userdata);
