#pragma once

/* What there is to know of crypt(5)'s methods beside crypt() itself. */

#include <stdbool.h>
#include <stddef.h>

/* The most that crypt() takes, without the NUL; it refuses more. */
#define PASSWORD_METHOD_SIZE_MAX 511U
/* Room for what password_setting_cost() writes: "$7$" and 11 digits, "$6$rounds=999999999$". */
#define PASSWORD_COST_MAX 32U

typedef struct PasswordMethod PasswordMethod;

/* By the name or the prefix that Hash= says; NULL: unknown, or not good enough for new hashes. */
const PasswordMethod *password_method_find(const char *text);
/* "$y$", as crypt_gensalt(3) wants it. */
const char *password_method_prefix(const PasswordMethod *method);

/* How many bytes of a password the method of this setting or hash looks at. */
size_t password_setting_size_max(const char *setting);
/* The part of it that decides how long crypt() takes: "$y$j9T$". Empty: none that fits. */
void password_setting_cost(const char *setting, char ret[static PASSWORD_COST_MAX]);

/* Whether it looks like what crypt() makes, whole, by the shapes in crypt(5), and does not cost so
 * much that checking a password against it would take longer than a login waits, or gigabytes. */
bool password_hash_is_valid(const char *hash);
/* Whether a new hash by this setting would be better: by a better method, or by one as good at a
 * higher cost. False also for a cost that can't be read. */
bool password_hash_is_weaker(const char *hash, const char *setting);
