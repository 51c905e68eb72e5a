/* open_session: the login that authenticate left pending, or a new one.
 *
 * Invariant: what is opened is the named user's own, or new. A user who changed TOKEND_LOGIN ends
 * up with a login of this session, and the one that was meant does not stay behind. */

#include <errno.h>

#include "core/access.h"
#include "core/issue.h"
#include "core/logins.h"
#include "wire/cleanup.h"
#include "wire/text.h"

typedef struct OpenCall {
        IssueCall issue;
        const LoginRequest *request;
} OpenCall;

/* The token's text is told to nobody: the login is there to be listed and revoked, and to be asked
 * for tokens. */
static void open_issue(IssueCall *issue) {
        issue->kind = ISSUE_OPEN;
        issue->hides_text = true;
        issue_begin(issue);
}

static void open_abandoned(Call *call, StoreRequest *request) {
        if (request->key.text) {
                cache_forget_login(call->authority->cache, request->key.text);
                authority_token_removed(call->authority, request->key.text, "login-abandoned");
        }
        issue_find_client((IssueCall *)call, open_issue);
}

static int abandon_request_new(const OpenCall *open, StoreRequest **ret) {
        _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_LOGIN_ABANDON);
        _cleanup_(login_freep) Login *like = login_new();
        int r;

        if (!request || !like || text_copy(open->request->service, &like->service) < 0 ||
            text_copy(open->request->rhost, &like->rhost) < 0 ||
            text_copy(open->issue.call.answer.user->id, &request->user_id) < 0)
                return -ENOMEM;
        /* Not the terminal: sshd knows that only when the session begins. */
        request->now = call_now(&open->issue.call);
        r = store_request_take_login(request, like);
        if (r < 0)
                return r;
        TAKE_PTR(like);
        *ret = TAKE_PTR(request);
        return 0;
}

static void open_anew(OpenCall *open) {
        _cleanup_(store_request_freep) StoreRequest *request = NULL;
        Call *call = &open->issue.call;

        /* Without an id this may be a login by key, beside one by password that is under way. */
        if (!open->request->id)
                return issue_find_client(&open->issue, open_issue);
        int r = abandon_request_new(open, &request);
        if (r < 0)
                return call_finish(call, r);
        call_store(call, TAKE_PTR(request), open_abandoned);
}

static void open_tried(Call *call, StoreRequest *request) {
        if (request->result == REASON_LOGIN_UNKNOWN)
                return open_anew((OpenCall *)call);
        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.login = TAKE_PTR(request->logins[0]);
        call_finish(call, 0);
}

static void open_user_found(Call *call, StoreRequest *request) {
        OpenCall *open = (OpenCall *)call;
        const char *id = open->request->id;
        int r;

        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.user = TAKE_PTR(request->users[0]);
        call->audit = &open->issue.audit;
        r = user_refusal(call->answer.user, call_now(call));
        if (r != 0)
                return call_finish(call, r);
        if (!id || !text_is_hex(id, TOKEN_ID_SIZE))
                return open_anew(open);

        StoreRequest *attempt = store_request_new(STORE_LOGIN_OPEN);
        if (attempt && (text_copy(id, &attempt->key.text) < 0 ||
                        text_copy(call->answer.user->id, &attempt->user_id) < 0))
                attempt = store_request_free(attempt);
        if (attempt)
                attempt->now = call_now(call);
        call_store(call, attempt, open_tried);
}

void authority_login_open(Authority *authority, const Caller *caller, const LoginRequest *request,
                          AnswerHandler handler, void *userdata) {
        OpenCall *open = call_new(authority, caller, sizeof(OpenCall), issue_done, handler,
                                  userdata);
        if (!open)
                return;

        Call *call = &open->issue.call;
        open->request = request;
        open->issue.grant = "login";
        open->issue.service = request->service;
        open->issue.rhost = request->rhost;
        open->issue.tty = request->tty;
        open->issue.audit = (Audit){
                .event = AUDIT_LOGIN_OPENED,
                .service = request->service,
                .rhost = request->rhost,
        };
        if (access_reach(caller, ACTION_LOGIN_DETAILS) != REACH_ALL)
                return call_finish(call, REASON_ACCESS_DENIED);
        if (!request->user)
                return call_finish(call, REASON_INVALID_REQUEST);
        if (!user_name_is_valid(request->user))
                return call_finish(call, REASON_USER_UNKNOWN);
        call_store(call, call_user_request(STORE_KEY_NAME, request->user), open_user_found);
}
