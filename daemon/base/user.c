/* Users as values, and what their names, ids, addresses and paths may look like.
 *
 * What passes the predicates here may stand in a passwd line, a JSON record and a journal entry
 * without breaking any of them. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/token.h"
#include "base/user.h"
#include "wire/cleanup.h"
#include "wire/reason.h"
#include "wire/text.h"

#define ID_MAX    128
#define EMAIL_MAX 254 /* RFC 5321 section 4.5.3.1.3, without the brackets */
#define PATH_SIZE 1024

static const char *const state_names[_USER_STATE_MAX] = {
        [USER_ACTIVE] = "active",
        [USER_LOCKED] = "locked",
        [USER_PASSWORD_MUST_CHANGE] = "password-must-change",
};

User *user_new(void) {
        User *user = calloc(1, sizeof(*user));

        if (!user)
                return NULL;

        user->uid = UID_NONE;
        user->gid = UID_NONE;
        return user;
}

User *user_free(User *user) {
        if (!user)
                return NULL;

        free(user->id);
        free(user->name);
        free(user->email);
        free(user->partner_id);
        free(user->role);
        free(user->parent_id);
        free(user->home);
        free(user->shell);
        strv_free(user->groups);
        strv_free(user->scopes);
        strv_free(user->ssh_keys);
        secret_done(&user->hash);
        free(user);
        return NULL;
}

void user_freep(User **user) {
        user_free(*user);
}

static int copy_texts(const User *user, User *copy) {
        int r = 0;

        r = r < 0 ? r : text_copy(user->id, &copy->id);
        r = r < 0 ? r : text_copy(user->name, &copy->name);
        r = r < 0 ? r : text_copy(user->email, &copy->email);
        r = r < 0 ? r : text_copy(user->partner_id, &copy->partner_id);
        r = r < 0 ? r : text_copy(user->role, &copy->role);
        r = r < 0 ? r : text_copy(user->parent_id, &copy->parent_id);
        r = r < 0 ? r : text_copy(user->home, &copy->home);
        r = r < 0 ? r : text_copy(user->shell, &copy->shell);
        return r;
}

int user_copy(const User *user, User **ret) {
        _cleanup_(user_freep) User *copy = user_new();
        int r;

        if (!copy)
                return -ENOMEM;

        r = copy_texts(user, copy);
        if (r >= 0 && user->groups)
                r = strv_copy(user->groups, &copy->groups);
        if (r >= 0 && user->scopes)
                r = strv_copy(user->scopes, &copy->scopes);
        if (r >= 0 && user->ssh_keys)
                r = strv_copy(user->ssh_keys, &copy->ssh_keys);
        if (r >= 0 && !secret_is_empty(&user->hash))
                r = secret_set(&copy->hash, user->hash.text, user->hash.size);
        if (r < 0)
                return r;

        copy->uid = user->uid;
        copy->gid = user->gid;
        copy->adopted = user->adopted;
        copy->state = user->state;
        copy->expires = user->expires;
        copy->created = user->created;
        copy->epoch = user->epoch;
        *ret = TAKE_PTR(copy);
        return 0;
}

const char *user_state_to_string(enum UserState state) {
        return (unsigned)state < _USER_STATE_MAX ? state_names[state] : NULL;
}

int user_state_from_string(const char *text, enum UserState *ret) {
        if (!text)
                return -EINVAL;

        for (int i = 0; i < _USER_STATE_MAX; i++)
                if (streq(text, state_names[i])) {
                        *ret = i;
                        return 0;
                }

        return -EINVAL;
}

int user_refusal(const User *user, int64_t now) {
        /* A state that nobody knows is none that lets in. */
        if (user->state != USER_ACTIVE && user->state != USER_PASSWORD_MUST_CHANGE)
                return REASON_USER_LOCKED;
        return user->expires > 0 && now >= user->expires ? REASON_USER_EXPIRED : 0;
}

bool id_is_valid(const char *id) {
        size_t size = id ? strnlen(id, ID_MAX + 1) : 0;

        if (size == 0 || size > ID_MAX)
                return false;

        for (size_t i = 0; i < size; i++)
                if (id[i] <= ' ' || id[i] > '~')
                        return false;

        return true;
}

static bool has_white_or_control(const char *text) {
        for (const char *c = text; *c; c++)
                if ((unsigned char)*c <= ' ' || *c == '\177')
                        return true;

        return false;
}

bool email_is_valid(const char *email) {
        size_t size = email ? strnlen(email, EMAIL_MAX + 1) : 0;
        const char *at;

        if (size == 0 || size > EMAIL_MAX || !text_is_utf8(email, size))
                return false;

        at = strchr(email, '@');
        if (!at || at == email || at[1] == '\0' || strchr(at + 1, '@'))
                return false;

        return !has_white_or_control(email);
}

int email_fold(const char *email, char **ret) {
        char *folded = NULL;
        int r;

        r = text_copy(email, &folded);
        if (r < 0)
                return r;

        for (char *c = folded; c && *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char)(*c - 'A' + 'a');

        *ret = folded;
        return 0;
}

bool account_path_is_valid(const char *path) {
        size_t size = path ? strnlen(path, PATH_SIZE) : 0;

        if (size == 0 || size == PATH_SIZE || path[0] != '/' || !text_is_utf8(path, size))
                return false;

        for (size_t i = 0; i < size; i++)
                if ((unsigned char)path[i] < ' ' || strchr("\177:,", path[i]))
                        return false;

        for (const char *part = path; part; part = strchr(part + 1, '/'))
                if (strncmp(part, "/..", 3) == 0 && (part[3] == '\0' || part[3] == '/'))
                        return false;

        return true;
}

int uuid_generate(char ret[static 37]) {
        uint8_t bytes[16];
        char digits[2 * sizeof(bytes) + 1];
        size_t out = 0;

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
                return errno > 0 ? -errno : -EIO;

        bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version 4 */
        bytes[8] = (bytes[8] & 0x3f) | 0x80; /* variant of RFC 9562 */
        hex_encode(bytes, sizeof(bytes), digits);

        for (size_t i = 0; i < 2 * sizeof(bytes); i++) {
                if (i == 8 || i == 12 || i == 16 || i == 20)
                        ret[out++] = '-';
                ret[out++] = digits[i];
        }
        ret[out] = '\0';
        return 0;
}
