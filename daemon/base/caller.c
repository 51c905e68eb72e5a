/* What a caller owns, let go. */

#include "base/caller.h"

void caller_done(Caller *caller) {
        client_free(caller->client);
        token_unref(caller->token);
        *caller = CALLER_INIT;
}
