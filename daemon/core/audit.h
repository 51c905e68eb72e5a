#pragma once

/* What the journal says of logins, issues and revocations: written here, when a call ends. */

#include "core/call.h"

enum AuditEvent {
        AUDIT_LOGIN, /* a password grant that names a PAM service */
        AUDIT_ISSUE,
        AUDIT_REFRESH,
        AUDIT_LOGIN_OPENED,
        AUDIT_LOGIN_CLOSED,
        AUDIT_REVOKE,
        AUDIT_USER_ADDED,
        AUDIT_USER_REMOVED,
        AUDIT_USER_PASSWORD,
        AUDIT_USER_SET,
        AUDIT_CLIENT_ADDED,
        AUDIT_CLIENT_REMOVED,
        AUDIT_THROTTLE_CLEARED,
        _AUDIT_EVENT_MAX,
};

#define AUDIT_WORDS_SIZE 80U

/* Everything in it lives as long as the call. The answer says the rest: whose token, which one. */
struct Audit {
        enum AuditEvent event;
        const char *user; /* an existing user's name: what was typed is named only when it is one */
        const char *client;
        const char *service;
        const char *rhost;
        char done[AUDIT_WORDS_SIZE]; /* what was done, more exactly than the event says; or "" */
        char key[TOKEN_ID_SIZE + 1]; /* id of the token that let in; "": a password did */
        bool reused; /* a refresh token came back after its grace: the family is dead */
};

/* From call_finish(), for calls that have an audit. */
void audit_end(const Call *call);
/* The same for others that a failing store has ended: what is wrong with it. */
void audit_store_error(const Call *call);
