/* The HTTP edge as a whole: which listeners and engines there are, now and after a reload, and how
 * it all ends. What is asked on a connection is none of its business. */

#include "http/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/journal.h"
#include "http/account-list.h"
#include "http/engine.h"
#include "http/exchange.h"
#include "http/listener.h"
#include "http/tls.h"
#include "wire/cleanup.h"
#include "wire/text.h"

struct HttpServer {
        sd_event *event;
        ExchangeContext exchange;
        Engine *local;  /* the socket's */
        Engine *tcp;    /* NULL: not listening yet */
        Engine *old[4]; /* with the certificates of before, until their connections have gone */
        Tls tls;        /* what tcp was made with */
        Listener **listeners;
        size_t n_listeners;
        char *issuer;
        void (*drained)(void *userdata);
        void *drained_userdata;
        sd_event_source *drain;
};

/* Takes the listener, also on failure. */
static int add_listener(Listener ***listeners, size_t *n_listeners, Listener *listener) {
        Listener **more = reallocarray(*listeners, *n_listeners + 1, sizeof(*more));
        if (!more) {
                listener_free(listener);
                return -ENOMEM;
        }
        *listeners = more;
        more[(*n_listeners)++] = listener;
        return 0;
}

static void on_accept(void *userdata, int fd, const Peer *peer, const Address *remote,
                      const Address *local) {
        HttpServer *server = userdata;
        Engine *engine = local ? server->tcp : server->local;
        Connection *connection = NULL;

        if (connections_admit(server->exchange.connections, peer))
                connection = connection_new(server->exchange.connections, fd, engine, peer);
        if (!connection) {
                log_debug("too many connections: %s is turned away", peer->remote);
                close(fd);
                return;
        }
        if (local)
                connection->local = *local;
        if (engine_add(engine, fd, &remote->any,
                       local ? address_size(remote) : sizeof(sa_family_t)) != 0 &&
            connections_find(server->exchange.connections, fd) == connection)
                connection_free(connection);
}

static int finish_drain(sd_event_source *source, void *userdata) {
        HttpServer *server = userdata;
        if (connections_count(server->exchange.connections) == 0 && server->drained) {
                void (*drained)(void *) = TAKE_PTR(server->drained);
                drained(server->drained_userdata);
        }
        return 0;
}

/* Within libmicrohttpd: the rest has to wait for the loop. */
static void on_closed(void *userdata) {
        HttpServer *server = userdata;
        if (server->drain)
                (void)sd_event_source_set_enabled(server->drain, SD_EVENT_ONESHOT);
}

/* http://, the first TCP address, or nothing better. */
static int derive_issuer(const Config *config, Listener *const *listeners, size_t n_listeners,
                         bool tls, char **ret) {
        const char *name = NULL;
        char *issuer = NULL;

        if (config->issuer)
                return (*ret = strdup(config->issuer)) ? 0 : -ENOMEM;
        for (size_t i = 0; !name && i < n_listeners; i++)
                if (listener_address(listeners[i]))
                        name = listener_name(listeners[i]);
        if (asprintf(&issuer, "%s://%s", name && tls ? "https" : "http",
                     name ? name : "localhost") < 0)
                return -ENOMEM;
        *ret = issuer;
        return 0;
}

static void set_issuer(HttpServer *server, char *issuer) {
        free(server->issuer);
        server->issuer = issuer;
        server->exchange.http.issuer = issuer;
}

int http_server_new(sd_event *event, Authority *authority, const Config *config, const Clock *clock,
                    HttpServer **ret) {
        _cleanup_(http_server_freep) HttpServer *server = calloc(1, sizeof(*server));
        char *issuer;
        int r;

        if (!server)
                return -ENOMEM;
        server->event = sd_event_ref(event);
        server->exchange = (ExchangeContext){
                .http = { .authority = authority, .config = config, .clock = clock },
                .closed = on_closed,
                .closed_userdata = server,
        };
        server->exchange.http.sorting = slots_new(ACCOUNT_LISTS_SORTING_MAX);
        server->exchange.http.pool = request_pool_new();
        if (!server->exchange.http.sorting || !server->exchange.http.pool)
                return -ENOMEM;
        r = derive_issuer(config, NULL, 0, false, &issuer);
        if (r != 0)
                return r;
        set_issuer(server, issuer);
        r = connections_new(event, clock, &server->exchange.connections);
        if (r != 0)
                return r;
        connections_set_limits(server->exchange.connections, config->connections_max,
                               config->request_timeout);
        r = engine_new(event, &server->exchange, NULL, NULL, &server->local);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(server);
        return 0;
}

static void free_listeners(Listener **listeners, size_t n_listeners) {
        for (size_t i = 0; i < n_listeners; i++)
                listener_free(listeners[i]);
        free(listeners);
}

