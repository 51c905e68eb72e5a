#pragma once

/* The objects of docs/http.md, member by member. Times leave in seconds. */

#include "base/client.h"
#include "base/login.h"
#include "base/user.h"
#include "http/request.h"

/* The members of these objects, as Route has them. */
#define USER_MEMBERS                                                                               \
        "id! name! uid#! gid#! email partner_id role parent scopes[] groups[] home shell state! "  \
        "adopted? created# expires# ssh_keys[]"
#define CLIENT_MEMBERS                                                                             \
        "client_id! grants[] scopes[] issue_for[] introspect access_lifetime# refresh_lifetime# "  \
        "created#"
#define TOKEN_MEMBERS                                                                              \
        "id! kind! user user_id uid# client_id! scopes[] created#! expires#! last_used# login "    \
        "grant service rhost tty"
#define GRANT_MEMBERS "access_token! token_type! expires_in#! refresh_token scope"

/* Each writes members into an object that is open, or, as *_array, an array of objects. */
void write_user(JsonWriter *w, const User *user);
void write_client(JsonWriter *w, const Client *client);
void write_token(JsonWriter *w, const Authority *authority, const Token *token);
/* The public id of token, as a member of that name. */
void write_token_id(JsonWriter *w, const char *name, const Token *token);
void write_account(JsonWriter *w, const User *user); /* username, uid, gid */
/* How long it lives from its beginning, s. */
int64_t token_seconds(const Token *token);
/* access_token, token_type, expires_in, refresh_token, scope: RFC 6749 section 5.1. 0 or -ENOMEM.
 */
int write_grant(JsonWriter *w, const Answer *answer);
/* "scope": "a b"; nothing for a token without scopes. 0 or -ENOMEM. */
int write_scope(JsonWriter *w, const Token *token);
void write_state(JsonWriter *w, const Answer *answer); /* "active" or "password-must-change" */

/* Answer writers that more than one endpoint needs. */
int write_issued_answer(Request *request, Answer *answer, JsonWriter *w); /* write_grant(), id */
int write_revoked_answer(Request *request, Answer *answer, JsonWriter *w);
