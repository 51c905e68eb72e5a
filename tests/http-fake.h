#pragma once

/* A stand-in for the core: it remembers what it was asked, and answers from the loop, as the core
 * does. Include it once in a test of an http/ unit. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/accounts.h"
#include "core/clients.h"
#include "core/grant.h"
#include "core/issue-for.h"
#include "core/logins.h"
#include "core/throttle.h"
#include "core/throttled.h"
#include "core/tokens.h"
#include "core/users.h"
#include "unit.h"
#include "wire/text.h"

#define FAKE_TEXT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct Authority {
        sd_event *event;
        int result;       /* what calls end with, unless they know better */
        bool hangs_early; /* authority_identify() too */
        bool answers_now; /* what can be told at once is */
        bool hangs;       /* calls stay unanswered until fake_answer_all() */
        unsigned retry_after;
        int store_error;
        int64_t clock_mark;
        bool without_store;
        enum Reason state;
        char log[512]; /* the last call with its arguments */
        size_t n_account_tokens;  /* that an account has, and after how many its list fails */
        size_t account_list_ends; /* 0: never */
        size_t n_calls;
        size_t n_identified;
        struct FakeCall *waiting;
};

typedef struct FakeCall {
        struct FakeCall *next;
        Authority *authority;
        AnswerHandler handler;
        CallerHandler caller_handler;
        void *userdata;
        int r;
        Answer answer;
        Caller caller;
        sd_event_source *source;
} FakeCall;

static User fake_user = { .id = (char *)"u-1",
                          .name = (char *)"ada",
                          .partner_id = (char *)"p-1",
                          .uid = 70000,
                          .gid = 70001,
                          .home = (char *)"/home/ada",
                          .shell = (char *)"/bin/bash",
                          .created = 5 * USEC_PER_SEC };
static char *fake_words[] = { (char *)"read", (char *)"write", NULL };
static Client fake_client = { .id = (char *)"app",
                              .grants = fake_words,
                              .created = 7 * USEC_PER_SEC };
static Login fake_login = { .id = (char *)"0123456789abcdef0123456789abcdef" };

static Token *fake_token(void) {
        Token *token = token_new();
        assert_non_null(token);
        assert_int_equal(token_hash_from_text(FAKE_TEXT, 64, &token->hash), 0);
        token->user_id = strdup("u-1");
        token->user_name = strdup("ada");
        token->uid = 70000;
        token->client_id = strdup("local");
        token->grant = strdup("password");
        token->created = 1000 * USEC_PER_SEC;
        token->expires = 1900 * USEC_PER_SEC;
        return token;
}

static void fake_finish(FakeCall *call) {
        sd_event_source_disable_unref(call->source);
        if (call->caller_handler)
                call->caller_handler(call->userdata, call->r, &call->caller);
        else
                call->handler(call->userdata, call->r, &call->answer);
        caller_done(&call->caller);
        secret_done(&call->answer.access_token);
        secret_done(&call->answer.refresh_token);
        secret_done(&call->answer.client_secret);
        for (size_t i = 0; i < call->answer.n_tokens; i++)
                token_unref(call->answer.tokens[i]);
        free(call->answer.tokens);
        for (size_t i = 0; i < call->answer.n_texts; i++)
                secret_done(&call->answer.texts[i]);
        free(call->answer.texts);
        token_unref(call->answer.token);
        free(call->answer.cursor);
        free(call);
}

static int fake_on_turn(sd_event_source *source, void *userdata) {
        FakeCall *call = userdata;
        if (call->authority->hangs && (!call->caller_handler || call->authority->hangs_early)) {
                call->next = call->authority->waiting;
                call->authority->waiting = call;
                return 0;
        }
        fake_finish(call);
        return 0;
}

static inline void fake_answer_all(Authority *authority) {
        while (authority->waiting) {
                FakeCall *call = authority->waiting;
                authority->waiting = call->next;
                fake_finish(call);
        }
}

static FakeCall *fake_call(Authority *authority, AnswerHandler handler, void *userdata) {
        FakeCall *call = calloc(1, sizeof(*call));
        assert_non_null(call);
        call->authority = authority;
        call->handler = handler;
        call->userdata = userdata;
        call->r = authority->result;
        call->answer.retry_after = authority->retry_after;
        assert_true(sd_event_add_defer(authority->event, &call->source, fake_on_turn, call) >= 0);
        authority->n_calls++;
        return call;
}

#define FAKE_LOG(authority, ...) snprintf((authority)->log, sizeof((authority)->log), __VA_ARGS__)
#define OR_DASH(text)            ((text) ? (text) : "-")
#define SECRET_OR_DASH(secret)   ((secret) ? secret_text(secret) : "-")

