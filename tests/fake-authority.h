#pragma once

/* A tokend for tests that decides by what was asked, in a process of its own: its descriptors and
 * its memory are none of the test's. NAME's password is "pw-NAME", and its login's id ends in the
 * name's number. What the test may change, and what was changed, is shared memory. */

#include <ctype.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "fake-tokend.h"

#pragma GCC diagnostic ignored "-Wunused-function"

/* Of every user. Somebody who is not root can give files to nobody else. */
static inline int authority_uid(void) {
        return geteuid() == 0 ? 70000 : (int)geteuid();
}

static inline int authority_gid(void) {
        return geteuid() == 0 ? 70001 : (int)getegid();
}

typedef struct AuthorityState {
        const char *state;   /* of every user */
        const char *refusal; /* NULL, or the reason that everything is answered with, 403 */
        unsigned n_asked;
        unsigned n_granted;
        unsigned n_changed; /* passwords */
        unsigned n_opened;
        unsigned n_closed;
} AuthorityState;

typedef struct Authority {
        FakeTokend fake; /* its listener only */
        pid_t pid;
        AuthorityState *shared;
} Authority;

/* The value behind key up to one of ends, as it stands; "" without. */
static void authority_value(const char *text, const char *key, const char *ends, char *ret,
                            size_t size) {
        const char *value = strstr(text, key);
        size_t length = value ? strcspn(value + strlen(key), ends) : 0;

        snprintf(ret, size, "%.*s", (int)length, value ? value + strlen(key) : "");
}

static bool authority_is_right(const char *user, const char *password) {
        return strncmp(password, "pw-", 3) == 0 && strcmp(password + 3, user) == 0;
}

static int authority_refuse(const char *reason, char *body, size_t size) {
        snprintf(body, size, "{\"error\":\"e\",\"reason\":\"%s\"}", reason);
        return 403;
}

static int authority_show_user(const char *state, const char *user, char *body, size_t size) {
        int number = atoi(user + strcspn(user, "0123456789"));

        snprintf(body, size,
                 "{\"access_token\":\"%064d\",\"id\":\"%032d\",\"login\":\"%032d\",\"username\":\"%"
                 "s\","
                 "\"uid\":%d,\"gid\":%d,\"state\":\"%s\"}",
                 number, number, number, user, authority_uid(), authority_gid(), state);
        return 200;
}

static int authority_change(AuthorityState *shared, const char *request, char *body, size_t size) {
        char old[64];

        authority_value(request, "\"old_password\":\"", "\"", old, sizeof(old));
        if (old[0] && !authority_is_right("ada", old))
                return authority_refuse("wrong-password", body, size);
        if (!old[0] && !strstr(request, "\"password\":"))
                return authority_refuse("invalid-request", body, size);
        shared->n_changed += strstr(request, "\"password\":") != NULL;
        snprintf(body, size, "{\"id\":\"%032d\",\"name\":\"ada\",\"revoked\":1}", 0);
        return 200;
}

static int authority_decide(AuthorityState *shared, const char *request, char *body, size_t size) {
        char user[64], password[64];

        shared->n_asked++;
        if (shared->refusal)
                return authority_refuse(shared->refusal, body, size);
        if (strncmp(request, "POST /oauth/token ", 18) == 0) {
                authority_value(request, "username=", "& ", user, sizeof(user));
                authority_value(request, "&password=", "&", password, sizeof(password));
                if (!authority_is_right(user, password))
                        return authority_refuse("wrong-password", body, size) - 2;
                shared->n_granted++;
                return authority_show_user(shared->state, user, body, size);
        }
        if (strncmp(request, "POST /v1/users/", 15) == 0)
                return authority_change(shared, request, body, size);
        if (strncmp(request, "DELETE /v1/logins/", 18) == 0) {
                shared->n_closed++;
                snprintf(body, size, "{\"revoked\":1}");
                return 200;
        }
        authority_value(request, "user=", "& \r", user, sizeof(user));
        if (strncmp(request, "POST /v1/logins ", 16) == 0)
                shared->n_opened++;
        return authority_show_user(shared->state, user, body, size);
}

static void authority_serve(Authority *authority) {
        static char request[FAKE_REQUEST_MAX], body[1024], text[2048];

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
                int fd = accept4(authority->fake.listener, NULL, NULL, SOCK_CLOEXEC);

                if (fd < 0)
                        continue;
                fake_receive(&authority->fake, fd, request);
                if (request[0]) {
                        int status = authority_decide(authority->shared, request, body,
                                                      sizeof(body));
                        fake_send(fd, &(FakeAnswer){ .bytes = fake_json(text, sizeof(text), status,
                                                                        body) });
                }
                close(fd);
        }
}

static void authority_start(Authority *authority) {
        *authority = (Authority){ .fake.lock = PTHREAD_MUTEX_INITIALIZER };
        authority->shared = mmap(NULL, sizeof(*authority->shared), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (authority->shared == MAP_FAILED)
                abort();
        authority->shared->state = "active";
        fake_listen(&authority->fake, 128);
        authority->pid = fork();
        if (authority->pid < 0)
                abort();
        if (authority->pid == 0)
                authority_serve(authority);
}

static void authority_stop(Authority *authority) {
        kill(authority->pid, SIGKILL);
        waitpid(authority->pid, NULL, 0);
        fake_unlisten(&authority->fake);
        munmap(authority->shared, sizeof(*authority->shared));
}
