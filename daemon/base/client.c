/* OAuth clients as values. */

#include <assert.h>
#include <stdlib.h>

#include "base/client.h"
#include "wire/text.h"

Client *client_new(void) {
        Client *client = calloc(1, sizeof(Client));

        if (client)
                client->n_ref = 1;
        return client;
}

static void client_free(Client *client) {
        free(client->id);
        secret_done(&client->hash);
        strv_free(client->grants);
        strv_free(client->scopes);
        strv_free(client->issue_for);
        free(client);
}

Client *client_ref(Client *client) {
        if (client)
                client->n_ref++;
        return client;
}

Client *client_unref(Client *client) {
        if (client && --client->n_ref == 0)
                client_free(client);
        return NULL;
}

void client_unrefp(Client **client) {
        client_unref(*client);
}

void client_wipe_hash(Client *client) {
        if (secret_is_empty(&client->hash))
                return;
        assert(client->n_ref == 1);
        secret_done(&client->hash);
}

/* Registered by name only: a client without a list may use nothing. */
bool client_may_use_grant(const Client *client, const char *grant_type) {
        return client && grant_type && strv_contains(client->grants, grant_type);
}
