/* Adding a user: what it is to be called, which uid it has, and that nobody else has it.
 *
 * The machine (NSS) is asked first: a name that it knows is adopted with its uid, gid, home and
 * shell. Otherwise the store gives the next uid of UidRange=. Only the store knows which that is,
 * so the user is put in locked and without a password, NSS is asked about the uid, and only then
 * the user comes alive. If somebody else has it, the user is taken out again, and since the store
 * gives no uid twice, the next try is on another. A daemon that dies in between leaves a locked
 * user behind, never one with two owners. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ssh-key.h"
#include "core/admin.h"
#include "core/nss.h"
#include "core/password-method.h"
#include "core/password.h"
#include "core/users.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/text.h"
#include "wire/uid.h"

/* uids of the machine's own inside UidRange=, in a row. */
#define UID_TRIES_MAX 256U
/* More than anybody is in. */
#define GROUPS_MAX 1024U

typedef struct UserAddCall {
        AdminCall admin;
        const UserAddRequest *request;
        User *user; /* as it is to be */
        Secret hash;
        char *added_id; /* of the user that is in the store, locked */
        int64_t added_epoch;
        unsigned n_tries;
        int failure; /* what ends the call when the user is out again; 0: the next try */
} UserAddCall;

static void add_submit(UserAddCall *add);

static void add_done(Call *call) {
        UserAddCall *add = (UserAddCall *)call;

        user_free(add->user);
        secret_done(&add->hash);
        free(add->added_id);
}

