/* libmicrohttpd in external mode: it never wakes us, so every way in which something can become
 * ready ends in engine_run(): its epoll descriptor, its next time-out, and our own resumes. */

#include "http/engine.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/journal.h"
#include "http/exchange.h"
#include "wire/cleanup.h"

/* Heads are small; a larger one gets 431. */
#define CONNECTION_MEMORY (16U * 1024U)
/* Turns of MHD_run() before others on the loop get theirs, and the time after which no further one
 * begins: each of them serves all connections that are ready. */
#define RUNS_MAX 16
#define RUN_USEC (5 * USEC_PER_MSEC)

struct Engine {
        struct MHD_Daemon *daemon;
        sd_event_source *io;
        sd_event_source *timer;
        sd_event_source *wake;
        bool tls;
};

static void __attribute__((format(printf, 2, 0)))
on_log(void *userdata, const char *format, va_list arguments) {
        char line[256];
        if (journal_get_level() < LOG_DEBUG)
                return;
        vsnprintf(line, sizeof(line), format, arguments);
        log_debug("libmicrohttpd: %s", line);
}

/* Paths are decoded by us, after they were split. */
static size_t unescape_nothing(void *userdata, struct MHD_Connection *connection, char *text) {
        return strlen(text);
}

void engine_wake(Engine *engine) {
        if (sd_event_source_set_enabled(engine->wake, SD_EVENT_ONESHOT) < 0)
                engine_run(engine);
}

void engine_run(Engine *engine) {
        int64_t start = clock_monotonic(&clock_system);
        MHD_UNSIGNED_LONG_LONG left = 0;

        for (int i = 0; i < RUNS_MAX; i++) {
                (void)MHD_run(engine->daemon);
                if (MHD_get_timeout(engine->daemon, &left) != MHD_YES) {
                        (void)sd_event_source_set_enabled(engine->timer, SD_EVENT_OFF);
                        return;
                }
                if (left > 0 || clock_monotonic(&clock_system) - start >= RUN_USEC)
                        break;
        }
        /* Milliseconds from now. Nothing left of them: go on in the loop's next turn. */
        if (left > INT_MAX)
                left = INT_MAX;
        (void)sd_event_source_set_time_relative(engine->timer, left * USEC_PER_MSEC);
        (void)sd_event_source_set_enabled(engine->timer, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        engine_run(userdata);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        engine_run(userdata);
        return 0;
}

static int on_wake(sd_event_source *source, void *userdata) {
        engine_run(userdata);
        return 0;
}

static int start(Engine *engine, const struct ExchangeContext *context, const char *certificate,
                 const char *key) {
        struct MHD_OptionItem tls[] = {
                { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate },
                { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key },
                { MHD_OPTION_END, 0, NULL },
        };
        unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                         MHD_USE_ERROR_LOG | (certificate ? MHD_USE_TLS : 0);
        void *cls = (void *)context;

        /* clang-format off */
        engine->daemon = MHD_start_daemon(
                        flags, 0, NULL, NULL, exchange_handle, cls,
                        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
                        MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, NULL,
                        MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, cls,
                        MHD_OPTION_NOTIFY_COMPLETED, exchange_end, cls,
                        MHD_OPTION_NOTIFY_CONNECTION, exchange_connection, cls,
                        /* the limits are ours: connection.h */
                        MHD_OPTION_CONNECTION_LIMIT, (unsigned)INT_MAX,
                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                        MHD_OPTION_STRICT_FOR_CLIENT, 1,
                        MHD_OPTION_ARRAY, certificate ? tls : &tls[2],
                        MHD_OPTION_END);
        /* clang-format on */
        return engine->daemon ? 0 : certificate ? -EINVAL : -ENOMEM;
}

static int attach(Engine *engine, sd_event *event) {
        const union MHD_DaemonInfo *info =
                        MHD_get_daemon_info(engine->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        int r;

        if (!info || info->epoll_fd < 0)
                return -ENOTSUP;
        r = sd_event_add_io(event, &engine->io, info->epoll_fd, EPOLLIN, on_io, engine);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &engine->timer, CLOCK_MONOTONIC, 0, 1,
                                               on_timer, engine);
        if (r >= 0)
                r = sd_event_source_set_enabled(engine->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(event, &engine->wake, on_wake, engine);
        if (r >= 0)
                r = sd_event_source_set_enabled(engine->wake, SD_EVENT_OFF);
        return r < 0 ? r : 0;
}

DEFINE_CLEANUP(Engine *, engine_free);

int engine_new(sd_event *event, const struct ExchangeContext *context, const char *certificate,
               const char *key, Engine **ret) {
        _cleanup_(engine_freep) Engine *engine = calloc(1, sizeof(*engine));
        int r;

        if (!engine)
                return -ENOMEM;
        engine->tls = certificate != NULL;
        r = start(engine, context, certificate, key);
        if (r == 0)
                r = attach(engine, event);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(engine);
        return 0;
}

Engine *engine_free(Engine *engine) {
        if (!engine)
                return NULL;
        sd_event_source_disable_unref(engine->io);
        sd_event_source_disable_unref(engine->timer);
        sd_event_source_disable_unref(engine->wake);
        if (engine->daemon)
                MHD_stop_daemon(engine->daemon);
        free(engine);
        return NULL;
}

bool engine_has_tls(const Engine *engine) {
        return engine->tls;
}

unsigned engine_n_connections(const Engine *engine) {
        const union MHD_DaemonInfo *info =
                        MHD_get_daemon_info(engine->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
        return info ? info->num_connections : 0;
}

int engine_add(Engine *engine, int fd, const struct sockaddr *address, socklen_t size) {
        if (MHD_add_connection(engine->daemon, fd, address, size) != MHD_YES)
                return errno > 0 ? -errno : -EIO;
        engine_wake(engine);
        return 0;
}