/* "right" is every client's secret, FAKE_TEXT the one good Bearer token. */
static int fake_identify(const Credentials *credentials, Caller *ret) {
        bool is_right;

        assert_true(credentials->peer.received > 0);
        *ret = (Caller){ .peer = credentials->peer };
        if (credentials->bearer) {
                ret->kind = CALLER_USER_TOKEN;
                return streq(secret_text(credentials->bearer), FAKE_TEXT) ? 0
                                                                          : REASON_INVALID_TOKEN;
        }
        if (credentials->client_id) {
                is_right = streq(SECRET_OR_DASH(credentials->client_secret), "right") ||
                           streq(SECRET_OR_DASH(credentials->client_secret_raw), "right");
                ret->kind = CALLER_CLIENT;
                return is_right ? 0 : REASON_INVALID_CLIENT;
        }
        if (credentials->peer.door == DOOR_TCP)
                ret->kind = CALLER_ANONYMOUS;
        else
                ret->kind = credentials->peer.uid == 0 ? CALLER_ROOT : CALLER_UID;
        return 0;
}

void authority_identify(Authority *authority, const Credentials *credentials, CallerHandler handler,
                        void *userdata) {
        FakeCall *call = fake_call(authority, NULL, userdata);
        authority->n_calls--;
        authority->n_identified++;
        call->caller_handler = handler;
        call->r = fake_identify(credentials, &call->caller);
}

int authority_identify_now(Authority *authority, const Credentials *credentials, Caller *ret) {
        Caller caller;

        if (!authority->answers_now || fake_identify(credentials, &caller) != 0)
                return -EAGAIN;
        *ret = caller;
        return 0;
}

void authority_grant(Authority *authority, const Caller *caller, const GrantRequest *request,
                     AnswerHandler handler, void *userdata) {
        FakeCall *call = fake_call(authority, handler, userdata);
        FAKE_LOG(authority,
                 "grant %s user=%s email=%s password=%s refresh=%s scope=%s service=%s junk=%d",
                 request->grant_type, OR_DASH(request->username), OR_DASH(request->email),
                 SECRET_OR_DASH(request->password), SECRET_OR_DASH(request->refresh_token),
                 OR_DASH(request->scope), OR_DASH(request->service), request->junk);
        if (request->ruid != 0)
                FAKE_LOG(authority, "grant ruid=%u", request->ruid);
        if (request->accepts || request->once)
                FAKE_LOG(authority, "grant accepts=%u once=%d", request->accepts, request->once);
        if (request->login_only)
                FAKE_LOG(authority, "grant login_only=1");
        if (call->r != 0)
                return;
        if (caller->kind == CALLER_ANONYMOUS) {
                call->r = REASON_ACCESS_DENIED;
        } else if (!streq(request->grant_type, "password")) {
                call->r = REASON_UNSUPPORTED_GRANT;
        } else if (!request->password || !streq(secret_text(request->password), "secret")) {
                call->r = REASON_WRONG_PASSWORD;
                call->answer.user = streq_ptr(request->username, "known") ? &fake_user : NULL;
        } else if (authority->without_store) {
                call->answer.without_store = true;
                call->answer.user = &fake_user;
        } else {
                call->answer.token = fake_token();
                call->answer.user = &fake_user;
                call->answer.login = request->service ? &fake_login : NULL;
                call->answer.state = authority->state;
                secret_append_text(&call->answer.access_token, FAKE_TEXT);
                if (!request->service)
                        secret_append_text(&call->answer.refresh_token, "refresh-text");
        }
}

static void fake_issue(FakeCall *call) {
        call->answer.token = fake_token();
        call->answer.user = &fake_user;
        secret_append_text(&call->answer.access_token, FAKE_TEXT);
}

void authority_issue(Authority *authority, const Caller *caller, const IssueRequest *request,
                     AnswerHandler handler, void *userdata) {
        fake_issue(fake_call(authority, handler, userdata));
        FAKE_LOG(authority, "issue user=%s client=%s scope=%s lifetime=%lld",
                 OR_DASH(request->user), OR_DASH(request->client_id),
                 request->scopes ? request->scopes[0] : "-", (long long)request->lifetime);
}

void authority_issue_self(Authority *authority, const Caller *caller, const IssueRequest *request,
                          AnswerHandler handler, void *userdata) {
        FakeCall *call = fake_call(authority, handler, userdata);

        fake_issue(call);
        if (request->login)
                call->answer.login = &fake_login;
        FAKE_LOG(authority, "issue_self scope=%s lifetime=%lld login=%s",
                 request->scopes ? request->scopes[0] : "-", (long long)request->lifetime,
                 OR_DASH(request->login));
}

