/* tokenctl token: a short-lived token for whoever is at the other end of the socket. */

#include <errno.h>

#include "base/scope.h"
#include "core/grant.h"
#include "http/route.h"
#include "http/write.h"
#include "wire/text.h"

static int write_self(Request *request, Answer *answer, JsonWriter *w) {
        int r = write_issued_answer(request, answer, w);

        if (r == 0 && answer->login)
                json_write_text(w, "login", answer->login->id);
        if (r == 0 && answer->user) {
                write_account(w, answer->user);
                write_state(w, answer);
        }
        return r;
}

static int self_token(Request *request) {
        const char *ttl = form_get_text(&request->form, "ttl");
        IssueRequest *issue = request_alloc(request, sizeof(*issue));
        char **scopes = NULL;
        int64_t seconds;
        int r;

        if (!issue)
                return -ENOMEM;
        if (ttl) {
                r = parse_int64(ttl, &seconds) == 0 ? seconds_to_usec(seconds, &issue->lifetime)
                                                    : REASON_INVALID_VALUE;
                if (r != 0)
                        return r;
        }
        r = scopes_parse(form_get_text(&request->form, "scope"), &scopes);
        if (r == 0)
                r = request_keep_strv(request, scopes);
        if (r != 0)
                return r == -EINVAL ? REASON_INVALID_SCOPE : r;
        issue->scopes = scopes;
        issue->login = form_get_text(&request->form, "login");

        request_await(request, 200, write_self);
        authority_issue_self(request->context->authority, &request->caller, issue, request_answered,
                             request);
        return 0;
}

/* clang-format off */
static const Route routes[] = {
        { "POST", "/v1/self/token", self_token, BODY_FORM, 0, NULL,
          "A short-lived token for the user at the other end of the socket",
          "scope ttl# login", "200 " GRANT_MEMBERS " id login username uid# gid# state" },
};
/* clang-format on */

const RouteTable self_routes = ROUTE_TABLE(routes);
