/* Making tokens: texts, families and lifetimes, and the one way into the store.
 *
 * Invariants: a text is told only after its hash was committed. No token outlives MaximumLifetime=,
 * its family or its user's account. Scopes are those of the owner and of the client at most; a
 * token that would be left with no scope at all is not issued, since no scopes would mean ordinary
 * access. */

#include "core/issue.h"

#include <errno.h>

#include "base/scope.h"
#include "core/known-clients.h"
#include "wire/cleanup.h"
#include "wire/text.h"

void issue_done(Call *call) {
        IssueCall *issue = (IssueCall *)call;

        client_unref(issue->owned_client);
        strv_free(issue->scopes);
}

static void local_client_use(IssueCall *issue, Client *client) {
        issue->client = issue->owned_client = client_ref(client);
        issue->client_known(issue);
}

static void local_client_found(Call *call, StoreRequest *request) {
        /* The built-in client is always there. */
        if (request->result != 0)
                return call_finish(call, REASON_STORE_UNAVAILABLE);
        client_wipe_hash(request->clients[0]);
        known_clients_put(call->authority->known_clients, request->clients[0],
                          request->revocations);
        local_client_use((IssueCall *)call, request->clients[0]);
}

/* A login need not wait for the store once more when it is known, just after its hash has emptied
 * the processor's caches. */
void issue_find_local_client(IssueCall *issue, void (*client_known)(IssueCall *issue)) {
        const Authority *authority = issue->call.authority;
        Client *client = known_clients_get(authority->known_clients, CLIENT_LOCAL,
                                           store_revocations(authority->store));

        issue->client_known = client_known;
        if (client)
                return local_client_use(issue, client);
        call_store(&issue->call, call_client_request(CLIENT_LOCAL), local_client_found);
}

void issue_find_client(IssueCall *issue, void (*client_known)(IssueCall *issue)) {
        const Caller *caller = issue->call.caller;

        if (caller->kind != CALLER_CLIENT)
                return issue_find_local_client(issue, client_known);
        issue->client = caller->client;
        client_known(issue);
}

/* By default what the client lists and the user may have; without a list, ordinary access. */
static int issue_default_scopes(IssueCall *issue, const User *user) {
        _cleanup_(strv_freep) char **scopes = NULL;

        if (!issue->client->scopes)
                return 0;
        for (char **word = issue->client->scopes; *word; word++) {
                char *single[] = { *word, NULL };
                if (user && !scopes_within_owner(single, user->scopes))
                        continue;
                if (strv_extend(&scopes, *word) < 0)
                        return -ENOMEM;
        }
        if (strv_length(scopes) == 0)
                return REASON_INVALID_SCOPE;
        issue->scopes = TAKE_PTR(scopes);
        return 0;
}

int issue_set_scopes(IssueCall *issue, char *const *wanted) {
        const User *user = issue->call.answer.user;
        /* The built-in client does not limit root; for others it has no reserved scopes. */
        bool client_limits = issue->call.caller->kind != CALLER_ROOT || !user;

        if (strv_length(wanted) == 0)
                return issue_default_scopes(issue, user);
        if (user && !scopes_within_owner(wanted, user->scopes))
                return REASON_INVALID_SCOPE;
        if (client_limits && !scopes_within_owner(wanted, issue->client->scopes))
                return REASON_INVALID_SCOPE;
        return strv_copy(wanted, &issue->scopes);
}

static int64_t bounded_lifetime(const IssueCall *issue, int64_t of_client, int64_t configured) {
        const Config *config = issue->call.authority->config;
        int64_t lifetime = of_client > 0 ? of_client : configured;

        return lifetime < config->maximum_lifetime ? lifetime : config->maximum_lifetime;
}

int64_t issue_access_lifetime(const IssueCall *issue) {
        if (issue->lifetime > 0)
                return bounded_lifetime(issue, issue->lifetime, 0);
        return bounded_lifetime(issue, issue->client->access_lifetime,
                                issue->configured_lifetime > 0
                                        ? issue->configured_lifetime
                                        : issue->call.authority->config->access_lifetime);
}

int64_t issue_refresh_lifetime(const IssueCall *issue) {
        return bounded_lifetime(issue, issue->client->refresh_lifetime,
                                issue->call.authority->config->refresh_lifetime);
}