void authority_introspect(Authority *authority, const Caller *caller, const Secret *token,
                          AnswerHandler handler, void *userdata) {
        FakeCall *call = fake_call(authority, handler, userdata);
        FAKE_LOG(authority, "introspect %s", secret_text(token));
        if (call->r == 0 && streq(secret_text(token), FAKE_TEXT))
                call->answer.token = fake_token();
        else if (call->r == 0)
                call->r = REASON_TOKEN_UNKNOWN;
}

int authority_introspect_now(Authority *authority, const Caller *caller, const Secret *token,
                             Token **ret) {
        if (!authority->answers_now || !streq(secret_text(token), FAKE_TEXT))
                return -EAGAIN;
        *ret = fake_token();
        return 0;
}

void authority_revoke(Authority *authority, const Caller *caller, const Secret *token,
                      AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata);
        FAKE_LOG(authority, "revoke %s", secret_text(token));
}

void authority_token_get(Authority *authority, const Caller *caller, const char *id,
                         AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata)->answer.token = fake_token();
        FAKE_LOG(authority, "token_get %s", id);
}

void authority_token_revoke(Authority *authority, const Caller *caller, const char *id,
                            AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata)->answer.n_revoked = 1;
        FAKE_LOG(authority, "token_revoke %s", id);
}

void authority_token_list(Authority *authority, const Caller *caller,
                          const TokenListRequest *request, AnswerHandler handler, void *userdata) {
        FakeCall *call = fake_call(authority, handler, userdata);
        call->answer.tokens = calloc(1, sizeof(Token *));
        call->answer.tokens[0] = fake_token();
        call->answer.n_tokens = 1;
        call->answer.cursor = strdup("next-page");
        FAKE_LOG(authority, "token_list user=%s client=%s limit=%u cursor=%s",
                 OR_DASH(request->user), OR_DASH(request->client_id), request->limit,
                 OR_DASH(request->cursor));
}

void authority_revoke_owner(Authority *authority, const Caller *caller,
                            const RevokeRequest *request, AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata)->answer.n_revoked = 3;
        FAKE_LOG(authority, "revoke_owner user=%s client=%s all=%d", OR_DASH(request->user),
                 OR_DASH(request->client_id), request->all);
}

void authority_account_issue(Authority *authority, const Caller *caller,
                             const AccountTokenRequest *request, AnswerHandler handler,
                             void *userdata) {
        FakeCall *call = fake_call(authority, handler, userdata);
        char *scopes = NULL;

        fake_issue(call);
        call->answer.token->expires = call->answer.token->created + request->ttl * USEC_PER_SEC;
        assert_int_equal(strv_copy(request->scopes, &call->answer.token->scopes), 0);
        assert_int_equal(strv_join(request->scopes, ",", &scopes), 0);
        FAKE_LOG(authority, "account_issue %s ttl=%lld scopes=%s", request->account,
                 (long long)request->ttl, request->has_scopes ? scopes : "-");
        free(scopes);
        if (caller->kind == CALLER_ANONYMOUS)
                call->r = REASON_ACCESS_DENIED;
}

/* The first is the newest; ttl repeats every seven. */
static Token *fake_account_token(size_t index, size_t n) {
        Token *token = fake_token();

        memset(&token->hash, 0, sizeof(token->hash));
        token->hash.bytes[14] = (uint8_t)((index * 7919) >> 8);
        token->hash.bytes[15] = (uint8_t)(index * 7919);
        token->created = (int64_t)(1000 + n - index) * USEC_PER_SEC + 5 * USEC_PER_MSEC;
        token->expires = token->created + (int64_t)(60 + index % 7) * USEC_PER_SEC;
        return token;
}

void authority_account_list(Authority *authority, const Caller *caller, const char *account,
                            const char *cursor, unsigned limit, AnswerHandler handler,
                            void *userdata) {
        FakeCall *call = fake_call(authority, handler, userdata);
        size_t from = cursor ? (size_t)atoi(cursor) : 0, n = authority->n_account_tokens - from;

        FAKE_LOG(authority, "account_list %s cursor=%s", account, OR_DASH(cursor));
        if (authority->account_list_ends > 0 && from >= authority->account_list_ends)
                call->r = REASON_STORE_UNAVAILABLE;
        if (call->r != 0)
                return;
        if (n > limit) {
                n = limit;
                assert_true(asprintf(&call->answer.cursor, "%zu", from + n) > 0);
        }
        call->answer.tokens = calloc(n + 1, sizeof(Token *));
        assert_non_null(call->answer.tokens);
        for (; call->answer.n_tokens < n; call->answer.n_tokens++)
                call->answer.tokens[call->answer.n_tokens] = fake_account_token(
                        from + call->answer.n_tokens, authority->n_account_tokens);
}

