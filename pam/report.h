#pragma once

/* What the module says in the system's log: one line for what went wrong. */

#include <security/pam_modules.h>
#include <stdbool.h>

#include "login.h"

typedef struct Report {
        pam_handle_t *pamh;
        const char *function; /* "authenticate", … */
        const char *step;     /* what of it failed; NULL: all of it */
        const char *user;
        bool user_is_known;          /* tokend said so, whatever the result says of it */
        const LoginContext *context; /* its service and rhost */
} Report;

/* A positive Reason or a negative errno, with the user's name only where tokend has such a user. */
void report_failure(const Report *report, int priority, int result);
/* What the application did not give, and PAM's word why; the name only when tokend has it. */
void report_missing(const Report *report, const char *missing, const char *why);
/* For options: word as it stands in the file, escaped. */
void report_bad_option(pam_handle_t *pamh, const char *function, const char *word);
/* text about a user that tokend has. */
void report_event(const Report *report, int priority, const char *text);

/* Printable ASCII as it is, everything else and backslashes as \xNN, cut to fit with "..." at its
 * end. Always ends in a NUL. NULL is "". */
void escape_for_log(const char *text, char *ret, size_t size);
