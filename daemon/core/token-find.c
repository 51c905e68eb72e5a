/* A token by its hash, from the cache, else from the store.
 *
 * Invariant: what was read while a revocation was answered may be stale, and is never put into the
 * cache. It is looked up again, a few times; after that the answer is given (it was true when the
 * question came) but not kept. */

#include "core/token-find.h"

#define LOOK_UPS_MAX 4

static void token_read(Call *call, StoreRequest *request);

static void token_look_up(Call *call) {
        call->find_tries++;
        call_store(call, call_token_request(call, &call->find_hash), token_read);
}

static void token_read(Call *call, StoreRequest *request) {
        Authority *authority = call->authority;
        bool is_fresh = store_revocations(authority->store) == request->revocations;

        if (request->result != 0)
                return call->find_step(call, REASON_TOKEN_UNKNOWN, NULL);
        if (!is_fresh && call->find_tries < LOOK_UPS_MAX)
                return token_look_up(call);
        if (is_fresh && request->tokens[0]->kind == TOKEN_ACCESS)
                cache_put(authority->cache, request->tokens[0]);
        call->find_step(call, 0, token_ref(request->tokens[0]));
}

/* The cache decides by the time alone: the store has to know of it. */
static Token *token_find_cached(Authority *authority, const TokenHash *hash, int64_t now) {
        store_follow_clock(authority->store, now);
        return cache_get(authority->cache, hash, now);
}

Token *token_find_now(Authority *authority, const Secret *text, int64_t now) {
        TokenHash hash;

        if (secret_is_empty(text) || token_hash_from_text(text->text, text->size, &hash) < 0)
                return NULL;
        return token_find_cached(authority, &hash, now);
}

void call_find_token(Call *call, const TokenHash *hash, CallTokenStep step) {
        Token *token = token_find_cached(call->authority, hash, call_now(call));

        if (token)
                return step(call, 0, token);
        call->find_hash = *hash;
        call->find_step = step;
        call->find_tries = 0;
        token_look_up(call);
}
