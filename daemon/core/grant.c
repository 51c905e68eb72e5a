/* The grants: the table of them, and what is checked before any of them.
 *
 * Order: the request's shape, then who may ask, then the grant itself. Nothing before the grant
 * itself depends on whether a user exists. */

#include "core/grant.h"

#include <errno.h>

#include "base/scope.h"
#include "core/grant-type.h"
#include "wire/text.h"

static const GrantType *const types[] = {
        &grant_password,
        &grant_refresh,
        &grant_client_credentials,
};

const char *grant_type_name(size_t index) {
        return index < ELEMENTSOF(types) ? types[index]->name : NULL;
}

static const GrantType *grant_type_find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (streq(types[i]->name, name))
                        return types[i];
        return NULL;
}

bool grant_type_is_known(const char *name) {
        return grant_type_find(name) != NULL;
}

static int grant_check_access(const Caller *caller, const GrantType *type,
                              const GrantRequest *request) {
        bool has_details = request->service || request->rhost || request->tty ||
                           request->ruid != 0 || request->junk || request->accepts ||
                           request->once || request->login_only;

        if (has_details && access_reach(caller, ACTION_LOGIN_DETAILS) != REACH_ALL)
                return REASON_ACCESS_DENIED;
        switch (access_reach(caller, type->action)) {
        case REACH_ALL:
        case REACH_OWN:
                return 0;
        case REACH_REGISTERED:
                return client_may_use_grant(caller->client, type->name) ? 0
                                                                       : REASON_UNAUTHORIZED_CLIENT;
        case REACH_NONE:
                break;
        }
        return caller->kind == CALLER_ANONYMOUS ? REASON_INVALID_CLIENT : REASON_ACCESS_DENIED;
}

static int grant_check(GrantCall *grant, const GrantType *type) {
        const GrantRequest *request = grant->request;
        int r;

        r = type->check_shape(request);
        if (r != 0)
                return r;
        if (request->lifetime < 0)
                return REASON_INVALID_VALUE;
        if (request->token_api && request->service)
                return REASON_INVALID_REQUEST;
        r = grant_check_access(grant->issue.call.caller, type, request);
        if (r != 0)
                return r;
        if ((request->accepts || request->once || request->login_only) && !request->service)
                return REASON_INVALID_REQUEST;
        r = scopes_parse(request->scope, &grant->wanted);
        return r == -EINVAL ? REASON_INVALID_SCOPE : r;
}

static void grant_done(Call *call) {
        GrantCall *grant = (GrantCall *)call;

        if (call->result == 0)
                rehash_begin(call->authority, TAKE_PTR(grant->rehash));
        rehash_free(grant->rehash);
        free(grant->folded);
        strv_free(grant->wanted);
        token_unref(grant->old);
        login_free(grant->family);
        caller_done(&grant->acting);
        issue_done(call);
}

static void grant_begin(GrantCall *grant) {
        const GrantRequest *request = grant->request;
        Call *call = &grant->issue.call;

        int r = grant_check(grant, grant->type);
        if (r != 0)
                return call_finish(call, r);
        grant->issue.grant = grant->type->name;
        grant->issue.lifetime = request->lifetime;
        grant->issue.service = request->service;
        grant->issue.rhost = request->rhost;
        grant->issue.tty = request->tty;
        if (request->token_api) {
                grant->issue.grant = TOKEN_GRANT_TOKEN_API;
                grant->issue.configured_lifetime = call->authority->config->token_api_lifetime;
                grant->issue.discards_earlier = true;
        }
        grant->issue.audit = (Audit){
                .service = request->service,
                .rhost = request->rhost,
                .client = call->caller->client ? call->caller->client->id : CLIENT_LOCAL,
        };
        grant->type->begin(grant);
}

static void default_client_found(Call *call, StoreRequest *request) {
        GrantCall *grant = (GrantCall *)call;

        if (request->result != 0)
                return call_finish(call, REASON_INVALID_CLIENT);
        grant->acting.peer = call->caller->peer;
        grant->acting.kind = CALLER_CLIENT;
        grant->acting.client = TAKE_PTR(request->clients[0]);
        call->caller = &grant->acting;
        grant_begin(grant);
}

void authority_grant(Authority *authority, const Caller *caller, const GrantRequest *request,
                     AnswerHandler handler, void *userdata) {
        GrantCall *grant =
                call_new(authority, caller, sizeof(GrantCall), grant_done, handler, userdata);
        if (!grant)
                return;

        Call *call = &grant->issue.call;
        const char *default_client = authority->config->token_api_default_client;
        grant->request = request;
        if (!request->grant_type)
                return call_finish(call, REASON_INVALID_REQUEST);
        grant->type = grant_type_find(request->grant_type);
        if (!grant->type || (request->token_api && grant->type != &grant_password))
                return call_finish(call, REASON_UNSUPPORTED_GRANT);

        call->checks_credentials = grant->type->checks_credentials;
        if (request->token_api && caller->kind == CALLER_ANONYMOUS && default_client)
                return call_store(call, call_client_request(default_client), default_client_found);
        grant_begin(grant);
}
