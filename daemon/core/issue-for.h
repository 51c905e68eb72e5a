#pragma once

/* Tokens for many users at once, by partner id: what an enterprise API key is for. */

#include "core/authority.h"

/* Borrowed. */
typedef struct IssueForRequest {
        char *const *partner_ids;
        size_t n;
} IssueForRequest;

/* The caller shows a client's own token with the scope issue; nobody else may, root neither, who
 * has authority_issue(). One transaction, all or nothing; each token has the user's ordinary access
 * and lives for enterprise_lifetime.
 *
 * Answer: users, tokens and texts, each in the order asked for. Refused: has_offender, offender is
 * the first index that is wrong:
 * REASON_USER_UNKNOWN: also a user whom the client's issue_for does not cover, or who may have a
 * reserved scope, so that nothing is told of them; REASON_USER_LOCKED, _USER_EXPIRED,
 * _PASSWORD_MUST_CHANGE; REASON_INVALID_REQUEST: it stands there for the second time;
 * REASON_LIMIT_EXCEEDED: the first beyond BulkMaximum=. Without an offender:
 * REASON_INVALID_REQUEST: an empty list; REASON_INVALID_TOKEN: the key died since;
 * REASON_ACCESS_DENIED. */
void authority_issue_for(Authority *authority, const Caller *caller, const IssueForRequest *request,
                         AnswerHandler handler, void *userdata);
