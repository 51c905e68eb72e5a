/* The one way of every request. Credentials are checked before the handler reads anything, so no
 * endpoint can forget to. */

#include "http/dispatch.h"

#include <errno.h>

#include "http/route.h"
#include "wire/cleanup.h"

int dispatch_target(Request *request) {
        int r = request_parse_target(request);
        /* A query is refused in the words of its path. */
        int found = route_find(route_tables, request);

        if (r != 0) {
                request->reply.allow[0] = '\0';
                request_fail(request, r, NULL);
        } else if (found == -EOPNOTSUPP) {
                request_fail_method(request);
        } else if (found != 0) {
                reply_set_status(&request->reply, 404, "not_found", "no such path");
        }
        return r != 0 ? r : found;
}

/* The handler calls the core, or answers by itself. */
static void handle(Request *request) {
        int r = request->route->handle(request);
        if (r != 0)
                request_fail(request, r, NULL);
}

/* Comes in a turn of its own: a reply that stands now is not seen otherwise. */
static void on_caller(void *userdata, int r, Caller *caller) {
        _cleanup_(request_unrefp) Request *request = userdata;

        if (!request->context)
                return;
        if (r == 0) {
                request->caller = TAKE(*caller, CALLER_INIT);
                handle(request);
        } else {
                request_fail(request, r, NULL);
        }
        if (request->reply.status != 0 && request->ready)
                request->ready(request, request->ready_userdata);
}

void dispatch_request(Request *request) {
        const Form *form;
        int r;

        if (request->reply.status != 0)
                return;
        r = request_parse_body(request);
        if (r == 0 && (request->route->flags & ROUTE_OPEN)) {
                handle(request);
                return;
        }
        form = request->route->flags & ROUTE_CLIENT_FORM ? &request->form : NULL;
        if (r == 0 && (request->route->flags & ROUTE_RAW_TOKEN))
                r = credentials_parse_raw(&request->authorization, &request->credentials);
        else if (r == 0)
                r = credentials_parse(&request->authorization, form, &request->credentials);
        if (r != 0) {
                request_fail(request, r, NULL);
                return;
        }
        credentials_borrow(&request->credentials, &request->offered);
        request->offered.peer = request->peer;
        if (authority_identify_now(request->context->authority, &request->offered,
                                   &request->caller) == 0)
                handle(request);
        else
                authority_identify(request->context->authority, &request->offered, on_caller,
                                   request_ref(request));
}
