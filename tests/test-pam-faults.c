/* Every call of the module's fails once, at each of its turns and in each way that it can, in every
 * function, for right and for wrong passwords. Nobody is let in who would not be let in otherwise,
 * and nothing is left open, held or changed. The module under test is the installed one's objects
 * with their calls wrapped (pam-fault-calls.c). */

#include "unit.h"

#include <dirent.h>
#include <dlfcn.h>
#include <security/pam_ext.h>
#include <signal.h>
#include <stdlib.h>

#include "fake-authority.h"
#include "pam-fault-cases.h"
#include "pam-fault.h"
#include "wire/protocol.h"
#include "wire/text.h"

/* Less than this, and something is not reached any more. */
#define N_INJECTIONS_MIN 8000

/* What can't fail, or has nothing to fail with: all of libc that only looks at memory. */
static const char *const harmless[] = {
        "feof",           "memchr",         "memcmp",         "memcpy",          "memmove",
        "memset",         "stpcpy",         "strcasecmp",     "strchr",          "strcmp",
        "strcspn",        "strlen",         "strncmp",        "strspn",          "strncasecmp",
        "strnlen",        "strrchr",        "strtod",         "qsort_r",         "snprintf",
        "explicit_bzero", "errno_location", "stack_chk_fail", "strerrorname_np", "pam_strerror",
        "pam_syslog",     "free",           "geteuid",        "getuid",          "clock_gettime",
        "strsep",
};

typedef struct World {
        Authority authority;
        char folder[64];
        char run_folder[80];
        void *module;
        FaultCall *calls;
        FaultControl *control;
        struct sigaction actions[64];
        sigset_t mask;
        unsigned long n_injections;
        unsigned long n_bad;
} World;

/* Takes libpam's place in the module: the tests' log stays empty. */
__attribute__((visibility("default"))) void pam_syslog(const pam_handle_t *pamh, int priority,
                                                       const char *format, ...) {
}

static void no_delay(int code, unsigned usec, void *userdata) {
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *userdata) {
        const Case *row = userdata;

        *ret = calloc((size_t)n, sizeof(**ret));
        for (int i = 0; i < n; i++) {
                const char *text = strstr(messages[i]->msg, "Current") ? row->old : row->password;

                if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF && text)
                        (*ret)[i].resp = strdup(text);
        }
        return PAM_SUCCESS;
}

static void write_service(World *world, const Case *row) {
        static const char *const kinds[] = { "auth", "account", "session", "password" };
        char path[96];

        snprintf(path, sizeof(path), "%s/test", world->folder);
        FILE *file = fopen(path, "we");
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                fprintf(file,
                        "%s [success=ok ignore=1 default=die] %s socket=%s timeout=5 %s\n"
                        "%s [success=done default=die] pam_permit.so\n"
                        "%s requisite pam_debug.so auth=cred_expired cred=cred_expired "
                        "acct=cred_expired open_session=cred_expired close_session=cred_expired "
                        "prechauthtok=cred_expired chauthtok=cred_expired\n",
                        kinds[i], getenv("PAM_TOKEND_FAULTS"), world->authority.fake.path,
                        row->options ? row->options : "", kinds[i], kinds[i]);
        fclose(file);
}

static pam_handle_t *start(World *world, const Case *row) {
        const struct pam_conv conversation = { converse, (void *)row };
        pam_handle_t *pamh = NULL;

        assert_int_equal(pam_start_confdir("test", "ada", &conversation, world->folder, &pamh), 0);
        pam_set_item(pamh, PAM_RHOST, "192.0.2.1");
        pam_set_item(pamh, PAM_TTY, "ssh");
        pam_set_item(pamh, PAM_FAIL_DELAY, no_delay);
        if (row->login)
                pam_putenv(pamh, row->login);
        return pamh;
}

