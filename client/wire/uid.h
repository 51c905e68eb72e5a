#pragma once

/* Which uids can be people's: one rule for the module, the daemon and userdb. */

#include <stdbool.h>
#include <stdint.h>

/* The machine's own accounts (login.defs). */
#define UID_SYSTEM_MAX 999U
/* systemd's DynamicUser= from 61184, what it holds back behind that, nobody, and the 16-bit -1. */
#define UID_HELD_MIN 61184U
#define UID_HELD_MAX 65535U
/* From 2^31 on too many programs see a negative number. */
#define UID_MAX 0x7fffffffU

/* Not root, nor any of those that mean something else. */
static inline bool uid_is_somebodys(uint32_t uid) {
        return uid > 0 && uid <= UID_MAX && (uid < UID_HELD_MIN || uid > UID_HELD_MAX);
}

/* May belong to a user who exists in tokend only. */
static inline bool uid_is_giveable(uint32_t uid) {
        return uid > UID_SYSTEM_MAX && uid_is_somebodys(uid);
}
