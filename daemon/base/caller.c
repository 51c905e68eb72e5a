/* What a caller owns, let go. */

#include "base/caller.h"

void caller_done(Caller *caller) {
        client_unref(caller->client);
        token_unref(caller->token);
        *caller = CALLER_INIT;
}
