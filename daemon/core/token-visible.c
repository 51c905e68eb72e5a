/* Whether a caller may see or touch a token: how far its reach goes, and whose the token is. */

#include "core/token-visible.h"

#include "wire/text.h"

bool token_is_visible(const Caller *caller, enum Action action, const Token *token) {
        switch (access_reach(caller, action)) {
        case REACH_ALL:
                return true;
        case REACH_REGISTERED:
                return !caller->client->introspect_own_only ||
                       access_owns_token(caller, token, NULL);
        case REACH_OWN:
                return access_owns_token(caller, token, NULL);
        case REACH_NONE:
                break;
        }
        return false;
}

static void visible_parent_found(Call *call, StoreRequest *request) {
        const char *parent_id = request->result == 0 ? request->users[0]->parent_id : NULL;
        bool is_visible =
                        parent_id && access_owns_token(call->caller, call->answer.token, parent_id);

        call->visible_step(call, is_visible);
}

void call_decide_visible(Call *call, enum Action action, CallVisibleStep step) {
        enum Reach reach = access_reach(call->caller, action);

        if (token_is_visible(call->caller, action, call->answer.token))
                return step(call, true);
        /* A sub-account's, perhaps. */
        if (reach == REACH_OWN && call->caller->kind == CALLER_USER_TOKEN &&
            call->answer.token->user_id) {
                call->visible_step = step;
                return call_store(call,
                                  call_user_request(STORE_KEY_ID, call->answer.token->user_id),
                                  visible_parent_found);
        }
        step(call, false);
}

void call_store_token_by_id(Call *call, const char *id, CallStoreStep step) {
        StoreRequest *request;

        if (!text_is_hex(id, TOKEN_ID_SIZE))
                return call_finish(call, REASON_TOKEN_UNKNOWN);
        request = call_request(STORE_TOKEN_GET, STORE_KEY_ID, id);
        if (request)
                request->now = call_now(call);
        call_store(call, request, step);
}
