#pragma once

/* The way to tokend that a handle was told: the local socket, or a base URL. */

#include "transport-curl.h"
#include "transport-unix.h"

typedef struct Transport {
        char *socket_path;
        char *url; /* NULL: the socket */
        unsigned timeout_msec;
        TransportCurl *curl; /* NULL until the first call by URL */
} Transport;

int transport_init(Transport *ret);
void transport_done(Transport *transport);

/* Each leaves the transport as it was on failure. -EINVAL: not absolute, too long for a socket
 * address; no http:// or https:// URL of a host, or one with a user, a query or a fragment. */
int transport_set_socket(Transport *transport, const char *path);
int transport_set_url(Transport *transport, const char *url);

/* Where requests go, for messages. */
const char *transport_place(const Transport *transport);

/* As transport_unix_call() and transport_curl_call(). */
int transport_call(Transport *transport, const HttpRequest *request, HttpReply *ret,
                   char ret_detail[static TRANSPORT_DETAIL_MAX]);
