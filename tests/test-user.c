/* Users as values, and what their ids, addresses and paths may look like. */

#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/token.h"
#include "base/user.h"
#include "wire/reason.h"
#include "wire/text.h"

static void test_copy_is_deep(void **state) {
        _cleanup_(user_freep) User *user = user_new(), *copy = NULL;

        assert_int_equal(user->uid, UID_NONE);
        user->id = strdup("id");
        user->name = strdup("ada");
        user->email = strdup("ada@example.org");
        user->partner_id = strdup("p");
        user->role = strdup("r");
        user->parent_id = strdup("up");
        user->home = strdup("/home/ada");
        user->shell = strdup("/bin/sh");
        assert_int_equal(strv_extend(&user->groups, "g"), 0);
        assert_int_equal(strv_extend(&user->scopes, "read"), 0);
        assert_int_equal(strv_extend(&user->ssh_keys, "ssh-rsa AAAA"), 0);
        assert_int_equal(secret_set(&user->hash, "$y$x", 4), 0);
        user->uid = 70000;
        user->gid = 70001;
        user->adopted = true;
        user->state = USER_LOCKED;
        user->expires = 4;
        user->created = 5;
        user->epoch = 6;

        assert_int_equal(user_copy(user, &copy), 0);
        assert_ptr_not_equal(user->name, copy->name);
        assert_string_equal(copy->id, "id");
        assert_string_equal(copy->name, "ada");
        assert_string_equal(copy->email, "ada@example.org");
        assert_string_equal(copy->partner_id, "p");
        assert_string_equal(copy->role, "r");
        assert_string_equal(copy->parent_id, "up");
        assert_string_equal(copy->home, "/home/ada");
        assert_string_equal(copy->shell, "/bin/sh");
        assert_string_equal(copy->groups[0], "g");
        assert_string_equal(copy->scopes[0], "read");
        assert_string_equal(copy->ssh_keys[0], "ssh-rsa AAAA");
        assert_ptr_not_equal(copy->ssh_keys[0], user->ssh_keys[0]);
        assert_true(secret_equal(&user->hash, &copy->hash));
        assert_int_equal(copy->uid, 70000);
        assert_int_equal(copy->gid, 70001);
        assert_true(copy->adopted);
        assert_int_equal(copy->state, USER_LOCKED);
        assert_int_equal(copy->expires, 4);
        assert_int_equal(copy->created, 5);
        assert_int_equal(copy->epoch, 6);
}

/* NULL lists mean another thing than empty ones. */
static void test_copy_keeps_nothing_as_nothing(void **state) {
        _cleanup_(user_freep) User *user = user_new(), *copy = NULL;

        assert_int_equal(user_copy(user, &copy), 0);
        assert_null(copy->name);
        assert_null(copy->scopes);
        assert_null(copy->groups);
        assert_null(copy->ssh_keys);
        assert_true(secret_is_empty(&copy->hash));
        assert_null(user_free(NULL));
}

static void test_refusal(void **state) {
        static const struct {
                enum UserState state;
                int64_t expires, now;
                int r;
        } cases[] = {
                { USER_ACTIVE, 0, INT64_MAX, 0 },
                { USER_ACTIVE, 100, 99, 0 },
                { USER_ACTIVE, 100, 100, REASON_USER_EXPIRED },
                { USER_ACTIVE, 1, INT64_MAX, REASON_USER_EXPIRED },
                { USER_ACTIVE, INT64_MAX, 100, 0 },
                { USER_PASSWORD_MUST_CHANGE, 0, 100, 0 },
                { USER_PASSWORD_MUST_CHANGE, 100, 101, REASON_USER_EXPIRED },
                { USER_LOCKED, 0, 0, REASON_USER_LOCKED },
                { USER_LOCKED, 100, 50, REASON_USER_LOCKED },
                { USER_LOCKED, 100, 101, REASON_USER_LOCKED },
                { _USER_STATE_MAX, 0, 0, REASON_USER_LOCKED },
                { (enum UserState)-1, 0, 0, REASON_USER_LOCKED },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                User user = { .state = cases[i].state, .expires = cases[i].expires };

                assert_int_equal(user_refusal(&user, cases[i].now), cases[i].r);
        }
}

