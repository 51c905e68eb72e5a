#pragma once

/* Administration of users: root on the socket, or a token of scope admin. */

#include "core/authority.h"

typedef struct UserAddRequest {
        const char *name;
        const char *id;     /* NULL: a UUID is made */
        uint32_t uid;       /* UID_NONE: the machine's of that name, else the next of UidRange= */
        const char *email;
        const char *partner_id;
        const char *role;
        const char *parent; /* name */
        char *const *scopes;
        char *const *groups;
        const char *home;
        const char *shell;
        const Secret *password; /* NULL: none, the user can't log in by password */
        const Secret *hash; /* crypt(5), in place of a password; "!…" and "*…": none */
        enum UserState state;
        int64_t expires;       /* µs UTC; 0: never */
        char *const *ssh_keys; /* ssh-key.h */
} UserAddRequest;

/* Answer: user. REASON_INVALID_REQUEST (password and hash), _INVALID_NAME, _INVALID_VALUE (also a
 * hash that nothing could match), _LIMIT_EXCEEDED (keys), _*_TAKEN, _GROUP_UNKNOWN, _USER_UNKNOWN
 * (the parent), _UID_NOT_PERMITTED, _UID_RANGE_EXHAUSTED, _EMPTY_PASSWORD. The reply comes when
 * userdb knows it. */
void authority_user_add(Authority *authority, const Caller *caller, const UserAddRequest *request,
                        AnswerHandler handler, void *userdata);
/* By id, or by name when id is NULL. */
void authority_user_get(Authority *authority, const Caller *caller, const char *id,
                        const char *name, AnswerHandler handler, void *userdata);
void authority_user_list(Authority *authority, const Caller *caller, const char *cursor,
                         unsigned limit, AnswerHandler handler, void *userdata);
/* Answer: user as it was, n_revoked. */
void authority_user_remove(Authority *authority, const Caller *caller, const char *id,
                           AnswerHandler handler, void *userdata);
/* Borrowed. */
typedef struct UserPasswordRequest {
        const char *id;
        const Secret *old_password; /* checked like a login, whoever asks; NULL: not given */
        const Secret *password;     /* NULL: nothing changes, the old one is checked */
        /* From uid 0 on the socket only, else REASON_ACCESS_DENIED: */
        const char *login; /* of the session that goes on (TOKEND_LOGIN); another one is nothing */
        const char *rhost;
        uint32_t ruid; /* who runs the program that asks; 0: root */
} UserPasswordRequest;

/* root or an administrator, or that user (by uid or token), which must give the old password. All
 * of the user's tokens die, but for those of the login. Answer: user, n_revoked. After a right old
 * password also REASON_USER_LOCKED, _USER_EXPIRED, and _PASSWORD_UNCHANGED: it is the new one. */
void authority_user_set_password(Authority *authority, const Caller *caller,
                                 const UserPasswordRequest *request, AnswerHandler handler,
                                 void *userdata);
/* Borrowed. */
typedef struct UserSetRequest {
        unsigned sets; /* enum UserSets: the members that are meant, at least one */
        enum UserState state;
        int64_t expires;       /* µs UTC; 0: never */
        char *const *ssh_keys; /* in place of those that there are */
} UserSetRequest;

/* Locking kills the user's tokens, and so does an expiry that is earlier than before. Answer: user,
 * n_revoked. REASON_INVALID_REQUEST, _INVALID_VALUE, _LIMIT_EXCEEDED (keys). */
void authority_user_set(Authority *authority, const Caller *caller, const char *id,
                        const UserSetRequest *request, AnswerHandler handler, void *userdata);
