/* Each call that the module makes fails once, at each of its turns: with a wrong password that
 * never lets anybody in, with a right one it lets in or says no, and nothing is left open or held.
 * The program exports these functions, so the module and libpam call them in place of libc's. */

#include "pam-host.h"

#include <dlfcn.h>
#include <security/pam_modules.h>
#include <signal.h>

enum Fault { MALLOC, CALLOC, SOCKET, CONNECT, POLL, SEND, RECV, GETSOCKOPT, FSTATAT, GET_ITEM,
             GET_USER, SET_ITEM, PUTENV, PROMPT, SET_DATA, _FAULT_MAX };

static bool armed; /* only around the module's calls, in the thread that makes them */
static pthread_t host_thread;
static enum Fault fault;
static int countdown;

static bool is_my_turn(enum Fault which) {
        if (!armed || which != fault || !pthread_equal(pthread_self(), host_thread))
                return false;
        return countdown-- == 0;
}

#define EXPORTED __attribute__((visibility("default")))
#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

#ifndef __SANITIZE_ADDRESS__
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);

EXPORTED void *malloc(size_t size) {
        if (is_my_turn(MALLOC)) {
                errno = ENOMEM;
                return NULL;
        }
        return __libc_malloc(size);
}

EXPORTED void *calloc(size_t n, size_t size) {
        if (is_my_turn(CALLOC)) {
                errno = ENOMEM;
                return NULL;
        }
        return __libc_calloc(n, size);
}
#endif

/* errno is one that the code has no row for. */
#define FAIL_ONCE(which, value)                                                                    \
        if (is_my_turn(which)) {                                                                   \
                errno = EIO;                                                                       \
                return (value);                                                                    \
        }

EXPORTED int socket(int domain, int type, int protocol) {
        FAIL_ONCE(SOCKET, -1)
        return REAL(socket)(domain, type, protocol);
}

EXPORTED int connect(int fd, const struct sockaddr *address, socklen_t size) {
        FAIL_ONCE(CONNECT, -1)
        return REAL(connect)(fd, address, size);
}

EXPORTED int poll(struct pollfd *fds, nfds_t n, int timeout) {
        FAIL_ONCE(POLL, -1)
        return REAL(poll)(fds, n, timeout);
}

EXPORTED ssize_t send(int fd, const void *data, size_t size, int flags) {
        FAIL_ONCE(SEND, -1)
        return REAL(send)(fd, data, size, flags);
}

EXPORTED ssize_t recv(int fd, void *data, size_t size, int flags) {
        FAIL_ONCE(RECV, -1)
        return REAL(recv)(fd, data, size, flags);
}

EXPORTED int getsockopt(int fd, int level, int name, void *value, socklen_t *size) {
        FAIL_ONCE(GETSOCKOPT, -1)
        return REAL(getsockopt)(fd, level, name, value, size);
}

EXPORTED int fstatat(int fd, const char *path, struct stat *ret, int flags) {
        FAIL_ONCE(FSTATAT, -1)
        return REAL(fstatat)(fd, path, ret, flags);
}

#define FAIL_PAM(which)                                                                            \
        if (is_my_turn(which))                                                                     \
                return PAM_IGNORE; /* the worst that it could say */

EXPORTED int pam_get_item(const pam_handle_t *pamh, int item, const void **ret) {
        FAIL_PAM(GET_ITEM)
        return REAL(pam_get_item)(pamh, item, ret);
}

EXPORTED int pam_get_user(pam_handle_t *pamh, const char **ret, const char *prompt) {
        FAIL_PAM(GET_USER)
        return REAL(pam_get_user)(pamh, ret, prompt);
}

EXPORTED int pam_set_item(pam_handle_t *pamh, int item, const void *value) {
        FAIL_PAM(SET_ITEM)
        return REAL(pam_set_item)(pamh, item, value);
}

EXPORTED int pam_putenv(pam_handle_t *pamh, const char *variable) {
        FAIL_PAM(PUTENV)
        return REAL(pam_putenv)(pamh, variable);
}

