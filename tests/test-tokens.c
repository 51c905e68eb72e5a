/* Introspection, revocation and lists: who sees and ends which token, and that nothing lives on in
 * the cache. */

#include <errno.h>

#include "core/call.h"
#include "core/tokens.h"
#include "core/users.h"
#include "core-fixture.h"

/* Everybody there is, and a token of each. */
typedef struct People {
        Caller root, ada, bob, anonymous;
        Caller app, own_only, bearer, parent, scoped, admin;
        Heard of_ada, of_app, of_child;
} People;

static void people_done(People *people) {
        caller_done(&people->app);
        caller_done(&people->own_only);
        caller_done(&people->bearer);
        caller_done(&people->parent);
        caller_done(&people->scoped);
        caller_done(&people->admin);
        heard_done(&people->of_ada);
        heard_done(&people->of_app);
        heard_done(&people->of_child);
}

static Caller bearer_of(Core *core, const char *user, const char *scope) {
        Caller root = core_root(), caller = CALLER_INIT;
        char *scopes[] = { (char *)scope, NULL };
        _heard_ heard = { 0 };

        authority_issue(core->authority, &root,
                        &(IssueRequest){ .user = user, .scopes = scope ? scopes : NULL },
                        core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(core_bearer(core, &heard.answer.access_token, &caller), 0);
        return caller;
}

static People people_make(Core *core) {
        People people = { .root = core_root(), .ada = core_uid(70000), .bob = core_uid(70001),
                          .anonymous = core_anonymous() };

        core_add_user_like(core, "ada", 70000, "admin read", NULL, USER_ACTIVE);
        core_add_user(core, "bob", 70001);
        core_add_user_like(core, "child", 70002, NULL, "id-ada", USER_ACTIVE);
        core_add_client(core, "app", "password refresh_token", NULL, false);
        core_add_client(core, "own", "password", NULL, true);
        people.app = core_client(core, "app");
        people.own_only = core_client(core, "own");
        people.bearer = bearer_of(core, "bob", NULL);
        people.parent = bearer_of(core, "ada", NULL);
        people.scoped = bearer_of(core, "ada", "read");
        people.admin = bearer_of(core, "ada", "admin");
        assert_int_equal(core_log_in(core, &people.root, "ada", "PASSWORD-of-ada", NULL, NULL,
                                     &people.of_ada), 0);
        assert_int_equal(core_log_in(core, &people.app, "bob", "PASSWORD-of-bob", NULL, NULL,
                                     &people.of_app), 0);
        assert_int_equal(core_log_in(core, &people.root, "child", "PASSWORD-of-child", NULL, NULL,
                                     &people.of_child), 0);
        return people;
}
#define _people_ _cleanup_(people_done) People

static int introspect(Core *core, const Caller *caller, const Secret *token) {
        _heard_ heard = { 0 };

        authority_introspect(core->authority, caller, token, core_on_answer, &heard);
        return core_wait(core, &heard);
}

/* 0 or -EAGAIN; at once is what the call says, too. */
static int introspect_now(Core *core, const Caller *caller, const Secret *token) {
        _cleanup_(token_unrefp) Token *found = NULL;
        TokenHash hash;
        int r = authority_introspect_now(core->authority, caller, token, &found);

        assert_true(r == 0 || r == -EAGAIN);
        assert_int_equal(r == 0, found != NULL);
        if (r == 0) {
                assert_int_equal(token_hash_from_text(token->text, token->size, &hash), 0);
                assert_memory_equal(&found->hash, &hash, sizeof(hash));
                assert_int_equal(introspect(core, caller, token), 0);
        }
        return r;
}

static int revoke_text(Core *core, const Caller *caller, const Secret *token) {
        _heard_ heard = { 0 };

        authority_revoke(core->authority, caller, token, core_on_answer, &heard);
        return core_wait(core, &heard);
}

static int get(Core *core, const Caller *caller, const Token *token) {
        char id[TOKEN_ID_SIZE + 1];
        _heard_ heard = { 0 };

        token_hash_to_id(&token->hash, id);
        authority_token_get(core->authority, caller, id, core_on_answer, &heard);
        return core_wait(core, &heard);
}

/* With the cache full and with it empty: the same. */
static void test_who_may_introspect(void **state) {
        Core *core = *state;
        _people_ people = people_make(core);
        const Secret *ada = &people.of_ada.answer.access_token;
        const Secret *bob = &people.of_app.answer.access_token;
        const Secret *child = &people.of_child.answer.access_token;
        const int dead = REASON_TOKEN_UNKNOWN, no = REASON_ACCESS_DENIED;
        const struct {
                const Caller *caller;
                int ada, bob, child;
        } rows[] = {
                { &people.root, 0, 0, 0 },
                { &people.ada, 0, dead, dead },
                { &people.bob, dead, 0, dead },
                { &people.anonymous, no, no, no },
                { &people.app, 0, 0, 0 },
                { &people.own_only, dead, dead, dead },
                { &people.bearer, dead, 0, dead },
                { &people.parent, 0, dead, 0 },
                { &people.scoped, no, no, no },
                { &people.admin, 0, 0, 0 },
        };

        for (int round = 0; round < 2; round++) {
                for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                        assert_int_equal(introspect(core, rows[i].caller, ada), rows[i].ada);
                        assert_int_equal(introspect(core, rows[i].caller, bob), rows[i].bob);
                        assert_int_equal(introspect(core, rows[i].caller, child), rows[i].child);
                        assert_int_equal(get(core, rows[i].caller, people.of_child.answer.token),
                                         rows[i].caller->kind == CALLER_CLIENT ? no
                                                                               : rows[i].child);
                }
                cache_clear(core->authority->cache);
        }
}

