#pragma once

/* Administration of clients: root on the socket, or a token of scope admin. */

#include "core/authority.h"

typedef struct ClientAddRequest {
        const char *id;
        char *const *grants; /* NULL: client_credentials and refresh_token */
        char *const *scopes;
        char *const *issue_for;
        bool introspect_own_only;
        int64_t access_lifetime; /* µs; 0: as configured */
        int64_t refresh_lifetime;
        const Secret *secret; /* NULL: 64 hex digits are made and shown once */
} ClientAddRequest;

/* Answer: client, client_secret (when it was made here). REASON_INVALID_NAME, _ID_TAKEN,
 * _UNSUPPORTED_GRANT, _INVALID_SCOPE, _INVALID_VALUE. */
void authority_client_add(Authority *authority, const Caller *caller,
                          const ClientAddRequest *request, AnswerHandler handler, void *userdata);
void authority_client_get(Authority *authority, const Caller *caller, const char *id,
                          AnswerHandler handler, void *userdata);
void authority_client_list(Authority *authority, const Caller *caller, const char *cursor,
                           unsigned limit, AnswerHandler handler, void *userdata);
/* Answer: client, n_revoked. */
void authority_client_remove(Authority *authority, const Caller *caller, const char *id,
                             AnswerHandler handler, void *userdata);
