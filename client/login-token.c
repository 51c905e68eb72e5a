/* The token of a session (docs/http.md, POST /v1/logins/:id/token), and the tokens of a login that
 * nobody will end. They are read into a Secret, and go to the host or back, and nowhere else. */

#include <errno.h>

#include "login-call.h"
#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/text.h"

/* The user was named in the question, so the answer's login is what tells whose token it is. */
static int read_token(const Json *json, const char *id, Secret *ret) {
        _cleanup_(secret_done) Secret token = SECRET_INIT;
        _cleanup_(freep) char *login = NULL;

        int r = json_get_text(json, JSON_ROOT, "login", &login);
        if (r == 0)
                r = json_get_secret(json, JSON_ROOT, "access_token", &token);
        if (r < 0)
                return login_malformed(r);
        if (!streq(login, id) || !text_is_hex(secret_text(&token), TOKEN_TEXT_SIZE))
                return REASON_REPLY_MALFORMED;
        return secret_set(ret, secret_text(&token), token.size);
}

int login_token(const LoginContext *context, const char *user, const char *id, Secret *ret) {
        _cleanup_(secret_done) Secret path = SECRET_INIT, form = SECRET_INIT;
        _cleanup_(http_reply_done) HttpReply reply = HTTP_REPLY_INIT;
        _cleanup_(json_freep) Json *json = NULL;

        if (!user_name_is_valid(user))
                return REASON_INVALID_NAME;
        if (!text_is_hex(id, TOKEN_ID_SIZE))
                return REASON_LOGIN_UNKNOWN;
        int r = login_write_path("/v1/logins/", id, "/token", &path);
        if (r == 0)
                r = form_append(&form, "user", user);
        if (r < 0)
                return r;

        r = login_post(context, secret_text(&path), &form, &reply, &json);
        return r == 0 ? read_token(json, id, ret) : r;
}

/* Its refresh token takes the rest of the family along. */
static int read_family(const Json *grant, Secret *ret) {
        int r = json_get_secret(grant, JSON_ROOT, "refresh_token", ret);

        if (r == -ENOENT)
                r = json_get_secret(grant, JSON_ROOT, "access_token", ret);
        if (r < 0)
                return r;
        return text_is_hex(secret_text(ret), TOKEN_TEXT_SIZE) ? 0 : REASON_REPLY_MALFORMED;
}

void login_give_back(const LoginContext *context, const Json *grant) {
        _cleanup_(secret_done) Secret token = SECRET_INIT, form = SECRET_INIT;
        _cleanup_(http_reply_done) HttpReply reply = HTTP_REPLY_INIT;
        _cleanup_(json_freep) Json *json = NULL;

        int r = read_family(grant, &token);
        if (r == 0)
                r = form_append(&form, "token", secret_text(&token));
        if (r == 0)
                (void)login_post(context, "/oauth/revoke", &form, &reply, &json);
}