/* Whoever still waits for the core there is answered 503. */
static Engine *end_engine(HttpServer *server, Engine *engine) {
        Connection *connection;

        if (!engine)
                return NULL;
        connection = connections_first(server->exchange.connections);
        for (; connection; connection = connection_next(connection))
                if (connection->engine == engine && connection->exchange)
                        exchange_abandon(connection->exchange);
        engine_run(engine);
        return engine_free(engine);
}

HttpServer *http_server_free(HttpServer *server) {
        if (!server)
                return NULL;
        free_listeners(server->listeners, server->n_listeners);
        server->exchange.closed = NULL;
        end_engine(server, server->local);
        end_engine(server, server->tcp);
        for (size_t i = 0; i < ELEMENTSOF(server->old); i++)
                end_engine(server, server->old[i]);
        tls_done(&server->tls);
        connections_free(server->exchange.connections);
        slots_unref(server->exchange.http.sorting);
        request_pool_free(server->exchange.http.pool);
        sd_event_source_disable_unref(server->drain);
        free(server->issuer);
        sd_event_unref(server->event);
        free(server);
        return NULL;
}

void http_server_freep(HttpServer **server) {
        http_server_free(*server);
}

static int refuse_plain(const char *name, char **ret_message) {
        if (asprintf(ret_message,
                     "%s is no loopback address: set CertificateFile= and KeyFile=", name) < 0)
                *ret_message = NULL;
        return -EINVAL;
}

/* Passwords and tokens leave the machine encrypted or not at all. */
static int check_encryption(Listener *const *listeners, size_t n_listeners, const Tls *tls,
                            char **ret_message) {
        for (size_t i = 0; i < n_listeners; i++) {
                const Address *address = listener_address(listeners[i]);
                if (address && !address_is_loopback(address) && !tls_is_set(tls))
                        return refuse_plain(listener_name(listeners[i]), ret_message);
        }
        return 0;
}

typedef struct Setup {
        HttpServer *server;
        Listener **listeners; /* what is to be: kept ones and new ones */
        size_t n_listeners;
        size_t n_kept; /* they come first, and are the server's until commit */
        Tls tls;
        Engine *tcp; /* NULL: the one that is there */
        char *issuer;
} Setup;

static void setup_done(Setup *setup) {
        for (size_t i = setup->n_kept; i < setup->n_listeners; i++)
                listener_free(setup->listeners[i]);
        free(setup->listeners);
        tls_done(&setup->tls);
        engine_free(setup->tcp);
        free(setup->issuer);
}

static ListenerOptions listener_options(HttpServer *server) {
        return (ListenerOptions){ .event = server->event,
                                  .handler = on_accept,
                                  .userdata = server };
}

static bool is_listed(const Config *config, const Listener *listener) {
        const char *text = listener_text(listener);
        /* The Unix socket and inherited ones stay. */
        return !text || !listener_address(listener) || strv_contains(config->listen, text);
}

static int keep_listeners(Setup *setup, const Config *config) {
        HttpServer *server = setup->server;

        setup->listeners = calloc(server->n_listeners + 1, sizeof(*setup->listeners));
        if (!setup->listeners)
                return -ENOMEM;
        for (size_t i = 0; i < server->n_listeners; i++)
                if (is_listed(config, server->listeners[i]))
                        setup->listeners[setup->n_kept++] = server->listeners[i];
        setup->n_listeners = setup->n_kept;
        return 0;
}

static bool has_listener(const Setup *setup, const char *text) {
        for (size_t i = 0; i < setup->n_listeners; i++)
                if (streq_ptr(listener_text(setup->listeners[i]), text))
                        return true;
        return false;
}

static bool has_inherited(const Setup *setup, bool tcp) {
        for (size_t i = 0; i < setup->n_listeners; i++)
                if (!listener_text(setup->listeners[i]) &&
                    !listener_address(setup->listeners[i]) == !tcp)
                        return true;
        return false;
}

static int open_listeners(Setup *setup, const Config *config, char **ret_message) {
        const ListenerOptions options = listener_options(setup->server);
        Listener *listener;
        int r;

        if (!has_inherited(setup, false) && !has_listener(setup, config->socket)) {
                r = listener_new_unix(&options, config->socket, &listener, ret_message);
                if (r == 0)
                        r = add_listener(&setup->listeners, &setup->n_listeners, listener);
                if (r != 0)
                        return r;
        }
        if (has_inherited(setup, true))
                return 0;
        for (char **text = config->listen; text && *text; text++) {
                if (has_listener(setup, *text))
                        continue;
                r = listener_new_tcp(&options, *text, &listener, ret_message);
                if (r == 0)
                        r = add_listener(&setup->listeners, &setup->n_listeners, listener);
                if (r != 0)
                        return r;
        }
        return 0;
}

