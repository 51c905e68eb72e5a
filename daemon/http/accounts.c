/* A user's access tokens in the dialect of a LoopBack 3 service: what it answers and refuses with,
 * over the core's rules. Whole tokens leave in the answer to POST alone. */

#include "core/accounts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/account-body.h"
#include "http/account-list.h"
#include "http/route.h"
#include "http/status.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* An id, a path, and what stands around them. */
#define MESSAGE_MAX 512

#define ACCOUNT_MEMBERS "id! ttl#! scopes[] created! userId!"

static int write_issued(Request *request, Answer *answer, JsonWriter *w) {
        char id[TOKEN_ID_SIZE + 1];
        AccountToken token;

        account_token_from(answer->token, id, &token);
        token.id = secret_text(&answer->access_token);
        account_token_write(w, &token, 0);
        return 0;
}

static int issue(Request *request) {
        AccountTokenRequest *issue = request_alloc(request, sizeof(*issue));
        int r;

        if (!issue)
                return -ENOMEM;
        issue->account = request->params[0];
        r = account_body_read(request, issue);
        if (r != 0)
                return r;
        request_await(request, 200, write_issued);
        authority_account_issue(request->context->authority, &request->caller, issue,
                                request_answered, request);
        return 0;
}

/* The sentence of a filter that is none. */
static int refuse_filter(Request *request, int r, char *message) {
        if (r != REASON_INVALID_VALUE)
                return r;
        if (!message || request_keep(request, message, free) != 0)
                return -ENOMEM;
        return request_refuse(request, REASON_INVALID_REQUEST, message);
}

static int list_all(Request *request) {
        AccountFilter filter = ACCOUNT_FILTER_INIT;
        char *message = NULL;
        int r = account_filter_read(&request->query, &filter, &message);

        return r == 0 ? account_list(request, &filter) : refuse_filter(request, r, message);
}

static int count_all(Request *request) {
        AccountFilter filter = ACCOUNT_FILTER_INIT;
        char *message = NULL;
        int r = account_filter_read_where(&request->query, &filter, &message);

        return r == 0 ? account_count(request, &filter) : refuse_filter(request, r, message);
}

static int write_one(Request *request, Answer *answer, JsonWriter *w) {
        char id[TOKEN_ID_SIZE + 1];
        AccountToken token;

        account_token_from(answer->token, id, &token);
        account_token_write(w, &token, 0);
        return 0;
}

static int get_one(Request *request) {
        request_await(request, 200, write_one);
        authority_account_token_get(request->context->authority, &request->caller,
                                    request->params[0], request->params[1], request_answered,
                                    request);
        return 0;
}

static int write_nothing(Request *request, Answer *answer, JsonWriter *w) {
        return 0;
}

static int remove_one(Request *request) {
        request_await(request, 200, write_nothing);
        authority_account_token_remove(request->context->authority, &request->caller,
                                       request->params[0], request->params[1], request_answered,
                                       request);
        return 0;
}

typedef struct Failure {
        unsigned status;
        const char *name;
        const char *code; /* NULL: none */
        char message[MESSAGE_MAX];
} Failure;

static void say(Failure *failure, const char *text) {
        snprintf(failure->message, sizeof(failure->message), "%s", text);
}

/* What is no id is not repeated. */
static const char *shown_id(const char *id) {
        return id && id_is_valid(id) ? id : "?";
}

static void say_no_method(const Request *request, Failure *failure) {
        size_t size;

        snprintf(failure->message, sizeof(failure->message),
                 "Shared class \"Account\" has no method handling %s ", request->method);
        for (size_t i = 2; i < request->n_segments; i++) {
                const char *segment = secret_text(&request->segments[i]);

                size = strlen(failure->message);
                snprintf(failure->message + size, sizeof(failure->message) - size, "/%s",
                         *segment ? shown_id(segment) : "");
        }
}

static void say_ttl(const Request *request, Failure *failure) {
        const Config *config = request->context->config;

        snprintf(failure->message, sizeof(failure->message),
                 "ttl must be a whole number of seconds from 1 to %lld",
                 (long long)(config->maximum_lifetime / USEC_PER_SEC));
}

