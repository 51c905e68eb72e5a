/* Revocation: by the token's text, by its id, and of everything that an owner has.
 *
 * Invariants: the store has committed it and the cache has forgotten it before the handler hears.
 * Whether a token may be revoked is decided on what the store says, never on the cache. */

#include <errno.h>
#include <string.h>

#include "core/access.h"
#include "core/audit.h"
#include "core/token-revoke.h"
#include "core/token-visible.h"
#include "core/tokens.h"
#include "wire/cleanup.h"
#include "wire/text.h"

typedef struct RevokeCall {
        Call call;
        Audit audit;
        bool by_text; /* RFC 7009: what is gone already is well */
        const RevokeRequest *request;
        char *owner; /* id of the user whose tokens go */
} RevokeCall;

static void revoke_done(Call *call) {
        free(((RevokeCall *)call)->owner);
}

static RevokeCall *revoke_new(Authority *authority, const Caller *caller, AnswerHandler handler,
                              void *userdata) {
        RevokeCall *revoke =
                call_new(authority, caller, sizeof(RevokeCall), revoke_done, handler, userdata);
        if (!revoke)
                return NULL;
        revoke->audit.event = AUDIT_REVOKE;
        return revoke;
}

static void revoke_gone(RevokeCall *revoke) {
        call_finish(&revoke->call, revoke->by_text ? 0 : REASON_TOKEN_UNKNOWN);
}

static void token_revoked(Call *call, StoreRequest *request) {
        RevokeCall *revoke = (RevokeCall *)call;

        if (call_token_revoked(call, request) != 0)
                return revoke_gone(revoke);
        call->audit = &revoke->audit;
        call_finish(call, 0);
}

static void revoke_visible(Call *call, bool is_visible) {
        RevokeCall *revoke = (RevokeCall *)call;

        if (!is_visible)
                return call_finish(call, revoke->by_text ? REASON_ACCESS_DENIED
                                                        : REASON_TOKEN_UNKNOWN);
        call_store(call, call_revoke_request(call), token_revoked);
}

static void revoke_found(Call *call, StoreRequest *request) {
        if (request->result != 0)
                return revoke_gone((RevokeCall *)call);
        call->answer.token = token_ref(request->tokens[0]);
        call_decide_visible(call, ACTION_REVOKE_TOKEN, revoke_visible);
}

void authority_revoke(Authority *authority, const Caller *caller, const Secret *token,
                      AnswerHandler handler, void *userdata) {
        RevokeCall *revoke = revoke_new(authority, caller, handler, userdata);
        StoreRequest *request;
        TokenHash hash;
        if (!revoke)
                return;

        Call *call = &revoke->call;
        revoke->by_text = true;
        if (access_reach(caller, ACTION_REVOKE_TOKEN) == REACH_NONE)
                return call_finish(call, REASON_ACCESS_DENIED);
        if (secret_is_empty(token) || token_hash_from_text(token->text, token->size, &hash) < 0)
                return revoke_gone(revoke);
        request = call_token_request(call, &hash);
        if (request)
                request->include_used = true;
        call_store(call, request, revoke_found);
}

void authority_token_revoke(Authority *authority, const Caller *caller, const char *id,
                            AnswerHandler handler, void *userdata) {
        RevokeCall *revoke = revoke_new(authority, caller, handler, userdata);
        if (!revoke)
                return;
        if (access_reach(caller, ACTION_REVOKE_TOKEN) == REACH_NONE)
                return call_finish(&revoke->call, REASON_ACCESS_DENIED);
        call_store_token_by_id(&revoke->call, id, revoke_found);
}

static void owner_revoked(Call *call, StoreRequest *request) {
        RevokeCall *revoke = (RevokeCall *)call;
        Cache *cache = call->authority->cache;

        if (request->result != 0)
                return call_finish(call, request->result);
        if (revoke->owner)
                cache_forget_user(cache, revoke->owner);
        else if (revoke->request->client_id)
                cache_forget_client(cache, revoke->request->client_id);
        else
                cache_clear(cache);
        call->answer.n_revoked = request->n_affected;
        authority_tokens_removed(call->authority, request->n_affected);
        call->audit = &revoke->audit;
        call_finish(call, 0);
}

/* id NULL: of nobody in particular. */
static void owner_revoke(Call *call, enum StoreVerb verb, const char *id) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(verb);

        if (!request || (id && !(request->key.text = strdup(id))))
                return call_finish(call, -ENOMEM);
        request->now = call_now(call);
        call_store(call, TAKE_PTR(request), owner_revoked);
}

static void owner_found(Call *call, StoreRequest *request) {
        RevokeCall *revoke = (RevokeCall *)call;
        User *user = request->result == 0 ? request->users[0] : NULL;

        if (access_reach(call->caller, ACTION_REVOKE_OWNER) != REACH_ALL &&
            !(user && access_owns_user(call->caller, user)))
                return call_finish(call, REASON_ACCESS_DENIED);
        if (!user)
                return call_finish(call, request->result);
        revoke->owner = strdup(user->id);
        if (!revoke->owner)
                return call_finish(call, -ENOMEM);
        call->answer.user = TAKE_PTR(request->users[0]);
        owner_revoke(call, STORE_REVOKE_USER, revoke->owner);
}

static void owner_find(Call *call, const RevokeRequest *asked) {
        call_store(call,
                   asked->user ? call_user_request(STORE_KEY_NAME, asked->user)
                               : call_uid_request(asked->uid),
                   owner_found);
}

static bool may_revoke_client(const Caller *caller, const char *client_id) {
        if (access_reach(caller, ACTION_REVOKE_OWNER) == REACH_ALL)
                return true;
        return caller->kind == CALLER_CLIENT && streq(caller->client->id, client_id);
}

void authority_revoke_owner(Authority *authority, const Caller *caller,
                            const RevokeRequest *request, AnswerHandler handler, void *userdata) {
        int n_named = (request->user != NULL) + (request->uid != UID_NONE) +
                      (request->client_id != NULL) + request->all;
        RevokeCall *revoke = revoke_new(authority, caller, handler, userdata);
        if (!revoke)
                return;

        Call *call = &revoke->call;
        revoke->request = request;
        if (access_reach(caller, ACTION_REVOKE_OWNER) == REACH_NONE)
                return call_finish(call, REASON_ACCESS_DENIED);
        if (n_named != 1)
                return call_finish(call, REASON_INVALID_REQUEST);
        call->checks_credentials = access_reach(caller, ACTION_REVOKE_OWNER) != REACH_ALL;
        if (request->user || request->uid != UID_NONE)
                return owner_find(call, request);
        if (request->client_id && may_revoke_client(caller, request->client_id))
                return owner_revoke(call, STORE_REVOKE_CLIENT, request->client_id);
        if (request->all && access_reach(caller, ACTION_REVOKE_OWNER) == REACH_ALL)
                return owner_revoke(call, STORE_REVOKE_ALL, NULL);
        call_finish(call, REASON_ACCESS_DENIED);
}
