#pragma once

/* A user as the store keeps it. */

#include <stdbool.h>
#include <stdint.h>

#include "wire/secret.h"

enum UserState { USER_ACTIVE, USER_LOCKED, USER_PASSWORD_MUST_CHANGE, _USER_STATE_MAX };

/* Which members a change is about. */
enum UserSets { USER_SETS_STATE = 1, USER_SETS_EXPIRES = 2, USER_SETS_SSH_KEYS = 4 };

typedef struct User {
        char *id;         /* opaque text, a UUID unless chosen */
        char *name;       /* POSIX login name, byte-exact */
        char *email;      /* kept as given, unique in lower case; NULL: none */
        char *partner_id; /* never NULL: the id unless another was given */
        char *role;       /* NULL: none */
        char *parent_id;  /* NULL: no sub-account */
        uint32_t uid;
        uint32_t gid;
        bool adopted; /* the machine's own user: its uid, gid, home and shell; not in userdb */
        char *home;
        char *shell;
        char **groups; /* supplementary, by name; NULL: none */
        char **scopes; /* what its tokens may have (scope.h) */
        char **ssh_keys; /* lines of authorized_keys(5), "TYPE BASE64 [COMMENT]"; NULL: none */
        Secret hash;   /* crypt(5) */
        enum UserState state;
        int64_t expires; /* µs UTC: from then on it may not log in, and has no tokens; 0: never */
        int64_t created; /* µs UTC */
        int64_t epoch;   /* never given twice on one store */
} User;

User *user_new(void);
User *user_free(User *user);
void user_freep(User **user);
int user_copy(const User *user, User **ret);

const char *user_state_to_string(enum UserState state); /* "active", "locked", … */
int user_state_from_string(const char *text, enum UserState *ret); /* -EINVAL */

/* Why this user gets nothing at all at that time, µs UTC: 0, REASON_USER_LOCKED or
 * REASON_USER_EXPIRED. What a password that must change means is the caller's to decide. */
int user_refusal(const User *user, int64_t now);

/* 1 to 128 printable ASCII characters without space: ids, partner ids, client ids. */
bool id_is_valid(const char *id);
/* One '@', something on both sides, no white space. */
bool email_is_valid(const char *email);
/* In lower case by ASCII, whatever the locale; bytes above ASCII stay. NULL stays NULL. 0 or
 * -ENOMEM. */
int email_fold(const char *email, char **ret);
/* Absolute, no "..", no ':', no ',' and no control characters: a home or a shell. */
bool account_path_is_valid(const char *path);
/* A random UUID (RFC 9562 version 4) as 36 characters. */
int uuid_generate(char ret[static 37]);
