#pragma once

/* Passwords from the application and from the modules before this one. */

#include <security/pam_modules.h>
#include <stdbool.h>

#include "wire/secret.h"

/* What an earlier module of the stack asked for, if one did. PAM_SUCCESS or PAM's error. */
int password_recall(pam_handle_t *pamh, bool *ret_found, Secret *ret);

/* Asks with echo off, and keeps the answer as PAM_AUTHTOK for the modules behind. */
int password_ask(pam_handle_t *pamh, Secret *ret);

/* Whether this is what sshd gives to PAM in place of the typed password when NSS does not know the
 * user, or root may not log in: SSHD_JUNK_PASSWORD again and again, as long as what was typed. */
bool password_is_junk(const Secret *password);
