/* Weak hashes are made anew at a login, strong ones never touched, and nobody waits for it. */

#include "core/call.h"
#include "core/password.h"
#include "core/rehash.h"
#include "core/tokens.h"
#include "core-fixture.h"

static void store_hash(Core *core, const char *name, const char *setting, const char *password) {
        _cleanup_(freep) struct crypt_data *data = calloc(1, sizeof(*data));
        StoreRequest *request = store_request_new(STORE_USER_REHASH);
        char id[64];

        (void)snprintf(id, sizeof(id), "id-%s", name);
        request->key.text = strdup(id);
        assert_non_null(crypt_rn(password, setting, data, sizeof(*data)));
        assert_int_equal(secret_append_text(&request->hash, data->output), 0);
        assert_int_equal(core_store(core, request), 0);
}

typedef struct Found {
        bool is_done;
        char hash[256];
        int64_t epoch;
} Found;

static void on_found(StoreRequest *request, void *userdata) {
        Found *found = userdata;

        assert_int_equal(request->result, 0);
        (void)snprintf(found->hash, sizeof(found->hash), "%s",
                       secret_text(&request->users[0]->hash));
        found->epoch = request->users[0]->epoch;
        found->is_done = true;
}

static Found find(Core *core, const char *name) {
        StoreRequest *request = call_user_request(STORE_KEY_NAME, name);
        Found found = { 0 };

        assert_int_equal(store_submit(core->store, request, on_found, &found), 0);
        while (!found.is_done)
                assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
        return found;
}

static void on_fence(void *userdata, int r, Secret *hash) {
        assert_int_equal(r, 0);
        *(bool *)userdata = true;
}

/* What follows upon an answer has followed: there is one thread, and the store has one writer. */
static void settle(Core *core) {
        _secret_ secret = core_secret("x");
        StoreRequest *last = store_request_new(STORE_USER_REHASH);
        bool is_done = false;

        assert_int_equal(password_hash(core->authority->passwords, &secret,
                                       (PasswordLane){ .key = "rehash" }, on_fence, &is_done),
                         0);
        while (!is_done)
                assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
        last->key.text = strdup("nobody");
        assert_int_equal(core_store(core, last), REASON_USER_UNKNOWN);
}

static void configure(Core *core, const char *hash, unsigned rounds) {
        core->config.hash = (char *)hash;
        core->config.hash_rounds = rounds;
        authority_set_config(core->authority, &core->config);
}

static int log_in(Core *core, const char *name, const char *password) {
        Caller root = core_root();
        _heard_ heard = { 0 };

        return core_log_in(core, &root, name, password, NULL, "sshd", &heard);
}

static const struct {
        const char *config;
        unsigned rounds;
        const char *stored;  /* setting */
        const char *renewed; /* what the new hash begins with; NULL: stays */
} cases[] = {
        { "bcrypt", 5, "$2b$04$abcdefghijklmnopqrstuu", "$2b$05$" },
        { "bcrypt", 5, "$2b$05$abcdefghijklmnopqrstuu", NULL },
        { "bcrypt", 5, "$2b$06$abcdefghijklmnopqrstuu", NULL },
        { "bcrypt", 5, "$2y$04$abcdefghijklmnopqrstuu", "$2b$05$" },
        { "bcrypt", 5, "$2a$05$abcdefghijklmnopqrstuu", NULL },
        { "bcrypt", 5, "$6$saltsalt$", "$2b$05$" },
        { "bcrypt", 5, "$y$j75$saltsaltsaltsalt", NULL },
        { "yescrypt", 1, "$1$saltsalt$", "$y$j75$" },
        { "yescrypt", 1, "$6$saltsalt$", "$y$j75$" },
        { "yescrypt", 1, "$5$rounds=9000$saltsalt$", "$y$j75$" },
        { "yescrypt", 1, "ab", "$y$j75$" },
        { "yescrypt", 1, "_J9..abcd", "$y$j75$" },
        { "yescrypt", 1, "$3$", "$y$j75$" },
        { "yescrypt", 1, "$y$j75$saltsaltsaltsalt", NULL },
        { "yescrypt", 2, "$y$j75$saltsaltsaltsalt", "$y$j85$" },
        { "yescrypt", 1, "$gy$j75$saltsaltsaltsalt", NULL },
        { "yescrypt", 1, "$7$BU..../....saltsaltsalt$", "$y$j75$" },
        { "sha512crypt", 6000, "$6$saltsalt$", "$6$rounds=6000$" },
        { "sha512crypt", 0, "$6$rounds=4999$saltsalt$", "$6$" },
        { "sha512crypt", 0, "$6$rounds=5000$saltsalt$", NULL },
        { "sha512crypt", 0, "$5$rounds=9000$saltsalt$", "$6$" },
        { "sha256crypt", 0, "$6$saltsalt$", NULL },
        { "sha512crypt", 0, "$2b$04$abcdefghijklmnopqrstuu", NULL },
};

