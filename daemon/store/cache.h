#pragma once

/* A bounded cache of live tokens by hash. It never says that a token is live when a revocation was
 * answered before: forgetting an owner outdates all its tokens at once, whatever their number.
 *
 * It takes some 110 bytes a token of those that are alike in owner, client and scopes, some 410
 * when each has an owner of its own; and memory for tokens only that were in it at one time. */

#include "base/token.h"

typedef struct Cache Cache;

/* 0 or a negative errno. Bounded to this many tokens; 0: none is kept. */
int cache_new(size_t tokens_max, Cache **ret);
Cache *cache_free(Cache *cache);
void cache_freep(Cache **cache);

/* The caller's own, or NULL. Expired and outdated tokens are not found. How it came to be (grant,
 * service, rhost, tty) is not said. */
Token *cache_get(Cache *cache, const TokenHash *hash, int64_t now);
/* Keeps what the token says, if it is an access token. Beyond the bound another one goes, by second
 * chance: in turn, the first that was not asked for since it was passed over the last time, or else
 * the last of a few. Failing is harmless. */
void cache_put(Cache *cache, const Token *token);
void cache_forget(Cache *cache, const TokenHash *hash);
void cache_forget_user(Cache *cache, const char *user_id);
void cache_forget_client(Cache *cache, const char *client_id);
/* Perhaps a few others with it, which the store finds again: the more logins there are for
 * tokens_max, the more often. */
void cache_forget_login(Cache *cache, const char *login);
/* At once. Memory goes with the calls that follow. */
void cache_clear(Cache *cache);
/* Whenever the store is told the time: a clock that is turned back later must not make anything
 * live that had expired by now. cache_get() does so by itself. */
void cache_follow_clock(Cache *cache, int64_t now);
/* Some of them may have been forgotten with their owner, or be expired. */
size_t cache_size(const Cache *cache);
