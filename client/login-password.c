/* Checking and changing a password (docs/http.md, POST /v1/users/:id/password). Both are the same
 * call: without a new password it only checks. A success names the user who was meant. */

#include <errno.h>
#include <unistd.h>

#include "login-call.h"
#include "wire/cleanup.h"
#include "wire/json-write.h"
#include "wire/text.h"

/* JSON can't carry anything but UTF-8, and nothing is ever cut or turned into something else. */
static int check_password(const Secret *password) {
        if (secret_is_empty(password))
                return REASON_EMPTY_PASSWORD;
        if (password->size > PASSWORD_MAX || !text_is_utf8(password->text, password->size))
                return REASON_INVALID_VALUE;
        return 0;
}

/* rhost, ruid and login are root's word only. */
static int write_body(const LoginContext *context, const Secret *old, const Secret *password,
                      const char *login, Secret *ret) {
        JsonWriter w = JSON_WRITER(ret);
        bool is_root = geteuid() == 0;
        uint32_t caller_uid = login_caller_uid();

        json_write_object(&w, NULL);
        json_write_secret(&w, "password", password);
        json_write_secret(&w, "old_password", old);
        if (is_root && login && text_is_hex(login, TOKEN_ID_SIZE))
                json_write_text(&w, "login", login);
        if (is_root && login_is_text(context->rhost))
                json_write_text(&w, "rhost", context->rhost);
        if (caller_uid != 0)
                json_write_int(&w, "ruid", caller_uid);
        json_write_object_end(&w);
        return json_write_end(&w);
}

static int post(const LoginContext *context, const char *user, const char *user_id,
                const Secret *body) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        _cleanup_(http_reply_done) HttpReply reply = HTTP_REPLY_INIT;
        _cleanup_(json_freep) Json *json = NULL;

        int r = login_write_path("/v1/users/", user_id, "/password", &path);
        if (r < 0)
                return r;
        r = login_call(context,
                       &(HttpRequest){ .method = "POST",
                                       .path = secret_text(&path),
                                       .content_type = TYPE_JSON,
                                       .body = body },
                       &reply, &json);
        return r == 0 ? login_read_name(json, "name", user) : r;
}

static int send_passwords(const LoginContext *context, const char *user, const char *user_id,
                          const Secret *old, const Secret *password, const char *login) {
        _cleanup_(secret_done) Secret body = SECRET_INIT;

        if (!user_name_is_valid(user))
                return REASON_INVALID_NAME;
        if (user_id[0] == '\0')
                return REASON_REPLY_MALFORMED;
        int r = old ? check_password(old) : 0;
        if (r == 0 && password)
                r = check_password(password);
        if (r != 0)
                return r;
        r = write_body(context, old, password, login, &body);
        return r < 0 ? r : post(context, user, user_id, &body);
}

int login_password_check(const LoginContext *context, const char *user, const char *user_id,
                         const Secret *old) {
        return send_passwords(context, user, user_id, old, NULL, NULL);
}

int login_password_change(const LoginContext *context, const char *user, const char *user_id,
                          const Secret *old, const Secret *password, const char *login) {
        return send_passwords(context, user, user_id, old, password, login);
}
