#pragma once

/* For the tests of pam/: an application with a conversation by script, a configuration folder of
 * its own, the freshly built module ($PAM_TOKEND) and a fake tokend. What the module would have
 * written to the system's log is kept: pam_syslog() below takes its place, as the program exports
 * it. */

#include "unit.h"

#include <security/pam_appl.h>
#include <security/pam_ext.h>

#include "fake-tokend.h"
#include "wire/protocol.h"
#include "wire/text.h"

#pragma GCC diagnostic ignored "-Wunused-function"

#define HOST_PATIENCE "timeout=5"
#define HOST_ID       "0123456789abcdef0123456789abcdef"
#define HOST_OTHER_ID "fedcba9876543210fedcba9876543210"
#define HOST_GRANT                                                                                 \
        "{\"access_token\":\"SECRETTOKEN\",\"id\":\"" HOST_ID "\",\"login\":\"" HOST_ID "\","      \
        "\"username\":\"ada\",\"uid\":70000,\"gid\":70001,\"state\":\"active\"}"
#define HOST_CHECK  "{\"username\":\"ada\",\"uid\":70000,\"gid\":70001,\"state\":\"active\"}"
#define HOST_OPENED "{\"login\":\"" HOST_ID "\",\"username\":\"ada\",\"uid\":70000,\"gid\":70001}"
#define HOST_CLOSED "{\"revoked\":2}"
/* Whatever is asked: with the user's id, as a change of password needs it. */
#define HOST_ACCOUNT(state)                                                                        \
        "{\"id\":\"id/1\",\"name\":\"ada\",\"username\":\"ada\",\"uid\":70000,\"gid\":70001,"      \
        "\"state\":\"" state "\",\"login\":\"" HOST_ID "\",\"revoked\":1}"

#define HOST_ANSWERS_MAX 8

typedef struct Host {
        FakeTokend fake;
        char folder[64];
        char options[256]; /* behind socket= */
        const char *answers[HOST_ANSWERS_MAX];
        size_t n_prompts; /* with echo off */
        size_t n_others;
        int conv_result;
        unsigned delay; /* that failures are to have, µs */
        char messages[1024];
        pam_handle_t *pamh;
} Host;

static char host_log[8192];
static size_t host_n_lines;

__attribute__((visibility("default"))) void pam_syslog(const pam_handle_t *pamh, int priority,
                                                       const char *format, ...) {
        size_t used = strlen(host_log);
        va_list args;

        va_start(args, format);
        vsnprintf(host_log + used, sizeof(host_log) - used, format, args);
        va_end(args);
        host_n_lines++;
}

static void host_forget_log(void) {
        host_log[0] = '\0';
        host_n_lines = 0;
}

static int host_converse(int n, const struct pam_message **messages, struct pam_response **ret,
                         void *userdata) {
        Host *host = userdata;
        struct pam_response *responses;

        if (host->conv_result != PAM_SUCCESS)
                return host->conv_result;
        responses = calloc((size_t)n, sizeof(*responses));
        if (!responses)
                return PAM_BUF_ERR;
        for (int i = 0; i < n; i++) {
                strncat(host->messages, messages[i]->msg,
                        sizeof(host->messages) - strlen(host->messages) - 1);
                if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF) {
                        host->n_others++;
                        continue;
                }
                size_t n_prompts = host->n_prompts++;
                const char *answer = n_prompts < HOST_ANSWERS_MAX ? host->answers[n_prompts] : NULL;
                if (answer)
                        responses[i].resp = strdup(answer);
        }
        *ret = responses;
        return PAM_SUCCESS;
}

static void host_end(Host *host) {
        if (host->pamh)
                pam_end(host->pamh, PAM_SUCCESS);
        host->pamh = NULL;
}

/* In place of libpam's own, which sleeps. */
static void host_delay(int code, unsigned usec, void *userdata) {
        Host *host = userdata;

        host->delay = code == PAM_SUCCESS ? 0 : usec;
}

