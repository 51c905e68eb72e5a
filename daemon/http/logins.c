/* What the PAM module needs beside the password grant. Every call names PAM_USER: the id comes from
 * an environment that users can write. */

#include "core/logins.h"

#include <errno.h>

#include "http/route.h"
#include "http/write.h"

static int write_login(Request *request, Answer *answer, JsonWriter *w) {
        json_write_text(w, "login", answer->login->id);
        write_account(w, answer->user);
        return 0;
}

static int login_open(Request *request) {
        const Form *form = &request->form;
        LoginRequest *login;

        if (!form_get(form, "user"))
                return REASON_INVALID_REQUEST;
        login = request_alloc(request, sizeof(*login));
        if (!login)
                return -ENOMEM;
        *login = (LoginRequest){
                .user = form_get_text(form, "user"),
                .id = form_get_text(form, "login"),
                .service = form_get_text(form, "service"),
                .rhost = form_get_text(form, "rhost"),
                .tty = form_get_text(form, "tty"),
        };
        request_await(request, 200, write_login);
        authority_login_open(request->context->authority, &request->caller, login, request_answered,
                             request);
        return 0;
}

static int write_login_token(Request *request, Answer *answer, JsonWriter *w) {
        write_token_id(w, "id", answer->token);
        json_write_text(w, "login", answer->token->login);
        return write_grant(w, answer);
}

static int login_token(Request *request) {
        const char *user = form_get_text(&request->form, "user");

        if (!user)
                return REASON_INVALID_REQUEST;
        request_await(request, 200, write_login_token);
        authority_login_token(request->context->authority, &request->caller, request->params[0],
                              user, request_answered, request);
        return 0;
}

static int login_close(Request *request) {
        const char *user = request_query(request, "user");

        if (!user)
                return REASON_INVALID_REQUEST;
        request_await(request, 200, write_revoked_answer);
        authority_login_close(request->context->authority, &request->caller, request->params[0],
                              user, request_answered, request);
        return 0;
}

static int write_check(Request *request, Answer *answer, JsonWriter *w) {
        json_write_text(w, "id", answer->user->id);
        write_account(w, answer->user);
        write_state(w, answer);
        return 0;
}

static int login_check(Request *request) {
        const char *user = request_query(request, "user");

        if (!user)
                return REASON_INVALID_REQUEST;
        request_await(request, 200, write_check);
        authority_login_check(request->context->authority, &request->caller, user, request_answered,
                              request);
        return 0;
}

static int write_keys(Request *request, Answer *answer, JsonWriter *w) {
        static char *const none[] = { NULL };
        char *const *keys = answer->user->ssh_keys;

        json_write_text(w, "username", answer->user->name);
        json_write_strv(w, "keys", keys ? keys : none);
        return 0;
}

static int login_keys(Request *request) {
        const char *user = request_query(request, "user");

        if (!user)
                return REASON_INVALID_REQUEST;
        request_await(request, 200, write_keys);
        authority_login_keys(request->context->authority, &request->caller, user, request_answered,
                             request);
        return 0;
}

/* clang-format off */
static const Route routes[] = {
        { "GET",    "/v1/logins/check",     login_check, BODY_NONE, 0, NULL,
          "Whether an account may log in", "user!", "200 id username uid# gid# state" },
        { "GET",    "/v1/logins/keys",      login_keys,  BODY_NONE, 0, NULL,
          "The SSH keys of an account, none when it may not log in",
          "user!", "200 username keys[]" },
        { "POST",   "/v1/logins",           login_open,  BODY_FORM, 0, NULL,
          "Open the session of a login",
          "user! login service rhost tty", "200 login username uid# gid#" },
        { "POST",   "/v1/logins/:id/token", login_token, BODY_FORM, 0, NULL,
          "One more token of a login", "user!", "200 " GRANT_MEMBERS " id login" },
        { "DELETE", "/v1/logins/:id",       login_close, BODY_NONE, 0, NULL,
          "End a login and revoke its tokens", "user!", "200 revoked#" },
};
/* clang-format on */

const RouteTable login_routes = ROUTE_TABLE(routes);
