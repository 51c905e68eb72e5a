#pragma once

/* What is asked of the module while its calls fail, and what may come of it. */

#include <security/pam_appl.h>
#include <stdbool.h>

#define LOGIN "TOKEND_LOGIN=00000000000000000000000000000000"

/* libpam gives nobody PAM_IGNORE: this stands for it. */
#define IGNORED PAM_CRED_EXPIRED

#define FORCED PAM_CHANGE_EXPIRED_AUTHTOK, .state = "password-must-change"

typedef struct Case {
        const char *name;
        int (*call)(pam_handle_t *, int);
        int flags;
        const char *options;
        const char *state;    /* of the account; NULL: active */
        const char *refusal;  /* of everything */
        const char *password; /* typed; a new one at prompts for that */
        const char *old;      /* typed at the prompt for the current one */
        const char *recalled; /* PAM_AUTHTOK of an earlier module */
        const char *recalled_old;
        const char *login;    /* in the PAM environment */
        bool opens;           /* a session before the call */
        bool has_folder; /* that of the sessions' tokens, with what a process that died left */
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
        { "authenticate, wrong token", pam_authenticate, 0,
          "accept=password,token one_time_token", .password = "0123456789abcdef",
          .expected = PAM_AUTH_ERR },
        { "authenticate, wrong, local users skipped", pam_authenticate, 0, "skip_local nodelay",
          .password = "pw-eve", .expected = PAM_AUTH_ERR },
        { "authenticate, right, token or password", pam_authenticate, 0, "accept=token,password",
          .password = "pw-ada", .expected = PAM_SUCCESS, .may_succeed = true },
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
        { "open, token in a file", pam_open_session, 0, "session_token=file", .login = LOGIN,
          .expected = PAM_SUCCESS, .may_succeed = true },
        { "open, token in a file again", pam_open_session, 0, "session_token=file debug",
          .has_folder = true, .expected = PAM_SUCCESS, .may_succeed = true },
        { "open, token in a file, without stdin", pam_open_session, 0, "session_token=file",
          .has_folder = true, .lacks_stdin = true, .expected = PAM_SUCCESS, .may_succeed = true },
        { "open, token in a file, below min_uid", pam_open_session, 0,
          "session_token=file min_uid=80000", .has_folder = true, .expected = PAM_SESSION_ERR },
        { "open, token in the environment", pam_open_session, 0, "session_token=env",
          .login = LOGIN, .expected = PAM_SUCCESS, .may_succeed = true },
        { "close, token in a file", pam_close_session, 0, "session_token=file", .opens = true,
          .expected = PAM_SUCCESS, .may_succeed = true },
        { "close, another's token in a file", pam_close_session, 0, "session_token=file",
          .login = LOGIN, .has_folder = true, .expected = PAM_SUCCESS, .may_succeed = true },
        { "close", pam_close_session, .opens = true, .expected = PAM_SUCCESS, .may_succeed = true },
        { "close, another's", pam_close_session, PAM_SILENT, "debug", .login = LOGIN,
          .expected = PAM_SUCCESS, .may_succeed = true },
        { "close, nobody's", pam_close_session, .refusal = "user-unknown", .login = LOGIN,
          .expected = IGNORED, .may_ignore = true },
        { "change, forced", pam_chauthtok, FORCED, .options = "nodelay", .password = "new",
          .old = "pw-ada", .expected = PAM_SUCCESS, .may_succeed = true },
        { "change, forced, debug", pam_chauthtok, FORCED, .options = "debug", .password = "new",
          .old = "pw-ada", .login = LOGIN, .expected = PAM_SUCCESS, .may_succeed = true },
        { "change, forced, wrong", pam_chauthtok, FORCED, .password = "new", .old = "pw-eve",
          .expected = PAM_AUTHTOK_ERR },
        { "change, forced, wrong twice", pam_chauthtok, FORCED, .options = "try_first_pass",
          .password = "new", .old = "pw-eve", .recalled_old = "pw-bob",
          .expected = PAM_AUTHTOK_ERR },
        { "change, forced, wrong first", pam_chauthtok, FORCED, .options = "use_first_pass",
          .recalled = "new", .recalled_old = "pw-bob", .expected = PAM_AUTHTOK_ERR },
        { "change, forced, with pam_pwquality", pam_chauthtok, FORCED, .options = "use_authtok",
          .old = "pw-ada", .recalled = "new", .expected = PAM_SUCCESS, .may_succeed = true },
        { "change, forced, without pam_pwquality", pam_chauthtok, FORCED, .options = "use_authtok",
          .old = "pw-ada", .expected = PAM_AUTHTOK_RECOVERY_ERR },
        { "change, forced, nothing typed", pam_chauthtok, FORCED, .old = "pw-ada", .password = "",
          .expected = PAM_AUTHTOK_ERR },
        { "change, silent, bad option", pam_chauthtok, PAM_SILENT, "nonsense", .password = "new",
          .old = "pw-ada", .expected = PAM_SERVICE_ERR },
        { "change, not needed", pam_chauthtok, PAM_CHANGE_EXPIRED_AUTHTOK, .password = "new",
          .old = "pw-ada", .expected = IGNORED, .may_ignore = true },
        { "change, wanted", pam_chauthtok, .password = "new", .old = "pw-ada",
          .expected = PAM_SUCCESS, .may_succeed = true },
        { "change, locked", pam_chauthtok, .refusal = "user-locked", .password = "new",
          .old = "pw-ada", .expected = PAM_AUTHTOK_ERR },
        { "change, nobody's", pam_chauthtok, .refusal = "user-unknown", .password = "new",
          .old = "pw-ada", .expected = IGNORED, .may_ignore = true },
        { "change, below min_uid", pam_chauthtok, 0, "min_uid=80000", .password = "new",
          .old = "pw-ada", .expected = PAM_AUTHTOK_ERR },
};
/* clang-format on */
