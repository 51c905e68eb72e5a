#pragma once

/* What there is to know of crypt(5)'s methods beside crypt() itself. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most that crypt() takes, without the NUL; it refuses more. */
#define PASSWORD_METHOD_SIZE_MAX 511U
/* How many there are, those for stored hashes only included. */
#define PASSWORD_METHODS 16U

typedef struct PasswordMethod PasswordMethod;

/* By the name or the prefix that Hash= says; NULL: unknown, or not good enough for new hashes. */
const PasswordMethod *password_method_find(const char *text);
/* "$y$", as crypt_gensalt(3) wants it. */
const char *password_method_prefix(const PasswordMethod *method);

/* How many bytes of a password the method of this setting or hash looks at. */
size_t password_setting_size_max(const char *setting);
/* Which method it is by, from 0 to PASSWORD_METHODS - 1, and by what decides how long crypt()
 * takes: within a method more takes longer. UINT64_MAX: more than crypt() takes, or not to be read;
 * 0: the method knows but one. */
size_t password_setting_cost(const char *setting, uint64_t *ret_cost);

/* Whether it looks like what crypt() makes, whole, by the shapes in crypt(5), and does not cost so
 * much that checking a password against it would take longer than a login waits, or gigabytes. */
bool password_hash_is_valid(const char *hash);
/* Whether a new hash by this setting would be better: by a better method, or by one as good at a
 * higher cost. False also for a cost that can't be read. */
bool password_hash_is_weaker(const char *hash, const char *setting);
