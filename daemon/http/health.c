/* Whether tokend can do its work, for whoever watches it. Details are root's alone. */

#include "core/authority.h"
#include "http/route.h"

/* How far the clock stands before the latest time that the store has seen, s; 0: it does not. */
static int64_t clock_behind(const Clock *clock, int64_t mark) {
        int64_t now = clock_realtime(clock);

        return now < mark ? (mark - now + USEC_PER_SEC - 1) / USEC_PER_SEC : 0;
}

static void write_details(const HttpContext *context, const AuthorityStatus *status,
                          JsonWriter *w) {
        const HealthSource *source = &context->health;
        int64_t behind = clock_behind(context->clock, status->store.clock);

        json_write_int(w, "tokens", (int64_t)status->store.n_tokens);
        json_write_int(w, "logins", (int64_t)status->store.n_logins);
        json_write_int(w, "cached", (int64_t)status->cached);
        json_write_text(w, "bus", source->bus ? source->bus(source->userdata) : NULL);
        json_write_text(w, "userdb", source->userdb ? source->userdb(source->userdata) : NULL);
        if (behind > 0)
                json_write_int(w, "clock_behind", behind);
}

static int health(Request *request) {
        AuthorityStatus status = authority_status(request->context->authority);
        bool ok = status.store.error == 0;
        JsonWriter w = JSON_WRITER(&request->reply.body);

        json_write_object(&w, NULL);
        json_write_text(&w, "status", ok ? "ok" : "failing");
        json_write_text(&w, "version", TOKEND_VERSION);
        json_write_text(&w, "store", ok ? "ok" : reason_to_string(REASON_STORE_UNAVAILABLE));
        if (request->peer.door == DOOR_SOCKET && request->peer.uid == 0)
                write_details(request->context, &status, &w);
        json_write_object_end(&w);
        request->reply.status = ok ? 200 : 503;
        return json_write_end(&w);
}

/* clang-format off */
static const Route routes[] = {
        { "GET", "/healthz", health, BODY_NONE, ROUTE_OPEN, NULL,
          "Whether tokend can do its work",
          "", "200 status version store tokens# logins# cached# bus userdb clock_behind#" },
};
/* clang-format on */

const RouteTable health_routes = ROUTE_TABLE(routes);
