#ifndef TOKEND_H
#define TOKEND_H

/* libtokend: a client of tokend, the local token authority.
 *
 *     tokend_t *t = NULL;
 *     tokend_grant_t *grant = NULL;
 *     if (tokend_new(&t) == 0 && tokend_log_in(t, "ada", password, NULL, &grant) == 0)
 *             use(tokend_grant_access_token(grant));
 *     tokend_grant_free(grant);
 *     tokend_free(t);
 *
 * Functions return 0, or a negative errno when something is broken, or a positive number when
 * tokend refused: tokend_error_reason() names it in one stable word. A handle is for one thread at
 * a time. What a function gives through ret is the caller's to free with the function named there;
 * what a getter returns belongs to the object. Nothing here logs, reads the environment or touches
 * signals.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tokend tokend_t;
typedef struct tokend_grant tokend_grant_t;
typedef struct tokend_token tokend_token_t;
typedef struct tokend_list tokend_list_t;
typedef struct tokend_reply tokend_reply_t;

/* A handle for the local socket at its compiled path. Free with tokend_free(). */
int tokend_new(tokend_t **ret);
/* Takes NULL; wipes what it held. */
void tokend_free(tokend_t *t);

/* Another socket, or, with a base URL ("https://tokens.example.org", "http://127.0.0.1:7450"),
 * HTTP through libcurl. Copied. -EINVAL: neither http:// nor https://. */
int tokend_set_socket(tokend_t *t, const char *path);
int tokend_set_url(tokend_t *t, const char *url);
/* Client authentication for everything that follows (RFC 6749 section 2.3.1); NULL, NULL: none. A
 * request has one proof only: this replaces a Bearer token, and the other way round. Copied. */
int tokend_set_client(tokend_t *t, const char *client_id, const char *client_secret);
/* A Bearer token for everything that follows (RFC 6750 section 2.1); NULL: none. Copied. -EINVAL:
 * characters that no such token has. */
int tokend_set_bearer(tokend_t *t, const char *token);
/* For one whole call, in milliseconds; 10,000 unless set. -EINVAL: 0, or more than an hour. */
int tokend_set_timeout(tokend_t *t, unsigned msec);

/* The last failure of this handle: one stable word ("wrong-password", "daemon-unreachable",
 * "peer-untrusted", …), and a clause for people without control characters. Never NULL, "" while
 * nothing has failed, valid until the next call. */
const char *tokend_error_reason(const tokend_t *t);
const char *tokend_error_message(const tokend_t *t);
/* The body that the last failure came with, for the dialects that say more in it; "" if none did.
 */
const char *tokend_error_body(const tokend_t *t, size_t *ret_size);

/* The password grant (RFC 6749 section 4.3). scope: words with spaces between, or NULL. */
int tokend_log_in(tokend_t *t, const char *user, const char *password, const char *scope,
                  tokend_grant_t **ret);
/* RFC 6749 section 6. The old refresh token is spent. */
int tokend_refresh(tokend_t *t, const char *refresh_token, const char *scope, tokend_grant_t **ret);

const char *tokend_grant_access_token(const tokend_grant_t *grant);
const char *tokend_grant_refresh_token(const tokend_grant_t *grant); /* NULL: none */
const char *tokend_grant_scope(const tokend_grant_t *grant);         /* NULL: not limited */
int64_t tokend_grant_expires_in(const tokend_grant_t *grant);        /* seconds */
void tokend_grant_free(tokend_grant_t *grant);                       /* wipes */

/* RFC 7662. *ret is NULL when the token is not active, for whatever reason. */
int tokend_introspect(tokend_t *t, const char *token, tokend_token_t **ret);

const char *tokend_token_id(const tokend_token_t *token);        /* the public id */
const char *tokend_token_user(const tokend_token_t *token);      /* NULL: a client's own */
const char *tokend_token_client_id(const tokend_token_t *token); /* NULL: not said */
const char *tokend_token_scope(const tokend_token_t *token);     /* NULL: not limited */
const char *tokend_token_kind(const tokend_token_t *token);      /* "access", "refresh" */
int64_t tokend_token_created(const tokend_token_t *token);       /* seconds since 1970, UTC */
int64_t tokend_token_expires(const tokend_token_t *token);       /* likewise */
void tokend_token_free(tokend_token_t *token);

/* RFC 7009: also 0 for a token that is dead already. */
int tokend_revoke(tokend_t *t, const char *token);

/* The caller's own tokens; of all users, for root and administrators, with user NULL. Newest first,
 * fetched in pages behind tokend_list_next(). The list borrows the handle. */
int tokend_list(tokend_t *t, const char *user, tokend_list_t **ret);
/* 0 and the next token (the list's own, until the next call), or NULL at the end; or a failure. */
int tokend_list_next(tokend_list_t *list, const tokend_token_t **ret);
void tokend_list_free(tokend_list_t *list);

/* Any other call of the HTTP API (docs/http.md): path with its query, already percent-encoded, and
 * a body of that content type or NULL. 0 for every status from 200 to 299. Redirects are not
 * followed (reply-malformed). Replies may have 4 MiB. */
int tokend_call(tokend_t *t, const char *method, const char *path, const char *content_type,
                const char *body, tokend_reply_t **ret);
int tokend_reply_status(const tokend_reply_t *reply);
const char *tokend_reply_body(const tokend_reply_t *reply, size_t *ret_size); /* never NULL */
void tokend_reply_free(tokend_reply_t *reply);                                /* wipes */

#ifdef __cplusplus
}
#endif

#endif
