#pragma once

/* Tables of routes: one a family of endpoints, or one a dialect. */

#include <stdbool.h>
#include <stddef.h>

#include "http/request.h"

enum BodyKind {
        BODY_NONE, /* whatever comes is not read */
        BODY_FORM,
        BODY_JSON, /* an object; no body is an empty one */
        BODY_ANY,  /* the handler reads it */
};

enum RouteFlag {
        ROUTE_OPEN = 1 << 0,        /* nobody is asked who it is */
        ROUTE_GRANT = 1 << 1,       /* refusals as RFC 6749 section 5.2 has them */
        ROUTE_CLIENT_FORM = 1 << 2, /* client_id and client_secret may stand in the form */
        ROUTE_SOCKET = 1 << 3,      /* does not exist on TCP */
};

struct Route {
        const char *method;
        const char *pattern; /* "/v1/users/:id"; a parameter is a whole segment, and not empty */
        /* Calls the core after request_await(), or sets request->reply. 0, a negative errno or a
         * Reason, which are answered for it. */
        int (*handle)(Request *request);
        enum BodyKind body;
        unsigned flags;
};

typedef struct RouteTable {
        const Route *routes;
        size_t n_routes;
} RouteTable;

#define ROUTE_TABLE(array) ((RouteTable){ (array), sizeof(array) / sizeof((array)[0]) })

/* All that the server has: NULL-terminated. */
extern const RouteTable *const route_tables[];

extern const RouteTable oauth_routes;
extern const RouteTable login_routes;
extern const RouteTable self_routes;
extern const RouteTable user_routes;
extern const RouteTable client_routes;
extern const RouteTable token_routes;
extern const RouteTable health_routes;

/* Finds the request's route by method and segments, and sets route and params. When the path exists
 * with other methods only: -EOPNOTSUPP and the reply's Allow. -ENOENT: no such path. HEAD is GET.
 */
int route_find(const RouteTable *const *tables, Request *request);
