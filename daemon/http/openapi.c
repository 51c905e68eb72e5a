/* OpenAPI 3.0, written from the tables of routes: a row more is a path more. A path stands there
 * once, with all of its methods, wherever their rows are. */

#include <errno.h>
#include <stdio.h>

#include "http/openapi-schema.h"
#include "http/route.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* Patterns and ids made of them. */
#define NAME_SIZE 128

static void write_reference(JsonWriter *w, const char *name, const char *target) {
        json_write_object(w, name);
        json_write_text(w, "$ref", target);
        json_write_object_end(w);
}

/* "/v1/users/:id" as "/v1/users/{id}". */
static void format_path(const char *pattern, char ret[static NAME_SIZE]) {
        size_t size = 0;
        bool is_open = false;

        for (; size < NAME_SIZE - 2; pattern++) {
                if (is_open && (*pattern == '/' || *pattern == '\0')) {
                        ret[size++] = '}';
                        is_open = false;
                }
                if (*pattern == '\0')
                        break;
                is_open |= *pattern == ':';
                ret[size++] = *pattern == ':' ? '{' : *pattern;
        }
        ret[size] = '\0';
}

/* "get_v1_users_id": unique, as the routes are. */
static void format_operation(const Route *route, char ret[static NAME_SIZE]) {
        size_t size = 0;

        for (const char *p = route->method; *p && size < NAME_SIZE / 2; p++)
                ret[size++] = (char)(*p | 0x20);
        for (const char *p = route->pattern; *p && size < NAME_SIZE - 1; p++)
                if (*p != ':')
                        ret[size++] = *p == '/' || *p == '-' || *p == '.' ? '_' : *p;
        ret[size] = '\0';
}

static void write_path_parameters(JsonWriter *w, const char *pattern) {
        for (const char *p = strchr(pattern, ':'); p; p = strchr(p, ':')) {
                size_t size = strcspn(++p, "/");
                char name[NAME_SIZE];

                snprintf(name, sizeof(name), "%.*s", (int)size, p);
                json_write_object(w, NULL);
                json_write_text(w, "name", name);
                json_write_text(w, "in", "path");
                json_write_bool(w, "required", true);
                schema_write_text(w, "schema");
                json_write_object_end(w);
        }
}

static void write_query_parameters(JsonWriter *w, const char *takes) {
        Member member;

        while (member_next(&takes, &member)) {
                json_write_object(w, NULL);
                json_write_text(w, "name", member.name);
                json_write_text(w, "in", "query");
                json_write_bool(w, "required", member.required);
                schema_write_member(w, "schema", &member);
                json_write_object_end(w);
        }
}

static void write_content(JsonWriter *w, const char *type, const char *members) {
        json_write_object(w, type);
        schema_write(w, "schema", members);
        json_write_object_end(w);
}

static const struct {
        const char *type;
        unsigned bodies;
} body_types[] = {
        { TYPE_FORM, 1 << BODY_FORM | 1 << BODY_LOOSE },
        { TYPE_JSON, 1 << BODY_JSON | 1 << BODY_LOOSE | 1 << BODY_ANY },
};

static void write_body(JsonWriter *w, const Route *route) {
        if (route->body == BODY_NONE)
                return;
        json_write_object(w, "requestBody");
        json_write_object(w, "content");
        for (size_t i = 0; i < ELEMENTSOF(body_types); i++)
                if (body_types[i].bodies & 1U << route->body)
                        write_content(w, body_types[i].type, route->takes);
        json_write_object_end(w);
        json_write_object_end(w);
}

static void write_responses(JsonWriter *w, const Route *route) {
        char status[] = { route->gives[0], route->gives[1], route->gives[2], '\0' };

        json_write_object(w, "responses");
        json_write_object(w, status);
        json_write_text(w, "description", "Done");
        json_write_object(w, "content");
        write_content(w, TYPE_JSON, route->gives + strlen(status));
        json_write_object_end(w);
        json_write_object_end(w);
        if (route->fail) {
                json_write_object(w, "default");
                json_write_text(w, "description", "Refused, in the words of this service");
                json_write_object_end(w);
        } else {
                write_reference(w, "default", "#/components/responses/Error");
        }
        json_write_object_end(w);
}

