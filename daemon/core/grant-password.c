/* The password grant (RFC 6749 section 4.3), for PAM above all.
 *
 * Invariants: whether a user exists, is locked or belongs to somebody else is told to nobody but
 * root before a right password; the hash costs the same for users who do not exist. The throttle
 * counts by the user's name, whatever the user was found by, so there is one budget.
 *
 * A PAM service may take a token in the password's place. One that is no good, for whatever reason,
 * costs the look-up and the hash of a wrong password, and is answered and counted like one. */

#include "base/scope.h"
#include "core/grant-type.h"
#include "core/last-used.h"
#include "core/nss.h"
#include "core/throttle.h"
#include "wire/text.h"

static int password_check_shape(const GrantRequest *request) {
        if (!request->username == !request->email)
                return REASON_INVALID_REQUEST;
        if (request->junk)
                return secret_is_empty(request->password) ? 0 : REASON_INVALID_REQUEST;
        return secret_is_empty(request->password) ? REASON_EMPTY_PASSWORD : 0;
}

static void password_issue(IssueCall *issue) {
        GrantCall *grant = (GrantCall *)issue;
        const Caller *caller = issue->call.caller;
        bool may_refresh = caller->kind != CALLER_CLIENT ||
                           client_may_use_grant(caller->client, GRANT_REFRESH);

        int r = issue_set_scopes(issue, grant->wanted);
        if (r != 0)
                return call_finish(&issue->call, r);
        issue->kind = issue->service              ? ISSUE_PENDING
                      : grant->request->token_api ? ISSUE_SINGLE
                      : may_refresh               ? ISSUE_FAMILY
                                                  : ISSUE_SINGLE;
        /* That a token is used up can't be kept without one. */
        issue->may_go_without_store = issue->service && !issue->consumes_key &&
                                      issue->call.authority->config->login_without_store;
        issue->hides_text = grant->request->login_only;
        /* A token in the password's place must live when the login is written. */
        issue->may_be_late = issue->hides_text && issue->may_go_without_store && !issue->key;
        issue_begin(issue);
}

/* The password was right. */
static void password_accept(GrantCall *grant) {
        Call *call = &grant->issue.call;
        int r = user_refusal(call->answer.user, call_now(call));

        if (r != 0)
                return call_finish(call, r);
        if (call->answer.user->state == USER_PASSWORD_MUST_CHANGE) {
                /* PAM asks for a new one in its account phase; nobody else can. */
                if (!grant->issue.service)
                        return call_finish(call, REASON_PASSWORD_MUST_CHANGE);
                call->answer.state = REASON_PASSWORD_MUST_CHANGE;
        }
        issue_find_client(&grant->issue, password_issue);
}

static ThrottleSubject password_subject(const GrantCall *grant) {
        return (ThrottleSubject){
                .who = grant->who,
                .remote = grant->remote,
                .is_known = grant->issue.call.answer.user != NULL,
        };
}

static void password_checked(Call *call, bool matches) {
        GrantCall *grant = (GrantCall *)call;

        if (grant->request->junk)
                return call_finish(call, REASON_NOT_KNOWN_TO_NSS);
        matches = matches && call->answer.user && !grant->key_is_spent;
        if (call_verdict_is_withheld(call, password_subject(grant), matches))
                return;
        if (!matches)
                return call_finish(call, REASON_WRONG_PASSWORD);
        grant->rehash = rehash_new(call->authority, call->answer.user, grant->request->password);
        password_accept(grant);
}

static bool password_accepts(const GrantCall *grant, enum GrantAccepts what) {
        unsigned accepts = grant->request->accepts;

        return (accepts ? accepts : GRANT_ACCEPTS_PASSWORD) & (unsigned)what;
}

static void password_check_hash(GrantCall *grant) {
        Call *call = &grant->issue.call;
        const User *user = call->answer.user;
        bool may_match = user && password_accepts(grant, GRANT_ACCEPTS_PASSWORD);

        call_check(call, grant->request->password, may_match ? &user->hash : NULL,
                   password_checked);
}

/* Between the look-up and the commit it died: used by another login, or revoked. */
static void password_key_died(IssueCall *issue) {
        GrantCall *grant = (GrantCall *)issue;

        grant->key_is_spent = true;
        password_check_hash(grant);
}

static bool token_lets_in(const Token *token, const User *user) {
        return token->kind == TOKEN_ACCESS && streq_ptr(token->user_id, user->id) &&
               token->scopes && strv_contains(token->scopes, SCOPE_LOGIN);
}

static void password_token_found(Call *call, StoreRequest *request) {
        GrantCall *grant = (GrantCall *)call;
        IssueCall *issue = &grant->issue;

        if (request->result != 0 || !call->answer.user ||
            !token_lets_in(request->tokens[0], call->answer.user))
                return password_check_hash(grant);
        /* It says nothing of who guesses at the password beside it: no failure is forgotten. */
        if (call_is_throttled(call, password_subject(grant)))
                return;
        issue->grant = TOKEN_GRANT_LOGIN_TOKEN;
        issue->key = &grant->key;
        issue->consumes_key = grant->request->once;
        issue->key_died = password_key_died;
        token_hash_to_id(&grant->key, issue->audit.key);
        if (!issue->consumes_key)
                last_used_mark(call->authority->last_used, &grant->key, call_now(call));
        password_accept(grant);
}

