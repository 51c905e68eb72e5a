/* What tokens have in common, in one block: this struct, the vector of scopes, then the bytes that
 * tell one profile from another: numbers, and all texts one behind the other.
 *
 * Invariant: the bytes say everything, also which texts are missing and where each ends, and have
 * no holes; so profiles are equal when their bytes are. */

#include "base/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/text.h"

enum Text { TEXT_USER_ID, TEXT_CLIENT_ID, TEXT_USER_NAME, TEXT_USER_ROLE, _TEXT_MAX };

/* The texts of a token that are its profile's. */
static const size_t text_members[_TEXT_MAX] = {
        [TEXT_USER_ID] = offsetof(Token, user_id),
        [TEXT_CLIENT_ID] = offsetof(Token, client_id),
        [TEXT_USER_NAME] = offsetof(Token, user_name),
        [TEXT_USER_ROLE] = offsetof(Token, user_role),
};

typedef struct Facts {
        int64_t user_epoch;
        int64_t client_epoch;
        uint32_t uid;
        uint32_t present; /* a bit for each text that is not NULL; the next one: scopes */
        char texts[];
} Facts;

_Static_assert(offsetof(Facts, texts) == sizeof(Facts) && sizeof(Facts) == 24,
               "no byte of the facts is left to chance");
_Static_assert(_TEXT_MAX < 32, "a bit for each text, and one for the scopes");

struct Profile {
        unsigned n_ref;
        size_t facts_size;
        Facts *facts;
        char **scopes;
        char *texts[_TEXT_MAX];
};

static char **member_of(const Token *token, size_t i) {
        return (char **)((char *)token + text_members[i]);
}

static size_t texts_size(const Token *token) {
        size_t size = 0;

        for (size_t i = 0; i < _TEXT_MAX; i++)
                if (*member_of(token, i))
                        size += strlen(*member_of(token, i)) + 1;
        for (char **scope = token->scopes; scope && *scope; scope++)
                size += strlen(*scope) + 1;
        return size;
}

static char *text_append(char **end, const char *text) {
        char *copy = *end;

        *end = stpcpy(copy, text) + 1;
        return copy;
}

int profile_new(const Token *token, Profile **ret) {
        size_t n_scopes = strv_length(token->scopes);
        size_t scopes_size = token->scopes ? (n_scopes + 1) * sizeof(char *) : 0;
        size_t facts_size = sizeof(Facts) + texts_size(token);
        Profile *profile;
        char *end;

        if (scopes_size + facts_size > PROFILE_SIZE_MAX)
                return -E2BIG;
        profile = calloc(1, sizeof(*profile) + scopes_size + facts_size);
        if (!profile)
                return -ENOMEM;
        profile->n_ref = 1;
        profile->facts_size = facts_size;
        profile->facts = (Facts *)((char *)(profile + 1) + scopes_size);
        *profile->facts = (Facts){
                .user_epoch = token->user_epoch,
                .client_epoch = token->client_epoch,
                .uid = token->uid,
        };
        end = profile->facts->texts;
        for (size_t i = 0; i < _TEXT_MAX; i++) {
                if (!*member_of(token, i))
                        continue;
                profile->facts->present |= 1U << i;
                profile->texts[i] = text_append(&end, *member_of(token, i));
        }
        if (token->scopes) {
                profile->facts->present |= 1U << _TEXT_MAX;
                profile->scopes = (char **)(profile + 1);
        }
        for (size_t i = 0; i < n_scopes; i++)
                profile->scopes[i] = text_append(&end, token->scopes[i]);
        *ret = profile;
        return 0;
}

Profile *profile_ref(Profile *profile) {
        profile->n_ref++;
        return profile;
}

Profile *profile_unref(Profile *profile) {
        if (profile && --profile->n_ref == 0)
                free(profile);
        return NULL;
}

void profile_unrefp(Profile **profile) {
        profile_unref(*profile);
}

const void *profile_bytes(const Profile *profile, size_t *ret_size) {
        *ret_size = profile->facts_size;
        return profile->facts;
}

const char *profile_user_id(const Profile *profile) {
        return profile->texts[TEXT_USER_ID];
}

const char *profile_client_id(const Profile *profile) {
        return profile->texts[TEXT_CLIENT_ID];
}

Token *profile_token_new(Profile *profile) {
        Token *token = token_new();

        if (!token)
                return NULL;
        token->profile = profile_ref(profile);
        for (size_t i = 0; i < _TEXT_MAX; i++)
                *member_of(token, i) = profile->texts[i];
        token->scopes = profile->scopes;
        token->uid = profile->facts->uid;
        token->user_epoch = profile->facts->user_epoch;
        token->client_epoch = profile->facts->client_epoch;
        return token;
}
