/* One question to the daemon as an HTTP call (docs/http.md), and the parts of its answer. A refusal
 * needs no proof; a success does: status 200, JSON, and every member that the caller relies on, or
 * it is REPLY_MALFORMED. */

#include <errno.h>

#include "login-call.h"
#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/text.h"

/* What the transport gives when nobody is there to answer. Anything else it gives (no memory, no
 * descriptors) is the host's own trouble and stays an errno. */
/* clang-format off */
static const struct {
        int error;
        enum Reason reason;
} transport_reasons[] = {
        { ENOENT,       REASON_DAEMON_UNREACHABLE },
        { ENOTDIR,      REASON_DAEMON_UNREACHABLE },
        { ELOOP,        REASON_DAEMON_UNREACHABLE },
        { EACCES,       REASON_DAEMON_UNREACHABLE },
        { EPERM,        REASON_DAEMON_UNREACHABLE },
        { ENOTSOCK,     REASON_DAEMON_UNREACHABLE },
        { EPROTOTYPE,   REASON_DAEMON_UNREACHABLE },
        { ECONNREFUSED, REASON_DAEMON_UNREACHABLE },
        { ECONNRESET,   REASON_DAEMON_UNREACHABLE },
        { ETIMEDOUT,    REASON_TIMED_OUT          },
        { EBADMSG,      REASON_REPLY_MALFORMED    },
};
/* clang-format on */

/* For a refusal without a word that we know. */
/* clang-format off */
static const struct {
        int status;
        enum Reason reason;
} status_reasons[] = {
        { 400, REASON_INVALID_REQUEST   },
        { 401, REASON_ACCESS_DENIED     },
        { 403, REASON_ACCESS_DENIED     },
        { 429, REASON_TOO_MANY_FAILURES },
        { 503, REASON_OVERLOADED        },
};
/* clang-format on */

static int transport_reason(int r) {
        for (size_t i = 0; i < ELEMENTSOF(transport_reasons); i++)
                if (r == -transport_reasons[i].error)
                        return transport_reasons[i].reason;
        return r;
}

static int status_reason(int status) {
        for (size_t i = 0; i < ELEMENTSOF(status_reasons); i++)
                if (status == status_reasons[i].status)
                        return status_reasons[i].reason;
        return REASON_REPLY_MALFORMED;
}

int login_malformed(int r) {
        return r == -ENOMEM ? r : REASON_REPLY_MALFORMED;
}

int login_read_reason(const Json *json, enum Reason *ret) {
        _cleanup_(freep) char *word = NULL;

        int r = json_get_text(json, JSON_ROOT, "reason", &word);
        if (r == -ENOENT) {
                *ret = REASON_NONE;
                return 0;
        }
        if (r < 0)
                return login_malformed(r);
        enum Reason reason = reason_from_string(word);
        if (reason == REASON_NONE)
                return REASON_REPLY_MALFORMED;
        *ret = reason;
        return 0;
}

static int read_refusal(const HttpReply *reply, const Json *json) {
        enum Reason reason = REASON_NONE;

        if (reply->status < 400)
                return REASON_REPLY_MALFORMED;
        if (json && login_read_reason(json, &reason) == 0 && reason != REASON_NONE)
                return reason;
        return status_reason(reply->status);
}

int login_call(const LoginContext *context, const HttpRequest *request, HttpReply *reply,
               Json **ret) {
        _cleanup_(json_freep) Json *json = NULL;
        int parsed = -EBADMSG;

        int r = transport_unix_call(context->socket_path, context->trusted_uid,
                                    context->timeout_msec, request, reply);
        if (r != 0)
                return transport_reason(r);

        if (reply->is_json)
                parsed = json_parse(secret_text(&reply->body), reply->body.size, &json);
        if (parsed == -ENOMEM)
                return -ENOMEM;
        int result = reply->status == 200 ? 0 : read_refusal(reply, json);
        if (parsed == 0 && json_type(json, JSON_ROOT) == JSON_OBJECT)
                *ret = TAKE_PTR(json);
        else if (result == 0)
                return REASON_REPLY_MALFORMED;
        return result;
}

int login_post(const LoginContext *context, const char *path, const Secret *form, HttpReply *reply,
               Json **ret) {
        return login_call(context,
                          &(HttpRequest){ .method = "POST",
                                          .path = path,
                                          .content_type = TYPE_FORM,
                                          .body = form },
                          reply, ret);
}

static int read_number(const Json *json, const char *name, uint32_t *ret) {
        int64_t value;

        int r = json_get_int64(json, JSON_ROOT, name, &value);
        if (r < 0)
                return login_malformed(r);
        /* The last one means "none" to every call of the system. */
        if (value < 0 || value >= UINT32_MAX)
                return REASON_REPLY_MALFORMED;
        *ret = (uint32_t)value;
        return 0;
}

int login_read_name(const Json *json, const char *member, const char *user) {
        _cleanup_(freep) char *name = NULL;

        int r = json_get_text(json, JSON_ROOT, member, &name);
        if (r < 0)
                return login_malformed(r);
        return streq(name, user) ? 0 : REASON_USER_MISMATCH;
}

int login_read_user(const Json *json, const char *user, LoginReply *ret) {
        int r = login_read_name(json, "username", user);

        if (r == 0)
                r = read_number(json, "uid", &ret->uid);
        if (r == 0)
                r = read_number(json, "gid", &ret->gid);
        return r;
}

int login_write_path(const char *before, const char *id, const char *behind, Secret *ret) {
        int r = secret_append_text(ret, before);

        if (r == 0)
                r = percent_encode(ret, id, strlen(id));
        if (r == 0)
                r = secret_append_text(ret, behind);
        return r;
}

bool login_is_text(const char *value) {
        return value && text_is_utf8(value, strlen(value));
}
