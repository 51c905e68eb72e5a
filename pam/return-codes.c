/* PAM_SUCCESS stands in the session column only, where tokend being away must not end a login that
 * was let in by another module or by tokend before it went; PAM_IGNORE only where the user is none
 * of tokend's. The rows stand in the order of REASONS(), which the test walks. */

#include <errno.h>
#include <security/_pam_types.h>

#include "pam/return-codes.h"
#include "wire/reason.h"
#include "wire/text.h"

/* clang-format off */
#define ROW(name, auth, account, session, password, known)                                         \
        { REASON_##name, known, { PAM_##auth, PAM_##account, PAM_##session, PAM_##password } }

/* The daemon can't be asked now. */
#define AWAY(name) \
        ROW(name, AUTHINFO_UNAVAIL, AUTHINFO_UNAVAIL, SUCCESS, AUTHINFO_UNAVAIL, false)
/* Something answers, but no answer can be had from it. */
#define GARBLED(name) \
        ROW(name, AUTHINFO_UNAVAIL, AUTHINFO_UNAVAIL, SESSION_ERR, AUTHINFO_UNAVAIL, false)
#define FOREIGN(name)       ROW(name, USER_UNKNOWN, USER_UNKNOWN, IGNORE, IGNORE, false)
#define DENIED(name, known) ROW(name, AUTH_ERR, PERM_DENIED, SESSION_ERR, AUTHTOK_ERR, known)
/* clang-format on */

static const struct {
        enum Reason reason;
        bool names_user;
        int codes[_PAM_FAMILY_MAX];
} rows[] = {
        DENIED(WRONG_PASSWORD, true),
        DENIED(EMPTY_PASSWORD, false),
        FOREIGN(USER_UNKNOWN),
        DENIED(USER_LOCKED, true),
        ROW(USER_EXPIRED, AUTH_ERR, ACCT_EXPIRED, SESSION_ERR, AUTHTOK_ERR, true),
        ROW(PASSWORD_MUST_CHANGE, AUTH_ERR, NEW_AUTHTOK_REQD, SESSION_ERR, AUTHTOK_ERR, true),
        DENIED(PASSWORD_UNCHANGED, true),
        DENIED(NOT_KNOWN_TO_NSS, false),
        DENIED(UID_NOT_PERMITTED, true),
        DENIED(USER_MISMATCH, false),
        ROW(TOO_MANY_FAILURES, MAXTRIES, PERM_DENIED, SESSION_ERR, AUTHTOK_ERR, false),
        AWAY(OVERLOADED),
        AWAY(STORE_UNAVAILABLE),
        AWAY(NSS_UNAVAILABLE),
        AWAY(DAEMON_UNREACHABLE),
        AWAY(TIMED_OUT),
        GARBLED(PEER_UNTRUSTED),
        GARBLED(REPLY_MALFORMED),
        ROW(ACCESS_DENIED, CRED_INSUFFICIENT, PERM_DENIED, SESSION_ERR, PERM_DENIED, false),
        DENIED(INVALID_REQUEST, false),
        DENIED(INVALID_CLIENT, false),
        DENIED(INVALID_GRANT, false),
        DENIED(INVALID_SCOPE, false),
        DENIED(INVALID_TOKEN, false),
        DENIED(UNAUTHORIZED_CLIENT, false),
        DENIED(UNSUPPORTED_GRANT, false),
        FOREIGN(INVALID_NAME),
        DENIED(INVALID_VALUE, false),
        DENIED(NAME_TAKEN, false),
        DENIED(ID_TAKEN, false),
        DENIED(UID_TAKEN, false),
        DENIED(EMAIL_TAKEN, false),
        DENIED(PARTNER_ID_TAKEN, false),
        DENIED(UID_RANGE_EXHAUSTED, false),
        DENIED(GROUP_UNKNOWN, false),
        DENIED(CLIENT_UNKNOWN, false),
        DENIED(TOKEN_UNKNOWN, false),
        DENIED(LOGIN_UNKNOWN, false),
        DENIED(LIMIT_EXCEEDED, false),
        DENIED(UNSUPPORTED, false),
};

_Static_assert(ELEMENTSOF(rows) == _REASON_MAX - 1, "every reason has its row");

/* Anything else: the last row. */
static const struct {
        int error;
        int codes[_PAM_FAMILY_MAX];
} errors[] = {
        { ENOMEM, { PAM_BUF_ERR, PAM_BUF_ERR, PAM_BUF_ERR, PAM_BUF_ERR } },
        { 0, { PAM_SYSTEM_ERR, PAM_SYSTEM_ERR, PAM_SESSION_ERR, PAM_SYSTEM_ERR } },
};

int return_code(int result, enum PamFamily family) {
        size_t i;

        for (i = 0; i < ELEMENTSOF(rows); i++)
                if (result == (int)rows[i].reason)
                        return rows[i].codes[family];
        for (i = 0; i < ELEMENTSOF(errors) - 1; i++)
                if (result == -errors[i].error)
                        break;
        return errors[i].codes[family];
}

bool result_names_user(int result) {
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (result == (int)rows[i].reason)
                        return rows[i].names_user;
        return false;
}
