/* Users and clients in the SQLite store. */

#include "store-fixture.h"

static void test_round_trip(void **state) {
        static const struct {
                enum StoreKeyField field;
                const char *text;
        } keys[] = {
                { STORE_KEY_ID, "id-ada" },           { STORE_KEY_NAME, "ada" },
                { STORE_KEY_EMAIL, "ADA@example.ORG" }, { STORE_KEY_PARTNER_ID, "p 1" },
                { STORE_KEY_UID, NULL },
        };
        Fixture *fixture = *state;
        User *user = user_make("ada", 1000);

        user->email = strdup("Ada@Example.org");
        user->partner_id = strdup("p 1");
        user->role = strdup("some role");
        user->home = strdup("/home/ada");
        user->shell = strdup("/bin/sh");
        user->gid = 1001;
        user->adopted = true;
        user->state = USER_PASSWORD_MUST_CHANGE;
        assert_int_equal(secret_set(&user->hash, "$y$hash", 7), 0);
        assert_int_equal(strv_extend(&user->groups, "wheel"), 0);
        assert_int_equal(strv_extend(&user->groups, "two words"), 0);
        assert_int_equal(strv_split("", ",", &user->scopes), 0);
        assert_true(user_add(fixture, user) > 0);

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                _cleanup_(store_request_freep) StoreRequest *request =
                        request_by_text(STORE_USER_GET, keys[i].field, keys[i].text);
                const User *found;

                request->key.uid = 1000;
                assert_int_equal(run(fixture, request), 0);
                assert_int_equal(request->n_users, 1);
                found = request->users[0];
                assert_string_equal(found->name, "ada");
                assert_string_equal(found->email, "Ada@Example.org");
                assert_string_equal(found->partner_id, "p 1");
                assert_string_equal(found->role, "some role");
                assert_null(found->parent_id);
                assert_string_equal(found->home, "/home/ada");
                assert_string_equal(found->shell, "/bin/sh");
                assert_int_equal(found->uid, 1000);
                assert_int_equal(found->gid, 1001);
                assert_true(found->adopted);
                assert_int_equal(found->state, USER_PASSWORD_MUST_CHANGE);
                assert_string_equal(secret_text(&found->hash), "$y$hash");
                assert_int_equal(strv_length(found->groups), 2);
                assert_string_equal(found->groups[1], "two words");
                assert_non_null(found->scopes); /* none is not any */
                assert_int_equal(strv_length(found->scopes), 0);
                assert_true(found->created == START);
                assert_true(found->epoch > 0);
        }
}

/* How many tokens died, or the negative Reason. The user's state, expiry and keys are as in
 * like. */
static int64_t set_user(Fixture *fixture, const char *id, unsigned sets, User like) {
        _cleanup_(store_request_freep) StoreRequest *request =
                request_by_text(STORE_USER_SET, STORE_KEY_ID, id);
        User *values = user_new();
        int r;

        values->state = like.state;
        values->expires = like.expires;
        if (like.ssh_keys)
                assert_int_equal(strv_copy(like.ssh_keys, &values->ssh_keys), 0);
        assert_int_equal(store_request_take_user(request, values), 0);
        request->sets = sets;
        r = run(fixture, request);
        if (r != 0)
                return -r;
        assert_int_equal(request->n_users, 1);
        assert_string_equal(request->users[0]->id, id);
        return (int64_t)request->n_affected;
}

