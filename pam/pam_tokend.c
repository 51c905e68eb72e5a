/* Letting in: authenticate, setcred and acct_mgmt. Nothing is kept between the functions of this
 * module but the public id of the login, in the PAM environment as TOKEND_LOGIN, because sshd runs
 * authenticate in a process of its own. A function returns PAM_SUCCESS only at its very end. */

#include <security/pam_modules.h>

#include "pam/call.h"
#include "pam/conversation/prompt.h"
#include "pam/report.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* A password, and whether an earlier module had asked for it. */
static int get_password(const Call *call, bool *ret_recalled, Secret *ret) {
        int code = password_recall(call->pamh, PAM_AUTHTOK, ret_recalled, ret);

        if (code != PAM_SUCCESS || *ret_recalled)
                return code;
        if (call->options.use_first_pass)
                return PAM_AUTH_ERR;
        return password_ask_and_keep(call->pamh, PROMPT_PASSWORD, PAM_AUTHTOK, ret);
}

/* Only root's programs may ask for that: known before anybody is asked for anything. */
static bool takes_nothing(const Call *call) {
        return call->options.accept == LOGIN_ACCEPT_TOKEN && !login_may_take_tokens(&call->context);
}

static int try_password(Call *call, const Secret *password, LoginReply *ret) {
        int r = login_authenticate(&call->context, call->user,
                                   password_is_junk(password) ? NULL : password, ret);

        /* Most refusals are said of any name; only a user's may stand in the log. */
        call->user_is_known = ret->is_known;
        return r == 0 ? call_check_uid(call, ret->uid) : r;
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
        if (takes_nothing(&call))
                return call_fail_at(&call, "accept=token needs root", REASON_ACCESS_DENIED);
        code = get_password(&call, &recalled, &password);
        if (code != PAM_SUCCESS)
                return call_stop(&call, code, "no password");

        int r = try_password(&call, &password, &login);
        if (r == REASON_WRONG_PASSWORD && recalled && call.options.try_first_pass) {
                code = password_ask_and_keep(pamh, PROMPT_PASSWORD, PAM_AUTHTOK, &password);
                if (code != PAM_SUCCESS)
                        return call_stop(&call, code, "no password");
                r = try_password(&call, &password, &login);
        }
        if (r != 0)
                return call_fail(&call, r);
        if (login.state == REASON_STORE_UNAVAILABLE)
                return call_succeed_with_warning(&call, "store-unavailable: no token");
        r = call_remember_login(&call, login.id);
        if (r < 0)
                return call_fail(&call, r);
        return call_succeed(&call, "let in");
}

/* Asks nobody: sshd ends the connection on any failure here, and tokend may have gone meanwhile. */
EXPORT int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const char *bad = NULL;
        PamOptions options;

        if (pam_options_parse(argc, argv, &options, &bad) == 0)
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
                r = call_check_uid(&call, account.uid);
        if (r == 0)
                r = account.state;
        if (call_must_change_anyway(&call, r)) {
                call_warn(&call, "not asked, but told before", r);
                r = REASON_PASSWORD_MUST_CHANGE;
        }
        if (r != 0)
                return call_fail(&call, r);
        return call_succeed(&call, "account in order");
}
