#pragma once

/* Users by name, which people know; the API takes ids. All of these complain. */

#include "ctl/ctl.h"

/* The reply to GET /v1/users?name=, and where in it the user is. */
enum Exit user_find(Ctl *ctl, const char *name, Reply *ret, JsonNode *ret_user);
/* Asks "/v1/users/" id suffix, the id being the name's; body (JSON) NULL: none. */
enum Exit user_change(Ctl *ctl, const char *name, const char *method, const char *suffix,
                      const Secret *body, Reply *ret);
