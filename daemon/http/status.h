#pragma once

/* The one translation from Reason and errno to HTTP: status, and error code of RFC 6749. */

#include <stdbool.h>

#include "wire/reason.h"

typedef struct Status {
        unsigned code;
        const char *error;
} Status;

/* r is a Reason or a negative errno. Where grants are asked for, refusals of the resource owner are
 * "invalid_grant" (RFC 6749 section 5.2). What no table knows is 500 server_error. */
Status status_of(int r, bool grant);
/* The Reason that a negative errno shows as; r itself when it is a Reason; REASON_NONE: a fault
 * that has no name. */
enum Reason status_reason(int r);