/* Whoever may, and needs no look-up for it. */
static void test_who_may_introspect_at_once(void **state) {
        Core *core = *state;
        _people_ people = people_make(core);
        const Secret *ada = &people.of_ada.answer.access_token;
        const Secret *bob = &people.of_app.answer.access_token;
        const Secret *child = &people.of_child.answer.access_token;
        const int later = -EAGAIN;
        const struct {
                const Caller *caller;
                int ada, bob, child;
        } rows[] = {
                { &people.root, 0, 0, 0 },
                { &people.ada, 0, later, later },
                { &people.bob, later, 0, later },
                { &people.anonymous, later, later, later },
                { &people.app, 0, 0, 0 },
                { &people.own_only, later, later, later },
                { &people.bearer, later, 0, later },
                { &people.parent, 0, later, later }, /* the child's parent must be asked for */
                { &people.scoped, later, later, later },
                { &people.admin, 0, 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_int_equal(introspect_now(core, rows[i].caller, ada), rows[i].ada);
                assert_int_equal(introspect_now(core, rows[i].caller, bob), rows[i].bob);
                assert_int_equal(introspect_now(core, rows[i].caller, child), rows[i].child);
        }
        /* its own */
        Client client = *people.app.client;
        client.introspect_own_only = true;
        Caller app = { .peer = people.app.peer, .kind = CALLER_CLIENT, .client = &client };
        assert_int_equal(introspect_now(core, &app, bob), 0);
        assert_int_equal(introspect_now(core, &app, ada), later);

        cache_clear(core->authority->cache);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_int_equal(introspect_now(core, rows[i].caller, ada), later);
                assert_int_equal(introspect_now(core, rows[i].caller, child), later);
        }
        /* a refresh token is never in the cache */
        assert_int_equal(introspect(core, &people.root, &people.of_app.answer.refresh_token), 0);
        assert_int_equal(introspect_now(core, &people.root, &people.of_app.answer.refresh_token),
                         later);
}

