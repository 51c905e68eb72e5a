/* The six functions that libpam calls. Nothing is kept here between them but the public id of the
 * login: in the PAM environment as TOKEND_LOGIN, because sshd runs authenticate in a process of its
 * own, and from open_session to close_session in PAM's data as well, because users can rewrite the
 * first. A function returns PAM_SUCCESS only at its very end. */

#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pam/call.h"
#include "pam/conversation/prompt.h"
#include "pam/report.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/text.h"

#define EXPORT       __attribute__((visibility("default")))
#define SESSION_DATA "pam_tokend_session"

/* What open_session leaves for close_session. */
typedef struct Session {
        bool is_closed;
        char id[TOKEN_ID_SIZE + 1]; /* "": opened without a login */
} Session;

static int remember_login(const Call *call, const char *id) {
        char variable[sizeof(LOGIN_VARIABLE "=") + TOKEN_ID_SIZE];

        snprintf(variable, sizeof(variable), LOGIN_VARIABLE "=%s", id);
        return pam_putenv(call->pamh, variable) == PAM_SUCCESS ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* A password, and whether an earlier module had asked for it. */
static int get_password(const Call *call, bool *ret_recalled, Secret *ret) {
        int code = password_recall(call->pamh, ret_recalled, ret);

        if (code != PAM_SUCCESS || *ret_recalled)
                return code;
        return call->options.use_first_pass ? PAM_AUTH_ERR : password_ask(call->pamh, ret);
}

static int check_uid(const Call *call, uid_t uid) {
        return options_permit_uid(&call->options, uid) ? 0 : REASON_UID_NOT_PERMITTED;
}

static int try_password(Call *call, const Secret *password, LoginReply *ret) {
        LoginReply known = LOGIN_REPLY_INIT;

        int r = login_authenticate(&call->context, call->user,
                                   password_is_junk(password) ? NULL : password, ret);
        /* These are said of any name; whether it is a user's decides if the log may have it. */
        if (r == REASON_NOT_KNOWN_TO_NSS || r == REASON_TOO_MANY_FAILURES)
                call->user_is_known = login_check(&call->context, call->user, &known) == 0;
        return r == 0 ? check_uid(call, ret->uid) : r;
}

EXPORT int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        _cleanup_(secret_done) Secret password = SECRET_INIT;
        LoginReply login = LOGIN_REPLY_INIT;
        bool recalled = false;
        Call call;

        int code = call_begin(&call, "authenticate", PAM_FAMILY_AUTHENTICATE, pamh, argc, argv);
        if (code != PAM_SUCCESS)
                return code;
        if (call_is_foreign(&call))
                return call_fail(&call, REASON_USER_UNKNOWN);
        if (!user_name_is_valid(call.user))
                return call_fail(&call, REASON_INVALID_NAME);
        code = get_password(&call, &recalled, &password);
        if (code != PAM_SUCCESS)
                return call_stop(&call, code, "no password");

        int r = try_password(&call, &password, &login);
        if (r == REASON_WRONG_PASSWORD && recalled && call.options.try_first_pass) {
                code = password_ask(pamh, &password);
                if (code != PAM_SUCCESS)
                        return call_stop(&call, code, "no password");
                r = try_password(&call, &password, &login);
        }
        if (r != 0)
                return call_fail(&call, r);
        if (login.state == REASON_STORE_UNAVAILABLE)
                return call_succeed_with_warning(&call, "store-unavailable: no token");
        if (remember_login(&call, login.id) != PAM_SUCCESS)
                return call_fail(&call, -ENOMEM);
        return call_succeed(&call, "let in");
}

/* Asks nobody: sshd ends the connection on any failure here, and tokend may have gone meanwhile. */
EXPORT int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const char *bad = NULL;
        Options options;

        if (options_parse(argc, argv, &options, &bad) == 0)
                return PAM_SUCCESS;
        report_bad_option(pamh, "setcred", bad);
        return PAM_SERVICE_ERR;
}

EXPORT int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        LoginReply account = LOGIN_REPLY_INIT;
        Call call;

        int code = call_begin(&call, "account", PAM_FAMILY_ACCOUNT, pamh, argc, argv);
        if (code != PAM_SUCCESS)
                return code;
        if (call_is_foreign(&call))
                return call_fail(&call, REASON_USER_UNKNOWN);

        int r = login_check(&call.context, call.user, &account);
        if (r == 0)
                r = check_uid(&call, account.uid);
        if (r == 0)
                r = account.state;
        if (r != 0)
                return call_fail(&call, r);
        return call_succeed(&call, "account in order");
}

static void session_free(pam_handle_t *pamh, void *session, int status) {
        free(session);
}

static int remember_session(const Call *call, const char *id) {
        Session *session = calloc(1, sizeof(*session));

        if (!session)
                return -ENOMEM;
        memcpy(session->id, id, sizeof(session->id));
        if (pam_set_data(call->pamh, SESSION_DATA, session, session_free) != PAM_SUCCESS) {
                free(session);
                return -ENOMEM;
        }
        return 0;
}

EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        LoginReply login = LOGIN_REPLY_INIT;
        Call call;

        int code = call_begin(&call, "open_session", PAM_FAMILY_SESSION, pamh, argc, argv);
        if (code != PAM_SUCCESS)
                return code;
        if (call_is_foreign(&call))
                return call_fail(&call, REASON_USER_UNKNOWN);

        int r = login_open(&call.context, call.user, pam_getenv(pamh, LOGIN_VARIABLE), &login);
        if (r != 0)
                return call_fail(&call, r);
        r = check_uid(&call, login.uid);
        if (r == 0)
                r = remember_session(&call, login.id);
        if (r == 0 && login.id[0] != '\0' && remember_login(&call, login.id) != PAM_SUCCESS)
                r = -ENOMEM;
        if (r != 0) {
                /* Nobody will close a session that was not opened. */
                (void)login_close(&call.context, call.user, login.id);
                return call_fail(&call, r);
        }
        if (login.id[0] == '\0')
                return call_succeed_with_warning(&call, "store-unavailable: session without login");
        return call_succeed(&call, "session opened");
}

/* This process's own open_session; NULL when it was another's. */
static Session *find_session(pam_handle_t *pamh) {
        const void *data = NULL;

        return pam_get_data(pamh, SESSION_DATA, &data) == PAM_SUCCESS ? (Session *)data : NULL;
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
        int r = login_close(&call.context, call.user, id);
        /* Revoked before, by somebody or by the other process of ours: then it is closed. */
        if (r != 0 && r != REASON_LOGIN_UNKNOWN)
                return call_fail(&call, r);
        if (session)
                session->is_closed = true;
        return call_succeed(&call, "session closed");
}

/* Says no, and where to go: but only to users of tokend's, so that passwd(1) works for the others,
 * and already at the preliminary check, before other modules change anything. */
EXPORT int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        LoginReply account = LOGIN_REPLY_INIT;
        Call call;

        int code = call_begin(&call, "chauthtok", PAM_FAMILY_PASSWORD, pamh, argc, argv);
        if (code != PAM_SUCCESS)
                return code;
        if (call_is_foreign(&call))
                return call_fail(&call, REASON_USER_UNKNOWN);

        int r = login_check(&call.context, call.user, &account);
        if (r != 0 && r != REASON_USER_LOCKED)
                return call_fail(&call, r);
        if (!(flags & PAM_SILENT))
                (void)pam_error(pamh,
                                "The password of %s is kept by tokend: change it with "
                                "\"tokenctl user passwd %s\".",
                                call.user, call.user);
        call.user_is_known = true;
        return call_fail(&call, REASON_UNSUPPORTED);
}
