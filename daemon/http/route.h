#pragma once

/* Tables of routes: one a family of endpoints, or one a dialect. */

#include <stdbool.h>
#include <stddef.h>

#include "http/request.h"

enum BodyKind {
        BODY_NONE, /* whatever comes is not read */
        BODY_FORM,
        BODY_JSON,  /* an object; no body is an empty one */
        BODY_LOOSE, /* a form whatever its type says, or an object, whose texts become fields */
        BODY_ANY,   /* the handler reads it */
};

enum RouteFlag {
        ROUTE_OPEN = 1 << 0,        /* nobody is asked who it is */
        ROUTE_GRANT = 1 << 1,       /* refusals as RFC 6749 section 5.2 has them */
        ROUTE_CLIENT_FORM = 1 << 2, /* client_id and client_secret may stand in the form */
        ROUTE_SOCKET = 1 << 3,      /* does not exist on TCP */
        ROUTE_RAW_TOKEN = 1 << 4,   /* an Authorization without a scheme is a Bearer token */
        ROUTE_BULK = 1 << 5,        /* the body may be as large as BulkMaximum= asks for */
        ROUTE_SLASH = 1 << 6,       /* one more slash at the end of the path says nothing */
};

/* How a dialect says no. The reply is RFC 6749's already, with status, challenge and Retry-After;
 * this puts its own in place. r is a Reason or a negative errno, -EOPNOTSUPP being another method
 * (405); detail is a sentence, never NULL. */
typedef void (*RouteFail)(Request *request, int r, const char *detail);

struct Route {
        const char *method;
        const char *pattern; /* "/v1/users/:id"; a parameter is a whole segment, and not empty */
        /* Calls the core after request_await(), or sets request->reply. 0, a negative errno or a
         * Reason, which are answered for it. */
        int (*handle)(Request *request);
        enum BodyKind body;
        unsigned flags;
        RouteFail fail; /* NULL: RFC 6749's object will do */
        /* What the OpenAPI description says, which is made of these rows. Members are words:
         * "name" a text, "name#" a whole number, "name?" true or false, "name[]" texts, "name{}" an
         * object, "name[{}]" objects; with a "!" behind it is required. */
        const char *summary;
        const char *takes; /* members of the body; without a body, of the query */
        const char *gives; /* the status, then members of the reply */
};

typedef struct RouteTable {
        const Route *routes;
        size_t n_routes;
} RouteTable;

#define ROUTE_TABLE(array) ((RouteTable){ (array), sizeof(array) / sizeof((array)[0]) })

/* All that the server has: NULL-terminated. */
extern const RouteTable *const route_tables[];

extern const RouteTable oauth_routes;
extern const RouteTable oauth_marketing_routes;
extern const RouteTable token_api_routes;
extern const RouteTable enterprise_routes;
extern const RouteTable login_routes;
extern const RouteTable self_routes;
extern const RouteTable user_routes;
extern const RouteTable client_routes;
extern const RouteTable token_routes;
extern const RouteTable throttle_routes;
extern const RouteTable metadata_routes;
extern const RouteTable openapi_routes;
extern const RouteTable account_routes;
extern const RouteTable health_routes;

/* The OpenAPI description of these tables. 0 or a negative errno. */
int openapi_write(Secret *out, const char *issuer, const RouteTable *const *tables);

/* Finds the request's route by method and segments, and sets route and params. When the path exists
 * with other methods only: -EOPNOTSUPP, the reply's Allow, and the first one's way of refusing.
 * -ENOENT: no such path. HEAD is GET, but not where a GET issues something. */
int route_find(const RouteTable *const *tables, Request *request);
