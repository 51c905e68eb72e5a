/* Calls: one request, one reply, everything but 2xx a failure that the handle remembers. */

#include "libtokend.h"

#include <errno.h>
#include <string.h>

#include "wire/cleanup.h"
#include "wire/protocol.h"

/* Pages of lists are larger than what one person's token needs. */
#define CALL_REPLY_MAX (4U * 1024U * 1024U)

struct tokend_reply {
        HttpReply http;
};

DEFINE_CLEANUP(tokend_reply_t *, tokend_reply_free);

void json_reply_done(JsonReply *reply) {
        reply->json = json_free(reply->json);
        http_reply_done(&reply->http);
}

/* RFC 9110 section 9.1 has more; these are enough to keep a request line a line. */
static bool method_is_valid(const char *method) {
        return method[0] && method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static bool line_is_valid(const char *text) {
        for (const char *p = text; *p; p++)
                if (*p < ' ' || *p > '~')
                        return false;
        return true;
}

static bool path_is_valid(const char *path) {
        return path[0] == '/' && !strpbrk(path, " #") && line_is_valid(path);
}

int handle_call(tokend_t *t, const HttpRequest *request, HttpReply *ret) {
        _cleanup_(http_reply_done) HttpReply reply = HTTP_REPLY_INIT;
        HttpRequest authorized = *request;
        char detail[TRANSPORT_DETAIL_MAX];
        int r;

        if (!secret_is_empty(&t->authorization))
                authorized.authorization = secret_text(&t->authorization);
        r = transport_call(&t->transport, &authorized, &reply, detail);
        if (r != 0)
                return handle_fail(t, r, detail);
        if (reply.status < 200 || reply.status > 299)
                return handle_refuse(t, &reply);
        *ret = TAKE(reply, HTTP_REPLY_INIT);
        return 0;
}

int handle_call_json(tokend_t *t, const char *path, const Secret *form, JsonReply *ret) {
        _cleanup_(json_reply_done) JsonReply reply = JSON_REPLY_INIT;
        HttpRequest request = {
                .method = form ? "POST" : "GET",
                .path = path,
                .content_type = form ? TYPE_FORM : NULL,
                .body = form,
                .reply_max = CALL_REPLY_MAX,
        };
        int r;

        r = handle_call(t, &request, &reply.http);
        if (r != 0)
                return r;
        r = json_parse(secret_text(&reply.http.body), reply.http.body.size, &reply.json);
        if (r < 0)
                return handle_fail(t, r, NULL);
        if (json_type(reply.json, JSON_ROOT) != JSON_OBJECT)
                return handle_fail(t, -EBADMSG, NULL);
        *ret = TAKE(reply, JSON_REPLY_INIT);
        return 0;
}

_public_ int tokend_call(tokend_t *t, const char *method, const char *path,
                         const char *content_type, const char *body, tokend_reply_t **ret) {
        _cleanup_(tokend_reply_freep) tokend_reply_t *reply = NULL;
        /* A view: nothing is copied, and only read. */
        Secret view = { .text = (char *)body, .size = body ? strlen(body) : 0 };
        HttpRequest request = { .method = method, .path = path, .reply_max = CALL_REPLY_MAX };
        int r;

        if (!method_is_valid(method) || !path_is_valid(path) ||
            (content_type && !line_is_valid(content_type)) || (body && !content_type))
                return handle_fail(t, -EINVAL, "this can't be a request");
        if (body) {
                request.content_type = content_type;
                request.body = &view;
        }
        reply = calloc(1, sizeof(*reply));
        if (!reply)
                return handle_fail(t, -ENOMEM, NULL);
        r = handle_call(t, &request, &reply->http);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(reply);
        return 0;
}

_public_ int tokend_reply_status(const tokend_reply_t *reply) {
        return reply->http.status;
}

_public_ const char *tokend_reply_body(const tokend_reply_t *reply, size_t *ret_size) {
        if (ret_size)
                *ret_size = reply->http.body.size;
        return secret_text(&reply->http.body);
}

_public_ void tokend_reply_free(tokend_reply_t *reply) {
        if (!reply)
                return;
        http_reply_done(&reply->http);
        free(reply);
}
