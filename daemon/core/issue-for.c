/* Tokens for many users at once, by partner id, through an enterprise API key.
 *
 * Invariants: all or nothing, in one transaction, which also sees to it that the key still lives.
 * A user whom the key does not cover is answered like one that there is not, and as late. The first
 * wrong index is told: what is wrong behind it is not even looked at. */

#include "core/issue-for.h"

#include <errno.h>

#include "base/scope.h"
#include "core/access.h"
#include "core/issue.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* A user that changes while tokens are made for it is looked at again, this often. */
#define TRIES_MAX 3

typedef struct ForCall {
        IssueCall issue;
        const IssueForRequest *request;
        size_t n; /* those before the first that stands there twice */
        unsigned tries;
} ForCall;

static void for_refuse(ForCall *bulk, size_t index, int r) {
        bulk->issue.call.answer.offender = index;
        bulk->issue.call.answer.has_offender = true;
        call_finish(&bulk->issue.call, r);
}

static int compare_places(const void *a, const void *b) {
        char *const *x = *(char *const *const *)a, *const *y = *(char *const *const *)b;
        int r = strcmp(*x, *y);

        return r != 0 ? r : (x > y) - (x < y);
}

/* The index of the first that stands there for the second time; n: none does. */
static int find_double(const IssueForRequest *request, size_t *ret) {
        _cleanup_(freep) char *const **places = calloc(request->n, sizeof(*places));
        size_t first = request->n;

        if (!places)
                return -ENOMEM;
        for (size_t i = 0; i < request->n; i++)
                places[i] = &request->partner_ids[i];
        qsort(places, request->n, sizeof(*places), compare_places);
        for (size_t i = 1; i < request->n; i++)
                if (streq(*places[i - 1], *places[i]) &&
                    (size_t)(places[i] - request->partner_ids) < first)
                        first = (size_t)(places[i] - request->partner_ids);
        *ret = first;
        return 0;
}

static int for_check_user(const Client *client, const User *user, int64_t now) {
        int r;

        if (!user || scopes_may_be_reserved(user->scopes) ||
            (client->issue_for && !(user->role && strv_contains(client->issue_for, user->role))))
                return REASON_USER_UNKNOWN;
        r = user_refusal(user, now);
        if (r == 0 && user->state == USER_PASSWORD_MUST_CHANGE)
                r = REASON_PASSWORD_MUST_CHANGE;
        return r;
}

static void for_begin(ForCall *bulk);

static void for_committed(Call *call, StoreRequest *request) {
        ForCall *bulk = (ForCall *)call;
        bool is_fresh = store_revocations(call->authority->store) == request->revocations;

        /* Somebody's epoch has moved: whose, and whether it matters, shows when they are read. */
        if (request->result == REASON_INVALID_GRANT && ++bulk->tries < TRIES_MAX)
                return for_begin(bulk);
        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.tokens = TAKE_PTR(request->tokens);
        call->answer.n_tokens = TAKE(request->n_tokens, 0);
        for (size_t i = 0; is_fresh && i < call->answer.n_tokens; i++)
                cache_put(call->authority->cache, call->answer.tokens[i]);
        call_finish(call, 0);
}

static int for_request_new(ForCall *bulk, StoreRequest **ret) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_ISSUE);
        Answer *answer = &bulk->issue.call.answer;

        if (!request)
                return -ENOMEM;
        if (!answer->texts)
                answer->texts = calloc(answer->n_users, sizeof(*answer->texts));
        if (!answer->texts)
                return -ENOMEM;
        answer->n_texts = answer->n_users;
        request->now = call_now(&bulk->issue.call);
        issue_request_need_key(&bulk->issue, request);
        for (size_t i = 0; i < answer->n_users; i++) {
                _cleanup_(token_unrefp) Token *token = NULL;
                int r;

                r = issue_user_token_new(&bulk->issue, answer->users[i], &answer->texts[i], &token);
                if (r >= 0)
                        r = store_request_take_token(request, token);
                if (r < 0)
                        return r;
                TAKE_PTR(token);
        }
        *ret = TAKE_PTR(request);
        return 0;
}

static void for_users_found(Call *call, StoreRequest *request) {
        _cleanup_(store_request_freep) StoreRequest *issue = NULL;
        ForCall *bulk = (ForCall *)call;
        int r;

        for (size_t i = 0; i < bulk->n; i++) {
                r = for_check_user(bulk->issue.client, request->users[i], call_now(call));
                if (r != 0)
                        return for_refuse(bulk, i, r);
        }
        if (bulk->n < bulk->request->n)
                return for_refuse(bulk, bulk->n, REASON_INVALID_REQUEST);
        call->answer.users = TAKE_PTR(request->users);
        call->answer.n_users = TAKE(request->n_users, 0);
        r = for_request_new(bulk, &issue);
        if (r < 0)
                return call_finish(call, r);
        call_store(call, TAKE_PTR(issue), for_committed);
}

static void for_client_found(Call *call, StoreRequest *request) {
        _cleanup_(store_request_freep) StoreRequest *users = store_request_new(STORE_USERS_FIND);
        ForCall *bulk = (ForCall *)call;

        if (request->result != 0)
                return call_finish(call, REASON_INVALID_TOKEN);
        client_unref(bulk->issue.owned_client);
        bulk->issue.client = bulk->issue.owned_client = TAKE_PTR(request->clients[0]);
        bulk->issue.audit = (Audit){ .event = AUDIT_ISSUE, .client = bulk->issue.client->id };
        call->audit = &bulk->issue.audit;
        if (users)
                users->key_texts = calloc(bulk->n + 1, sizeof(char *));
        if (!users || !users->key_texts)
                return call_finish(call, -ENOMEM);
        users->key.field = STORE_KEY_PARTNER_ID;
        for (size_t i = 0; i < bulk->n; i++)
                if (!(users->key_texts[i] = strdup(bulk->request->partner_ids[i])))
                        return call_finish(call, -ENOMEM);
        call_store(call, TAKE_PTR(users), for_users_found);
}

/* What was read of a try before is read anew. */
static void for_begin(ForCall *bulk) {
        Answer *answer = &bulk->issue.call.answer;

        for (size_t i = 0; i < answer->n_users; i++)
                user_free(answer->users[i]);
        free(TAKE_PTR(answer->users));
        answer->n_users = 0;
        call_store(&bulk->issue.call,
                   call_client_request(bulk->issue.call.caller->token->client_id),
                   for_client_found);
}

void authority_issue_for(Authority *authority, const Caller *caller, const IssueForRequest *request,
                         AnswerHandler handler, void *userdata) {
        ForCall *bulk =
                call_new(authority, caller, sizeof(ForCall), issue_done, handler, userdata);
        if (!bulk)
                return;

        Call *call = &bulk->issue.call;
        bulk->request = request;
        if (access_reach(caller, ACTION_ISSUE_FOR) == REACH_NONE)
                return call_finish(call, REASON_ACCESS_DENIED);
        if (request->n == 0)
                return call_finish(call, REASON_INVALID_REQUEST);
        if (request->n > authority->config->enterprise_bulk_maximum)
                return for_refuse(bulk, authority->config->enterprise_bulk_maximum,
                                  REASON_LIMIT_EXCEEDED);
        int r = find_double(request, &bulk->n);
        if (r < 0)
                return call_finish(call, r);
        call->checks_credentials = true;
        bulk->issue.grant = "issue";
        bulk->issue.lifetime = authority->config->enterprise_lifetime;
        for_begin(bulk);
}