static int token_set_owner(Token *token, const User *user) {
        int r;

        token->uid = UID_NONE;
        if (!user)
                return 0;
        if ((r = text_copy(user->id, &token->user_id)) < 0 ||
            (r = text_copy(user->name, &token->user_name)) < 0 ||
            (r = text_copy(user->role, &token->user_role)) < 0)
                return r;
        token->uid = user->uid;
        token->user_epoch = user->epoch;
        return 0;
}

static int token_new_of(const IssueCall *issue, const User *owner, enum TokenKind kind,
                        char *const *scopes, int64_t lifetime, const Login *login,
                        Secret *ret_text, Token **ret) {
        _cleanup_(token_unrefp) Token *token = token_new();
        int r;

        if (!token)
                return -ENOMEM;
        if ((r = token_set_owner(token, owner)) < 0 ||
            (r = text_copy(issue->client->id, &token->client_id)) < 0 ||
            (r = text_copy(issue->grant, &token->grant)) < 0 ||
            (r = text_copy(issue->service, &token->service)) < 0 ||
            (r = text_copy(issue->rhost, &token->rhost)) < 0 ||
            (r = text_copy(issue->tty, &token->tty)) < 0 ||
            (r = text_copy(login ? login->id : NULL, &token->login)) < 0 ||
            (scopes && (r = strv_copy(scopes, &token->scopes)) < 0))
                return r;
        token->kind = kind;
        token->client_epoch = issue->client->epoch;
        token->login_epoch = login ? login->epoch : 0;
        token->created = call_now(&issue->call);
        token->expires = token->created + lifetime;
        if (login && token->expires > login->expires)
                token->expires = login->expires;
        if (owner && owner->expires > 0 && token->expires > owner->expires)
                token->expires = owner->expires;
        r = token_text_generate(ret_text, &token->hash);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(token);
        return 0;
}

int issue_token_new(const IssueCall *issue, enum TokenKind kind, char *const *scopes,
                    int64_t lifetime, const Login *login, Secret *ret_text, Token **ret) {
        return token_new_of(issue, issue->call.answer.user, kind, scopes, lifetime, login, ret_text,
                            ret);
}

int issue_user_token_new(const IssueCall *issue, const User *user, Secret *ret_text, Token **ret) {
        return token_new_of(issue, user, TOKEN_ACCESS, issue->scopes, issue_access_lifetime(issue),
                            NULL, ret_text, ret);
}

void issue_request_need_key(const IssueCall *issue, StoreRequest *request) {
        const Token *own = issue->call.caller->token;
        const TokenHash *key = issue->key ? issue->key : own ? &own->hash : NULL;

        if (!key)
                return;
        request->needs_live_key = true;
        request->consumes_key = issue->consumes_key;
        request->key.field = STORE_KEY_HASH;
        request->key.hash = *key;
}

/* The family that begins with this token. */
static int issue_login_new(const IssueCall *issue, const Token *first, Login **ret) {
        static const enum LoginState states[] = {
                [ISSUE_FAMILY] = LOGIN_FAMILY,
                [ISSUE_PENDING] = LOGIN_PENDING,
                [ISSUE_OPEN] = LOGIN_OPEN,
        };
        _cleanup_(login_freep) Login *login = login_new();
        const Authority *authority = issue->call.authority;
        char id[TOKEN_ID_SIZE + 1];
        int r;

        if (!login)
                return -ENOMEM;
        token_hash_to_id(&first->hash, id);
        login->state = states[issue->kind];
        if ((r = text_copy(id, &login->id)) < 0 ||
            (r = text_copy(first->user_id, &login->user_id)) < 0 ||
            (r = text_copy(first->client_id, &login->client_id)) < 0 ||
            (r = text_copy(issue->service, &login->service)) < 0 ||
            (r = text_copy(issue->rhost, &login->rhost)) < 0 ||
            (r = text_copy(issue->tty, &login->tty)) < 0)
                return r;
        if (login->state != LOGIN_FAMILY &&
            (r = text_copy(authority->boot_id, &login->boot_id)) < 0)
                return r;
        login->created = first->created;
        login->expires = first->created + authority->config->maximum_lifetime;
        *ret = TAKE_PTR(login);
        return 0;
}

