/* Who is slowed down: what administrators see of the throttle, and what they forgive.
 *
 * Invariants: all of it is in memory, no store is asked; a name in the journal is one that
 * somebody has. */

#include "core/throttled.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/admin.h"
#include "core/throttle.h"
#include "wire/protocol.h"
#include "wire/text.h"

static int cursor_read(const char *cursor, size_t *ret) {
        int64_t place = 0;

        if (cursor && (parse_int64(cursor, &place) < 0 || place < 0))
                return REASON_INVALID_VALUE;
        *ret = (size_t)place;
        return 0;
}

static int list_fill(Call *call, const char *user, size_t place, unsigned limit) {
        Answer *answer = &call->answer;
        int n;

        answer->throttled = calloc(limit, sizeof(Throttled));
        if (!answer->throttled)
                return -ENOMEM;
        n = throttle_list(call->authority->throttle, user, &place, answer->throttled, limit);
        if (n < 0)
                return n;
        answer->n_throttled = (size_t)n;
        if (place > 0 && asprintf(&answer->cursor, "%zu", place) < 0) {
                answer->cursor = NULL;
                return -ENOMEM;
        }
        return 0;
}

void authority_throttle_list(Authority *authority, const Caller *caller, const char *user,
                             const char *cursor, unsigned limit, AnswerHandler handler,
                             void *userdata) {
        AdminCall *admin =
                        admin_call_new(authority, caller, sizeof(*admin), NULL, handler, userdata);
        size_t place;
        int r;

        if (!admin)
                return;
        if (limit > PAGE_ROWS_MAX)
                return call_finish(&admin->call, REASON_LIMIT_EXCEEDED);
        r = cursor_read(cursor, &place);
        if (r == 0)
                r = list_fill(&admin->call, user, place, limit > 0 ? limit : PAGE_ROWS_MAX);
        call_finish(&admin->call, r);
}

void authority_throttle_clear(Authority *authority, const Caller *caller,
                              const ThrottleClearRequest *request, AnswerHandler handler,
                              void *userdata) {
        const ThrottleFilter filter = { .user = request->user, .remote = request->remote };
        AdminCall *admin =
                        admin_call_new(authority, caller, sizeof(*admin), NULL, handler, userdata);
        bool is_known;

        if (!admin)
                return;
        if (request->all == (request->user || request->remote))
                return call_finish(&admin->call, REASON_INVALID_REQUEST);
        admin_audit(admin, AUDIT_THROTTLE_CLEARED);
        admin->call.answer.n_cleared = throttle_clear(authority->throttle, &filter, &is_known);
        admin->audit.user = is_known ? request->user : NULL;
        admin->audit.rhost = request->remote;
        call_finish(&admin->call, 0);
}