void authority_account_token_get(Authority *authority, const Caller *caller, const char *account,
                                 const char *fk, AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata)->answer.token = fake_token();
        FAKE_LOG(authority, "account_token_get %s %s", account, fk);
}

void authority_account_token_remove(Authority *authority, const Caller *caller, const char *account,
                                    const char *fk, AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata)->answer.token = fake_token();
        FAKE_LOG(authority, "account_token_remove %s %s", account, fk);
}

int64_t authority_last_used(const Authority *authority, const Token *token) {
        return 1200 * USEC_PER_SEC;
}

const char *grant_type_name(size_t index) {
        static const char *const names[] = { "password", "refresh_token", "client_credentials" };
        return index < ELEMENTSOF(names) ? names[index] : NULL;
}

bool grant_type_is_known(const char *name) {
        for (size_t i = 0; grant_type_name(i); i++)
                if (streq(grant_type_name(i), name))
                        return true;
        return false;
}

void authority_issue_for(Authority *authority, const Caller *caller, const IssueForRequest *request,
                         AnswerHandler handler, void *userdata) {
        static User *users[] = { &fake_user };
        FakeCall *call = fake_call(authority, handler, userdata);
        call->answer.tokens = calloc(1, sizeof(Token *));
        call->answer.tokens[0] = fake_token();
        call->answer.texts = calloc(1, sizeof(Secret));
        assert_int_equal(secret_append_text(&call->answer.texts[0], FAKE_TEXT), 0);
        call->answer.users = users;
        call->answer.n_tokens = call->answer.n_texts = call->answer.n_users = 1;
        FAKE_LOG(authority, "issue_for %zu first=%s", request->n, request->partner_ids[0]);
}

void authority_login_check(Authority *authority, const Caller *caller, const char *user,
                           AnswerHandler handler, void *userdata) {
        FakeCall *call = fake_call(authority, handler, userdata);
        call->answer.user = &fake_user;
        call->answer.state = authority->state;
        FAKE_LOG(authority, "login_check %s", user);
}

void authority_login_keys(Authority *authority, const Caller *caller, const char *user,
                          AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata)->answer.user = &fake_user;
        FAKE_LOG(authority, "login_keys %s", user);
}

void authority_login_open(Authority *authority, const Caller *caller, const LoginRequest *request,
                          AnswerHandler handler, void *userdata) {
        FakeCall *call = fake_call(authority, handler, userdata);
        call->answer.user = &fake_user;
        call->answer.login = &fake_login;
        FAKE_LOG(authority, "login_open %s id=%s service=%s", request->user, OR_DASH(request->id),
                 OR_DASH(request->service));
}

void authority_login_close(Authority *authority, const Caller *caller, const char *id,
                           const char *user, AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata)->answer.n_revoked = 2;
        FAKE_LOG(authority, "login_close %s %s", id, user);
}

void authority_login_token(Authority *authority, const Caller *caller, const char *id,
                           const char *user, AnswerHandler handler, void *userdata) {
        fake_issue(fake_call(authority, handler, userdata));
        FAKE_LOG(authority, "login_token %s %s", id, user);
}

void authority_user_add(Authority *authority, const Caller *caller, const UserAddRequest *request,
                        AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata)->answer.user = &fake_user;
        FAKE_LOG(authority, "user_add %s uid=%u scopes=%s password=%s", request->name, request->uid,
                 request->scopes ? request->scopes[0] : "-", SECRET_OR_DASH(request->password));
        if (request->hash || request->state || request->expires || request->ssh_keys)
                FAKE_LOG(authority, "user_add %s hash=%s state=%d expires=%lld keys=%zu",
                         request->name, SECRET_OR_DASH(request->hash), request->state,
                         (long long)request->expires, strv_length(request->ssh_keys));
}

void authority_user_get(Authority *authority, const Caller *caller, const char *id,
                        const char *name, AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata)->answer.user = &fake_user;
        FAKE_LOG(authority, "user_get id=%s name=%s", OR_DASH(id), OR_DASH(name));
}

void authority_user_list(Authority *authority, const Caller *caller, const char *cursor,
                         unsigned limit, AnswerHandler handler, void *userdata) {
        static User *users[] = { &fake_user };
        FakeCall *call = fake_call(authority, handler, userdata);
        call->answer.users = users;
        call->answer.n_users = 1;
        FAKE_LOG(authority, "user_list limit=%u cursor=%s", limit, OR_DASH(cursor));
}

