#pragma once

/* Core's own: a token by its hash, from the cache, else from the store. */

#include "core/call.h"

/* The step gets r = 0 and the token, which is its to unref, or REASON_TOKEN_UNKNOWN. It may run
 * before call_find_token() returned, so calling that must be the last act. */
void call_find_token(Call *call, const TokenHash *hash, CallTokenStep step);
/* By its text, from the cache alone: a reference. NULL: it is no token, or that takes a look-up to
 * tell. */
Token *token_find_now(Authority *authority, const Secret *text, int64_t now);
