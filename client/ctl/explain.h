#pragma once

/* A login, step by step: what tokend and the module decide, and what PAM makes of it. */

#include "ctl/ctl.h"
#include "ctl/findings.h"
#include "ctl/machine.h"
#include "ctl/pam-module.h"

enum End {
        END_UNKNOWN, /* it can't be told: this takes root, or is up to a module that is not known */
        END_TOKEND,  /* let in by tokend */
        END_UNIX,    /* left to pam_unix */
        END_OTHERS,  /* let in by other modules, whatever tokend says */
        END_REFUSED,
};

typedef struct Explanation {
        const Machine *machine;
        Ctl *ctl;
        const char *socket; /* NULL: where the module asks */
        const char *user;
        const char *service;
        const char *rhost; /* NULL: from here */
        Findings steps;

        PamConfig stack;
        PamOptions options; /* of the first line that asks about this user, else of the first one */
        bool asks;          /* some line asks about this user, or there is none at all */
        bool asks_auth;     /* an auth line does */
        bool is_local;      /* in /etc/passwd */
        bool has_login;     /* a login was made, which the account line will see */
        uid_t uid;          /* in tokend; (uid_t)-1: not known */
        int auth;           /* what tokend says to authenticate: 0, a Reason, -errno */
        int account;
        enum End end;
        const char *reason; /* static; of END_REFUSED */
} Explanation;

#define EXPLANATION_INIT(...) ((Explanation){ .uid = (uid_t)-1, __VA_ARGS__ })
void explanation_done(Explanation *explanation);

void explain_step(Explanation *explanation, enum FindingLevel level, const char *name, int result,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The stack of the service and the module's options in it. False: no login can be walked by it. */
bool explain_read_stack(Explanation *explanation);
/* pam_options_pass_over() on the machine that is looked at. */
bool explain_passes_over(const Explanation *explanation, const PamOptions *options,
                         bool was_let_in);
/* How much of it can be said without the password. True: go on to the password. */
bool explain_look(Explanation *explanation);
/* The module's own calls, with this password. The login that they make is ended at once. */
void explain_try(Explanation *explanation, const Secret *password);
/* What the stack makes of auth and account; sets the end. */
void explain_conclude(Explanation *explanation);
