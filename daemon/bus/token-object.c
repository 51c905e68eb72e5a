/* Token objects, served by a message handler for everything below /org/tokend1/token.
 *
 * sd-bus asks a vtable's "does this object exist" and its getters synchronously, a token has to be
 * fetched: so this handler takes the standard interfaces itself, by the tables below. A token that
 * the caller may not see answers like one that is not there, because the core says the same. */

#include "bus/token-object.h"

#include <string.h>

#include "bus/bus-call.h"
#include "bus/bus-error.h"
#include "bus/introspection.h"
#include "wire/text.h"

#define INTROSPECTABLE_INTERFACE "org.freedesktop.DBus.Introspectable"

/* "" stands for any interface (D-Bus specification, Properties). */
static int check_interface(const char *interface, sd_bus_error *error) {
        if (!*interface || streq(interface, TOKEN_INTERFACE))
                return 0;
        return sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_INTERFACE,
                                "the object has the properties of " TOKEN_INTERFACE);
}

/* The object's id is the end of its path; on_token_message() has looked at it. */
static void read_id(BusCall *call) {
        const char *path = sd_bus_message_get_path(call->message);

        memcpy(call->id, path + strlen(TOKEN_PATH "/"), TOKEN_ID_SIZE);
}

static int read_object(BusCall *call, sd_bus_error *error) {
        read_id(call);
        return 0;
}

static int read_property(BusCall *call, sd_bus_error *error) {
        const char *interface = NULL, *name = NULL;
        int r;

        read_id(call);
        r = sd_bus_message_read(call->message, "ss", &interface, &name);
        if (r < 0)
                return r;
        r = check_interface(interface, error);
        if (r < 0)
                return r;
        call->property = token_property_find(name);
        if (!call->property)
                return sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_PROPERTY,
                                        TOKEN_INTERFACE " has no such property");
        return 0;
}

static int read_set(BusCall *call, sd_bus_error *error) {
        int r;

        r = read_property(call, error);
        if (r != 0)
                return r;
        return sd_bus_error_setf(error, SD_BUS_ERROR_PROPERTY_READ_ONLY, "%s can't be set",
                                 call->property->name);
}

/* The standard interfaces have no properties; clients ask for them all the same. */
static bool interface_is_standard(const char *interface) {
        return streq(interface, PROPERTIES_INTERFACE) ||
               streq(interface, INTROSPECTABLE_INTERFACE) ||
               streq(interface, "org.freedesktop.DBus.Peer");
}

static int read_interface(BusCall *call, sd_bus_error *error) {
        int r;

        read_id(call);
        r = sd_bus_message_read(call->message, "s", &call->text);
        if (r < 0)
                return r;
        return interface_is_standard(call->text) ? 0 : check_interface(call->text, error);
}

void token_call_get(BusCall *call) {
        authority_token_get(call->bus->options.authority, &call->caller, call->id,
                            bus_call_answered, call);
}

void token_call_revoke(BusCall *call) {
        authority_token_revoke(call->bus->options.authority, &call->caller, call->id,
                               bus_call_answered, call);
}

void token_call_list(BusCall *call) {
        authority_token_list(call->bus->options.authority, &call->caller, &call->list,
                             bus_call_answered, call);
}

TokenView token_view(const BusCall *call, const Token *token) {
        return (TokenView){ token, authority_last_used(call->bus->options.authority, token) };
}

static int reply_property(BusCall *call, Answer *answer, sd_bus_message *reply,
                          sd_bus_error *error) {
        TokenView view = token_view(call, answer->token);

        return token_property_append(reply, call->property, &view);
}

static int reply_all(BusCall *call, Answer *answer, sd_bus_message *reply, sd_bus_error *error) {
        TokenView view = token_view(call, answer->token);
        int r;

        if (!interface_is_standard(call->text))
                return token_properties_append(reply, &view);
        r = sd_bus_message_append(reply, "a{sv}", 0);
        return r < 0 ? r : 0;
}

static int append_xml(sd_bus_message *reply, int r, const char *xml) {
        if (r == 0)
                r = sd_bus_message_append(reply, "s", xml);
        return r < 0 ? r : 0;
}

static int reply_token_xml(BusCall *call, Answer *answer, sd_bus_message *reply,
                           sd_bus_error *error) {
        _cleanup_(freep) char *xml = NULL;
        int r = introspection_of_token(&xml);

        return append_xml(reply, r, xml);
}

static int reply_folder_xml(BusCall *call, Answer *answer, sd_bus_message *reply,
                            sd_bus_error *error) {
        _cleanup_(freep) char *xml = NULL;
        int r = introspection_of_folder(answer, &xml);

        return append_xml(reply, r, xml);
}

static const BusVerb token_verbs[] = {
        { PROPERTIES_INTERFACE, "Get", "ss", read_property, token_call_get, reply_property },
        { PROPERTIES_INTERFACE, "GetAll", "s", read_interface, token_call_get, reply_all },
        { PROPERTIES_INTERFACE, "Set", "ssv", read_set, NULL, NULL },
        { INTROSPECTABLE_INTERFACE, "Introspect", "", read_object, token_call_get,
          reply_token_xml },
        { TOKEN_INTERFACE, "Revoke", "", read_object, token_call_revoke, NULL },
        { 0 },
};

static const BusVerb folder_verbs[] = {
        { INTROSPECTABLE_INTERFACE, "Introspect", "", NULL, token_call_list, reply_folder_xml },
        { 0 },
};

static int on_token_message(Bus *bus, sd_bus_message *m, const char *id, sd_bus_error *error) {
        const BusVerb *verb;

        if (!text_is_hex(id, TOKEN_ID_SIZE))
                return sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_OBJECT, "no such object");
        verb = bus_verb_find(token_verbs, m);
        if (!verb)
                return sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_METHOD, "no such method");
        return bus_call_dispatch(bus, verb, m, error);
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *below = sd_bus_message_get_path(m) + strlen(TOKEN_PATH);
        const BusVerb *verb;

        if (*below == '/')
                return on_token_message(userdata, m, below + 1, ret_error);
        verb = bus_verb_find(folder_verbs, m);
        return verb ? bus_call_dispatch(userdata, verb, m, ret_error) : 0;
}

int token_object_add(Bus *bus) {
        return sd_bus_add_fallback(bus->connection, NULL, TOKEN_PATH, on_message, bus);
}
