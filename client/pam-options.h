#pragma once

/* The words behind pam_tokend.so in /etc/pam.d, and what follows from them alone: for the module,
 * and for who says beforehand what it will do. */

#include <stdbool.h>
#include <sys/types.h>

/* Below it live root and the system's own accounts. */
#define MIN_UID_DEFAULT 1000U

/* How a session gets a token of its own. */
enum SessionToken { SESSION_TOKEN_NONE, SESSION_TOKEN_FILE, SESSION_TOKEN_ENV };

typedef struct PamOptions {
        const char *socket_path; /* borrowed from argv */
        unsigned timeout_msec;
        uid_t min_uid;
        bool debug;
        bool use_first_pass;
        bool try_first_pass;
        bool skip_local;     /* users of /etc/passwd, unless tokend let them in */
        bool use_authtok;    /* the new password is an earlier module's */
        bool one_time_token; /* a token that is accepted is used up */
        bool nodelay;        /* no pam_fail_delay(3) */
        unsigned accept;     /* LOGIN_ACCEPT_* */
        enum SessionToken session_token;
} PamOptions;

/* 0, or -EINVAL with *ret_bad being the word that is no option or has a value that it can't have:
 * a misspelt restriction must not pass for none. */
int pam_options_parse(int argc, const char **argv, PamOptions *ret, const char **ret_bad);

/* Whether somebody with this uid may log in by tokend: nobody below min_uid, none of the uids that
 * systemd hands out itself, none of the values that mean "nobody" or turn negative somewhere. */
bool pam_options_permit_uid(const PamOptions *options, uid_t uid);

/* Whether the module asks nobody about this user, whatever tokend would say. root, who must get in
 * when nothing else does, unless min_uid=0 gives root to tokend; and, unless tokend let them in,
 * users in the file passwd whom tokend has not taken on (passwd_user_is_foreign()): all of them
 * with skip_local. */
bool pam_options_pass_over(const PamOptions *options, const char *passwd, const char *snapshot,
                           uid_t trusted_uid, const char *user, bool was_let_in);
