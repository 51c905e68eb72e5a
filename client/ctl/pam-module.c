/* The module's return codes once more, by a table. */

#include "ctl/pam-module.h"

#include <errno.h>

#include "wire/reason.h"
#include "wire/text.h"

int pam_module_options(const PamLine *line, PamOptions *ret, const char **ret_bad) {
        char **arguments = line->arguments;

        return pam_options_parse((int)strv_length(arguments), (const char **)arguments, ret,
                                 ret_bad);
}

/* What is not here is PAM_CODE_AUTH_ERR, or PAM_CODE_PERM_DENIED. */
/* clang-format off */
static const struct {
        enum Reason reason;
        enum PamCode auth;
        enum PamCode account;
} codes[] = {
#define SAME(reason, code) { REASON_##reason, PAM_CODE_##code, PAM_CODE_##code }
        SAME(USER_UNKNOWN,       USER_UNKNOWN),
        SAME(INVALID_NAME,       USER_UNKNOWN),
        SAME(OVERLOADED,         AUTHINFO_UNAVAIL),
        SAME(STORE_UNAVAILABLE,  AUTHINFO_UNAVAIL),
        SAME(NSS_UNAVAILABLE,    AUTHINFO_UNAVAIL),
        SAME(DAEMON_UNREACHABLE, AUTHINFO_UNAVAIL),
        SAME(TIMED_OUT,          AUTHINFO_UNAVAIL),
        SAME(PEER_UNTRUSTED,     AUTHINFO_UNAVAIL),
        SAME(REPLY_MALFORMED,    AUTHINFO_UNAVAIL),
#undef SAME
        { REASON_USER_EXPIRED,         PAM_CODE_AUTH_ERR,          PAM_CODE_ACCT_EXPIRED     },
        { REASON_PASSWORD_MUST_CHANGE, PAM_CODE_AUTH_ERR,          PAM_CODE_NEW_AUTHTOK_REQD },
        { REASON_TOO_MANY_FAILURES,    PAM_CODE_MAXTRIES,          PAM_CODE_PERM_DENIED      },
        { REASON_ACCESS_DENIED,        PAM_CODE_CRED_INSUFFICIENT, PAM_CODE_PERM_DENIED      },
};
/* clang-format on */

enum PamCode pam_module_code(int result, enum PamType type) {
        if (result == 0)
                return PAM_CODE_SUCCESS;
        if (result < 0)
                return result == -ENOMEM ? PAM_CODE_BUF_ERR : PAM_CODE_SYSTEM_ERR;
        for (size_t i = 0; i < ELEMENTSOF(codes); i++)
                if ((int)codes[i].reason == result)
                        return type == PAM_TYPE_AUTH ? codes[i].auth : codes[i].account;
        return type == PAM_TYPE_AUTH ? PAM_CODE_AUTH_ERR : PAM_CODE_PERM_DENIED;
}
