/* What the PAM module asks, as HTTP calls (docs/http.md). A refusal needs no proof; a success does:
 * status 200, JSON, the user's own name, and every member that the caller relies on, or it is
 * REPLY_MALFORMED. */

#include <errno.h>
#include <unistd.h>

#include "login.h"
#include "transport-unix.h"
#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/json-read.h"
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

static int malformed_unless_broken(int r) {
        return r == -ENOMEM ? r : REASON_REPLY_MALFORMED;
}

/* The member's reason; REASON_NONE when absent. An unknown word is REASON_REPLY_MALFORMED. */
static int read_reason(const Json *json, enum Reason *ret) {
        _cleanup_(freep) char *word = NULL;

        int r = json_get_text(json, JSON_ROOT, "reason", &word);
        if (r == -ENOENT) {
                *ret = REASON_NONE;
                return 0;
        }
        if (r < 0)
                return malformed_unless_broken(r);
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
        if (json && read_reason(json, &reason) == 0 && reason != REASON_NONE)
                return reason;
        return status_reason(reply->status);
}

/* 0: status 200, and *ret is its JSON, which borrows reply's body. */
static int call(const LoginContext *context, const HttpRequest *request, HttpReply *reply,
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
        if (reply->status != 200)
                return read_refusal(reply, json);
        if (parsed < 0 || json_type(json, JSON_ROOT) != JSON_OBJECT)
                return REASON_REPLY_MALFORMED;
        *ret = TAKE_PTR(json);
        return 0;
}

static int read_number(const Json *json, const char *name, uint32_t *ret) {
        int64_t value;

        int r = json_get_int64(json, JSON_ROOT, name, &value);
        if (r < 0)
                return malformed_unless_broken(r);
        /* The last one means "none" to every call of the system. */
        if (value < 0 || value >= UINT32_MAX)
                return REASON_REPLY_MALFORMED;
        *ret = (uint32_t)value;
        return 0;
}

static int read_user(const Json *json, const char *user, LoginReply *ret) {
        _cleanup_(freep) char *name = NULL;

        int r = json_get_text(json, JSON_ROOT, "username", &name);
        if (r < 0)
                return malformed_unless_broken(r);
        if (!streq(name, user))
                return REASON_USER_MISMATCH;
        r = read_number(json, "uid", &ret->uid);
        if (r == 0)
                r = read_number(json, "gid", &ret->gid);
        return r;
}

static int read_state(const Json *json, LoginReply *ret) {
        _cleanup_(freep) char *state = NULL;

        int r = json_get_text(json, JSON_ROOT, "state", &state);
        if (r < 0)
                return malformed_unless_broken(r);
        if (streq(state, "active"))
                ret->state = REASON_NONE;
        else if (streq(state, "password-must-change"))
                ret->state = REASON_PASSWORD_MUST_CHANGE;
        else
                return streq(state, "locked") ? REASON_USER_LOCKED : REASON_REPLY_MALFORMED;
        return 0;
}

/* The login's id. Only a store that can't be written excuses that there is none. */
static int read_login(const Json *json, LoginReply *ret) {
        _cleanup_(freep) char *id = NULL;
        enum Reason reason;

        int r = read_reason(json, &reason);
        if (r != 0)
                return r;
        r = json_get_text(json, JSON_ROOT, "login", &id);
        if (r == -ENOENT && reason == REASON_STORE_UNAVAILABLE) {
                ret->state = REASON_STORE_UNAVAILABLE;
                return 0;
        }
        if (r < 0)
                return malformed_unless_broken(r);
        if (!text_is_hex(id, TOKEN_ID_SIZE))
                return REASON_REPLY_MALFORMED;
        if (reason != REASON_NONE && reason != REASON_PASSWORD_MUST_CHANGE)
                return REASON_REPLY_MALFORMED;
        memcpy(ret->id, id, TOKEN_ID_SIZE + 1);
        return 0;
}

static int append_if_text(Secret *form, const char *name, const char *value) {
        if (!value || !text_is_utf8(value, strlen(value)))
                return 0;
        return form_append(form, name, value);
}

/* Where the login comes from: root's word only. */
static int append_origin(Secret *form, const LoginContext *context) {
        if (geteuid() != 0)
                return 0;
        int r = append_if_text(form, "service", context->service);
        if (r == 0)
                r = append_if_text(form, "rhost", context->rhost);
        if (r == 0)
                r = append_if_text(form, "tty", context->tty);
        return r;
}

static int write_grant(const LoginContext *context, const char *user, const Secret *password,
                       Secret *ret) {
        int r = form_append(ret, "grant_type", "password");

        if (r == 0)
                r = form_append(ret, "username", user);
        if (r == 0 && password)
                r = form_append_bytes(ret, "password", secret_text(password), password->size);
        else if (r == 0)
                r = form_append(ret, "junk", "1");
        return r == 0 ? append_origin(ret, context) : r;
}

/* sshd replaced the password because NSS does not know the name; the grant can only be refused. */
static int junk_reason(int r) {
        if (r == 0)
                return REASON_REPLY_MALFORMED;
        return r == REASON_WRONG_PASSWORD ? REASON_NOT_KNOWN_TO_NSS : r;
}

