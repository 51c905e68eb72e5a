#pragma once

/* Scopes: words of RFC 6749 section 3.3, kept as a sorted NULL-terminated vector without doubles.
 * Owners: NULL means any scope but the reserved ones. Tokens: NULL means the owner's ordinary
 * access; a vector means these and no more. */

#include <stdbool.h>

#define SCOPE_LOGIN "login" /* may be typed as an SSH password */
#define SCOPE_ISSUE "issue" /* may issue for the users of issue_for */
#define SCOPE_ADMIN "admin"
/* Not reserved: in a token's scopes it is its owner's ordinary access, beside what else they say.
 * Nobody gains by it who could not have had a token without scopes. */
#define SCOPE_DEFAULT "DEFAULT"

/* The most words that one list may have: every one is compared with every other. */
#define SCOPES_MAX 128

bool scope_is_valid(const char *word);
bool scope_is_reserved(const char *word);

/* "read write" or "read,write"; NULL and "" give NULL. -EINVAL: a character that no scope has, or
 * more than SCOPES_MAX words. */
int scopes_parse(const char *text, char ***ret);
/* "read write"; NULL gives NULL. */
int scopes_format(char *const *scopes, char **ret);

/* What an owner with this list (NULL: unlisted) may have: every word is listed, or, without a list,
 * is not reserved. */
bool scopes_within_owner(char *const *wanted, char *const *owner);
/* What a token may hand on: its own words, or, with NULL, the owner's ordinary access. */
bool scopes_within_token(char *const *wanted, char *const *held);
/* An owner who may have any reserved scope. */
bool scopes_may_be_reserved(char *const *owner);
