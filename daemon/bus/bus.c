/* The connection to the system bus.
 *
 * Nothing here waits for the bus: connecting, the name and the matches are asynchronous, and
 * whatever fails (no bus, the name taken, a broken connection) ends in one place, which tries again
 * after a growing delay, for ever. Without a bus the rest of the daemon notices nothing. */

#include "bus/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/journal.h"
#include "bus/bus-call.h"
#include "bus/bus-caller.h"
#include "bus/bus-internal.h"
#include "bus/log-control.h"
#include "bus/manager-object.h"
#include "bus/token-object.h"
#include "wire/text.h"

#define RETRY_MIN_USEC (1 * USEC_PER_SEC)
#define RETRY_MAX_USEC (30 * USEC_PER_SEC)
/* The bus itself answers at once; this bounds how long a caller's uid may be waited for. */
#define DRIVER_TIMEOUT_USEC (10 * USEC_PER_SEC)

/* Answers to RequestName (D-Bus specification, "Message Bus Messages"). */
#define NAME_PRIMARY_OWNER 1U
#define NAME_ALREADY_OWNER 4U

static void connection_close(Bus *bus) {
        bus_calls_drop(bus, NULL);
        bus_senders_done(bus);
        signals_done(&bus->signals);
        bus->has_name = false;
        sd_bus_close(bus->connection); /* no flush: that would wait for the bus */
        sd_bus_detach_event(bus->connection);
        bus->connection = sd_bus_unref(bus->connection);
}

static int bus_connect(Bus *bus);

static void retry_later(Bus *bus, const char *trouble, const char *what, int error);

static int on_retry(sd_event_source *source, uint64_t now, void *userdata) {
        Bus *bus = userdata;
        int r;

        bus->retry = sd_event_source_disable_unref(bus->retry);
        if (bus->connection)
                connection_close(bus);
        r = bus_connect(bus);
        if (r < 0)
                retry_later(bus, "unreachable", "cannot connect to the system bus", r);
        return 0;
}

/* Said once, until it works again. */
static void retry_later(Bus *bus, const char *trouble, const char *what, int error) {
        int r;

        if (bus->retry || bus->is_direct)
                return;
        bus->has_name = false;
        bus->trouble = trouble;
        journal_log(bus->is_quiet ? LOG_DEBUG : LOG_WARNING, &(JournalFields){ .error = error },
                    "%s, trying again", what);
        bus->is_quiet = true;
        r = sd_event_add_time_relative(bus->options.event, &bus->retry, CLOCK_MONOTONIC,
                                       (uint64_t)bus->retry_delay, 0, on_retry, bus);
        if (r < 0)
                journal_log(LOG_ERR, &(JournalFields){ .error = r }, "no timer for the system bus");
        bus->retry_delay *= 2;
        if (bus->retry_delay > RETRY_MAX_USEC)
                bus->retry_delay = RETRY_MAX_USEC;
}

static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        Bus *bus = userdata;
        uint32_t answer = 0;

        if (sd_bus_message_is_method_error(reply, NULL)) {
                retry_later(bus, "refused", "the system bus refuses the name " BUS_NAME,
                            -sd_bus_message_get_errno(reply));
                return 1;
        }
        if (sd_bus_message_read(reply, "u", &answer) < 0 ||
            (answer != NAME_PRIMARY_OWNER && answer != NAME_ALREADY_OWNER)) {
                retry_later(bus, "name-taken", "another process owns the name " BUS_NAME, -EEXIST);
                return 1;
        }
        bus->retry_delay = RETRY_MIN_USEC;
        bus->is_quiet = false;
        bus->has_name = true;
        bus->trouble = NULL;
        log_info("on the system bus as " BUS_NAME);
        return 1;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Bus *bus = userdata;

        bus_calls_drop(bus, NULL);
        retry_later(bus, "unreachable", "the connection to the system bus is gone", -ECONNRESET);
        return 0;
}

static int objects_add(Bus *bus) {
        int r;

        r = manager_object_add(bus);
        if (r < 0)
                return r;
        r = token_object_add(bus);
        if (r < 0)
                return r;
        r = log_control_add(bus);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(bus->connection, NULL, NULL, NULL, "org.freedesktop.DBus.Local",
                                "Disconnected", on_disconnected, bus);
        return r < 0 ? r : 0;
}

static int connection_start(Bus *bus) {
        int r;

        r = sd_bus_open_system_with_description(&bus->connection, "tokend");
        if (r < 0)
                return r;
        (void)sd_bus_set_method_call_timeout(bus->connection, DRIVER_TIMEOUT_USEC);
        r = objects_add(bus);
        if (r < 0)
                return r;
        r = bus_senders_watch(bus);
        if (r < 0)
                return r;
        r = sd_bus_request_name_async(bus->connection, NULL, BUS_NAME, 0, on_name, bus);
        if (r < 0)
                return r;
        return sd_bus_attach_event(bus->connection, bus->options.event, SD_EVENT_PRIORITY_NORMAL);
}

static int bus_connect(Bus *bus) {
        int r;

        r = connection_start(bus);
        if (r >= 0)
                return 0;
        if (bus->connection)
                connection_close(bus);
        return r;
}

static int bus_allocate(const BusOptions *options, Bus **ret) {
        Bus *bus = calloc(1, sizeof(*bus));

        if (!bus)
                return -ENOMEM;
        bus->options = *options;
        bus->retry_delay = RETRY_MIN_USEC;
        bus->direct_uid = UID_NONE;
        *ret = bus;
        return 0;
}

int bus_new(const BusOptions *options, Bus **ret) {
        _cleanup_(bus_freep) Bus *bus = NULL;
        int r;

        r = bus_allocate(options, &bus);
        if (r < 0)
                return r;
        r = bus_connect(bus);
        if (r < 0)
                retry_later(bus, "unreachable", "cannot connect to the system bus", r);
        *ret = TAKE_PTR(bus);
        return 0;
}

static int direct_start(Bus *bus, int *fd) {
        sd_id128_t id;
        int r;

        r = sd_id128_randomize(&id);
        if (r < 0)
                return r;
        r = sd_bus_new(&bus->connection);
        if (r < 0)
                return r;
        r = sd_bus_set_fd(bus->connection, *fd, *fd);
        if (r < 0)
                return r;
        *fd = -1;
        r = sd_bus_set_server(bus->connection, 1, id);
        if (r < 0)
                return r;
        r = objects_add(bus);
        if (r < 0)
                return r;
        r = sd_bus_start(bus->connection);
        if (r < 0)
                return r;
        return sd_bus_attach_event(bus->connection, bus->options.event, SD_EVENT_PRIORITY_NORMAL);
}

int bus_new_from_fd(const BusOptions *options, int fd, Bus **ret) {
        _cleanup_(closep) int owned = fd;
        _cleanup_(bus_freep) Bus *bus = NULL;
        struct ucred peer;
        socklen_t size = sizeof(peer);
        int r;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return -errno;
        r = bus_allocate(options, &bus);
        if (r < 0)
                return r;
        bus->is_direct = true;
        bus->direct_uid = peer.uid;
        r = direct_start(bus, &owned);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

Bus *bus_free(Bus *bus) {
        if (!bus)
                return NULL;
        bus_calls_detach(bus);
        if (bus->connection)
                connection_close(bus);
        sd_event_source_disable_unref(bus->retry);
        free(bus);
        return NULL;
}

void bus_freep(Bus **bus) {
        bus_free(*bus);
}

const char *bus_state(const Bus *bus) {
        if (bus->has_name || bus->is_direct)
                return "connected";
        return bus->trouble ? bus->trouble : "connecting";
}
