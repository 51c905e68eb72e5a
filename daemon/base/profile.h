#pragma once

/* What many tokens have in common: whose they are, through whom and for what.
 * One block of memory, immutable once made and shared by reference, on one thread at a time with
 * all tokens that refer to it. */

#include <stddef.h>

#include "base/token.h"

/* What is longer is rare, and told by the store well enough. */
#define PROFILE_SIZE_MAX 4096U

/* Takes a copy of all but the token's hash, times and login, and of how it came to be (grant,
 * service, rhost, tty), which only lists tell. 0, -E2BIG, or -ENOMEM. */
int profile_new(const Token *token, Profile **ret);
Profile *profile_ref(Profile *profile);
Profile *profile_unref(Profile *profile);
void profile_unrefp(Profile **profile);

/* Equal profiles have equal bytes. */
const void *profile_bytes(const Profile *profile, size_t *ret_size);
const char *profile_user_id(const Profile *profile);   /* or NULL */
const char *profile_client_id(const Profile *profile); /* or NULL */

/* An access token whose texts are the profile's; hash, times and login are the caller's to set
 * before anybody else sees it; how it came to be is not said. One allocation. NULL: no memory. */
Token *profile_token_new(Profile *profile);
