/* Introspection XML (D-Bus specification, "Introspection Data Format"), made from the table of
 * token properties, so that what is shown is what Get and GetAll answer. */

#include "bus/introspection.h"

#include <errno.h>
#include <stdio.h>

#include "bus/token-properties.h"
#include "wire/cleanup.h"

#define XML_HEAD                                                                                   \
        "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"       \
        "\"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"                      \
        "<node>\n"

#define XML_TAIL "</node>\n"

static const char standard_interfaces[] =
                " <interface name=\"org.freedesktop.DBus.Peer\">\n"
                "  <method name=\"Ping\"/>\n"
                "  <method name=\"GetMachineId\">\n"
                "   <arg type=\"s\" name=\"machine_uuid\" direction=\"out\"/>\n"
                "  </method>\n"
                " </interface>\n"
                " <interface name=\"org.freedesktop.DBus.Introspectable\">\n"
                "  <method name=\"Introspect\">\n"
                "   <arg name=\"data\" type=\"s\" direction=\"out\"/>\n"
                "  </method>\n"
                " </interface>\n";

static const char properties_interface[] =
                " <interface name=\"org.freedesktop.DBus.Properties\">\n"
                "  <method name=\"Get\">\n"
                "   <arg name=\"interface_name\" direction=\"in\" type=\"s\"/>\n"
                "   <arg name=\"property_name\" direction=\"in\" type=\"s\"/>\n"
                "   <arg name=\"value\" direction=\"out\" type=\"v\"/>\n"
                "  </method>\n"
                "  <method name=\"GetAll\">\n"
                "   <arg name=\"interface_name\" direction=\"in\" type=\"s\"/>\n"
                "   <arg name=\"props\" direction=\"out\" type=\"a{sv}\"/>\n"
                "  </method>\n"
                "  <method name=\"Set\">\n"
                "   <arg name=\"interface_name\" direction=\"in\" type=\"s\"/>\n"
                "   <arg name=\"property_name\" direction=\"in\" type=\"s\"/>\n"
                "   <arg name=\"value\" direction=\"in\" type=\"v\"/>\n"
                "  </method>\n"
                "  <signal name=\"PropertiesChanged\">\n"
                "   <arg type=\"s\" name=\"interface_name\"/>\n"
                "   <arg type=\"a{sv}\" name=\"changed_properties\"/>\n"
                "   <arg type=\"as\" name=\"invalidated_properties\"/>\n"
                "  </signal>\n"
                " </interface>\n";

static void write_token(FILE *out, const Answer *answer) {
        fputs(properties_interface, out);
        fputs(" <interface name=\"" TOKEN_INTERFACE "\">\n"
              "  <method name=\"Revoke\"/>\n",
              out);
        for (const TokenProperty *property = token_properties; property->name; property++)
                fprintf(out,
                        "  <property name=\"%s\" type=\"%s\" access=\"read\">\n"
                        "   <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\""
                        " value=\"%s\"/>\n"
                        "  </property>\n",
                        property->name, property->signature, property->emits_changed);
        fputs(" </interface>\n", out);
}

static void write_folder(FILE *out, const Answer *answer) {
        char id[TOKEN_ID_SIZE + 1];

        for (size_t i = 0; i < answer->n_tokens; i++) {
                token_hash_to_id(&answer->tokens[i]->hash, id);
                fprintf(out, " <node name=\"%s\"/>\n", id);
        }
}

static int write_node(void (*write)(FILE *out, const Answer *answer), const Answer *answer,
                      char **ret) {
        _cleanup_(freep) char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return -ENOMEM;
        fputs(XML_HEAD, out);
        fputs(standard_interfaces, out);
        write(out, answer);
        fputs(XML_TAIL, out);
        if (fclose(out) != 0)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        return 0;
}

int introspection_of_token(char **ret) {
        return write_node(write_token, NULL, ret);
}

int introspection_of_folder(const Answer *answer, char **ret) {
        return write_node(write_folder, answer, ret);
}
