/* A user's access tokens as those of an account: issuing, finding, listing, revoking.
 *
 * Invariants: whose account it is and who asks is decided before anything else is looked at, and
 * whoever may not know hears of a foreign account what it hears of none, as late. A token never
 * gets scopes that its user or its maker has not got. */

#include "core/accounts.h"

#include <errno.h>

#include "base/scope.h"
#include "core/access.h"
#include "core/issue.h"
#include "core/token-revoke.h"
#include "core/token-visible.h"
#include "wire/cleanup.h"
#include "wire/text.h"

typedef struct AccountCall AccountCall;
struct AccountCall {
        IssueCall issue; /* answer.user: the account's */
        void (*found)(AccountCall *account);
        void (*token_found)(AccountCall *account);
        const AccountTokenRequest *request;
        const char *fk;
        const char *cursor;
        unsigned limit;
};

static AccountCall *account_new(Authority *authority, const Caller *caller,
                                void (*found)(AccountCall *account), AnswerHandler handler,
                                void *userdata) {
        AccountCall *account =
                call_new(authority, caller, sizeof(AccountCall), issue_done, handler, userdata);

        if (account)
                account->found = found;
        return account;
}

static void account_user_found(Call *call, StoreRequest *request) {
        AccountCall *account = (AccountCall *)call;
        const User *user = request->result == 0 ? request->users[0] : NULL;

        if (access_reach(call->caller, ACTION_ACCOUNT_TOKENS) != REACH_ALL &&
            !(user && access_owns_user(call->caller, user)))
                return call_finish(call, REASON_ACCESS_DENIED);
        if (!user)
                return call_finish(call, request->result);
        call->answer.user = TAKE_PTR(request->users[0]);
        account->found(account);
}

static void account_begin(AccountCall *account, const char *id) {
        Call *call = &account->issue.call;
        enum Reach reach = access_reach(call->caller, ACTION_ACCOUNT_TOKENS);

        if (reach == REACH_NONE)
                return call_finish(call, REASON_ACCESS_DENIED);
        call->checks_credentials = reach != REACH_ALL;
        call_store(call, call_user_request(STORE_KEY_ID, id), account_user_found);
}

static void account_client_found(Call *call, StoreRequest *request) {
        IssueCall *issue = (IssueCall *)call;

        if (request->result != 0)
                return call_finish(call, call->caller->token ? REASON_INVALID_TOKEN
                                                            : REASON_STORE_UNAVAILABLE);
        issue->client = issue->owned_client = TAKE_PTR(request->clients[0]);
        issue->kind = ISSUE_SINGLE;
        issue->audit = (Audit){ .event = AUDIT_ISSUE, .client = issue->client->id };
        call->audit = &issue->audit;
        issue_begin(issue);
}

static bool scopes_are_valid(char *const *scopes) {
        if (strv_length(scopes) > SCOPES_MAX)
                return false;
        for (; scopes && *scopes; scopes++)
                if (!scope_is_valid(*scopes))
                        return false;
        return true;
}

/* Without a word about them: what the caller's own token has, an administrator's apart. */
static int account_set_scopes(AccountCall *account) {
        static char *const none[] = { NULL };
        const Caller *caller = account->issue.call.caller;
        const User *user = account->issue.call.answer.user;
        char *const *wanted = account->request->scopes ? account->request->scopes : none;

        if (!account->request->has_scopes)
                wanted = access_reach(caller, ACTION_ACCOUNT_TOKENS) == REACH_OWN
                                 ? caller->token->scopes
                                 : NULL;
        if (!wanted)
                return 0;
        if (!scopes_are_valid(wanted) || !scopes_within_owner(wanted, user->scopes) ||
            !access_may_hand_on(caller, wanted))
                return REASON_INVALID_SCOPE;
        return strv_copy(wanted, &account->issue.scopes);
}

static int account_check_state(const AccountCall *account) {
        const Call *call = &account->issue.call;
        int r = user_refusal(call->answer.user, call_now(call));

        if (r == 0 && call->answer.user->state == USER_PASSWORD_MUST_CHANGE &&
            access_reach(call->caller, ACTION_ACCOUNT_TOKENS) != REACH_ALL)
                r = REASON_PASSWORD_MUST_CHANGE;
        return r;
}

