#pragma once

/* Public keys for sshd, as lines of authorized_keys(5) without options. */

#include <stdbool.h>
#include <stddef.h>

/* The longest line; RSA with 16,384 bits needs 2.8 KiB. */
#define SSH_KEY_MAX 8192U
/* Keys of one user. */
#define SSH_KEYS_MAX 32U

/* "TYPE BASE64" or "TYPE BASE64 COMMENT", with single spaces: a known type, a whole key of that
 * type, and a comment of printable UTF-8. Never an option, a newline or another control
 * character. */
bool ssh_key_is_valid(const char *line);

/* Without doubles; no keys give NULL. 0, -ENOMEM, REASON_INVALID_VALUE, or REASON_LIMIT_EXCEEDED:
 * more than SSH_KEYS_MAX. */
int ssh_keys_copy(char *const *keys, char ***ret);
