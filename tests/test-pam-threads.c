/* 64 threads of one process log in at once, each with a handle and a user of its own: nobody gets
 * another's answer. Built a second time with the thread sanitizer, program and module. */

#include "unit.h"

#include <dlfcn.h>
#include <security/pam_appl.h>
#include <stdlib.h>

#include "fake-authority.h"

#define N_THREADS 64
#define N_LOGINS  10

typedef struct Login {
        pthread_t thread;
        const char *folder;
        pthread_barrier_t *start;
        int number;
        char user[16];
        char password[24];
        bool is_right;
        int n_mixed_up;
} Login;

/* Takes libpam's place in the module: the tests' log stays empty. */
__attribute__((visibility("default"))) void pam_syslog(const pam_handle_t *pamh, int priority,
                                                       const char *format, ...);

void pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...) {
}

/* libpam writes to the audit log in failures; that library keeps its own texts without a lock. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void) {
        return "called_from_lib:libaudit.so\n";
}

static void no_delay(int code, unsigned usec, void *userdata) {
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *userdata) {
        const Login *login = userdata;

        *ret = calloc((size_t)n, sizeof(**ret));
        for (int i = 0; i < n; i++)
                (*ret)[i].resp = strdup(login->password);
        return PAM_SUCCESS;
}

static pam_handle_t *start(Login *login) {
        const struct pam_conv conversation = { converse, login };
        pam_handle_t *pamh = NULL;

        if (pam_start_confdir("test", login->user, &conversation, login->folder, &pamh) != 0)
                abort();
        pam_set_item(pamh, PAM_FAIL_DELAY, no_delay);
        return pamh;
}

/* The number at the end of the login's id; -1: no login. */
static int login_number(pam_handle_t *pamh) {
        const char *id = pam_getenv(pamh, "TOKEND_LOGIN");

        return id ? atoi(id) : -1;
}

static bool log_in_rightly(Login *login, pam_handle_t *pamh) {
        if (pam_authenticate(pamh, 0) != PAM_SUCCESS || login_number(pamh) != login->number)
                return false;
        if (pam_acct_mgmt(pamh, 0) != PAM_SUCCESS)
                return false;
        if (pam_setcred(pamh, PAM_ESTABLISH_CRED) != PAM_SUCCESS)
                return false;
        if (pam_open_session(pamh, 0) != PAM_SUCCESS || login_number(pamh) != login->number)
                return false;
        return pam_close_session(pamh, 0) == PAM_SUCCESS;
}

static void *log_in_often(void *userdata) {
        Login *login = userdata;

        pthread_barrier_wait(login->start);
        for (int i = 0; i < N_LOGINS; i++) {
                pam_handle_t *pamh = start(login);
                bool is_mine = login->is_right ? log_in_rightly(login, pamh)
                                               : pam_authenticate(pamh, 0) == PAM_AUTH_ERR &&
                                                                 login_number(pamh) == -1;
                login->n_mixed_up += !is_mine;
                pam_end(pamh, PAM_SUCCESS);
        }
        return NULL;
}

/* One file under both names: libpam complains when there is none for "other". */
static void write_services(const char *folder, const char *module, const char *socket_path) {
        static const char *const kinds[] = { "auth", "account", "session" };
        char path[96], other[96];

        snprintf(path, sizeof(path), "%s/test", folder);
        snprintf(other, sizeof(other), "%s/other", folder);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        for (size_t i = 0; i < 3; i++)
                fprintf(file, "%s requisite %s socket=%s timeout=60\n", kinds[i], module,
                        socket_path);
        fclose(file);
        assert_int_equal(link(path, other), 0);
}

static void remove_services(const char *folder) {
        char path[96];

        snprintf(path, sizeof(path), "%s/test", folder);
        unlink(path);
        snprintf(path, sizeof(path), "%s/other", folder);
        unlink(path);
        rmdir(folder);
}

static void test_threads(void **state) {
        static Login logins[N_THREADS];
        pthread_barrier_t barrier;
        char folder[] = "/tmp/pam-threads-XXXXXX";
        const char *module = getenv("PAM_TOKEND");
        Authority authority;
        int n_mixed_up = 0;

        authority_start(&authority);
        assert_non_null(mkdtemp(folder));
        write_services(folder, module, authority.fake.path);
        void *held = dlopen(module, RTLD_NOW);
        assert_non_null(held);
        pthread_barrier_init(&barrier, NULL, N_THREADS);

        for (int i = 0; i < N_THREADS; i++) {
                Login *login = &logins[i];

                *login = (Login){
                        .folder = folder, .start = &barrier, .number = i, .is_right = i % 4 != 3
                };
                snprintf(login->user, sizeof(login->user), "u%03d", i);
                /* a wrong one is the neighbour's right one */
                snprintf(login->password, sizeof(login->password), "pw-u%03d",
                         login->is_right ? i : i - 1);
                assert_int_equal(pthread_create(&login->thread, NULL, log_in_often, login), 0);
        }
        for (int i = 0; i < N_THREADS; i++) {
                pthread_join(logins[i].thread, NULL);
                n_mixed_up += logins[i].n_mixed_up;
        }
        print_message("%d threads, %d logins each, %d mixed up\n", N_THREADS, N_LOGINS, n_mixed_up);
        assert_int_equal(n_mixed_up, 0);
        assert_int_equal(authority.shared->n_granted, N_THREADS * 3 / 4 * N_LOGINS);

        pthread_barrier_destroy(&barrier);
        dlclose(held);
        remove_services(folder);
        authority_stop(&authority);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_threads) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