/* Never by the cache: it would answer sooner for a token that somebody has than for none. */
static void password_find_token(GrantCall *grant) {
        Call *call = &grant->issue.call;

        call_store(call, call_token_request(call, &grant->key), password_token_found);
}

static void password_look(GrantCall *grant) {
        const GrantRequest *request = grant->request;
        Call *call = &grant->issue.call;
        const User *user = call->answer.user;

        grant->issue.audit.event = request->service ? AUDIT_LOGIN : AUDIT_ISSUE;
        call->audit = &grant->issue.audit;
        if (request->junk)
                return call_check(call, NULL, NULL, password_checked);

        /* What can't be a name must not be taken for a client's key either. */
        grant->who = user ? user->name : "";
        if (!user && request->username && user_name_is_valid(request->username))
                grant->who = request->username;
        /* Users are found by an address in any case, with one budget. One that nobody has must not
         * tell itself apart by a budget for each way to write it. */
        if (!user && request->email && email_is_valid(request->email)) {
                int r = email_fold(request->email, &grant->folded);

                if (r < 0)
                        return call_finish(call, r);
                grant->who = grant->folded;
        }
        call->target = grant->who;
        call_remote_key(call, request->rhost, request->ruid, grant->remote);
        if (call_is_throttled(call, password_subject(grant)))
                return;
        if (password_accepts(grant, GRANT_ACCEPTS_TOKEN) &&
            token_hash_from_text(secret_text(request->password), request->password->size,
                                 &grant->key) == 0)
                return password_find_token(grant);
        password_check_hash(grant);
}

/* PasswordGrantUsers= names accounts of this machine, or their uids. */
static bool is_granted_uid(const Call *call) {
        char *const *entry = call->authority->config->grant_users;
        uint32_t uid;

        for (; entry && *entry; entry++)
                if (parse_uint32(*entry, &uid) == 0 && uid == call->caller->peer.uid)
                        return true;
        return false;
}

static void password_asker_named(void *userdata, int r, NssAnswer *answer) {
        Call *call = userdata;

        if (r != 0 || !answer->uid_name ||
            !strv_contains(call->authority->config->grant_users, answer->uid_name))
                return call_finish(call, REASON_ACCESS_DENIED);
        password_look((GrantCall *)call);
}

/* NSS may leave our own users out. */
static void password_asker_found(Call *call, StoreRequest *request) {
        const NssQuestion question = { .uid = call->caller->peer.uid };
        int r;

        if (request->result == 0 &&
            strv_contains(call->authority->config->grant_users, request->users[0]->name))
                return password_look((GrantCall *)call);
        r = nss_ask(call->authority->nss, &question, password_asker_named, call);
        if (r != 0)
                call_finish(call, r);
}

/* A uid that asks for somebody else, or for nobody who exists. */
static void password_ask_who(Call *call) {
        if (is_granted_uid(call))
                return password_look((GrantCall *)call);
        if (strv_length(call->authority->config->grant_users) == 0)
                return call_finish(call, REASON_ACCESS_DENIED);
        call_store(call, call_uid_request(call->caller->peer.uid), password_asker_found);
}

static void password_user_known(GrantCall *grant) {
        Call *call = &grant->issue.call;
        const Caller *caller = call->caller;
        const User *user = call->answer.user;

        if (caller->kind == CALLER_ROOT && !user && !grant->request->junk)
                return call_finish(call, REASON_USER_UNKNOWN);
        if (access_reach(caller, ACTION_PASSWORD_GRANT) == REACH_OWN &&
            !(user && user->uid == caller->peer.uid))
                return password_ask_who(call);
        password_look(grant);
}

static void password_user_found(Call *call, StoreRequest *request) {
        if (request->result == 0)
                call->answer.user = TAKE_PTR(request->users[0]);
        password_user_known((GrantCall *)call);
}

static void password_begin(GrantCall *grant) {
        const GrantRequest *request = grant->request;
        Call *call = &grant->issue.call;

        if (request->username && user_name_is_valid(request->username))
                return call_store(call, call_user_request(STORE_KEY_NAME, request->username),
                                  password_user_found);
        if (request->email && email_is_valid(request->email))
                return call_store(call, call_user_request(STORE_KEY_EMAIL, request->email),
                                  password_user_found);
        password_user_known(grant);
}

const GrantType grant_password = {
        .name = GRANT_PASSWORD,
        .action = ACTION_PASSWORD_GRANT,
        .checks_credentials = true,
        .check_shape = password_check_shape,
        .begin = password_begin,
};
