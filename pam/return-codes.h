#pragma once

/* From tokend's reasons and errnos to PAM's codes: the one place where that is said. */

#include <stdbool.h>

enum PamFamily {
        PAM_FAMILY_AUTHENTICATE,
        PAM_FAMILY_ACCOUNT,
        PAM_FAMILY_SESSION, /* open and close */
        PAM_FAMILY_PASSWORD,
        _PAM_FAMILY_MAX,
};

/* result: a positive Reason or a negative errno. What the table does not know is an error, never
 * PAM_SUCCESS and never PAM_IGNORE; so is 0, which has no business here. */
int return_code(int result, enum PamFamily family);

/* Whether this result says that tokend has a user of that name. Only then may a log name it: what
 * is typed at a name's prompt may be a password. */
bool result_names_user(int result);
