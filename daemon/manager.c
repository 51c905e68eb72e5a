/* The daemon as a whole: builds its parts bottom up, joins them (the core's observer to the bus and
 * to userdb), tells the service manager how it stands, reloads, and ends.
 *
 * Nothing is ready before all of it is: READY=1 is sent when callers are answered and the users of
 * the store are known to the machine. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/journal.h"
#include "bus/bus.h"
#include "core/authority.h"
#include "http/server.h"
#include "manager.h"
#include "process.h"
#include "publisher.h"
#include "reload.h"
#include "store/store.h"
#include "userdb-child.h"
#include "wire/text.h"

/* How often it is asked, at the end, whether the last call has been answered. */
#define QUIET_USEC (10 * USEC_PER_MSEC)

enum ManagerState {
        MANAGER_STARTING, /* callers are answered, but not everything is in place */
        MANAGER_RUNNING,
        MANAGER_DRAINING, /* no new requests, the last ones are being answered */
        MANAGER_QUIETING, /* no connection is left, but calls of the bus may be */
};

struct Manager {
        const Options *options;
        enum ManagerState state;
        unsigned n_awaited; /* what must happen before MANAGER_RUNNING */

        sd_event *event;
        Config *config;
        char *config_state; /* NULL: the configuration in use is the file's; else what is wrong */
        Store *store;
        Authority *authority;
        HttpServer *http;
        Bus *bus;
        Publisher *publisher;
        UserdbChild *userdb;
        sd_event_source *quiet;
};

static void report(int error, const char *what, const char *message) {
        if (message)
                log_error("%s: %s", what, message);
        else
                journal_log(LOG_ERR, &(JournalFields){ .error = error }, "%s", what);
}

static void on_settled(void *userdata) {
        Manager *manager = userdata;

        if (--manager->n_awaited > 0 || manager->state != MANAGER_STARTING)
                return;

        manager->state = MANAGER_RUNNING;
        log_info("ready, version " TOKEND_VERSION);
        (void)sd_notify(false, "READY=1\nSTATUS=Ready");
}

static void on_token_new(void *userdata, const Token *token) {
        Manager *manager = userdata;

        bus_token_new(manager->bus, token);
}

static void on_token_removed(void *userdata, const char *id, const char *reason) {
        Manager *manager = userdata;

        bus_token_removed(manager->bus, id, reason);
}

static void on_tokens_removed(void *userdata, uint64_t n) {
        Manager *manager = userdata;

        bus_tokens_removed(manager->bus, n);
}

static void on_token_used(void *userdata, const TokenHash *hash) {
        Manager *manager = userdata;

        bus_token_used(manager->bus, hash);
}

static void on_user_changed(void *userdata, const User *user, bool is_gone,
                            void (*done)(void *done_userdata), void *done_userdata) {
        Manager *manager = userdata;

        publisher_change(manager->publisher, user, is_gone, done, done_userdata);
}

/* All or nothing: what can fail comes first, and the old configuration is let go last. */
static int apply_config(Manager *manager, Config **config, char **ret_message) {
        int r;

        r = reload_check_change(manager->config, *config, ret_message);
        if (r >= 0)
                r = http_server_set_config(manager->http, *config, ret_message);
        if (r < 0)
                return r;

        authority_set_config(manager->authority, *config);
        journal_set_level((*config)->log_level);
        config_free(manager->config);
        manager->config = TAKE_PTR(*config);
        return 0;
}

static void notify_reloading(void) {
        (void)sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reloading",
                         (long long)clock_monotonic(&clock_system));
}

static int reload(void *userdata) {
        Manager *manager = userdata;
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *message = NULL;
        int r;

        if (manager->state != MANAGER_RUNNING)
                return -EBUSY;

        notify_reloading();
        r = reload_read(manager->options->config, &config, &message);
        if (r >= 0)
                r = apply_config(manager, &config, &message);

        free(TAKE_PTR(manager->config_state));
        if (r < 0) {
                report(r, "the configuration stays as it was", message);
                manager->config_state = message ? TAKE_PTR(message) : strdup(strerror(-r));
        } else {
                log_info("reloaded %s", manager->options->config);
        }

        (void)sd_notify(false, r < 0 ? "READY=1\nSTATUS=Ready, the new configuration was refused"
                                     : "READY=1\nSTATUS=Ready");
        return r;
}