static void test_unknown(void **state) {
        Fixture *fixture = *state;

        for (int field = STORE_KEY_ID; field <= STORE_KEY_PARTNER_ID; field++) {
                _cleanup_(store_request_freep) StoreRequest *request = NULL, *none = NULL;

                request = request_by_text(STORE_USER_GET, field, "nobody");
                none = request_by_text(STORE_USER_GET, field, NULL);

                assert_int_equal(run(fixture, request), REASON_USER_UNKNOWN);
                assert_int_equal(run(fixture, none), REASON_USER_UNKNOWN);
        }
        assert_int_equal(change(fixture, STORE_USER_REMOVE, "nobody"), -REASON_USER_UNKNOWN);
        assert_int_equal(change(fixture, STORE_USER_SET_PASSWORD, "nobody"), -REASON_USER_UNKNOWN);
        assert_int_equal(set_user(fixture, "nobody", USER_SETS_STATE, (User){ 0 }),
                         -REASON_USER_UNKNOWN);
        assert_int_equal(change(fixture, STORE_USER_REHASH, "nobody"), -REASON_USER_UNKNOWN);
        assert_int_equal(change(fixture, STORE_REVOKE_USER, "nobody"), -REASON_USER_UNKNOWN);
        assert_int_equal(change(fixture, STORE_REVOKE_USER, NULL), -REASON_USER_UNKNOWN);
        assert_int_equal(change(fixture, STORE_CLIENT_REMOVE, "nobody"), -REASON_CLIENT_UNKNOWN);
        assert_int_equal(change(fixture, STORE_REVOKE_CLIENT, "nobody"), -REASON_CLIENT_UNKNOWN);
        assert_int_equal(change(fixture, STORE_REVOKE_CLIENT, NULL), -REASON_CLIENT_UNKNOWN);
}

static void test_conflicts(void **state) {
        Fixture *fixture = *state;
        User *user = user_make("ada", 1000);

        user->email = strdup("ada@example.org");
        user->partner_id = strdup("partner");
        assert_true(user_add(fixture, user) > 0);
        assert_true(client_add(fixture, "web") > 0);

        assert_int_equal(user_add(fixture, user_make("ada", 1001)), -REASON_NAME_TAKEN);
        assert_int_equal(user_add(fixture, user_make("web", 1001)), -REASON_ID_TAKEN);
        assert_int_equal(user_add(fixture, user_make(CLIENT_LOCAL, 1001)), -REASON_ID_TAKEN);
        assert_int_equal(user_add(fixture, user_make("bob", 1000)), -REASON_UID_TAKEN);

        user = user_make("bob", 1001);
        free(user->id);
        user->id = strdup("web");
        assert_int_equal(user_add(fixture, user), -REASON_ID_TAKEN);
        user = user_make("bob", 1001);
        free(user->id);
        user->id = strdup("id-ada");
        assert_int_equal(user_add(fixture, user), -REASON_ID_TAKEN);
        user = user_make("bob", 1001);
        user->email = strdup("ADA@EXAMPLE.org");
        assert_int_equal(user_add(fixture, user), -REASON_EMAIL_TAKEN);
        user = user_make("bob", 1001);
        user->partner_id = strdup("partner");
        assert_int_equal(user_add(fixture, user), -REASON_PARTNER_ID_TAKEN);
        user = user_make("bob", 1001);
        user->parent_id = strdup("nobody");
        assert_int_equal(user_add(fixture, user), -REASON_USER_UNKNOWN);

        /* names are byte-exact */
        assert_true(user_add(fixture, user_make("Ada", 1002)) > 0);

        assert_int_equal(client_add(fixture, "web"), -REASON_ID_TAKEN);
        assert_int_equal(client_add(fixture, "ada"), -REASON_ID_TAKEN);
        assert_int_equal(client_add(fixture, "id-ada"), -REASON_ID_TAKEN);
        assert_int_equal(client_add(fixture, CLIENT_LOCAL), -REASON_ID_TAKEN);
        assert_true(client_add(fixture, "partner") > 0);
}

static uint32_t uid_given(Fixture *fixture, const char *name, uint32_t min, uint32_t max) {
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_USER_ADD);
        User *user = user_make(name, UID_NONE);
        int r;

        request->uid_min = min;
        request->uid_max = max;
        assert_int_equal(store_request_take_user(request, user), 0);
        r = run(fixture, request);
        if (r == REASON_UID_RANGE_EXHAUSTED)
                return UID_NONE;
        assert_int_equal(r, 0);
        assert_int_equal(user->gid, user->uid);
        return user->uid;
}