static void test_what_died_is_nothing_at_once(void **state) {
        Core *core = *state;
        _people_ people = people_make(core);
        const Caller *root = &people.root;
        const Secret *ada = &people.of_ada.answer.access_token;
        const Secret *bob = &people.of_app.answer.access_token;
        const Secret *child = &people.of_child.answer.access_token;
        _cleanup_(token_unrefp) Token *found = NULL;
        Secret none = SECRET_INIT;
        _heard_ locked = { 0 };

        assert_int_equal(introspect_now(core, root, &none), -EAGAIN);
        assert_true(authority_last_used(core->authority, people.of_ada.answer.token) == 0);
        assert_int_equal(authority_introspect_now(core->authority, root, ada, &found), 0);
        assert_true(authority_last_used(core->authority, people.of_ada.answer.token) > 0);
        assert_int_equal(introspect_now(core, root, ada), 0);
        assert_int_equal(revoke_text(core, root, ada), 0);
        assert_int_equal(introspect_now(core, root, ada), -EAGAIN);

        assert_int_equal(introspect_now(core, root, child), 0);
        authority_user_set(core->authority, root, "id-child",
                           &(UserSetRequest){ .sets = USER_SETS_STATE, .state = USER_LOCKED },
                           core_on_answer, &locked);
        assert_int_equal(core_wait(core, &locked), 0);
        assert_int_equal(introspect_now(core, root, child), -EAGAIN);
        assert_int_equal(introspect(core, root, child), REASON_TOKEN_UNKNOWN);

        assert_int_equal(introspect_now(core, root, bob), 0);
        core_turned = 7 * DAY;
        assert_int_equal(introspect_now(core, root, bob), -EAGAIN);
        /* nor when the clock is turned back */
        core_turned = 0;
        assert_int_equal(introspect_now(core, root, bob), -EAGAIN);
}

/* An expired token leaves the cache when somebody asks who may. */
static void test_who_may_not_introspect_leaves_no_trace(void **state) {
        Core *core = *state;
        _people_ people = people_make(core);
        const Secret *bob = &people.of_app.answer.access_token;
        size_t n = cache_size(core->authority->cache);

        assert_int_equal(introspect_now(core, &people.root, bob), 0);
        core_turned = 7 * DAY;
        assert_int_equal(introspect_now(core, &people.anonymous, bob), -EAGAIN);
        assert_int_equal(introspect_now(core, &people.scoped, bob), -EAGAIN);
        assert_int_equal(cache_size(core->authority->cache), n);
        assert_int_equal(introspect_now(core, &people.root, bob), -EAGAIN);
        assert_int_equal(cache_size(core->authority->cache), n - 1);
}

static void test_what_is_no_token(void **state) {
        Core *core = *state;
        Caller root = core_root();
        static const char *const texts[] = { "", "x", "0123456789abcdef",
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0" };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _secret_ token = SECRET_INIT;
                assert_int_equal(secret_append_text(&token, texts[i]), 0);
                assert_int_equal(introspect(core, &root, &token), REASON_TOKEN_UNKNOWN);
                assert_int_equal(revoke_text(core, &root, &token), 0);
        }
        _heard_ heard = { 0 };
        authority_token_get(core->authority, &root, "nonsense", core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), REASON_TOKEN_UNKNOWN);
}

static void test_who_may_revoke(void **state) {
        Core *core = *state;
        _people_ people = people_make(core);
        const Secret *child = &people.of_child.answer.access_token;
        const Caller *refused[] = { &people.ada, &people.bob, &people.anonymous, &people.app,
                                    &people.own_only, &people.bearer, &people.scoped };

        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                assert_int_equal(revoke_text(core, refused[i], child), REASON_ACCESS_DENIED);
                assert_int_equal(introspect(core, &people.root, child), 0);
        }
        assert_int_equal(core->n_removed, 0);
        assert_int_equal(revoke_text(core, &people.parent, child), 0);
        assert_int_equal(introspect(core, &people.root, child), REASON_TOKEN_UNKNOWN);
        assert_int_equal(core->n_removed, 1);
        assert_string_equal(core->removed, "revoked");
        /* again is well, too */
        assert_int_equal(revoke_text(core, &people.parent, child), 0);
        assert_int_equal(core->n_removed, 1);
}

static void test_refresh_token_takes_its_family_along(void **state) {
        Core *core = *state;
        _people_ people = people_make(core);

        assert_int_equal(introspect(core, &people.root, &people.of_app.answer.access_token), 0);
        assert_int_equal(revoke_text(core, &people.app, &people.of_app.answer.refresh_token), 0);
        assert_int_equal(introspect(core, &people.root, &people.of_app.answer.access_token),
                         REASON_TOKEN_UNKNOWN);
        assert_int_equal(introspect(core, &people.root, &people.of_app.answer.refresh_token),
                         REASON_TOKEN_UNKNOWN);
}

