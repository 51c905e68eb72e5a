/* The token endpoint of a marketing service: RFC 6749's grants, but whoever is not who he says,
 * user or client, gets 401 invalid_client. */

#include <errno.h>

#include "http/grant-form.h"
#include "http/route.h"
#include "http/status.h"
#include "http/write.h"
#include "wire/text.h"

static int write_token_answer(Request *request, Answer *answer, JsonWriter *w) {
        json_write_secret(w, "access_token", &answer->access_token);
        json_write_int(w, "expires_in", token_seconds(answer->token));
        json_write_text(w, "token_type", "bearer");
        if (!secret_is_empty(&answer->refresh_token))
                json_write_secret(w, "refresh_token", &answer->refresh_token);
        return write_scope(w, answer->token);
}

static int token(Request *request) {
        GrantRequest *grant = grant_form_read(request);

        if (!grant)
                return -ENOMEM;
        return grant_form_call(request, grant, write_token_answer);
}

/* Who is refused, not what: a refresh token that is spent proves nobody wrong. */
static bool is_authentication(const Request *request, int r, const Status *status) {
        const char *grant_type = form_get_text(&request->form, "grant_type");

        if (status->code == 401 || r == REASON_ACCESS_DENIED)
                return true;
        return streq(status->error, "invalid_grant") && grant_type && streq(grant_type, "password");
}

static void fail(Request *request, int r, const char *detail) {
        Status status = status_of(r, true);

        if (is_authentication(request, r, &status)) {
                status = status_of(REASON_INVALID_CLIENT, true);
                request->reply.challenge = CHALLENGE_BASIC;
        } else if (r == -EOPNOTSUPP) {
                status = (Status){ request->reply.status, "invalid_request" };
        }
        reply_set_object(&request->reply, status.code, status.error, detail);
}

/* clang-format off */
static const Route routes[] = {
        { "POST", "/v2/marketing/oauth/token", token, BODY_FORM, ROUTE_GRANT | ROUTE_CLIENT_FORM,
          fail, "Token endpoint, as the marketing service has it",
          GRANT_FIELDS, "200 " GRANT_MEMBERS },
};
/* clang-format on */

const RouteTable oauth_marketing_routes = ROUTE_TABLE(routes);
