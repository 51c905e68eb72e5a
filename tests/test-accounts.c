/* Account access tokens: who may make, see and end whose, and what they may be. */

#include "base/scope.h"
#include "core/accounts.h"
#include "core/tokens.h"
#include "core/users.h"
#include "core-fixture.h"

/* A caller with a token of this user, with these scopes ("a b"; NULL: none). */
static void bearer_of(Core *core, const char *user, const char *scopes, Caller *ret) {
        _cleanup_(strv_freep) char **words = NULL;
        Caller root = core_root();
        _heard_ heard = { 0 };

        if (scopes)
                assert_int_equal(strv_split(scopes, " ", &words), 0);
        authority_issue(core->authority, &root, &(IssueRequest){ .user = user, .scopes = words },
                        core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(core_bearer(core, &heard.answer.access_token, ret), 0);
}

static int setup(void **state) {
        core_setup(state);
        Core *core = *state;

        core_add_user(core, "ada", 70000);
        core_add_user_like(core, "sub", 70001, NULL, "id-ada", USER_ACTIVE);
        core_add_user_like(core, "sib", 70002, NULL, "id-ada", USER_ACTIVE);
        core_add_user_like(core, "low", 70003, NULL, "id-sub", USER_ACTIVE);
        core_add_user(core, "bob", 70004);
        core_add_user_like(core, "eve", 70005, "admin login read", NULL, USER_ACTIVE);
        core_add_user_like(core, "ron", 70006, "read write", NULL, USER_ACTIVE);
        core_add_client(core, "app", "password client_credentials", "issue admin read", false);
        return 0;
}

/* scopes: "a b", "" for none at all, NULL for not named. */
static int issue(Core *core, const Caller *caller, const char *account, const char *scopes,
                 int64_t ttl, Heard *heard) {
        _cleanup_(strv_freep) char **words = NULL;
        AccountTokenRequest request = { .account = account, .has_scopes = scopes, .ttl = ttl };

        if (scopes)
                assert_int_equal(strv_split(scopes, " ", &words), 0);
        request.scopes = words;
        authority_account_issue(core->authority, caller, &request, core_on_answer, heard);
        return core_wait(core, heard);
}

static int introspect(Core *core, const Secret *token) {
        Caller root = core_root();
        _heard_ heard = { 0 };

        authority_introspect(core->authority, &root, token, core_on_answer, &heard);
        return core_wait(core, &heard);
}

static void test_what_is_issued(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _caller_ ada = CALLER_INIT;
        _heard_ heard = { 0 };

        bearer_of(core, "ada", NULL, &ada);
        assert_int_equal(issue(core, &ada, "id-sub", NULL, 0, &heard), 0);
        assert_int_equal(heard.answer.access_token.size, TOKEN_TEXT_SIZE);
        assert_true(secret_is_empty(&heard.answer.refresh_token));
        assert_string_equal(heard.answer.user->id, "id-sub");
        assert_string_equal(heard.answer.token->user_id, "id-sub");
        assert_string_equal(heard.answer.token->grant, "account");
        assert_string_equal(heard.answer.token->client_id, CLIENT_LOCAL);
        assert_null(heard.answer.token->scopes);
        assert_null(heard.answer.token->login);
        assert_true(heard.answer.token->expires - heard.answer.token->created ==
                    1209600 * USEC_PER_SEC);
        heard_done(&heard);

        /* in the order given, doubles kept */
        assert_int_equal(issue(core, &ada, "id-ada", "write read write", 7, &heard), 0);
        assert_string_equal(heard.answer.token->scopes[0], "write");
        assert_string_equal(heard.answer.token->scopes[1], "read");
        assert_string_equal(heard.answer.token->scopes[2], "write");
        assert_true(heard.answer.token->expires - heard.answer.token->created == 7 * USEC_PER_SEC);
        heard_done(&heard);

        /* none at all is not ordinary access, also when it is read back */
        assert_int_equal(issue(core, &ada, "id-ada", "", 0, &heard), 0);
        _caller_ powerless = CALLER_INIT;
        core_close(core);
        core_open(core);
        assert_int_equal(core_bearer(core, &heard.answer.access_token, &powerless), 0);
        assert_non_null(powerless.token->scopes);
        assert_int_equal(strv_length(powerless.token->scopes), 0);
        heard_done(&heard);
        assert_int_equal(issue(core, &powerless, "id-ada", NULL, 0, &heard), REASON_ACCESS_DENIED);
        heard_done(&heard);

        core->config.maximum_lifetime = DAY;
        authority_set_config(core->authority, &core->config);
        assert_int_equal(issue(core, &root, "id-ada", NULL, 0, &heard), 0);
        assert_true(heard.answer.token->expires - heard.answer.token->created == DAY);
}

static void test_lifetimes(void **state) {
        static const struct {
                int64_t ttl;
                int r;
        } rows[] = {
                { 1, 0 },
                { 365 * 86400, 0 },
                { 365 * 86400 + 1, REASON_INVALID_VALUE },
                { -1, REASON_INVALID_VALUE },
                { INT64_MIN, REASON_INVALID_VALUE },
                { INT64_MAX, REASON_INVALID_VALUE },
                { INT64_MAX / USEC_PER_SEC + 1, REASON_INVALID_VALUE },
        };
        Core *core = *state;
        Caller root = core_root();

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _heard_ heard = { 0 };

                assert_int_equal(issue(core, &root, "id-ada", NULL, rows[i].ttl, &heard),
                                 rows[i].r);
                if (rows[i].r == 0)
                        assert_true(heard.answer.token->expires - heard.answer.token->created ==
                                    rows[i].ttl * USEC_PER_SEC);
        }
}

