/* How many tokens a revocation ends, in one statement of sqlite-count.h. */

#include "store/sqlite-count.h"

int tokens_count(Backend *backend, const char *sql, const char *owner, StoreRequest *request) {
        int64_t n = 0;
        int r;

        r = SQL_NUMBER(&n, backend, sql, sql_integer(backend->expired_by), sql_text(owner),
                       sql_integer(TOKENS_COUNTED_MAX));
        if (r < 0)
                return r;
        request->n_affected = (uint64_t)n;
        return 0;
}