static void test_uids_are_never_given_twice(void **state) {
        Fixture *fixture = *state;

        assert_true(user_add(fixture, user_make("adopted", 70001)) > 0);
        assert_int_equal(uid_given(fixture, "a", 70000, 70003), 70002);
        assert_int_equal(change(fixture, STORE_USER_REMOVE, "id-a"), 0);
        assert_int_equal(uid_given(fixture, "a", 70000, 70003), 70003);
        assert_int_equal(uid_given(fixture, "b", 70000, 70003), 70000); /* the gap */
        assert_int_equal(uid_given(fixture, "c", 70000, 70003), UID_NONE);
        assert_int_equal(change(fixture, STORE_USER_REMOVE, "id-b"), 0);
        assert_int_equal(uid_given(fixture, "c", 70000, 70003), UID_NONE);

        /* remembered over a restart; another range is another matter */
        fixture_close(fixture);
        assert_int_equal(fixture_open(fixture), 0);
        assert_int_equal(uid_given(fixture, "c", 70000, 70003), UID_NONE);
        assert_int_equal(uid_given(fixture, "c", 50000, 50000), 50000);
        assert_int_equal(uid_given(fixture, "d", 50000, 50000), UID_NONE);
        assert_int_equal(uid_given(fixture, "d", 5, 4), UID_NONE);
        assert_int_equal(uid_given(fixture, "d", UINT32_MAX, UINT32_MAX), UID_NONE);
}

static void test_refused_user_takes_no_uid(void **state) {
        Fixture *fixture = *state;
        User *user = user_make("ada", UID_NONE);

        assert_true(user_add(fixture, user_make("bob", 1000)) > 0);
        user->parent_id = strdup("nobody");
        assert_int_equal(user_add(fixture, user), -REASON_USER_UNKNOWN);
        assert_int_equal(uid_given(fixture, "ada", 70000, 70003), 70000);
}

static void test_password_kills_tokens(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = NULL, *stale = NULL;
        int64_t epoch = user_add(fixture, user_make("ada", 1000));

        issue(fixture, 1, "id-ada", CLIENT_LOCAL);
        issue(fixture, 2, "id-ada", CLIENT_LOCAL);
        request = request_by_text(STORE_USER_SET_PASSWORD, STORE_KEY_ID, "id-ada");
        request->expected_epoch = epoch;
        request->state = USER_PASSWORD_MUST_CHANGE;
        assert_int_equal(secret_set(&request->hash, "$new", 4), 0);
        assert_int_equal(run(fixture, request), 0);
        assert_int_equal(request->n_affected, 2);
        assert_int_equal(request->n_users, 1);
        assert_true(request->users[0]->epoch > epoch);
        assert_string_equal(secret_text(&request->users[0]->hash), "$new");
        assert_int_equal(request->users[0]->state, USER_PASSWORD_MUST_CHANGE);
        assert_false(is_live(fixture, 1));
        assert_false(is_live(fixture, 2));

        /* another one who had checked the old password is too late */
        stale = request_by_text(STORE_USER_SET_PASSWORD, STORE_KEY_ID, "id-ada");
        stale->expected_epoch = epoch;
        assert_int_equal(secret_set(&stale->hash, "$late", 5), 0);
        assert_int_equal(run(fixture, stale), REASON_INVALID_GRANT);
        issue(fixture, 3, "id-ada", CLIENT_LOCAL);
        assert_true(is_live(fixture, 3));
}

/* One more token of that login, which may begin with it. */
static void join(Fixture *fixture, unsigned n, const char *user, const char *id,
                 enum LoginState state, bool begins) {
        Login *login = begins ? login_make(fixture, id, user, state) : NULL;

        assert_int_equal(token_issue(fixture, token_make(fixture, n, user, CLIENT_LOCAL, id),
                                     login),
                         0);
}

static int64_t set_password_in(Fixture *fixture, const char *login) {
        _cleanup_(store_request_freep) StoreRequest *request =
                request_by_text(STORE_USER_SET_PASSWORD, STORE_KEY_ID, "id-ada");

        request->keep_login = login ? strdup(login) : NULL;
        assert_int_equal(secret_set(&request->hash, "$new", 4), 0);
        assert_int_equal(run(fixture, request), 0);
        return (int64_t)request->n_affected;
}

