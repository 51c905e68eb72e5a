#pragma once

/* One method call from its arrival to its reply: arguments, then who calls, then the core, then the
 * reply. A call is its own owner while it waits; it never outlives the core's answer. */

#include "base/caller.h"
#include "bus/bus-internal.h"
#include "core/tokens.h"

typedef struct BusCall BusCall;
struct BusSender;
struct TokenProperty;

/* One row a method. Handlers of an edge of ours fill all of it; sd-bus's own vtables check
 * interface and signature themselves. */
typedef struct BusVerb {
        const char *interface;
        const char *member;
        const char *signature;
        /* Takes the arguments from the message and bounds them, so that nothing large is kept while
         * the call waits. 0, a Reason, -errno, or error set and -errno. NULL: no arguments. */
        int (*read)(BusCall *call, sd_bus_error *error);
        /* Asks the core, with bus_call_answered() as the handler, or ends in bus_call_finish(). */
        void (*run)(BusCall *call);
        /* Fills the reply. Returns like read(). NULL: an empty reply. */
        int (*reply)(BusCall *call, Answer *answer, sd_bus_message *reply, sd_bus_error *error);
} BusVerb;

struct BusCall {
        BusCall *next, *previous; /* in bus->calls */
        Bus *bus;                 /* NULL: closed meanwhile, nobody to answer to */
        struct BusSender *sender; /* NULL: gone, or nothing to account any more */
        sd_bus_message *message;
        const BusVerb *verb;
        bool is_running; /* the core has it: it ends by the core's answer only */
        Caller caller;

        /* Arguments, which the core borrows; texts are the message's. */
        char id[TOKEN_ID_SIZE + 1];
        const char *text;
        TokenListRequest list; /* unless read() says otherwise: of everybody, one full page */
        RevokeRequest revoke;
        const struct TokenProperty *property;
        size_t setting; /* log-control.c */
};

/* The row for this message, by member and, if the message names one, interface; NULL: none. The
 * table ends with an empty row. */
const BusVerb *bus_verb_find(const BusVerb *verbs, sd_bus_message *message);

/* Starts a call: what an sd-bus handler returns. */
int bus_call_dispatch(Bus *bus, const BusVerb *verb, sd_bus_message *message, sd_bus_error *error);

/* An AnswerHandler whose userdata is the call. */
void bus_call_answered(void *userdata, int r, Answer *answer);
/* Replies, if somebody still waits, and frees the call. */
void bus_call_finish(BusCall *call, int r, Answer *answer, sd_bus_error *error);

/* The sender's uid is known now, or never will be. */
void bus_calls_resume(struct BusSender *sender);
void bus_calls_refuse(struct BusSender *sender, int r);
/* This sender left, or with NULL all did: what waits is freed, what runs ends without a reply. */
void bus_calls_drop(Bus *bus, const struct BusSender *sender);
/* The Bus goes: running calls stay behind until the core answers them. */
void bus_calls_detach(Bus *bus);
