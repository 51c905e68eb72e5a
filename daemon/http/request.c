/* Requests: taking in target and body strictly, keeping what handlers need until the core has
 * answered, and turning its answer into a reply. */

#include "http/request.h"

#include <errno.h>
#include <string.h>

#include "base/journal.h"
#include "http/route.h"
#include "http/status.h"
#include "wire/text.h"

/* Most answers fit: their text is never moved while it grows. */
#define REPLY_SIZE 511U

/* Query strings end up in logs and histories. */
static const char *const query_secrets[] = {
        "password",      "old_password",  "token", "access_token",
        "refresh_token", "client_secret", "code",
};

Request *request_new(const HttpContext *context, const Peer *peer) {
        Request *request = request_pool_take(context->pool);

        if (!request)
                return NULL;
        request->n_ref = 1;
        request->context = context;
        request->peer = *peer;
        return request;
}

Request *request_ref(Request *request) {
        request->n_ref++;
        return request;
}

Request *request_unref(Request *request) {
        if (request && --request->n_ref == 0)
                request_pool_give(request->context ? request->context->pool : NULL, request);
        return NULL;
}

void request_release(Request *request) {
        if (request && request->n_ref > 1)
                request_detach(request);
        request_unref(request);
}

void request_unrefp(Request **request) {
        request_unref(*request);
}

void request_detach(Request *request) {
        request->context = NULL;
        request->ready = NULL;
}

int request_refuse_form(Request *request, int r) {
        if (r == -ENOMEM)
                return r;
        return request_refuse(request, REASON_INVALID_REQUEST,
                              r == -ENOTUNIQ ? "a parameter is there twice" : NULL);
}

static int parse_query(Request *request, const char *text, size_t size) {
        int r = form_parse(text, size, &request->query);
        if (r != 0)
                return request_refuse_form(request, r);
        for (size_t i = 0; i < request->query.n_fields; i++)
                for (size_t k = 0; k < ELEMENTSOF(query_secrets); k++)
                        if (streq(secret_text(&request->query.fields[i].name), query_secrets[k]))
                                return request_refuse(request, REASON_INVALID_REQUEST,
                                                      "secrets have no place in the query");
        return 0;
}

static int parse_path(Request *request, char *path, size_t path_size) {
        size_t from = 1, n_segments = 0;

        while (from <= path_size) {
                const char *slash = memchr(path + from, '/', path_size - from);
                size_t size = slash ? (size_t)(slash - path) - from : path_size - from;
                int r;

                if (n_segments == SEGMENTS_MAX)
                        return 0; /* no route is that long */
                r = percent_decode_in_place(path + from, size, &request->segments[n_segments]);
                if (r != 0)
                        return REASON_INVALID_REQUEST;
                n_segments++;
                from += size + 1;
        }
        request->n_segments = n_segments;
        return 0;
}

int request_parse_target(Request *request) {
        char *target = request->target.text;
        size_t path_size;
        bool has_query;
        int r;

        if (!target || target[0] != '/' || strchr(target, '#'))
                return REASON_INVALID_REQUEST;
        path_size = (size_t)(strchrnul(target, '?') - target);
        has_query = target[path_size] == '?';
        r = parse_path(request, target, path_size);
        if (r != 0 || !has_query)
                return r;
        return parse_query(request, target + path_size + 1, strlen(target + path_size + 1));
}

const char *request_query(const Request *request, const char *name) {
        return form_get_text(&request->query, name);
}

int request_query_page(const Request *request, unsigned *ret_limit, const char **ret_cursor) {
        const char *text = request_query(request, "limit");
        int64_t limit = PAGE_ROWS_DEFAULT;

        if (text && (parse_int64(text, &limit) != 0 || limit < 1 || limit > PAGE_ROWS_MAX))
                return REASON_INVALID_VALUE;
        *ret_limit = (unsigned)limit;
        *ret_cursor = request_query(request, "cursor");
        return 0;
}

int request_keep(Request *request, void *data, void (*destroy)(void *data)) {
        Kept *kept = malloc(sizeof(*kept));
        if (!kept) {
                destroy(data);
                return -ENOMEM;
        }
        *kept = (Kept){ .next = request->kept, .data = data, .destroy = destroy };
        request->kept = kept;
        return 0;
}

static void destroy_strv(void *data) {
        strv_free(data);
}

int request_keep_strv(Request *request, char **strv) {
        return request_keep(request, strv, destroy_strv);
}

void *request_alloc(Request *request, size_t size) {
        void *data = calloc(1, size);
        return data && request_keep(request, data, free) == 0 ? data : NULL;
}

/* What json_get_*() said, as a handler passes it on; absent is fine. */
static int json_result(int r) {
        return r == -ENOENT ? 0 : r == -EBADMSG ? REASON_INVALID_REQUEST : r;
}

int request_json_text(Request *request, const char *name, const char **ret) {
        char *text = NULL;
        int r = json_get_text(request->json, JSON_ROOT, name, &text);
        if (r == 0)
                r = request_keep(request, text, free);
        if (r == 0)
                *ret = text;
        return json_result(r);
}