static int request_take_family(IssueCall *issue, StoreRequest *request) {
        _cleanup_(login_freep) Login *login = NULL;
        _cleanup_(token_unrefp) Token *refresh = NULL;
        Token *first = request->tokens[0];
        int r;

        r = issue_login_new(issue, first, &login);
        if (r < 0)
                return r;
        r = text_copy(login->id, &first->login);
        if (r < 0)
                return r;
        if (issue->kind == ISSUE_FAMILY) {
                r = issue_token_new(issue, TOKEN_REFRESH, issue->scopes,
                                    issue_refresh_lifetime(issue), login,
                                    &issue->call.answer.refresh_token, &refresh);
                if (r < 0)
                        return r;
                r = store_request_take_token(request, refresh);
                if (r < 0)
                        return r;
                TAKE_PTR(refresh);
        }
        r = store_request_take_login(request, login);
        if (r < 0)
                return r;
        TAKE_PTR(login);
        return 0;
}

static int issue_request_new(IssueCall *issue, StoreRequest **ret) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE);
        _cleanup_(token_unrefp) Token *access = NULL;
        int r;

        if (!request)
                return -ENOMEM;
        request->now = call_now(&issue->call);
        request->discards_earlier = issue->discards_earlier;
        issue_request_need_key(issue, request);
        r = issue_token_new(issue, TOKEN_ACCESS, issue->scopes, issue_access_lifetime(issue),
                            issue->call.answer.login, &issue->call.answer.access_token, &access);
        if (r < 0)
                return r;
        r = store_request_take_token(request, access);
        if (r < 0)
                return r;
        TAKE_PTR(access);
        if (issue->kind != ISSUE_SINGLE && issue->kind != ISSUE_MEMBER) {
                r = request_take_family(issue, request);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(request);
        return 0;
}

static void issue_without_store(IssueCall *issue) {
        secret_done(&issue->call.answer.access_token);
        secret_done(&issue->call.answer.refresh_token);
        issue->call.answer.without_store = true;
        call_finish(&issue->call, 0);
}

/* Also when somebody else was quicker: its answer may be still to come. */
static void issue_forget_key(IssueCall *issue, int r) {
        Authority *authority = issue->call.authority;
        char id[TOKEN_ID_SIZE + 1];

        cache_forget(authority->cache, issue->key);
        if (r != 0)
                return;
        token_hash_to_id(issue->key, id);
        authority_token_removed(authority, id, "used-up");
}

/* A revocation that was answered meanwhile has made the token stale already; this one's own is
 * none. */
static void issue_cache(Authority *authority, const StoreRequest *request) {
        bool is_revocation = request->discards_earlier || request->consumes_key;

        if (store_revocations(authority->store) == request->revocations + is_revocation)
                cache_put(authority->cache, request->tokens[0]);
}

void issue_tell_login(Authority *authority, const StoreRequest *request) {
        issue_cache(authority, request);
        authority_token_new(authority, request->tokens[0]);
}

static void issue_committed(Call *call, StoreRequest *request) {
        IssueCall *issue = (IssueCall *)call;
        bool is_login = issue->kind == ISSUE_PENDING || issue->kind == ISSUE_OPEN;

        if (request->result == REASON_STORE_UNAVAILABLE && issue->may_go_without_store)
                return issue_without_store(issue);
        if (issue->consumes_key)
                issue_forget_key(issue, request->result);
        if (request->result == REASON_INVALID_TOKEN && issue->key_died) {
                secret_done(&call->answer.access_token);
                return issue->key_died(issue);
        }
        if (request->result != 0)
                return call_finish(call, request->result);

        call->answer.token = token_ref(request->tokens[0]);
        if (request->n_logins > 0)
                call->answer.login = TAKE_PTR(request->logins[0]);
        if (issue->hides_text)
                secret_done(&call->answer.access_token);
        call->answer.n_revoked = request->n_affected;
        if (issue->discards_earlier)
                cache_forget_user(call->authority->cache, call->answer.token->user_id);
        if (is_login)
                issue_tell_login(call->authority, request);
        else
                issue_cache(call->authority, request);
        call_finish(call, 0);
}

void issue_begin(IssueCall *issue) {
        _cleanup_(store_request_freep) StoreRequest *request = NULL;
        int r = issue_request_new(issue, &request);

        if (r < 0)
                return call_finish(&issue->call, r);
        if (issue->may_be_late && store_status(issue->call.authority->store).error == 0)
                return issue_late(issue, TAKE_PTR(request));
        call_store_or_fail(&issue->call, TAKE_PTR(request), issue_committed);
}
