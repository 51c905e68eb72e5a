/* The frame around the module's functions. Default deny: whatever can't be read is an error. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "pam/call.h"
#include "pam/report.h"
#include "passwd.h"
#include "wire/protocol.h"
#include "wire/text.h"

#define PASSWD_FILE "/etc/passwd"

static const char *item_text(pam_handle_t *pamh, int item) {
        const void *text = NULL;

        return pam_get_item(pamh, item, &text) == PAM_SUCCESS ? text : NULL;
}

static int error_code(int code) {
        return code == PAM_SUCCESS || code == PAM_IGNORE ? PAM_SERVICE_ERR : code;
}

static Report make_report(const Call *call) {
        return (Report){
                .pamh = call->pamh,
                .function = call->function,
                .user = call->user,
                .user_is_known = call->user_is_known,
                .context = &call->context,
        };
}

void call_delay_failure(const Call *call) {
        if (!call->options.nodelay)
                (void)pam_fail_delay(call->pamh, FAIL_DELAY_USEC);
}

int call_begin(Call *call, const char *function, enum PamFamily family, pam_handle_t *pamh,
               int argc, const char **argv) {
        const char *bad = NULL;

        *call = (Call){ .pamh = pamh, .function = function, .family = family };
        if (pam_options_parse(argc, argv, &call->options, &bad) < 0) {
                report_bad_option(pamh, function, bad);
                return PAM_SERVICE_ERR;
        }

        if (family == PAM_FAMILY_AUTHENTICATE)
                call_delay_failure(call);
        int code = pam_get_user(pamh, &call->user, NULL);
        if (code != PAM_SUCCESS || !call->user)
                return call_stop(call, error_code(code), "no user name");

        call->context = (LoginContext){
                .socket_path = call->options.socket_path,
                .trusted_uid = trusted_uid_find(),
                .timeout_msec = call->options.timeout_msec,
                .service = item_text(pamh, PAM_SERVICE),
                .rhost = item_text(pamh, PAM_RHOST),
                .tty = item_text(pamh, PAM_TTY),
                .accept = call->options.accept,
                .once = call->options.one_time_token,
                .login_only = true,
        };
        return PAM_SUCCESS;
}

bool call_is_foreign(const Call *call) {
        return pam_options_pass_over(&call->options, PASSWD_FILE, SNAPSHOT_PATH,
                                     call->context.trusted_uid, call->user,
                                     pam_getenv(call->pamh, LOGIN_VARIABLE) != NULL);
}

bool call_must_change_anyway(const Call *call, int result) {
        return return_code(result, PAM_FAMILY_ACCOUNT) == PAM_AUTHINFO_UNAVAIL &&
               streq(call->options.socket_path, TOKEND_SOCKET_PATH) &&
               snapshot_user_must_change(SNAPSHOT_PATH, call->context.trusted_uid, call->user);
}

int call_check_uid(const Call *call, uid_t uid) {
        return pam_options_permit_uid(&call->options, uid) ? 0 : REASON_UID_NOT_PERMITTED;
}

int call_remember_login(const Call *call, const char *id) {
        char variable[sizeof(LOGIN_VARIABLE "=") + TOKEN_ID_SIZE];

        snprintf(variable, sizeof(variable), LOGIN_VARIABLE "=%s", id);
        return pam_putenv(call->pamh, variable) == PAM_SUCCESS ? 0 : -ENOMEM;
}

static int failure_priority(int result, int code) {
        if (code == PAM_IGNORE)
                return LOG_DEBUG;
        if (code == PAM_USER_UNKNOWN)
                return LOG_INFO;
        return result < 0 || code == PAM_AUTHINFO_UNAVAIL ? LOG_ERR : LOG_NOTICE;
}

int call_fail(const Call *call, int result) {
        return call_fail_at(call, NULL, result);
}

void call_warn(const Call *call, const char *step, int result) {
        Report report = make_report(call);

        report.step = step;
        report_failure(&report, LOG_WARNING, result);
}

int call_fail_at(const Call *call, const char *step, int result) {
        int code = return_code(result, call->family);
        Report report = make_report(call);

        report.step = step;

        if (code != PAM_IGNORE || call->options.debug)
                report_failure(&report, failure_priority(result, code), result);
        return code;
}

int call_stop(const Call *call, int code, const char *missing) {
        Report report = make_report(call);

        report_missing(&report, missing, pam_strerror(call->pamh, code));
        return code;
}

int call_succeed(const Call *call, const char *text) {
        Report report = make_report(call);

        if (call->options.debug)
                report_event(&report, LOG_DEBUG, text);
        return PAM_SUCCESS;
}

int call_succeed_with_warning(const Call *call, const char *text) {
        Report report = make_report(call);

        report_event(&report, LOG_WARNING, text);
        return PAM_SUCCESS;
}
