/* Looking at users, and the changes to them that need no hash.
 *
 * Invariants: a caller who is no administrator hears of its own user only, and of others what it
 * hears of nobody. */

#include "core/users.h"

#include <errno.h>
#include <stdio.h>

#include "base/ssh-key.h"
#include "core/admin.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/text.h"

/* As the caller's ordinary access goes: by the kernel's word or by a token without scopes. */
static bool user_is_own(const Caller *caller, const User *user) {
        if (access_reach(caller, ACTION_LIST_TOKENS) != REACH_OWN)
                return false;
        if (caller->kind == CALLER_USER_TOKEN)
                return streq(caller->token->user_id, user->id);
        return user->uid == caller->peer.uid && user->uid != UID_NONE;
}

static void get_answered(Call *call, StoreRequest *request) {
        bool sees_all = access_reach(call->caller, ACTION_ADMINISTER) == REACH_ALL;

        if (!sees_all && (request->result != 0 || !user_is_own(call->caller, request->users[0])))
                return call_finish(call, REASON_ACCESS_DENIED);
        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.user = TAKE_PTR(request->users[0]);
        call_finish(call, 0);
}

void authority_user_get(Authority *authority, const Caller *caller, const char *id,
                        const char *name, AnswerHandler handler, void *userdata) {
        Call *call = call_new(authority, caller, sizeof(Call), NULL, handler, userdata);

        if (!call)
                return;
        if (access_reach(caller, ACTION_ADMINISTER) != REACH_ALL &&
            access_reach(caller, ACTION_LIST_TOKENS) != REACH_OWN)
                return call_finish(call, REASON_ACCESS_DENIED);
        if (!id && !name)
                return call_finish(call, REASON_INVALID_REQUEST);
        /* Nor does the time tell whether there is such a user. */
        call->checks_credentials = access_reach(caller, ACTION_ADMINISTER) != REACH_ALL;
        call_store(call,
                   id ? call_user_request(STORE_KEY_ID, id)
                      : call_user_request(STORE_KEY_NAME, name),
                   get_answered);
}

void authority_user_list(Authority *authority, const Caller *caller, const char *cursor,
                         unsigned limit, AnswerHandler handler, void *userdata) {
        AdminCall *admin =
                        admin_call_new(authority, caller, sizeof(*admin), NULL, handler, userdata);

        if (admin)
                admin_list(admin, STORE_USER_LIST, cursor, limit);
}

/* After every change: what was cached of the user's tokens may be dead. */
static void finish_change(Call *call, StoreRequest *request, bool is_gone) {
        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.user = TAKE_PTR(request->users[0]);
        call->answer.n_revoked = request->n_affected;
        authority_tokens_removed(call->authority, request->n_affected);
        cache_forget_user(call->authority->cache, call->answer.user->id);
        admin_finish_changed((AdminCall *)call, is_gone);
}

static void removal_answered(Call *call, StoreRequest *request) {
        finish_change(call, request, true);
}

static void set_answered(Call *call, StoreRequest *request) {
        finish_change(call, request, false);
}

void authority_user_remove(Authority *authority, const Caller *caller, const char *id,
                           AnswerHandler handler, void *userdata) {
        AdminCall *admin =
                        admin_call_new(authority, caller, sizeof(*admin), NULL, handler, userdata);

        if (!admin)
                return;
        admin_audit(admin, AUDIT_USER_REMOVED);
        call_store(&admin->call, call_request(STORE_USER_REMOVE, STORE_KEY_ID, id),
                   removal_answered);
}

/* Each member that is set, whatever it was before. */
static void set_words(const UserSetRequest *request, char ret[static AUDIT_WORDS_SIZE]) {
        static const char *const states[_USER_STATE_MAX] = {
                [USER_ACTIVE] = "user unlocked",
                [USER_LOCKED] = "user locked",
                [USER_PASSWORD_MUST_CHANGE] = "user must change the password",
        };
        const char *words[] = {
                request->sets & USER_SETS_STATE ? states[request->state] : NULL,
                request->sets & USER_SETS_EXPIRES ? "expiry changed" : NULL,
                request->sets & USER_SETS_SSH_KEYS ? "SSH keys changed" : NULL,
        };
        size_t size = 0;

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (words[i])
                        size += (size_t)snprintf(ret + size, AUDIT_WORDS_SIZE - size, "%s%s",
                                                 size > 0 ? ", " : "", words[i]);
}

static int set_values(const UserSetRequest *request, User *values) {
        if ((request->sets & (USER_SETS_STATE | USER_SETS_EXPIRES | USER_SETS_SSH_KEYS)) == 0)
                return REASON_INVALID_REQUEST;
        if ((unsigned)request->state >= _USER_STATE_MAX || request->expires < 0)
                return REASON_INVALID_VALUE;
        values->state = request->state;
        values->expires = request->expires;
        return ssh_keys_copy(request->ssh_keys, &values->ssh_keys);
}

void authority_user_set(Authority *authority, const Caller *caller, const char *id,
                        const UserSetRequest *request, AnswerHandler handler, void *userdata) {
        AdminCall *admin =
                        admin_call_new(authority, caller, sizeof(*admin), NULL, handler, userdata);
        _cleanup_(store_request_freep) StoreRequest *set = NULL;
        int r;

        if (!admin)
                return;
        set = call_user_set_request(id, request->sets);
        if (!set)
                return call_finish(&admin->call, -ENOMEM);
        r = set_values(request, set->users[0]);
        if (r != 0)
                return call_finish(&admin->call, r);
        admin_audit(admin, AUDIT_USER_SET);
        set_words(request, admin->audit.done);
        call_store(&admin->call, TAKE_PTR(set), set_answered);
}
