#pragma once

/* Core's own: what changing users and clients has in common. */

#include "core/access.h"
#include "core/audit.h"
#include "core/call.h"

typedef struct AdminCall AdminCall;
struct AdminCall {
        Call call;
        Audit audit;
        void (*hashed)(AdminCall *admin, Secret *hash); /* while a hash is awaited */
};

/* A call of size bytes that only administrators may make. NULL: it has ended, or there was no
 * memory. */
void *admin_call_new(Authority *authority, const Caller *caller, size_t size,
                     void (*done)(Call *call), AnswerHandler handler, void *userdata);
/* From here on the journal is told of the end. */
void admin_audit(AdminCall *admin, enum AuditEvent event);

/* A new password's or secret's hash, which the step may take. REASON_EMPTY_PASSWORD,
 * REASON_INVALID_VALUE and a full queue end the call. */
void admin_hash(AdminCall *admin, const Secret *secret,
                void (*step)(AdminCall *admin, Secret *hash));
/* Ends the call with r = 0 when whoever shows users to the machine has caught up with the answer's
 * user, which changed or is gone. */
void admin_finish_changed(AdminCall *admin, bool is_gone);

/* Ends the call with a page of users or clients; limit 0: as many as a page may have. */
void admin_list(AdminCall *admin, enum StoreVerb verb, const char *cursor, unsigned limit);

/* Sorted and without doubles; no words give NULL. 0, -ENOMEM, REASON_INVALID_SCOPE. */
int admin_copy_scopes(char *const *scopes, char ***ret);
