/* Who may do what, walked as one table: every action × every kind of caller. */

#include <string.h>

#include "core/access.h"
#include "wire/cleanup.h"
#include "wire/text.h"
#include "unit.h"

static Client plain_client = { .id = (char *)"app" };
static char *admin_scopes[] = { (char *)"admin", NULL };
static char *read_scopes[] = { (char *)"read", NULL };
static char *issue_scopes[] = { (char *)"issue", NULL };
static char *both_scopes[] = { (char *)"admin", (char *)"issue", NULL };
static char *default_scopes[] = { (char *)"DEFAULT", (char *)"read", NULL };
static char *no_scopes[] = { NULL };
static Token ada_token = { .user_id = (char *)"id-ada", .uid = 1000, .client_id = (char *)"app" };
static Token ada_read = { .user_id = (char *)"id-ada", .uid = 1000, .scopes = read_scopes };
static Token ada_admin = { .user_id = (char *)"id-ada", .uid = 1000, .scopes = admin_scopes };
static Token ada_refresh = { .user_id = (char *)"id-ada",
                             .kind = TOKEN_REFRESH,
                             .scopes = admin_scopes };
static Token app_token = { .uid = UID_NONE, .client_id = (char *)"app" };
static Token app_issue = { .uid = UID_NONE, .client_id = (char *)"app", .scopes = issue_scopes };
static Token ada_empty = { .user_id = (char *)"id-ada", .uid = 1000, .scopes = no_scopes };
static Token ada_default = { .user_id = (char *)"id-ada", .uid = 1000, .scopes = default_scopes };
static Token ada_issue = { .user_id = (char *)"id-ada", .uid = 1000, .scopes = issue_scopes };
static Token ada_both = { .user_id = (char *)"id-ada", .uid = 1000, .scopes = both_scopes };
static Token app_both = { .uid = UID_NONE, .client_id = (char *)"app", .scopes = both_scopes };
static Token app_default = { .uid = UID_NONE,
                             .client_id = (char *)"app",
                             .scopes = default_scopes };
static Token app_refresh = { .kind = TOKEN_REFRESH, .scopes = issue_scopes };
static Token app_admin = { .uid = UID_NONE, .client_id = (char *)"app", .scopes = admin_scopes };

#define ANY(door_, uid_, kind_, ...)                                                               \
        { .kind = (kind_), .peer = { .door = (door_), .uid = (uid_) }, __VA_ARGS__ }

/* Columns: password grant, other grant, login details, login check, SSH keys, self, introspect,
 * revoke, list, revoke owner, change password, administer, issue for, account tokens. "-" none, "o"
 * own, "r" registered, "A" all. */
static const struct Row {
        const char *what;
        Caller caller;
        const char *reaches;
} rows[] = {
        { "nobody over TCP", ANY(DOOR_TCP, UID_NONE, CALLER_ANONYMOUS), "--------------" },
        { "root on the socket", ANY(DOOR_SOCKET, 0, CALLER_ROOT), "AAAAAoAAAAAA-A" },
        { "root on the bus", ANY(DOOR_BUS, 0, CALLER_ROOT), "AAAAAoAAAAAA-A" },
        { "root, it says, over TCP", ANY(DOOR_TCP, 0, CALLER_ROOT), "--------------" },
        { "root, it says, but another uid", ANY(DOOR_SOCKET, 1000, CALLER_ROOT), "--------------" },
        { "a uid on the socket", ANY(DOOR_SOCKET, 1000, CALLER_UID), "oo-oAoooooo---" },
        { "a uid on the bus", ANY(DOOR_BUS, 1000, CALLER_UID), "oo-oAoooooo---" },
        { "a uid over TCP", ANY(DOOR_TCP, 1000, CALLER_UID), "--------------" },
        { "no uid at all", ANY(DOOR_SOCKET, UID_NONE, CALLER_UID), "--------------" },
        { "a client", ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT, .client = &plain_client),
          "rr----ro-o----" },
        { "a client of root's", ANY(DOOR_SOCKET, 0, CALLER_CLIENT, .client = &plain_client),
          "rr----ro-o----" },
        { "a client without one", ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT), "--------------" },
        { "a user's token", ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_token),
          "------ooooo--o" },
        { "a user's token in root's hands",
          ANY(DOOR_SOCKET, 0, CALLER_USER_TOKEN, .token = &ada_token), "------ooooo--o" },
        { "a user's token with scopes",
          ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_read), "--------------" },
        { "a user's token that reaches nothing",
          ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_empty), "--------------" },
        { "a user's token with ordinary access by name",
          ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_default), "------ooooo--o" },
        { "a user's issue token",
          ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_issue), "--------------" },
        { "a user's admin token that may issue",
          ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_both), "------AAAAAA-A" },
        { "a user's admin token", ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_admin),
          "------AAAAAA-A" },
        { "a refresh token", ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_refresh),
          "--------------" },
        { "no token", ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN), "--------------" },
        { "a client's token for a user's",
          ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &app_token), "--------------" },
        { "a client's token", ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT_TOKEN, .token = &app_token),
          "--------------" },
        { "a client's issue token",
          ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT_TOKEN, .token = &app_issue), "------------r-" },
        { "a client's admin token",
          ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT_TOKEN, .token = &app_admin), "------AAAAAA-A" },
        { "a client's admin token that may issue",
          ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT_TOKEN, .token = &app_both), "------AAAAAArA" },
        { "a client's token with ordinary access by name",
          ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT_TOKEN, .token = &app_default), "--------------" },
        { "a refresh token with issue",
          ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT_TOKEN, .token = &app_refresh), "--------------" },
        { "a user's token for a client's",
          ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT_TOKEN, .token = &ada_token), "--------------" },
        { "a kind that there is not", ANY(DOOR_SOCKET, 0, (enum CallerKind)99), "--------------" },
};