static int adopt_listeners(Setup *setup, const int *fds, size_t n_fds, char **ret_message) {
        const ListenerOptions options = listener_options(setup->server);
        Listener *listener;

        for (size_t i = 0; i < n_fds; i++) {
                int r = listener_new_inherited(&options, fds[i], &listener, ret_message);
                if (r == 0)
                        r = add_listener(&setup->listeners, &setup->n_listeners, listener);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* Everything that can fail. */
static int prepare(Setup *setup, const Config *config, char **ret_message) {
        HttpServer *server = setup->server;
        int r = tls_load(config->certificate_file, config->key_file, &setup->tls, ret_message);

        if (r == 0)
                r = open_listeners(setup, config, ret_message);
        if (r == 0)
                r = check_encryption(setup->listeners, setup->n_listeners, &setup->tls,
                                     ret_message);
        if (r == 0 && (!server->tcp || !tls_equal(&setup->tls, &server->tls))) {
                r = engine_new(server->event, &server->exchange, tls_certificate(&setup->tls),
                               tls_key(&setup->tls), &setup->tcp);
                if (r == -EINVAL && asprintf(ret_message, "%s, %s: no certificate and its key",
                                             config->certificate_file, config->key_file) < 0)
                        *ret_message = NULL;
        }
        if (r == 0)
                r = derive_issuer(config, setup->listeners, setup->n_listeners,
                                  tls_is_set(&setup->tls), &setup->issuer);
        return r;
}

/* A place for the engine that is replaced; its connections go on in it, unless there are too many
 * such engines already: then the oldest ends. */
static void retire_engine(HttpServer *server, Engine *engine) {
        size_t last = ELEMENTSOF(server->old) - 1;

        for (size_t i = 0; i <= last; i++)
                if (server->old[i] && engine_n_connections(server->old[i]) == 0)
                        server->old[i] = engine_free(server->old[i]);
        end_engine(server, server->old[last]);
        memmove(&server->old[1], &server->old[0], last * sizeof(server->old[0]));
        server->old[0] = engine;
}

/* Nothing here can fail. */
static void commit(Setup *setup) {
        HttpServer *server = setup->server;

        for (size_t i = 0; i < server->n_listeners; i++) {
                bool kept = false;
                for (size_t k = 0; k < setup->n_kept; k++)
                        kept |= setup->listeners[k] == server->listeners[i];
                if (!kept)
                        listener_free(server->listeners[i]);
        }
        free(server->listeners);
        server->listeners = TAKE_PTR(setup->listeners);
        server->n_listeners = setup->n_listeners;
        for (size_t i = setup->n_kept; i < server->n_listeners; i++)
                log_info("listening on %s", listener_name(server->listeners[i]));
        setup->n_listeners = setup->n_kept = 0;
        if (setup->tcp) {
                if (server->tcp)
                        retire_engine(server, server->tcp);
                server->tcp = TAKE_PTR(setup->tcp);
        }
        tls_done(&server->tls);
        server->tls = TAKE(setup->tls, TLS_INIT);
        set_issuer(server, TAKE_PTR(setup->issuer));
}

int http_server_listen(HttpServer *server, const int *fds, size_t n_fds, char **ret_message) {
        _cleanup_(setup_done) Setup setup = { .server = server };
        const Config *config = server->exchange.http.config;
        int r;

        *ret_message = NULL;
        r = keep_listeners(&setup, config);
        if (r == 0)
                r = adopt_listeners(&setup, fds, n_fds, ret_message);
        if (r == 0)
                r = prepare(&setup, config, ret_message);
        if (r == 0)
                commit(&setup);
        return r;
}

int http_server_set_config(HttpServer *server, const Config *config, char **ret_message) {
        _cleanup_(setup_done) Setup setup = { .server = server };
        int r;

        *ret_message = NULL;
        r = keep_listeners(&setup, config);
        if (r == 0)
                r = prepare(&setup, config, ret_message);
        if (r != 0)
                return r;
        commit(&setup);
        server->exchange.http.config = config;
        connections_set_limits(server->exchange.connections, config->connections_max,
                               config->request_timeout);
        return 0;
}

const char *http_server_issuer(const HttpServer *server) {
        return server->issuer;
}

void http_server_set_health(HttpServer *server, const HealthSource *health) {
        server->exchange.http.health = *health;
}

void http_server_drain(HttpServer *server, void (*done)(void *userdata), void *userdata) {
        Connection *connection;

        free_listeners(TAKE_PTR(server->listeners), TAKE(server->n_listeners, 0));
        server->exchange.is_draining = true;
        server->drained = done;
        server->drained_userdata = userdata;
        if (!server->drain &&
            sd_event_add_defer(server->event, &server->drain, finish_drain, server) < 0) {
                done(userdata);
                return;
        }
        /* What has been sent is still read and answered; then comes the end. */
        connection = connections_first(server->exchange.connections);
        for (; connection; connection = connection_next(connection))
                if (!connection->exchange)
                        connection_shut_down(connection, SHUT_RD);
}
