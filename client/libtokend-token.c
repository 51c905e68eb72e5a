/* What is known about a token, from introspection (RFC 7662) or from a row of a list. Its text is
 * not part of it. */

#include "libtokend.h"

#include <errno.h>

#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/text.h"

struct tokend_token {
        char *id;
        char *user;
        char *client_id;
        char *scope;
        char *kind;
        int64_t created;
        int64_t expires;
};

DEFINE_CLEANUP(tokend_token_t *, tokend_token_free);

/* Members that both forms have under one name. */
static int token_read(const Json *json, JsonNode node, const char *id, const char *user,
                      const char *created, const char *expires, tokend_token_t *token) {
        int r;

        r = json_get_text(json, node, id, &token->id);
        if (r == 0)
                r = json_get_int64(json, node, created, &token->created);
        if (r == 0)
                r = json_get_int64(json, node, expires, &token->expires);
        if (r == 0)
                r = optional(json_get_text(json, node, user, &token->user));
        if (r == 0)
                r = optional(json_get_text(json, node, "client_id", &token->client_id));
        return r == -ENOENT ? -EBADMSG : r;
}

/* "Bearer" is what an access token is; a refresh token can't be borne, so it has no such type. */
static int kind_from_introspection(const Json *json, char **ret) {
        char *kind = strdup(json_get(json, JSON_ROOT, "token_type") == JSON_NONE ? "refresh"
                                                                                 : "access");

        if (!kind)
                return -ENOMEM;
        *ret = kind;
        return 0;
}

static int token_from_introspection(const Json *json, tokend_token_t **ret) {
        _cleanup_(tokend_token_freep) tokend_token_t *token = calloc(1, sizeof(*token));
        int r;

        if (!token)
                return -ENOMEM;
        r = token_read(json, JSON_ROOT, "jti", "username", "iat", "exp", token);
        if (r == 0)
                r = optional(json_get_text(json, JSON_ROOT, "scope", &token->scope));
        if (r == 0)
                r = kind_from_introspection(json, &token->kind);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(token);
        return 0;
}

int token_from_row(const Json *json, JsonNode row, tokend_token_t **ret) {
        _cleanup_(tokend_token_freep) tokend_token_t *token = calloc(1, sizeof(*token));
        _cleanup_(strv_freep) char **scopes = NULL;
        int r;

        if (!token)
                return -ENOMEM;
        r = token_read(json, row, "id", "user", "created", "expires", token);
        if (r == 0)
                r = json_get_text(json, row, "kind", &token->kind);
        if (r == 0)
                r = optional(json_get_strv(json, row, "scopes", &scopes));
        if (r == 0 && scopes)
                r = strv_join(scopes, " ", &token->scope);
        if (r < 0)
                return r == -ENOENT ? -EBADMSG : r;
        *ret = TAKE_PTR(token);
        return 0;
}

_public_ int tokend_introspect(tokend_t *t, const char *token, tokend_token_t **ret) {
        _cleanup_(json_reply_done) JsonReply reply = JSON_REPLY_INIT;
        _cleanup_(secret_done) Secret form = SECRET_INIT;
        tokend_token_t *found = NULL;
        bool active = false;
        int r;

        r = form_append(&form, "token", token);
        if (r < 0)
                return handle_fail(t, r, NULL);
        r = handle_call_json(t, "/oauth/introspect", &form, &reply);
        if (r != 0)
                return r;
        r = json_get_bool(reply.json, JSON_ROOT, "active", &active);
        if (r == 0 && active)
                r = token_from_introspection(reply.json, &found);
        if (r < 0)
                return handle_fail(t, r == -ENOENT ? -EBADMSG : r, NULL);
        *ret = found;
        return 0;
}

_public_ const char *tokend_token_id(const tokend_token_t *token) {
        return token->id;
}

_public_ const char *tokend_token_user(const tokend_token_t *token) {
        return token->user;
}

_public_ const char *tokend_token_client_id(const tokend_token_t *token) {
        return token->client_id;
}

_public_ const char *tokend_token_scope(const tokend_token_t *token) {
        return token->scope;
}

_public_ const char *tokend_token_kind(const tokend_token_t *token) {
        return token->kind;
}

_public_ int64_t tokend_token_created(const tokend_token_t *token) {
        return token->created;
}

_public_ int64_t tokend_token_expires(const tokend_token_t *token) {
        return token->expires;
}

_public_ void tokend_token_free(tokend_token_t *token) {
        if (!token)
                return;
        free(token->id);
        free(token->user);
        free(token->client_id);
        free(token->scope);
        free(token->kind);
        free(token);
}
