#pragma once

/* Core's own: whether a caller may see or touch the token in answer.token. */

#include "core/access.h"
#include "core/call.h"

/* As far as that can be said without the store: false may be a sub-account's. */
bool token_is_visible(const Caller *caller, enum Action action, const Token *token);

/* Where it depends on the parent of the token's user, the store is asked. The step may run before
 * this returned: calling it must be the last act. */
void call_decide_visible(Call *call, enum Action action, CallVisibleStep step);

/* A live token by its public id; what is no id ends the call with REASON_TOKEN_UNKNOWN. */
void call_store_token_by_id(Call *call, const char *id, CallStoreStep step);