static int groups_copy(char *const *groups, char ***ret) {
        _cleanup_(strv_freep) char **copy = NULL;

        for (char *const *group = groups; group && *group; group++) {
                if (!user_name_is_valid(*group) || strv_length(copy) == GROUPS_MAX)
                        return REASON_INVALID_VALUE;
                if (!(copy && strv_contains(copy, *group)) && strv_extend(&copy, *group) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(copy);
        return 0;
}

static int home_default(const char *base, const char *name, char **ret) {
        const char *slash = base[0] && base[strlen(base) - 1] == '/' ? "" : "/";

        return asprintf(ret, "%s%s%s", base, slash, name) < 0 ? -ENOMEM : 0;
}

/* As shadow(5) marks a password that nobody can type. */
static bool hash_is_locked(const Secret *hash) {
        return secret_text(hash)[0] == '!' || secret_text(hash)[0] == '*';
}

/* What can be said without asking anybody. 0 or a Reason. */
static int request_check(const UserAddRequest *request) {
        if (!request->name || !user_name_is_valid(request->name))
                return REASON_INVALID_NAME;
        if ((request->id && !id_is_valid(request->id)) ||
            (request->email && !email_is_valid(request->email)) ||
            (request->partner_id && !id_is_valid(request->partner_id)) ||
            (request->role && !id_is_valid(request->role)) ||
            (request->home && !account_path_is_valid(request->home)) ||
            (request->shell && !account_path_is_valid(request->shell)))
                return REASON_INVALID_VALUE;
        if (request->parent && !user_name_is_valid(request->parent))
                return REASON_USER_UNKNOWN;
        if (request->uid != UID_NONE && !uid_is_somebodys(request->uid))
                return REASON_UID_NOT_PERMITTED;
        if (request->password && secret_is_empty(request->password))
                return REASON_EMPTY_PASSWORD;
        if (request->password && request->hash)
                return REASON_INVALID_REQUEST;
        if ((unsigned)request->state >= _USER_STATE_MAX || request->expires < 0 ||
            (request->hash && !hash_is_locked(request->hash) &&
             !password_hash_is_valid(secret_text(request->hash))))
                return REASON_INVALID_VALUE;
        return 0;
}

/* All but uid, gid, parent and hash. 0, -ENOMEM or a Reason. */
static int user_from_request(const UserAddRequest *request, const Config *config, User *user) {
        char uuid[37];
        int r;

        r = uuid_generate(uuid);
        if (r < 0)
                return r;
        if ((r = text_copy(request->name, &user->name)) < 0 ||
            (r = text_copy(request->id ? request->id : uuid, &user->id)) < 0 ||
            (r = text_copy(request->email, &user->email)) < 0 ||
            (r = text_copy(request->partner_id ? request->partner_id : user->id,
                           &user->partner_id)) < 0 ||
            (r = text_copy(request->role, &user->role)) < 0 ||
            (r = text_copy(request->shell ? request->shell : config->default_shell, &user->shell)) <
                            0 ||
            (r = text_copy(request->home, &user->home)) < 0)
                return r;
        if (!user->home && (r = home_default(config->home_base, user->name, &user->home)) < 0)
                return r;
        if (!account_path_is_valid(user->home))
                return REASON_INVALID_VALUE;
        user->state = request->state;
        user->expires = request->expires;
        r = ssh_keys_copy(request->ssh_keys, &user->ssh_keys);
        if (r == 0)
                r = groups_copy(request->groups, &user->groups);
        return r != 0 ? r : admin_copy_scopes(request->scopes, &user->scopes);
}

static void add_finished(Call *call, StoreRequest *request) {
        UserAddCall *add = (UserAddCall *)call;

        if (request->result != 0)
                return call_finish(call, request->result);
        call->answer.user = TAKE_PTR(request->users[0]);
        admin_finish_changed(&add->admin, false);
}

/* Without a hash: only the state. */
static StoreRequest *unlock_request_new(const UserAddCall *add) {
        _cleanup_(store_request_freep) StoreRequest *request = NULL;

        if (secret_is_empty(&add->hash)) {
                request = call_user_set_request(add->added_id, USER_SETS_STATE);
                if (request)
                        request->users[0]->state = add->user->state;
                return TAKE_PTR(request);
        }
        request = call_request(STORE_USER_SET_PASSWORD, STORE_KEY_ID, add->added_id);
        if (!request || secret_set(&request->hash, secret_text(&add->hash), add->hash.size) < 0)
                return NULL;
        request->state = add->user->state;
        return TAKE_PTR(request);
}

/* The uid is nobody else's: from now on the user may log in. */
static void add_unlock(UserAddCall *add) {
        StoreRequest *request = unlock_request_new(add);

        if (request)
                request->expected_epoch = add->added_epoch;
        call_store(&add->admin.call, request, add_finished);
}

static void add_taken_back(Call *call, StoreRequest *request) {
        UserAddCall *add = (UserAddCall *)call;
        const AuthorityObserver *observer = &call->authority->observer;

        /* Who reads all users at the start may have seen it. */
        if (request->result == 0 && observer->user_changed)
                observer->user_changed(observer->userdata, request->users[0], true, NULL, NULL);
        if (add->failure != 0)
                return call_finish(call, add->failure);
        if (request->result != 0 && request->result != REASON_USER_UNKNOWN)
                return call_finish(call, request->result);
        if (++add->n_tries == UID_TRIES_MAX)
                return call_finish(call, REASON_UID_RANGE_EXHAUSTED);
        add_submit(add);
}

static void add_take_back(UserAddCall *add, int failure) {
        add->failure = failure;
        call_store(&add->admin.call, call_request(STORE_USER_REMOVE, STORE_KEY_ID, add->added_id),
                   add_taken_back);
}

static void add_uid_asked(void *userdata, int r, NssAnswer *answer) {
        UserAddCall *add = userdata;

        if (r != 0)
                return add_take_back(add, r);
        if (answer->uid_name || answer->gid_name)
                return add_take_back(add, 0);
        add_unlock(add);
}

static void add_stored(Call *call, StoreRequest *request) {
        UserAddCall *add = (UserAddCall *)call;
        NssQuestion question = { .uid = UID_NONE };
        int r;

        if (request->result != 0)
                return call_finish(call, request->result);
        if (add->user->uid != UID_NONE)
                return add_finished(call, request);
        free(add->added_id);
        add->added_id = TAKE_PTR(request->users[0]->id);
        add->added_epoch = request->users[0]->epoch;
        question.uid = request->users[0]->uid;
        r = nss_ask(call->authority->nss, &question, add_uid_asked, add);
        if (r != 0)
                add_take_back(add, r);
}

/* Puts the user in: as it is to be, or locked while its uid is only a guess. */
static void add_submit(UserAddCall *add) {
        Call *call = &add->admin.call;
        const Config *config = call->authority->config;
        _cleanup_(store_request_freep) StoreRequest *request = store_request_new(STORE_USER_ADD);
        _cleanup_(user_freep) User *user = NULL;

        if (!request || user_copy(add->user, &user) < 0)
                return call_finish(call, -ENOMEM);
        if (user->uid == UID_NONE)
                user->state = USER_LOCKED;
        else if (secret_set(&user->hash, secret_text(&add->hash), add->hash.size) < 0)
                return call_finish(call, -ENOMEM);
        if (store_request_take_user(request, user) < 0)
                return call_finish(call, -ENOMEM);
        TAKE_PTR(user);
        request->uid_min = config->uid_min;
        request->uid_max = config->uid_max;
        call_store(call, TAKE_PTR(request), add_stored);
}

static void add_hashed(AdminCall *admin, Secret *hash) {
        UserAddCall *add = (UserAddCall *)admin;

        add->hash = TAKE(*hash, SECRET_INIT);
        add_submit(add);
}

/* Nobody's uids log in nobody, and who acts as the daemon would be anybody. */
static bool may_be_adopted(const NssUser *known) {
        return uid_is_somebodys(known->uid) && known->uid != geteuid() &&
               !streq_ptr(known->name, TOKEND_USER_NAME);
}

/* The machine's own user of that name. 0 or a Reason. */
static int add_adopt(UserAddCall *add, NssUser *known) {
        if (!may_be_adopted(known) || streq(add->user->name, TOKEND_USER_NAME))
                return REASON_UID_NOT_PERMITTED;
        if (add->request->uid != UID_NONE && add->request->uid != known->uid)
                return REASON_NAME_TAKEN;
        add->user->adopted = true;
        add->user->uid = known->uid;
        add->user->gid = known->gid;
        free(add->user->home);
        add->user->home = TAKE_PTR(known->home);
        free(add->user->shell);
        add->user->shell = TAKE_PTR(known->shell);
        return 0;
}

/* A user of tokend's own, which gets a group of its name and number. 0 or a Reason. What userdb
 * must not serve would keep it from serving anybody. */
static int add_own(UserAddCall *add, const NssAnswer *answer) {
        uint32_t uid = add->request->uid;

        if (answer->group_exists)
                return REASON_NAME_TAKEN;
        if (uid != UID_NONE && !uid_is_giveable(uid))
                return REASON_UID_NOT_PERMITTED;
        add->user->uid = add->request->uid;
        add->user->gid = add->request->uid;
        return answer->uid_name || answer->gid_name ? REASON_UID_TAKEN : 0;
}

static void add_asked(void *userdata, int r, NssAnswer *answer) {
        UserAddCall *add = userdata;
        Call *call = &add->admin.call;

        if (r == 0)
                r = answer->user_exists ? add_adopt(add, &answer->user) : add_own(add, answer);
        if (r == 0 && !answer->groups_exist)
                r = REASON_GROUP_UNKNOWN;
        if (r != 0)
                return call_finish(call, r);
        if (!add->request->password)
                return add_submit(add);
        admin_hash(&add->admin, add->request->password, add_hashed);
}

static void add_ask_machine(UserAddCall *add, char *const *groups) {
        NssQuestion question = {
                .name = add->user->name,
                .uid = add->request->uid,
                .groups = groups,
        };
        int r = nss_ask(add->admin.call.authority->nss, &question, add_asked, add);

        if (r != 0)
                call_finish(&add->admin.call, r);
}

/* Groups of our own users are known, and NSS may leave them out. */
static void add_groups_found(Call *call, StoreRequest *request) {
        UserAddCall *add = (UserAddCall *)call;
        _cleanup_(strv_freep) char **others = NULL;

        if (request->result != 0)
                return call_finish(call, request->result);
        for (size_t i = 0; i < request->n_users; i++) {
                const User *user = request->users[i];

                if ((!user || user->adopted) && strv_extend(&others, add->user->groups[i]) < 0)
                        return call_finish(call, -ENOMEM);
        }
        add_ask_machine(add, others);
}

static void add_find_groups(UserAddCall *add) {
        Call *call = &add->admin.call;
        _cleanup_(store_request_freep) StoreRequest *request = NULL;

        if (!call->authority->config->userdb || !add->user->groups)
                return add_ask_machine(add, add->user->groups);
        request = store_request_new(STORE_USERS_FIND);
        if (!request || strv_copy(add->user->groups, &request->key_texts) < 0)
                return call_finish(call, -ENOMEM);
        request->key.field = STORE_KEY_NAME;
        call_store(call, TAKE_PTR(request), add_groups_found);
}

static void add_parent_found(Call *call, StoreRequest *request) {
        UserAddCall *add = (UserAddCall *)call;

        if (request->result != 0)
                return call_finish(call, request->result);
        add->user->parent_id = TAKE_PTR(request->users[0]->id);
        add_find_groups(add);
}

/* A name that tokend has itself must not be taken for the machine's: userdb shows it there. */
static void add_name_looked_up(Call *call, StoreRequest *request) {
        UserAddCall *add = (UserAddCall *)call;

        if (request->result == 0)
                return call_finish(call, REASON_NAME_TAKEN);
        if (request->result != REASON_USER_UNKNOWN)
                return call_finish(call, request->result);
        if (!add->request->parent)
                return add_find_groups(add);
        call_store(call, call_user_request(STORE_KEY_NAME, add->request->parent), add_parent_found);
}

void authority_user_add(Authority *authority, const Caller *caller, const UserAddRequest *request,
                        AnswerHandler handler, void *userdata) {
        UserAddCall *add = admin_call_new(authority, caller, sizeof(*add), add_done, handler,
                                          userdata);
        int r;

        if (!add)
                return;
        add->request = request;
        r = request_check(request);
        if (r != 0)
                return call_finish(&add->admin.call, r);
        add->user = user_new();
        if (!add->user)
                return call_finish(&add->admin.call, -ENOMEM);
        add->user->uid = UID_NONE;
        add->user->gid = UID_NONE;
        add->user->created = call_now(&add->admin.call);
        r = user_from_request(request, authority->config, add->user);
        if (r == 0 && request->hash && !hash_is_locked(request->hash))
                r = secret_set(&add->hash, secret_text(request->hash), request->hash->size);
        if (r == 0)
                r = password_note_setting(authority->passwords, &add->hash);
        if (r != 0)
                return call_finish(&add->admin.call, r);
        admin_audit(&add->admin, AUDIT_USER_ADDED);
        call_store(&add->admin.call, call_user_request(STORE_KEY_NAME, add->user->name),
                   add_name_looked_up);
}
