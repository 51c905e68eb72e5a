#pragma once

/* Passwords from the application and from the modules before this one. */

#include <security/pam_modules.h>
#include <stdbool.h>

#include "wire/secret.h"

#define PROMPT_PASSWORD     "Password: "
#define PROMPT_OLD_PASSWORD "Current password: "
#define PROMPT_NEW_PASSWORD "New password: "
#define PROMPT_RETYPE       "Retype new password: "

/* What an earlier module of the stack, or this one before, kept as item (PAM_AUTHTOK,
 * PAM_OLDAUTHTOK), if one did. PAM_SUCCESS or PAM's error. */
int password_recall(pam_handle_t *pamh, int item, bool *ret_found, Secret *ret);

/* Asks with echo off. */
int password_ask(pam_handle_t *pamh, const char *prompt, Secret *ret);
/* Keeps it as item for the modules behind. */
int password_keep(pam_handle_t *pamh, int item, const Secret *password);
/* Both. */
int password_ask_and_keep(pam_handle_t *pamh, const char *prompt, int item, Secret *ret);

/* Whether this is what sshd gives to PAM in place of the typed password when NSS does not know the
 * user, or root may not log in: SSHD_JUNK_PASSWORD again and again, as long as what was typed. */
bool password_is_junk(const Secret *password);
