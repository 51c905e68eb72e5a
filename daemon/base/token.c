/* Tokens, their texts and their hashes.
 *
 * A token's text leaves this file once, when it is made. Everything else works on SHA-256 of the 64
 * digits as they are written, so that `printf %s TOKEN | sha256sum` gives the same. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <nettle/sha2.h>

#include "base/profile.h"
#include "base/token.h"
#include "wire/text.h"

_Static_assert(TOKEN_HASH_SIZE == SHA256_DIGEST_SIZE, "a token is kept as its SHA-256");
_Static_assert(TOKEN_ID_SIZE == TOKEN_HASH_SIZE, "the id is the first half of the hash's digits");

Token *token_new(void) {
        /* calloc() would take nothing that the thread has just freed, and leave that to pile up. */
        Token *token = malloc(sizeof(*token));

        if (!token)
                return NULL;

        *token = (Token){ .n_ref = 1, .uid = UID_NONE };
        return token;
}

Token *token_ref(Token *token) {
        if (token)
                token->n_ref++;
        return token;
}

Token *token_unref(Token *token) {
        if (!token || --token->n_ref > 0)
                return NULL;
        if (token->profile) {
                profile_unref(token->profile);
                free(token);
                return NULL;
        }

        free(token->user_id);
        free(token->user_name);
        free(token->user_role);
        free(token->client_id);
        strv_free(token->scopes);
        free(token->login);
        free(token->grant);
        free(token->service);
        free(token->rhost);
        free(token->tty);
        free(token);
        return NULL;
}

void token_unrefp(Token **token) {
        token_unref(*token);
}

static void hash_text(const char *text, TokenHash *ret) {
        struct sha256_ctx context;

        sha256_init(&context);
        sha256_update(&context, TOKEN_TEXT_SIZE, (const uint8_t *)text);
        sha256_digest(&context, sizeof(ret->bytes), ret->bytes);
        explicit_bzero(&context, sizeof(context));
}

int token_text_generate(Secret *ret_text, TokenHash *ret_hash) {
        uint8_t bytes[TOKEN_TEXT_SIZE / 2];
        char text[TOKEN_TEXT_SIZE + 1];
        int r;

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
                return errno > 0 ? -errno : -EIO;

        hex_encode(bytes, sizeof(bytes), text);
        r = secret_set(ret_text, text, TOKEN_TEXT_SIZE);
        if (r >= 0)
                hash_text(text, ret_hash);

        explicit_bzero(bytes, sizeof(bytes));
        explicit_bzero(text, sizeof(text));
        return r;
}

/* The same work for every text of the right size: where a guess went wrong does not show. */
int token_hash_from_text(const char *text, size_t size, TokenHash *ret) {
        TokenHash hash;
        unsigned bad = 0;

        if (size != TOKEN_TEXT_SIZE)
                return -EINVAL;

        for (size_t i = 0; i < TOKEN_TEXT_SIZE; i++) {
                unsigned char c = text[i];
                unsigned is_digit = (unsigned)(c - '0') < 10U;
                unsigned is_letter = (unsigned)(c - 'a') < 6U;

                bad |= !(is_digit | is_letter);
        }

        hash_text(text, &hash);
        if (bad)
                return -EINVAL;

        *ret = hash;
        return 0;
}

void token_hash_to_id(const TokenHash *hash, char ret[static TOKEN_ID_SIZE + 1]) {
        hex_encode(hash->bytes, TOKEN_ID_SIZE / 2, ret);
}

int token_hash_from_id(const char *id, TokenHash *ret) {
        TokenHash hash = { 0 };
        int r;

        r = hex_decode(id, hash.bytes, TOKEN_ID_SIZE / 2);
        if (r < 0)
                return r;

        *ret = hash;
        return 0;
}

const char *token_kind_to_string(enum TokenKind kind) {
        static const char *const names[_TOKEN_KIND_MAX] = {
                [TOKEN_ACCESS] = "access",
                [TOKEN_REFRESH] = "refresh",
        };

        return (unsigned)kind < _TOKEN_KIND_MAX ? names[kind] : NULL;
}
