/* Logins that are written behind their answer.
 *
 * A right password needs no write, and PAM's host only wants to hear of it: the token's text is
 * told to nobody, so there is nothing that could be lost. The store works while the host goes on,
 * and open_session, whose turn on the store comes later, finds the login, or makes one. What can't
 * be written after all is said in the journal. The store's answer may come after the authority has
 * ended. */

#include "core/issue.h"

#include <errno.h>
#include <stdlib.h>

#include "base/journal.h"
#include "wire/cleanup.h"
#include "wire/text.h"

struct LateLogin {
        LIST_ENTRY(LateLogin) link;
        Authority *authority; /* NULL: it is gone */
};

static LateLogin *late_free(LateLogin *late) {
        if (!late)
                return NULL;
        if (late->authority)
                LIST_REMOVE(late, link);
        free(late);
        return NULL;
}
DEFINE_CLEANUP(LateLogin *, late_free);

static LateLogin *late_new(Authority *authority) {
        LateLogin *late = calloc(1, sizeof(*late));

        if (!late)
                return NULL;
        late->authority = authority;
        LIST_INSERT_HEAD(&authority->late_logins, late, link);
        return late;
}

void issue_late_abandon(Authority *authority) {
        LateLogin *late;

        while ((late = LIST_FIRST(&authority->late_logins))) {
                LIST_REMOVE(late, link);
                late->authority = NULL;
        }
}

/* r: a Reason or a negative errno. */
static void log_failure(const StoreRequest *request, int r) {
        const char *user = request->tokens[0]->user_name;

        journal_log(LOG_WARNING,
                    &(JournalFields){ .user = user,
                                      .reason = reason_to_string(r < 0 ? REASON_STORE_UNAVAILABLE
                                                                       : r),
                                      .error = r < 0 ? r : 0 },
                    "logged in without a token: %s", user);
}

static void late_stored(StoreRequest *request, void *userdata) {
        _cleanup_(late_freep) LateLogin *late = userdata;

        if (request->result != 0)
                log_failure(request, request->result);
        else if (late->authority)
                issue_tell_login(late->authority, request);
}

/* What the answer says of a login that is not there yet. */
static int late_answer(IssueCall *issue, const StoreRequest *request) {
        _cleanup_(login_freep) Login *login = login_new();

        if (!login || text_copy(request->logins[0]->id, &login->id) < 0)
                return -ENOMEM;
        secret_done(&issue->call.answer.access_token);
        issue->call.answer.login = TAKE_PTR(login);
        issue->call.answer.token = token_ref(request->tokens[0]);
        return 0;
}

void issue_late(IssueCall *issue, StoreRequest *request) {
        _cleanup_(store_request_freep) StoreRequest *owned = request;
        Call *call = &issue->call;
        _cleanup_(late_freep) LateLogin *late = late_new(call->authority);

        if (!late || late_answer(issue, owned) < 0)
                return call_finish(call, -ENOMEM);
        owned->urgent = true;
        int r = store_submit(call->authority->store, owned, late_stored, late);
        if (r < 0)
                log_failure(owned, r);
        if (r == 0) {
                TAKE_PTR(owned);
                TAKE_PTR(late);
        }
        call_finish(call, 0);
}
