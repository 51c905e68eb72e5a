#pragma once

/* Tokens by number, and a cache that they are put into. */

#include "unit.h"

#include <string.h>

#include "base/clock.h"
#include "store/cache.h"
#include "wire/cleanup.h"

#define NOW     (1700000000 * USEC_PER_SEC)
#define EXPIRES (NOW + 3600 * USEC_PER_SEC)

/* Spread, as digests are. */
static inline TokenHash hash_of(unsigned n) {
        uint64_t mixed = n * UINT64_C(0x9e3779b97f4a7c15);
        TokenHash hash = { 0 };

        memcpy(hash.bytes, &mixed, sizeof(mixed));
        return hash;
}

static inline Token *make(unsigned n, const char *user, const char *client, const char *login) {
        Token *token = token_new();

        assert_non_null(token);
        token->hash = hash_of(n);
        token->user_id = user ? strdup(user) : NULL;
        token->client_id = client ? strdup(client) : NULL;
        token->login = login ? strdup(login) : NULL;
        token->expires = EXPIRES;
        return token;
}

static inline void put(Cache *cache, unsigned n, const char *user, const char *client,
                       const char *login) {
        _cleanup_(token_unrefp) Token *token = make(n, user, client, login);

        cache_put(cache, token);
}

static inline bool has(Cache *cache, unsigned n) {
        TokenHash hash = hash_of(n);
        _cleanup_(token_unrefp) Token *token = cache_get(cache, &hash, NOW);

        return token != NULL;
}
