/* Client secrets that matched their hash, remembered by HMAC.
 *
 * An entry belongs to one client in one epoch: whatever gives the client another epoch (revocation,
 * removal, being made again) outdates it. Epochs are never given twice (store.h), so that by itself
 * names the client; the id is in the HMAC as well. Only who has proven a secret gets an entry, so
 * that strangers push nobody out. */

#include <errno.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/text-hash.h"
#include "core/client-secret.h"
#include "wire/cleanup.h"

/* Clients that are remembered: SETS × WAYS. */
#define SETS 1024U
#define WAYS 4U

typedef struct Entry {
        uint64_t id; /* text_hash() */
        int64_t epoch;
        uint8_t secret[SHA256_DIGEST_SIZE]; /* of id, epoch and secret */
        uint64_t used;                      /* 0: free */
} Entry;

struct ClientSecrets {
        struct hmac_sha256_ctx keyed; /* with the key in it, and nothing else */
        uint64_t n_used; /* counts what was remembered */
        Entry entries[SETS * WAYS];
};

int client_secrets_new(ClientSecrets **ret) {
        _cleanup_(client_secrets_freep) ClientSecrets *secrets = calloc(1, sizeof(*secrets));
        uint8_t key[SHA256_DIGEST_SIZE];

        if (!secrets)
                return -ENOMEM;
        if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
                return -EIO;
        hmac_sha256_set_key(&secrets->keyed, sizeof(key), key);
        explicit_bzero(key, sizeof(key));
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

/* The id's NUL keeps it apart from what follows. */
static void digest(const ClientSecrets *secrets, const Client *client, const Secret *secret,
                   uint8_t ret[static SHA256_DIGEST_SIZE]) {
        struct hmac_sha256_ctx context = secrets->keyed;

        hmac_sha256_update(&context, strlen(client->id) + 1, (const uint8_t *)client->id);
        hmac_sha256_update(&context, sizeof(client->epoch), (const uint8_t *)&client->epoch);
        hmac_sha256_update(&context, secret->size, (const uint8_t *)secret_text(secret));
        hmac_sha256_digest(&context, SHA256_DIGEST_SIZE, ret);
        explicit_bzero(&context, sizeof(context));
}

static size_t set_of(uint64_t id, int64_t epoch) {
        return (id + (uint64_t)epoch) % SETS * WAYS;
}

static bool entry_is(const Entry *entry, uint64_t id, int64_t epoch) {
        return entry->used > 0 && entry->epoch == epoch && entry->id == id;
}

enum ClientSecretMemory client_secrets_check(const ClientSecrets *secrets, const Client *client,
                                             const Secret *secret) {
        uint64_t id = text_hash(client->id);
        uint8_t shown[SHA256_DIGEST_SIZE];
        const Entry *set;

        if (secret_is_empty(secret))
                return CLIENT_SECRET_WRONG;
        digest(secrets, client, secret, shown);
        set = &secrets->entries[set_of(id, client->epoch)];
        for (size_t i = 0; i < WAYS; i++)
                if (entry_is(&set[i], id, client->epoch))
                        return nettle_memeql_sec(set[i].secret, shown, sizeof(shown))
                                               ? CLIENT_SECRET_RIGHT
                                               : CLIENT_SECRET_WRONG;
        return CLIENT_SECRET_UNKNOWN;
}

void client_secrets_remember(ClientSecrets *secrets, const Client *client, const Secret *secret) {
        uint64_t id = text_hash(client->id);
        Entry *set, *place;

        if (secret_is_empty(secret))
                return;
        set = &secrets->entries[set_of(id, client->epoch)];
        place = set;
        for (size_t i = 0; i < WAYS; i++) {
                if (entry_is(&set[i], id, client->epoch)) {
                        place = &set[i];
                        break;
                }
                if (set[i].used < place->used)
                        place = &set[i];
        }
        place->id = id;
        place->epoch = client->epoch;
        digest(secrets, client, secret, place->secret);
        place->used = ++secrets->n_used;
}