static int read_grant(const Json *json, const char *user, LoginReply *ret) {
        int r = read_user(json, user, ret);

        if (r == 0)
                r = read_state(json, ret);
        if (r == 0)
                r = read_login(json, ret);
        return r;
}

static int check_password(const Secret *password) {
        if (!password)
                /* Only root may say so; from others it would be an ordinary guess. */
                return geteuid() == 0 ? 0 : REASON_NOT_KNOWN_TO_NSS;
        if (secret_is_empty(password))
                return REASON_EMPTY_PASSWORD;
        return password->size > PASSWORD_MAX ? REASON_INVALID_VALUE : 0;
}

int login_authenticate(const LoginContext *context, const char *user, const Secret *password,
                       LoginReply *ret) {
        _cleanup_(secret_done) Secret form = SECRET_INIT;
        _cleanup_(http_reply_done) HttpReply reply = HTTP_REPLY_INIT;
        _cleanup_(json_freep) Json *json = NULL;
        LoginReply login = LOGIN_REPLY_INIT;
        int r;

        if (!user_name_is_valid(user))
                return REASON_INVALID_NAME;
        r = check_password(password);
        if (r != 0)
                return r;
        r = write_grant(context, user, password, &form);
        if (r < 0)
                return r;

        r = call(context,
                 &(HttpRequest){ .method = "POST",
                                 .path = "/oauth/token",
                                 .content_type = TYPE_FORM,
                                 .body = &form },
                 &reply, &json);
        ret->retry_after = reply.retry_after;
        if (!password)
                return junk_reason(r);
        if (r == 0)
                r = read_grant(json, user, &login);
        if (r == 0)
                *ret = login;
        return r;
}

/* prefix, then the name as a query's value. */
static int write_path(const char *prefix, const char *id, const char *user, Secret *ret) {
        int r = secret_append_text(ret, prefix);

        if (r == 0)
                r = secret_append_text(ret, id);
        if (r == 0)
                r = secret_append_text(ret, "?user=");
        if (r == 0)
                r = percent_encode(ret, user, strlen(user));
        return r;
}

int login_check(const LoginContext *context, const char *user, LoginReply *ret) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        _cleanup_(http_reply_done) HttpReply reply = HTTP_REPLY_INIT;
        _cleanup_(json_freep) Json *json = NULL;
        LoginReply login = LOGIN_REPLY_INIT;
        int r;

        if (!user_name_is_valid(user))
                return REASON_INVALID_NAME;
        r = write_path("/v1/logins/check", "", user, &path);
        if (r < 0)
                return r;
        r = call(context, &(HttpRequest){ .method = "GET", .path = secret_text(&path) }, &reply,
                 &json);
        ret->retry_after = reply.retry_after;
        if (r == 0)
                r = read_user(json, user, &login);
        if (r == 0)
                r = read_state(json, &login);
        if (r == 0)
                *ret = login;
        return r;
}

int login_open(const LoginContext *context, const char *user, const char *id, LoginReply *ret) {
        _cleanup_(secret_done) Secret form = SECRET_INIT;
        _cleanup_(http_reply_done) HttpReply reply = HTTP_REPLY_INIT;
        _cleanup_(json_freep) Json *json = NULL;
        LoginReply login = LOGIN_REPLY_INIT;
        int r;

        if (!user_name_is_valid(user))
                return REASON_INVALID_NAME;
        r = form_append(&form, "user", user);
        if (r == 0 && id && text_is_hex(id, TOKEN_ID_SIZE))
                r = form_append(&form, "login", id);
        if (r == 0)
                r = append_origin(&form, context);
        if (r < 0)
                return r;

        r = call(context,
                 &(HttpRequest){ .method = "POST",
                                 .path = "/v1/logins",
                                 .content_type = TYPE_FORM,
                                 .body = &form },
                 &reply, &json);
        ret->retry_after = reply.retry_after;
        if (r == 0)
                r = read_user(json, user, &login);
        if (r == 0)
                r = read_login(json, &login);
        if (r == 0)
                *ret = login;
        return r;
}

int login_close(const LoginContext *context, const char *user, const char *id) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        _cleanup_(http_reply_done) HttpReply reply = HTTP_REPLY_INIT;
        _cleanup_(json_freep) Json *json = NULL;
        int64_t revoked;
        int r;

        if (!user_name_is_valid(user))
                return REASON_INVALID_NAME;
        if (!text_is_hex(id, TOKEN_ID_SIZE))
                return REASON_LOGIN_UNKNOWN;
        r = write_path("/v1/logins/", id, user, &path);
        if (r < 0)
                return r;
        r = call(context, &(HttpRequest){ .method = "DELETE", .path = secret_text(&path) }, &reply,
                 &json);
        if (r != 0)
                return r;
        r = json_get_int64(json, JSON_ROOT, "revoked", &revoked);
        return r < 0 ? malformed_unless_broken(r) : 0;
}
