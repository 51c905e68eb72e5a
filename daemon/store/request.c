/* Requests to the store: making and freeing them, and what the worker must know of each verb.
 *
 * A request owns all that it points to, on whichever thread it is at the moment. */

#include "store/backend.h"

#include <errno.h>
#include <stdlib.h>

#include "wire/text.h"

static const StoreVerbInfo verbs[] = {
        /*                            name              writes kills */
        [STORE_USER_GET]          = { "user-get",          false, false },
        [STORE_USER_LIST]         = { "user-list",         false, false },
        [STORE_USERS_FIND]        = { "users-find",        false, false },
        [STORE_CLIENT_GET]        = { "client-get",        false, false },
        [STORE_CLIENT_LIST]       = { "client-list",       false, false },
        [STORE_TOKEN_GET]         = { "token-get",         false, false },
        [STORE_TOKEN_LIST]        = { "token-list",        false, false },
        [STORE_LOGIN_GET]         = { "login-get",         false, false },
        [STORE_FAILURES_LOAD]     = { "failures-load",     false, false },
        [STORE_USER_ADD]          = { "user-add",          true,  false },
        [STORE_USER_REMOVE]       = { "user-remove",       true,  true  },
        [STORE_USER_SET_PASSWORD] = { "user-set-password", true,  true  },
        [STORE_USER_SET]          = { "user-set",          true,  true  },
        [STORE_USER_REHASH]       = { "user-rehash",       true,  false },
        [STORE_CLIENT_ADD]        = { "client-add",        true,  false },
        [STORE_CLIENT_REMOVE]     = { "client-remove",     true,  true  },
        [STORE_TOKEN_ISSUE]       = { "token-issue",       true,  false }, /* but see below */
        [STORE_TOKEN_ROTATE]      = { "token-rotate",      true,  true  },
        [STORE_TOKEN_REVOKE]      = { "token-revoke",      true,  true  },
        [STORE_REVOKE_USER]       = { "revoke-user",       true,  true  },
        [STORE_REVOKE_CLIENT]     = { "revoke-client",     true,  true  },
        [STORE_REVOKE_LOGIN]      = { "revoke-login",      true,  true  },
        [STORE_REVOKE_ALL]        = { "revoke-all",        true,  true  },
        [STORE_LOGIN_OPEN]        = { "login-open",        true,  false },
        [STORE_LOGIN_ABANDON]     = { "login-abandon",     true,  true  },
        [STORE_TOUCH]             = { "touch",             true,  false },
        [STORE_FAILURES_SAVE]     = { "failures-save",     true,  false },
        /* ends pending logins, whose tokens may be cached */
        [STORE_SWEEP]             = { "sweep",             true,  true  },
};
_Static_assert(ELEMENTSOF(verbs) == _STORE_VERB_MAX, "a row for every verb");

const StoreVerbInfo *store_verb_info(enum StoreVerb verb) {
        return (unsigned)verb < ELEMENTSOF(verbs) ? &verbs[verb] : NULL;
}

bool store_request_kills(const StoreRequest *request) {
        return verbs[request->verb].kills || request->discards_earlier || request->consumes_key;
}

StoreRequest *store_request_new(enum StoreVerb verb) {
        StoreRequest *request = calloc(1, sizeof(*request));

        if (!request)
                return NULL;
        request->verb = verb;
        request->key.uid = UID_NONE;
        request->filter.uid = UID_NONE;
        return request;
}

StoreRequest *store_request_free(StoreRequest *request) {
        if (!request)
                return NULL;

        for (size_t i = 0; i < request->n_users; i++)
                user_free(request->users[i]);
        for (size_t i = 0; i < request->n_clients; i++)
                client_unref(request->clients[i]);
        for (size_t i = 0; i < request->n_logins; i++)
                login_free(request->logins[i]);
        for (size_t i = 0; i < request->n_tokens; i++)
                token_unref(request->tokens[i]);
        free(request->users);
        free(request->clients);
        free(request->logins);
        free(request->tokens);
        free(request->touches);
        for (size_t i = 0; i < request->n_failures; i++)
                free(request->failures[i].name);
        free(request->failures);
        free(request->key.text);
        strv_free(request->key_texts);
        free(request->filter.user_id);
        free(request->filter.client_id);
        free(request->filter.login);
        free(request->user_id);
        free(request->keep_login);
        free(request->cursor);
        secret_done(&request->hash);
        free(request);
        return NULL;
}

void store_request_freep(StoreRequest **request) {
        *request = store_request_free(*request);
}

/* Whoever made the array, it has room for one more afterwards. */
static int grow(void ***array, size_t n) {
        void **larger = reallocarray(*array, n + 1, sizeof(void *));

        if (!larger)
                return -ENOMEM;
        *array = larger;
        return 0;
}

#define DEFINE_TAKE(Type, one, many)                                                               \
        int store_request_take_##one(StoreRequest *request, Type *one) {                           \
                int r = grow((void ***)&request->many, request->n_##many);                         \
                                                                                                   \
                if (r < 0)                                                                         \
                        return r;                                                                  \
                request->many[request->n_##many++] = one;                                          \
                return 0;                                                                          \
        }

DEFINE_TAKE(Token, token, tokens)
DEFINE_TAKE(User, user, users)
DEFINE_TAKE(Client, client, clients)
DEFINE_TAKE(Login, login, logins)