static int count_fds(void) {
        int n = 0;

        for (int fd = 0; fd < 128; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

static void remember_signals(World *world) {
        for (int number = 1; number < 64; number++)
                sigaction(number, NULL, &world->actions[number]);
        sigprocmask(SIG_SETMASK, NULL, &world->mask);
}

static bool signals_are_kept(const World *world) {
        struct sigaction now;
        sigset_t mask;

        sigprocmask(SIG_SETMASK, NULL, &mask);
        for (int number = 1; number < 64; number++) {
                if (sigaction(number, NULL, &now) < 0)
                        continue;
                if (now.sa_handler != world->actions[number].sa_handler ||
                    now.sa_flags != world->actions[number].sa_flags)
                        return false;
                if (sigismember(&mask, number) != sigismember(&world->mask, number))
                        return false;
        }
        return true;
}

static int call_module(World *world, const Case *row, pam_handle_t *pamh) {
        int stdin_copy = row->lacks_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : -1;

        if (row->lacks_stdin)
                close(STDIN_FILENO);
        world->control->is_armed = true;
        int code = row->call(pamh, row->flags);
        world->control->is_armed = false;
        if (row->lacks_stdin) {
                bool is_open = fcntl(STDIN_FILENO, F_GETFD) >= 0;
                dup2(stdin_copy, STDIN_FILENO);
                close(stdin_copy);
                assert_false(is_open);
        }
        return code;
}

/* A session goes on while tokend can't be asked, whoever's it is. */
static bool is_session(const Case *row) {
        return row->call == pam_open_session || row->call == pam_close_session;
}

/* A token's file is its user's alone and whole, or it is not there. */
static const char *judge_file(const char *folder, const char *name) {
        char path[512];
        struct stat status;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        if (lstat(path, &status) < 0)
                return "a file that can't be looked at";
        if (status.st_size == 0)
                return NULL; /* it was there before */
        if (strlen(name) != TOKEN_ID_SIZE)
                return "a file that is not ready";
        if ((int)status.st_uid != authority_uid() || (int)status.st_gid != authority_gid())
                return "a file of somebody else's";
        if (!S_ISREG(status.st_mode) || (status.st_mode & 07777) != 0400)
                return "a file with another mode";
        return status.st_size == TOKEN_TEXT_SIZE + 1 ? NULL : "a file that is not whole";
}

/* Whether a file that stays is right, and is there if the session was told so. */
static const char *judge_files(const World *world, const Case *row, pam_handle_t *pamh) {
        const char *told = pam_getenv(pamh, "TOKEND_TOKEN_FILE"), *wrong = NULL;
        char path[96];
        size_t n = 0;

        snprintf(path, sizeof(path), "%s/tokens", world->run_folder);
        DIR *folder = opendir(path);
        for (struct dirent *entry; folder && !wrong && (entry = readdir(folder));)
                if (entry->d_name[0] != '.' && n++ < 2)
                        wrong = judge_file(path, entry->d_name);
        if (folder)
                closedir(folder);
        if (!wrong && row->call == pam_open_session && told && n == 0)
                return "no file where the session was told of one";
        return wrong;
}

/* A session that is not open, or open no more, leaves no token, unless its place can't be reached.
 */
static bool must_leave_no_file(const World *world, const Case *row, int code) {
        static const char *const ways[] = { "open", "openat", "fstat", "unlinkat" };
        const char *failed = world->calls[world->control->call].name;

        if (row->call == pam_open_session)
                return code != PAM_SUCCESS;
        if (row->call != pam_close_session || code != PAM_SUCCESS)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(ways); i++)
                if (world->control->countdown < 0 && streq(failed, ways[i]))
                        return false;
        return world->authority.shared->n_asked > 0;
}

static bool has_file(const World *world) {
        char path[192];

        snprintf(path, sizeof(path), "%s/tokens/%032d", world->run_folder, 0);
        return access(path, F_OK) == 0;
}

/* What is wrong with the outcome; NULL: nothing. */
static const char *judge(World *world, const Case *row, pam_handle_t *pamh, int code, bool failed) {
        const AuthorityState *shared = world->authority.shared;

        if (!failed && code != row->expected)
                return "another code, though nothing failed";
        if (code == PAM_SUCCESS && !row->may_succeed && !(is_session(row) && shared->n_asked == 0))
                return "success";
        if (code == IGNORED && !row->may_ignore)
                return "ignored";
        if (row->call == pam_authenticate && code == PAM_SUCCESS && shared->n_granted == 0)
                return "let in, and nobody was asked";
        if (row->call == pam_authenticate && code != PAM_SUCCESS &&
            pam_getenv(pamh, "TOKEND_LOGIN"))
                return "a login in the environment";
        if (row->call == pam_chauthtok && code == PAM_SUCCESS && shared->n_changed == 0)
                return "changed, and nobody was asked";
        if (!row->may_succeed && shared->n_changed > 0)
                return "changed";
        if (code != PAM_SUCCESS && pam_getenv(pamh, "TOKEND_TOKEN"))
                return "a token in the environment";
        if (must_leave_no_file(world, row, code) && has_file(world))
                return "a file";
        return signals_are_kept(world) ? judge_files(world, row, pamh) : "signals changed";
}

static void make_file(const World *world, const char *suffix) {
        char path[192];

        snprintf(path, sizeof(path), "%s/tokens/%032d%s", world->run_folder, 0, suffix);
        FILE *left = fopen(path, "we");
        fclose(left);
}

/* What was there before: nothing, or what a session that is open or a process that died left. */
static void make_folder(const World *world, const Case *row) {
        char path[192];

        snprintf(path, sizeof(path), "%s/tokens/%032d.new", world->run_folder, 0);
        unlink(path);
        *strrchr(path, '.') = '\0';
        unlink(path);
        *strrchr(path, '/') = '\0';
        rmdir(path);
        if (!row->has_folder)
                return;
        assert_int_equal(mkdir(path, 0711), 0);
        make_file(world, row->call == pam_close_session ? "" : ".new");
}

/* With nothing armed. */
static pam_handle_t *prepare(World *world, const Case *row) {
        AuthorityState *shared = world->authority.shared;

        world->control->is_armed = false;
        make_folder(world, row);
        pam_handle_t *pamh = start(world, row);
        if (row->opens)
                assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
        shared->n_asked = shared->n_granted = shared->n_changed = 0;
        world->control->authtok = row->recalled;
        world->control->old_authtok = row->recalled_old;
        return pamh;
}

/* One call with one fault; whether it came to it. */
static bool inject(World *world, const Case *row, int call, int variant, long turn) {
        pam_handle_t *pamh = prepare(world, row);
        int n_fds = count_fds();

        world->control->call = call;
        world->control->variant = variant;
        world->control->countdown = turn;
        int code = call_module(world, row, pamh);
        bool failed = world->control->countdown < 0;

        const char *wrong = judge(world, row, pamh, code, failed);
        if (!wrong && count_fds() != n_fds)
                wrong = "descriptors";
        pam_end(pamh, code);
        if (!wrong && world->control->n_allocated != 0)
                wrong = "memory";
        world->control->n_allocated = 0;
        world->n_injections += failed;
        if (!wrong)
                return failed;
        world->n_bad++;
        print_error("%s: %s: %s fails with %d at its turn %ld: code %d\n", row->name, wrong,
                    world->calls[call].name, variant, turn, code);
        return failed;
}

static void walk(World *world, const Case *row) {
        world->authority.shared->state = row->state ? row->state : "active";
        world->authority.shared->refusal = row->refusal;
        write_service(world, row);
        /* keeps the other modules loaded */
        pam_handle_t *pamh = start(world, row);
        for (int call = 0; world->calls[call].name; call++)
                for (const int *variant = world->calls[call].variants; *variant != 0; variant++)
                        for (long turn = 0; inject(world, row, call, *variant, turn); turn++)
                                assert_true(turn < 1000);
        pam_end(pamh, PAM_SUCCESS);
}

static void test_every_call_fails(void **state) {
        World *world = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                walk(world, &cases[i]);
        print_message("%lu injections, %lu bad outcomes\n", world->n_injections, world->n_bad);
        assert_int_equal(world->n_bad, 0);
        assert_true(world->n_injections >= N_INJECTIONS_MIN);
}

/* "fstatat64" and "__recv_chk" are fstatat and recv. */
static char *canonical(char *name) {
        size_t size = strcspn(name, "@\n");

        name[size] = '\0';
        if (size > 4 && streq(name + size - 4, "_chk"))
                name[size -= 4] = '\0';
        if (size > 2 && streq(name + size - 2, "64"))
                name[size - 2] = '\0';
        return strncmp(name, "__", 2) == 0 ? name + 2 : name;
}

static bool is_harmless(const char *name) {
        /* Only strv_append() calls them, which stands in a file of the module's and is not its. */
        if (streq(name, "reallocarray") || streq(name, "strndup"))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(harmless); i++)
                if (streq(harmless[i], name))
                        return true;
        return strncmp(name, "asan_", 5) == 0 || strncmp(name, "ubsan_", 6) == 0;
}