static int revoke_id(Core *core, const Caller *caller, const Token *token, Heard *heard) {
        char id[TOKEN_ID_SIZE + 1];

        token_hash_to_id(&token->hash, id);
        authority_token_revoke(core->authority, caller, id, core_on_answer, heard);
        return core_wait(core, heard);
}

static void test_revoke_by_id(void **state) {
        Core *core = *state;
        _people_ people = people_make(core);
        const Token *token = people.of_ada.answer.token;
        _heard_ heard = { 0 };

        assert_int_equal(revoke_id(core, &people.bob, token, &heard), REASON_TOKEN_UNKNOWN);
        heard_done(&heard);
        assert_int_equal(revoke_id(core, &people.ada, token, &heard), 0);
        assert_int_equal(heard.answer.n_revoked, 1);
        assert_string_equal(heard.answer.token->user_name, "ada");
        heard_done(&heard);
        assert_int_equal(revoke_id(core, &people.ada, token, &heard), REASON_TOKEN_UNKNOWN);
        assert_int_equal(introspect(core, &people.root, &people.of_ada.answer.access_token),
                         REASON_TOKEN_UNKNOWN);
}

static int revoke_owner(Core *core, const Caller *caller, RevokeRequest request, Heard *heard) {
        heard_done(heard);
        authority_revoke_owner(core->authority, caller, &request, core_on_answer, heard);
        return core_wait(core, heard);
}

