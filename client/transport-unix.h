#pragma once

/* One HTTP/1.1 request over the local socket, with one deadline on the monotonic clock. libc only:
 * the PAM module lives on this. No signal, no SIGPIPE, no descriptor below 3, nothing left open. */

#include <stdbool.h>
#include <sys/types.h>

#include "wire/secret.h"

typedef struct HttpReply {
        int status;
        bool is_json;     /* by its Content-Type */
        long retry_after; /* s; -1: none */
        Secret body;      /* at most BODY_MAX unless reply_max says more */
} HttpReply;

#define HTTP_REPLY_INIT ((HttpReply){ .retry_after = -1 })
void http_reply_done(HttpReply *reply);

/* The value of a Content-Type header, with or without parameters. */
bool content_type_is_json(const char *value);

typedef struct HttpRequest {
        const char *method;
        const char *path;         /* with the query; already encoded */
        const char *content_type; /* NULL: no body */
        const Secret *body;
        const char *authorization; /* the header's value; NULL: none */
        size_t reply_max;          /* 0: BODY_MAX */
} HttpRequest;

/* Before a byte is sent: the socket's folder must be root's, the server's or ours and not writable
 * by others, the socket no link, and the server's uid (SO_PEERCRED) 0, trusted_uid or our own euid.
 * 0, -errno (-ENOENT, -ECONNREFUSED, -EACCES: nobody there), -EBADMSG (a reply that is none),
 * -ETIMEDOUT, or REASON_PEER_UNTRUSTED. A full backlog is tried again until the deadline. */
int transport_unix_call(const char *socket_path, uid_t trusted_uid, unsigned timeout_msec,
                        const HttpRequest *request, HttpReply *ret);
