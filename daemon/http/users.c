/* Administration of users, and their passwords. */

#include "core/users.h"

#include <errno.h>

#include "http/route.h"
#include "http/write.h"
#include "wire/text.h"

static int write_one(Request *request, Answer *answer, JsonWriter *w) {
        write_user(w, answer->user);
        return 0;
}

static int write_changed(Request *request, Answer *answer, JsonWriter *w) {
        write_user(w, answer->user);
        return write_revoked_answer(request, answer, w);
}

static int read_uid(Request *request, const char *name, uint32_t absent, uint32_t *ret) {
        int64_t uid;
        int r = json_get_int64(request->json, JSON_ROOT, name, &uid);

        if (r == -ENOENT) {
                *ret = absent;
                return 0;
        }
        if (r == -EBADMSG || (r == 0 && (uid < 0 || uid >= UID_NONE)))
                return REASON_INVALID_VALUE;
        if (r == 0)
                *ret = (uint32_t)uid;
        return r;
}

/* 0: never. */
static int read_expires(Request *request, int64_t *ret) {
        int64_t seconds;
        int r = json_get_int64(request->json, JSON_ROOT, "expires", &seconds);

        if (r == -ENOENT)
                return 0;
        if (r == -EBADMSG)
                return REASON_INVALID_VALUE;
        if (r == 0 && seconds == 0)
                *ret = 0;
        return r != 0 || seconds == 0 ? r : seconds_to_usec(seconds, ret);
}

static int read_state(Request *request, enum UserState *ret) {
        const char *text = NULL;
        int r = request_json_text(request, "state", &text);

        if (r == 0 && text && user_state_from_string(text, ret) != 0)
                r = REASON_INVALID_VALUE;
        return r;
}

static int read_user(Request *request, UserAddRequest *user) {
        const struct {
                const char *name;
                const char **ret;
        } texts[] = {
                { "name", &user->name },     { "id", &user->id },
                { "email", &user->email },   { "role", &user->role },
                { "parent", &user->parent }, { "partner_id", &user->partner_id },
                { "shell", &user->shell },   { "home", &user->home },
        };
        int r = 0;

        for (size_t i = 0; r == 0 && i < ELEMENTSOF(texts); i++)
                r = request_json_text(request, texts[i].name, texts[i].ret);
        if (r == 0)
                r = request_json_strv(request, "scopes", &user->scopes);
        if (r == 0)
                r = request_json_strv(request, "groups", &user->groups);
        if (r == 0)
                r = request_json_strv(request, "ssh_keys", &user->ssh_keys);
        if (r == 0)
                r = request_json_secret(request, "password", &user->password);
        if (r == 0)
                r = request_json_secret(request, "hash", &user->hash);
        if (r == 0)
                r = read_state(request, &user->state);
        if (r == 0)
                r = read_expires(request, &user->expires);
        if (r == 0)
                r = read_uid(request, "uid", UID_NONE, &user->uid);
        return r;
}

static int user_add(Request *request) {
        UserAddRequest *user = request_alloc(request, sizeof(*user));
        int r;

        if (!user)
                return -ENOMEM;
        r = read_user(request, user);
        if (r != 0)
                return r;
        if (!user->name)
                return REASON_INVALID_REQUEST;
        request_await(request, 201, write_one);
        authority_user_add(request->context->authority, &request->caller, user, request_answered,
                           request);
        return 0;
}

/* One user by name, or a page; answer NULL: nobody has that name. */
static int write_list(Request *request, Answer *answer, JsonWriter *w) {
        json_write_array(w, "users");
        if (answer && answer->user) {
                json_write_object(w, NULL);
                write_user(w, answer->user);
                json_write_object_end(w);
        }
        for (size_t i = 0; answer && i < answer->n_users; i++) {
                json_write_object(w, NULL);
                write_user(w, answer->users[i]);
                json_write_object_end(w);
        }
        json_write_array_end(w);
        if (answer)
                json_write_text(w, "next", answer->cursor);
        return 0;
}

static int user_list(Request *request) {
        const char *name = request_query(request, "name"), *cursor;
        unsigned limit;
        int r = request_query_page(request, &limit, &cursor);

        if (r != 0)
                return r;
        request_await(request, 200, write_list);
        if (name) {
                request->answer_as_empty = REASON_USER_UNKNOWN;
                authority_user_get(request->context->authority, &request->caller, NULL, name,
                                   request_answered, request);
        } else {
                authority_user_list(request->context->authority, &request->caller, cursor, limit,
                                    request_answered, request);
        }
        return 0;
}

