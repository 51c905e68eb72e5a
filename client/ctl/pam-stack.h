#pragma once

/* What libpam makes of a stack when the modules' answers are known (its pam_dispatch.c is what
 * counts, not pam.conf(5)). */

#include "ctl/pam-config.h"

/* What a line's module returns. */
typedef enum PamCode (*PamAnswer)(const PamLine *line, void *userdata);
/* Told of each line that was asked, and what follows. NULL: nobody. */
typedef void (*PamWitness)(const PamLine *line, enum PamCode code, int action, void *userdata);

/* What pam_authenticate(3), or pam_acct_mgmt(3), returns by the lines of this type.
 * PAM_CODE_SUCCESS is the only yes. */
enum PamCode pam_stack_run(const PamConfig *config, enum PamType type, PamAnswer answer,
                           PamWitness witness, void *userdata);
