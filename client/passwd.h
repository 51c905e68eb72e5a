#pragma once

/* Accounts by the files themselves: NSS may ask tokend, and then the one waits for the other. */

#include <stdbool.h>
#include <sys/types.h>

/* The uid in "name:password:uid:…". -ENOENT: no such line, or another name's (NULL: any). */
int passwd_line_uid(const char *line, const char *name, uid_t *ret);
/* The uid of a name in a file of passwd(5)'s format. -ENOENT: no such line. */
int passwd_find_uid(const char *path, const char *name, uid_t *ret);
/* The uid of TOKEND_USER_NAME from /etc/passwd; (uid_t)-1: none. */
uid_t trusted_uid_find(void);

/* Whether name stands in the file passwd, and not in the snapshot of tokend's users: then tokend
 * has nothing to say. False when one of them can't be read whole, or others than root and that uid
 * could have written the snapshot. */
bool passwd_user_is_foreign(const char *passwd, const char *snapshot, uid_t trusted_uid,
                            const char *name);

/* Whether it says that this user, of tokend's alone, has a password to change first. False too when
 * the snapshot can't be read whole or trusted. */
bool snapshot_user_must_change(const char *snapshot, uid_t trusted_uid, const char *name);
