#pragma once

/* HTTP over the Unix socket and TCP: our listeners, two libmicrohttpd daemons, one sd-event loop.
 */

#include <systemd/sd-event.h>

#include "core/authority.h"
#include "http/request.h"

typedef struct HttpServer HttpServer;

/* Borrows everything. No listener yet. */
int http_server_new(sd_event *event, Authority *authority, const Config *config, const Clock *clock,
                    HttpServer **ret);
HttpServer *http_server_free(HttpServer *server);
void http_server_freep(HttpServer **server);

/* Whom GET /healthz asks besides the authority; copied. */
void http_server_set_health(HttpServer *server, const HealthSource *health);

/* Binds config's Socket= and Listen=; sockets inherited under the name "http" are taken in their
 * place (fds is NULL-able, the server takes those it uses). -EADDRINUSE: somebody answers there.
 * ret_message says what failed, file or address named; the caller frees it. */
int http_server_listen(HttpServer *server, const int *fds, size_t n_fds, char **ret_message);
/* Opens what the new configuration has more, then closes what it has less. On failure all is as
 * before. */
int http_server_set_config(HttpServer *server, const Config *config, char **ret_message);
/* "http://127.0.0.1:7450": Issuer=, or derived from the first TCP address, or "http://localhost".
 */
const char *http_server_issuer(const HttpServer *server);
/* No new connections; done() once the last request was answered. */
void http_server_drain(HttpServer *server, void (*done)(void *userdata), void *userdata);
