#pragma once

/* The profiles of cached tokens, one of each kind, and their owners: forgetting an owner outdates
 * all its profiles at once, whatever their number. What is put in later gets a new profile. */

#include "base/profile.h"

enum OwnerKind { OWNER_USER, OWNER_CLIENT, _OWNER_KIND_MAX };

typedef struct Profiles Profiles;

/* 0 or a negative errno. For up to this many tokens. */
int profiles_new(uint32_t tokens_max, Profiles **ret);
Profiles *profiles_free(Profiles *profiles);
void profiles_freep(Profiles **profiles);

/* The number of the token's, with one user more. 0: no memory, or too many. */
uint32_t profiles_use(Profiles *profiles, const Token *token);
/* One user fewer; the last one frees it. */
void profiles_leave(Profiles *profiles, uint32_t profile);
/* Borrowed from a user of it. */
Profile *profile_at(const Profiles *profiles, uint32_t profile);
/* By forgetting an owner or by clearing. */
bool profile_is_outdated(const Profiles *profiles, uint32_t profile);
bool profile_is_cleared(const Profiles *profiles, uint32_t profile);
void profiles_forget(Profiles *profiles, enum OwnerKind kind, const char *id);
/* Outdates all at once, and frees none. */
void profiles_clear(Profiles *profiles);
/* A piece of the memory that no profile needs any more; true: there may be more. */
bool profiles_give_back(Profiles *profiles);
