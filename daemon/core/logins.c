/* acct_mgmt, keys for sshd, close_session, and tokens of a login.
 *
 * Invariant: every call names the user, and a login of another user is refused, whatever id the
 * session's environment carried. */

#include "core/logins.h"

#include <errno.h>
#include <string.h>

#include "core/access.h"
#include "core/issue.h"
#include "wire/cleanup.h"
#include "wire/text.h"

static void check_user_found(Call *call, StoreRequest *request) {
        const Caller *caller = call->caller;
        User *user = request->result == 0 ? request->users[0] : NULL;

        if (access_reach(caller, ACTION_LOGIN_CHECK) != REACH_ALL &&
            !(user && access_owns_user(caller, user)))
                return call_finish(call, REASON_ACCESS_DENIED);
        if (!user)
                return call_finish(call, request->result);
        call->answer.user = TAKE_PTR(request->users[0]);
        if (user->state == USER_PASSWORD_MUST_CHANGE)
                call->answer.state = REASON_PASSWORD_MUST_CHANGE;
        call_finish(call, user_refusal(user, call_now(call)));
}

void authority_login_check(Authority *authority, const Caller *caller, const char *user,
                           AnswerHandler handler, void *userdata) {
        enum Reach reach = access_reach(caller, ACTION_LOGIN_CHECK);
        Call *call = call_new(authority, caller, sizeof(Call), NULL, handler, userdata);
        if (!call)
                return;
        if (reach == REACH_NONE)
                return call_finish(call, REASON_ACCESS_DENIED);
        call->checks_credentials = reach != REACH_ALL; /* whether somebody exists is one */
        if (!user)
                return call_finish(call, REASON_INVALID_REQUEST);
        if (!user_name_is_valid(user))
                return call_finish(call, reach == REACH_ALL ? REASON_USER_UNKNOWN
                                                            : REASON_ACCESS_DENIED);
        call_store(call, call_user_request(STORE_KEY_NAME, user), check_user_found);
}

static void keys_user_found(Call *call, StoreRequest *request) {
        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.user = TAKE_PTR(request->users[0]);
        if (user_refusal(call->answer.user, call_now(call)) != 0)
                call->answer.user->ssh_keys = strv_free(call->answer.user->ssh_keys);
        call_finish(call, 0);
}

void authority_login_keys(Authority *authority, const Caller *caller, const char *user,
                          AnswerHandler handler, void *userdata) {
        Call *call = call_new(authority, caller, sizeof(Call), NULL, handler, userdata);
        if (!call)
                return;
        if (access_reach(caller, ACTION_SSH_KEYS) != REACH_ALL)
                return call_finish(call, REASON_ACCESS_DENIED);
        if (!user)
                return call_finish(call, REASON_INVALID_REQUEST);
        if (!user_name_is_valid(user))
                return call_finish(call, REASON_USER_UNKNOWN);
        call_store(call, call_user_request(STORE_KEY_NAME, user), keys_user_found);
}

typedef struct FamilyCall FamilyCall;
struct FamilyCall {
        IssueCall issue;
        const char *user;
        int unknown; /* the end when there is no such login */
        void (*known)(FamilyCall *family);
};

static void family_user_found(Call *call, StoreRequest *request) {
        FamilyCall *family = (FamilyCall *)call;

        if (request->result != 0 ||
            !streq_ptr(request->users[0]->id, call->answer.login->user_id))
                return call_finish(call, REASON_ACCESS_DENIED);
        call->answer.user = TAKE_PTR(request->users[0]);
        family->known(family);
}

static void family_login_found(Call *call, StoreRequest *request) {
        FamilyCall *family = (FamilyCall *)call;

        /* Refresh families are nobody's sessions. */
        if (request->result != 0 || request->logins[0]->state == LOGIN_FAMILY)
                return call_finish(call, family->unknown);
        call->answer.login = TAKE_PTR(request->logins[0]);
        call_store(call, call_user_request(STORE_KEY_NAME, family->user), family_user_found);
}

static void family_find(FamilyCall *family, const char *id, void (*known)(FamilyCall *family)) {
        Call *call = &family->issue.call;

        family->known = known;
        if (access_reach(call->caller, ACTION_LOGIN_DETAILS) != REACH_ALL)
                return call_finish(call, REASON_ACCESS_DENIED);
        if (!id || !family->user)
                return call_finish(call, REASON_INVALID_REQUEST);
        if (!text_is_hex(id, TOKEN_ID_SIZE))
                return call_finish(call, family->unknown);
        if (!user_name_is_valid(family->user))
                return call_finish(call, REASON_ACCESS_DENIED);
        call_store(call, call_request(STORE_LOGIN_GET, STORE_KEY_ID, id), family_login_found);
}

static FamilyCall *family_new(Authority *authority, const Caller *caller, const char *user,
                              int unknown, AnswerHandler handler, void *userdata) {
        FamilyCall *family =
                call_new(authority, caller, sizeof(FamilyCall), issue_done, handler, userdata);
        if (!family)
                return NULL;
        family->user = user;
        family->unknown = unknown;
        return family;
}

static void close_revoked(Call *call, StoreRequest *request) {
        const Login *login = call->answer.login;

        cache_forget_login(call->authority->cache, login->id);
        if (request->result == REASON_LOGIN_UNKNOWN)
                return call_finish(call, 0);
        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.n_revoked = request->n_affected;
        call->audit = &((FamilyCall *)call)->issue.audit;
        authority_token_removed(call->authority, login->id, "session-closed");
        call_finish(call, 0);
}

static void close_known(FamilyCall *family) {
        _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_REVOKE_LOGIN);
        Call *call = &family->issue.call;
        const Login *login = call->answer.login;

        family->issue.audit = (Audit){
                .event = AUDIT_LOGIN_CLOSED,
                .service = login->service,
                .rhost = login->rhost,
        };
        if (!request || !(request->key.text = strdup(login->id)) ||
            !(request->user_id = strdup(login->user_id)))
                return call_finish(call, -ENOMEM);
        request->now = call_now(call);
        call_store(call, TAKE_PTR(request), close_revoked);
}

void authority_login_close(Authority *authority, const Caller *caller, const char *id,
                           const char *user, AnswerHandler handler, void *userdata) {
        FamilyCall *family = family_new(authority, caller, user, 0, handler, userdata);

        if (family)
                family_find(family, id, close_known);
}

static void member_issue(IssueCall *issue) {
        const Login *login = issue->call.answer.login;

        issue->kind = ISSUE_MEMBER;
        issue->grant = "login";
        issue->service = login->service;
        issue->rhost = login->rhost;
        issue->tty = login->tty;
        issue->audit = (Audit){
                .event = AUDIT_ISSUE,
                .service = login->service,
                .rhost = login->rhost,
        };
        issue->call.audit = &issue->audit;
        issue_begin(issue);
}

static void member_known(FamilyCall *family) {
        Call *call = &family->issue.call;
        int r = user_refusal(call->answer.user, call_now(call));

        if (r != 0)
                return call_finish(call, r);
        /* sshd may be asking for the new one within the session. */
        if (call->answer.user->state == USER_PASSWORD_MUST_CHANGE)
                return call_finish(call, REASON_PASSWORD_MUST_CHANGE);
        issue_find_client(&family->issue, member_issue);
}

void authority_login_token(Authority *authority, const Caller *caller, const char *id,
                           const char *user, AnswerHandler handler, void *userdata) {
        FamilyCall *family =
                family_new(authority, caller, user, REASON_LOGIN_UNKNOWN, handler, userdata);

        if (family)
                family_find(family, id, member_known);
}