static void test_table(void **state) {
        static const char letters[] = {
                [REACH_NONE] = '-', [REACH_OWN] = 'o', [REACH_REGISTERED] = 'r', [REACH_ALL] = 'A'
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char found[_ACTION_MAX + 1] = "";

                for (int action = 0; action < _ACTION_MAX; action++)
                        found[action] = letters[access_reach(&rows[i].caller, (enum Action)action)];
                if (!streq(found, rows[i].reaches))
                        fail_msg("%s: %s instead of %s", rows[i].what, found, rows[i].reaches);
        }
}

static void test_no_such_action(void **state) {
        Caller root = ANY(DOOR_SOCKET, 0, CALLER_ROOT);

        assert_int_equal(access_reach(&root, _ACTION_MAX), REACH_NONE);
        assert_int_equal(access_reach(&root, (enum Action)-1), REACH_NONE);
}

/* What each caller may give to a token that it issues. */
static void test_handing_on(void **state) {
        static const char *const words[] = { "read", "write", "DEFAULT", "login", "issue", "admin" };
        static const struct {
                Caller caller;
                const char *given; /* of these words, in turn */
        } cases[] = {
                { ANY(DOOR_SOCKET, 0, CALLER_ROOT), "yyyyyy" },
                { ANY(DOOR_TCP, 0, CALLER_ROOT), "------" },
                { ANY(DOOR_SOCKET, 1000, CALLER_UID), "------" },
                { ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT, .client = &plain_client), "------" },
                { ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_token), "yyy---" },
                { ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_default), "y-y---" },
                { ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_read), "------" },
                { ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_admin), "yyy--y" },
                { ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT_TOKEN, .token = &app_both), "yyy-yy" },
                { ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT_TOKEN, .token = &app_issue), "------" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char found[ELEMENTSOF(words) + 1] = "";

                for (size_t j = 0; j < ELEMENTSOF(words); j++) {
                        char *scopes[] = { (char *)words[j], NULL };
                        found[j] = access_may_hand_on(&cases[i].caller, scopes) ? 'y' : '-';
                }
                if (!streq(found, cases[i].given))
                        fail_msg("%zu: %s instead of %s", i, found, cases[i].given);
        }
}

static void test_own_tokens(void **state) {
        Caller ada = ANY(DOOR_SOCKET, 1000, CALLER_UID);
        Caller bob = ANY(DOOR_SOCKET, 1001, CALLER_UID);
        Caller nobody = ANY(DOOR_TCP, UID_NONE, CALLER_ANONYMOUS);
        Caller app = ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT, .client = &plain_client);
        Caller bearer = ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_token);
        Token child = { .user_id = (char *)"id-child", .uid = 1002, .client_id = (char *)"other" };
        Client ada_client = { .id = (char *)"id-ada" };
        Caller named_ada = ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT, .client = &ada_client);

        assert_true(access_owns_token(&ada, &ada_token, NULL));
        assert_false(access_owns_token(&bob, &ada_token, NULL));
        assert_false(access_owns_token(&nobody, &ada_token, NULL));
        assert_true(access_owns_token(&app, &ada_token, NULL));
        assert_false(access_owns_token(&app, &child, NULL));
        assert_true(access_owns_token(&bearer, &ada_token, NULL));
        assert_false(access_owns_token(&bearer, &child, NULL));
        assert_false(access_owns_token(&bearer, &child, "id-bob"));
        assert_true(access_owns_token(&bearer, &child, "id-ada"));
        /* a client is never taken for the user of that name or id */
        assert_false(access_owns_token(&named_ada, &ada_token, NULL));
        /* a client's own token has no uid, and no uid is nobody's */
        Caller none = ANY(DOOR_SOCKET, UID_NONE, CALLER_UID);
        assert_false(access_owns_token(&none, &app_token, NULL));
}

static void test_own_users(void **state) {
        User ada = { .id = (char *)"id-ada", .uid = 1000 };
        User child = { .id = (char *)"id-child", .uid = 1002, .parent_id = (char *)"id-ada" };
        Caller by_uid = ANY(DOOR_SOCKET, 1000, CALLER_UID);
        Caller bearer = ANY(DOOR_TCP, UID_NONE, CALLER_USER_TOKEN, .token = &ada_token);
        Caller app = ANY(DOOR_TCP, UID_NONE, CALLER_CLIENT, .client = &plain_client);

        assert_true(access_owns_user(&by_uid, &ada));
        assert_false(access_owns_user(&by_uid, &child));
        assert_true(access_owns_user(&bearer, &ada));
        assert_true(access_owns_user(&bearer, &child));
        assert_false(access_owns_user(&app, &ada));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_no_such_action),
                cmocka_unit_test(test_handing_on),
                cmocka_unit_test(test_own_tokens),
                cmocka_unit_test(test_own_users),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
