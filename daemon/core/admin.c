/* Steps that the administration of users and of clients share.
 *
 * Invariant: who may do it is decided before anything is looked at. */

#include "core/admin.h"

#include <errno.h>
#include <string.h>

#include "base/scope.h"
#include "core/password.h"
#include "wire/cleanup.h"
#include "wire/text.h"

void *admin_call_new(Authority *authority, const Caller *caller, size_t size,
                     void (*done)(Call *call), AnswerHandler handler, void *userdata) {
        Call *call = call_new(authority, caller, size, done, handler, userdata);

        if (!call)
                return NULL;
        if (access_reach(caller, ACTION_ADMINISTER) == REACH_ALL)
                return call;
        call_finish(call, REASON_ACCESS_DENIED);
        return NULL;
}

void admin_audit(AdminCall *admin, enum AuditEvent event) {
        admin->audit.event = event;
        admin->call.audit = &admin->audit;
}

static void admin_hashed(void *userdata, int r, Secret *hash) {
        AdminCall *admin = userdata;

        if (r != 0)
                return call_finish(&admin->call, r);
        admin->hashed(admin, hash);
}

void admin_hash(AdminCall *admin, const Secret *secret,
                void (*step)(AdminCall *admin, Secret *hash)) {
        bool is_roots = caller_is_behind_root_door(admin->call.caller);
        PasswordLane lane = {
                .urgent = is_roots,
                .key = is_roots ? NULL : admin->call.caller->peer.remote,
        };
        int r;

        admin->hashed = step;
        r = password_hash(admin->call.authority->passwords, secret, lane, admin_hashed, admin);
        if (r != 0)
                call_finish(&admin->call, r);
}

static void admin_change_seen(void *userdata) {
        AdminCall *admin = userdata;

        call_finish(&admin->call, 0);
}

void admin_finish_changed(AdminCall *admin, bool is_gone) {
        const AuthorityObserver *observer = &admin->call.authority->observer;

        if (!observer->user_changed)
                return call_finish(&admin->call, 0);
        observer->user_changed(observer->userdata, admin->call.answer.user, is_gone,
                               admin_change_seen, admin);
}

static void list_answered(Call *call, StoreRequest *request) {
        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.users = TAKE_PTR(request->users);
        call->answer.n_users = TAKE(request->n_users, 0);
        call->answer.clients = TAKE_PTR(request->clients);
        call->answer.n_clients = TAKE(request->n_clients, 0);
        call->answer.cursor = TAKE_PTR(request->cursor);
        call_finish(call, 0);
}

void admin_list(AdminCall *admin, enum StoreVerb verb, const char *cursor, unsigned limit) {
        _cleanup_(store_request_freep) StoreRequest *request = NULL;

        if (limit > PAGE_ROWS_MAX)
                return call_finish(&admin->call, REASON_LIMIT_EXCEEDED);
        request = store_request_new(verb);
        if (!request || text_copy(cursor, &request->cursor) < 0)
                return call_finish(&admin->call, -ENOMEM);
        request->limit = limit > 0 ? limit : PAGE_ROWS_MAX;
        call_store(&admin->call, TAKE_PTR(request), list_answered);
}

int admin_copy_scopes(char *const *scopes, char ***ret) {
        _cleanup_(freep) char *text = NULL;

        for (char *const *scope = scopes; scope && *scope; scope++)
                if (!scope_is_valid(*scope))
                        return REASON_INVALID_SCOPE;
        if (strv_length(scopes) == 0)
                return 0;
        if (strv_join(scopes, " ", &text) < 0 || scopes_parse(text, ret) < 0)
                return -ENOMEM;
        return 0;
}
