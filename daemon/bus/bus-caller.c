/* The uids of the bus's clients.
 *
 * sd_bus_query_sender_creds() would block the loop until the bus answers, so the bus is asked by an
 * asynchronous call, once for each client, and the answer kept until the client leaves. Unique
 * names are never given twice while a bus lives, so an entry can't come to mean somebody else. A
 * call runs only with a uid that came from the bus, or, without a bus between, from the kernel. */

#include "bus/bus-caller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/journal.h"
#include "bus/bus-call.h"
#include "wire/text.h"

#define DRIVER_NAME "org.freedesktop.DBus"
#define DRIVER_PATH "/org/freedesktop/DBus"

static BusSender *sender_free(BusSender *sender) {
        if (!sender)
                return NULL;
        sd_bus_slot_unref(sender->query);
        free(sender->name);
        free(sender);
        return NULL;
}

DEFINE_CLEANUP(BusSender *, sender_free);

static BusSender **sender_place(Bus *bus, const char *name) {
        BusSender **place = &bus->senders;

        while (*place && !streq((*place)->name, name))
                place = &(*place)->next;
        return place;
}

static void sender_remove(BusSender **place) {
        BusSender *sender = *place;

        *place = sender->next;
        sender->bus->n_senders--;
        sender_free(sender);
}

static bool evict_idle_sender(Bus *bus) {
        BusSender **victim = NULL;

        for (BusSender **place = &bus->senders; *place; place = &(*place)->next)
                if ((*place)->n_calls == 0)
                        victim = place;
        if (!victim)
                return false;
        sender_remove(victim);
        return true;
}

static int on_uid(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        BusSender *sender = userdata;
        uint32_t uid = UID_NONE;

        sender->query = sd_bus_slot_unref(sender->query);
        if (sd_bus_message_is_method_error(reply, NULL) ||
            !streq_ptr(sd_bus_message_get_sender(reply), DRIVER_NAME) ||
            sd_bus_message_read(reply, "u", &uid) <= 0 || uid == UID_NONE) {
                log_debug("the bus does not say who a caller is");
                bus_calls_refuse(sender, REASON_ACCESS_DENIED);
                return 1;
        }
        sender->uid = uid;
        sender->is_known = true;
        bus_calls_resume(sender);
        return 1;
}

static int sender_ask(BusSender *sender) {
        int r;

        if (sender->is_known || sender->query)
                return 0;
        r = sd_bus_call_method_async(sender->bus->connection, &sender->query, DRIVER_NAME,
                                     DRIVER_PATH, DRIVER_NAME, "GetConnectionUnixUser", on_uid,
                                     sender, "s", sender->name);
        return r < 0 ? r : 0;
}

static int sender_add(Bus *bus, const char *name) {
        _cleanup_(sender_freep) BusSender *sender = NULL;
        int r;

        if (bus->n_senders >= BUS_SENDERS_MAX && !evict_idle_sender(bus))
                return REASON_LIMIT_EXCEEDED;
        sender = calloc(1, sizeof(*sender));
        if (!sender)
                return -ENOMEM;
        sender->bus = bus;
        sender->name = strdup(name);
        if (!sender->name)
                return -ENOMEM;
        sender->is_known = bus->is_direct;
        sender->uid = bus->is_direct ? bus->direct_uid : UID_NONE;
        r = sender_ask(sender);
        if (r != 0)
                return r;
        sender->next = bus->senders;
        bus->senders = TAKE_PTR(sender);
        bus->n_senders++;
        return 0;
}

/* So the last in the list is the one to forget. */
static void sender_to_front(BusSender **place) {
        BusSender *sender = *place;

        *place = sender->next;
        sender->next = sender->bus->senders;
        sender->bus->senders = sender;
}

int bus_sender_acquire(Bus *bus, sd_bus_message *message, BusSender **ret) {
        const char *name = bus->is_direct ? "" : sd_bus_message_get_sender(message);
        BusSender **place;
        int r;

        if (!name)
                return REASON_ACCESS_DENIED;
        place = sender_place(bus, name);
        if (*place) {
                sender_to_front(place);
                r = sender_ask(bus->senders);
        } else
                r = sender_add(bus, name);
        if (r != 0)
                return r;
        if (bus->senders->n_calls >= BUS_SENDER_CALLS_MAX)
                return REASON_LIMIT_EXCEEDED;
        bus->senders->n_calls++;
        *ret = bus->senders;
        return 0;
}

void bus_sender_release(BusSender *sender) {
        if (sender)
                sender->n_calls--;
}

static int on_name_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Bus *bus = userdata;
        const char *name = NULL, *old_owner = NULL, *new_owner = NULL;
        BusSender **place;

        if (sd_bus_message_read(m, "sss", &name, &old_owner, &new_owner) < 0 || *new_owner)
                return 0;
        place = sender_place(bus, name);
        if (!*place)
                return 0;
        bus_calls_drop(bus, *place);
        sender_remove(place);
        return 0;
}

int bus_senders_watch(Bus *bus) {
        if (bus->is_direct)
                return 0;
        return sd_bus_add_match_async(bus->connection, NULL,
                                      "type='signal',sender='" DRIVER_NAME "',path='" DRIVER_PATH
                                      "',interface='" DRIVER_NAME
                                      "',member='NameOwnerChanged',arg2=''",
                                      on_name_owner_changed, NULL, bus);
}

void bus_senders_done(Bus *bus) {
        while (bus->senders)
                sender_remove(&bus->senders);
}
