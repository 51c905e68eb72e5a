#pragma once

/* The form of a token endpoint, which several dialects share. */

#include "core/grant.h"
#include "http/request.h"

/* The members that all of them take, as Route has them. */
#define GRANT_FIELDS "grant_type! username email_address password refresh_token scope"

/* Borrows from the form; lives as long as the request. NULL: no memory. */
GrantRequest *grant_form_read(Request *request);
/* Asks the core, and has writer answer with 200. If the form lacks something, the refusal says
 * what. What handlers return. */
int grant_form_call(Request *request, const GrantRequest *grant, AnswerWriter writer);
