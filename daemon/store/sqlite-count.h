#pragma once

/* How many tokens a revocation ends: an owner's live ones. */

#include "store/sqlite-backend.h"

/* n_affected becomes the number of the owner's live tokens, by one of these. Each row is looked at
 * as long as there are no more than TOKENS_COUNTED_MAX that stand under the owner's epoch. Of more,
 * only the index is counted (50 ms a million), without a bound: then those that died by themselves,
 * or by another owner, and were not removed yet are in the number as well. */
int tokens_count(Backend *backend, const char *sql, const char *owner, StoreRequest *request);
#define TOKENS_COUNTED_MAX 10000

/* Parameters: ?1 the backend's expired_by, ?2 the owner, ?3 TOKENS_COUNTED_MAX. */
#define COUNT_LIVE(rows, number)                                                                   \
        "SELECT CASE WHEN COUNT(*) <= ?3 THEN COUNT(c.live) ELSE (" number ") END FROM"            \
        " (SELECT CASE WHEN " SQL_LIVE " THEN 1 END AS live FROM " rows " LIMIT ?3 + 1) c"
#define COUNT_OF(rows) COUNT_LIVE(rows, "SELECT COUNT(*) FROM " rows)
#define COUNT_OWNER(column, owners)                                                                \
        COUNT_OF("tokens t WHERE t." column "_id = ?2 AND t." column                               \
                 "_epoch = (SELECT epoch FROM " owners " WHERE id = ?2)")
#define COUNT_USER         COUNT_OWNER("user", "users")
#define COUNT_CLIENT       COUNT_OWNER("client", "clients")
#define COUNT_LOGIN        COUNT_OF("tokens t WHERE t.login = ?2")
#define COUNT_LOGIN_ACCESS COUNT_OF("tokens t WHERE t.login = ?2 AND t.kind = 0")
_Static_assert(TOKEN_ACCESS == 0, "as in the statement above");
/* Each token has a client; ?2 is NULL. */
#define COUNT_ALL                                                                                  \
        COUNT_LIVE("clients k CROSS JOIN tokens t WHERE t.client_id = k.id"                        \
                   " AND t.client_epoch = k.epoch AND ?2 IS NULL",                                 \
                   "SELECT SUM((SELECT COUNT(*) FROM tokens i WHERE i.client_id = k.id"            \
                   " AND i.client_epoch = k.epoch)) FROM clients k")
