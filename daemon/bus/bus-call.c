/* Method calls in flight.
 *
 * Nothing here waits: a call is kept with a reference to its message, first until its caller's uid
 * is known, then until the core answers. Whatever happens meanwhile (the caller leaves, the
 * connection breaks, the Bus is freed), each call is freed exactly once, and one that the core has
 * only by the core's answer, as the core borrows the arguments from it. */

#include "bus/bus-call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/journal.h"
#include "bus/bus-caller.h"
#include "bus/bus-error.h"
#include "wire/text.h"

static void call_link(BusCall *call, Bus *bus) {
        call->bus = bus;
        call->next = bus->calls;
        if (bus->calls)
                bus->calls->previous = call;
        bus->calls = call;
}

static void call_unlink(BusCall *call) {
        if (!call->bus)
                return;
        if (call->next)
                call->next->previous = call->previous;
        if (call->previous)
                call->previous->next = call->next;
        else
                call->bus->calls = call->next;
        call->next = call->previous = NULL;
        call->bus = NULL;
}

static BusCall *call_free(BusCall *call) {
        if (!call)
                return NULL;
        call_unlink(call);
        bus_sender_release(call->sender);
        sd_bus_message_unref(call->message);
        caller_done(&call->caller);
        free(call);
        return NULL;
}

DEFINE_CLEANUP(BusCall *, call_free);

const BusVerb *bus_verb_find(const BusVerb *verbs, sd_bus_message *message) {
        const char *interface = sd_bus_message_get_interface(message);
        const char *member = sd_bus_message_get_member(message);

        for (const BusVerb *verb = verbs; verb->member; verb++)
                if (streq_ptr(verb->member, member) &&
                    (!interface || streq(verb->interface, interface)))
                        return verb;
        return NULL;
}

static unsigned count_running(const Bus *bus, uint32_t uid) {
        unsigned n = 0;

        for (const BusCall *call = bus->calls; call; call = call->next)
                n += call->is_running && call->caller.peer.uid == uid;
        return n;
}

static void call_run(BusCall *call) {
        uint32_t uid = call->sender->uid;
        Peer *peer = &call->caller.peer;

        if (uid != 0 && count_running(call->bus, uid) >= BUS_UID_CALLS_MAX) {
                bus_call_finish(call, REASON_LIMIT_EXCEEDED, NULL, NULL);
                return;
        }
        peer->door = DOOR_BUS;
        peer->uid = uid;
        peer->received = clock_monotonic(call->bus->options.clock);
        snprintf(peer->remote, sizeof(peer->remote), "uid:%u", uid);
        call->caller.kind = uid == 0 ? CALLER_ROOT : CALLER_UID;
        call->is_running = true;
        call->verb->run(call);
}

static int read_arguments(BusCall *call, sd_bus_error *error) {
        const BusVerb *verb = call->verb;
        int r;

        if (!sd_bus_message_has_signature(call->message, verb->signature))
                return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
                                         "%s() takes arguments of signature '%s'", verb->member,
                                         verb->signature);
        r = sd_bus_message_rewind(call->message, true);
        if (r < 0)
                return r;
        r = verb->read ? verb->read(call, error) : 0;
        if ((r == -ENXIO || r == -EBADMSG) && !sd_bus_error_is_set(error))
                return REASON_INVALID_REQUEST; /* a variant with another type inside */
        return r;
}

int bus_call_dispatch(Bus *bus, const BusVerb *verb, sd_bus_message *message, sd_bus_error *error) {
        _cleanup_(call_freep) BusCall *call = NULL;
        BusCall *started;
        int r;

        call = calloc(1, sizeof(*call));
        if (!call)
                return bus_error_fill(error, -ENOMEM);
        call->verb = verb;
        call->message = sd_bus_message_ref(message);
        call->list.uid = UID_NONE;
        call->list.limit = PAGE_ROWS_MAX;
        r = read_arguments(call, error);
        if (r != 0)
                return bus_error_fill(error, r);
        r = bus_sender_acquire(bus, message, &call->sender);
        if (r != 0)
                return bus_error_fill(error, r);
        call_link(call, bus);
        started = TAKE_PTR(call);
        if (started->sender->is_known)
                call_run(started);
        return 1;
}

static int build_reply(BusCall *call, Answer *answer, sd_bus_error *error) {
        _cleanup_(bus_messagep) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call->message, &reply);
        if (r < 0)
                return r;
        r = call->verb->reply ? call->verb->reply(call, answer, reply, error) : 0;
        if (r != 0)
                return r;
        r = sd_bus_message_send(reply);
        return r < 0 ? r : 0;
}

void bus_call_finish(BusCall *call, int r, Answer *answer, sd_bus_error *error) {
        _cleanup_(call_freep) BusCall *owned = call;
        _cleanup_(bus_errorp) sd_bus_error own_error = SD_BUS_ERROR_NULL;

        if (!call->bus || !call->sender)
                return;
        if (!error)
                error = &own_error;
        if (r == 0)
                r = build_reply(call, answer, error);
        if (r == 0)
                return;
        if (r < 0 && !sd_bus_error_is_set(error))
                journal_log(LOG_WARNING, &(JournalFields){ .error = r }, "D-Bus call %s() failed",
                            call->verb->member);
        bus_error_fill(error, r);
        r = sd_bus_reply_method_error(call->message, error);
        if (r < 0)
                journal_log(LOG_DEBUG, &(JournalFields){ .error = r }, "cannot answer on the bus");
}

void bus_call_answered(void *userdata, int r, Answer *answer) {
        bus_call_finish(userdata, r, answer, NULL);
}

/* The oldest: calls of one sender run in the order in which they were made. */
static BusCall *find_waiting(const BusSender *sender) {
        BusCall *oldest = NULL;

        for (BusCall *call = sender->bus->calls; call; call = call->next)
                if (call->sender == sender && !call->is_running)
                        oldest = call;
        return oldest;
}

void bus_calls_resume(BusSender *sender) {
        BusCall *call;

        while ((call = find_waiting(sender)))
                call_run(call);
}

void bus_calls_refuse(BusSender *sender, int r) {
        BusCall *call;

        while ((call = find_waiting(sender)))
                bus_call_finish(call, r, NULL, NULL);
}

void bus_calls_drop(Bus *bus, const BusSender *sender) {
        BusCall *next;

        for (BusCall *call = bus->calls; call; call = next) {
                next = call->next;
                if (sender && call->sender != sender)
                        continue;
                if (!call->is_running) {
                        call_free(call);
                        continue;
                }
                bus_sender_release(call->sender);
                call->sender = NULL;
        }
}

void bus_calls_detach(Bus *bus) {
        bus_calls_drop(bus, NULL);
        while (bus->calls)
                call_unlink(bus->calls);
}
