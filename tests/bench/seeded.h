#pragma once

/* The tokens that seed.c writes, known by their number: the text of token i is the SHA-256 of i's
 * decimal digits, as 64 hex digits (bench.py has the same). */

#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdio.h>

#include "base/token.h"
#include "wire/text.h"

static inline void seeded_sha256(const char *text, size_t size, uint8_t ret[static 32]) {
        struct sha256_ctx context;

        sha256_init(&context);
        sha256_update(&context, size, (const uint8_t *)text);
        sha256_digest(&context, SHA256_DIGEST_SIZE, ret);
}

/* What stands in a token's row. */
static inline void seeded_hash(uint64_t i, TokenHash *ret) {
        char digits[24], text[TOKEN_TEXT_SIZE + 1];
        uint8_t bytes[SHA256_DIGEST_SIZE];
        int size = snprintf(digits, sizeof(digits), "%" PRIu64, i);

        seeded_sha256(digits, (size_t)size, bytes);
        hex_encode(bytes, sizeof(bytes), text);
        seeded_sha256(text, TOKEN_TEXT_SIZE, ret->bytes);
}
