/* Records of clients, each with the count of revocations that it was read at. Whatever changes or
 * removes a client is a revocation, so a record from before one is never given. So is every
 * rotation and sweep: a client is read again after each. Only who has proven a secret gets in, and
 * the built-in client, so that strangers push nobody out. */

#include "core/known-clients.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/text-hash.h"
#include "wire/text.h"

/* Clients that are kept: SETS × WAYS. */
#define SETS 64U
#define WAYS 4U

typedef struct Entry {
        Client *client; /* NULL: free */
        uint64_t revocations;
} Entry;

typedef struct Set {
        Entry entries[WAYS];
        unsigned next; /* whose turn it is to go */
} Set;

struct KnownClients {
        Set sets[SETS];
};

int known_clients_new(KnownClients **ret) {
        KnownClients *clients = calloc(1, sizeof(*clients));

        if (!clients)
                return -ENOMEM;
        *ret = clients;
        return 0;
}

KnownClients *known_clients_free(KnownClients *clients) {
        if (!clients)
                return NULL;
        for (size_t i = 0; i < SETS; i++)
                for (size_t k = 0; k < WAYS; k++)
                        client_unref(clients->sets[i].entries[k].client);
        free(clients);
        return NULL;
}

void known_clients_freep(KnownClients **clients) {
        *clients = known_clients_free(*clients);
}

static size_t set_of(const char *id) {
        return text_hash(id) % SETS;
}

/* WAYS: none. */
static size_t set_find(const Set *set, const char *id) {
        size_t i = 0;

        while (i < WAYS && !(set->entries[i].client && streq(set->entries[i].client->id, id)))
                i++;
        return i;
}

Client *known_clients_get(const KnownClients *clients, const char *id, uint64_t revocations) {
        const Set *set = &clients->sets[set_of(id)];
        size_t i = set_find(set, id);

        return i < WAYS && set->entries[i].revocations == revocations ? set->entries[i].client
                                                                      : NULL;
}

void known_clients_put(KnownClients *clients, Client *client, uint64_t revocations) {
        Set *set = &clients->sets[set_of(client->id)];
        size_t i = set_find(set, client->id);

        assert(secret_is_empty(&client->hash));
        if (i == WAYS)
                i = set->next++ % WAYS;
        client_ref(client);
        client_unref(set->entries[i].client);
        set->entries[i] = (Entry){ client, revocations };
}
