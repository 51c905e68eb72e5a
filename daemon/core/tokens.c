/* Introspection, single tokens and lists.
 *
 * Invariant: whoever may not ask about a token hears what it would hear if there were none. */

#include "core/tokens.h"

#include <errno.h>

#include "core/access.h"
#include "core/last-used.h"
#include "core/token-find.h"
#include "core/token-visible.h"
#include "wire/cleanup.h"
#include "wire/text.h"

static void introspect_visible(Call *call, bool is_visible) {
        const Token *token = call->answer.token;

        if (!is_visible)
                return call_finish(call, REASON_TOKEN_UNKNOWN);
        last_used_mark(call->authority->last_used, &token->hash, call_now(call));
        call_finish(call, 0);
}

static void introspect_found(Call *call, int r, Token *token) {
        call->answer.token = token;
        if (r != 0)
                return call_finish(call, r);
        call_decide_visible(call, ACTION_INTROSPECT, introspect_visible);
}

void authority_introspect(Authority *authority, const Caller *caller, const Secret *token,
                          AnswerHandler handler, void *userdata) {
        TokenHash hash;
        Call *call = call_new(authority, caller, sizeof(Call), NULL, handler, userdata);
        if (!call)
                return;
        if (access_reach(caller, ACTION_INTROSPECT) == REACH_NONE)
                return call_finish(call, REASON_ACCESS_DENIED);
        if (secret_is_empty(token) || token_hash_from_text(token->text, token->size, &hash) < 0)
                return call_finish(call, REASON_TOKEN_UNKNOWN);
        call_find_token(call, &hash, introspect_found);
}

int authority_introspect_now(Authority *authority, const Caller *caller, const Secret *text,
                             Token **ret) {
        _cleanup_(token_unrefp) Token *token = NULL;
        int64_t now = clock_realtime(authority->clock);

        /* Whoever may ask about none leaves no trace in the cache either. */
        if (access_reach(caller, ACTION_INTROSPECT) == REACH_NONE)
                return -EAGAIN;
        token = token_find_now(authority, text, now);
        if (!token || !token_is_visible(caller, ACTION_INTROSPECT, token))
                return -EAGAIN;
        last_used_mark(authority->last_used, &token->hash, now);
        *ret = TAKE_PTR(token);
        return 0;
}

static void get_visible(Call *call, bool is_visible) {
        call_finish(call, is_visible ? 0 : REASON_TOKEN_UNKNOWN);
}

static void get_found(Call *call, StoreRequest *request) {
        if (request->result != 0)
                return call_finish(call, REASON_TOKEN_UNKNOWN);
        call->answer.token = token_ref(request->tokens[0]);
        call_decide_visible(call, ACTION_LIST_TOKENS, get_visible);
}

void authority_token_get(Authority *authority, const Caller *caller, const char *id,
                         AnswerHandler handler, void *userdata) {
        Call *call = call_new(authority, caller, sizeof(Call), NULL, handler, userdata);
        if (!call)
                return;
        if (access_reach(caller, ACTION_LIST_TOKENS) == REACH_NONE)
                return call_finish(call, REASON_ACCESS_DENIED);
        call_store_token_by_id(call, id, get_found);
}

typedef struct ListCall {
        Call call;
        const TokenListRequest *request;
} ListCall;

static void list_read(Call *call, StoreRequest *request) {
        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.tokens = TAKE_PTR(request->tokens);
        call->answer.n_tokens = request->n_tokens;
        request->n_tokens = 0;
        call->answer.cursor = TAKE_PTR(request->cursor);
        call_finish(call, 0);
}

/* user_id NULL: of everybody. */
static void list_submit(ListCall *list, const char *user_id, uint32_t uid, bool with_sub_accounts) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_TOKEN_LIST);
        const TokenListRequest *asked = list->request;
        Call *call = &list->call;

        if (!request || text_copy(user_id, &request->filter.user_id) < 0 ||
            text_copy(asked->client_id, &request->filter.client_id) < 0 ||
            text_copy(asked->cursor, &request->cursor) < 0)
                return call_finish(call, -ENOMEM);
        request->filter.uid = uid;
        request->filter.with_sub_accounts = with_sub_accounts;
        request->now = call_now(call);
        request->limit = asked->limit;
        call_store(call, TAKE_PTR(request), list_read);
}

static void list_user_found(Call *call, StoreRequest *request) {
        ListCall *list = (ListCall *)call;
        const User *user = request->result == 0 ? request->users[0] : NULL;

        if (access_reach(call->caller, ACTION_LIST_TOKENS) != REACH_ALL &&
            !(user && access_owns_user(call->caller, user)))
                return call_finish(call, REASON_ACCESS_DENIED);
        if (!user)
                return call_finish(call, request->result);
        if (list->request->uid != UID_NONE && list->request->uid != user->uid)
                return call_finish(call, REASON_INVALID_REQUEST);
        list_submit(list, user->id, UID_NONE, false);
}

/* Nobody is named: one's own, or, for those who see all, whatever there is. */
static void list_unnamed(ListCall *list) {
        Call *call = &list->call;
        const Caller *caller = call->caller;
        uint32_t uid = list->request->uid;

        if (access_reach(caller, ACTION_LIST_TOKENS) == REACH_ALL)
                return list_submit(list, NULL, uid, false);
        if (caller->token) {
                if (uid != UID_NONE && uid != caller->token->uid)
                        return call_finish(call, REASON_ACCESS_DENIED);
                return list_submit(list, caller->token->user_id, UID_NONE, uid == UID_NONE);
        }
        if (uid != UID_NONE && uid != caller->peer.uid)
                return call_finish(call, REASON_ACCESS_DENIED);
        list_submit(list, NULL, caller->peer.uid, false);
}

void authority_token_list(Authority *authority, const Caller *caller,
                          const TokenListRequest *request, AnswerHandler handler, void *userdata) {
        ListCall *list = call_new(authority, caller, sizeof(ListCall), NULL, handler, userdata);
        if (!list)
                return;

        Call *call = &list->call;
        list->request = request;
        if (access_reach(caller, ACTION_LIST_TOKENS) == REACH_NONE)
                return call_finish(call, REASON_ACCESS_DENIED);
        if (request->limit == 0 || request->limit > PAGE_ROWS_MAX)
                return call_finish(call, REASON_INVALID_VALUE);
        call->checks_credentials = access_reach(caller, ACTION_LIST_TOKENS) != REACH_ALL;
        if (request->user)
                return call_store(call, call_user_request(STORE_KEY_NAME, request->user),
                                  list_user_found);
        list_unnamed(list);
}

int64_t authority_last_used(const Authority *authority, const Token *token) {
        int64_t heard = last_used_get(authority->last_used, &token->hash);

        return heard > token->last_used ? heard : token->last_used;
}