static bool is_reached(const World *world, const char *name) {
        for (const FaultCall *call = world->calls; call->name; call++)
                if (streq(call->name, name))
                        return call->n_reached > 0;
        return false;
}

/* Whoever gives the module a new call has to say here how it fails. */
static void test_no_call_is_forgotten(void **state) {
        World *world = *state;
        char command[512], line[256], kind;
        size_t n = 0;

        snprintf(command, sizeof(command), "nm -D --undefined-only '%s'", getenv("PAM_TOKEND"));
        FILE *symbols = popen(command, "re");
        assert_non_null(symbols);
        while (fgets(line, sizeof(line), symbols)) {
                char name[256];

                if (sscanf(line, " %c %255s", &kind, name) != 2 || kind == 'w')
                        continue;
                const char *plain = canonical(name);
                if (!is_harmless(plain) && !is_reached(world, plain))
                        fail_msg("%s: neither harmless nor reached by a case above", plain);
                n++;
        }
        assert_int_equal(pclose(symbols), 0);
        assert_true(n > 30);
}

static int setup(void **state) {
        World *world = calloc(1, sizeof(*world));
        char path[96];

        authority_start(&world->authority);
        strcpy(world->folder, "/tmp/pam-faults-XXXXXX");
        if (!mkdtemp(world->folder))
                return -1;
        snprintf(world->run_folder, sizeof(world->run_folder), "%s/run", world->folder);
        if (mkdir(world->run_folder, 0755) < 0)
                return -1;
        snprintf(path, sizeof(path), "%s/other", world->folder);
        FILE *other = fopen(path, "we");
        fputs("auth required pam_deny.so\n", other);
        fclose(other);
        world->module = dlopen(getenv("PAM_TOKEND_FAULTS"), RTLD_NOW);
        if (!world->module)
                return -1;
        world->calls = dlsym(world->module, "fault_calls");
        world->control = dlsym(world->module, "fault_control");
        world->control->run_folder = world->run_folder;
        remember_signals(world);
        *state = world;
        return 0;
}

static int teardown(void **state) {
        World *world = *state;
        char path[96];

        snprintf(path, sizeof(path), "%s/test", world->folder);
        unlink(path);
        snprintf(path, sizeof(path), "%s/other", world->folder);
        unlink(path);
        make_folder(world, &cases[0]);
        rmdir(world->run_folder);
        rmdir(world->folder);
        authority_stop(&world->authority);
        dlclose(world->module);
        free(world);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_call_fails),
                cmocka_unit_test(test_no_call_is_forgotten),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
