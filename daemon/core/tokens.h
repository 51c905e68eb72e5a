#pragma once

/* Introspection, revocation and listing. */

#include "core/authority.h"

/* RFC 7662. Answer: token (with its user's name, uid and role), or r = REASON_TOKEN_UNKNOWN for
 * whatever is not a live token that this caller may ask about: say {"active":false}.
 * REASON_ACCESS_DENIED: a caller who may ask about none. */
void authority_introspect(Authority *authority, const Caller *caller, const Secret *token,
                          AnswerHandler handler, void *userdata);

/* The same at once, for a token that is in the cache, and whose visibility is no question of its
 * owner's parent. 0: the token, a reference. -EAGAIN: ask authority_introspect(). */
int authority_introspect_now(Authority *authority, const Caller *caller, const Secret *token,
                             Token **ret);

/* RFC 7009, by the token's text. r = 0 also when there is no such token (section 2.2).
 * REASON_ACCESS_DENIED: somebody else's; it lives. */
void authority_revoke(Authority *authority, const Caller *caller, const Secret *token,
                      AnswerHandler handler, void *userdata);

/* By the public id. Answer: token. REASON_TOKEN_UNKNOWN also for one that the caller may not
 * see. */
void authority_token_get(Authority *authority, const Caller *caller, const char *id,
                         AnswerHandler handler, void *userdata);
/* Answer: token, as it was; n_revoked. */
void authority_token_revoke(Authority *authority, const Caller *caller, const char *id,
                            AnswerHandler handler, void *userdata);

typedef struct TokenListRequest {
        const char *user;      /* name; NULL: all that the caller may see */
        const char *client_id; /* NULL: any */
        uint32_t uid;          /* UID_NONE: any */
        const char *cursor;    /* NULL: the newest */
        unsigned limit;        /* at most PAGE_ROWS_MAX */
} TokenListRequest;

/* Newest first. Answer: tokens, cursor. A caller who is not root or an administrator gets its own
 * (and its sub-accounts') whatever it names; naming somebody else is REASON_ACCESS_DENIED. */
void authority_token_list(Authority *authority, const Caller *caller,
                          const TokenListRequest *request, AnswerHandler handler, void *userdata);

typedef struct RevokeRequest {
        const char *user; /* name; exactly one of these */
        uint32_t uid;     /* UID_NONE: not given */
        const char *client_id;
        bool all;
} RevokeRequest;

/* Answer: n_revoked. REASON_USER_UNKNOWN, _CLIENT_UNKNOWN, _ACCESS_DENIED. */
void authority_revoke_owner(Authority *authority, const Caller *caller,
                            const RevokeRequest *request, AnswerHandler handler, void *userdata);

/* µs UTC when the token was last asked about; 0: never. What was said in the last minute before the
 * daemon ended is forgotten. */
int64_t authority_last_used(const Authority *authority, const Token *token);