static void test_revoke_owner(void **state) {
        Core *core = *state;
        _people_ people = people_make(core);
        const RevokeRequest nobody = { .uid = UID_NONE };
        _heard_ heard = { 0 };
        RevokeRequest ada = nobody, carl = nobody, app = nobody, all = nobody, both = nobody;

        ada.user = "ada";
        carl.user = "carl";
        app.client_id = "app";
        all.all = true;
        both.user = "ada";
        both.all = true;
        assert_int_equal(revoke_owner(core, &people.root, nobody, &heard), REASON_INVALID_REQUEST);
        assert_int_equal(revoke_owner(core, &people.root, both, &heard), REASON_INVALID_REQUEST);
        assert_int_equal(revoke_owner(core, &people.root, carl, &heard), REASON_USER_UNKNOWN);
        assert_int_equal(revoke_owner(core, &people.bob, carl, &heard), REASON_ACCESS_DENIED);
        assert_int_equal(revoke_owner(core, &people.bob, ada, &heard), REASON_ACCESS_DENIED);
        assert_int_equal(revoke_owner(core, &people.bob, all, &heard), REASON_ACCESS_DENIED);
        assert_int_equal(revoke_owner(core, &people.bob, app, &heard), REASON_ACCESS_DENIED);
        assert_int_equal(revoke_owner(core, &people.own_only, app, &heard), REASON_ACCESS_DENIED);
        assert_int_equal(revoke_owner(core, &people.app, all, &heard), REASON_ACCESS_DENIED);

        assert_int_equal(introspect(core, &people.root, &people.of_app.answer.access_token), 0);
        assert_int_equal(revoke_owner(core, &people.app, app, &heard), 0);
        assert_int_equal(heard.answer.n_revoked, 2);
        assert_int_equal(introspect(core, &people.root, &people.of_app.answer.access_token),
                         REASON_TOKEN_UNKNOWN);

        RevokeRequest by_uid = { .uid = 70000 };
        assert_int_equal(revoke_owner(core, &people.ada, by_uid, &heard), 0);
        assert_int_equal(heard.answer.n_revoked, 5);
        assert_int_equal(core->n_removed_with_owner, 2 + 5);
        assert_int_equal(introspect(core, &people.root, &people.of_ada.answer.access_token),
                         REASON_TOKEN_UNKNOWN);
        Caller again = CALLER_INIT;
        _secret_ none = core_secret(
                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        assert_int_equal(core_bearer(core, &none, &again), REASON_INVALID_TOKEN);

        assert_int_equal(introspect(core, &people.root, &people.of_child.answer.access_token), 0);
        assert_int_equal(revoke_owner(core, &people.root, all, &heard), 0);
        assert_int_equal(introspect(core, &people.root, &people.of_child.answer.access_token),
                         REASON_TOKEN_UNKNOWN);
}

/* A revocation answered while tokens are looked up: none of them is seen alive after it. */
static void test_revocation_beats_look_ups(void **state) {
        Core *core = *state;
        Caller root = core_root();
        Heard before[32] = { 0 };
        _heard_ token = { 0 }, gone = { 0 };

        core_add_user(core, "ada", 70000);
        for (unsigned round = 0; round < 20; round++) {
                heard_done(&token);
                heard_done(&gone);
                assert_int_equal(core_log_in(core, &root, "ada", "PASSWORD-of-ada", NULL, NULL,
                                             &token),
                                 0);
                cache_clear(core->authority->cache);
                for (size_t i = 0; i < ELEMENTSOF(before); i++)
                        authority_introspect(core->authority, &root, &token.answer.access_token,
                                             core_on_answer, &before[i]);
                authority_revoke_owner(core->authority, &root,
                                       &(RevokeRequest){ .uid = UID_NONE, .user = "ada" },
                                       core_on_answer, &gone);
                assert_int_equal(core_wait(core, &gone), 0);
                assert_int_equal(introspect(core, &root, &token.answer.access_token),
                                 REASON_TOKEN_UNKNOWN);
                for (size_t i = 0; i < ELEMENTSOF(before); i++) {
                        while (before[i].n == 0)
                                assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
                        heard_done(&before[i]);
                }
                assert_int_equal(introspect(core, &root, &token.answer.access_token),
                                 REASON_TOKEN_UNKNOWN);
        }
}

static int list(Core *core, const Caller *caller, TokenListRequest request, Heard *heard) {
        heard_done(heard);
        authority_token_list(core->authority, caller, &request, core_on_answer, heard);
        return core_wait(core, heard);
}

static void test_lists(void **state) {
        Core *core = *state;
        _people_ people = people_make(core);
        const TokenListRequest mine = { .uid = UID_NONE, .limit = 100 };
        TokenListRequest page = mine, of_ada = mine, of_child = mine, of_uid = mine, endless = mine;
        TokenListRequest of_app = mine;
        _heard_ heard = { 0 };

        of_ada.user = "ada";
        of_child.user = "child";
        of_uid.uid = 70001;
        of_app.client_id = "app";
        page.limit = 3;
        endless.limit = PAGE_ROWS_MAX + 1;
        /* ada: 3 by the administrator, access and refresh of her own; bob: 1 and 2; child: 2 */
        assert_int_equal(list(core, &people.root, mine, &heard), 0);
        assert_int_equal(heard.answer.n_tokens, 10);
        assert_null(heard.answer.cursor);
        assert_int_equal(list(core, &people.root, of_ada, &heard), 0);
        assert_int_equal(heard.answer.n_tokens, 5);
        assert_int_equal(list(core, &people.root, of_app, &heard), 0);
        assert_int_equal(heard.answer.n_tokens, 2);
        assert_int_equal(list(core, &people.admin, of_uid, &heard), 0);
        assert_int_equal(heard.answer.n_tokens, 3);
        assert_int_equal(list(core, &people.ada, mine, &heard), 0);
        assert_int_equal(heard.answer.n_tokens, 5);
        assert_int_equal(list(core, &people.ada, of_ada, &heard), 0);
        assert_int_equal(heard.answer.n_tokens, 5);
        assert_int_equal(list(core, &people.parent, mine, &heard), 0);
        assert_int_equal(heard.answer.n_tokens, 7);
        assert_int_equal(list(core, &people.parent, of_child, &heard), 0);
        assert_int_equal(heard.answer.n_tokens, 2);

        assert_int_equal(list(core, &people.ada, of_child, &heard), REASON_ACCESS_DENIED);
        assert_int_equal(list(core, &people.ada, of_uid, &heard), REASON_ACCESS_DENIED);
        assert_int_equal(list(core, &people.parent, of_uid, &heard), REASON_ACCESS_DENIED);
        assert_int_equal(list(core, &people.bob, of_ada, &heard), REASON_ACCESS_DENIED);
        assert_int_equal(list(core, &people.app, mine, &heard), REASON_ACCESS_DENIED);
        assert_int_equal(list(core, &people.scoped, mine, &heard), REASON_ACCESS_DENIED);
        assert_int_equal(list(core, &people.anonymous, mine, &heard), REASON_ACCESS_DENIED);
        assert_int_equal(list(core, &people.root, endless, &heard), REASON_INVALID_VALUE);

        size_t n = 0;
        for (;;) {
                _cleanup_(freep) char *cursor = NULL;
                assert_int_equal(list(core, &people.root, page, &heard), 0);
                n += heard.answer.n_tokens;
                if (!heard.answer.cursor)
                        break;
                free((char *)page.cursor);
                page.cursor = TAKE_PTR(heard.answer.cursor);
        }
        free((char *)page.cursor);
        assert_int_equal(n, 10);
}

static void test_last_use_and_expiry(void **state) {
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000);
        _heard_ token = { 0 };

        core_add_user(core, "ada", 70000);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &token), 0);
        const Token *issued = token.answer.token;
        assert_int_equal(authority_last_used(core->authority, issued), 0);
        assert_int_equal(introspect(core, &root, &token.answer.access_token), 0);
        assert_true(authority_last_used(core->authority, issued) >= issued->created);
        /* as the store knew, when memory does not */
        assert_int_equal(authority_last_used(core->authority, &(Token){ .last_used = 5 }), 5);
        core_turned = 7 * DAY;
        assert_int_equal(introspect(core, &root, &token.answer.access_token), REASON_TOKEN_UNKNOWN);
        cache_clear(core->authority->cache);
        assert_int_equal(introspect(core, &root, &token.answer.access_token), REASON_TOKEN_UNKNOWN);
}

