#pragma once

/* What a new account token is asked for with. */

#include "core/accounts.h"
#include "http/request.h"

/* The detail of a body that should be JSON and is not. */
#define ACCOUNT_BODY_NO_JSON "the body is no JSON"

/* Reads ttl and scopes from a JSON object, from a form (ttl=60&scopes[]=a), or from nothing; bodies
 * of other types are not read. What else stands there is passed over: nobody chooses id, created or
 * userId. Fills in ret, which borrows from the request. 0, -ENOMEM, REASON_INVALID_VALUE (ttl), or
 * REASON_INVALID_REQUEST with the request's detail. */
int account_body_read(Request *request, AccountTokenRequest *ret);
