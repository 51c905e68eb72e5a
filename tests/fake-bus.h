#pragma once

/* For the tests of bus/: a bus driver at the other end of a socket in a temporary folder, in the
 * same loop, which plays any sender with any uid. One fixture a test; each test file includes this
 * once. */

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "bus/bus-internal.h"
#include "core/tokens.h"
#include "wire/text.h"

/* Not every test needs all of it. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define ROOT  ":1.10"
#define ADA   ":1.11"
#define BRIAN ":1.12"

#ifdef REAL_CORE
/* The test file has these. */
static Authority *core_new(sd_event *event, const char *folder);
static void core_turn(Authority *core);
static void core_free(Authority *core);
#else
#        include "fake-core.h"
#        define fake_token(f, number, uid) fake_core_token((f)->core, number, uid)
#endif

typedef struct Fixture {
        sd_event *event;
        Authority *core;
        Bus *bus;
        char folder[32];
        char path[64];
        int listener;
        sd_event_source *accepting;
        sd_bus *driver; /* the bus's end of tokend's connection */
        uint32_t name_answer;
        uint32_t ada_uid; /* of every sender that is not ROOT and not BRIAN, whose is one more */
        unsigned n_connections, n_hello, n_name_requests, n_uid_requests;
        bool hold_uids;
        bool refuse_uids;
        const char *uid_reply_sender; /* who answers for the bus */
        sd_bus_message *held[64];
        size_t n_held;
        int reload_result;
        unsigned n_reloads;
} Fixture;

static uint32_t fake_uid_of(const Fixture *f, const char *sender) {
        return streq(sender, ROOT) ? 0 : streq(sender, BRIAN) ? f->ada_uid + 1 : f->ada_uid;
}

static void driver_send(Fixture *f, sd_bus_message *call, const char *sender, const char *types,
                        ...) {
        _cleanup_(bus_messagep) sd_bus_message *reply = NULL;
        va_list arguments;

        assert_true(sd_bus_message_new_method_return(call, &reply) >= 0);
        assert_true(sd_bus_message_set_sender(reply, sender) >= 0);
        va_start(arguments, types);
        assert_true(sd_bus_message_appendv(reply, types, arguments) >= 0);
        va_end(arguments);
        assert_true(sd_bus_send(f->driver, reply, NULL) >= 0);
}

#define DRIVER "org.freedesktop.DBus"

static void fake_answer_uid(Fixture *f, sd_bus_message *call) {
        const char *name = NULL;

        assert_true(sd_bus_message_read(call, "s", &name) > 0);
        if (f->refuse_uids)
                assert_true(sd_bus_reply_method_errorf(call, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                                                       "gone") >= 0);
        else
                driver_send(f, call, f->uid_reply_sender, "u", fake_uid_of(f, name));
}

static int on_driver_call(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Fixture *f = userdata;
        const char *member = sd_bus_message_get_member(m);

        if (!streq_ptr(sd_bus_message_get_interface(m), DRIVER))
                return 0;
        if (streq(member, "Hello")) {
                f->n_hello++;
                driver_send(f, m, DRIVER, "s", ":1.1");
        } else if (streq(member, "RequestName")) {
                f->n_name_requests++;
                driver_send(f, m, DRIVER, "u", f->name_answer);
        } else if (streq(member, "GetConnectionUnixUser")) {
                f->n_uid_requests++;
                if (f->hold_uids)
                        f->held[f->n_held++] = sd_bus_message_ref(m);
                else
                        fake_answer_uid(f, m);
        } else
                driver_send(f, m, DRIVER, "");
        return 1;
}

static void fake_drop_driver(Fixture *f) {
        while (f->n_held > 0)
                sd_bus_message_unref(f->held[--f->n_held]);
        f->driver = sd_bus_close_unref(f->driver);
}

static int on_accept(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Fixture *f = userdata;
        sd_id128_t id;
        int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        assert_true(connection >= 0);
        fake_drop_driver(f);
        f->n_connections++;
        assert_int_equal(sd_id128_randomize(&id), 0);
        assert_true(sd_bus_new(&f->driver) >= 0);
        assert_true(sd_bus_set_fd(f->driver, connection, connection) >= 0);
        assert_true(sd_bus_set_server(f->driver, 1, id) >= 0);
        assert_true(sd_bus_add_object(f->driver, NULL, "/org/freedesktop/DBus", on_driver_call,
                                      f) >= 0);
        assert_true(sd_bus_start(f->driver) >= 0);
        assert_true(sd_bus_attach_event(f->driver, f->event, 0) >= 0);
        return 0;
}

static void fake_listen(Fixture *f) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
        f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(f->listener >= 0);
        assert_int_equal(bind(f->listener, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(f->listener, 8), 0);
        assert_true(sd_event_add_io(f->event, &f->accepting, f->listener, 1 /* EPOLLIN */,
                                    on_accept, f) >= 0);
}

static void fake_unlisten(Fixture *f) {
        if (f->listener < 0)
                return;
        f->accepting = sd_event_source_disable_unref(f->accepting);
        close(TAKE_FD(f->listener));
        unlink(f->path);
}

/* One turn of the loop and of the core. */
static void turn(Fixture *f) {
        assert_true(sd_event_run(f->event, 20 * 1000) >= 0);
        core_turn(f->core);
}

