/* OAuth clients as values. */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/client.h"
#include "wire/cleanup.h"
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

static int copy_strv(char *const *strv, char ***ret) {
        return strv ? strv_copy(strv, ret) : 0;
}

int client_copy(const Client *client, Client **ret) {
        _cleanup_(client_unrefp) Client *copy = client_new();
        int r;

        if (!copy)
                return -ENOMEM;

        r = text_copy(client->id, &copy->id);
        if (r >= 0 && !secret_is_empty(&client->hash))
                r = secret_set(&copy->hash, client->hash.text, client->hash.size);
        r = r < 0 ? r : copy_strv(client->grants, &copy->grants);
        r = r < 0 ? r : copy_strv(client->scopes, &copy->scopes);
        r = r < 0 ? r : copy_strv(client->issue_for, &copy->issue_for);
        if (r < 0)
                return r;

        copy->introspect_own_only = client->introspect_own_only;
        copy->access_lifetime = client->access_lifetime;
        copy->refresh_lifetime = client->refresh_lifetime;
        copy->created = client->created;
        copy->epoch = client->epoch;
        *ret = TAKE_PTR(copy);
        return 0;
}

/* Registered by name only: a client without a list may use nothing. */
bool client_may_use_grant(const Client *client, const char *grant_type) {
        return client && grant_type && strv_contains(client->grants, grant_type);
}