/* Who may give which scopes to whose token; each of them is tried. */
static void test_scopes(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _caller_ ada = CALLER_INIT, eve = CALLER_INIT, boss = CALLER_INIT, wide = CALLER_INIT;
        _caller_ ron = CALLER_INIT, named = CALLER_INIT, login = CALLER_INIT;
        char too_many[4 * SCOPES_MAX + 8] = "";

        for (unsigned i = 0; i <= SCOPES_MAX; i++)
                strcat(too_many, "a ");
        bearer_of(core, "ada", NULL, &ada);
        bearer_of(core, "eve", NULL, &eve);
        bearer_of(core, "eve", "admin", &boss);
        bearer_of(core, "eve", "admin login read", &wide);
        bearer_of(core, "ron", NULL, &ron);
        bearer_of(core, "ada", "DEFAULT read", &named);
        bearer_of(core, "eve", "login", &login);

        const struct {
                const Caller *caller;
                const char *account;
                const char *scopes;
                int r;
                const char *got; /* NULL: ordinary access */
        } rows[] = {
                { &ada, "id-ada", "anything", 0, "anything" },
                { &ada, "id-ada", "DEFAULT", 0, "DEFAULT" },
                { &ada, "id-ada", "login", REASON_INVALID_SCOPE, NULL },
                { &ada, "id-ada", "read admin", REASON_INVALID_SCOPE, NULL },
                { &ada, "id-ada", "a\"b", REASON_INVALID_SCOPE, NULL },
                { &ada, "id-ada", "a,b", REASON_INVALID_SCOPE, NULL },
                { &ada, "id-ada", too_many, REASON_INVALID_SCOPE, NULL },
                { &ron, "id-ron", "read", 0, "read" },
                { &ron, "id-ron", "delete", REASON_INVALID_SCOPE, NULL },
                { &ron, "id-ron", NULL, 0, NULL },
                /* eve may have it, this token of hers has not */
                { &eve, "id-eve", "login", REASON_INVALID_SCOPE, NULL },
                { &eve, "id-eve", "admin", REASON_INVALID_SCOPE, NULL },
                { &eve, "id-eve", "read", 0, "read" },
                { &boss, "id-eve", "admin", 0, "admin" },
                { &boss, "id-eve", "login", REASON_INVALID_SCOPE, NULL },
                { &boss, "id-eve", "read", 0, "read" },
                { &boss, "id-eve", "write", REASON_INVALID_SCOPE, NULL },
                { &boss, "id-ada", "admin", REASON_INVALID_SCOPE, NULL }, /* not ada's */
                { &boss, "id-ada", "write", 0, "write" },
                { &boss, "id-ada", NULL, 0, NULL },
                { &wide, "id-eve", "login admin", 0, "login admin" },
                { &login, "id-eve", "login", REASON_ACCESS_DENIED, NULL },
                { &root, "id-eve", "login", 0, "login" },
                { &root, "id-ada", "login", REASON_INVALID_SCOPE, NULL },
                /* a token with scopes hands on its own, also when none are named */
                { &named, "id-ada", "read", 0, "read" },
                { &named, "id-ada", "write", REASON_INVALID_SCOPE, NULL },
                { &named, "id-sub", NULL, 0, "DEFAULT read" },
                { &named, "id-sub", "", 0, "" },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(freep) char *got = NULL;
                _heard_ heard = { 0 };
                int r = issue(core, rows[i].caller, rows[i].account, rows[i].scopes, 0, &heard);

                if (r != rows[i].r)
                        fail_msg("row %zu: %s instead of %s", i, reason_to_string(r),
                                 reason_to_string(rows[i].r));
                if (r != 0)
                        continue;
                if (!rows[i].got) {
                        assert_null(heard.answer.token->scopes);
                        continue;
                }
                assert_int_equal(strv_join(heard.answer.token->scopes, " ", &got), 0);
                assert_string_equal(got, rows[i].got);
        }
}