static void test_states(void **state) {
        enum UserState found;

        for (int i = 0; i < _USER_STATE_MAX; i++) {
                found = _USER_STATE_MAX;
                assert_int_equal(user_state_from_string(user_state_to_string(i), &found), 0);
                assert_int_equal(found, i);
        }
        assert_null(user_state_to_string(_USER_STATE_MAX));
        assert_int_equal(user_state_from_string("Active", &found), -EINVAL);
        assert_int_equal(user_state_from_string("", &found), -EINVAL);
        assert_int_equal(user_state_from_string(NULL, &found), -EINVAL);
}

static void test_ids(void **state) {
        char longest[130];

        memset(longest, 'x', sizeof(longest));
        longest[128] = '\0';
        assert_true(id_is_valid(longest));
        longest[128] = 'x';
        longest[129] = '\0';
        assert_false(id_is_valid(longest));

        assert_true(id_is_valid("a"));
        assert_true(id_is_valid("~!/%&"));
        assert_false(id_is_valid(""));
        assert_false(id_is_valid(NULL));
        assert_false(id_is_valid("a b"));
        assert_false(id_is_valid("a\n"));
        assert_false(id_is_valid("\177"));
        assert_false(id_is_valid("ä"));
}

static void test_emails(void **state) {
        static const char *const good[] = { "a@b", "ada.l+x@example.org", "jörg@müller.de" };
        static const char *const bad[] = { "",    "@",     "a@",    "@b",          "ab",    "a@b@c",
                                           "a b@c", "a@b\n", "a@\tb", "a@\xff\xfe", "a@b\177" };
        char longest[300];

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_true(email_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_false(email_is_valid(bad[i]));
        assert_false(email_is_valid(NULL));

        memset(longest, 'x', sizeof(longest));
        longest[1] = '@';
        longest[254] = '\0';
        assert_true(email_is_valid(longest));
        longest[254] = 'x';
        longest[255] = '\0';
        assert_false(email_is_valid(longest));
}

static void test_email_in_lower_case(void **state) {
        _cleanup_(freep) char *folded = NULL;

        assert_int_equal(email_fold("ADA.\xc3\x84@Example.ORG", &folded), 0);
        assert_string_equal(folded, "ada.\xc3\x84@example.org");
        free(TAKE_PTR(folded));
        assert_int_equal(email_fold(NULL, &folded), 0);
        assert_null(folded);
}

static void test_paths(void **state) {
        static const char *const good[] = { "/", "/home/ada", "/bin/..hidden", "/a..", "/ü" };
        static const char *const bad[] = { "",       "home",   "/..",      "/../x",  "/a/../b",
                                           "/a/..",  "/a:b",   "/a\nroot", "/a\177", "/\xff",
                                           "./a",    "/a,b",   "~/x" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_true(account_path_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_false(account_path_is_valid(bad[i]));
        assert_false(account_path_is_valid(NULL));
}

static void test_uuids(void **state) {
        char first[37], second[37];

        assert_int_equal(uuid_generate(first), 0);
        assert_int_equal(uuid_generate(second), 0);
        assert_int_equal(strlen(first), 36);
        assert_string_not_equal(first, second);
        assert_int_equal(first[8], '-');
        assert_int_equal(first[13], '-');
        assert_int_equal(first[14], '4');
        assert_int_equal(first[18], '-');
        assert_non_null(strchr("89ab", first[19]));
        assert_int_equal(first[23], '-');
        assert_true(id_is_valid(first));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_copy_is_deep),
                cmocka_unit_test(test_copy_keeps_nothing_as_nothing),
                cmocka_unit_test(test_refusal),
                cmocka_unit_test(test_states),
                cmocka_unit_test(test_ids),
                cmocka_unit_test(test_emails),
                cmocka_unit_test(test_email_in_lower_case),
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_uuids),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