static void account_issue(AccountCall *account) {
        IssueCall *issue = &account->issue;
        const Caller *caller = issue->call.caller;
        int64_t maximum = issue->call.authority->config->maximum_lifetime / USEC_PER_SEC;
        int64_t ttl = account->request->ttl;
        int r;

        if (ttl < 0 || ttl > maximum)
                return call_finish(&issue->call, REASON_INVALID_VALUE);
        r = account_check_state(account);
        if (r == 0)
                r = account_set_scopes(account);
        if (r != 0)
                return call_finish(&issue->call, r);
        issue->grant = "account";
        issue->lifetime = (ttl > 0 ? ttl : ACCOUNT_TTL_DEFAULT) * USEC_PER_SEC;
        call_store(&issue->call,
                   call_client_request(caller->token ? caller->token->client_id : CLIENT_LOCAL),
                   account_client_found);
}

void authority_account_issue(Authority *authority, const Caller *caller,
                             const AccountTokenRequest *request, AnswerHandler handler,
                             void *userdata) {
        AccountCall *account = account_new(authority, caller, account_issue, handler, userdata);
        if (!account)
                return;
        account->request = request;
        account_begin(account, request->account);
}

static void account_end(AccountCall *account) {
        call_finish(&account->issue.call, 0);
}

void authority_account_find(Authority *authority, const Caller *caller, const char *account_id,
                            AnswerHandler handler, void *userdata) {
        AccountCall *account = account_new(authority, caller, account_end, handler, userdata);
        if (account)
                account_begin(account, account_id);
}

static void account_page_read(Call *call, StoreRequest *request) {
        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.tokens = TAKE_PTR(request->tokens);
        call->answer.n_tokens = TAKE(request->n_tokens, 0);
        call->answer.cursor = TAKE_PTR(request->cursor);
        call_finish(call, 0);
}

static void account_list(AccountCall *account) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_LIST);
        Call *call = &account->issue.call;

        if (account->limit == 0 || account->limit > PAGE_ROWS_MAX)
                return call_finish(call, REASON_INVALID_VALUE);
        if (!request || text_copy(call->answer.user->id, &request->filter.user_id) < 0 ||
            text_copy(account->cursor, &request->cursor) < 0)
                return call_finish(call, -ENOMEM);
        request->filter.access_only = true;
        request->now = call_now(call);
        request->limit = account->limit;
        call_store(call, TAKE_PTR(request), account_page_read);
}

void authority_account_list(Authority *authority, const Caller *caller, const char *account_id,
                            const char *cursor, unsigned limit, AnswerHandler handler,
                            void *userdata) {
        AccountCall *account = account_new(authority, caller, account_list, handler, userdata);
        if (!account)
                return;
        account->cursor = cursor;
        account->limit = limit;
        account_begin(account, account_id);
}

static void account_token_read(Call *call, StoreRequest *request) {
        AccountCall *account = (AccountCall *)call;
        Token *token = request->result == 0 ? request->tokens[0] : NULL;

        if (!token || token->kind != TOKEN_ACCESS ||
            !streq_ptr(token->user_id, call->answer.user->id))
                return call_finish(call, REASON_TOKEN_UNKNOWN);
        call->answer.token = token_ref(token);
        account->token_found(account);
}

static void account_find_token(AccountCall *account) {
        Call *call = &account->issue.call;
        TokenHash hash;

        if (token_hash_from_text(account->fk, strlen(account->fk), &hash) < 0)
                return call_store_token_by_id(call, account->fk, account_token_read);
        call_store(call, call_token_request(call, &hash), account_token_read);
}

void authority_account_token_get(Authority *authority, const Caller *caller,
                                 const char *account_id, const char *fk, AnswerHandler handler,
                                 void *userdata) {
        AccountCall *account =
                account_new(authority, caller, account_find_token, handler, userdata);
        if (!account)
                return;
        account->fk = fk;
        account->token_found = account_end;
        account_begin(account, account_id);
}

static void account_token_revoked(Call *call, StoreRequest *request) {
        IssueCall *issue = (IssueCall *)call;
        int r;

        r = call_token_revoked(call, request);
        if (r == 0) {
                issue->audit.event = AUDIT_REVOKE;
                call->audit = &issue->audit;
        }
        call_finish(call, r);
}

static void account_revoke(AccountCall *account) {
        Call *call = &account->issue.call;

        call_store(call, call_revoke_request(call), account_token_revoked);
}

void authority_account_token_remove(Authority *authority, const Caller *caller,
                                    const char *account_id, const char *fk, AnswerHandler handler,
                                    void *userdata) {
        AccountCall *account =
                account_new(authority, caller, account_find_token, handler, userdata);
        if (!account)
                return;
        account->fk = fk;
        account->token_found = account_revoke;
        account_begin(account, account_id);
}