static void test_renews_what_is_weaker(void **state) {
        Core *core = *state;

        core_add_user(core, "ada", 70000);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Found before, after;

                configure(core, cases[i].config, cases[i].rounds);
                store_hash(core, "ada", cases[i].stored, "geheim");
                before = find(core, "ada");
                assert_int_equal(log_in(core, "ada", "geheim"), 0);
                settle(core);
                after = find(core, "ada");
                if (!cases[i].renewed != !strcmp(before.hash, after.hash) ||
                    strncmp(after.hash, cases[i].renewed ? cases[i].renewed : "",
                            cases[i].renewed ? strlen(cases[i].renewed) : 0) != 0)
                        fail_msg("%zu: %s became %s", i, before.hash, after.hash);
                assert_true(after.epoch == before.epoch); /* no token dies */
                assert_int_equal(log_in(core, "ada", "geheim"), 0);
                settle(core);
                assert_string_equal(find(core, "ada").hash, after.hash); /* once is enough */
        }
}

static void test_only_after_a_login(void **state) {
        static const char *const wrong[] = { "", "geheimer", "geheim " };
        Core *core = *state;
        Found before;

        core_add_user_like(core, "ada", 70000, NULL, NULL, USER_ACTIVE);
        core_add_user_like(core, "lou", 70001, NULL, NULL, USER_LOCKED);
        configure(core, "yescrypt", 1);
        store_hash(core, "ada", "$6$saltsalt$", "geheim");
        store_hash(core, "lou", "$6$saltsalt$", "geheim");
        before = find(core, "ada");
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                assert_int_not_equal(log_in(core, "ada", wrong[i]), 0);
        assert_int_equal(log_in(core, "lou", "geheim"), REASON_USER_LOCKED);
        settle(core);
        assert_string_equal(find(core, "ada").hash, before.hash);
        assert_memory_equal(find(core, "lou").hash, "$6$", 3);
}

/* bcrypt would take a part of it, and the next login would do with that part. */
static void test_never_cuts(void **state) {
        Core *core = *state;
        char password[74];

        core_add_user(core, "ada", 70000);
        configure(core, "bcrypt", 4);
        memset(password, 'a', sizeof(password));
        password[73] = '\0';
        store_hash(core, "ada", "$6$saltsalt$", password);
        assert_int_equal(log_in(core, "ada", password), 0);
        settle(core);
        assert_memory_equal(find(core, "ada").hash, "$6$", 3);
        password[72] = '\0';
        store_hash(core, "ada", "$6$saltsalt$", password);
        assert_int_equal(log_in(core, "ada", password), 0);
        settle(core);
        assert_memory_equal(find(core, "ada").hash, "$2b$", 4);
        assert_int_equal(log_in(core, "ada", password), 0);
}

/* A new password, set while the old one's hash is under way, stays. */
static void test_changed_meanwhile(void **state) {
        Core *core = *state;
        StoreRequest *request = store_request_new(STORE_USER_SET_PASSWORD);

        core_add_user(core, "ada", 70000);
        configure(core, "yescrypt", 1);
        request->key.text = strdup("id-ada");
        core_hash("newer", &request->hash);
        assert_int_equal(log_in(core, "ada", "PASSWORD-of-ada"), 0);
        assert_int_equal(core_store(core, request), 0);
        settle(core);
        assert_memory_equal(find(core, "ada").hash, "$2b$04$", 7);
        assert_int_equal(log_in(core, "ada", "PASSWORD-of-ada"), REASON_WRONG_PASSWORD);
        assert_int_equal(log_in(core, "ada", "newer"), 0);
}

static void test_removed_meanwhile(void **state) {
        Core *core = *state;

        core_add_user(core, "ada", 70000);
        configure(core, "yescrypt", 1);
        assert_int_equal(log_in(core, "ada", "PASSWORD-of-ada"), 0);
        assert_int_equal(core_store(core, call_request(STORE_USER_REMOVE, STORE_KEY_ID, "id-ada")),
                         0);
        settle(core);
}

