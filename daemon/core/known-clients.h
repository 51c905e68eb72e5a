#pragma once

/* The records of clients that have proven their secret, and of the built-in one, between two
 * revocations: what the store would say of them again. Bounded; without their hashes. */

#include "base/client.h"

typedef struct KnownClients KnownClients;

int known_clients_new(KnownClients **ret);
KnownClients *known_clients_free(KnownClients *clients);
void known_clients_freep(KnownClients **clients);

/* Borrowed until the next put; NULL: not known, or not of this count of store_revocations(). */
Client *known_clients_get(const KnownClients *clients, const char *id, uint64_t revocations);
/* Keeps a reference; there must be no hash in it. revocations: StoreRequest.revocations of the
 * look-up that gave the record. */
void known_clients_put(KnownClients *clients, Client *client, uint64_t revocations);
