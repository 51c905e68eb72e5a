#pragma once

/* The module with each of its calls wrapped (pam-fault-calls.c), as its test sees it: which call
 * fails next, how, and what the module holds. The test finds both by dlsym(). */

#include <stdbool.h>
#include <stddef.h>

/* How a call may fail: an errno, or PAM's code for PAM's calls, or one of these. */
#define FAULT_SHORT   (-1) /* does one byte's worth, or answers with less than asked for */
#define FAULT_NOTHING (-2) /* the end of the input, a time-out, a success without a value */
#define FAULT_FOREIGN (-3) /* a success that shows somebody else's file */

typedef struct FaultCall {
        const char *name;
        const int *variants; /* ends with 0 */
        unsigned long n_reached;
} FaultCall;

typedef struct FaultControl {
        int call; /* in the table of calls; only while is_armed */
        int variant;
        long countdown; /* negative: it has failed */
        bool is_armed;
        long n_allocated;    /* what the module owns now */
        const char *authtok; /* what a module before it had asked for, which no application can say
                              */
        const char *old_authtok;
        const char *run_folder; /* what is opened in place of /run/tokend */
} FaultControl;
