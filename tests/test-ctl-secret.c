#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/secret-input.h"

static char folder[] = "/tmp/test-ctl-secret-XXXXXX";

static int group_setup(void **state) {
        return mkdtemp(folder) ? 0 : -1;
}

static int group_teardown(void **state) {
        return rmdir(folder);
}

static int read_bytes(const void *bytes, size_t size, Secret *ret) {
        char path[128];
        int fd, r;

        snprintf(path, sizeof(path), "%s/secret", folder);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, bytes, size), size);
        close(fd);
        r = secret_read_file(path, ret);
        unlink(path);
        return r;
}

/* One newline goes, and nothing else. */
static void test_file(void **state) {
        static const struct {
                const char *in;
                const char *out;
        } rows[] = {
                { "secret", "secret" }, { "secret\n", "secret" },     { "secret\n\n", "secret\n" },
                { " s \t\n", " s \t" }, { "s\r\n", "s\r" },           { "a\nb\n", "a\nb" },
                { "\xe4\n", "\xe4" },   { "&=%+\"\\\n", "&=%+\"\\" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                Secret secret = SECRET_INIT;

                assert_int_equal(read_bytes(rows[i].in, strlen(rows[i].in), &secret), 0);
                assert_string_equal(secret_text(&secret), rows[i].out);
                assert_int_equal(secret.size, strlen(rows[i].out));
                secret_done(&secret);
        }
}

static void test_file_refused(void **state) {
        Secret secret = SECRET_INIT;
        char *large = malloc(SECRET_INPUT_MAX + 2);

        memset(large, 'x', SECRET_INPUT_MAX + 2);
        assert_int_equal(read_bytes("", 0, &secret), -ENODATA);
        assert_int_equal(read_bytes("\n", 1, &secret), -ENODATA);
        assert_int_equal(read_bytes("a\0b", 3, &secret), -EILSEQ);
        assert_int_equal(read_bytes("a\0\n", 3, &secret), -EILSEQ);
        assert_int_equal(read_bytes(large, SECRET_INPUT_MAX + 1, &secret), -EFBIG);
        assert_int_equal(read_bytes(large, SECRET_INPUT_MAX + 2, &secret), -EFBIG);
        assert_int_equal(secret_read_file("/nonexistent/file", &secret), -ENOENT);
        assert_int_equal(secret_read_file("/", &secret), -EISDIR);
        assert_int_equal(secret_read_file("/dev/zero", &secret), -EFBIG);
        assert_null(secret.text);

        large[SECRET_INPUT_MAX] = '\n';
        assert_int_equal(read_bytes(large, SECRET_INPUT_MAX + 1, &secret), 0);
        assert_int_equal(secret.size, SECRET_INPUT_MAX);
        secret_done(&secret);
        free(large);
}

static void test_one_standard_input(void **state) {
        Options options = { 0 };

        options.values[OPTION_PASSWORD_FILE] = "-";
        options.values[OPTION_TOKEN_FILE] = "file";
        assert_int_equal(secret_inputs_check(&options), EXIT_DONE);
        options.values[OPTION_TOKEN_FILE] = "-";
        assert_int_equal(secret_inputs_check(&options), EXIT_MISUSED);
}

/* A child with a terminal of its own asks; what it was told comes back through a pipe, as
 * "0:secret" or "-5:". */
typedef struct Asker {
        pid_t pid;
        int terminal;
        int answer;
        char shown[4096];
        size_t n_shown;
} Asker;

static void asker_start(Asker *asker) {
        int pipes[2];

        memset(asker, 0, sizeof(*asker));
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        asker->pid = forkpty(&asker->terminal, NULL, NULL, NULL);
        assert_true(asker->pid >= 0);
        if (asker->pid == 0) {
                Secret secret = SECRET_INIT;
                int r = terminal_ask("Password for ada", &secret);

                dprintf(pipes[1], "%d:%s", r, secret_text(&secret));
                secret_done(&secret);
                _exit(0);
        }
        close(pipes[1]);
        asker->answer = pipes[0];
}

static void asker_see(Asker *asker, const char *text) {
        for (int rounds = 0; rounds < 100; rounds++) {
                struct pollfd ready = { .fd = asker->terminal, .events = POLLIN };
                ssize_t n;

                if (strstr(asker->shown, text))
                        return;
                if (poll(&ready, 1, 5000) <= 0)
                        break;
                n = read(asker->terminal, asker->shown + asker->n_shown,
                         sizeof(asker->shown) - 1 - asker->n_shown);
                if (n <= 0)
                        break;
                asker->n_shown += (size_t)n;
        }
        assert_non_null(strstr(asker->shown, text));
}

static void asker_type(Asker *asker, const char *text) {
        assert_int_equal(write(asker->terminal, text, strlen(text)), strlen(text));
}

static bool asker_echoes(const Asker *asker) {
        struct termios settings;

        assert_int_equal(tcgetattr(asker->terminal, &settings), 0);
        return settings.c_lflag & ECHO;
}

/* The prompt is written with the echo off already. */
static void asker_await_prompt(Asker *asker) {
        asker_see(asker, "Password for ada: ");
        assert_false(asker_echoes(asker));
}

static void asker_end(Asker *asker, char *ret_answer, size_t size, int *ret_status) {
        ssize_t n = read(asker->answer, ret_answer, size - 1);

        ret_answer[n > 0 ? n : 0] = '\0';
        assert_int_equal(waitpid(asker->pid, ret_status, 0), asker->pid);
        close(asker->answer);
        close(asker->terminal);
}

static void test_terminal(void **state) {
        Asker asker;
        char answer[128];
        int status;

        asker_start(&asker);
        asker_await_prompt(&asker);
        asker_type(&asker, " secret \xe4\n");
        asker_see(&asker, "\n");
        assert_true(asker_echoes(&asker) || waitpid(asker.pid, &status, WNOHANG) == 0);
        asker_end(&asker, answer, sizeof(answer), &status);
        assert_string_equal(answer, "0: secret \xe4");
        assert_null(strstr(asker.shown, "secret"));
}

static void test_terminal_refused(void **state) {
        Asker asker;
        char answer[128];
        int status;

        asker_start(&asker);
        asker_await_prompt(&asker);
        asker_type(&asker, "\x04");
        asker_end(&asker, answer, sizeof(answer), &status);
        assert_int_equal(atoi(answer), -ENODATA);

        asker_start(&asker);
        asker_await_prompt(&asker);
        assert_int_equal(write(asker.terminal, "a\0b\n", 4), 4);
        asker_end(&asker, answer, sizeof(answer), &status);
        assert_int_equal(atoi(answer), -EILSEQ);
}

static void await_echo(const Asker *asker) {
        for (int i = 0; i < 500 && !asker_echoes(asker); i++)
                usleep(10000);
        assert_true(asker_echoes(asker));
}

/* The shell that comes after must echo again. */
static void test_signals(void **state) {
        static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

        for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
                /* A slave of ours keeps the terminal's settings when the child is gone. */
                Asker asker;
                char answer[128];
                int status, slave;

                asker_start(&asker);
                slave = open(ptsname(asker.terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
                assert_true(slave >= 0);
                asker_await_prompt(&asker);
                asker_type(&asker, "half");
                kill(asker.pid, signals[i]);
                await_echo(&asker);
                asker_end(&asker, answer, sizeof(answer), &status);
                assert_true(WIFSIGNALED(status));
                assert_int_equal(WTERMSIG(status), signals[i]);
                assert_string_equal(answer, "");
                close(slave);
        }
}

/* ^C as it is typed. */
static void test_interrupt(void **state) {
        Asker asker;
        char answer[128];
        int status;

        asker_start(&asker);
        asker_await_prompt(&asker);
        asker_type(&asker, "ha\x03");
        asker_end(&asker, answer, sizeof(answer), &status);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGINT);
}

static void test_stop(void **state) {
        Asker asker;
        char answer[128];
        int status;

        asker_start(&asker);
        asker_await_prompt(&asker);
        asker_type(&asker, "lost");
        /* Not SIGTSTP, which does nothing to an orphaned process group such as this. */
        kill(asker.pid, SIGSTOP);
        assert_int_equal(waitpid(asker.pid, &status, WUNTRACED), asker.pid);
        assert_true(WIFSTOPPED(status));
        kill(asker.pid, SIGCONT);
        kill(asker.pid, SIGTSTP);
        asker.shown[0] = '\0';
        asker.n_shown = 0;
        memset(asker.shown, 0, sizeof(asker.shown));
        asker_await_prompt(&asker);
        asker_type(&asker, "secret\n");
        asker_end(&asker, answer, sizeof(answer), &status);
        assert_string_equal(answer, "0:secret");
}

static void test_no_terminal(void **state) {
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                Secret secret = SECRET_INIT;

                setsid();
                _exit(terminal_ask("x", &secret) == -ENXIO ? 7 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), 7);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_file),
                cmocka_unit_test(test_file_refused),
                cmocka_unit_test(test_one_standard_input),
                cmocka_unit_test(test_terminal),
                cmocka_unit_test(test_terminal_refused),
                cmocka_unit_test(test_signals),
                cmocka_unit_test(test_interrupt),
                cmocka_unit_test(test_stop),
                cmocka_unit_test(test_no_terminal),
        };

        /* Whoever started this may ignore it, as shells do for what runs in the background. */
        signal(SIGINT, SIG_DFL);
        signal(SIGQUIT, SIG_DFL);
        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
