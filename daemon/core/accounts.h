#pragma once

/* A user's access tokens as the "accessTokens" of an account, whose id is the user's.
 *
 * Who: a Bearer token of that user or of the user's parent, an administrator's token, uid 0 on the
 * socket; a sub-account's token reaches its own account only. "A token with scopes reaches only
 * what they cover": what a user's token does here takes its owner's ordinary access, so it has no
 * scopes, or DEFAULT among them (scope.h).
 *
 * Each call: REASON_ACCESS_DENIED for all others, and for accounts that there are not; only an
 * administrator is told REASON_USER_UNKNOWN. To issue, the caller's token must live until the
 * commit: REASON_INVALID_TOKEN. */

#include "core/authority.h"

#define ACCOUNT_TTL_DEFAULT (14 * 24 * 3600) /* s */

/* Borrowed. */
typedef struct AccountTokenRequest {
        const char *account; /* the user's id */
        char *const *scopes; /* kept in this order; empty, with has_scopes: it reaches nothing */
        bool has_scopes;     /* else ordinary access, or what the caller's own token has */
        int64_t ttl;         /* s; 0: not given. REASON_INVALID_VALUE: not 1 … MaximumLifetime= */
} AccountTokenRequest;

/* Answer: access_token, token, user. REASON_INVALID_SCOPE: malformed, not the user's, or not the
 * caller's to hand on; REASON_USER_LOCKED, _USER_EXPIRED, _PASSWORD_MUST_CHANGE. */
void authority_account_issue(Authority *authority, const Caller *caller,
                             const AccountTokenRequest *request, AnswerHandler handler,
                             void *userdata);

/* Whether this caller may see the account's tokens at all. Answer: user. */
void authority_account_find(Authority *authority, const Caller *caller, const char *account,
                            AnswerHandler handler, void *userdata);

/* A page of its live access tokens, newest first, limit 1 … PAGE_ROWS_MAX; a page costs the same
 * wherever it lies. Answer: user, tokens, cursor. */
void authority_account_list(Authority *authority, const Caller *caller, const char *account,
                            const char *cursor, unsigned limit, AnswerHandler handler,
                            void *userdata);

/* fk: a token's text or its public id. REASON_TOKEN_UNKNOWN: no live access token of this account.
 * Answer: user, token. */
void authority_account_token_get(Authority *authority, const Caller *caller, const char *account,
                                 const char *fk, AnswerHandler handler, void *userdata);
/* It is dead everywhere when the handler hears. Answer: user, token as it was, n_revoked. */
void authority_account_token_remove(Authority *authority, const Caller *caller, const char *account,
                                    const char *fk, AnswerHandler handler, void *userdata);
