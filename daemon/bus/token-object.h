#pragma once

/* /org/tokend1/token and everything below it. */

#include "bus/bus-internal.h"
#include "bus/token-properties.h"

int token_object_add(Bus *bus); /* 0 or more, or a negative errno */

/* What calls run, here and in the Manager: about call->id, and about call->list. */
struct BusCall;
void token_call_get(struct BusCall *call);
void token_call_revoke(struct BusCall *call);
void token_call_list(struct BusCall *call);
/* What the call's reply is to say of token, with the core's last use. Borrows token. */
TokenView token_view(const struct BusCall *call, const Token *token);
