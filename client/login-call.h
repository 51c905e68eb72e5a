#pragma once

/* What the questions of login.h have in common: asking one, and reading what comes back. For
 * client/login*.c only. */

#include "login.h"
#include "transport-unix.h"
#include "wire/json-read.h"

/* 0: status 200, and *ret is its JSON, which borrows reply's body. Else the reason, or -errno; *ret
 * may be what a refusal says besides, and proves nothing. */
int login_call(const LoginContext *context, const HttpRequest *request, HttpReply *reply,
               Json **ret);
/* The same, of a form. */
int login_post(const LoginContext *context, const char *path, const Secret *form, HttpReply *reply,
               Json **ret);

/* What json_get_*() found wrong, as a reason; -ENOMEM stays. */
int login_malformed(int r);
/* The member "reason"; REASON_NONE when absent. An unknown word is REASON_REPLY_MALFORMED. */
int login_read_reason(const Json *json, enum Reason *ret);
/* Whether the member is this name, byte by byte: else USER_MISMATCH. */
int login_read_name(const Json *json, const char *member, const char *user);
/* username, uid and gid. */
int login_read_user(const Json *json, const char *user, LoginReply *ret);

/* Revokes what a grant answered. Nobody waits for how it ends: what is left expires. */
void login_give_back(const LoginContext *context, const Json *grant);

/* before, id as a part of a path, and behind. 0 or -ENOMEM. */
int login_write_path(const char *before, const char *id, const char *behind, Secret *ret);

/* Who runs root's program that asks (su, sudo, passwd); 0: root, or it is not root's. */
uint32_t login_caller_uid(void);

/* Whether this can be said to the daemon at all. */
bool login_is_text(const char *value);