/* Two open ones and a pending one of ada's, a refresh family, one of bob's, and a single token. */
static void logins_begin(Fixture *fixture) {
        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        assert_true(user_add(fixture, user_make("bob", 1001)) > 0);
        join(fixture, 1, "id-ada", "open", LOGIN_OPEN, true);
        join(fixture, 2, "id-ada", "open", LOGIN_OPEN, false);
        join(fixture, 3, "id-ada", "other", LOGIN_OPEN, true);
        join(fixture, 4, "id-ada", "pending", LOGIN_PENDING, true);
        join(fixture, 5, "id-ada", "family", LOGIN_FAMILY, true);
        join(fixture, 6, "id-bob", "bobs", LOGIN_OPEN, true);
        issue(fixture, 7, "id-ada", CLIENT_LOCAL);
}

static void test_password_keeps_one_login(void **state) {
        static const struct {
                const char *login;
                unsigned kept[3];
        } rows[] = {
                { "open", { 1, 2 } }, { "other", { 3 } }, { "pending", { 4 } }, { "family", { 0 } },
                { "bobs", { 0 } },    { "nobody", { 0 } }, { "", { 0 } },       { NULL, { 0 } },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                void *fresh;

                fixture_setup(&fresh);
                Fixture *fixture = fresh;
                logins_begin(fixture);
                unsigned n_kept = (rows[i].kept[0] != 0) + (rows[i].kept[1] != 0);
                assert_int_equal(set_password_in(fixture, rows[i].login), 6 - n_kept);
                for (unsigned n = 1; n <= 7; n++)
                        assert_int_equal(is_live(fixture, n), n == 6 || n == rows[i].kept[0] ||
                                                                      n == rows[i].kept[1]);
                /* What is live is not swept, and the next time nothing is kept by itself. */
                assert_int_equal(change(fixture, STORE_SWEEP, NULL), 6 - n_kept);
                assert_int_equal(set_password_in(fixture, NULL), n_kept);
                assert_true(is_live(fixture, 6));
                fixture_teardown(&fresh);
        }
}

/* What died before stays dead. */
static void test_kept_login_revives_nothing(void **state) {
        Fixture *fixture = *state;

        logins_begin(fixture);
        assert_int_equal(change(fixture, STORE_REVOKE_USER, "id-ada"), 6);
        join(fixture, 8, "id-ada", "open", LOGIN_OPEN, false);
        assert_int_equal(set_password_in(fixture, "open"), 0);
        for (unsigned n = 1; n <= 8; n++)
                assert_int_equal(is_live(fixture, n), n == 6 || n == 8);

        /* One that expired, and a login that is over. */
        turned += DAY + 1;
        join(fixture, 9, "id-ada", "open", LOGIN_OPEN, false);
        assert_int_equal(set_password_in(fixture, "open"), 0);
        assert_false(is_live(fixture, 8));
        assert_true(is_live(fixture, 9));
        assert_int_equal(change(fixture, STORE_REVOKE_LOGIN, "open"), 1);
        assert_int_equal(set_password_in(fixture, "open"), 0);
        assert_false(is_live(fixture, 9));
}

static int rehash(Fixture *fixture, int64_t epoch, const char *hash) {
        _cleanup_(store_request_freep) StoreRequest *request =
                request_by_text(STORE_USER_REHASH, STORE_KEY_ID, "id-ada");

        request->expected_epoch = epoch;
        assert_int_equal(secret_set(&request->hash, hash, strlen(hash)), 0);
        return run(fixture, request);
}

static void test_rehash_keeps_tokens(void **state) {
        Fixture *fixture = *state;
        _cleanup_(user_freep) User *user = NULL;
        int64_t epoch = user_add(fixture, user_make("ada", 1000));

        issue(fixture, 1, "id-ada", CLIENT_LOCAL);
        assert_int_equal(rehash(fixture, epoch, "$better"), 0);
        assert_true(is_live(fixture, 1));
        assert_int_equal(rehash(fixture, epoch + 1, "$stale"), REASON_INVALID_GRANT);
        assert_int_equal(user_load(fixture->reader, "id-ada", &user), 0);
        assert_string_equal(secret_text(&user->hash), "$better");
        assert_true(user->epoch == epoch);
}

