/* RFC 8414: what an OAuth client needs to know of this server, told from the tables of routes and
 * grants, so that nothing is promised that is not there. */

#include <errno.h>
#include <stdio.h>

#include "core/grant.h"
#include "http/route.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* The endpoints that the standard has a name for. */
static const struct {
        const char *name;
        const char *pattern;
} endpoints[] = {
        { "token_endpoint", "/oauth/token" },
        { "introspection_endpoint", "/oauth/introspect" },
        { "revocation_endpoint", "/oauth/revoke" },
};

static const Route *find_post(const char *pattern) {
        for (const RouteTable *const *table = route_tables; *table; table++)
                for (size_t i = 0; i < (*table)->n_routes; i++) {
                        const Route *route = &(*table)->routes[i];
                        if (streq(route->method, "POST") && streq(route->pattern, pattern))
                                return route;
                }
        return NULL;
}

static int write_endpoint(JsonWriter *w, const char *issuer, const char *name, const Route *route) {
        size_t size = strlen(issuer);
        _cleanup_(freep) char *url = NULL, *methods = NULL;

        if (size > 0 && issuer[size - 1] == '/')
                size--;
        if (asprintf(&url, "%.*s%s", (int)size, issuer, route->pattern) < 0 ||
            asprintf(&methods, "%s_auth_methods_supported", name) < 0)
                return -ENOMEM;
        json_write_text(w, name, url);
        json_write_array(w, methods);
        json_write_text(w, NULL, "client_secret_basic");
        if (route->flags & ROUTE_CLIENT_FORM)
                json_write_text(w, NULL, "client_secret_post");
        json_write_array_end(w);
        return 0;
}

static int metadata(Request *request) {
        const char *issuer = request->context->issuer;
        JsonWriter w = JSON_WRITER(&request->reply.body);

        json_write_object(&w, NULL);
        json_write_text(&w, "issuer", issuer);
        for (size_t i = 0; i < ELEMENTSOF(endpoints); i++) {
                const Route *route = find_post(endpoints[i].pattern);
                int r = route ? write_endpoint(&w, issuer, endpoints[i].name, route) : 0;
                if (r != 0)
                        return r;
        }
        json_write_array(&w, "grant_types_supported");
        for (size_t i = 0; grant_type_name(i); i++)
                json_write_text(&w, NULL, grant_type_name(i));
        json_write_array_end(&w);
        /* Required; there is no authorization endpoint to respond. */
        json_write_array(&w, "response_types_supported");
        json_write_array_end(&w);
        json_write_object_end(&w);
        request->reply.status = 200;
        return json_write_end(&w);
}

/* clang-format off */
static const Route routes[] = {
        { "GET", "/.well-known/oauth-authorization-server", metadata, BODY_NONE, ROUTE_OPEN, NULL,
          "Metadata (RFC 8414)", "",
          "200 issuer! token_endpoint introspection_endpoint revocation_endpoint "
          "token_endpoint_auth_methods_supported[] introspection_endpoint_auth_methods_supported[] "
          "revocation_endpoint_auth_methods_supported[] grant_types_supported[] "
          "response_types_supported[]!" },
};
/* clang-format on */

const RouteTable metadata_routes = ROUTE_TABLE(routes);
