#pragma once

/* What the journal says of logins, issues and revocations: written here, when a call ends. */

#include "core/call.h"

/* What was typed is named only if it is the name of a user. Borrowed from the request. */
struct Audit {
        const char *service;
        const char *rhost;
        const char *user;   /* NULL: nobody whom the store knows */
        const char *client;
};

/* From call_finish(), for calls that have an audit. */
void audit_end(const Call *call);
