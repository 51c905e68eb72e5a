#pragma once

/* org.tokend1 on the system bus. Without a bus the daemon serves the rest, and this keeps trying.
 */

#include <systemd/sd-event.h>

#include "core/authority.h"

typedef struct Bus Bus;

typedef struct BusOptions {
        sd_event *event;
        Authority *authority;
        const Clock *clock;
        /* Manager.Reload() and the property ConfigState ("ok", or the message of the refused file)
         */
        int (*reload)(void *userdata);
        const char *(*config_state)(void *userdata);
        void *userdata;
} BusOptions;

/* Starts connecting; never blocks. */
int bus_new(const BusOptions *options, Bus **ret);
/* For tests: serve on this descriptor (a socketpair's end), with the other end's uid from the
 * kernel. Takes fd. */
int bus_new_from_fd(const BusOptions *options, int fd, Bus **ret);
Bus *bus_free(Bus *bus);
void bus_freep(Bus **bus);

/* "connected" under its name, "connecting", or what keeps it from that: "unreachable" (no bus),
 * "refused" (by the bus's policy), "name-taken". */
const char *bus_state(const Bus *bus);

/* To be called from the authority's observer. */
void bus_token_new(Bus *bus, const Token *token);
void bus_token_removed(Bus *bus, const char *id, const char *reason);
void bus_tokens_removed(Bus *bus, uint64_t n);
void bus_token_used(Bus *bus, const TokenHash *hash);
