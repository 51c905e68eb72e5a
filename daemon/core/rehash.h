#pragma once

/* Core's own: a stored hash that is weaker than Hash= and Rounds= say is made anew while the right
 * password is at hand. Nobody waits for it, and nothing fails with it: what does not come to pass
 * is tried again at the next login. */

#include "core/call.h"

typedef struct Rehash Rehash;

int rehashes_new(Authority *authority, Rehashes **ret);
/* What has not begun is dropped; the authority's passwords must have ended. */
Rehashes *rehashes_free(Rehashes *rehashes);

/* Copies the password, which is right. NULL: a new hash would be no better, or would not take all
 * of the password, or there is no memory. */
Rehash *rehash_new(const Authority *authority, const User *user, const Secret *password);
Rehash *rehash_free(Rehash *rehash);
/* Takes it, which may be NULL. To be called once the login has its answer. The user keeps its
 * tokens; a user that was changed meanwhile keeps its hash. */
void rehash_begin(Authority *authority, Rehash *rehash);
