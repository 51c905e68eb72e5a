/* Administration of clients. A secret that tokend made is shown once, in the answer to the POST. */

#include "core/clients.h"

#include <errno.h>

#include "http/route.h"
#include "http/write.h"
#include "wire/text.h"

static int write_added(Request *request, Answer *answer, JsonWriter *w) {
        write_client(w, answer->client);
        if (!secret_is_empty(&answer->client_secret))
                json_write_secret(w, "client_secret", &answer->client_secret);
        return 0;
}

static int write_one(Request *request, Answer *answer, JsonWriter *w) {
        write_client(w, answer->client);
        return 0;
}

static int write_removed(Request *request, Answer *answer, JsonWriter *w) {
        write_client(w, answer->client);
        return write_revoked_answer(request, answer, w);
}

static int read_client(Request *request, ClientAddRequest *client) {
        const char *introspect = NULL;
        int r = request_json_text(request, "client_id", &client->id);

        if (r == 0)
                r = request_json_text(request, "introspect", &introspect);
        if (r == 0)
                r = request_json_strv(request, "grants", &client->grants);
        if (r == 0)
                r = request_json_strv(request, "scopes", &client->scopes);
        if (r == 0)
                r = request_json_strv(request, "issue_for", &client->issue_for);
        if (r == 0)
                r = request_json_seconds(request, "access_lifetime", &client->access_lifetime);
        if (r == 0)
                r = request_json_seconds(request, "refresh_lifetime", &client->refresh_lifetime);
        if (r == 0)
                r = request_json_secret(request, "client_secret", &client->secret);
        if (r != 0)
                return r;
        if (!client->id)
                return REASON_INVALID_REQUEST;
        if (introspect && !streq(introspect, "all") && !streq(introspect, "own"))
                return REASON_INVALID_VALUE;
        client->introspect_own_only = introspect && streq(introspect, "own");
        return 0;
}

static int client_add(Request *request) {
        ClientAddRequest *client = request_alloc(request, sizeof(*client));
        int r;

        if (!client)
                return -ENOMEM;
        r = read_client(request, client);
        if (r != 0)
                return r;
        request_await(request, 201, write_added);
        authority_client_add(request->context->authority, &request->caller, client,
                             request_answered, request);
        return 0;
}

static int write_list(Request *request, Answer *answer, JsonWriter *w) {
        json_write_array(w, "clients");
        for (size_t i = 0; i < answer->n_clients; i++) {
                json_write_object(w, NULL);
                write_client(w, answer->clients[i]);
                json_write_object_end(w);
        }
        json_write_array_end(w);
        json_write_text(w, "next", answer->cursor);
        return 0;
}

static int client_list(Request *request) {
        const char *cursor;
        unsigned limit;
        int r = request_query_page(request, &limit, &cursor);

        if (r != 0)
                return r;
        request_await(request, 200, write_list);
        authority_client_list(request->context->authority, &request->caller, cursor, limit,
                              request_answered, request);
        return 0;
}

static int client_get(Request *request) {
        request_await(request, 200, write_one);
        authority_client_get(request->context->authority, &request->caller, request->params[0],
                             request_answered, request);
        return 0;
}

static int client_remove(Request *request) {
        request_await(request, 200, write_removed);
        authority_client_remove(request->context->authority, &request->caller, request->params[0],
                                request_answered, request);
        return 0;
}

/* clang-format off */
static const Route routes[] = {
        { "POST",   "/v1/clients",     client_add,    BODY_JSON, 0, NULL,
          "Register a client",
          "client_id! client_secret grants[] scopes[] issue_for[] introspect access_lifetime# "
          "refresh_lifetime#", "201 client_secret " CLIENT_MEMBERS },
        { "GET",    "/v1/clients",     client_list,   BODY_NONE, 0, NULL,
          "List clients", "limit# cursor", "200 clients[{}] next" },
        { "GET",    "/v1/clients/:id", client_get,    BODY_NONE, 0, NULL,
          "Show a client", "", "200 " CLIENT_MEMBERS },
        { "DELETE", "/v1/clients/:id", client_remove, BODY_NONE, 0, NULL,
          "Remove a client and revoke its tokens", "", "200 " CLIENT_MEMBERS " revoked#" },
};
/* clang-format on */

const RouteTable client_routes = ROUTE_TABLE(routes);
