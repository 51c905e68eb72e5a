#pragma once

/* One libmicrohttpd daemon without listeners of its own, on the sd-event loop. */

#include <systemd/sd-event.h>

#include "http/connection.h"

typedef struct Engine Engine;
struct ExchangeContext;

/* certificate and key are PEM texts, or NULL for plain HTTP. Borrows context. */
int engine_new(sd_event *event, const struct ExchangeContext *context, const char *certificate,
               const char *key, Engine **ret);
/* Ends all its connections. None of its requests may wait for an answer (exchange_abandon()). */
Engine *engine_free(Engine *engine);
bool engine_has_tls(const Engine *engine);
unsigned engine_n_connections(const Engine *engine);
/* Takes the socket, also on failure. */
int engine_add(Engine *engine, int fd, const struct sockaddr *address, socklen_t size);
/* Something was resumed: look at it in this turn of the loop. */
void engine_wake(Engine *engine);
/* Works off what can be worked off now. */
void engine_run(Engine *engine);
