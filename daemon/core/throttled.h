#pragma once

/* Who is slowed down, for administrators. */

#include "core/authority.h"

/* The counts that are less than an hour old, in no particular order; user NULL: everybody's; limit
 * 0: as many as a page may have. Answer: throttled, cursor. REASON_INVALID_VALUE: no cursor of
 * ours. */
void authority_throttle_list(Authority *authority, const Caller *caller, const char *user,
                             const char *cursor, unsigned limit, AnswerHandler handler,
                             void *userdata);

typedef struct ThrottleClearRequest {
        const char *user;   /* a name, or "client:ID"; NULL: whoever */
        const char *remote; /* an address, or as a list shows it; NULL: from anywhere */
        bool all;           /* everything; without a user or a remote this must be said */
} ThrottleClearRequest;

/* Forgets them at once; the store hears of it within about a second. Answer: n_cleared.
 * REASON_INVALID_REQUEST: nothing is named, or all and something. */
void authority_throttle_clear(Authority *authority, const Caller *caller,
                              const ThrottleClearRequest *request, AnswerHandler handler,
                              void *userdata);