static const char *config_state(void *userdata) {
        const Manager *manager = userdata;

        return manager->config_state ? manager->config_state : "ok";
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        (void)reload(userdata);
        return 0;
}

static int on_quiet(sd_event_source *source, uint64_t now, void *userdata) {
        Manager *manager = userdata;

        if (authority_status(manager->authority).n_calls == 0)
                return sd_event_exit(manager->event, EXIT_SUCCESS);

        (void)sd_event_source_set_time_relative(source, QUIET_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void on_drained(void *userdata) {
        Manager *manager = userdata;
        int r;

        manager->state = MANAGER_QUIETING;
        manager->bus = bus_free(manager->bus);
        r = sd_event_add_time_relative(manager->event, &manager->quiet, CLOCK_MONOTONIC, 0, 1,
                                       on_quiet, manager);
        if (r < 0)
                (void)sd_event_exit(manager->event, EXIT_FAILURE);
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *info,
                        void *userdata) {
        Manager *manager = userdata;

        /* Whoever asks twice does not want to wait. The store takes no harm. */
        if (manager->state >= MANAGER_DRAINING) {
                log_warning("ending at once");
                _exit(EXIT_FAILURE);
        }

        log_info("ending");
        (void)sd_notify(false, "STOPPING=1\nSTATUS=Answering the last requests");
        manager->state = MANAGER_DRAINING;
        http_server_drain(manager->http, on_drained, manager);
        return 0;
}

static int start_event(Manager *manager) {
        static const struct {
                int signal;
                sd_event_signal_handler_t handler;
        } handlers[] = {
                { SIGTERM, on_terminate },
                { SIGINT, on_terminate },
                { SIGHUP, on_hangup },
        };
        int r;

        r = sd_event_default(&manager->event);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(handlers); i++)
                r = sd_event_add_signal(manager->event, NULL, handlers[i].signal,
                                        handlers[i].handler, manager);
        if (r >= 0)
                r = sd_event_set_watchdog(manager->event, true);
        if (r < 0)
                report(r, "cannot make an event loop", NULL);
        return r;
}

static int start_config(Manager *manager) {
        _cleanup_(freep) char *message = NULL;
        int r;

        r = reload_read(manager->options->config, &manager->config, &message);
        if (r < 0) {
                report(r, "cannot read the configuration", message);
                return r;
        }

        journal_set_level(manager->config->log_level);
        return manager->config->userdb ? process_bypass_userdb(manager->config->userdb) : 0;
}

static int start_store(Manager *manager) {
        _cleanup_(freep) char *message = NULL;
        int r;

        r = store_open(manager->event, &clock_system, manager->config->store, &manager->store,
                       &message);
        if (r < 0) {
                report(r, "cannot open the store", message);
                return r;
        }
        r = store_status(manager->store).error;
        if (r < 0)
                journal_log(LOG_WARNING, &(JournalFields){ .error = r },
                            "the store can be read, but not written");
        return 0;
}

/* The PAM module reads this one (client/passwd.h). What an earlier configuration left there would
 * keep it from asking about users who came later. */
static void forget_snapshot(const Config *config, const char *snapshot) {
        if (streq(config->socket, TOKEND_SOCKET_PATH) && !streq_ptr(snapshot, SNAPSHOT_PATH))
                (void)unlink(SNAPSHOT_PATH);
}

static int start_authority(Manager *manager) {
        const AuthorityObserver observer = {
                .userdata = manager,
                .token_new = on_token_new,
                .token_removed = on_token_removed,
                .tokens_removed = on_tokens_removed,
                .token_used = on_token_used,
                .user_changed = on_user_changed,
        };
        const char *snapshot = manager->config->userdb ? manager->config->userdb_snapshot : NULL;
        int r;

        forget_snapshot(manager->config, snapshot);
        r = authority_new(manager->event, manager->store, manager->config, &clock_system,
                          &manager->authority);
        if (r >= 0)
                r = publisher_new(manager->event, manager->store, snapshot, &manager->publisher);
        if (r < 0) {
                report(r, "cannot start the token authority", NULL);
                return r;
        }

        authority_set_observer(manager->authority, &observer);
        return 0;
}

static const char *health_of_bus(void *userdata) {
        const Manager *manager = userdata;

        return manager->bus ? bus_state(manager->bus) : "connecting";
}

static const char *health_of_userdb(void *userdata) {
        const Manager *manager = userdata;

        if (!manager->config->userdb)
                return "off";
        return userdb_is_served(manager->config->userdb) ? "running" : "failed";
}

static int start_http(Manager *manager, const Inherited *inherited) {
        const HealthSource health = { manager, health_of_bus, health_of_userdb };
        _cleanup_(freep) char *message = NULL;
        int r;

        r = http_server_new(manager->event, manager->authority, manager->config, &clock_system,
                            &manager->http);
        if (r >= 0)
                http_server_set_health(manager->http, &health);
        if (r >= 0)
                r = http_server_listen(manager->http, inherited->http, inherited->n_http, &message);
        if (r < 0)
                report(r, "cannot listen", message);
        return r;
}

static int start_bus(Manager *manager) {
        const BusOptions options = {
                .event = manager->event,
                .authority = manager->authority,
                .clock = &clock_system,
                .reload = reload,
                .config_state = config_state,
                .userdata = manager,
        };
        int r;

        r = bus_new(&options, &manager->bus);
        if (r < 0)
                report(r, "cannot serve on the system bus", NULL);
        return r;
}

static int start_userdb(Manager *manager, const Inherited *inherited) {
        const UserdbChildOptions options = {
                .event = manager->event,
                .program = manager->options->userdb_program,
                .socket = manager->config->userdb,
                .snapshot = manager->config->userdb_snapshot,
                .settled = on_settled,
                .userdata = manager,
        };
        bool is_wanted = manager->config->userdb && !inherited->userdb;
        int r = 0;

        manager->n_awaited = is_wanted ? 2 : 1;
        if (is_wanted)
                r = userdb_child_new(&options, &manager->userdb);
        if (r < 0) {
                report(r, "cannot run tokend-userdb", NULL);
                return r;
        }

        publisher_publish(manager->publisher, on_settled, manager);
        return 0;
}

static int start(Manager *manager) {
        _cleanup_(inherited_done) Inherited inherited = INHERITED_INIT;
        int r;

        r = process_inherit(&inherited);
        if (r < 0) {
                report(r, "cannot take over inherited sockets", NULL);
                return r;
        }

        r = start_event(manager);
        r = r < 0 ? r : start_config(manager);
        r = r < 0 ? r : process_check_users();
        r = r < 0 ? r : start_store(manager);
        r = r < 0 ? r : start_authority(manager);
        r = r < 0 ? r : start_http(manager, &inherited);
        r = r < 0 ? r : start_bus(manager);
        r = r < 0 ? r : start_userdb(manager, &inherited);
        return r;
}

int manager_new(const Options *options, Manager **ret) {
        _cleanup_(manager_freep) Manager *manager = calloc(1, sizeof(*manager));
        int r;

        if (!manager)
                return -ENOMEM;

        manager->options = options;
        r = start(manager);
        if (r < 0)
                return r;

        if (geteuid() == 0)
                log_warning("running as root, which tokend has no need for");
        *ret = TAKE_PTR(manager);
        return 0;
}

int manager_run(Manager *manager) {
        int r;

        r = sd_event_loop(manager->event);
        if (r < 0)
                report(r, "the event loop failed", NULL);

        /* Calls that nobody answered yet would find their parts gone. */
        if (authority_status(manager->authority).n_calls > 0)
                _exit(EXIT_FAILURE);
        return r < 0 ? EXIT_FAILURE : r;
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;

        manager->state = MANAGER_QUIETING;
        sd_event_source_disable_unref(manager->quiet);
        userdb_child_free(manager->userdb);
        bus_free(manager->bus);
        http_server_free(manager->http);
        authority_free(manager->authority);
        store_close(manager->store);
        publisher_free(manager->publisher);
        config_free(manager->config);
        free(manager->config_state);
        sd_event_unref(manager->event);
        free(manager);
        return NULL;
}

void manager_freep(Manager **manager) {
        manager_free(*manager);
}