static void test_lock_kills_tokens(void **state) {
        static const enum UserState states[] = { USER_LOCKED, USER_ACTIVE };
        Fixture *fixture = *state;

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        issue(fixture, 1, "id-ada", CLIENT_LOCAL);
        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                _cleanup_(user_freep) User *user = NULL;

                assert_int_equal(set_user(fixture, "id-ada", USER_SETS_STATE,
                                          (User){ .state = states[i] }),
                                 i == 0);
                assert_int_equal(user_load(fixture->reader, "id-ada", &user), 0);
                assert_int_equal(user->state, states[i]);
                assert_false(is_live(fixture, 1)); /* unlocking revives nothing */
        }
}

/* Only what lets the user expire earlier than before is a new epoch. */
static void test_expiry_kills_tokens(void **state) {
        static const struct {
                int64_t expires;
                bool kills;
        } steps[] = {
                { 0, false },          { START + 900, true }, { START + 900, false },
                { START + 950, false }, { START + 949, true }, { 0, false },
                { START - 1, true },   { START - 1, false },  { INT64_MAX, false },
        };
        Fixture *fixture = *state;
        uint8_t token = 1;

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                _cleanup_(user_freep) User *user = NULL;

                issue(fixture, ++token, "id-ada", CLIENT_LOCAL);
                set_user(fixture, "id-ada", USER_SETS_EXPIRES,
                         (User){ .expires = steps[i].expires, .state = USER_LOCKED });
                assert_int_equal(is_live(fixture, token), !steps[i].kills);
                assert_int_equal(user_load(fixture->reader, "id-ada", &user), 0);
                assert_true(user->expires == steps[i].expires);
                assert_int_equal(user->state, USER_ACTIVE); /* not asked for */
        }
}

static void test_sets_what_is_named(void **state) {
        static char *const keys[] = { (char *)"ssh-ed25519 AAAA one two", (char *)"ssh-rsa BBBB",
                                      NULL };
        static char *const none[] = { NULL };
        const User like = { .state = USER_PASSWORD_MUST_CHANGE,
                            .expires = START + 5,
                            .ssh_keys = (char **)keys };
        _cleanup_(user_freep) User *keyed = NULL, *kept = NULL, *all = NULL;
        Fixture *fixture = *state;

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        issue(fixture, 1, "id-ada", CLIENT_LOCAL);
        assert_int_equal(set_user(fixture, "id-ada", USER_SETS_SSH_KEYS, like), 0);
        assert_int_equal(user_load(fixture->reader, "id-ada", &keyed), 0);
        assert_int_equal(strv_length(keyed->ssh_keys), 2);
        assert_string_equal(keyed->ssh_keys[0], keys[0]);
        assert_string_equal(keyed->ssh_keys[1], keys[1]);
        assert_int_equal(keyed->state, USER_ACTIVE);
        assert_true(keyed->expires == 0);
        assert_int_equal(set_user(fixture, "id-ada", USER_SETS_STATE, like), 0);
        assert_int_equal(user_load(fixture->reader, "id-ada", &kept), 0);
        assert_int_equal(kept->state, USER_PASSWORD_MUST_CHANGE);
        assert_int_equal(strv_length(kept->ssh_keys), 2);
        assert_true(is_live(fixture, 1));
        assert_int_equal(set_user(fixture, "id-ada",
                                  USER_SETS_STATE | USER_SETS_EXPIRES | USER_SETS_SSH_KEYS,
                                  (User){ .expires = START + 7, .ssh_keys = (char **)none }),
                         1);
        assert_int_equal(user_load(fixture->reader, "id-ada", &all), 0);
        assert_int_equal(all->state, USER_ACTIVE);
        assert_true(all->expires == START + 7);
        assert_int_equal(strv_length(all->ssh_keys), 0);
}

