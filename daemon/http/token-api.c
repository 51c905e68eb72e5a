/* /Token: a token for a user's name and password, once in a while. Its clients send a form with
 * GET, call it JSON, and expect eight members and no other. */

#include <errno.h>

#include "http/date.h"
#include "http/grant-form.h"
#include "http/route.h"
#include "http/status.h"
#include "http/write.h"
#include "wire/text.h"

/* Both dates from whole seconds: their difference is expires_in to the second. */
static int write_token_answer(Request *request, Answer *answer, JsonWriter *w) {
        int64_t issued = answer->token->created / USEC_PER_SEC;
        int64_t seconds = token_seconds(answer->token);
        char date[DATE_HTTP_SIZE];

        json_write_secret(w, "access_token", &answer->access_token);
        json_write_text(w, "token_type", "bearer");
        json_write_int(w, "expires_in", seconds);
        json_write_text(w, "userName", answer->user->name);
        json_write_text(w, "userId", answer->user->id);
        json_write_text(w, "role", answer->user->role ? answer->user->role : "");
        date_http(issued, date);
        json_write_text(w, ".issued", date);
        date_http(issued + seconds, date);
        json_write_text(w, ".expires", date);
        return 0;
}

static bool has_query(const Request *request) {
        static const char *const names[] = { "grant_type", "username", "password", "scope" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (request_query(request, names[i]))
                        return true;
        return false;
}

static int token(Request *request) {
        GrantRequest *grant;

        if (has_query(request))
                return request_refuse(request, REASON_INVALID_REQUEST,
                                      "parameters belong in the body, not in the query");
        grant = grant_form_read(request);
        if (!grant)
                return -ENOMEM;
        if (!grant->grant_type || !streq(grant->grant_type, "password"))
                return request_refuse(request, REASON_UNSUPPORTED_GRANT,
                                      "grant_type must be password");
        if (!grant->username)
                return request_refuse(request, REASON_INVALID_REQUEST, "username is missing");
        grant->email = NULL;
        grant->token_api = true;
        return grant_form_call(request, grant, write_token_answer);
}

static void fail(Request *request, int r, const char *detail) {
        Status status = status_of(r, true);

        if (r == -EOPNOTSUPP)
                status = (Status){ request->reply.status, "invalid_request" };
        reply_set_object(&request->reply, status.code, status.error, detail);
}

#define TOKEN_API_MEMBERS                                                                          \
        "access_token! token_type! expires_in#! userName! userId! role! .issued! .expires!"

/* clang-format off */
static const Route routes[] = {
        { "GET",  "/Token", token, BODY_LOOSE, ROUTE_GRANT, fail,
          "A token for a user's name and password", "grant_type! username! password!",
          "200 " TOKEN_API_MEMBERS },
        { "POST", "/Token", token, BODY_LOOSE, ROUTE_GRANT, fail,
          "A token for a user's name and password", "grant_type! username! password!",
          "200 " TOKEN_API_MEMBERS },
};
/* clang-format on */

const RouteTable token_api_routes = ROUTE_TABLE(routes);