/* Until condition holds; not for ever. */
#define turn_until(f, condition)                                                                   \
        do {                                                                                       \
                int64_t _end = clock_monotonic(&clock_system) + 10 * USEC_PER_SEC;                 \
                while (!(condition)) {                                                             \
                        turn(f);                                                                   \
                        if (clock_monotonic(&clock_system) > _end)                                 \
                                fail_msg("waited in vain for: %s", #condition);                    \
                }                                                                                  \
        } while (0)

static void turn_for(Fixture *f, int64_t usec) {
        int64_t end = clock_monotonic(&clock_system) + usec;

        while (clock_monotonic(&clock_system) < end)
                turn(f);
}

static int fake_reload(void *userdata) {
        Fixture *f = userdata;

        f->n_reloads++;
        return f->reload_result;
}

static const char *fake_config_state(void *userdata) {
        Fixture *f = userdata;

        return f->reload_result == 0 ? "ok" : "tokend.conf:3: unknown key";
}

static BusOptions fake_options(Fixture *f) {
        return (BusOptions){ .event = f->event,
                             .authority = f->core,
                             .clock = &clock_system,
                             .reload = fake_reload,
                             .config_state = fake_config_state,
                             .userdata = f };
}

static int fixture_setup_without_bus(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        f->listener = -1;
        f->name_answer = 1;
        f->ada_uid = 1000;
        f->uid_reply_sender = DRIVER;
        snprintf(f->folder, sizeof(f->folder), "/tmp/test-bus-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        snprintf(f->path, sizeof(f->path), "%s/bus", f->folder);
        char address[128];
        snprintf(address, sizeof(address), "unix:path=%s", f->path);
        assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
        assert_true(sd_event_new(&f->event) >= 0);
        f->core = core_new(f->event, f->folder);
        *state = f;
        return 0;
}

static int fixture_setup(void **state) {
        Fixture *f;

        fixture_setup_without_bus(state);
        f = *state;
        fake_listen(f);
        BusOptions options = fake_options(f);
        assert_int_equal(bus_new(&options, &f->bus), 0);
        turn_until(f, f->n_name_requests == 1);
        return 0;
}

static int fixture_teardown(void **state) {
        Fixture *f = *state;

        f->bus = bus_free(f->bus);
        core_free(f->core);
        fake_drop_driver(f);
        fake_unlisten(f);
        rmdir(f->folder);
        sd_event_unref(f->event);
        free(f);
        return 0;
}

/* Calls, from any sender. */

typedef struct Reply {
        sd_bus_message *message; /* NULL: none came yet */
} Reply;

static void replyp(Reply *reply) {
        sd_bus_message_unref(reply->message);
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Reply *reply = userdata;

        reply->message = sd_bus_message_ref(m);
        return 1;
}

static sd_bus_message *new_call(Fixture *f, const char *sender, const char *path,
                                const char *interface, const char *member) {
        sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_method_call(f->driver, &m, BUS_NAME, path, interface,
                                                   member) >= 0);
        assert_true(sd_bus_message_set_sender(m, sender) >= 0);
        return m;
}

/* Takes m. The reply comes later. */
static void send_call(Fixture *f, sd_bus_message *m, Reply *reply) {
        assert_true(sd_bus_call_async(f->driver, NULL, m, on_reply, reply, 0) >= 0);
        sd_bus_message_unref(m);
}

static void call_later(Fixture *f, Reply *reply, const char *sender, const char *path,
                       const char *interface, const char *member, const char *types, ...) {
        sd_bus_message *m = new_call(f, sender, path, interface, member);
        va_list arguments;

        va_start(arguments, types);
        assert_true(sd_bus_message_appendv(m, types, arguments) >= 0);
        va_end(arguments);
        send_call(f, m, reply);
}

#define call(f, reply, ...)                                                                        \
        do {                                                                                       \
                replyp(reply);                                                                     \
                (reply)->message = NULL;                                                           \
                call_later(f, reply, __VA_ARGS__);                                                 \
                turn_until(f, (reply)->message);                                                   \
        } while (0)

#define manager_call(f, reply, sender, ...)                                                        \
        call(f, reply, sender, MANAGER_PATH, MANAGER_INTERFACE, __VA_ARGS__)

static const char *error_name(const Reply *reply) {
        const sd_bus_error *error = sd_bus_message_get_error(reply->message);

        return error ? error->name : "none";
}

static const char *error_text(const Reply *reply) {
        return sd_bus_message_get_error(reply->message)->message;
}

#define assert_ok(reply)          assert_string_equal(error_name(reply), "none")
#define assert_error(reply, name) assert_string_equal(error_name(reply), name)

static void emit_name_lost(Fixture *f, const char *name) {
        _cleanup_(bus_messagep) sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_signal(f->driver, &m, "/org/freedesktop/DBus", DRIVER,
                                              "NameOwnerChanged") >= 0);
        assert_true(sd_bus_message_set_sender(m, DRIVER) >= 0);
        assert_true(sd_bus_message_append(m, "sss", name, name, "") >= 0);
        assert_true(sd_bus_send(f->driver, m, NULL) >= 0);
}
