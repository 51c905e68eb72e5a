#pragma once

/* A login, step by step: what tokend and the module decide, and what PAM makes of it. */

#include "ctl/ctl.h"
#include "ctl/findings.h"
#include "ctl/machine.h"
#include "ctl/pam-module.h"

enum End {
        END_UNKNOWN, /* it can't be told: this takes root */
        END_TOKEND,  /* let in by tokend */
        END_UNIX,    /* left to pam_unix */
        END_REFUSED,
};

typedef struct Explanation {
        const Machine *machine;
        Ctl *ctl;
        const char *socket;
        const char *user;
        const char *service;
        const char *rhost; /* NULL: from here */
        Findings steps;

        PamConfig stack;
        PamModuleOptions options; /* of the auth line, else of the account line, else the usual ones
                                   */
        bool asks_auth;           /* there is an auth line */
        bool is_local;            /* in /etc/passwd */
        bool is_foreign;          /* the module asks nobody about such a user */
        int auth;                 /* what the module's authenticate gets: 0, a Reason, -errno */
        int account;
        enum End end;
        const char *reason; /* static; of END_REFUSED */
} Explanation;

void explanation_done(Explanation *explanation);

void explain_step(Explanation *explanation, enum FindingLevel level, const char *name, int result,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The stack of the service and the module's options in it. False: no login can be walked by it. */
bool explain_read_stack(Explanation *explanation);
/* How much of it can be said without the password. True: go on to the password. */
bool explain_look(Explanation *explanation);
/* The module's own calls, with this password. The login that they make is ended at once. */
void explain_try(Explanation *explanation, const Secret *password);
/* What the stack makes of auth and account; sets the end. */
void explain_conclude(Explanation *explanation);
