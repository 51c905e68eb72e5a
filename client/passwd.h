#pragma once

/* Accounts by the files themselves: NSS may ask tokend, and then the one waits for the other. */

#include <stdbool.h>
#include <sys/types.h>

/* The uid of a name in a file of passwd(5)'s format. -ENOENT: no such line. */
int passwd_find_uid(const char *path, const char *name, uid_t *ret);
/* The uid of TOKEND_USER_NAME from /etc/passwd; (uid_t)-1: none. */
uid_t trusted_uid_find(void);

/* Whether name stands in the file passwd and tokend's list of users of this machine whom it has
 * taken on (adopted, ADOPTED_PATH) has been read and does not name it: then tokend has nothing to
 * say. False for whatever can't be read or others could have written. */
bool passwd_user_is_foreign(const char *passwd, const char *adopted, uid_t trusted_uid,
                            const char *name);