EXPORTED int pam_prompt(pam_handle_t *pamh, int style, char **ret, const char *format, ...) {
        FAIL_PAM(PROMPT)
        return REAL(pam_vprompt)(pamh, style, ret, "Password: ", (va_list){ 0 });
}

EXPORTED int pam_set_data(pam_handle_t *pamh, const char *name, void *data,
                          void (*cleanup)(pam_handle_t *, void *, int)) {
        FAIL_PAM(SET_DATA)
        return REAL(pam_set_data)(pamh, name, data, cleanup);
}

static int count_fds(void) {
        int n = 0;

        for (int fd = 0; fd < 256; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

/* Waits for the fake, which closes its end a moment after its answer. */
static void expect_fds(int n) {
        for (int i = 0; i < 1000 && count_fds() != n; i++)
                usleep(1000);
        assert_int_equal(count_fds(), n);
}

/* The result of one call with the turn-th call of this kind failing; *ret_reached: it came to it.
 */
static int with_fault(Host *host, int (*call)(pam_handle_t *, int), enum Fault which, int turn,
                      bool *ret_reached) {
        host_thread = pthread_self();
        fault = which;
        countdown = turn;
        armed = true;
        int code = call(host->pamh, 0);
        armed = false;
        *ret_reached = countdown < 0;
        return code;
}

static void walk(Host *host, int (*call)(pam_handle_t *, int), int status, const char *body,
                 int without_fault, bool may_succeed) {
        for (enum Fault which = 0; which < _FAULT_MAX; which++) {
                bool reached = true;

                for (int turn = 0; reached && turn < 500; turn++) {
                        host_answer(host, status, body);
                        host_start(host, "ada");
                        pam_putenv(host->pamh, "TOKEND_LOGIN=" HOST_OTHER_ID);
                        int n_fds = count_fds();
                        int code = with_fault(host, call, which, turn, &reached);
                        expect_fds(n_fds);
                        if (!reached)
                                assert_int_equal(code, without_fault);
                        if (code == PAM_SUCCESS)
                                assert_true(may_succeed);
                        assert_int_not_equal(code, HOST_IGNORED);
                }
                assert_false(reached);
        }
}

static void test_wrong_password(void **state) {
        walk(*state, pam_authenticate, 401, "{\"reason\":\"wrong-password\"}", PAM_AUTH_ERR, false);
}

static void test_right_password(void **state) {
        walk(*state, pam_authenticate, 200, HOST_GRANT, PAM_SUCCESS, true);
}

static void test_locked_account(void **state) {
        walk(*state, pam_acct_mgmt, 403, "{\"reason\":\"user-locked\"}", PAM_PERM_DENIED, false);
}

static void test_foreign_answer(void **state) {
        walk(*state, pam_acct_mgmt, 200,
             "{\"username\":\"bea\",\"uid\":70000,\"gid\":1,\"state\":\"active\"}", PAM_PERM_DENIED,
             false);
}

static void test_session(void **state) {
        walk(*state, pam_open_session, 200, HOST_OPENED, PAM_SUCCESS, true);
        walk(*state, pam_close_session, 200, HOST_CLOSED, PAM_SUCCESS, true);
}

static void test_password_change(void **state) {
        walk(*state, pam_chauthtok, 200, HOST_CHECK, PAM_AUTHTOK_ERR, false);
}

/* Dispositions and mask are as the host had them, and nothing grows over many logins. */
static void test_many_logins(void **state) {
        Host *host = *state;
        struct sigaction before[32], after;
        sigset_t mask_before, mask_after;
        int n_fds = count_fds();

        sigprocmask(SIG_SETMASK, NULL, &mask_before);
        for (int number = 1; number < 32; number++)
                sigaction(number, NULL, &before[number]);
        host_start(host, "ada");
        for (int i = 0; i < 1000; i++) {
                host_answer(host, 200, HOST_GRANT);
                pam_set_item(host->pamh, PAM_AUTHTOK, NULL);
                host->n_prompts = 0;
                assert_int_equal(pam_authenticate(host->pamh, 0), PAM_SUCCESS);
        }
        expect_fds(n_fds);
        for (int number = 1; number < 32; number++) {
                sigaction(number, NULL, &after);
                assert_true(after.sa_handler == before[number].sa_handler);
        }
        sigprocmask(SIG_SETMASK, NULL, &mask_after);
        for (int number = 1; number < 32; number++)
                assert_int_equal(sigismember(&mask_before, number),
                                 sigismember(&mask_after, number));
}

#define N_THREADS 64

typedef struct Login {
        Host host; /* only its conversation */
        const char *folder;
        char user[16];
        int n_wrong;
} Login;

static void *log_in_often(void *userdata) {
        Login *login = userdata;
        const struct pam_conv conversation = { host_converse, &login->host };

        login->host.answers[0] = "right";
        for (int i = 0; i < 20; i++) {
                pam_handle_t *pamh = NULL;

                login->host.n_prompts = 0;
                if (pam_start_confdir("test", login->user, &conversation, login->folder, &pamh))
                        abort();
                int code = pam_authenticate(pamh, 0);
                const char *id = pam_getenv(pamh, "TOKEND_LOGIN");
                /* The user's name stands at the end of the id. */
                if (code != PAM_SUCCESS || !id || !strstr(id, login->user + 1))
                        login->n_wrong++;
                pam_end(pamh, code);
        }
        return NULL;
}

/* Answers everybody with a grant of their own, until the pipe closes. */
static void *serve_everybody(void *userdata) {
        FakeTokend *fake = userdata;

        for (;;) {
                struct pollfd ready[2] = { { .fd = fake->listener, .events = POLLIN },
                                           { .fd = fake->stop[0], .events = POLLIN } };
                char request[FAKE_REQUEST_MAX], body[256], text[512];

                if (poll(ready, 2, -1) > 0 && ready[1].revents)
                        return NULL;
                int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
                fake_receive(fake, fd, request);
                const char *user = strstr(request, "username=");
                int number = user ? atoi(user + 10) : 0;
                snprintf(body, sizeof(body), "{\"login\":\"00000000000000000000000000000%03d\","
                                             "\"username\":\"u%03d\",\"uid\":70000,\"gid\":1,"
                                             "\"state\":\"active\"}", number, number);
                fake_send(fd, &(FakeAnswer){ .bytes = fake_json(text, sizeof(text), 200, body) });
                close(fd);
        }
}

/* 64 threads of one process, each for another user: nobody gets another's answer. */
static void test_threads(void **state) {
        Host *host = *state;
        FakeTokend fake = { .lock = PTHREAD_MUTEX_INITIALIZER };
        Login *logins = calloc(N_THREADS, sizeof(*logins));
        pthread_t server, threads[N_THREADS];
        char options[256];

        fake_listen(&fake, 128);
        assert_int_equal(pipe2(fake.stop, O_CLOEXEC), 0);
        assert_int_equal(pthread_create(&server, NULL, serve_everybody, &fake), 0);
        snprintf(options, sizeof(options), "timeout=30 socket=%s", fake.path);
        host_options(host, options);
        host_start(host, "ada");
        for (int i = 0; i < N_THREADS; i++) {
                logins[i].folder = host->folder;
                snprintf(logins[i].user, sizeof(logins[i].user), "u%03d", i);
                assert_int_equal(pthread_create(&threads[i], NULL, log_in_often, &logins[i]), 0);
        }
        for (int i = 0; i < N_THREADS; i++) {
                pthread_join(threads[i], NULL);
                assert_int_equal(logins[i].n_wrong, 0);
        }
        assert_int_equal(write(fake.stop[1], "", 1), 1);
        pthread_join(server, NULL);
        close(fake.stop[0]);
        close(fake.stop[1]);
        fake_unlisten(&fake);
        free(logins);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                HOST_TEST(test_wrong_password),  HOST_TEST(test_right_password),
                HOST_TEST(test_locked_account),  HOST_TEST(test_foreign_answer),
                HOST_TEST(test_session),         HOST_TEST(test_password_change),
                HOST_TEST(test_many_logins),      HOST_TEST(test_threads),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
