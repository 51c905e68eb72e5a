#pragma once

/* A bounded cache of live tokens by hash. It never says that a token is live when a revocation was
 * answered before: owners are interned, and forgetting one outdates all its tokens at once. */

#include "base/token.h"

typedef struct Cache Cache;

/* 0 or -ENOMEM. Bounded to this many tokens; 0: none is kept. */
int cache_new(size_t tokens_max, Cache **ret);
Cache *cache_free(Cache *cache);
void cache_freep(Cache **cache);

/* A reference, or NULL. Expired and outdated tokens are not found. */
Token *cache_get(Cache *cache, const TokenHash *hash, int64_t now);
/* Keeps a reference; beyond the bound, the one not asked for the longest goes. Failing is
 * harmless. */
void cache_put(Cache *cache, Token *token);
void cache_forget(Cache *cache, const TokenHash *hash);
void cache_forget_user(Cache *cache, const char *user_id);
void cache_forget_client(Cache *cache, const char *client_id);
void cache_forget_login(Cache *cache, const char *login);
void cache_clear(Cache *cache);
/* Whenever the store is told the time: a clock that is turned back later must not make anything
 * live that had expired by now. cache_get() does so by itself. */
void cache_follow_clock(Cache *cache, int64_t now);
size_t cache_size(const Cache *cache);
