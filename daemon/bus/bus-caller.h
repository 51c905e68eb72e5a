#pragma once

/* Who calls: a small table of the bus's clients with their uids, as the bus itself tells them,
 * asked once a client and forgotten when the client leaves. Nothing that a client says counts. */

#include "bus/bus-internal.h"

/* Calls that one sender may have in flight; a person with busctl has one. */
#define BUS_SENDER_CALLS_MAX 16U
/* The same for one uid over all of its connections; root has no such bound. */
#define BUS_UID_CALLS_MAX 64U
/* Clients remembered: four times what the system bus grants one uid. */
#define BUS_SENDERS_MAX 1024U

typedef struct BusSender {
        struct BusSender *next;
        Bus *bus;
        char *name; /* unique name; "" for a direct peer */
        bool is_known;
        uint32_t uid;
        unsigned n_calls;
        sd_bus_slot *query; /* while the bus is asked for the uid */
} BusSender;

/* The message's sender, with one call more to its account: bus_sender_release(). The uid may not be
 * known yet; then the sender's waiting calls are resumed or refused later (bus-call.h). 0, -ENOMEM,
 * -errno, REASON_ACCESS_DENIED (a message from nobody), REASON_LIMIT_EXCEEDED. */
int bus_sender_acquire(Bus *bus, sd_bus_message *message, BusSender **ret);
void bus_sender_release(BusSender *sender);

/* For a new connection: hear of clients that leave. */
int bus_senders_watch(Bus *bus);
/* Forgets all; their calls were dropped before. */
void bus_senders_done(Bus *bus);
