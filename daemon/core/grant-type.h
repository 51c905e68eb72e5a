#pragma once

/* Core's own: one row a grant, in the table of grant.c. */

#include "core/access.h"
#include "core/grant.h"
#include "core/issue.h"
#include "core/rehash.h"

typedef struct GrantCall {
        IssueCall issue;
        const GrantRequest *request;
        const GrantType *type;
        Caller acting; /* the default client, as which a caller without credentials acts */
        char **wanted; /* the scopes that were asked for; NULL: none named */

        /* password */
        const char *who; /* the throttle's keys */
        char *folded;    /* an address that no user has, in lower case */
        char remote[PEER_REMOTE_MAX];
        TokenHash key;     /* of what was typed, if that is a token's text */
        Rehash *rehash;    /* what begins when a right password has its answer */
        bool key_is_spent; /* it was a token, until somebody else used it up */

        /* refresh_token */
        Token *old;
        Login *family;
} GrantCall;

struct GrantType {
        const char *name;
        enum Action action;
        bool checks_credentials;
        int (*check_shape)(const GrantRequest *request); /* 0 or a Reason */
        void (*begin)(GrantCall *grant); /* what every grant needs is checked */
};

#define GRANT_PASSWORD           "password"
#define GRANT_REFRESH            "refresh_token"
#define GRANT_CLIENT_CREDENTIALS "client_credentials"

extern const GrantType grant_password;
extern const GrantType grant_refresh;
extern const GrantType grant_client_credentials;
