#pragma once

/* tokenctl as its users see it: run against a scripted tokend, with what it printed, how it ended
 * and what it asked. */

#include "unit.h"

#include <errno.h>
#include <sys/wait.h>

#include "fake-tcp.h"

#define OUTPUT_MAX 16384
#define REPLY_MAX  8192
#define TOKEN      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID         "0123456789abcdef0123456789abcdef"
#define ADA                                                                                        \
        "{\"id\":\"u-1\",\"name\":\"ada\",\"uid\":70000,\"gid\":70000,\"scopes\":[\"a\",\"b\"],"   \
        "\"state\":\"active\",\"created\":1795939920}"

typedef struct Run {
        FakeTokend *fake;
        FakeTokend local;
        char replies[FAKE_SCRIPT_MAX][REPLY_MAX];
        FakeAnswer answers[FAKE_SCRIPT_MAX];
        size_t n;
        const char *input;
        char out[OUTPUT_MAX];
        char err[OUTPUT_MAX];
} Run;

static inline int run_setup(void **state) {
        Run *run = calloc(1, sizeof(*run));

        fake_start(&run->local);
        run->fake = &run->local;
        setenv("TOKEND_SOCKET", run->local.path, 1);
        setenv("TZ", "UTC", 1);
        *state = run;
        return 0;
}

static inline int run_teardown(void **state) {
        Run *run = *state;

        fake_stop(&run->local);
        free(run);
        return 0;
}

static inline void will_answer(Run *run, int status, const char *json) {
        fake_json(run->replies[run->n], REPLY_MAX, status, json);
        run->answers[run->n].bytes = run->replies[run->n];
        run->n++;
        fake_script(run->fake, run->answers, run->n);
}

static inline void forget(Run *run) {
        run->n = 0;
        run->input = NULL;
        fake_script(run->fake, NULL, 0);
}

static inline void read_back(FILE *file, char *text) {
        size_t n;

        rewind(file);
        n = fread(text, 1, OUTPUT_MAX - 1, file);
        text[n] = '\0';
        fclose(file);
}

static inline int tokenctl(Run *run, ...) {
        const char *argv[24] = { "tokenctl" };
        FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
        va_list words;
        int status, n = 1;
        pid_t pid;

        va_start(words, run);
        while ((argv[n] = va_arg(words, const char *)))
                n++;
        va_end(words);
        if (run->input)
                fputs(run->input, in);
        rewind(in);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                dup2(fileno(in), STDIN_FILENO);
                dup2(fileno(out), STDOUT_FILENO);
                dup2(fileno(err), STDERR_FILENO);
                setsid(); /* no terminal to ask on */
                execv(getenv("TOKENCTL"), (char *const *)argv);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        fclose(in);
        read_back(out, run->out);
        read_back(err, run->err);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static inline void assert_asked(Run *run, size_t i, const char *line, const char *body) {
        const char *request = run->fake->requests[i];
        const char *end = strstr(request, "\r\n\r\n");

        assert_true(i < fake_count(run->fake));
        assert_non_null(end);
        if (strncmp(request, line, strlen(line)) != 0)
                assert_string_equal(request, line);
        assert_string_equal(request + strlen(line), strstr(request, " HTTP/1.1\r\n"));
        if (body)
                assert_string_equal(end + 4, body);
}

#define WITH_RUN(f) cmocka_unit_test_setup_teardown(f, run_setup, run_teardown)
