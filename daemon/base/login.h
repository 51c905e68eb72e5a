#pragma once

/* A login: the family of tokens that one PAM login, or one grant with a refresh token, made. */

#include <stdint.h>

enum LoginState {
        LOGIN_PENDING, /* authenticated, no session yet: dies after LOGIN_PENDING_MAX_USEC */
        LOGIN_OPEN,    /* open_session came; dies with close_session or the boot */
        LOGIN_FAMILY,  /* no session: a refresh family, dies when its tokens have expired */
        _LOGIN_STATE_MAX,
};

#define LOGIN_PENDING_MAX_USEC (5 * 60 * 1000000LL)

typedef struct Login {
        char *id; /* the id of its first token */
        char *user_id; /* NULL only for a family of a client's own */
        char *client_id;
        char *service;
        char *rhost;
        char *tty;
        char *boot_id; /* NULL for LOGIN_FAMILY */
        enum LoginState state;
        int64_t created;
        int64_t expires; /* no token of the family may outlive this (MaximumLifetime=) */
        int64_t epoch;
} Login;

Login *login_new(void);
Login *login_free(Login *login);
void login_freep(Login **login);
int boot_id_get(char **ret); /* /proc/sys/kernel/random/boot_id */
