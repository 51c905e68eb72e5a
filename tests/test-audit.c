/* What the journal says of logins and tokens, and what it must not say. */

#include <errno.h>
#include <fcntl.h>

#include "core/audit.h"
#include "core/call.h"
#include "core/tokens.h"
#include "core/users.h"
#include "core-fixture.h"

/* stderr goes to a file meanwhile. */
typedef struct Tape {
        int before;
        char path[128];
} Tape;

static Tape tape_start(Core *core) {
        Tape tape = { .before = dup(STDERR_FILENO) };

        (void)snprintf(tape.path, sizeof(tape.path), "%s/log", core->folder);
        int fd = open(tape.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_true(dup2(fd, STDERR_FILENO) >= 0);
        close(fd);
        journal_set_level(LOG_DEBUG);
        return tape;
}

static void tape_stop(Tape *tape, char *text, size_t size) {
        journal_set_level(LOG_ERR);
        assert_true(dup2(tape->before, STDERR_FILENO) >= 0);
        close(tape->before);
        int fd = open(tape->path, O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, text, size - 1);
        assert_true(n >= 0);
        text[n] = '\0';
        close(fd);
}

static void log_in(Core *core, const Caller *caller, const char *user, const char *password) {
        _heard_ heard = { 0 };

        (void)core_log_in(core, caller, user, password, NULL,
                          caller->kind == CALLER_ROOT ? "sshd" : NULL, &heard);
}

/* People type passwords where the name goes. */
static void test_refusals(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _caller_ app = CALLER_INIT;
        char text[8192];

        core_add_user(core, "ada", 70000);
        core_add_client(core, "app", "password", NULL, false);
        app = core_client(core, "app");
        Tape tape = tape_start(core);
        log_in(core, &root, "ada", "canary-password");
        log_in(core, &app, "canary-name", "canary-password");
        log_in(core, &root, "canary-name", "canary-password");
        log_in(core, &root, "ada", "PASSWORD-of-ada");
        tape_stop(&tape, text, sizeof(text));

        assert_null(strstr(text, "canary"));
        assert_null(strstr(text, "PASSWORD"));
        assert_non_null(strstr(text, "login refused for ada: wrong-password"));
        assert_non_null(strstr(text, "sshd"));
        assert_non_null(strstr(text, "grant refused: wrong-password"));
        assert_non_null(strstr(text, "logged in: ada"));
}

static void test_no_token_is_told(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        _heard_ token = { 0 }, again = { 0 }, gone = { 0 };
        char text[8192], id[TOKEN_ID_SIZE + 1];

        core_add_user(core, "ada", 70000);
        Tape tape = tape_start(core);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &token), 0);
        GrantRequest refresh = { .grant_type = "refresh_token",
                                 .refresh_token = &token.answer.refresh_token };
        authority_grant(core->authority, &ada, &refresh, core_on_answer, &again);
        assert_int_equal(core_wait(core, &again), 0);
        authority_revoke(core->authority, &ada, &again.answer.access_token, core_on_answer, &gone);
        assert_int_equal(core_wait(core, &gone), 0);
        tape_stop(&tape, text, sizeof(text));

        token_hash_to_id(&token.answer.token->hash, id);
        assert_non_null(strstr(text, id));
        token_hash_to_id(&again.answer.token->hash, id);
        assert_non_null(strstr(text, id));
        assert_non_null(strstr(text, "tokens revoked: ada"));
        assert_null(strstr(text, secret_text(&token.answer.access_token)));
        assert_null(strstr(text, secret_text(&token.answer.refresh_token)));
        assert_null(strstr(text, secret_text(&again.answer.access_token)));
}

/* Which token let in; one that did not is nothing but a wrong password. */
static void test_the_key_is_named(void **state) {
        char *scopes[] = { (char *)"login", NULL };
        Core *core = *state;
        Caller root = core_root();
        _heard_ key = { 0 };
        char text[8192], id[TOKEN_ID_SIZE + 1], expected[128];

        core_add_user_like(core, "ada", 70000, "login", NULL, USER_ACTIVE);
        authority_issue(core->authority, &root, &(IssueRequest){ .user = "ada", .scopes = scopes },
                        core_on_answer, &key);
        assert_int_equal(core_wait(core, &key), 0);
        GrantRequest request = { .grant_type = "password",
                                 .username = "ada",
                                 .password = &key.answer.access_token,
                                 .service = "sshd",
                                 .accepts = GRANT_ACCEPTS_TOKEN,
                                 .once = true };
        token_hash_to_id(&key.answer.token->hash, id);
        for (int i = 0; i < 2; i++) {
                _heard_ heard = { 0 };

                Tape tape = tape_start(core);
                authority_grant(core->authority, &root, &request, core_on_answer, &heard);
                assert_int_equal(core_wait(core, &heard), i ? REASON_WRONG_PASSWORD : 0);
                tape_stop(&tape, text, sizeof(text));
                (void)snprintf(expected, sizeof(expected), "logged in: ada, by token %s", id);
                assert_int_equal(strstr(text, expected) != NULL, i == 0);
                (void)snprintf(expected, sizeof(expected), "key=%s", id);
                assert_int_equal(strstr(text, expected) != NULL, i == 0);
                assert_int_equal(strstr(text, "login refused for ada: wrong-password") != NULL, i);
                assert_int_equal(strstr(text, id) != NULL, i == 0);
                assert_null(strstr(text, secret_text(&key.answer.access_token)));
        }
        request.once = false;
        Tape tape = tape_start(core);
        log_in(core, &root, "ada", "PASSWORD-of-ada");
        tape_stop(&tape, text, sizeof(text));
        assert_non_null(strstr(text, "logged in: ada"));
        assert_null(strstr(text, "by token"));
        assert_null(strstr(text, "key="));
}

