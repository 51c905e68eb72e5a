/* Who is slowed down after wrong passwords, for administrators. */

#include "core/throttle.h"

#include <errno.h>

#include "core/throttled.h"
#include "http/route.h"
#include "http/write.h"
#include "wire/text.h"

static void write_throttled(JsonWriter *w, const Throttled *throttled) {
        json_write_text(w, "user", throttled->user);
        json_write_text(w, "remote", throttled->remote);
        json_write_int(w, "failures", throttled->n_failures);
        json_write_int(w, "wait", throttled->wait);
        json_write_int(w, "last", throttled->last / USEC_PER_SEC);
}

static int write_list(Request *request, Answer *answer, JsonWriter *w) {
        json_write_array(w, "throttle");
        for (size_t i = 0; i < answer->n_throttled; i++) {
                json_write_object(w, NULL);
                write_throttled(w, &answer->throttled[i]);
                json_write_object_end(w);
        }
        json_write_array_end(w);
        json_write_text(w, "next", answer->cursor);
        return 0;
}

static int throttle_list_handle(Request *request) {
        const char *cursor;
        unsigned limit;
        int r = request_query_page(request, &limit, &cursor);

        if (r != 0)
                return r;
        request_await(request, 200, write_list);
        authority_throttle_list(request->context->authority, &request->caller,
                                request_query(request, "user"), cursor, limit, request_answered,
                                request);
        return 0;
}

static int write_cleared(Request *request, Answer *answer, JsonWriter *w) {
        json_write_int(w, "cleared", (int64_t)answer->n_cleared);
        return 0;
}

/* As with tokens: everybody is forgiven only when that is spelled out. */
static int throttle_clear_handle(Request *request) {
        ThrottleClearRequest *clear = request_alloc(request, sizeof(*clear));
        const char *all = request_query(request, "all");

        if (!clear)
                return -ENOMEM;
        if (all && !streq(all, "true") && !streq(all, "1"))
                return REASON_INVALID_REQUEST;
        *clear = (ThrottleClearRequest){
                .user = request_query(request, "user"),
                .remote = request_query(request, "remote"),
                .all = all != NULL,
        };
        request_await(request, 200, write_cleared);
        authority_throttle_clear(request->context->authority, &request->caller, clear,
                                 request_answered, request);
        return 0;
}

/* clang-format off */
static const Route routes[] = {
        { "GET",    "/v1/throttle", throttle_list_handle,  BODY_NONE, 0, NULL,
          "List who is slowed down after wrong passwords", "user limit# cursor",
          "200 throttle[{}] next" },
        { "DELETE", "/v1/throttle", throttle_clear_handle, BODY_NONE, 0, NULL,
          "Forget wrong passwords", "user remote all?", "200 cleared#" },
};
/* clang-format on */

const RouteTable throttle_routes = ROUTE_TABLE(routes);
