#pragma once

/* For the tests of bus/: a core of a few tokens that answers when the test wants it. Included by
 * fake-bus.h unless the test brings a real core. */

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "core/access.h"
#include "core/tokens.h"
#include "wire/text.h"

#define ADA_UID   1000U
#define BRIAN_UID 1001U

enum FakeVerb { FAKE_LIST, FAKE_GET, FAKE_REVOKE, FAKE_REVOKE_OWNER };

typedef struct FakeCall {
        enum FakeVerb verb;
        const Caller *caller;
        const char *id;
        const TokenListRequest *list; /* borrowed, as by the real core */
        const RevokeRequest *revoke;
        AnswerHandler handler;
        void *userdata;
} FakeCall;

struct Authority {
        Token *tokens[1100];
        size_t n_tokens;
        FakeCall calls[256];
        size_t n_calls;
        bool is_held; /* calls wait until fake_core_answer() */
        int result;   /* of every call, unless 0 */
        StoreStatus status;
        Caller last_caller;
};

static bool fake_may_see(const FakeCall *call, const Token *token) {
        return call->caller->kind == CALLER_ROOT || call->caller->peer.uid == token->uid;
}

static Token *fake_find(struct Authority *core, const FakeCall *call) {
        TokenHash hash;

        assert_int_equal(token_hash_from_id(call->id, &hash), 0);
        for (size_t i = 0; i < core->n_tokens; i++)
                if (memcmp(&core->tokens[i]->hash, &hash, TOKEN_HASH_SIZE / 2) == 0 &&
                    fake_may_see(call, core->tokens[i]))
                        return core->tokens[i];
        return NULL;
}

static bool fake_list_has(const FakeCall *call, const Token *token) {
        const TokenListRequest *list = call->list;

        return fake_may_see(call, token) && (list->uid == UID_NONE || list->uid == token->uid) &&
               (!list->user || streq_ptr(list->user, token->user_name)) &&
               (!list->client_id || streq(list->client_id, token->client_id));
}

/* Cursors are numbers of rows. */
static int fake_list(struct Authority *core, const FakeCall *call, Answer *answer) {
        static Token *page[1100];
        static char cursor[24];
        int64_t skip = 0;

        if (call->caller->kind != CALLER_ROOT && call->list->uid != UID_NONE &&
            call->list->uid != call->caller->peer.uid)
                return REASON_ACCESS_DENIED;
        if (call->list->cursor && parse_int64(call->list->cursor, &skip) < 0)
                return REASON_INVALID_VALUE;
        answer->tokens = page;
        for (size_t i = (size_t)skip; i < core->n_tokens; i++) {
                if (!fake_list_has(call, core->tokens[i]))
                        continue;
                if (answer->n_tokens == call->list->limit) {
                        snprintf(cursor, sizeof(cursor), "%zu", i);
                        answer->cursor = cursor;
                        break;
                }
                page[answer->n_tokens++] = core->tokens[i];
        }
        return 0;
}

static void fake_core_answer(struct Authority *core) {
        FakeCall call = core->calls[0];
        Answer answer = { 0 };
        int r = core->result;

        core->n_calls--;
        memmove(core->calls, core->calls + 1, core->n_calls * sizeof(FakeCall));
        if (r == 0 && call.verb == FAKE_LIST)
                r = fake_list(core, &call, &answer);
        else if (r == 0 && call.verb != FAKE_REVOKE_OWNER) {
                answer.token = fake_find(core, &call);
                answer.n_revoked = 1;
                r = answer.token ? 0 : REASON_TOKEN_UNKNOWN;
        } else if (r == 0) {
                answer.n_revoked = 7;
                r = call.caller->kind == CALLER_ROOT || call.caller->peer.uid == call.revoke->uid
                                    ? 0
                                    : REASON_ACCESS_DENIED;
        }
        call.handler(call.userdata, r, r == 0 ? &answer : NULL);
}

static void fake_submit(Authority *core, const Caller *caller, FakeCall call) {
        assert_true(core->n_calls < ELEMENTSOF(core->calls));
        assert_int_equal(caller->peer.door, DOOR_BUS);
        core->last_caller = *caller;
        call.caller = caller;
        core->calls[core->n_calls++] = call;
}

void authority_token_list(Authority *authority, const Caller *caller,
                          const TokenListRequest *request, AnswerHandler handler, void *userdata) {
        fake_submit(authority, caller,
                    (FakeCall){ .verb = FAKE_LIST,
                                .list = request,
                                .handler = handler,
                                .userdata = userdata });
}

void authority_token_get(Authority *authority, const Caller *caller, const char *id,
                         AnswerHandler handler, void *userdata) {
        fake_submit(authority, caller,
                    (FakeCall){ .verb = FAKE_GET,
                                .id = id,
                                .handler = handler,
                                .userdata = userdata });
}

void authority_token_revoke(Authority *authority, const Caller *caller, const char *id,
                            AnswerHandler handler, void *userdata) {
        fake_submit(authority, caller,
                    (FakeCall){ .verb = FAKE_REVOKE,
                                .id = id,
                                .handler = handler,
                                .userdata = userdata });
}

void authority_revoke_owner(Authority *authority, const Caller *caller,
                            const RevokeRequest *request, AnswerHandler handler, void *userdata) {
        fake_submit(authority, caller,
                    (FakeCall){ .verb = FAKE_REVOKE_OWNER,
                                .revoke = request,
                                .handler = handler,
                                .userdata = userdata });
}

int64_t authority_last_used(const Authority *authority, const Token *token) {
        return 42;
}

AuthorityStatus authority_status(const Authority *authority) {
        return (AuthorityStatus){ .store = authority->status };
}

enum Reach access_reach(const Caller *caller, enum Action action) {
        assert_int_equal(action, ACTION_ADMINISTER);
        return caller->kind == CALLER_ROOT ? REACH_ALL : REACH_NONE;
}

static Authority *core_new(sd_event *event, const char *folder) {
        Authority *core = calloc(1, sizeof(*core));

        assert_non_null(core);
        return core;
}

static void core_turn(Authority *core) {
        while (core->n_calls > 0 && !core->is_held)
                fake_core_answer(core);
}

/* Answers what is left. */
static void core_free(Authority *core) {
        while (core->n_calls > 0)
                fake_core_answer(core);
        while (core->n_tokens > 0)
                token_unref(core->tokens[--core->n_tokens]);
        free(core);
}

/* A token of ADA_UID or BRIAN_UID, or with UID_NONE a client's own; number makes the id. */
static const Token *fake_core_token(Authority *core, unsigned number, uint32_t uid) {
        Token *token = token_new();

        assert_non_null(token);
        memset(&token->hash, 0xab, sizeof(token->hash));
        memcpy(&token->hash, &number, sizeof(number));
        token->uid = uid;
        token->user_name = uid == ADA_UID     ? strdup("ada")
                           : uid == BRIAN_UID ? strdup("brian")
                                              : NULL;
        token->user_id = uid == UID_NONE ? NULL : strdup("d9a2f7f4-0000-4000-8000-000000000000");
        token->client_id = strdup("local");
        token->created = 1000;
        token->expires = 2000;
        core->tokens[core->n_tokens++] = token;
        return token;
}
