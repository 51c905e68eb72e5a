/* Changing a password, in libpam's two calls: the first finds out whether the user is tokend's and
 * has the old password checked, before any module changes anything; the second asks for the new one
 * and sets it. Whom the first has passed over the second passes over too, and whom it has taken on
 * is never passed over then: that would look like a success.
 *
 * A stack may have several lines of this module, whose options differ. Each goes by what it took on
 * itself; the first of them that sets the password sets it for all. */

#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pam/call.h"
#include "pam/conversation/prompt.h"
#include "wire/cleanup.h"

/* How often somebody may mistype the new one. */
#define TRIES_MAX 3

/* PAM's data: the id of the user whom this line took on, and of the one whom a line has changed. */
#define TAKEN_ON_DATA "pam_tokend_taken_on_"
#define CHANGED_DATA  "pam_tokend_changed"

typedef struct Change {
        Call call;
        int flags;
        char taken_on[sizeof(TAKEN_ON_DATA) + 2 * sizeof(uintptr_t)];
        const char *user_id; /* that of taken_on */
        bool needs_old; /* as with pam_unix: not of root, unless the change is a forced one */
} Change;

/* For people; the log has its own line. */
static void tell(const Change *change, const char *sentence) {
        if (!(change->flags & PAM_SILENT))
                (void)pam_error(change->call.pamh, "%s", sentence);
}

/* For a user who was taken on: the others are not told why, a module behind may change theirs. */
static int refuse(const Change *change, int result) {
        if (result > 0 && !(change->flags & PAM_SILENT))
                (void)pam_error(change->call.pamh, "Password not changed: %s.",
                                reason_to_sentence(result));
        if (return_code(result, PAM_FAMILY_PASSWORD) != PAM_IGNORE)
                return call_fail(&change->call, result);
        call_warn(&change->call, "gone meanwhile", result);
        return PAM_AUTHTOK_ERR;
}

/* An old password, and whether an earlier module had asked for it. */
static int get_old(const Change *change, bool *ret_recalled, Secret *ret) {
        const Call *call = &change->call;
        int code = password_recall(call->pamh, PAM_OLDAUTHTOK, ret_recalled, ret);

        if (code != PAM_SUCCESS || *ret_recalled)
                return code;
        if (call->options.use_first_pass)
                return PAM_AUTHTOK_RECOVERY_ERR;
        return password_ask_and_keep(call->pamh, PROMPT_OLD_PASSWORD, PAM_OLDAUTHTOK, ret);
}

static int check_old(const Change *change, const Secret *old) {
        return login_password_check(&change->call.context, change->call.user, change->user_id, old);
}

static int check(const Change *change) {
        _cleanup_(secret_done) Secret old = SECRET_INIT;
        const Call *call = &change->call;
        bool recalled = false;

        if (!change->needs_old)
                return call_succeed(call, "root may change the password");
        call_delay_failure(call);
        int code = get_old(change, &recalled, &old);
        if (code != PAM_SUCCESS)
                return call_stop(call, code, "no old password");
        int r = check_old(change, &old);
        if (r == REASON_WRONG_PASSWORD && recalled && call->options.try_first_pass) {
                code = password_ask_and_keep(call->pamh, PROMPT_OLD_PASSWORD, PAM_OLDAUTHTOK, &old);
                if (code != PAM_SUCCESS)
                        return call_stop(call, code, "no old password");
                r = check_old(change, &old);
        }
        return r == 0 ? call_succeed(call, "old password right") : refuse(change, r);
}

/* What is wrong with it that another attempt can put right; NULL: nothing. */
static const char *find_fault(const Secret *old, const Secret *password, const Secret *retyped) {
        if (!secret_equal(password, retyped))
                return "Sorry, passwords do not match.";
        if (!secret_is_empty(old) && secret_equal(old, password))
                return "The new password is the old one.";
        return NULL;
}

/* Twice the same one, and not the old one. Nothing typed means: no more of this. */
static int ask_new(const Change *change, const Secret *old, Secret *ret) {
        pam_handle_t *pamh = change->call.pamh;

        for (int i = 0; i < TRIES_MAX; i++) {
                _cleanup_(secret_done) Secret password = SECRET_INIT, retyped = SECRET_INIT;

                int code = password_ask(pamh, PROMPT_NEW_PASSWORD, &password);
                if (code != PAM_SUCCESS)
                        return code;
                if (secret_is_empty(&password)) {
                        tell(change, "No password has been supplied.");
                        return PAM_AUTHTOK_ERR;
                }
                code = password_ask(pamh, PROMPT_RETYPE, &retyped);
                if (code != PAM_SUCCESS)
                        return code;
                const char *fault = find_fault(old, &password, &retyped);
                if (!fault) {
                        *ret = TAKE(password, SECRET_INIT);
                        return password_keep(pamh, PAM_AUTHTOK, ret);
                }
                tell(change, fault);
        }
        return PAM_AUTHTOK_ERR;
}

/* An earlier module's (pam_pwquality has asked for it and found it good), or a person's. */
static int get_new(const Change *change, const Secret *old, Secret *ret) {
        const PamOptions *options = &change->call.options;
        bool recalled = false;

        int code = password_recall(change->call.pamh, PAM_AUTHTOK, &recalled, ret);
        if (code != PAM_SUCCESS || recalled)
                return code;
        if (options->use_authtok || options->use_first_pass)
                return PAM_AUTHTOK_RECOVERY_ERR;
        return ask_new(change, old, ret);
}

