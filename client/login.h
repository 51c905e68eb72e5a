#pragma once

/* The calls of the PAM module, in its own words. Negative errnos of the transport become reasons
 * here: DAEMON_UNREACHABLE, TIMED_OUT, REPLY_MALFORMED; only -ENOMEM and the like stay negative.
 * Every answer's user name is compared with the one asked for, byte by byte. A name that can be
 * nobody's is INVALID_NAME before anything is looked up. service, rhost and tty go out from uid 0
 * only, and as far as they are UTF-8: the daemon believes them from nobody else. */

#include <sys/types.h>

#include "wire/protocol.h"
#include "wire/reason.h"
#include "wire/secret.h"

typedef struct LoginContext {
        const char *socket_path;
        uid_t trusted_uid;
        unsigned timeout_msec;
        const char *service; /* NULL: none; likewise: */
        const char *rhost;
        const char *tty;
} LoginContext;

typedef struct LoginReply {
        char id[TOKEN_ID_SIZE + 1]; /* the login; "" with no token (store-unavailable) */
        uid_t uid;
        gid_t gid;
        enum Reason state; /* REASON_NONE, PASSWORD_MUST_CHANGE, STORE_UNAVAILABLE (id is "") */
        long retry_after;  /* s, also with TOO_MANY_FAILURES and OVERLOADED; -1: not said */
} LoginReply;

#define LOGIN_REPLY_INIT ((LoginReply){ .uid = (uid_t)-1, .gid = (gid_t)-1, .retry_after = -1 })

/* The password grant. EMPTY_PASSWORD; INVALID_VALUE: longer than PASSWORD_MAX. password NULL: it
 * was recognised as sshd's junk password, and there is no success. */
int login_authenticate(const LoginContext *context, const char *user, const Secret *password,
                       LoginReply *ret);
int login_check(const LoginContext *context, const char *user, LoginReply *ret);
/* id NULL or "": none. ret->id is the login that is open now. */
int login_open(const LoginContext *context, const char *user, const char *id, LoginReply *ret);
/* LOGIN_UNKNOWN: there is no such login (any more). */
int login_close(const LoginContext *context, const char *user, const char *id);
