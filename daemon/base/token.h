#pragma once

/* A token that was issued: everything but its text, which nobody keeps. Immutable once made and
 * shared by reference, on one thread at a time. */

#include <stdbool.h>
#include <stdint.h>

#include "wire/protocol.h"
#include "wire/secret.h"

#define TOKEN_HASH_SIZE 32

/* SHA-256 of the token's text. */
typedef struct TokenHash {
        uint8_t bytes[TOKEN_HASH_SIZE];
} TokenHash;

enum TokenKind { TOKEN_ACCESS, TOKEN_REFRESH, _TOKEN_KIND_MAX };

typedef struct Profile Profile;

typedef struct Token {
        unsigned n_ref;
        Profile *profile; /* whose the texts and scopes are (profile.h); NULL: the token's own */
        TokenHash hash;
        enum TokenKind kind;
        char *user_id;   /* the owner; NULL for a client's own token */
        char *user_name; /* joined from the user when read back; NULL like user_id */
        uint32_t uid;    /* joined like it; UID_NONE for a client's own token */
        char *user_role; /* joined like it; NULL when the user has none */
        char *client_id; /* issued through */
        char **scopes;   /* NULL: ordinary access (scope.h) */
        char *login;     /* id of the login or refresh family; NULL for a single token */
        char *grant;     /* grant type, or "self", "admin", "login", "issue", "account", or: */
        char *service;   /* PAM service; NULL when it was no login; likewise: */
        char *rhost;
        char *tty;
        int64_t created; /* µs UTC */
        int64_t expires;
        int64_t used;         /* refresh: when it was rotated away; 0: not yet */
        int64_t last_used;    /* as far as the store had heard; 0: never */
        int64_t user_epoch;   /* live only while these are their owners' (store.h) */
        int64_t client_epoch;
        int64_t login_epoch;
        char login_text[TOKEN_ID_SIZE + 1]; /* what login points to when there is a profile */
} Token;

#define UID_NONE UINT32_MAX

/* A new token of this grant puts the earlier ones of its user and client to an end (store.h). */
#define TOKEN_GRANT_TOKEN_API "token_api"
/* Of a login that a token was shown for in place of a password. */
#define TOKEN_GRANT_LOGIN_TOKEN "login_token"

Token *token_new(void); /* NULL: no memory */
Token *token_ref(Token *token);
Token *token_unref(Token *token);
void token_unrefp(Token **token);

/* 32 bytes from getrandom(2) as 64 hex digits, and their hash. 0 or a negative errno. */
int token_text_generate(Secret *ret_text, TokenHash *ret_hash);
/* -EINVAL: not 64 lower-case hex digits. */
int token_hash_from_text(const char *text, size_t size, TokenHash *ret);
/* TOKEN_ID_SIZE digits and a NUL: the public id. */
void token_hash_to_id(const TokenHash *hash, char ret[static TOKEN_ID_SIZE + 1]);
/* The first half of ret is set, the rest zero. -EINVAL: no id. */
int token_hash_from_id(const char *id, TokenHash *ret);

const char *token_kind_to_string(enum TokenKind kind); /* "access", "refresh" */
