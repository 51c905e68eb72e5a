/* The session's beginning and end. Which login it is stands in PAM's data from open_session on:
 * users can rewrite the variable, and nobody else's login may end with their session. */

#include <errno.h>
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>

#include "pam/call.h"
#include "pam/session-token.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"

#define SESSION_DATA "pam_tokend_session"

/* What open_session leaves for close_session. */
typedef struct Session {
        bool is_closed;
        enum SessionToken token;    /* what it was given */
        char id[TOKEN_ID_SIZE + 1]; /* "": opened without a login */
} Session;

static void session_free(pam_handle_t *pamh, void *session, int status) {
        free(session);
}

/* This process's own open_session; NULL when it was another's. */
static Session *find_session(pam_handle_t *pamh) {
        const void *data = NULL;

        return pam_get_data(pamh, SESSION_DATA, &data) == PAM_SUCCESS ? (Session *)data : NULL;
}

/* The one that is open already, or a new one in its place. */
static int remember_session(const Call *call, const char *id, Session **ret) {
        Session *session = find_session(call->pamh);

        if (session && !session->is_closed && strcmp(session->id, id) == 0) {
                *ret = session;
                return 0;
        }
        session = calloc(1, sizeof(*session));
        if (!session)
                return -ENOMEM;
        memcpy(session->id, id, sizeof(session->id));
        if (pam_set_data(call->pamh, SESSION_DATA, session, session_free) != PAM_SUCCESS) {
                free(session);
                return -ENOMEM;
        }
        *ret = session;
        return 0;
}

/* Nobody will close a session that was not opened; nor one whose second opening failed. */
static int give_up(const Call *call, const LoginReply *login, int r) {
        const Session *session = find_session(call->pamh);

        if (session && session->token == SESSION_TOKEN_FILE && strcmp(session->id, login->id) == 0)
                session_token_take_back(call, login->id);
        (void)login_close(&call->context, call->user, login->id);
        return call_fail(call, r);
}

EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        LoginReply login = LOGIN_REPLY_INIT;
        Session *session = NULL;
        Call call;

        int code = call_begin(&call, "open_session", PAM_FAMILY_SESSION, pamh, argc, argv);
        if (code != PAM_SUCCESS)
                return code;
        if (call_is_foreign(&call))
                return call_fail(&call, REASON_USER_UNKNOWN);

        int r = login_open(&call.context, call.user, pam_getenv(pamh, LOGIN_VARIABLE), &login);
        if (r != 0)
                return call_fail(&call, r);
        call.user_is_known = true;
        r = call_check_uid(&call, login.uid);
        if (r == 0)
                r = remember_session(&call, login.id, &session);
        if (r == 0 && login.id[0] != '\0')
                r = call_remember_login(&call, login.id);
        if (r != 0)
                return give_up(&call, &login, r);
        if (login.id[0] == '\0')
                return call_succeed_with_warning(&call, "store-unavailable: session without login");
        if (session->token == SESSION_TOKEN_NONE)
                session->token = session_token_give(&call, &login);
        return call_succeed(&call, "session opened");
}

/* The daemon says of a variable whether that login is this user's; of our own we know it, and the
 * file goes also while the daemon is away. */
static int close_login(const Call *call, const Session *session, const char *id) {
        if (session && session->token == SESSION_TOKEN_FILE)
                session_token_take_back(call, id);
        int r = login_close(&call->context, call->user, id);
        if (r == 0 && !session && call->options.session_token == SESSION_TOKEN_FILE)
                session_token_take_back(call, id);
        return r;
}

EXPORT int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        Call call;

        int code = call_begin(&call, "close_session", PAM_FAMILY_SESSION, pamh, argc, argv);
        if (code != PAM_SUCCESS)
                return code;
        /* What was opened is closed, whatever became of the variable meanwhile. */
        Session *session = find_session(pamh);
        if (!session && call_is_foreign(&call))
                return call_fail(&call, REASON_USER_UNKNOWN);

        const char *id = session ? session->id : pam_getenv(pamh, LOGIN_VARIABLE);
        if (!id || id[0] == '\0' || (session && session->is_closed))
                return call_succeed(&call, "no login to close");
        call.user_is_known = session != NULL;
        int r = close_login(&call, session, id);
        /* Revoked before, by somebody or by the other process of ours: then it is closed. */
        if (r != 0 && r != REASON_LOGIN_UNKNOWN)
                return call_fail(&call, r);
        if (session)
                session->is_closed = true;
        return call_succeed(&call, "session closed");
}