static void test_set_refuses(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *none =
                request_by_text(STORE_USER_SET, STORE_KEY_ID, "id-ada");
        _cleanup_(store_request_freep) StoreRequest *moved =
                request_by_text(STORE_USER_SET, STORE_KEY_ID, "id-ada");
        _cleanup_(user_freep) User *user = NULL;
        int64_t epoch = user_add(fixture, user_make("ada", 1000));

        assert_int_equal(run(fixture, none), -EINVAL);
        assert_int_equal(set_user(fixture, "id-ada", USER_SETS_STATE,
                                  (User){ .state = _USER_STATE_MAX }),
                         EINVAL);
        assert_int_equal(store_request_take_user(moved, user_new()), 0);
        moved->sets = USER_SETS_EXPIRES;
        moved->users[0]->expires = START;
        moved->expected_epoch = epoch + 1;
        assert_int_equal(run(fixture, moved), REASON_INVALID_GRANT);
        assert_int_equal(user_load(fixture->reader, "id-ada", &user), 0);
        assert_true(user->epoch == epoch && user->expires == 0);
}

/* threats.md 25 */
static void test_removed_and_made_again(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request =
                request_by_text(STORE_USER_REMOVE, STORE_KEY_ID, "id-ada");
        _cleanup_(user_freep) User *child = NULL;
        User *sub = user_make("sub", 1001);
        Login *login;

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        sub->parent_id = strdup("id-ada");
        assert_true(user_add(fixture, sub) > 0);
        issue(fixture, 1, "id-ada", CLIENT_LOCAL);
        issue(fixture, 2, "id-sub", CLIENT_LOCAL);
        login = login_make(fixture, "session", "id-ada", LOGIN_OPEN);
        assert_int_equal(
                token_issue(fixture, token_make(fixture, 3, "id-ada", CLIENT_LOCAL, "session"),
                            login),
                0);
        assert_int_equal(status(fixture).n_logins, 1);

        assert_int_equal(run(fixture, request), 0);
        assert_int_equal(request->n_affected, 2);
        assert_string_equal(request->users[0]->name, "ada");
        assert_int_equal(status(fixture).n_logins, 0);
        assert_int_equal(user_load(fixture->reader, "id-sub", &child), 0);
        assert_null(child->parent_id);
        assert_true(is_live(fixture, 2));

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        assert_false(is_live(fixture, 1));
        assert_false(is_live(fixture, 3));
        assert_int_equal(change(fixture, STORE_REVOKE_LOGIN, "session"), -REASON_LOGIN_UNKNOWN);
        issue(fixture, 4, "id-ada", CLIENT_LOCAL);
        assert_true(is_live(fixture, 4));
}

static void test_lists(void **state) {
        Fixture *fixture = *state;
        _cleanup_(freep) char *cursor = NULL;
        unsigned n = 0, pages = 0;

        for (unsigned i = 0; i < 25; i++) {
                User *user;
                char name[16];

                snprintf(name, sizeof(name), "u%02u", i);
                user = user_make(name, 1000 + i);
                assert_int_equal(strv_extend(&user->ssh_keys, "ssh-ed25519 AAAA"), 0);
                assert_true(user_add(fixture, user) > 0);
                name[0] = 'k';
                assert_true(client_add(fixture, name) > 0);
        }
        do {
                _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_USER_LIST);

                request->limit = 10;
                request->cursor = TAKE_PTR(cursor);
                assert_int_equal(run(fixture, request), 0);
                assert_true(request->n_users <= 10);
                for (size_t i = 0; i < request->n_users; i++) {
                        assert_int_equal(request->users[i]->uid, 1000 + n++);
                        assert_int_equal(request->users[i]->created, request->users[0]->created);
                        assert_true(request->users[i]->epoch > 0);
                        assert_null(request->users[i]->ssh_keys);
                }
                cursor = TAKE_PTR(request->cursor);
                pages++;
        } while (cursor);
        assert_int_equal(n, 25);
        assert_int_equal(pages, 3);

        n = pages = 0;
        do {
                _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_CLIENT_LIST);

                request->limit = 13; /* 25 and local: two full pages and no empty third */
                request->cursor = TAKE_PTR(cursor);
                assert_int_equal(run(fixture, request), 0);
                n += request->n_clients;
                cursor = TAKE_PTR(request->cursor);
                pages++;
        } while (cursor);
        assert_int_equal(n, 26);
        assert_int_equal(pages, 2);
}