static void user_id_free(pam_handle_t *pamh, void *id, int status) {
        free(id);
}

/* 0 or -ENOMEM; ret_kept may be NULL, and is PAM's. */
static int keep_user_id(const Change *change, const char *name, const char *id,
                        const char **ret_kept) {
        char *kept = strdup(id);

        if (!kept)
                return -ENOMEM;
        if (pam_set_data(change->call.pamh, name, kept, user_id_free) != PAM_SUCCESS) {
                free(kept);
                return -ENOMEM;
        }
        if (ret_kept)
                *ret_kept = kept;
        return 0;
}

/* Without it a line behind can't know: its old password is wrong by now, and it says so. */
static int succeed(const Change *change) {
        int r = keep_user_id(change, CHANGED_DATA, change->user_id, NULL);

        if (r < 0)
                call_warn(&change->call, "lines behind", r);
        return call_succeed(&change->call, "password changed");
}

static bool is_changed(const Change *change) {
        const void *id = NULL;

        return pam_get_data(change->call.pamh, CHANGED_DATA, &id) == PAM_SUCCESS && id &&
               strcmp(id, change->user_id) == 0;
}

/* The old one is sent again: whether it is right is the daemon's to know, not this process's. */
static int set(const Change *change) {
        _cleanup_(secret_done) Secret old = SECRET_INIT, password = SECRET_INIT;
        const Call *call = &change->call;
        bool has_old = false;
        int code = PAM_SUCCESS;

        if (change->needs_old) {
                code = password_recall(call->pamh, PAM_OLDAUTHTOK, &has_old, &old);
                if (code == PAM_SUCCESS && !has_old)
                        code = PAM_AUTHTOK_RECOVERY_ERR;
        }
        if (code != PAM_SUCCESS)
                return call_stop(call, code, "no old password");
        code = get_new(change, &old, &password);
        if (code != PAM_SUCCESS)
                return call_stop(call, code, "no new password");

        int r = login_password_change(&call->context, call->user, change->user_id,
                                      has_old ? &old : NULL, &password,
                                      pam_getenv(call->pamh, LOGIN_VARIABLE));
        return r == 0 ? succeed(change) : refuse(change, r);
}

/* PAM_SUCCESS, or what the first call ends with; nobody has been asked for anything yet. */
static int take_on(Change *change) {
        LoginReply account = LOGIN_REPLY_INIT;
        Call *call = &change->call;

        int r = login_check(&call->context, call->user, &account);
        if (r != 0)
                return call_fail(call, r);
        call->user_is_known = true;
        r = call_check_uid(call, account.uid);
        if (r != 0)
                return refuse(change, r);
        if ((change->flags & PAM_CHANGE_EXPIRED_AUTHTOK) &&
            account.state != REASON_PASSWORD_MUST_CHANGE) {
                (void)call_succeed(call, "the password need not change");
                return PAM_IGNORE;
        }
        if (account.user_id[0] == '\0')
                return refuse(change, REASON_REPLY_MALFORMED);
        r = keep_user_id(change, change->taken_on, account.user_id, &change->user_id);
        return r == 0 ? PAM_SUCCESS : call_fail(call, r);
}

/* PAM_SUCCESS: this line's first call took this user on; PAM_IGNORE: it did not. */
static int find_taken_on(Change *change) {
        const void *user_id = NULL;

        int code = pam_get_data(change->call.pamh, change->taken_on, &user_id);
        if (code == PAM_NO_MODULE_DATA || (code == PAM_SUCCESS && !user_id))
                return PAM_IGNORE;
        if (code != PAM_SUCCESS)
                return call_stop(&change->call, PAM_SYSTEM_ERR, "nothing of the first call");
        change->user_id = user_id;
        change->call.user_is_known = true;
        return PAM_SUCCESS;
}

EXPORT int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        Change change = { .flags = flags };

        int code = call_begin(&change.call, "chauthtok", PAM_FAMILY_PASSWORD, pamh, argc, argv);
        if (code != PAM_SUCCESS)
                return code;
        change.needs_old = (flags & PAM_CHANGE_EXPIRED_AUTHTOK) || getuid() != 0 || geteuid() != 0;
        /* libpam reads a line's options once: argv is the line's, in both calls. */
        snprintf(change.taken_on, sizeof(change.taken_on), TAKEN_ON_DATA "%jx",
                 (uintmax_t)(uintptr_t)argv);
        if (flags & PAM_PRELIM_CHECK) {
                (void)pam_set_data(pamh, change.taken_on, NULL, NULL);
                (void)pam_set_data(pamh, CHANGED_DATA, NULL, NULL);
                if (call_is_foreign(&change.call))
                        return call_fail(&change.call, REASON_USER_UNKNOWN);
                code = take_on(&change);
                return code == PAM_SUCCESS ? check(&change) : code;
        }
        if (!(flags & PAM_UPDATE_AUTHTOK))
                return call_stop(&change.call, PAM_SYSTEM_ERR, "neither of the two calls");
        code = find_taken_on(&change);
        if (code != PAM_SUCCESS)
                return code;
        return is_changed(&change) ? call_succeed(&change.call, "changed by a line before")
                                   : set(&change);
}
