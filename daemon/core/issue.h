#pragma once

/* Core's own: making tokens. Every call that issues begins with an IssueCall, fills it in, and ends
 * in issue_begin(). */

#include "core/audit.h"
#include "core/call.h"

enum IssueKind {
        ISSUE_SINGLE,  /* one access token, of no family */
        ISSUE_FAMILY,  /* with a refresh token */
        ISSUE_PENDING, /* a login that waits for its session */
        ISSUE_OPEN,    /* a login whose session is open */
        ISSUE_MEMBER,  /* one more access token of a login that there is: call.answer.login */
};

typedef struct IssueCall IssueCall;
struct IssueCall {
        Call call; /* answer.user: the owner; NULL: the client itself */
        Audit audit;
        const Client *client; /* issued through, or the owner: the caller's or owned_client */
        Client *owned_client;
        char **scopes; /* NULL: the owner's ordinary access; owned */
        enum IssueKind kind;
        const char *grant;
        int64_t lifetime; /* µs; 0: the client's, else: */
        int64_t configured_lifetime; /* 0: access_lifetime */
        bool discards_earlier;       /* store.h */
        const char *service;
        const char *rhost;
        const char *tty;
        const TokenHash *key; /* must live at the commit; NULL: the caller's token, if any */
        bool consumes_key;    /* and dies with the commit */
        void (*key_died)(IssueCall *issue); /* it was dead: goes on in place of the end; or NULL */
        bool hides_text;           /* nobody is told the text */
        bool may_go_without_store; /* an unwritable store ends it with r = 0 and without_store */
        bool may_be_late;          /* a login whose text is hidden: the answer need not wait */
        void (*client_known)(IssueCall *issue);
};

/* For call_new(). Structs around an IssueCall call it from their own. */
void issue_done(Call *call);

/* Finds the client that the caller acts as, then goes on: its own, or "local" for root and uids. */
void issue_find_client(IssueCall *issue, void (*client_known)(IssueCall *issue));
/* The built-in one, whoever calls. */
void issue_find_local_client(IssueCall *issue, void (*client_known)(IssueCall *issue));

/* Sets scopes: what is wanted (NULL: the default) within the user's and the client's. 0, -ENOMEM or
 * REASON_INVALID_SCOPE. */
int issue_set_scopes(IssueCall *issue, char *const *wanted);

/* A token of this issue, with its text; expires is bounded by the family's end. */
int issue_token_new(const IssueCall *issue, enum TokenKind kind, char *const *scopes,
                    int64_t lifetime, const Login *login, Secret *ret_text, Token **ret);
/* An access token for this user, whoever the owner is otherwise, of no family. */
int issue_user_token_new(const IssueCall *issue, const User *user, Secret *ret_text, Token **ret);
/* Whoever issues by a token must still have it when the store commits: REASON_INVALID_TOKEN. The
 * key, or the caller's own. */
void issue_request_need_key(const IssueCall *issue, StoreRequest *request);
int64_t issue_access_lifetime(const IssueCall *issue);
int64_t issue_refresh_lifetime(const IssueCall *issue);

/* Makes the tokens, has them committed, and ends the call. */
void issue_begin(IssueCall *issue);
/* A login of root's that ends the call first (issue-late.c). Takes the request. */
void issue_late(IssueCall *issue, StoreRequest *request);
/* The authority ends before the store has answered. */
void issue_late_abandon(Authority *authority);
/* A login's token was committed: it may be cached, unless a revocation came in between, and whoever
 * wants to hear of logins does. */
void issue_tell_login(Authority *authority, const StoreRequest *request);
