/* Grants: the calls that give tokens, and the one that takes them back. */

#include "libtokend.h"

#include <errno.h>

#include "wire/cleanup.h"
#include "wire/form.h"
#include "wire/protocol.h"

struct tokend_grant {
        Secret access_token;
        Secret refresh_token;
        char *scope;
        int64_t expires_in;
};

DEFINE_CLEANUP(tokend_grant_t *, tokend_grant_free);

static int grant_from_json(const Json *json, tokend_grant_t **ret) {
        _cleanup_(tokend_grant_freep) tokend_grant_t *grant = calloc(1, sizeof(*grant));
        int r;

        if (!grant)
                return -ENOMEM;
        r = json_get_secret(json, JSON_ROOT, "access_token", &grant->access_token);
        if (r == 0)
                r = optional(json_get_int64(json, JSON_ROOT, "expires_in", &grant->expires_in));
        if (r == 0)
                r = optional(json_get_secret(json, JSON_ROOT, "refresh_token",
                                             &grant->refresh_token));
        if (r == 0)
                r = optional(json_get_text(json, JSON_ROOT, "scope", &grant->scope));
        if (r < 0)
                return r == -ENOENT ? -EBADMSG : r;
        if (secret_is_empty(&grant->access_token) || grant->expires_in < 0)
                return -EBADMSG;
        *ret = TAKE_PTR(grant);
        return 0;
}

/* A right password that no token could be made for: 200, no token, and a reason. */
static int grant_is_refused(const Json *json) {
        _cleanup_(freep) char *word = NULL;

        if (json_get(json, JSON_ROOT, "access_token") != JSON_NONE ||
            json_get_text(json, JSON_ROOT, "reason", &word) < 0)
                return 0;
        return (int)reason_from_string(word);
}

static int grant_ask(tokend_t *t, const Secret *form, tokend_grant_t **ret) {
        _cleanup_(json_reply_done) JsonReply reply = JSON_REPLY_INIT;
        int r;

        r = handle_call_json(t, "/oauth/token", form, &reply);
        if (r != 0)
                return r;
        r = grant_is_refused(reply.json) ?: grant_from_json(reply.json, ret);
        return r == 0 ? 0 : handle_fail(t, r, NULL);
}

_public_ int tokend_log_in(tokend_t *t, const char *user, const char *password, const char *scope,
                           tokend_grant_t **ret) {
        _cleanup_(secret_done) Secret form = SECRET_INIT;
        int r;

        r = form_append(&form, "grant_type", "password");
        if (r == 0)
                r = form_append(&form, "username", user);
        if (r == 0)
                r = form_append(&form, "password", password);
        if (r == 0)
                r = form_append(&form, "scope", scope);
        return r == 0 ? grant_ask(t, &form, ret) : handle_fail(t, r, NULL);
}

_public_ int tokend_refresh(tokend_t *t, const char *refresh_token, const char *scope,
                            tokend_grant_t **ret) {
        _cleanup_(secret_done) Secret form = SECRET_INIT;
        int r;

        r = form_append(&form, "grant_type", "refresh_token");
        if (r == 0)
                r = form_append(&form, "refresh_token", refresh_token);
        if (r == 0)
                r = form_append(&form, "scope", scope);
        return r == 0 ? grant_ask(t, &form, ret) : handle_fail(t, r, NULL);
}

_public_ int tokend_revoke(tokend_t *t, const char *token) {
        _cleanup_(http_reply_done) HttpReply reply = HTTP_REPLY_INIT;
        _cleanup_(secret_done) Secret form = SECRET_INIT;
        HttpRequest request = {
                .method = "POST",
                .path = "/oauth/revoke",
                .content_type = TYPE_FORM,
                .body = &form,
        };
        int r;

        r = form_append(&form, "token", token);
        return r == 0 ? handle_call(t, &request, &reply) : handle_fail(t, r, NULL);
}

_public_ const char *tokend_grant_access_token(const tokend_grant_t *grant) {
        return secret_text(&grant->access_token);
}

_public_ const char *tokend_grant_refresh_token(const tokend_grant_t *grant) {
        return secret_is_empty(&grant->refresh_token) ? NULL : secret_text(&grant->refresh_token);
}

_public_ const char *tokend_grant_scope(const tokend_grant_t *grant) {
        return grant->scope;
}

_public_ int64_t tokend_grant_expires_in(const tokend_grant_t *grant) {
        return grant->expires_in;
}

_public_ void tokend_grant_free(tokend_grant_t *grant) {
        if (!grant)
                return;
        secret_done(&grant->access_token);
        secret_done(&grant->refresh_token);
        free(grant->scope);
        free(grant);
}