/* The calls of accounts.h, on one token of the account. */
enum { ISSUE, FIND, LIST, GET, REMOVE, _CALL_MAX };

static int attempt(Core *core, int call, const Caller *caller, const char *account,
                   const char *fk) {
        _heard_ heard = { 0 };

        switch (call) {
        case ISSUE:
                return issue(core, caller, account, NULL, 0, &heard);
        case FIND:
                authority_account_find(core->authority, caller, account, core_on_answer, &heard);
                break;
        case LIST:
                authority_account_list(core->authority, caller, account, NULL, 10, core_on_answer,
                                       &heard);
                break;
        case GET:
                authority_account_token_get(core->authority, caller, account, fk, core_on_answer,
                                            &heard);
                break;
        default:
                authority_account_token_remove(core->authority, caller, account, fk,
                                               core_on_answer, &heard);
        }
        return core_wait(core, &heard);
}

/* Every caller × every account × every call. */
static void test_callers(void **state) {
        Core *core = *state;
        static const char *const accounts[] = { "ada", "sub", "low", "bob", "nobody" };
        _caller_ ada = CALLER_INIT, sub = CALLER_INIT, bob = CALLER_INIT, boss = CALLER_INIT;
        _caller_ read_only = CALLER_INIT, named = CALLER_INIT, key = CALLER_INIT;
        _caller_ client_boss = CALLER_INIT, app = core_client(core, "app");
        Caller root = core_root(), uid = core_uid(70000), anonymous = core_anonymous();
        _heard_ heard = { 0 };
        char *admin[] = { (char *)"admin", NULL }, *issue_scope[] = { (char *)"issue", NULL };

        bearer_of(core, "ada", NULL, &ada);
        bearer_of(core, "sub", NULL, &sub);
        bearer_of(core, "bob", NULL, &bob);
        bearer_of(core, "eve", "admin", &boss);
        bearer_of(core, "ada", "read", &read_only);
        bearer_of(core, "ada", "DEFAULT", &named);
        authority_issue(core->authority, &root,
                        &(IssueRequest){ .client_id = "app", .scopes = issue_scope },
                        core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(core_bearer(core, &heard.answer.access_token, &key), 0);
        heard_done(&heard);
        authority_issue(core->authority, &root,
                        &(IssueRequest){ .client_id = "app", .scopes = admin }, core_on_answer,
                        &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(core_bearer(core, &heard.answer.access_token, &client_boss), 0);

        const struct {
                const char *what;
                const Caller *caller;
                const char *may; /* for each account: y, - (denied), ? (told that there is none) */
        } rows[] = {
                { "root", &root, "yyyy?" },
                { "an administrator", &boss, "yyyy?" },
                { "a client's administrator token", &client_boss, "yyyy?" },
                { "ada", &ada, "yy---" }, /* not her sub-account's sub-account */
                { "ada with ordinary access by name", &named, "yy---" },
                { "ada's sub-account", &sub, "-yy--" },
                { "bob", &bob, "---y-" },
                { "ada with a scope", &read_only, "-----" },
                { "a key", &key, "-----" },
                { "a client", &app, "-----" },
                { "ada's uid", &uid, "-----" },
                { "nobody", &anonymous, "-----" },
        };
        static const int reasons[] = { ['y'] = 0,
                                       ['-'] = REASON_ACCESS_DENIED,
                                       ['?'] = REASON_USER_UNKNOWN };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                for (size_t j = 0; j < ELEMENTSOF(accounts); j++) {
                        char account[64];
                        char id[TOKEN_ID_SIZE + 1] = "00000000000000000000000000000000";
                        _heard_ made = { 0 };

                        (void)snprintf(account, sizeof(account), "id-%s", accounts[j]);
                        if (issue(core, &root, account, NULL, 0, &made) == 0)
                                token_hash_to_id(&made.answer.token->hash, id);
                        for (int call = 0; call < _CALL_MAX; call++) {
                                int r = attempt(core, call, rows[i].caller, account, id);
                                if (r != reasons[(int)rows[i].may[j]])
                                        fail_msg("%s, call %d on %s: %s", rows[i].what, call,
                                                 account, r ? reason_to_string(r) : "done");
                        }
                        if (made.r == 0)
                                assert_int_equal(introspect(core, &made.answer.access_token),
                                                 rows[i].may[j] == 'y' ? REASON_TOKEN_UNKNOWN : 0);
                }
        }
}

/* A foreign account is refused as late as one that there is not. */
static void test_refusals_tell_nothing(void **state) {
        static const char *const accounts[] = { "id-bob", "id-nobody", "", "bob" };
        Core *core = *state;
        _caller_ ada = CALLER_INIT;

        bearer_of(core, "ada", NULL, &ada);
        for (size_t i = 0; i < ELEMENTSOF(accounts); i++) {
                int64_t start = clock_monotonic(&core_clock);

                ada.peer.received = start;
                assert_int_equal(attempt(core, FIND, &ada, accounts[i], ""), REASON_ACCESS_DENIED);
                int64_t late = clock_monotonic(&core_clock) - start;
                ada.peer.received = clock_monotonic(&core_clock);
                start = ada.peer.received;
                assert_int_equal(attempt(core, FIND, &ada, "id-ada", ""), 0);
                assert_true(clock_monotonic(&core_clock) - start < late);
        }
}

static void test_states(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _caller_ ada = CALLER_INIT;
        _heard_ heard = { 0 };

        core_add_user_like(core, "lou", 70020, NULL, "id-ada", USER_LOCKED);
        core_add_user_like(core, "may", 70021, NULL, "id-ada", USER_PASSWORD_MUST_CHANGE);
        bearer_of(core, "ada", NULL, &ada);
        assert_int_equal(issue(core, &ada, "id-lou", NULL, 0, &heard), REASON_USER_LOCKED);
        heard_done(&heard);
        assert_int_equal(issue(core, &root, "id-lou", NULL, 0, &heard), REASON_USER_LOCKED);
        heard_done(&heard);
        assert_int_equal(issue(core, &ada, "id-may", NULL, 0, &heard),
                         REASON_PASSWORD_MUST_CHANGE);
        heard_done(&heard);
        assert_int_equal(issue(core, &root, "id-may", NULL, 0, &heard), 0);
        assert_int_equal(attempt(core, LIST, &ada, "id-lou", NULL), 0);
}

/* By its text and by its id; what is not this account's access token is none. */
static void test_keys(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _heard_ own = { 0 }, other = { 0 }, family = { 0 };
        char own_id[TOKEN_ID_SIZE + 1], other_id[TOKEN_ID_SIZE + 1];

        issue(core, &root, "id-ada", NULL, 0, &own);
        issue(core, &root, "id-bob", NULL, 0, &other);
        core_log_in(core, &root, "ada", "PASSWORD-of-ada", NULL, NULL, &family);
        token_hash_to_id(&own.answer.token->hash, own_id);
        token_hash_to_id(&other.answer.token->hash, other_id);

        const struct {
                const char *fk;
                int r;
        } rows[] = {
                { secret_text(&own.answer.access_token), 0 },
                { own_id, 0 },
                { secret_text(&family.answer.access_token), 0 },
                { secret_text(&other.answer.access_token), REASON_TOKEN_UNKNOWN },
                { other_id, REASON_TOKEN_UNKNOWN },
                { secret_text(&family.answer.refresh_token), REASON_TOKEN_UNKNOWN },
                { "", REASON_TOKEN_UNKNOWN },
                { "count", REASON_TOKEN_UNKNOWN },
                { "00000000000000000000000000000000", REASON_TOKEN_UNKNOWN },
                { "..", REASON_TOKEN_UNKNOWN },
        };
        for (int call = GET; call <= REMOVE; call++) {
                for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                        /* the first row's removal leaves nothing for the second */
                        bool is_gone = call == REMOVE && i == 1;

                        assert_int_equal(attempt(core, call, &root, "id-ada", rows[i].fk),
                                         is_gone ? REASON_TOKEN_UNKNOWN : rows[i].r);
                }
        }
        assert_int_equal(introspect(core, &other.answer.access_token), 0);
        assert_int_equal(introspect(core, &family.answer.refresh_token), 0);
        assert_int_equal(introspect(core, &own.answer.access_token), REASON_TOKEN_UNKNOWN);
}

