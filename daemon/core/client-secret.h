#pragma once

/* Secrets of clients that were right once: an HMAC-SHA-256 of each under a random key made at
 * start, so that a client's next request costs no password hash. Bounded; in memory only. */

#include "base/client.h"

typedef struct ClientSecrets ClientSecrets;

enum ClientSecretMemory {
        CLIENT_SECRET_UNKNOWN, /* ask the hash */
        CLIENT_SECRET_RIGHT,
        CLIENT_SECRET_WRONG,
};

int client_secrets_new(ClientSecrets **ret);
ClientSecrets *client_secrets_free(ClientSecrets *secrets);
void client_secrets_freep(ClientSecrets **secrets);

/* What is known of this client in this epoch. In constant time. */
enum ClientSecretMemory client_secrets_check(const ClientSecrets *secrets, const Client *client,
                                             const Secret *secret);
/* After the hash has matched, and only then. */
void client_secrets_remember(ClientSecrets *secrets, const Client *client, const Secret *secret);
