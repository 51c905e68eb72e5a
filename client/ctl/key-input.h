#pragma once

/* SSH public keys from the command line and from files. */

#include "ctl/ctl.h"

/* Why a line is no public key as users have them; NULL: it looks like one. Not a full check: what
 * is inside the base64 tokend looks at. */
const char *key_line_problem(const char *line);

/* The value of --ssh-key=: a key, @FILE with lines of authorized_keys (@-: standard input), or ""
 * for none. Complains, never showing what could be a private key. */
enum Exit keys_read_option(const Ctl *ctl, enum Option option, char ***ret);
