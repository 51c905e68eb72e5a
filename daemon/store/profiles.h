#pragma once

/* The profiles of cached tokens, one of each kind, and their owners: forgetting an owner outdates
 * all its profiles at once, whatever their number. What is put in later gets a new profile. */

#include "base/profile.h"

enum OwnerKind { OWNER_USER, OWNER_CLIENT, _OWNER_KIND_MAX };

typedef struct Owner Owner;
typedef struct Profiles Profiles;

typedef struct SharedProfile {
        uint64_t number; /* says which bucket */
        uint32_t next;   /* in its bucket, or of those that are free */
        uint32_t n_users;
        bool is_replaced; /* out of the table, only used */
        Profile *profile; /* NULL: free */
        Owner *owners[_OWNER_KIND_MAX]; /* NULL: it has none of that kind */
        uint64_t generations[_OWNER_KIND_MAX];
} SharedProfile;

/* 0 or a negative errno. For up to this many tokens. */
int profiles_new(uint32_t tokens_max, Profiles **ret);
Profiles *profiles_free(Profiles *profiles);
void profiles_freep(Profiles **profiles);

/* The number of the token's, with one user more. 0: no memory, or too many. */
uint32_t profiles_use(Profiles *profiles, const Token *token);
/* One user fewer; the last one frees it. */
void profiles_leave(Profiles *profiles, uint32_t profile);
SharedProfile *profile_at(const Profiles *profiles, uint32_t profile);
bool profile_is_outdated(const SharedProfile *shared);
void profiles_forget(Profiles *profiles, enum OwnerKind kind, const char *id);
/* Frees all, used or not. */
void profiles_clear(Profiles *profiles);
