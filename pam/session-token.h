#pragma once

/* The token that a session is given with session_token=. */

#include "pam/call.h"

/* Asks for one more token of this login, and puts it where the option says. Nothing that goes wrong
 * here is worth a login: it is logged. Where the token is now; SESSION_TOKEN_NONE: nowhere. */
enum SessionToken session_token_give(const Call *call, const LoginReply *login);
/* Removes the login's file, if there is one; the token itself dies with the login. */
void session_token_take_back(const Call *call, const char *id);
