/* The refresh grant (RFC 6749 section 6): one refresh token for a new pair.
 *
 * Invariants: what was read here only tells who asks and what is offered; whether the old token may
 * still be used is decided by the store, in the transaction that uses it up. The new refresh token
 * has the old one's scopes, the access token those or fewer, and neither outlives the family. */

#include "core/grant-type.h"

#include <errno.h>

#include "base/scope.h"
#include "wire/cleanup.h"
#include "wire/text.h"

static int refresh_check_shape(const GrantRequest *request) {
        return secret_is_empty(request->refresh_token) ? REASON_INVALID_REQUEST : 0;
}

static void refresh_rotated(Call *call, StoreRequest *request) {
        GrantCall *grant = (GrantCall *)call;
        Cache *cache = call->authority->cache;

        if (request->family_revoked || request->result == 0)
                cache_forget_login(cache, grant->old->login);
        if (request->family_revoked)
                grant->issue.audit.reused = true;
        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.token = token_ref(request->tokens[0]);
        /* The rotation itself was a revocation; another one may have made the token stale. */
        if (store_revocations(call->authority->store) == request->revocations + 1)
                cache_put(cache, call->answer.token);
        call_finish(call, 0);
}

static int refresh_add_token(GrantCall *grant, StoreRequest *request, enum TokenKind kind,
                             char *const *scopes, int64_t lifetime, Secret *ret_text) {
        _cleanup_(token_unrefp) Token *token = NULL;
        int r;

        r = issue_token_new(&grant->issue, kind, scopes, lifetime, grant->family, ret_text, &token);
        if (r < 0)
                return r;
        token->user_epoch = grant->old->user_epoch;
        token->client_epoch = grant->old->client_epoch;
        token->login_epoch = grant->old->login_epoch;
        r = store_request_take_token(request, token);
        if (r < 0)
                return r;
        TAKE_PTR(token);
        return 0;
}

static int refresh_request_new(GrantCall *grant, StoreRequest **ret) {
        _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_TOKEN_ROTATE);
        IssueCall *issue = &grant->issue;
        Answer *answer = &issue->call.answer;
        int r;

        if (!request)
                return -ENOMEM;
        request->key.field = STORE_KEY_HASH;
        request->key.hash = grant->old->hash;
        request->now = call_now(&issue->call);
        request->grace = issue->call.authority->config->refresh_grace;
        r = refresh_add_token(grant, request, TOKEN_ACCESS, issue->scopes,
                              issue_access_lifetime(issue), &answer->access_token);
        if (r < 0)
                return r;
        r = refresh_add_token(grant, request, TOKEN_REFRESH, grant->old->scopes,
                              issue_refresh_lifetime(issue), &answer->refresh_token);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(request);
        return 0;
}

static int refresh_set_scopes(GrantCall *grant) {
        IssueCall *issue = &grant->issue;
        const User *user = issue->call.answer.user;
        char *const *wanted = grant->wanted;

        if (strv_length(wanted) == 0) {
                if (!grant->old->scopes)
                        return 0;
                return strv_copy(grant->old->scopes, &issue->scopes);
        }
        if (!scopes_within_token(wanted, grant->old->scopes))
                return REASON_INVALID_SCOPE;
        /* "Ordinary access" is no more than the lists of those whom the token came from. */
        if (!grant->old->scopes && ((user && !scopes_within_owner(wanted, user->scopes)) ||
                                    !scopes_within_owner(wanted, issue->client->scopes)))
                return REASON_INVALID_SCOPE;
        return strv_copy(wanted, &issue->scopes);
}

static void refresh_rotate(GrantCall *grant) {
        _cleanup_(store_request_freep) StoreRequest *request = NULL;
        Call *call = &grant->issue.call;
        int r;

        r = refresh_set_scopes(grant);
        if (r == 0)
                r = refresh_request_new(grant, &request);
        if (r != 0)
                return call_finish(call, r);
        call_store(call, TAKE_PTR(request), refresh_rotated);
}

static void refresh_user_found(Call *call, StoreRequest *request) {
        if (request->result != 0)
                return call_finish(call, REASON_INVALID_GRANT);
        call->answer.user = TAKE_PTR(request->users[0]);
        if (user_refusal(call->answer.user, call_now(call)) != 0)
                return call_finish(call, REASON_INVALID_GRANT);
        if (call->answer.user->state != USER_ACTIVE)
                return call_finish(call, REASON_PASSWORD_MUST_CHANGE);
        refresh_rotate((GrantCall *)call);
}

static void refresh_family_found(Call *call, StoreRequest *request) {
        GrantCall *grant = (GrantCall *)call;

        if (request->result != 0)
                return call_finish(call, REASON_INVALID_GRANT);
        grant->family = TAKE_PTR(request->logins[0]);
        if (!grant->old->user_id)
                return refresh_rotate(grant);
        call_store(call, call_user_request(STORE_KEY_ID, grant->old->user_id), refresh_user_found);
}

static bool refresh_is_ours(const GrantCall *grant, const Token *old) {
        const Caller *caller = grant->issue.call.caller;

        if (old->kind != TOKEN_REFRESH || !old->login ||
            !streq_ptr(old->client_id, grant->issue.client->id))
                return false;
        return access_reach(caller, ACTION_OTHER_GRANT) != REACH_OWN ||
               access_owns_token(caller, old, NULL);
}

static void refresh_token_found(Call *call, StoreRequest *request) {
        GrantCall *grant = (GrantCall *)call;

        if (request->result != 0 || !refresh_is_ours(grant, request->tokens[0]))
                return call_finish(call, REASON_INVALID_GRANT);
        grant->old = token_ref(request->tokens[0]);

        call_store(call, call_request(STORE_LOGIN_GET, STORE_KEY_ID, grant->old->login),
                   refresh_family_found);
}

static void refresh_client_known(IssueCall *issue) {
        const GrantRequest *grant_request = ((GrantCall *)issue)->request;
        StoreRequest *request;
        TokenHash hash;

        if (token_hash_from_text(secret_text(grant_request->refresh_token),
                                 grant_request->refresh_token->size, &hash) < 0)
                return call_finish(&issue->call, REASON_INVALID_GRANT);
        request = call_token_request(&issue->call, &hash);
        if (request)
                request->include_used = true;
        call_store(&issue->call, request, refresh_token_found);
}

static void refresh_begin(GrantCall *grant) {
        grant->issue.audit.event = AUDIT_REFRESH;
        grant->issue.call.audit = &grant->issue.audit;
        issue_find_client(&grant->issue, refresh_client_known);
}

const GrantType grant_refresh = {
        .name = GRANT_REFRESH,
        .action = ACTION_OTHER_GRANT,
        .check_shape = refresh_check_shape,
        .begin = refresh_begin,
};
