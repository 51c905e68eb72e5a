/* Setting a user's password: by an administrator, or by the user with the old one. Or only looking
 * whether the old one is right, as passwd(1) does before it asks for another.
 *
 * Invariants: an old password that is given is checked like a login, whoever asks, with the same
 * throttle and the same delay of refusals. What is written belongs to the user that was checked:
 * its epoch says so, and a user that was locked or changed meanwhile is looked at again. */

#include <errno.h>

#include "core/admin.h"
#include "core/throttle.h"
#include "core/users.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* Somebody else changed the user in between, so often in a row. */
#define TRIES_MAX 5U

typedef struct PasswordCall {
        AdminCall admin;
        const UserPasswordRequest *request;
        bool is_own; /* the caller is no administrator */
        char remote[PEER_REMOTE_MAX]; /* the throttle's key */
        Secret hash; /* of the new one */
        User *user;
        unsigned n_tries;
} PasswordCall;

static void password_find(PasswordCall *set);

static void password_done(Call *call) {
        PasswordCall *set = (PasswordCall *)call;

        secret_done(&set->hash);
        user_free(set->user);
}

static void password_written(Call *call, StoreRequest *request) {
        PasswordCall *set = (PasswordCall *)call;
        enum UserState old_state = set->user->state;

        if (request->result == REASON_INVALID_GRANT && ++set->n_tries < TRIES_MAX)
                return password_find(set);
        if (request->result == REASON_INVALID_GRANT)
                return call_finish(call, REASON_OVERLOADED);
        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.user = TAKE_PTR(request->users[0]);
        call->answer.n_revoked = request->n_affected;
        authority_tokens_removed(call->authority, request->n_affected);
        cache_forget_user(call->authority->cache, call->answer.user->id);
        if (call->answer.user->state != old_state)
                return admin_finish_changed(&set->admin, false);
        call_finish(call, 0);
}

static void password_write(PasswordCall *set) {
        Call *call = &set->admin.call;
        _cleanup_(store_request_freep) StoreRequest *request =
                        call_request(STORE_USER_SET_PASSWORD, STORE_KEY_ID, set->user->id);

        if (!request || secret_set(&request->hash, secret_text(&set->hash), set->hash.size) < 0)
                return call_finish(call, -ENOMEM);
        request->expected_epoch = set->user->epoch;
        request->state = set->user->state == USER_LOCKED ? USER_LOCKED : USER_ACTIVE;
        if (text_copy(set->request->login, &request->keep_login) < 0)
                return call_finish(call, -ENOMEM);
        call_store(call, TAKE_PTR(request), password_written);
}

static void password_hashed(AdminCall *admin, Secret *hash) {
        PasswordCall *set = (PasswordCall *)admin;

        set->hash = TAKE(*hash, SECRET_INIT);
        password_write(set);
}

static void password_hash_once(PasswordCall *set) {
        if (!secret_is_empty(&set->hash))
                return password_write(set);
        admin_hash(&set->admin, set->request->password, password_hashed);
}

static ThrottleSubject password_subject(const PasswordCall *set) {
        return (ThrottleSubject){
                .who = set->user->name,
                .remote = set->remote,
                .is_known = true,
        };
}

static void old_password_checked(Call *call, bool matches) {
        PasswordCall *set = (PasswordCall *)call;
        const UserPasswordRequest *request = set->request;

        if (call_verdict_is_withheld(call, password_subject(set), matches))
                return;
        if (!matches)
                return call_finish(call, REASON_WRONG_PASSWORD);
        int r = user_refusal(set->user, call_now(call));
        if (r != 0)
                return call_finish(call, r);
        if (!request->password) {
                call->audit = NULL; /* nothing has changed */
                call->answer.user = TAKE_PTR(set->user);
                return call_finish(call, 0);
        }
        if (secret_equal(request->old_password, request->password))
                return call_finish(call, REASON_PASSWORD_UNCHANGED);
        password_hash_once(set);
}

static bool user_is_callers(const Caller *caller, const User *user) {
        if (caller->kind == CALLER_USER_TOKEN)
                return streq(caller->token->user_id, user->id);
        return caller->kind == CALLER_UID && user->uid == caller->peer.uid;
}

static void password_user_found(Call *call, StoreRequest *request) {
        PasswordCall *set = (PasswordCall *)call;

        if (set->is_own &&
            (request->result != 0 || !user_is_callers(call->caller, request->users[0])))
                return call_finish(call, REASON_ACCESS_DENIED);
        if (request->result != 0)
                return call_finish(call, request->result);
        user_free(set->user);
        set->user = TAKE_PTR(request->users[0]);
        set->admin.audit.user = call->target = set->user->name;
        admin_audit(&set->admin, AUDIT_USER_PASSWORD);
        if (!set->request->old_password)
                return password_hash_once(set);
        if (call_is_throttled(call, password_subject(set)))
                return;
        call_check(call, set->request->old_password, &set->user->hash, old_password_checked);
}

static void password_find(PasswordCall *set) {
        call_store(&set->admin.call, call_user_request(STORE_KEY_ID, set->request->id),
                   password_user_found);
}

static int password_check_request(const PasswordCall *set) {
        const UserPasswordRequest *request = set->request;
        const Caller *caller = set->admin.call.caller;

        if ((request->login || request->rhost || request->ruid != 0) &&
            access_reach(caller, ACTION_LOGIN_DETAILS) != REACH_ALL)
                return REASON_ACCESS_DENIED;
        if ((request->password && secret_is_empty(request->password)) ||
            (request->old_password && secret_is_empty(request->old_password)))
                return REASON_EMPTY_PASSWORD;
        if (!request->old_password && (set->is_own || !request->password))
                return REASON_INVALID_REQUEST;
        return 0;
}

void authority_user_set_password(Authority *authority, const Caller *caller,
                                 const UserPasswordRequest *request, AnswerHandler handler,
                                 void *userdata) {
        PasswordCall *set =
                        call_new(authority, caller, sizeof(*set), password_done, handler, userdata);
        enum Reach reach = access_reach(caller, ACTION_CHANGE_PASSWORD);

        if (!set)
                return;
        set->request = request;
        set->is_own = reach != REACH_ALL;
        if (reach == REACH_NONE)
                return call_finish(&set->admin.call, REASON_ACCESS_DENIED);
        int r = password_check_request(set);
        if (r != 0)
                return call_finish(&set->admin.call, r);
        call_remote_key(&set->admin.call, request->rhost, request->ruid, set->remote);
        set->admin.call.checks_credentials = true;
        password_find(set);
}
