/* Tokens without a grant: those that an administrator issues for anybody, and those that a local
 * user gets for itself because the socket says who it is.
 *
 * Invariant: nobody hands on a reserved scope that it has not got. Root has them all; a token has
 * those in its list. */

#include "base/scope.h"
#include "core/access.h"
#include "core/grant.h"
#include "core/issue.h"
#include "core/self-quota.h"
#include "wire/text.h"

typedef struct DirectCall {
        IssueCall issue;
        const IssueRequest *request;
} DirectCall;

static bool has_reserved(char *const *scopes) {
        for (; scopes && *scopes; scopes++)
                if (scope_is_reserved(*scopes))
                        return true;
        return false;
}

static int request_check_shape(const Authority *authority, const IssueRequest *request) {
        if (request->lifetime < 0 || request->lifetime > authority->config->maximum_lifetime)
                return REASON_INVALID_VALUE;
        for (char *const *scope = request->scopes; scope && *scope; scope++)
                if (!scope_is_valid(*scope))
                        return REASON_INVALID_SCOPE;
        return 0;
}

static int direct_set_scopes(IssueCall *issue, char *const *owner, char *const *wanted) {
        if (strv_length(wanted) == 0)
                return 0;
        if (!scopes_within_owner(wanted, owner))
                return REASON_INVALID_SCOPE;
        return strv_copy(wanted, &issue->scopes);
}

static void direct_issue(IssueCall *issue) {
        const User *user = issue->call.answer.user;
        char *const *owner = user ? user->scopes : issue->client->scopes;

        int r = direct_set_scopes(issue, owner, ((DirectCall *)issue)->request->scopes);
        if (r != 0)
                return call_finish(&issue->call, r);
        issue->kind = issue->call.answer.login ? ISSUE_MEMBER : ISSUE_SINGLE;
        issue->audit = (Audit){ .event = AUDIT_ISSUE, .client = issue->client->id };
        issue->call.audit = &issue->audit;
        issue_begin(issue);
}

/* Whether there is one that may have tokens; else the call has ended. */
static bool direct_take_user(Call *call, StoreRequest *request) {
        int r = request->result;

        if (r == 0) {
                call->answer.user = TAKE_PTR(request->users[0]);
                r = user_refusal(call->answer.user, call_now(call));
        }
        if (r != 0)
                call_finish(call, r);
        return r == 0;
}

static void direct_user_found(Call *call, StoreRequest *request) {
        if (direct_take_user(call, request))
                issue_find_local_client((IssueCall *)call, direct_issue);
}

static void direct_client_found(Call *call, StoreRequest *request) {
        IssueCall *issue = (IssueCall *)call;

        if (request->result != 0)
                return call_finish(call, request->result);
        issue->client = issue->owned_client = TAKE_PTR(request->clients[0]);
        direct_issue(issue);
}

static DirectCall *direct_new(Authority *authority, const Caller *caller,
                              const IssueRequest *request, const char *grant,
                              AnswerHandler handler, void *userdata) {
        DirectCall *direct =
                call_new(authority, caller, sizeof(DirectCall), issue_done, handler, userdata);
        if (!direct)
                return NULL;
        direct->request = request;
        direct->issue.grant = grant;
        direct->issue.lifetime = request->lifetime;
        return direct;
}

void authority_issue(Authority *authority, const Caller *caller, const IssueRequest *request,
                     AnswerHandler handler, void *userdata) {
        DirectCall *direct = direct_new(authority, caller, request, "admin", handler, userdata);
        if (!direct)
                return;

        Call *call = &direct->issue.call;
        if (access_reach(caller, ACTION_ADMINISTER) != REACH_ALL)
                return call_finish(call, REASON_ACCESS_DENIED);
        if (!request->user == !request->client_id)
                return call_finish(call, REASON_INVALID_REQUEST);
        int r = request_check_shape(authority, request);
        if (r == 0 && !access_may_hand_on(caller, request->scopes))
                r = REASON_INVALID_SCOPE;
        if (r != 0)
                return call_finish(call, r);
        /* Nobody registered the built-in client: it has no tokens of its own. */
        if (request->client_id && streq(request->client_id, CLIENT_LOCAL))
                return call_finish(call, REASON_CLIENT_UNKNOWN);
        if (request->client_id)
                return call_store(call, call_client_request(request->client_id),
                                  direct_client_found);
        call_store(call, call_user_request(STORE_KEY_NAME, request->user), direct_user_found);
}

static void self_login_found(Call *call, StoreRequest *request) {
        Login *login = request->result == 0 ? request->logins[0] : NULL;

        if (login && login->state == LOGIN_OPEN &&
            streq_ptr(login->user_id, call->answer.user->id))
                call->answer.login = TAKE_PTR(request->logins[0]);
        issue_find_local_client((IssueCall *)call, direct_issue);
}

static void self_user_found(Call *call, StoreRequest *request) {
        const char *login = ((DirectCall *)call)->request->login;

        if (request->result != 0)
                return call_finish(call, request->result);
        if (request->users[0]->state == USER_PASSWORD_MUST_CHANGE)
                return call_finish(call, REASON_PASSWORD_MUST_CHANGE);
        if (!login || !text_is_hex(login, TOKEN_ID_SIZE))
                return direct_user_found(call, request);
        if (direct_take_user(call, request))
                call_store(call, call_request(STORE_LOGIN_GET, STORE_KEY_ID, login),
                           self_login_found);
}

void authority_issue_self(Authority *authority, const Caller *caller, const IssueRequest *request,
                          AnswerHandler handler, void *userdata) {
        DirectCall *direct = direct_new(authority, caller, request, "self", handler, userdata);
        if (!direct)
                return;

        Call *call = &direct->issue.call;
        if (access_reach(caller, ACTION_ISSUE_SELF) == REACH_NONE)
                return call_finish(call, REASON_ACCESS_DENIED);
        int r = request_check_shape(authority, request);
        if (r == 0 && request->lifetime > SELF_LIFETIME_MAX)
                r = REASON_INVALID_VALUE;
        if (r == 0 && has_reserved(request->scopes))
                r = REASON_INVALID_SCOPE;
        if (r != 0)
                return call_finish(call, r);
        call->answer.retry_after = self_quota_take(authority->self_quota, caller->peer.uid);
        if (call->answer.retry_after > 0)
                return call_finish(call, REASON_OVERLOADED);
        if (request->lifetime == 0)
                direct->issue.lifetime = SELF_LIFETIME_DEFAULT;
        call_store(call, call_uid_request(caller->peer.uid), self_user_found);
}