/* lines: the stack, with "@" for the module and its options. */
static void host_start_with(Host *host, const char *lines, const char *user) {
        const struct pam_conv conversation = { host_converse, host };
        char path[128];

        host_end(host);
        host->n_prompts = host->n_others = host->delay = 0;
        host->messages[0] = '\0';
        host_forget_log();
        snprintf(path, sizeof(path), "%s/test", host->folder);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        for (; *lines; lines++) {
                if (*lines == '@')
                        fprintf(file, "%s socket=%s %s", getenv("PAM_TOKEND"), host->fake.path,
                                host->options);
                else
                        fputc(*lines, file);
        }
        fclose(file);
        assert_int_equal(pam_start_confdir("test", user, &conversation, host->folder, &host->pamh),
                         PAM_SUCCESS);
        assert_int_equal(pam_set_item(host->pamh, PAM_RHOST, "192.0.2.1"), PAM_SUCCESS);
        assert_int_equal(pam_set_item(host->pamh, PAM_FAIL_DELAY, host_delay), PAM_SUCCESS);
}

/* libpam gives nobody PAM_IGNORE: this stands for it. */
#define HOST_IGNORED PAM_CRED_EXPIRED

/* Every code of the module's is the stack's. */
static void host_start(Host *host, const char *user) {
        host_start_with(host,
                        "auth [success=ok ignore=1 default=die] @\n"
                        "auth [success=done default=die] pam_permit.so\n"
                        "auth requisite pam_debug.so auth=cred_expired\n"
                        "account [success=ok ignore=1 default=die] @\n"
                        "account [success=done default=die] pam_permit.so\n"
                        "account requisite pam_debug.so acct=cred_expired\n"
                        "session [success=ok ignore=1 default=die] @\n"
                        "session [success=done default=die] pam_permit.so\n"
                        "session requisite pam_debug.so open_session=cred_expired "
                        "close_session=cred_expired\n"
                        "password [success=ok ignore=1 default=die] @\n"
                        "password [success=done default=die] pam_permit.so\n"
                        "password requisite pam_debug.so prechauthtok=cred_expired\n",
                        user);
}

static void host_options(Host *host, const char *options) {
        snprintf(host->options, sizeof(host->options), "%s", options);
}

/* Scripts whole JSON replies; valid until the next call. */
static void host_script(Host *host, size_t n, const int *statuses, const char *const *bodies) {
        static char texts[FAKE_SCRIPT_MAX][4096];
        FakeAnswer answers[FAKE_SCRIPT_MAX];

        for (size_t i = 0; i < n; i++)
                answers[i] = (FakeAnswer){
                        .bytes = fake_json(texts[i], sizeof(texts[i]), statuses[i], bodies[i])
                };
        fake_script(&host->fake, answers, n);
}

static void host_answer(Host *host, int status, const char *body) {
        host_script(host, 1, &status, &body);
}

/* The same to every question, as many as a function may ask. */
static void host_answer_always(Host *host, int status, const char *body) {
        int statuses[8];
        const char *bodies[8];

        for (size_t i = 0; i < 8; i++) {
                statuses[i] = status;
                bodies[i] = body;
        }
        host_script(host, 8, statuses, bodies);
}

static void host_refuse(Host *host, int status, const char *word) {
        char body[256];

        snprintf(body, sizeof(body), "{\"error\":\"e\",\"reason\":\"%s\"}", word);
        host_answer(host, status, body);
}

static const char *host_body(Host *host, size_t request) {
        const char *end = strstr(host->fake.requests[request], "\r\n\r\n");

        return end ? end + 4 : "";
}

static int host_setup(void **state) {
        Host *host = calloc(1, sizeof(*host));
        char path[128];

        fake_start(&host->fake);
        strcpy(host->folder, "/tmp/pam-host-XXXXXX");
        if (!mkdtemp(host->folder))
                return -1;
        /* libpam complains when it is missing. */
        snprintf(path, sizeof(path), "%s/other", host->folder);
        FILE *other = fopen(path, "we");
        fputs("auth required pam_deny.so\n", other);
        fclose(other);
        host_options(host, HOST_PATIENCE);
        host->answers[0] = "right";
        *state = host;
        return 0;
}

static int host_teardown(void **state) {
        Host *host = *state;
        char path[128];

        host_end(host);
        snprintf(path, sizeof(path), "%s/test", host->folder);
        unlink(path);
        snprintf(path, sizeof(path), "%s/other", host->folder);
        unlink(path);
        rmdir(host->folder);
        fake_stop(&host->fake);
        free(host);
        return 0;
}

#define HOST_TEST(test) cmocka_unit_test_setup_teardown(test, host_setup, host_teardown)
