/* Issuing, listing and revoking by owner or public id. */

#include "core/tokens.h"

#include <errno.h>

#include "core/grant.h"
#include "http/route.h"
#include "http/write.h"
#include "wire/text.h"

static int token_issue(Request *request) {
        IssueRequest *issue = request_alloc(request, sizeof(*issue));
        int r;

        if (!issue)
                return -ENOMEM;
        r = request_json_text(request, "user", &issue->user);
        if (r == 0)
                r = request_json_text(request, "client_id", &issue->client_id);
        if (r == 0)
                r = request_json_strv(request, "scopes", &issue->scopes);
        if (r == 0)
                r = request_json_seconds(request, "ttl", &issue->lifetime);
        if (r != 0)
                return r;
        if (!issue->user == !issue->client_id)
                return REASON_INVALID_REQUEST;
        request_await(request, 201, write_issued_answer);
        authority_issue(request->context->authority, &request->caller, issue, request_answered,
                        request);
        return 0;
}

static int write_list(Request *request, Answer *answer, JsonWriter *w) {
        json_write_array(w, "tokens");
        for (size_t i = 0; i < answer->n_tokens; i++) {
                json_write_object(w, NULL);
                write_token(w, request->context->authority, answer->tokens[i]);
                json_write_object_end(w);
        }
        json_write_array_end(w);
        json_write_text(w, "next", answer->cursor);
        return 0;
}

static int token_list(Request *request) {
        TokenListRequest *list = request_alloc(request, sizeof(*list));
        int r;

        if (!list)
                return -ENOMEM;
        *list = (TokenListRequest){
                .user = request_query(request, "user"),
                .client_id = request_query(request, "client_id"),
                .uid = UID_NONE,
        };
        r = request_query_page(request, &list->limit, &list->cursor);
        if (r != 0)
                return r;
        request_await(request, 200, write_list);
        authority_token_list(request->context->authority, &request->caller, list, request_answered,
                             request);
        return 0;
}

/* Who forgets to say whose must not lose everybody's: all=true is spelled out. */
static int token_revoke_owner(Request *request) {
        RevokeRequest *revoke = request_alloc(request, sizeof(*revoke));
        const char *all = request_query(request, "all");

        if (!revoke)
                return -ENOMEM;
        *revoke = (RevokeRequest){
                .user = request_query(request, "user"),
                .uid = UID_NONE,
                .client_id = request_query(request, "client_id"),
                .all = all != NULL,
        };
        if ((all && !streq(all, "true")) ||
            (revoke->user != NULL) + (revoke->client_id != NULL) + revoke->all != 1)
                return REASON_INVALID_REQUEST;
        request_await(request, 200, write_revoked_answer);
        authority_revoke_owner(request->context->authority, &request->caller, revoke,
                               request_answered, request);
        return 0;
}

static int write_one(Request *request, Answer *answer, JsonWriter *w) {
        write_token(w, request->context->authority, answer->token);
        return 0;
}

static int token_get(Request *request) {
        request_await(request, 200, write_one);
        authority_token_get(request->context->authority, &request->caller, request->params[0],
                            request_answered, request);
        return 0;
}

static int token_revoke(Request *request) {
        request_await(request, 200, write_revoked_answer);
        authority_token_revoke(request->context->authority, &request->caller, request->params[0],
                               request_answered, request);
        return 0;
}

/* clang-format off */
static const Route routes[] = {
        { "POST",   "/v1/tokens",     token_issue,        BODY_JSON, 0, NULL,
          "Issue a token for a user or a client",
          "user client_id scopes[] ttl#", "201 " GRANT_MEMBERS " id" },
        { "GET",    "/v1/tokens",     token_list,         BODY_NONE, 0, NULL,
          "List tokens, newest first", "user client_id limit# cursor", "200 tokens[{}] next" },
        { "DELETE", "/v1/tokens",     token_revoke_owner, BODY_NONE, 0, NULL,
          "Revoke all tokens of an owner", "user client_id all?", "200 revoked#" },
        { "GET",    "/v1/tokens/:id", token_get,          BODY_NONE, 0, NULL,
          "Show a token", "", "200 " TOKEN_MEMBERS },
        { "DELETE", "/v1/tokens/:id", token_revoke,       BODY_NONE, 0, NULL,
          "Revoke a token", "", "200 revoked#" },
};
/* clang-format on */

const RouteTable token_routes = ROUTE_TABLE(routes);
