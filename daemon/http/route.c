/* Matching: the first row wins, whole segments, byte by byte, decoded: "a%2Fb" is one segment. */

#include "http/route.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/text.h"

const RouteTable *const route_tables[] = {
        &oauth_routes,      &oauth_marketing_routes, &token_api_routes,
        &enterprise_routes, &login_routes,           &self_routes,
        &user_routes,       &client_routes,          &token_routes,
        &account_routes,    &throttle_routes,        &metadata_routes,
        &openapi_routes,    &health_routes,          NULL,
};

/* Whether the pattern fits the path; ret_params are the segments where it has a name. */
static bool pattern_fits(const Route *route, const Request *request,
                         const char *ret_params[static ROUTE_PARAMS_MAX]) {
        size_t n_params = 0, n_segments = request->n_segments;
        const char *pattern = route->pattern;

        if ((route->flags & ROUTE_SLASH) && request->segments[n_segments - 1].size == 0)
                n_segments--;
        for (size_t i = 0; i < n_segments; i++) {
                const Secret *segment = &request->segments[i];
                size_t size;

                if (*pattern++ != '/')
                        return false;
                size = strcspn(pattern, "/");
                if (*pattern == ':') {
                        if (segment->size == 0 || n_params == ROUTE_PARAMS_MAX)
                                return false;
                        ret_params[n_params++] = secret_text(segment);
                } else if (size != segment->size ||
                           memcmp(pattern, secret_text(segment), size) != 0) {
                        return false;
                }
                pattern += size;
        }
        return *pattern == '\0';
}

/* What a GET gives that issues nothing (RFC 9110 section 9.2.1). */
static bool answers_head(const Route *route) {
        return streq(route->method, "GET") && !(route->flags & ROUTE_GRANT);
}

static bool method_fits(const Route *route, const char *method) {
        return streq(route->method, method) || (streq(method, "HEAD") && answers_head(route));
}

static void allow(Reply *reply, const char *method) {
        size_t size = strlen(reply->allow);

        if (!strstr(reply->allow, method))
                snprintf(reply->allow + size, sizeof(reply->allow) - size, "%s%s",
                         size > 0 ? ", " : "", method);
}

int route_find(const RouteTable *const *tables, Request *request) {
        bool found = false;

        for (; request->n_segments > 0 && *tables; tables++)
                for (size_t i = 0; i < (*tables)->n_routes; i++) {
                        const Route *route = &(*tables)->routes[i];
                        const char *params[ROUTE_PARAMS_MAX] = { NULL };

                        if ((route->flags & ROUTE_SOCKET) && request->peer.door != DOOR_SOCKET)
                                continue;
                        if (!pattern_fits(route, request, params))
                                continue;
                        if (method_fits(route, request->method)) {
                                memcpy(request->params, params, sizeof(params));
                                request->route = route;
                                request->fail = route->fail;
                                request->reply.allow[0] = '\0';
                                return 0;
                        }
                        allow(&request->reply, route->method);
                        if (answers_head(route))
                                allow(&request->reply, "HEAD");
                        if (!found)
                                request->fail = route->fail;
                        found = true;
                }
        return found ? -EOPNOTSUPP : -ENOENT;
}
