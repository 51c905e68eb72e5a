#pragma once

/* What every function of the module begins and ends with. */

#include <security/pam_modules.h>
#include <stdbool.h>
#include <sys/types.h>

#include "login.h"
#include "pam-options.h"
#include "pam/return-codes.h"

/* As long as pam_unix's. */
#define FAIL_DELAY_USEC 2000000U

/* For the functions that libpam looks up; everything else is hidden (pam_tokend.sym). */
#define EXPORT __attribute__((visibility("default")))

typedef struct Call {
        pam_handle_t *pamh;
        const char *function;
        enum PamFamily family;
        PamOptions options;
        LoginContext context;
        const char *user; /* libpam's */
        bool user_is_known;
} Call;

/* Reads the options and PAM's items; a failure of authenticate will be late from here on, whatever
 * its cause, unless nodelay is set. PAM_SUCCESS, or what the function has to return, logged. */
int call_begin(Call *call, const char *function, enum PamFamily family, pam_handle_t *pamh,
               int argc, const char **argv);

/* Asks libpam for that delay. */
void call_delay_failure(const Call *call);

/* pam_options_pass_over() of this call. */
bool call_is_foreign(const Call *call);

/* Of a check that failed with result: whether tokend could not be asked, but has told before that
 * this user must change the password. */
bool call_must_change_anyway(const Call *call, int result);

/* 0 or REASON_UID_NOT_PERMITTED. */
int call_check_uid(const Call *call, uid_t uid);
/* Puts the login's public id into the PAM environment. 0 or -ENOMEM. */
int call_remember_login(const Call *call, const char *id);

/* Logs a refusal or a failure and gives PAM's code for it: PAM_SUCCESS only for sessions
 * while tokend is away. */
int call_fail(const Call *call, int result);
/* The same with a word before on what it was that failed. */
int call_fail_at(const Call *call, const char *step, int result);
/* Logs such a failure that changes nothing about what the function gives. */
void call_warn(const Call *call, const char *step, int result);
/* Logs that the host gave no such thing, and why, and gives that code back. */
int call_stop(const Call *call, int code, const char *missing);
/* Logs what went well, with debug only. Gives PAM_SUCCESS. */
int call_succeed(const Call *call, const char *text);
/* Logs what went well but not as it should. Gives PAM_SUCCESS. */
int call_succeed_with_warning(const Call *call, const char *text);
