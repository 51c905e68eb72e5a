/* org.freedesktop.LogControl1: everybody reads, root sets. */

#include "fake-bus.h"

#include "base/journal.h"
#include "bus/log-control.h"

#define PATH      "/org/freedesktop/LogControl1"
#define INTERFACE "org.freedesktop.LogControl1"

static void assert_value(Fixture *f, const char *name, const char *expected) {
        _cleanup_(replyp) Reply reply = { 0 };
        const char *text = NULL;

        call(f, &reply, ADA, PATH, PROPERTIES_INTERFACE, "Get", "ss", INTERFACE, name);
        assert_ok(&reply);
        assert_true(sd_bus_message_read(reply.message, "v", "s", &text) > 0);
        assert_string_equal(text, expected);
}

#define set(f, reply, sender, name, ...)                                                           \
        call(f, reply, sender, PATH, PROPERTIES_INTERFACE, "Set", "ssv", INTERFACE, name,          \
             __VA_ARGS__)

static void test_read(void **state) {
        Fixture *f = *state;

        journal_set_level(LOG_WARNING);
        journal_set_target(JOURNAL_TARGET_STDERR);
        assert_value(f, "LogLevel", "warning");
        assert_value(f, "LogTarget", "console");
        assert_value(f, "SyslogIdentifier", "tokend");
}

static void test_set(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        set(f, &reply, ROOT, "LogLevel", "s", "debug");
        assert_ok(&reply);
        assert_int_equal(journal_get_level(), LOG_DEBUG);
        set(f, &reply, ROOT, "LogTarget", "s", "auto");
        assert_ok(&reply);
        assert_int_equal(journal_get_target(), JOURNAL_TARGET_AUTO);
        assert_value(f, "LogLevel", "debug");
}

static void test_refused(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };

        journal_set_level(LOG_NOTICE);
        set(f, &reply, ADA, "LogLevel", "s", "debug");
        assert_error(&reply, SD_BUS_ERROR_ACCESS_DENIED);
        set(f, &reply, ADA, "LogTarget", "s", "auto");
        assert_error(&reply, SD_BUS_ERROR_ACCESS_DENIED);
        set(f, &reply, ROOT, "LogLevel", "s", "loud");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        set(f, &reply, ROOT, "LogTarget", "s", "kmsg");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        set(f, &reply, ROOT, "LogLevel", "u", 7U);
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        set(f, &reply, ROOT, "SyslogIdentifier", "s", "x");
        assert_error(&reply, SD_BUS_ERROR_PROPERTY_READ_ONLY);
        set(f, &reply, ROOT, "Other", "s", "x");
        assert_error(&reply, SD_BUS_ERROR_UNKNOWN_PROPERTY);
        call(f, &reply, ROOT, PATH, PROPERTIES_INTERFACE, "Set", "sss", INTERFACE, "LogLevel", "x");
        assert_error(&reply, SD_BUS_ERROR_INVALID_ARGS);
        assert_int_equal(journal_get_level(), LOG_NOTICE);
}

static void test_introspect(void **state) {
        Fixture *f = *state;
        _cleanup_(replyp) Reply reply = { 0 };
        const char *xml = NULL;

        call(f, &reply, ADA, PATH, "org.freedesktop.DBus.Introspectable", "Introspect", "");
        assert_ok(&reply);
        assert_true(sd_bus_message_read(reply.message, "s", &xml) > 0);
        assert_non_null(strstr(xml,
                               "<property name=\"LogLevel\" type=\"s\" access=\"readwrite\">"));
        assert_non_null(strstr(xml,
                               "<property name=\"SyslogIdentifier\" type=\"s\" access=\"read\">"));
}

#define WITH_BUS(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_BUS(test_read),
                WITH_BUS(test_set),
                WITH_BUS(test_refused),
                WITH_BUS(test_introspect),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