/* Many at once are renewed one behind the other, as far as there is room for them to wait. */
static void test_many_at_once(void **state) {
        enum { USERS = 70, ROOM = 65 };
        Core *core = *state;
        unsigned n_renewed = 0;
        char name[16];

        for (unsigned i = 0; i < USERS; i++) {
                (void)snprintf(name, sizeof(name), "user%u", i);
                core_add_user(core, name, 70000 + i);
        }
        configure(core, "bcrypt", 5);
        for (unsigned i = 0; i < USERS; i++) {
                _secret_ password = core_secret("PASSWORD"), hash = core_secret("$1$salt$x");
                User user = { .id = name, .name = name, .epoch = 0, .hash = hash };
                Rehash *rehash;

                (void)snprintf(name, sizeof(name), "id-user%u", i);
                rehash = rehash_new(core->authority, &user, &password);
                assert_non_null(rehash);
                rehash_begin(core->authority, rehash);
        }
        for (unsigned i = 0; i < USERS; i++)
                settle(core);
        for (unsigned i = 0; i < USERS; i++) {
                (void)snprintf(name, sizeof(name), "user%u", i);
                n_renewed += strncmp(find(core, name).hash, "$2b$05$", 7) == 0;
        }
        assert_int_equal(n_renewed, ROOM);
}

/* At the end what is under way is dropped; the checkers see that nothing stays behind. */
static void test_the_end(void **state) {
        Core *core = *state;

        core_add_user(core, "ada", 70000);
        for (unsigned turns = 0; turns < 8; turns++) {
                configure(core, "yescrypt", 1);
                store_hash(core, "ada", "$6$saltsalt$", "geheim");
                assert_int_equal(log_in(core, "ada", "geheim"), 0);
                for (unsigned i = 0; i < turns; i++)
                        assert_true(sd_event_run(core->event, 0) >= 0);
                core_close(core);
                core_open(core);
                assert_int_equal(log_in(core, "ada", "geheim"), 0);
        }
}

/* The login's answer has not left when the daemon ends. */
static void test_the_end_before_the_answer(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _secret_ password = core_secret("PASSWORD-of-ada");
        GrantRequest request = { .grant_type = "password",
                                 .username = "ada",
                                 .password = &password };
        _heard_ heard = { 0 };

        core_add_user(core, "ada", 70000);
        configure(core, "yescrypt", 1);
        authority_grant(core->authority, &root, &request, core_on_answer, &heard);
        while (TAILQ_EMPTY(&core->authority->ended))
                assert_true(sd_event_run(core->event, 10 * USEC_PER_SEC) >= 0);
        assert_int_equal(heard.n, 0);
        core_close(core);
        assert_int_equal(heard.n, 1);
        assert_int_equal(heard.r, 0);
        core_open(core);
        assert_memory_equal(find(core, "ada").hash, "$2b$04$", 7);
}

/* A token that is typed in the password's place is no password. */
static void test_tokens_are_no_passwords(void **state) {
        static char *const scopes[] = { (char *)"login", NULL };
        Core *core = *state;
        Caller root = core_root();
        _heard_ issued = { 0 }, heard = { 0 };
        GrantRequest request = { .grant_type = "password",
                                 .username = "ada",
                                 .service = "sshd",
                                 .accepts = GRANT_ACCEPTS_PASSWORD | GRANT_ACCEPTS_TOKEN };
        Found before;

        core_add_user_like(core, "ada", 70000, "login", NULL, USER_ACTIVE);
        configure(core, "yescrypt", 1);
        before = find(core, "ada");
        authority_issue(core->authority, &root,
                        &(IssueRequest){ .user = "ada", .scopes = scopes }, core_on_answer,
                        &issued);
        assert_int_equal(core_wait(core, &issued), 0);
        request.password = &issued.answer.access_token;
        authority_grant(core->authority, &root, &request, core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        settle(core);
        assert_string_equal(find(core, "ada").hash, before.hash);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, core_setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_renews_what_is_weaker), TEST(test_only_after_a_login),
                TEST(test_never_cuts),            TEST(test_changed_meanwhile),
                TEST(test_removed_meanwhile),     TEST(test_many_at_once),
                TEST(test_the_end),               TEST(test_the_end_before_the_answer),
                TEST(test_tokens_are_no_passwords),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