static void test_clients(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *add = store_request_new(STORE_CLIENT_ADD),
                *get = request_by_text(STORE_CLIENT_GET, STORE_KEY_ID, "web"),
                *remove = request_by_text(STORE_CLIENT_REMOVE, STORE_KEY_ID, "web");
        Client *client = client_new();

        client->id = strdup("web");
        assert_int_equal(secret_set(&client->hash, "$secret", 7), 0);
        assert_int_equal(strv_split("password refresh_token", " ", &client->grants), 0);
        assert_int_equal(strv_split("a b", " ", &client->scopes), 0);
        client->introspect_own_only = true;
        client->access_lifetime = HOUR;
        client->refresh_lifetime = DAY;
        client->created = START;
        assert_int_equal(store_request_take_client(add, client), 0);
        assert_int_equal(run(fixture, add), 0);

        assert_int_equal(run(fixture, get), 0);
        client = get->clients[0];
        assert_string_equal(secret_text(&client->hash), "$secret");
        assert_true(strv_contains(client->grants, "refresh_token"));
        assert_int_equal(strv_length(client->scopes), 2);
        assert_null(client->issue_for);
        assert_true(client->introspect_own_only);
        assert_true(client->access_lifetime == HOUR && client->refresh_lifetime == DAY);
        assert_true(client->created == START && client->epoch == add->clients[0]->epoch);

        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        issue(fixture, 1, "id-ada", "web");
        issue(fixture, 2, NULL, "web");
        issue(fixture, 3, "id-ada", CLIENT_LOCAL);
        assert_int_equal(change(fixture, STORE_REVOKE_CLIENT, "web"), 2);
        issue(fixture, 4, NULL, "web");
        assert_int_equal(run(fixture, remove), 0);
        assert_int_equal(remove->n_affected, 1);
        assert_string_equal(remove->clients[0]->id, "web");
        for (unsigned i = 1; i <= 4; i++)
                assert_int_equal(is_live(fixture, i), i == 3);

        assert_int_equal(change(fixture, STORE_CLIENT_REMOVE, CLIENT_LOCAL), -REASON_ACCESS_DENIED);
        assert_true(is_live(fixture, 3));
        assert_int_equal(change(fixture, STORE_REVOKE_CLIENT, CLIENT_LOCAL), 1);
        assert_false(is_live(fixture, 3));
        assert_true(client_add(fixture, "web") > 0);
        assert_false(is_live(fixture, 1));
}

static void test_find_many(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_USERS_FIND);
        User *bob = user_make("bob", 1001);

        bob->partner_id = strdup("client 7");
        assert_true(user_add(fixture, user_make("ada", 1000)) > 0);
        assert_true(user_add(fixture, bob) > 0);
        request->key.field = STORE_KEY_PARTNER_ID;
        assert_int_equal(run(fixture, request), 0);
        assert_int_equal(request->n_users, 0);

        static const char *const texts[] = { "client 7", "nobody", "", "id-ada", "id-bob",
                                             "client 7" };
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                assert_int_equal(strv_extend(&request->key_texts, texts[i]), 0);
        assert_int_equal(run(fixture, request), 0);
        assert_int_equal(request->n_users, ELEMENTSOF(texts));
        assert_string_equal(request->users[0]->name, "bob");
        assert_null(request->users[1]);
        assert_null(request->users[2]);
        assert_string_equal(request->users[3]->name, "ada");
        assert_null(request->users[4]);
        assert_string_equal(request->users[5]->name, "bob");
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_round_trip),
                TEST(test_unknown),
                TEST(test_conflicts),
                TEST(test_uids_are_never_given_twice),
                TEST(test_refused_user_takes_no_uid),
                TEST(test_password_kills_tokens),
                TEST(test_password_keeps_one_login),
                TEST(test_kept_login_revives_nothing),
                TEST(test_rehash_keeps_tokens),
                TEST(test_lock_kills_tokens),
                TEST(test_expiry_kills_tokens),
                TEST(test_sets_what_is_named),
                TEST(test_set_refuses),
                TEST(test_removed_and_made_again),
                TEST(test_lists),
                TEST(test_find_many),
                TEST(test_clients),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
