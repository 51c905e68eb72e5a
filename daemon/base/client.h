#pragma once

/* An OAuth client: an application that was registered. Not our client library. */

#include <stdbool.h>
#include <stdint.h>

#include "wire/secret.h"

/* The client that root on the socket and other local callers act as. Always there, no secret. */
#define CLIENT_LOCAL "local"

typedef struct Client {
        unsigned n_ref;
        char *id;
        Secret hash;      /* crypt(5) of the secret; empty: no authentication by secret */
        char **grants;    /* grant types that it registered for */
        char **scopes;    /* scope.h */
        char **issue_for; /* roles; NULL: every user (design: "*") */
        bool introspect_own_only;
        int64_t access_lifetime; /* µs; 0: as configured */
        int64_t refresh_lifetime;
        int64_t created;
        int64_t epoch;
} Client;

Client *client_new(void);
/* Shared ones are never changed, and hold no hash. */
Client *client_ref(Client *client);
Client *client_unref(Client *client);
void client_unrefp(Client **client);
/* Of one that nobody else has a reference to, unless it holds none. */
void client_wipe_hash(Client *client);
bool client_may_use_grant(const Client *client, const char *grant_type);