static int user_get(Request *request) {
        request_await(request, 200, write_one);
        authority_user_get(request->context->authority, &request->caller, request->params[0], NULL,
                           request_answered, request);
        return 0;
}

static int user_remove(Request *request) {
        request_await(request, 200, write_changed);
        authority_user_remove(request->context->authority, &request->caller, request->params[0],
                              request_answered, request);
        return 0;
}

static bool has_member(const Request *request, const char *name) {
        JsonNode node = json_get(request->json, JSON_ROOT, name);

        return node != JSON_NONE && json_type(request->json, node) != JSON_NULL;
}

static int user_patch(Request *request) {
        UserSetRequest *set = request_alloc(request, sizeof(*set));
        int r;

        if (!set)
                return -ENOMEM;
        set->sets = (has_member(request, "state") ? USER_SETS_STATE : 0U) |
                    (has_member(request, "expires") ? USER_SETS_EXPIRES : 0U) |
                    (has_member(request, "ssh_keys") ? USER_SETS_SSH_KEYS : 0U);
        r = read_state(request, &set->state);
        if (r == 0)
                r = read_expires(request, &set->expires);
        if (r == 0)
                r = request_json_strv(request, "ssh_keys", &set->ssh_keys);
        if (r != 0)
                return r;
        request_await(request, 200, write_changed);
        authority_user_set(request->context->authority, &request->caller, request->params[0], set,
                           request_answered, request);
        return 0;
}

static int write_password(Request *request, Answer *answer, JsonWriter *w) {
        json_write_text(w, "id", answer->user->id);
        json_write_text(w, "name", answer->user->name);
        return write_revoked_answer(request, answer, w);
}

static int user_password(Request *request) {
        UserPasswordRequest *set = request_alloc(request, sizeof(*set));
        int r;

        if (!set)
                return -ENOMEM;
        set->id = request->params[0];
        r = request_json_secret(request, "password", &set->password);
        if (r == 0)
                r = request_json_secret(request, "old_password", &set->old_password);
        if (r == 0)
                r = request_json_text(request, "login", &set->login);
        if (r == 0)
                r = request_json_text(request, "rhost", &set->rhost);
        if (r == 0)
                r = read_uid(request, "ruid", 0, &set->ruid);
        if (r != 0)
                return r;
        if (!set->password && !set->old_password)
                return request_refuse(request, REASON_INVALID_REQUEST,
                                      "password and old_password are missing");
        request_await(request, 200, write_password);
        authority_user_set_password(request->context->authority, &request->caller, set,
                                    request_answered, request);
        return 0;
}

/* clang-format off */
static const Route routes[] = {
        { "POST",   "/v1/users",              user_add,      BODY_JSON, 0, NULL,
          "Add a user",
          "name! id uid# email partner_id role parent scopes[] groups[] home shell password hash "
          "state expires# ssh_keys[]",
          "201 " USER_MEMBERS },
        { "GET",    "/v1/users",              user_list,     BODY_NONE, 0, NULL,
          "List users, or find one by name", "name limit# cursor", "200 users[{}] next" },
        { "GET",    "/v1/users/:id",          user_get,      BODY_NONE, 0, NULL,
          "Show a user", "", "200 " USER_MEMBERS },
        { "PATCH",  "/v1/users/:id",          user_patch,    BODY_JSON, 0, NULL,
          "Lock or unlock a user, ask for a new password, set the expiry or the SSH keys",
          "state expires# ssh_keys[]", "200 " USER_MEMBERS " revoked#" },
        { "DELETE", "/v1/users/:id",          user_remove,   BODY_NONE, 0, NULL,
          "Remove a user and revoke its tokens", "", "200 " USER_MEMBERS " revoked#" },
        { "POST",   "/v1/users/:id/password", user_password, BODY_JSON, 0, NULL,
          "Set a user's password and revoke its tokens, or check the old one",
          "password old_password login rhost ruid#", "200 id name revoked#" },
};
/* clang-format on */

const RouteTable user_routes = ROUTE_TABLE(routes);
