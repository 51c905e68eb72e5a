#pragma once

/* What is asked of the module while its calls fail, and what may come of it. */

#include <security/pam_appl.h>
#include <stdbool.h>

#define LOGIN "TOKEND_LOGIN=00000000000000000000000000000000"

/* libpam gives nobody PAM_IGNORE: this stands for it. */
#define IGNORED PAM_CRED_EXPIRED

typedef struct Case {
        const char *name;
        int (*call)(pam_handle_t *, int);
        int flags;
        const char *options;
        const char *state;    /* of the account; NULL: active */
        const char *refusal;  /* of everything */
        const char *password; /* typed */
        const char *recalled; /* PAM_AUTHTOK of an earlier module */
        const char *login;    /* in the PAM environment */
        bool opens;           /* a session before the call */
        bool lacks_stdin;
        int expected; /* when nothing fails */
        bool may_succeed;
        bool may_ignore;
} Case;

/* clang-format off */
static const Case cases[] = {
        { "authenticate, wrong", pam_authenticate, .password = "pw-eve", .expected = PAM_AUTH_ERR },
        { "authenticate, wrong, silent", pam_authenticate, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK,
          "debug", .password = "pw-eve", .expected = PAM_AUTH_ERR },
        { "authenticate, wrong twice", pam_authenticate, 0, "try_first_pass", .password = "pw-eve",
          .recalled = "pw-bob", .expected = PAM_AUTH_ERR },
        { "authenticate, wrong first", pam_authenticate, 0, "use_first_pass", .recalled = "pw-bob",
          .expected = PAM_AUTH_ERR },
        { "authenticate, empty", pam_authenticate, .password = "", .expected = PAM_AUTH_ERR },
        { "authenticate, junk", pam_authenticate, .password = "\b\n\r\177INCORRECT\b\n",
          .expected = PAM_AUTH_ERR },
        { "authenticate, wrong, without stdin", pam_authenticate, .password = "pw-eve",
          .lacks_stdin = true, .expected = PAM_AUTH_ERR },
        { "authenticate, right but locked", pam_authenticate, .refusal = "user-locked",
          .password = "pw-ada", .expected = PAM_AUTH_ERR },
        { "authenticate, right but expired", pam_authenticate, .refusal = "user-expired",
          .password = "pw-ada", .expected = PAM_AUTH_ERR },
        { "authenticate, right but throttled", pam_authenticate, .refusal = "too-many-failures",
          .password = "pw-ada", .expected = PAM_MAXTRIES },
        { "authenticate, right but below min_uid", pam_authenticate, 0, "min_uid=80000",
          .password = "pw-ada", .expected = PAM_AUTH_ERR },
        { "authenticate, bad option", pam_authenticate, 0, "min_uid=x", .password = "pw-ada",
          .expected = PAM_SERVICE_ERR },
        { "authenticate, right", pam_authenticate, .password = "pw-ada", .expected = PAM_SUCCESS,
          .may_succeed = true },
        { "authenticate, right, debug", pam_authenticate, 0, "debug", .password = "pw-ada",
          .expected = PAM_SUCCESS, .may_succeed = true },
        { "authenticate, right at last", pam_authenticate, 0, "try_first_pass",
          .password = "pw-ada", .recalled = "pw-bob", .expected = PAM_SUCCESS,
          .may_succeed = true },
        { "authenticate, right, without stdin", pam_authenticate, .password = "pw-ada",
          .lacks_stdin = true, .expected = PAM_SUCCESS, .may_succeed = true },
        { "account, in order", pam_acct_mgmt, .expected = PAM_SUCCESS, .may_succeed = true },
        { "account, locked", pam_acct_mgmt, .refusal = "user-locked", .expected = PAM_PERM_DENIED },
        { "account, locked by state", pam_acct_mgmt, PAM_SILENT, "debug", .state = "locked",
          .expected = PAM_PERM_DENIED },
        { "account, expired", pam_acct_mgmt, .refusal = "user-expired",
          .expected = PAM_ACCT_EXPIRED },
        { "account, must change", pam_acct_mgmt, .state = "password-must-change",
          .expected = PAM_NEW_AUTHTOK_REQD },
        { "account, below min_uid", pam_acct_mgmt, 0, "min_uid=80000",
          .expected = PAM_PERM_DENIED },
        { "account, nobody's", pam_acct_mgmt, .refusal = "user-unknown",
          .expected = PAM_USER_UNKNOWN },
        { "setcred, established", pam_setcred, PAM_ESTABLISH_CRED, .expected = PAM_SUCCESS,
          .may_succeed = true },
        { "setcred, deleted", pam_setcred, PAM_DELETE_CRED | PAM_SILENT, .expected = PAM_SUCCESS,
          .may_succeed = true },
        { "setcred, initialized again", pam_setcred, PAM_REINITIALIZE_CRED, "debug",
          .expected = PAM_SUCCESS, .may_succeed = true },
        { "setcred, refreshed", pam_setcred, PAM_REFRESH_CRED, .expected = PAM_SUCCESS,
          .may_succeed = true },
        { "setcred, bad option", pam_setcred, PAM_ESTABLISH_CRED, "nonsense",
          .expected = PAM_SERVICE_ERR },
        { "open", pam_open_session, .login = LOGIN, .expected = PAM_SUCCESS, .may_succeed = true },
        { "open, silent", pam_open_session, PAM_SILENT, "debug", .expected = PAM_SUCCESS,
          .may_succeed = true },
        { "open, locked", pam_open_session, .refusal = "user-locked", .login = LOGIN,
          .expected = PAM_SESSION_ERR },
        { "open, nobody's", pam_open_session, .refusal = "user-unknown", .expected = IGNORED,
          .may_ignore = true },
        { "close", pam_close_session, .opens = true, .expected = PAM_SUCCESS, .may_succeed = true },
        { "close, another's", pam_close_session, PAM_SILENT, "debug", .login = LOGIN,
          .expected = PAM_SUCCESS, .may_succeed = true },
        { "close, nobody's", pam_close_session, .refusal = "user-unknown", .login = LOGIN,
          .expected = IGNORED, .may_ignore = true },
};
/* clang-format on */
