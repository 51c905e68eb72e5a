/* Tokens for the users of an enterprise, whom its API key names by the ids that it has for them.
 * All or nothing: a refusal says who was the first that it is for. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/user.h"
#include "core/issue-for.h"
#include "http/date.h"
#include "http/route.h"
#include "http/write.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* The longest id, the reason's sentence, and what stands between. */
#define DETAIL_MAX 512

/* Users are found by partner id, byte by byte: theirs is what was asked for. */
static void write_issued(JsonWriter *w, const char *name, const Answer *answer, size_t i) {
        char date[DATE_ISO_SIZE];

        date_iso(answer->tokens[i]->expires, date);
        json_write_object(w, name);
        json_write_secret(w, "token", &answer->texts[i]);
        json_write_text(w, "partner_user_id", answer->users[i]->partner_id);
        json_write_text(w, "expires", date);
        json_write_object_end(w);
}

static int write_one(Request *request, Answer *answer, JsonWriter *w) {
        write_issued(w, "data", answer, 0);
        return 0;
}

static int write_many(Request *request, Answer *answer, JsonWriter *w) {
        json_write_array(w, "data");
        for (size_t i = 0; i < answer->n_tokens; i++)
                write_issued(w, NULL, answer, i);
        json_write_array_end(w);
        return 0;
}

/* "data[3] (an-id): no such user"; an id that nobody can have is not repeated. NULL: no memory. */
static const char *blame(Request *request, size_t index, const char *id, const char *sentence) {
        char *text = request_alloc(request, DETAIL_MAX);
        bool is_id = id && id_is_valid(id);

        if (text && request->params[0])
                (void)snprintf(text, DETAIL_MAX, "%s: %s", is_id ? id : "the user's id", sentence);
        else if (text)
                (void)snprintf(text, DETAIL_MAX, "data[%zu]%s%s%s: %s", index, is_id ? " (" : "",
                               is_id ? id : "", is_id ? ")" : "", sentence);
        return text;
}

/* What stood there; NULL: no memory, or no text. */
static const char *id_at(Request *request, size_t index) {
        const Json *json = request->json;
        _cleanup_(secret_done) Secret id = SECRET_INIT;
        JsonNode node;

        if (request->params[0])
                return request->params[0];
        node = json_first(json, json_get(json, JSON_ROOT, "data"));
        while (index-- > 0 && node != JSON_NONE)
                node = json_next(json, node);
        if (node == JSON_NONE || json_text(json, node, &id) != 0)
                return NULL;
        char *text = request_alloc(request, id.size + 1);
        return text ? memcpy(text, secret_text(&id), id.size) : NULL;
}

static void on_issued(void *userdata, int r, Answer *answer) {
        Request *request = userdata;

        if (r == REASON_INVALID_REQUEST)
                request->detail = "data is empty";
        if (r > 0 && answer && answer->has_offender) {
                const char *sentence = r == REASON_INVALID_REQUEST ? "it is there twice"
                                                                   : reply_detail(r, NULL);
                request->detail = blame(request, answer->offender, id_at(request, answer->offender),
                                        sentence);
        }
        request_answered(request, r, answer);
}

static int issue(Request *request, char *const *partner_ids, size_t n, AnswerWriter writer) {
        IssueForRequest *issue_for = request_alloc(request, sizeof(*issue_for));

        if (!issue_for)
                return -ENOMEM;
        *issue_for = (IssueForRequest){ .partner_ids = partner_ids, .n = n };
        request_await(request, 201, writer);
        authority_issue_for(request->context->authority, &request->caller, issue_for, on_issued,
                            request);
        return 0;
}

static int issue_one(Request *request) {
        return issue(request, (char *const *)request->params, 1, write_one);
}

/* The first that is no text, before anybody is looked for. */
static int check_texts(Request *request) {
        const Json *json = request->json;
        JsonNode list = json_get(json, JSON_ROOT, "data");
        size_t index = 0;

        if (list == JSON_NONE || json_type(json, list) != JSON_ARRAY)
                return request_refuse(request, REASON_INVALID_REQUEST,
                                      "data must be a list of user ids");
        for (JsonNode n = json_first(json, list); n != JSON_NONE; n = json_next(json, n), index++)
                if (json_type(json, n) != JSON_STRING)
                        return request_refuse(request, REASON_INVALID_REQUEST,
                                              blame(request, index, NULL, "it is no text"));
        return 0;
}

static int issue_many(Request *request) {
        char *const *ids = NULL;
        int r = check_texts(request);

        if (r == 0)
                r = request_json_strv(request, "data", &ids);
        if (r != 0)
                return r;
        return issue(request, ids, strv_length(ids), write_many);
}

/* Who shows nothing is told what to show: the key, which is a Bearer token. */
static void fail(Request *request, int r, const char *detail) {
        if (r == REASON_INVALID_CLIENT)
                request->reply.challenge = CHALLENGE_ANY_BEARER;
}

/* clang-format off */
static const Route routes[] = {
        { "POST", "/v1/enterprise/user-tokens",          issue_many, BODY_JSON, ROUTE_BULK, fail,
          "Tokens for many users, all or nothing", "data[]!", "201 data[{}]!" },
        { "POST", "/v1/enterprise/user-tokens/:user_id", issue_one,  BODY_NONE, 0, fail,
          "A token for one user", "", "201 data{}!" },
};
/* clang-format on */

const RouteTable enterprise_routes = ROUTE_TABLE(routes);
