/* The journal's lines on logins, tokens and revocations, in one table.
 *
 * Invariants: one line for the end of a call, never a token, never a typed name that no user has.
 * Refusals by the throttle or a full queue are debug messages, since whoever causes them can cause
 * millions. */

#include "core/audit.h"

#include "base/journal.h"
#include "wire/reason.h"

typedef struct AuditRow {
        const char *done_id; /* JOURNAL_ID_…; NULL: nothing is said of it */
        const char *done;
        const char *refused_id; /* likewise */
        const char *refused;
} AuditRow;

static const AuditRow rows[_AUDIT_EVENT_MAX] = {
        [AUDIT_LOGIN] = { JOURNAL_ID_LOGIN, "logged in", JOURNAL_ID_LOGIN_REFUSED,
                          "login refused" },
        [AUDIT_ISSUE] = { JOURNAL_ID_TOKEN_ISSUED, "token issued", JOURNAL_ID_LOGIN_REFUSED,
                          "grant refused" },
        [AUDIT_REFRESH] = { NULL, NULL, JOURNAL_ID_TOKEN_REVOKED,
                            "a refresh token was used again, its family is revoked" },
        [AUDIT_LOGIN_OPENED] = { JOURNAL_ID_LOGIN, "session opened", JOURNAL_ID_LOGIN_REFUSED,
                                 "session refused" },
        [AUDIT_LOGIN_CLOSED] = { JOURNAL_ID_LOGIN_CLOSED, "session closed", NULL, NULL },
        [AUDIT_REVOKE] = { JOURNAL_ID_TOKEN_REVOKED, "tokens revoked", NULL, NULL },
        [AUDIT_USER_ADDED] = { JOURNAL_ID_USER_CHANGED, "user added", NULL, NULL },
        [AUDIT_USER_REMOVED] = { JOURNAL_ID_USER_CHANGED, "user removed", NULL, NULL },
        [AUDIT_USER_PASSWORD] = { JOURNAL_ID_USER_CHANGED, "password changed",
                                  JOURNAL_ID_LOGIN_REFUSED, "password change refused" },
        [AUDIT_USER_SET] = { JOURNAL_ID_USER_CHANGED, "user changed", NULL, NULL },
        [AUDIT_CLIENT_ADDED] = { JOURNAL_ID_CLIENT_CHANGED, "client added", NULL, NULL },
        [AUDIT_THROTTLE_CLEARED] = { JOURNAL_ID_FORGIVEN, "failures cleared", NULL, NULL },
        [AUDIT_CLIENT_REMOVED] = { JOURNAL_ID_CLIENT_CHANGED, "client removed", NULL, NULL },
};

static int refusal_level(const Call *call) {
        if (call->audit->reused)
                return LOG_WARNING;
        if (call->result == REASON_TOO_MANY_FAILURES || call->result == REASON_OVERLOADED)
                return LOG_DEBUG;
        return LOG_NOTICE;
}

static const char *audit_user(const Call *call) {
        if (call->audit->user)
                return call->audit->user;
        if (call->answer.user)
                return call->answer.user->name;
        return call->answer.token ? call->answer.token->user_name : NULL;
}

void audit_end(const Call *call) {
        const Audit *audit = call->audit;
        const AuditRow *row = &rows[audit->event];
        char id[TOKEN_ID_SIZE + 1] = "";
        JournalFields fields = {
                .user = audit_user(call),
                .client = audit->client,
                .service = audit->service,
                .rhost = audit->rhost,
                .error = call->result < 0 ? call->result : call->store_error,
        };

        if (audit->event == AUDIT_REFRESH && !audit->reused)
                return;
        if (call->answer.token) {
                token_hash_to_id(&call->answer.token->hash, id);
                fields.token_id = id;
        } else if (call->answer.login) {
                fields.token_id = call->answer.login->id;
        }
        if (call->result == 0) {
                fields.message_id = row->done_id;
                if (call->answer.without_store)
                        fields.reason = reason_to_string(REASON_STORE_UNAVAILABLE);
                const char *subject = fields.user ? fields.user : fields.client;
                fields.key_id = audit->key[0] ? audit->key : NULL;
                if (row->done)
                        journal_log(LOG_INFO, &fields, "%s%s%s%s%s",
                                    audit->done[0] ? audit->done : row->done,
                                    subject ? ": " : "", subject ? subject : "",
                                    fields.key_id ? ", by token " : "",
                                    fields.key_id ? fields.key_id : "");
                return;
        }
        if (!row->refused)
                return;
        fields.message_id = row->refused_id;
        fields.reason = reason_to_string(call->result);
        journal_log(refusal_level(call), &fields, "%s%s%s%s%s", row->refused,
                    fields.user ? " for " : "", fields.user ? fields.user : "",
                    fields.reason ? ": " : "", fields.reason ? fields.reason : "");
}

void audit_store_error(const Call *call) {
        journal_log(LOG_ERR,
                    &(JournalFields){ .reason = reason_to_string(REASON_STORE_UNAVAILABLE),
                                      .error = call->store_error },
                    "the store can't answer");
}
