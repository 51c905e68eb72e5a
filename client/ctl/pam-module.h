#pragma once

/* What pam_tokend.so makes of tokend's answers, for those who can't ask it: it needs libpam, and
 * this program must not. tests/test-ctl-pam-module.c holds it against the module's own table. */

#include "ctl/pam-config.h"
#include "pam-options.h"

#define PAM_TOKEND "pam_tokend.so"

/* Of a line of pam_tokend.so: pam_options_parse(). */
int pam_module_options(const PamLine *line, PamOptions *ret, const char **ret_bad);

/* What it returns for a Reason, or a negative errno, in auth and account lines; 0 is success. */
enum PamCode pam_module_code(int result, enum PamType type);
