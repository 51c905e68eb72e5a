#pragma once

/* Core's own: the end of the token in answer.token. */

#include "core/call.h"

/* For call_store(); NULL: no memory. */
StoreRequest *call_revoke_request(const Call *call);
/* First thing in the step: when it returns, the token is dead everywhere, and n_revoked and the
 * observer say so. 0, or REASON_TOKEN_UNKNOWN: it was dead already. */
int call_token_revoked(Call *call, const StoreRequest *request);
