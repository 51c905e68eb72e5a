/* Client secrets that matched their hash, remembered by HMAC.
 *
 * An entry belongs to one client in one epoch: whatever gives the client another epoch (revocation,
 * removal, being made again) outdates it. Only who has proven a secret gets an entry, so that
 * strangers push nobody out. */

#include <errno.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/client-secret.h"
#include "wire/cleanup.h"

/* Clients that are remembered: SETS × WAYS. */
#define SETS 1024U
#define WAYS 4U

typedef struct Entry {
        uint8_t client[SHA256_DIGEST_SIZE]; /* of id and epoch */
        uint8_t secret[SHA256_DIGEST_SIZE]; /* of id, epoch and secret */
        uint64_t used;                      /* 0: free */
} Entry;

struct ClientSecrets {
        uint8_t key[SHA256_DIGEST_SIZE];
        uint64_t n_used; /* counts what was remembered */
        Entry entries[SETS * WAYS];
};

int client_secrets_new(ClientSecrets **ret) {
        _cleanup_(client_secrets_freep) ClientSecrets *secrets = calloc(1, sizeof(*secrets));

        if (!secrets)
                return -ENOMEM;
        if (getrandom(secrets->key, sizeof(secrets->key), 0) != (ssize_t)sizeof(secrets->key))
                return -EIO;
        *ret = TAKE_PTR(secrets);
        return 0;
}

ClientSecrets *client_secrets_free(ClientSecrets *secrets) {
        if (!secrets)
                return NULL;
        explicit_bzero(secrets, sizeof(*secrets));
        free(secrets);
        return NULL;
}

void client_secrets_freep(ClientSecrets **secrets) {
        *secrets = client_secrets_free(*secrets);
}

/* The id's NUL keeps it apart from what follows. Without a secret: who it is. */
static void digest(const ClientSecrets *secrets, const Client *client, const Secret *secret,
                   uint8_t ret[static SHA256_DIGEST_SIZE]) {
        struct hmac_sha256_ctx context;

        hmac_sha256_set_key(&context, sizeof(secrets->key), secrets->key);
        hmac_sha256_update(&context, strlen(client->id) + 1, (const uint8_t *)client->id);
        hmac_sha256_update(&context, sizeof(client->epoch), (const uint8_t *)&client->epoch);
        if (secret) {
                hmac_sha256_update(&context, 1, (const uint8_t *)":");
                hmac_sha256_update(&context, secret->size, (const uint8_t *)secret_text(secret));
        }
        hmac_sha256_digest(&context, SHA256_DIGEST_SIZE, ret);
        explicit_bzero(&context, sizeof(context));
}

static size_t set_of(const uint8_t client[static SHA256_DIGEST_SIZE]) {
        return ((size_t)client[0] << 8 | client[1]) % SETS * WAYS;
}

enum ClientSecretMemory client_secrets_check(const ClientSecrets *secrets, const Client *client,
                                             const Secret *secret) {
        uint8_t who[SHA256_DIGEST_SIZE], shown[SHA256_DIGEST_SIZE];
        const Entry *set;

        if (secret_is_empty(secret))
                return CLIENT_SECRET_WRONG;
        digest(secrets, client, NULL, who);
        digest(secrets, client, secret, shown);
        set = &secrets->entries[set_of(who)];
        for (size_t i = 0; i < WAYS; i++)
                if (set[i].used > 0 && memcmp(set[i].client, who, sizeof(who)) == 0)
                        return nettle_memeql_sec(set[i].secret, shown, sizeof(shown))
                                               ? CLIENT_SECRET_RIGHT
                                               : CLIENT_SECRET_WRONG;
        return CLIENT_SECRET_UNKNOWN;
}

void client_secrets_remember(ClientSecrets *secrets, const Client *client, const Secret *secret) {
        uint8_t who[SHA256_DIGEST_SIZE];
        Entry *set, *place;

        if (secret_is_empty(secret))
                return;
        digest(secrets, client, NULL, who);
        set = &secrets->entries[set_of(who)];
        place = set;
        for (size_t i = 0; i < WAYS; i++) {
                if (set[i].used > 0 && memcmp(set[i].client, who, sizeof(who)) == 0) {
                        place = &set[i];
                        break;
                }
                if (set[i].used < place->used)
                        place = &set[i];
        }
        memcpy(place->client, who, sizeof(who));
        digest(secrets, client, secret, place->secret);
        place->used = ++secrets->n_used;
}
