/* Administration of clients.
 *
 * Invariants: a secret leaves once, in the answer to the call that made it. The built-in client
 * "local" can't be made or removed. */

#include "core/clients.h"

#include <errno.h>

#include "core/admin.h"
#include "core/grant.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/text.h"

/* Roles and grants that one registration may name. */
#define WORDS_MAX 1024U

typedef struct ClientAddCall {
        AdminCall admin;
        Client *client; /* as it is to be */
        Secret made;    /* the secret, if it was made here */
} ClientAddCall;

static void add_done(Call *call) {
        ClientAddCall *add = (ClientAddCall *)call;

        client_unref(add->client);
        secret_done(&add->made);
}

static void add_answered(Call *call, StoreRequest *request) {
        ClientAddCall *add = (ClientAddCall *)call;

        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.client = TAKE_PTR(request->clients[0]);
        call->answer.client_secret = TAKE(add->made, SECRET_INIT);
        add->admin.audit.client = call->answer.client->id;
        admin_audit(&add->admin, AUDIT_CLIENT_ADDED);
        call_finish(call, 0);
}

static void add_hashed(AdminCall *admin, Secret *hash) {
        ClientAddCall *add = (ClientAddCall *)admin;
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_CLIENT_ADD);

        add->client->hash = TAKE(*hash, SECRET_INIT);
        if (!request || store_request_take_client(request, add->client) < 0)
                return call_finish(&admin->call, -ENOMEM);
        TAKE_PTR(add->client);
        call_store(&admin->call, TAKE_PTR(request), add_answered);
}

/* Each word once. */
static int words_copy(char *const *words, bool (*is_valid)(const char *word), enum Reason reason,
                      char ***ret) {
        _cleanup_(strv_freep) char **copy = NULL;

        for (char *const *word = words; word && *word; word++) {
                if (!is_valid(*word))
                        return reason;
                if (strv_length(copy) == WORDS_MAX)
                        return REASON_INVALID_VALUE;
                if (!(copy && strv_contains(copy, *word)) && strv_extend(&copy, *word) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(copy);
        return 0;
}

static int grants_copy(char *const *grants, char ***ret) {
        static const char *const by_default[] = { "client_credentials", "refresh_token", NULL };

        if (strv_length(grants) == 0)
                grants = (char *const *)by_default;
        return words_copy(grants, grant_type_is_known, REASON_UNSUPPORTED_GRANT, ret);
}

/* "*" covers every user, as no list does. A list of nobody at all would be read back as none. */
static int roles_copy(char *const *roles, char ***ret) {
        if (!roles || strv_contains(roles, "*"))
                return 0;
        if (strv_length(roles) == 0)
                return REASON_INVALID_VALUE;
        return words_copy(roles, id_is_valid, REASON_INVALID_VALUE, ret);
}

/* 0: as configured. */
static bool lifetime_is_valid(int64_t lifetime, const Config *config) {
        return lifetime >= 0 && lifetime <= config->maximum_lifetime;
}

/* All but the hash. 0, a negative errno or a Reason. */
static int client_from_request(const ClientAddRequest *request, const Config *config,
                               Client *client) {
        int r;

        if (!request->id || !id_is_valid(request->id))
                return REASON_INVALID_NAME;
        if (streq(request->id, CLIENT_LOCAL))
                return REASON_ID_TAKEN;
        if (!lifetime_is_valid(request->access_lifetime, config) ||
            !lifetime_is_valid(request->refresh_lifetime, config))
                return REASON_INVALID_VALUE;
        if ((r = grants_copy(request->grants, &client->grants)) != 0 ||
            (r = admin_copy_scopes(request->scopes, &client->scopes)) != 0 ||
            (r = roles_copy(request->issue_for, &client->issue_for)) != 0)
                return r;
        client->introspect_own_only = request->introspect_own_only;
        client->access_lifetime = request->access_lifetime;
        client->refresh_lifetime = request->refresh_lifetime;
        return text_copy(request->id, &client->id);
}

void authority_client_add(Authority *authority, const Caller *caller,
                          const ClientAddRequest *request, AnswerHandler handler, void *userdata) {
        ClientAddCall *add = admin_call_new(authority, caller, sizeof(*add), add_done, handler,
                                            userdata);
        TokenHash unused;
        int r;

        if (!add)
                return;
        add->client = client_new();
        if (!add->client)
                return call_finish(&add->admin.call, -ENOMEM);
        add->client->created = call_now(&add->admin.call);
        r = client_from_request(request, authority->config, add->client);
        if (r == 0 && !request->secret)
                r = token_text_generate(&add->made, &unused);
        if (r != 0)
                return call_finish(&add->admin.call, r);
        admin_hash(&add->admin, request->secret ? request->secret : &add->made, add_hashed);
}

static void get_answered(Call *call, StoreRequest *request) {
        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.client = TAKE_PTR(request->clients[0]);
        call_finish(call, 0);
}

void authority_client_get(Authority *authority, const Caller *caller, const char *id,
                          AnswerHandler handler, void *userdata) {
        AdminCall *admin =
                        admin_call_new(authority, caller, sizeof(*admin), NULL, handler, userdata);

        if (admin)
                call_store(&admin->call, call_client_request(id), get_answered);
}

void authority_client_list(Authority *authority, const Caller *caller, const char *cursor,
                           unsigned limit, AnswerHandler handler, void *userdata) {
        AdminCall *admin =
                        admin_call_new(authority, caller, sizeof(*admin), NULL, handler, userdata);

        if (admin)
                admin_list(admin, STORE_CLIENT_LIST, cursor, limit);
}

static void remove_answered(Call *call, StoreRequest *request) {
        AdminCall *admin = (AdminCall *)call;

        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.client = TAKE_PTR(request->clients[0]);
        call->answer.n_revoked = request->n_affected;
        authority_tokens_removed(call->authority, request->n_affected);
        cache_forget_client(call->authority->cache, call->answer.client->id);
        admin->audit.client = call->answer.client->id;
        admin_audit(admin, AUDIT_CLIENT_REMOVED);
        call_finish(call, 0);
}

void authority_client_remove(Authority *authority, const Caller *caller, const char *id,
                             AnswerHandler handler, void *userdata) {
        AdminCall *admin =
                        admin_call_new(authority, caller, sizeof(*admin), NULL, handler, userdata);

        if (!admin)
                return;
        if (streq(id, CLIENT_LOCAL))
                return call_finish(&admin->call, REASON_ACCESS_DENIED);
        call_store(&admin->call, call_request(STORE_CLIENT_REMOVE, STORE_KEY_ID, id),
                   remove_answered);
}
