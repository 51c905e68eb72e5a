/* One place for the shapes, so that a list and a single object never differ. What is NULL is
 * absent. Nothing here can hold a secret but write_grant(). */

#include "http/write.h"

#include "base/scope.h"
#include "core/tokens.h"
#include "wire/cleanup.h"

static void write_seconds(JsonWriter *w, const char *name, int64_t usec) {
        if (usec > 0)
                json_write_int(w, name, usec / USEC_PER_SEC);
}

void write_user(JsonWriter *w, const User *user) {
        json_write_text(w, "id", user->id);
        json_write_text(w, "name", user->name);
        json_write_int(w, "uid", user->uid);
        json_write_int(w, "gid", user->gid);
        json_write_text(w, "email", user->email);
        json_write_text(w, "partner_id", user->partner_id);
        json_write_text(w, "role", user->role);
        json_write_text(w, "parent", user->parent_id);
        json_write_strv(w, "scopes", user->scopes);
        json_write_strv(w, "groups", user->groups);
        json_write_text(w, "home", user->home);
        json_write_text(w, "shell", user->shell);
        json_write_text(w, "state", user_state_to_string(user->state));
        json_write_bool(w, "adopted", user->adopted);
        write_seconds(w, "created", user->created);
        write_seconds(w, "expires", user->expires);
        json_write_strv(w, "ssh_keys", user->ssh_keys);
}

void write_client(JsonWriter *w, const Client *client) {
        json_write_text(w, "client_id", client->id);
        json_write_strv(w, "grants", client->grants);
        json_write_strv(w, "scopes", client->scopes);
        json_write_strv(w, "issue_for", client->issue_for);
        json_write_text(w, "introspect", client->introspect_own_only ? "own" : "all");
        write_seconds(w, "access_lifetime", client->access_lifetime);
        write_seconds(w, "refresh_lifetime", client->refresh_lifetime);
        write_seconds(w, "created", client->created);
}

void write_token_id(JsonWriter *w, const char *name, const Token *token) {
        char id[TOKEN_ID_SIZE + 1];

        token_hash_to_id(&token->hash, id);
        json_write_text(w, name, id);
}

void write_token(JsonWriter *w, const Authority *authority, const Token *token) {
        write_token_id(w, "id", token);
        json_write_text(w, "kind", token_kind_to_string(token->kind));
        json_write_text(w, "user", token->user_name);
        json_write_text(w, "user_id", token->user_id);
        if (token->uid != UID_NONE)
                json_write_int(w, "uid", token->uid);
        json_write_text(w, "client_id", token->client_id);
        json_write_strv(w, "scopes", token->scopes);
        write_seconds(w, "created", token->created);
        write_seconds(w, "expires", token->expires);
        write_seconds(w, "last_used", authority_last_used(authority, token));
        json_write_text(w, "login", token->login);
        json_write_text(w, "grant", token->grant);
        json_write_text(w, "service", token->service);
        json_write_text(w, "rhost", token->rhost);
        json_write_text(w, "tty", token->tty);
}

void write_account(JsonWriter *w, const User *user) {
        json_write_text(w, "username", user->name);
        json_write_int(w, "uid", user->uid);
        json_write_int(w, "gid", user->gid);
}

int write_scope(JsonWriter *w, const Token *token) {
        _cleanup_(freep) char *scope = NULL;
        int r;

        if (!token->scopes)
                return 0;
        r = scopes_format(token->scopes, &scope);
        if (r == 0)
                json_write_text(w, "scope", scope ? scope : "");
        return r;
}

int64_t token_seconds(const Token *token) {
        return (token->expires - token->created) / USEC_PER_SEC;
}

int write_grant(JsonWriter *w, const Answer *answer) {
        json_write_secret(w, "access_token", &answer->access_token);
        json_write_text(w, "token_type", "Bearer");
        json_write_int(w, "expires_in", token_seconds(answer->token));
        if (!secret_is_empty(&answer->refresh_token))
                json_write_secret(w, "refresh_token", &answer->refresh_token);
        return write_scope(w, answer->token);
}

void write_state(JsonWriter *w, const Answer *answer) {
        const char *state = reason_to_string(answer->state);
        json_write_text(w, "state", state ? state : user_state_to_string(USER_ACTIVE));
}

int write_issued_answer(Request *request, Answer *answer, JsonWriter *w) {
        int r = write_grant(w, answer);

        if (r == 0)
                write_token_id(w, "id", answer->token);
        return r;
}

int write_revoked_answer(Request *request, Answer *answer, JsonWriter *w) {
        json_write_int(w, "revoked", (int64_t)answer->n_revoked);
        return 0;
}
