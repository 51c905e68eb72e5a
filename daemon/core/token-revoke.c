/* The end of one token, and of its family if it is a refresh token.
 *
 * Invariant: the store has committed it and the cache has forgotten it before anybody hears. */

#include "core/token-revoke.h"

StoreRequest *call_revoke_request(const Call *call) {
        StoreRequest *request = store_request_new(STORE_TOKEN_REVOKE);

        if (!request)
                return NULL;
        request->key.field = STORE_KEY_HASH;
        request->key.hash = call->answer.token->hash;
        request->now = call_now(call);
        return request;
}

int call_token_revoked(Call *call, const StoreRequest *request) {
        const Token *token = call->answer.token;
        char id[TOKEN_ID_SIZE + 1];

        /* Also when somebody else was quicker: its answer may be still to come. */
        cache_forget(call->authority->cache, &token->hash);
        if (token->kind == TOKEN_REFRESH && token->login)
                cache_forget_login(call->authority->cache, token->login);
        if (request->result != 0)
                return request->result;
        call->answer.n_revoked = request->n_affected;
        token_hash_to_id(&token->hash, id);
        authority_token_removed(call->authority, id, "revoked");
        return 0;
}