void authority_user_remove(Authority *authority, const Caller *caller, const char *id,
                           AnswerHandler handler, void *userdata) {
        FakeCall *call = fake_call(authority, handler, userdata);
        call->answer.user = &fake_user;
        call->answer.n_revoked = 4;
        FAKE_LOG(authority, "user_remove %s", id);
}

void authority_user_set_password(Authority *authority, const Caller *caller,
                                 const UserPasswordRequest *request, AnswerHandler handler,
                                 void *userdata) {
        fake_call(authority, handler, userdata)->answer.user = &fake_user;
        FAKE_LOG(authority, "user_set_password %s old=%s new=%s login=%s rhost=%s ruid=%u",
                 request->id, SECRET_OR_DASH(request->old_password),
                 SECRET_OR_DASH(request->password), OR_DASH(request->login),
                 OR_DASH(request->rhost), request->ruid);
}

void authority_user_set(Authority *authority, const Caller *caller, const char *id,
                        const UserSetRequest *request, AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata)->answer.user = &fake_user;
        FAKE_LOG(authority, "user_set %s sets=%u state=%d expires=%lld keys=%zu", id, request->sets,
                 request->state, (long long)request->expires, strv_length(request->ssh_keys));
}

void authority_client_add(Authority *authority, const Caller *caller,
                          const ClientAddRequest *request, AnswerHandler handler, void *userdata) {
        FakeCall *call = fake_call(authority, handler, userdata);
        call->answer.client = &fake_client;
        if (!request->secret)
                secret_append_text(&call->answer.client_secret, "made");
        FAKE_LOG(authority, "client_add %s own=%d lifetime=%lld", request->id,
                 request->introspect_own_only, (long long)request->access_lifetime);
}

void authority_client_get(Authority *authority, const Caller *caller, const char *id,
                          AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata)->answer.client = &fake_client;
        FAKE_LOG(authority, "client_get %s", id);
}

void authority_client_list(Authority *authority, const Caller *caller, const char *cursor,
                           unsigned limit, AnswerHandler handler, void *userdata) {
        static Client *clients[] = { &fake_client };
        FakeCall *call = fake_call(authority, handler, userdata);
        call->answer.clients = clients;
        call->answer.n_clients = 1;
        FAKE_LOG(authority, "client_list limit=%u", limit);
}

void authority_client_remove(Authority *authority, const Caller *caller, const char *id,
                             AnswerHandler handler, void *userdata) {
        fake_call(authority, handler, userdata)->answer.client = &fake_client;
        FAKE_LOG(authority, "client_remove %s", id);
}

void authority_throttle_list(Authority *authority, const Caller *caller, const char *user,
                             const char *cursor, unsigned limit, AnswerHandler handler,
                             void *userdata) {
        static Throttled fake_throttled[] = {
                { .user = (char *)"ada", .remote = "192.0.2.1", .n_failures = 5, .wait = 3,
                  .last = 9 * USEC_PER_SEC },
                { .remote = "local", .n_failures = 1, .last = 8 * USEC_PER_SEC },
        };
        FakeCall *call = fake_call(authority, handler, userdata);

        call->answer.throttled = fake_throttled;
        call->answer.n_throttled = 2;
        call->answer.cursor = strdup("17");
        FAKE_LOG(authority, "throttle_list user=%s limit=%u cursor=%s", OR_DASH(user), limit,
                 OR_DASH(cursor));
}

void authority_throttle_clear(Authority *authority, const Caller *caller,
                              const ThrottleClearRequest *request, AnswerHandler handler,
                              void *userdata) {
        fake_call(authority, handler, userdata)->answer.n_cleared = 2;
        FAKE_LOG(authority, "throttle_clear user=%s remote=%s all=%d", OR_DASH(request->user),
                 OR_DASH(request->remote), request->all);
}

AuthorityStatus authority_status(const Authority *authority) {
        return (AuthorityStatus){ .store = { .error = authority->store_error,
                                             .n_tokens = 5,
                                             .clock = authority->clock_mark },
                                  .cached = 2 };
}

static inline Authority *fake_new(sd_event *event) {
        Authority *authority = calloc(1, sizeof(*authority));

        assert_non_null(authority);
        authority->event = event;
        return authority;
}

/* Nobody may be left waiting for it: answers what hangs. */
static inline void fake_free(Authority *authority) {
        fake_answer_all(authority);
        for (int i = 0; i < 10; i++)
                assert_true(sd_event_run(authority->event, 0) >= 0);
        free(authority);
}
