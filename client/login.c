/* Logins: the password grant, the account's check, and a session's beginning and end, as HTTP calls
 * (docs/http.md). What is asked about a user is answered about that very user, or it is refused. */

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "login-call.h"
#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/text.h"

static int read_state(const Json *json, LoginReply *ret) {
        _cleanup_(freep) char *state = NULL;

        int r = json_get_text(json, JSON_ROOT, "state", &state);
        if (r < 0)
                return login_malformed(r);
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

        int r = login_read_reason(json, &reason);
        if (r != 0)
                return r;
        r = json_get_text(json, JSON_ROOT, "login", &id);
        if (r == -ENOENT && reason == REASON_STORE_UNAVAILABLE) {
                ret->state = REASON_STORE_UNAVAILABLE;
                return 0;
        }
        if (r < 0)
                return login_malformed(r);
        if (!text_is_hex(id, TOKEN_ID_SIZE))
                return REASON_REPLY_MALFORMED;
        if (reason != REASON_NONE && reason != REASON_PASSWORD_MUST_CHANGE)
                return REASON_REPLY_MALFORMED;
        memcpy(ret->id, id, TOKEN_ID_SIZE + 1);
        return 0;
}

static int append_if_text(Secret *form, const char *name, const char *value) {
        return login_is_text(value) ? form_append(form, name, value) : 0;
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

uint32_t login_caller_uid(void) {
        return geteuid() == 0 ? getuid() : 0;
}

static int append_caller(Secret *form) {
        uint32_t uid = login_caller_uid();
        char text[16];

        if (uid == 0)
                return 0;
        snprintf(text, sizeof(text), "%u", uid);
        return form_append(form, "ruid", text);
}

bool login_may_take_tokens(const LoginContext *context) {
        return geteuid() == 0 && login_is_text(context->service);
}

/* Without this, a password is all that is taken. */
static int append_accept(Secret *form, const LoginContext *context) {
        bool is_token_alone = !(context->accept & LOGIN_ACCEPT_PASSWORD);

        if (!(context->accept & LOGIN_ACCEPT_TOKEN) || !login_may_take_tokens(context))
                return 0;
        int r = form_append(form, "accept", is_token_alone ? "token" : "password token");
        if (r == 0 && context->once)
                r = form_append(form, "once", "1");
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
        if (r == 0 && password)
                r = append_accept(ret, context);
        if (r == 0)
                r = append_origin(ret, context);
        if (r == 0)
                r = append_caller(ret);
        if (r == 0 && password && context->login_only && login_may_take_tokens(context))
                r = form_append(ret, "login_only", "1");
        return r;
}

/* sshd replaced the password because NSS does not know the name; the grant can only be refused. */
static int junk_reason(int r) {
        if (r == 0)
                return REASON_REPLY_MALFORMED;
        return r == REASON_WRONG_PASSWORD ? REASON_NOT_KNOWN_TO_NSS : r;
}

static int read_grant(const Json *json, const char *user, LoginReply *ret) {
        int r = login_read_user(json, user, ret);

        if (r == 0)
                r = read_state(json, ret);
        if (r == 0)
                r = read_login(json, ret);
        return r;
}

static int check_password(const LoginContext *context, const Secret *password) {
        if (context->accept == LOGIN_ACCEPT_TOKEN && !login_may_take_tokens(context))
                return REASON_ACCESS_DENIED;
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
        r = check_password(context, password);
        if (r != 0)
                return r;
        r = write_grant(context, user, password, &form);
        if (r < 0)
                return r;

        r = login_post(context, "/oauth/token", &form, &reply, &json);
        ret->retry_after = reply.retry_after;
        ret->is_known = r > 0 && json && login_read_name(json, "username", user) == 0;
        if (!password)
                return junk_reason(r);
        if (r == 0)
                r = read_grant(json, user, &login);
        if (r != 0)
                return r;
        /* From root a session follows, which ends it; a screen locker's login has nobody to. */
        if (geteuid() != 0)
                login_give_back(context, json);
        *ret = login;
        return 0;
}

/* "" when it does not say: acct_mgmt can do without. */
static int read_user_id(const Json *json, LoginReply *ret) {
        _cleanup_(freep) char *id = NULL;

        int r = json_get_text(json, JSON_ROOT, "id", &id);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return login_malformed(r);
        size_t size = strlen(id);
        if (size == 0 || size >= sizeof(ret->user_id))
                return REASON_REPLY_MALFORMED;
        memcpy(ret->user_id, id, size + 1);
        return 0;
}

int login_check(const LoginContext *context, const char *user, LoginReply *ret) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        _cleanup_(http_reply_done) HttpReply reply = HTTP_REPLY_INIT;
        _cleanup_(json_freep) Json *json = NULL;
        LoginReply login = LOGIN_REPLY_INIT;
        int r;

        if (!user_name_is_valid(user))
                return REASON_INVALID_NAME;
        r = login_write_path("/v1/logins/check?user=", user, "", &path);
        if (r < 0)
                return r;
        r = login_call(context, &(HttpRequest){ .method = "GET", .path = secret_text(&path) },
                       &reply, &json);
        ret->retry_after = reply.retry_after;
        if (r == 0)
                r = login_read_user(json, user, &login);
        if (r == 0)
                r = read_state(json, &login);
        if (r == 0)
                r = read_user_id(json, &login);
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

        r = login_post(context, "/v1/logins", &form, &reply, &json);
        ret->retry_after = reply.retry_after;
        if (r == 0)
                r = login_read_user(json, user, &login);
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
        r = login_write_path("/v1/logins/", id, "?user=", &path);
        if (r == 0)
                r = percent_encode(&path, user, strlen(user));
        if (r < 0)
                return r;
        r = login_call(context, &(HttpRequest){ .method = "DELETE", .path = secret_text(&path) },
                       &reply, &json);
        if (r != 0)
                return r;
        r = json_get_int64(json, JSON_ROOT, "revoked", &revoked);
        return r < 0 ? login_malformed(r) : 0;
}
