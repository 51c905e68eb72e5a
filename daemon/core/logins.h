#pragma once

/* What the PAM module needs beside the password grant. All for uid 0 on the socket only; the check
 * also for that very uid, the keys for any uid. */

#include "core/authority.h"

/* acct_mgmt. Answer: user, state. REASON_USER_UNKNOWN, _USER_LOCKED, _USER_EXPIRED. */
void authority_login_check(Authority *authority, const Caller *caller, const char *user,
                           AnswerHandler handler, void *userdata);

/* sshd's AuthorizedKeysCommand, which asks as nobody; public keys are no secret. Answer: user,
 * whose ssh_keys are NULL when it is locked or has expired. REASON_USER_UNKNOWN. */
void authority_login_keys(Authority *authority, const Caller *caller, const char *user,
                          AnswerHandler handler, void *userdata);

typedef struct LoginRequest {
        const char *user; /* PAM_USER, always */
        const char *id;   /* TOKEND_LOGIN; NULL: none (a public key) */
        const char *service;
        const char *rhost;
        const char *tty;
} LoginRequest;

/* open_session. Answer: login, user. The pending login of that id and user opens. Any other id
 * makes a new login, with a token whose text nobody sees, and the user's own pending one dies. */
void authority_login_open(Authority *authority, const Caller *caller, const LoginRequest *request,
                          AnswerHandler handler, void *userdata);
/* close_session: revokes the whole family. r = 0 also when it is gone already (idempotent).
 * REASON_ACCESS_DENIED: another user's. Answer: n_revoked. */
void authority_login_close(Authority *authority, const Caller *caller, const char *id,
                           const char *user, AnswerHandler handler, void *userdata);
/* POST /v1/logins/:id/token: one more access token of the family. Answer: access_token, token. */
void authority_login_token(Authority *authority, const Caller *caller, const char *id,
                           const char *user, AnswerHandler handler, void *userdata);