static void test_passwords(void **state) {
        Core *core = *state;
        Caller root = core_root();
        _secret_ old = core_secret("PASSWORD-of-ada"), new = core_secret("canary");
        const struct {
                const Secret *old_password;
                const Secret *password;
                int r;
                const char *line; /* NULL: nothing is said */
        } rows[] = {
                { &old, NULL, 0, NULL },
                { &new, NULL, REASON_WRONG_PASSWORD, "change refused for ada: wrong-password" },
                { &old, &old, REASON_PASSWORD_UNCHANGED,
                  "change refused for ada: password-unchanged" },
                { &old, &new, 0, "password changed: ada" },
        };

        core_add_user(core, "ada", 70000);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                UserPasswordRequest request = { .id = "id-ada",
                                                .old_password = rows[i].old_password,
                                                .password = rows[i].password };
                _heard_ heard = { 0 };
                char text[8192];

                Tape tape = tape_start(core);
                authority_user_set_password(core->authority, &root, &request, core_on_answer,
                                            &heard);
                assert_int_equal(core_wait(core, &heard), rows[i].r);
                tape_stop(&tape, text, sizeof(text));
                if (rows[i].line)
                        assert_non_null(strstr(text, rows[i].line));
                else
                        assert_string_equal(text, "");
                assert_null(strstr(text, "canary"));
                assert_null(strstr(text, "PASSWORD"));
        }
}

static void test_changes_of_users(void **state) {
        Core *core = *state;
        Caller root = core_root();
        char *keys[] = { (char *)"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFUyYOVg1AO1QmZm0sUO+"
                                 "nuwT04pXCPqrprQKOSO37lW",
                         NULL };
        const struct {
                UserSetRequest request;
                const char *line;
        } rows[] = {
                { { .sets = USER_SETS_STATE, .state = USER_LOCKED }, ": user locked: ada: " },
                { { .sets = USER_SETS_STATE, .state = USER_ACTIVE }, ": user unlocked: ada: " },
                { { .sets = USER_SETS_STATE, .state = USER_PASSWORD_MUST_CHANGE },
                  ": user must change the password: ada: " },
                { { .sets = USER_SETS_EXPIRES, .expires = 1 }, ": expiry changed: ada: " },
                { { .sets = USER_SETS_SSH_KEYS, .ssh_keys = keys }, ": SSH keys changed: ada: " },
                { { .sets = USER_SETS_STATE | USER_SETS_EXPIRES | USER_SETS_SSH_KEYS,
                    .state = USER_PASSWORD_MUST_CHANGE },
                  ": user must change the password, expiry changed, SSH keys changed: ada: " },
        };

        core_add_user(core, "ada", 70000);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _heard_ heard = { 0 };
                char text[4096];

                Tape tape = tape_start(core);
                authority_user_set(core->authority, &root, "id-ada", &rows[i].request,
                                   core_on_answer, &heard);
                assert_int_equal(core_wait(core, &heard), 0);
                tape_stop(&tape, text, sizeof(text));
                if (!strstr(text, rows[i].line))
                        fail_msg("%s", text);
                assert_null(strstr(text, "AAAA"));
        }
}

static void test_reuse_is_a_warning(void **state) {
        Core *core = *state;
        Caller ada = core_uid(70000);
        _heard_ token = { 0 }, first = { 0 }, second = { 0 };
        char text[8192];

        core_add_user(core, "ada", 70000);
        assert_int_equal(core_log_in(core, &ada, "ada", "PASSWORD-of-ada", NULL, NULL, &token), 0);
        GrantRequest refresh = { .grant_type = "refresh_token",
                                 .refresh_token = &token.answer.refresh_token };
        authority_grant(core->authority, &ada, &refresh, core_on_answer, &first);
        assert_int_equal(core_wait(core, &first), 0);
        core_turned = 11 * USEC_PER_SEC;
        Tape tape = tape_start(core);
        journal_set_level(LOG_WARNING);
        authority_grant(core->authority, &ada, &refresh, core_on_answer, &second);
        assert_int_equal(core_wait(core, &second), REASON_INVALID_GRANT);
        tape_stop(&tape, text, sizeof(text));
        assert_non_null(strstr(text, "used again"));
        assert_non_null(strstr(text, "ada"));
}

/* What is wrong with the store, whether or not the call has a line of its own. */
static void test_a_failing_store(void **state) {
        Core *core = *state;
        const Audit login = { .event = AUDIT_LOGIN, .service = "sshd" };
        Call call = { .store_error = -ENOSPC, .result = REASON_STORE_UNAVAILABLE };
        char text[4096];

        Tape tape = tape_start(core);
        audit_store_error(&call);
        tape_stop(&tape, text, sizeof(text));
        assert_non_null(strstr(text, "reason=store-unavailable"));
        assert_non_null(strstr(text, "No space left"));

        call.audit = &login;
        tape = tape_start(core);
        audit_end(&call);
        tape_stop(&tape, text, sizeof(text));
        assert_non_null(strstr(text, "login refused"));
        assert_non_null(strstr(text, "No space left"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, core_setup, core_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_refusals),
                TEST(test_no_token_is_told),
                TEST(test_the_key_is_named),
                TEST(test_passwords),
                TEST(test_changes_of_users),
                TEST(test_a_failing_store),
                TEST(test_reuse_is_a_warning),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
