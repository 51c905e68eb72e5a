/* org.freedesktop.LogControl1: the log's level and target, for everybody to read and for root to
 * set.
 *
 * Reading is sd-bus's own business. Setting needs the caller's uid, which sd-bus's setters would
 * have to wait for, so a handler in front of the vtable takes Properties.Set away from it. */

#include "bus/log-control.h"

#include <errno.h>
#include <syslog.h>

#include "base/journal.h"
#include "bus/bus-call.h"
#include "core/access.h"
#include "wire/text.h"

#define LOG_CONTROL_PATH      "/org/freedesktop/LogControl1"
#define LOG_CONTROL_INTERFACE "org.freedesktop.LogControl1"
#define SYSLOG_IDENTIFIER     "tokend"

static const char *const level_names[] = {
        [LOG_EMERG] = "emerg", [LOG_ALERT] = "alert",     [LOG_CRIT] = "crit",
        [LOG_ERR] = "err",     [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
        [LOG_INFO] = "info",   [LOG_DEBUG] = "debug",
};

static const char *const target_names[] = {
        [JOURNAL_TARGET_AUTO] = "auto",
        [JOURNAL_TARGET_JOURNAL] = "journal",
        [JOURNAL_TARGET_STDERR] = "console",
};

static int find_name(const char *const *names, size_t n_names, const char *name) {
        for (size_t i = 0; i < n_names; i++)
                if (streq(names[i], name))
                        return (int)i;
        return -EINVAL;
}

static int set_level(const char *name) {
        int level = find_name(level_names, ELEMENTSOF(level_names), name);

        if (level < 0)
                return REASON_INVALID_VALUE;
        journal_set_level(level);
        return 0;
}

static int set_target(const char *name) {
        int target = find_name(target_names, ELEMENTSOF(target_names), name);

        if (target < 0)
                return REASON_INVALID_VALUE;
        journal_set_target((enum JournalTarget)target);
        return 0;
}

static const struct {
        const char *name;
        int (*set)(const char *value);
} settings[] = {
        { "LogLevel", set_level },
        { "LogTarget", set_target },
};

/* The index of the setting; -ENOENT when the message is about something else. */
static int find_setting(sd_bus_message *m) {
        const char *interface = NULL, *name = NULL;

        if (sd_bus_message_read(m, "ss", &interface, &name) < 0 ||
            !streq(interface, LOG_CONTROL_INTERFACE))
                return -ENOENT;
        for (size_t i = 0; i < ELEMENTSOF(settings); i++)
                if (streq(settings[i].name, name))
                        return (int)i;
        return -ENOENT;
}

static int read_set(BusCall *call, sd_bus_error *error) {
        int setting = find_setting(call->message);
        int r;

        if (setting < 0)
                return setting;
        call->setting = (size_t)setting;
        r = sd_bus_message_read(call->message, "v", "s", &call->text);
        return r < 0 ? r : 0;
}

static void run_set(BusCall *call) {
        int r;

        if (access_reach(&call->caller, ACTION_ADMINISTER) != REACH_ALL)
                r = REASON_ACCESS_DENIED;
        else
                r = settings[call->setting].set(call->text);
        bus_call_finish(call, r, NULL, NULL);
}

static const BusVerb set_verb = { PROPERTIES_INTERFACE, "Set", "ssv", read_set, run_set, NULL };

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        if (!sd_bus_message_is_method_call(m, PROPERTIES_INTERFACE, "Set") || find_setting(m) < 0)
                return 0;
        return bus_call_dispatch(userdata, &set_verb, m, ret_error);
}

static int get_level(sd_bus *connection, const char *path, const char *interface,
                     const char *property, sd_bus_message *reply, void *userdata,
                     sd_bus_error *ret_error) {
        return sd_bus_message_append(reply, "s", level_names[journal_get_level() & LOG_PRIMASK]);
}

static int get_target(sd_bus *connection, const char *path, const char *interface,
                      const char *property, sd_bus_message *reply, void *userdata,
                      sd_bus_error *ret_error) {
        return sd_bus_message_append(reply, "s", target_names[journal_get_target()]);
}

static int get_identifier(sd_bus *connection, const char *path, const char *interface,
                          const char *property, sd_bus_message *reply, void *userdata,
                          sd_bus_error *ret_error) {
        return sd_bus_message_append(reply, "s", SYSLOG_IDENTIFIER);
}

/* Never reached: on_message() comes first. */
static int refuse_set(sd_bus *connection, const char *path, const char *interface,
                      const char *property, sd_bus_message *value, void *userdata,
                      sd_bus_error *ret_error) {
        return -EACCES;
}

static const sd_bus_vtable log_control_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", get_level, refuse_set, 0, 0),
        SD_BUS_WRITABLE_PROPERTY("LogTarget", "s", get_target, refuse_set, 0, 0),
        SD_BUS_PROPERTY("SyslogIdentifier", "s", get_identifier, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};

int log_control_add(Bus *bus) {
        int r;

        r = sd_bus_add_object(bus->connection, NULL, LOG_CONTROL_PATH, on_message, bus);
        if (r < 0)
                return r;
        return sd_bus_add_object_vtable(bus->connection, NULL, LOG_CONTROL_PATH,
                                        LOG_CONTROL_INTERFACE, log_control_vtable, bus);
}