static void test_removal(void **state) {
        Core *core = *state;
        _caller_ ada = CALLER_INIT, mine = CALLER_INIT;
        _heard_ made = { 0 }, heard = { 0 };
        unsigned before;

        bearer_of(core, "ada", NULL, &ada);
        issue(core, &ada, "id-ada", NULL, 0, &made);
        assert_int_equal(introspect(core, &made.answer.access_token), 0); /* cached now */
        before = core->n_removed;
        assert_int_equal(core_bearer(core, &made.answer.access_token, &mine), 0);

        /* the token that shows itself may end itself */
        authority_account_token_remove(core->authority, &mine, "id-ada",
                                       secret_text(&made.answer.access_token), core_on_answer,
                                       &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(heard.answer.n_revoked, 1);
        assert_memory_equal(&heard.answer.token->hash, &made.answer.token->hash,
                            sizeof(TokenHash));
        assert_int_equal(core->n_removed, before + 1);
        assert_int_equal(introspect(core, &made.answer.access_token), REASON_TOKEN_UNKNOWN);
        heard_done(&heard);

        /* and makes none any more, though it was shown in time */
        assert_int_equal(issue(core, &mine, "id-ada", NULL, 0, &heard), REASON_INVALID_TOKEN);
        heard_done(&heard);
        assert_int_equal(issue(core, &mine, "id-sub", NULL, 0, &heard), REASON_INVALID_TOKEN);
}

/* Nothing that a dying owner's token made meanwhile lives on. */
static void test_dead_owners_make_none(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _caller_ ada = CALLER_INIT;
        _heard_ heard = { 0 };

        bearer_of(core, "ada", NULL, &ada);
        authority_revoke_owner(core->authority, &root,
                               &(RevokeRequest){ .user = "ada", .uid = UID_NONE }, core_on_answer,
                               &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        heard_done(&heard);
        assert_int_equal(issue(core, &ada, "id-ada", NULL, 0, &heard), REASON_INVALID_TOKEN);
        heard_done(&heard);
        assert_int_equal(issue(core, &ada, "id-sub", NULL, 0, &heard), REASON_INVALID_TOKEN);
}

/* All of the account's live access tokens, each once, newest first, whatever the page. */
static void test_pages(void **state) {
        enum { N = 25 };
        Core *core = *state;
        Caller root = core_root();
        _heard_ heard = { 0 };

        for (unsigned i = 0; i < N; i++) {
                _heard_ made = { 0 }, child = { 0 };

                assert_int_equal(issue(core, &root, "id-ada", NULL, 0, &made), 0);
                issue(core, &root, "id-sub", NULL, 0, &child);
                core_turned += 10;
        }
        core_log_in(core, &root, "ada", "PASSWORD-of-ada", NULL, NULL, &heard);
        heard_done(&heard);

        for (unsigned limit = 1; limit <= N + 2; limit += 6) {
                _cleanup_(freep) char *cursor = NULL;
                int64_t last = INT64_MAX;
                unsigned n = 0;

                do {
                        authority_account_list(core->authority, &root, "id-ada", cursor, limit,
                                               core_on_answer, &heard);
                        assert_int_equal(core_wait(core, &heard), 0);
                        assert_in_range(heard.answer.n_tokens, 1, limit);
                        for (size_t i = 0; i < heard.answer.n_tokens; i++) {
                                const Token *token = heard.answer.tokens[i];

                                assert_string_equal(token->user_id, "id-ada");
                                assert_int_equal(token->kind, TOKEN_ACCESS);
                                assert_true(token->created < last);
                                last = token->created;
                        }
                        n += heard.answer.n_tokens;
                        free(cursor);
                        cursor = TAKE_PTR(heard.answer.cursor);
                        heard_done(&heard);
                } while (cursor);
                assert_int_equal(n, N + 1);
        }
        static const unsigned limits[] = { 0, PAGE_ROWS_MAX + 1 };
        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                authority_account_list(core->authority, &root, "id-ada", NULL, limits[i],
                                       core_on_answer, &heard);
                assert_int_equal(core_wait(core, &heard), REASON_INVALID_VALUE);
                heard_done(&heard);
        }
        authority_account_list(core->authority, &root, "id-ada", "nonsense", 10, core_on_answer,
                               &heard);
        assert_int_equal(core_wait(core, &heard), REASON_INVALID_VALUE);
        heard_done(&heard);
        authority_account_list(core->authority, &root, "id-bob", NULL, 10, core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        assert_int_equal(heard.answer.n_tokens, 0);
        assert_null(heard.answer.cursor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_what_is_issued),
                TEST(test_lifetimes),
                TEST(test_scopes),
                TEST(test_callers),
                TEST(test_refusals_tell_nothing),
                TEST(test_states),
                TEST(test_keys),
                TEST(test_removal),
                TEST(test_dead_owners_make_none),
                TEST(test_pages),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
