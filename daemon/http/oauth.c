/* RFC 6749 (token endpoint), RFC 7662 (introspection), RFC 7009 (revocation). Whatever is not an
 * active token is answered with the same bytes. */

#include <errno.h>

#include "core/tokens.h"
#include "http/grant-form.h"
#include "http/route.h"
#include "http/write.h"
#include "wire/text.h"

static int write_token_answer(Request *request, Answer *answer, JsonWriter *w) {
        int r = secret_is_empty(&answer->access_token) ? 0 : write_grant(w, answer);

        if (r != 0)
                return r;
        if (request->peer.door != DOOR_SOCKET)
                return 0;

        /* What only this machine gets to see. */
        if (answer->token)
                write_token_id(w, "id", answer->token);
        if (answer->login)
                json_write_text(w, "login", answer->login->id);
        if (answer->user) {
                write_account(w, answer->user);
                write_state(w, answer);
        }
        json_write_text(w, "reason",
                        reason_to_string(answer->without_store ? REASON_STORE_UNAVAILABLE
                                                               : answer->state));
        return 0;
}

/* "password token" */
static int read_accepts(const Form *form, unsigned *ret) {
        static const struct {
                const char *word;
                enum GrantAccepts accepts;
        } words[] = {
                { "password", GRANT_ACCEPTS_PASSWORD },
                { "token", GRANT_ACCEPTS_TOKEN },
        };
        const char *text = form_get_text(form, "accept");
        _cleanup_(strv_freep) char **given = NULL;
        unsigned accepts = 0;

        if (!text)
                return 0;
        if (strv_split(text, " ", &given) < 0)
                return -ENOMEM;
        for (char **word = given; *word; word++) {
                unsigned found = 0;

                for (size_t i = 0; i < ELEMENTSOF(words); i++)
                        if (streq(*word, words[i].word))
                                found = words[i].accepts;
                if (!found)
                        return REASON_INVALID_REQUEST;
                accepts |= found;
        }
        *ret = accepts;
        return accepts ? 0 : REASON_INVALID_REQUEST;
}

/* Each is 1 or absent. */
static int read_flags(Request *request, GrantRequest *grant) {
        const struct {
                const char *name;
                bool *flag;
                const char *detail;
        } flags[] = {
                { "junk", &grant->junk, "junk must be 1" },
                { "once", &grant->once, "once must be 1" },
                { "login_only", &grant->login_only, "login_only must be 1" },
        };

        for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
                const char *text = form_get_text(&request->form, flags[i].name);

                if (text && !streq(text, "1"))
                        return request_refuse(request, REASON_INVALID_REQUEST, flags[i].detail);
                *flags[i].flag = text != NULL;
        }
        return 0;
}

static int read_ruid(const Form *form, uint32_t *ret) {
        const char *text = form_get_text(form, "ruid");
        bool is_good = !text || (parse_uint32(text, ret) == 0 && *ret != 0);

        return is_good ? 0 : REASON_INVALID_VALUE;
}

static int token(Request *request) {
        const Form *form = &request->form;
        GrantRequest *grant = grant_form_read(request);
        int r;

        if (!grant)
                return -ENOMEM;
        r = read_flags(request, grant);
        if (r != 0)
                return r;
        r = read_accepts(form, &grant->accepts);
        if (r != 0)
                return request_refuse(request, r, "accept takes the words password and token");
        r = read_ruid(form, &grant->ruid);
        if (r != 0)
                return request_refuse(request, r, "ruid must be a uid, and not root's");
        grant->service = form_get_text(form, "service");
        grant->rhost = form_get_text(form, "rhost");
        grant->tty = form_get_text(form, "tty");
        return grant_form_call(request, grant, write_token_answer);
}

static int write_active(Request *request, const Answer *answer, JsonWriter *w) {
        const Token *token = answer->token;
        int r;

        json_write_bool(w, "active", true);
        json_write_text(w, "sub", token->user_id ? token->user_id : token->client_id);
        json_write_text(w, "username", token->user_name);
        json_write_text(w, "client_id", token->client_id);
        r = write_scope(w, token);
        if (r != 0)
                return r;
        json_write_int(w, "exp", token->expires / USEC_PER_SEC);
        json_write_int(w, "iat", token->created / USEC_PER_SEC);
        json_write_int(w, "nbf", token->created / USEC_PER_SEC);
        json_write_text(w, "iss", request->context->issuer);
        if (token->kind == TOKEN_ACCESS)
                json_write_text(w, "token_type", "Bearer");
        write_token_id(w, "jti", token);
        json_write_text(w, "role", token->user_role);
        return 0;
}

static int write_introspection(Request *request, Answer *answer, JsonWriter *w) {
        if (answer && answer->token)
                return write_active(request, answer, w);
        json_write_bool(w, "active", false);
        return 0;
}

/* token_type_hint is only a hint (RFC 7009 section 2.1): the hash finds every kind. */
static int introspect(Request *request) {
        const Secret *token = form_get(&request->form, "token");
        _cleanup_(token_unrefp) Token *found = NULL;

        if (!token)
                return request_refuse(request, REASON_INVALID_REQUEST, "token is missing");
        if (authority_introspect_now(request->context->authority, &request->caller, token,
                                     &found) == 0) {
                request_answer(request, 200, write_introspection, &(Answer){ .token = found });
                return 0;
        }
        request->answer_as_empty = REASON_TOKEN_UNKNOWN;
        request_await(request, 200, write_introspection);
        authority_introspect(request->context->authority, &request->caller, token, request_answered,
                             request);
        return 0;
}

static int write_nothing(Request *request, Answer *answer, JsonWriter *w) {
        return 0;
}

static int revoke_token(Request *request) {
        const Secret *token = form_get(&request->form, "token");

        if (!token)
                return request_refuse(request, REASON_INVALID_REQUEST, "token is missing");
        request_await(request, 200, write_nothing);
        authority_revoke(request->context->authority, &request->caller, token, request_answered,
                         request);
        return 0;
}

/* A login without a store has no token. */
#define ANSWER_MEMBERS                                                                         \
        "access_token token_type expires_in# refresh_token scope id login username uid# gid# "     \
        "state reason"
#define ACTIVE_MEMBERS                                                                             \
        "active?! sub username client_id scope exp# iat# nbf# iss token_type jti role"

/* clang-format off */
static const Route routes[] = {
        { "POST", "/oauth/token",      token,        BODY_FORM,
          ROUTE_GRANT | ROUTE_CLIENT_FORM, NULL,
          "Token endpoint (RFC 6749)", GRANT_FIELDS, "200 " ANSWER_MEMBERS },
        { "POST", "/oauth/introspect", introspect,   BODY_FORM, ROUTE_CLIENT_FORM, NULL,
          "Introspection (RFC 7662)", "token! token_type_hint", "200 " ACTIVE_MEMBERS },
        { "POST", "/oauth/revoke",     revoke_token, BODY_FORM, ROUTE_CLIENT_FORM, NULL,
          "Revocation (RFC 7009)", "token! token_type_hint", "200" },
};
/* clang-format on */

const RouteTable oauth_routes = ROUTE_TABLE(routes);
