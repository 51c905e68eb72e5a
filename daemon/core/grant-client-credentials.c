/* The client credentials grant (RFC 6749 section 4.4): a client's own token, without a refresh
 * token. The built-in client has no credentials, so nobody gets one as it. */

#include "core/grant-type.h"

static int client_check_shape(const GrantRequest *request) {
        return 0;
}

static void client_begin(GrantCall *grant) {
        IssueCall *issue = &grant->issue;

        if (issue->call.caller->kind != CALLER_CLIENT)
                return call_finish(&issue->call, REASON_INVALID_CLIENT);
        issue->client = issue->call.caller->client;
        issue->audit.event = AUDIT_ISSUE;
        issue->call.audit = &issue->audit;

        int r = issue_set_scopes(issue, grant->wanted);
        if (r != 0)
                return call_finish(&issue->call, r);
        issue->kind = ISSUE_SINGLE;
        issue_begin(issue);
}

const GrantType grant_client_credentials = {
        .name = GRANT_CLIENT_CREDENTIALS,
        .action = ACTION_OTHER_GRANT,
        .check_shape = client_check_shape,
        .begin = client_begin,
};