/* The disk is full: PAM logins go on without a token, everything else says so, and nothing that was
 * not committed is true. */
static void test_store_unwritable(void **state) {
        Core *core = *state;
        Caller root = core_root(), ada = core_uid(70000);
        _heard_ token = { 0 }, login = { 0 }, wrong = { 0 }, plain = { 0 }, again = { 0 };

        core_add_user(core, "ada", 70000);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &token), 0);
        core_disk_full(true);

        assert_int_equal(core_log_in(core, &root, "ada", "PASSWORD-of-ada", NULL, "sshd", &login),
                         0);
        assert_true(login.answer.without_store);
        assert_true(secret_is_empty(&login.answer.access_token));
        assert_null(login.answer.token);
        assert_int_equal(core_log_in(core, &root, "ada", "wrong", NULL, "sshd", &wrong),
                         REASON_WRONG_PASSWORD);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &plain),
                         REASON_STORE_UNAVAILABLE);
        assert_int_equal(revoke_text(core, &root, &token.answer.access_token),
                         REASON_STORE_UNAVAILABLE);
        assert_int_equal(introspect(core, &root, &token.answer.access_token), 0);
        core->config.login_without_store = false;
        heard_done(&login);
        assert_int_equal(core_log_in(core, &root, "ada", "PASSWORD-of-ada", NULL, "sshd", &login),
                         REASON_STORE_UNAVAILABLE);

        core_disk_full(false);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &again), 0);
        assert_int_equal(revoke_text(core, &root, &token.answer.access_token), 0);
        assert_int_equal(introspect(core, &root, &token.answer.access_token), REASON_TOKEN_UNKNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, core_setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_who_may_introspect),
                TEST(test_who_may_introspect_at_once),
                TEST(test_what_died_is_nothing_at_once),
                TEST(test_who_may_not_introspect_leaves_no_trace),
                TEST(test_what_is_no_token),
                TEST(test_who_may_revoke),
                TEST(test_refresh_token_takes_its_family_along),
                TEST(test_revoke_by_id),
                TEST(test_revoke_owner),
                TEST(test_revocation_beats_look_ups),
                TEST(test_lists),
                TEST(test_last_use_and_expiry),
                TEST(test_store_unwritable),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
