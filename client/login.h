#pragma once

/* The calls of the PAM module, in its own words. Negative errnos of the transport become reasons
 * here: DAEMON_UNREACHABLE, TIMED_OUT, REPLY_MALFORMED; only -ENOMEM and the like stay negative.
 * Every answer's user name is compared with the one asked for, byte by byte. A name that can be
 * nobody's is INVALID_NAME before anything is looked up. service, rhost and tty go out from uid 0
 * only, and as far as they are UTF-8: the daemon believes them from nobody else. */

#include <stdbool.h>
#include <sys/types.h>

#include "wire/protocol.h"
#include "wire/reason.h"
#include "wire/secret.h"

/* What may be typed where the password goes. */
#define LOGIN_ACCEPT_PASSWORD (1U << 0)
#define LOGIN_ACCEPT_TOKEN    (1U << 1) /* a token of that very user with the scope "login" */

/* A user's id: text of the daemon's, 1 to 128 bytes. */
#define LOGIN_USER_ID_SIZE 128

typedef struct LoginContext {
        const char *socket_path;
        uid_t trusted_uid;
        unsigned timeout_msec;
        const char *service; /* NULL: none; likewise: */
        const char *rhost;
        const char *tty;
        unsigned accept; /* LOGIN_ACCEPT_*; 0: a password */
        bool once;       /* a token that is accepted is used up */
        bool login_only; /* nobody wants the token: the answer need not wait for the store */
} LoginContext;

typedef struct LoginReply {
        char id[TOKEN_ID_SIZE + 1];           /* the login; "" with no token (store-unavailable) */
        char user_id[LOGIN_USER_ID_SIZE + 1]; /* login_check() only; "": not said */
        uid_t uid;
        gid_t gid;
        enum Reason state; /* REASON_NONE, PASSWORD_MUST_CHANGE, STORE_UNAVAILABLE (id is "") */
        bool is_known;     /* login_authenticate()'s refusal says so: tokend has this user */
        long retry_after;  /* s, also with TOO_MANY_FAILURES and OVERLOADED; -1: not said */
} LoginReply;

#define LOGIN_REPLY_INIT ((LoginReply){ .uid = (uid_t)-1, .gid = (gid_t)-1, .retry_after = -1 })

/* Whether the daemon takes a token from this caller: from uid 0 only. Else a password is all that
 * is accepted, and with accept being tokens alone there is ACCESS_DENIED. */
bool login_may_take_tokens(const LoginContext *context);

/* The password grant. EMPTY_PASSWORD; INVALID_VALUE: longer than PASSWORD_MAX. password NULL: it
 * was recognised as sshd's junk password, and there is no success. */
int login_authenticate(const LoginContext *context, const char *user, const Secret *password,
                       LoginReply *ret);
int login_check(const LoginContext *context, const char *user, LoginReply *ret);
/* id NULL or "": none. ret->id is the login that is open now. */
int login_open(const LoginContext *context, const char *user, const char *id, LoginReply *ret);
/* LOGIN_UNKNOWN: there is no such login (any more). */
int login_close(const LoginContext *context, const char *user, const char *id);
/* One more token of a login that is open, 64 hex digits. LOGIN_UNKNOWN. */
int login_token(const LoginContext *context, const char *user, const char *id, Secret *ret);

/* Whether old is the user's password; user_id is login_check()'s. Nothing changes. WRONG_PASSWORD,
 * EMPTY_PASSWORD, TOO_MANY_FAILURES; INVALID_VALUE: too long, or no UTF-8 (JSON has no other). */
int login_password_check(const LoginContext *context, const char *user, const char *user_id,
                         const Secret *old);
/* Sets another one, and revokes all of the user's tokens but those of login (NULL: of none), which
 * only uid 0 may name. old NULL: not asked for, which only uid 0 may do. PASSWORD_UNCHANGED. */
int login_password_change(const LoginContext *context, const char *user, const char *user_id,
                          const Secret *old, const Secret *password, const char *login);