/* One of them is enough; the last, which is nothing at all, is the socket's peer credentials. */
static void write_security(JsonWriter *w, const Route *route) {
        static const char *const schemes[] = { "basic", "bearer", NULL };

        json_write_array(w, "security");
        for (size_t i = 0; i < ELEMENTSOF(schemes) && !(route->flags & ROUTE_OPEN); i++) {
                json_write_object(w, NULL);
                if (schemes[i]) {
                        json_write_array(w, schemes[i]);
                        json_write_array_end(w);
                }
                json_write_object_end(w);
        }
        json_write_array_end(w);
}

static void write_operation(JsonWriter *w, const Route *route) {
        char text[NAME_SIZE];

        snprintf(text, sizeof(text), "%s", route->method);
        for (char *p = text; *p; p++)
                *p = (char)(*p | 0x20);
        json_write_object(w, text);
        json_write_text(w, "summary", route->summary);
        format_operation(route, text);
        json_write_text(w, "operationId", text);
        json_write_array(w, "parameters");
        write_path_parameters(w, route->pattern);
        if (route->body == BODY_NONE)
                write_query_parameters(w, route->takes);
        json_write_array_end(w);
        write_body(w, route);
        write_responses(w, route);
        write_security(w, route);
        json_write_object_end(w);
}

/* The nth row of all tables; NULL: there are not so many. */
static const Route *route_at(const RouteTable *const *tables, size_t n) {
        for (; *tables; tables++) {
                if (n < (*tables)->n_routes)
                        return &(*tables)->routes[n];
                n -= (*tables)->n_routes;
        }
        return NULL;
}

static bool is_first(const RouteTable *const *tables, size_t n) {
        const char *pattern = route_at(tables, n)->pattern;

        for (size_t i = 0; i < n; i++)
                if (streq(route_at(tables, i)->pattern, pattern))
                        return false;
        return true;
}

static void write_paths(JsonWriter *w, const RouteTable *const *tables) {
        const Route *first, *route;

        json_write_object(w, "paths");
        for (size_t n = 0; (first = route_at(tables, n)); n++) {
                char path[NAME_SIZE];

                if (!is_first(tables, n))
                        continue;
                format_path(first->pattern, path);
                json_write_object(w, path);
                for (size_t i = n; (route = route_at(tables, i)); i++)
                        if (streq(route->pattern, first->pattern))
                                write_operation(w, route);
                json_write_object_end(w);
        }
        json_write_object_end(w);
}

static void write_scheme(JsonWriter *w, const char *name) {
        json_write_object(w, name);
        json_write_text(w, "type", "http");
        json_write_text(w, "scheme", name);
        json_write_object_end(w);
}

static void write_components(JsonWriter *w) {
        json_write_object(w, "components");
        json_write_object(w, "securitySchemes");
        write_scheme(w, "basic");
        write_scheme(w, "bearer");
        json_write_object_end(w);
        json_write_object(w, "responses");
        json_write_object(w, "Error");
        json_write_text(w, "description", "Refused (RFC 6749 section 5.2)");
        json_write_object(w, "content");
        write_content(w, TYPE_JSON, " error! error_description! reason");
        json_write_object_end(w);
        json_write_object_end(w);
        json_write_object_end(w);
        json_write_object_end(w);
}

int openapi_write(Secret *out, const char *issuer, const RouteTable *const *tables) {
        JsonWriter w = JSON_WRITER(out);

        json_write_object(&w, NULL);
        json_write_text(&w, "openapi", "3.0.3");
        json_write_object(&w, "info");
        json_write_text(&w, "title", "tokend");
        json_write_text(&w, "version", TOKEND_VERSION);
        json_write_object_end(&w);
        json_write_array(&w, "servers");
        json_write_object(&w, NULL);
        json_write_text(&w, "url", issuer);
        json_write_object_end(&w);
        json_write_array_end(&w);
        write_paths(&w, tables);
        write_components(&w);
        json_write_object_end(&w);
        return json_write_end(&w);
}

static int openapi(Request *request) {
        request->reply.status = 200;
        return openapi_write(&request->reply.body, request->context->issuer, route_tables);
}

/* clang-format off */
static const Route routes[] = {
        { "GET", "/openapi.json", openapi, BODY_NONE, ROUTE_OPEN, NULL,
          "This description", "", "200 openapi! info{}! paths{}!" },
};
/* clang-format on */

const RouteTable openapi_routes = ROUTE_TABLE(routes);
