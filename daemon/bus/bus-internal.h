#pragma once

/* What the files of bus/ share: the connection, who calls, what is in flight. */

#include <systemd/sd-bus.h>

#include "bus/bus.h"
#include "bus/signals.h"

#define BUS_NAME          "org.tokend1"
#define MANAGER_PATH      "/org/tokend1"
#define MANAGER_INTERFACE "org.tokend1.Manager"

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

struct BusSender;
struct BusCall;

struct Bus {
        BusOptions options;
        sd_bus *connection; /* NULL: none at the moment */
        sd_event_source *retry;
        int64_t retry_delay;       /* µs: before the next attempt */
        bool is_quiet;             /* a failure was logged since the last success */
        bool is_direct;            /* one peer and no bus between */
        uint32_t direct_uid;       /* that peer's */
        const char *trouble;       /* why it is tried again; NULL: not yet known, or none */
        bool has_name;
        struct BusSender *senders; /* bus-caller.h; the last used first */
        size_t n_senders;
        struct BusCall *calls; /* bus-call.h; all that wait for something */
        Signals signals;
};

static inline void bus_messagep(sd_bus_message **message) {
        sd_bus_message_unref(*message);
}
static inline void bus_errorp(sd_bus_error *error) {
        sd_bus_error_free(error);
}