static void destroy_secret(void *data) {
        secret_done(data);
        free(data);
}

int request_json_secret(Request *request, const char *name, const Secret **ret) {
        Secret *secret = calloc(1, sizeof(*secret));
        int r;

        if (!secret)
                return -ENOMEM;
        r = request_keep(request, secret, destroy_secret);
        if (r == 0)
                r = json_get_secret(request->json, JSON_ROOT, name, secret);
        if (r == 0)
                *ret = secret;
        return json_result(r);
}

int request_json_strv(Request *request, const char *name, char *const **ret) {
        char **strv = NULL;
        int r = json_get_strv(request->json, JSON_ROOT, name, &strv);
        if (r == 0)
                r = request_keep_strv(request, strv);
        if (r == 0)
                *ret = strv;
        return json_result(r);
}

int seconds_to_usec(int64_t seconds, int64_t *ret) {
        if (seconds < 1 || seconds > INT64_MAX / USEC_PER_SEC)
                return REASON_INVALID_VALUE;
        *ret = seconds * USEC_PER_SEC;
        return 0;
}

int request_json_seconds(Request *request, const char *name, int64_t *ret) {
        int64_t seconds;
        int r = json_get_int64(request->json, JSON_ROOT, name, &seconds);
        if (r == -EBADMSG)
                return REASON_INVALID_VALUE;
        return r != 0 ? json_result(r) : seconds_to_usec(seconds, ret);
}

int request_refuse(Request *request, int r, const char *detail) {
        request->detail = detail;
        return r;
}

void request_fail(Request *request, int r, const char *detail) {
        bool at_grant = request->route && (request->route->flags & ROUTE_GRANT);

        if (!detail)
                detail = request->detail;

        /* Who sent nothing to prove who it is may try again with something (RFC 6749 section 5.2).
         */
        if (r == REASON_ACCESS_DENIED && request->caller.kind == CALLER_ANONYMOUS)
                r = REASON_INVALID_CLIENT;
        /* Everything that was not expected is said once, here; never what was sent. */
        if (status_reason(r) == REASON_NONE)
                journal_log(LOG_ERR, &(JournalFields){ .error = r < 0 ? r : -EPROTO },
                            "%s %s failed", request->route ? request->method : "a request",
                            request->route ? request->route->pattern : "without a route");
        reply_set_error(&request->reply, r, at_grant, detail);
        /* RFC 6750 section 3.1: the token is good, but not for this. */
        if (r == REASON_ACCESS_DENIED && !secret_is_empty(&request->credentials.bearer))
                request->reply.challenge = CHALLENGE_SCOPE;
        if (request->fail)
                request->fail(request, r, reply_detail(r, detail));
}

void request_fail_method(Request *request) {
        static const char detail[] = "this method is not allowed here";

        reply_set_status(&request->reply, 405, "invalid_request", detail);
        if (request->fail)
                request->fail(request, -EOPNOTSUPP, detail);
}

void request_await(Request *request, unsigned status, AnswerWriter writer) {
        request->answer_status = status;
        request->writer = writer;
        request_ref(request);
}

static int write_answer(Request *request, Answer *answer) {
        JsonWriter w = JSON_WRITER(&request->reply.body);
        int r = secret_reserve(&request->reply.body, REPLY_SIZE);

        if (r != 0)
                return r;
        json_write_object(&w, NULL);
        r = request->writer(request, answer, &w);
        if (r != 0)
                return r;
        json_write_object_end(&w);
        return json_write_end(&w);
}

void request_answer(Request *request, unsigned status, AnswerWriter writer, Answer *answer) {
        int r;

        request->reply.status = status;
        request->writer = writer;
        r = write_answer(request, answer);
        if (r != 0)
                request_fail(request, r, NULL);
}

/* The PAM module logs a name only when there is such a user: what was typed may be a password. */
static const char *refused_user(const Request *request, const Answer *answer) {
        const Route *route = request->route;
        bool at_grant = route && (route->flags & ROUTE_GRANT) && !route->fail;

        if (!at_grant || request->caller.kind != CALLER_ROOT || !answer || !answer->user)
                return NULL;
        return answer->user->name;
}

void request_answered(void *userdata, int r, Answer *answer) {
        _cleanup_(request_unrefp) Request *request = userdata;

        if (!request->context)
                return;
        if (r > 0 && r == (int)request->answer_as_empty) {
                answer = NULL;
                r = 0;
        }
        if (r == 0) {
                request->reply.status = request->answer_status;
                r = write_answer(request, answer);
        }
        if (r != 0) {
                request->reply.retry_after = answer ? answer->retry_after : 0;
                request->reply.username = refused_user(request, answer);
                request_fail(request, r, NULL);
                request->reply.username = NULL;
        }
        if (request->ready)
                request->ready(request, request->ready_userdata);
}
