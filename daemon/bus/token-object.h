#pragma once

/* /org/tokend1/token and everything below it. */

#include "bus/bus-internal.h"

int token_object_add(Bus *bus);

/* What calls run, here and in the Manager: about call->id, and about call->list. */
struct BusCall;
void token_call_get(struct BusCall *call);
void token_call_revoke(struct BusCall *call);
void token_call_list(struct BusCall *call);
