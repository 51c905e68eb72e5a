#pragma once

/* The examination of a machine: checks in a table (doctor.c), each of which says what it found. */

#include "ctl/ctl.h"
#include "ctl/findings.h"
#include "ctl/machine.h"

enum Unseen {
        UNSEEN_ROOT,   /* takes root */
        UNSEEN_SILENT, /* tokend does not answer */
        _UNSEEN_MAX,
};

typedef struct Doctor {
        const Machine *machine;
        const Ctl *ctl;
        const char *socket;
        Findings findings;
        const struct Check *check; /* the running one */
        char *unseen[_UNSEEN_MAX]; /* names, with commas between; NULL: none */

        /* Learned on the way. */
        bool is_listening; /* the socket is tokend's, and somebody accepts */
        bool answers;
        Reply health;       /* with answers */
        bool shows_details; /* it does: we are root to it */
} Doctor;

typedef struct Check {
        const char *name;
        void (*look)(Doctor *doctor);
        const char *advice; /* for what has no better one of its own */
} Check;

#define DOCTOR_INIT(...) ((Doctor){ .health = REPLY_INIT, __VA_ARGS__ })
void doctor_done(Doctor *doctor);

/* All checks, in their order. */
void doctor_look(Doctor *doctor);
/* One of them, by name. */
void doctor_look_at(Doctor *doctor, const char *name);

/* A finding of the check that runs. advice NULL: the check's own, for a warning or a failure. */
void doctor_say(Doctor *doctor, enum FindingLevel level, const char *advice, const char *format,
                ...) __attribute__((format(printf, 4, 5)));
/* The same with the stable word of a reason. */
void doctor_say_reason(Doctor *doctor, enum FindingLevel level, const char *reason,
                       const char *advice, const char *format, ...)
                __attribute__((format(printf, 5, 6)));
void doctor_miss(Doctor *doctor, enum Unseen why);

/* A member of the health that is a word; NULL: not told. To be freed. */
char *doctor_health(const Doctor *doctor, const char *name);

/* GET. 0, or what tokend_call() returned; -EBADMSG: no object. */
int doctor_ask(Doctor *doctor, const char *path, Reply *ret);

void doctor_check_files(Doctor *doctor);
void doctor_check_state(Doctor *doctor);
void doctor_check_unit(Doctor *doctor);
void doctor_check_socket(Doctor *doctor);
void doctor_check_tokend(Doctor *doctor);
void doctor_check_store(Doctor *doctor);
void doctor_check_clock(Doctor *doctor);
void doctor_check_bus(Doctor *doctor);
void doctor_check_nss(Doctor *doctor);
void doctor_check_pam(Doctor *doctor);
void doctor_check_sshd(Doctor *doctor);
void doctor_check_throttle(Doctor *doctor);
