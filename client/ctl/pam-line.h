#pragma once

/* The syntax of one line of /etc/pam.d; pam-config.h puts lines together. */

#include "ctl/pam-config.h"

enum PamLineKind {
        PAM_LINE_EMPTY,
        PAM_LINE_MODULE,
        PAM_LINE_INCLUDE,     /* module is the file, of which the lines of this type come in */
        PAM_LINE_SUBSTACK,    /* likewise, as a stack of its own */
        PAM_LINE_INCLUDE_ALL, /* "@include": all types */
};

void pam_line_done(PamLine *line);

/* Takes text apart, which is changed. A PamLineKind; -EBADMSG: libpam refuses it, *ret_why says in
 * a clause why; -ENOMEM. */
int pam_line_parse(char *text, PamLine *ret, const char **ret_why);
