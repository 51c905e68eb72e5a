#pragma once

/* What an embedded engine has to do to be the store: keep tokens by hash, findable by owner in the
 * order of their creation and by expiry, all of a commit or nothing, and not answer before it is on
 * the disk. Each engine is a file of these functions; an error ends the program. */

#include <stddef.h>
#include <stdint.h>

#include "../figures.h"

#define HASH_SIZE  32
#define OWNER_SIZE 16
#define VALUE_SIZE 96

typedef struct Row {
        uint8_t hash[HASH_SIZE];
        uint8_t owner[OWNER_SIZE];
        uint64_t created;
        uint64_t expires;
        uint8_t value[VALUE_SIZE]; /* kind, client, scopes, login, epochs */
} Row;

/* Keys of the two indexes, big-endian, so that their bytes are in their order. */
typedef struct OwnerKey {
        uint8_t owner[OWNER_SIZE];
        uint64_t created;
        uint8_t hash[HASH_SIZE];
} OwnerKey;

typedef struct ExpiryKey {
        uint64_t expires;
        uint8_t hash[HASH_SIZE];
} ExpiryKey;

OwnerKey owner_key(const Row *row);
ExpiryKey expiry_key(const Row *row);

void engine_open(const char *folder);
void engine_commit(const Row *rows, size_t n);
/* Whether it is there. */
int engine_look_up(const uint8_t *hash);
void engine_close(void);