/* Which of the document's refusals it is; 400 for those that have no other. */
static void judge(const Request *request, int r, const char *detail, Failure *ret) {
        unsigned status = request->reply.status;

        *ret = (Failure){ .status = status, .name = "Error" };
        say(ret, detail);
        if (r == -EOPNOTSUPP) {
                ret->status = 404;
                say_no_method(request, ret);
        } else if (status == 401 || r == REASON_ACCESS_DENIED) {
                ret->status = 401;
                ret->code = "AUTHORIZATION_REQUIRED";
                say(ret, "Authorization Required");
        } else if (r == REASON_USER_UNKNOWN) {
                ret->code = "MODEL_NOT_FOUND";
                snprintf(ret->message, sizeof(ret->message), "could not find a model with id %s",
                         shown_id(request->params[0]));
        } else if (r == REASON_TOKEN_UNKNOWN) {
                snprintf(ret->message, sizeof(ret->message),
                         "No instance with id %s found for AccessToken",
                         shown_id(request->params[1]));
        } else if (r == REASON_INVALID_VALUE) {
                ret->status = 422;
                say_ttl(request, ret);
        } else if (status == 403 || status == 409) {
                ret->status = 400;
        }
        if (detail && streq(detail, ACCOUNT_BODY_NO_JSON))
                ret->name = "SyntaxError";
}

/* A query that can't even be read holds no filter. */
static bool is_bad_query(const Request *request, int r) {
        return r == REASON_INVALID_REQUEST && !request->query.fields &&
               !streq(request->method, "POST");
}

static void fail(Request *request, int r, const char *detail) {
        Reply *reply = &request->reply;
        JsonWriter w = JSON_WRITER(&reply->body);
        Failure failure;

        judge(request, r, is_bad_query(request, r) ? "Value is not an object." : detail, &failure);
        reply->status = failure.status;
        reply->allow[0] = '\0';
        reply->challenge = failure.status != 401       ? NULL
                           : r == REASON_INVALID_TOKEN ? CHALLENGE_BEARER
                                                       : CHALLENGE_ANY_BEARER;
        secret_clear(&reply->body);
        json_write_object(&w, NULL);
        json_write_object(&w, "error");
        json_write_int(&w, "statusCode", failure.status);
        if (failure.status < 500) {
                json_write_text(&w, "name", failure.name);
                json_write_text(&w, "message", failure.message);
                json_write_text(&w, "code", failure.code);
        } else {
                json_write_text(&w, "message",
                                failure.status == 503 ? "Service Unavailable"
                                                      : "Internal Server Error");
        }
        json_write_object_end(&w);
        json_write_object_end(&w);
        if (json_write_end(&w) != 0)
                secret_clear(&reply->body);
}

#define FLAGS (ROUTE_RAW_TOKEN | ROUTE_SLASH)

/* clang-format off */
static const Route routes[] = {
        { "POST", "/v1/Accounts/:id/accessTokens", issue, BODY_ANY, FLAGS, fail,
          "Issue an access token of an account", "ttl# scopes[]", "200 " ACCOUNT_MEMBERS },
        { "GET", "/v1/Accounts/:id/accessTokens", list_all, BODY_NONE, FLAGS, fail,
          "List an account's access tokens", "filter", "200 [{}]" },
        { "GET", "/v1/Accounts/:id/accessTokens/count", count_all, BODY_NONE, FLAGS, fail,
          "Count an account's access tokens", "where", "200 count#!" },
        { "GET", "/v1/Accounts/:id/accessTokens/:fk", get_one, BODY_NONE, FLAGS, fail,
          "Show one of an account's access tokens", "", "200 " ACCOUNT_MEMBERS },
        { "DELETE", "/v1/Accounts/:id/accessTokens/:fk", remove_one, BODY_NONE, FLAGS, fail,
          "Revoke one of an account's access tokens", "", "200" },
};
/* clang-format on */

const RouteTable account_routes = ROUTE_TABLE(routes);
