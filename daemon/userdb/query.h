#pragma once

/* One call of io.systemd.UserDatabase, answered record by record from a snapshot. */

#include <stdbool.h>

#include "userdb/snapshot.h"
#include "wire/secret.h"

enum QueryMethod { QUERY_USER, QUERY_GROUP, QUERY_MEMBERSHIPS };

typedef struct Query {
        enum QueryMethod method;
        char *user_name; /* NULL: any, likewise: */
        char *group_name;
        uint32_t id; /* uid or gid; UINT32_MAX: any */
        bool more;   /* the caller takes several replies */
        bool oneway; /* the caller takes none */
        Snapshot *snapshot;
        size_t position;       /* next user */
        size_t group_position; /* next of that user's groups */
} Query;

/* Reads a message (without its NUL). 0: *ret is a query. Otherwise ret_error names the Varlink
 * error to answer. -EBADMSG: no message at all, close. -ENOMEM. service is this socket's name. */
int query_parse(const char *message, size_t size, const char *service, Query **ret,
                const char **ret_error);
Query *query_free(Query *query);
void query_freep(Query **query);

/* The answer to a query as messages with their NULs. Appends to out until it holds high_water bytes
 * or the answer is complete: 1 when there is more, 0 when complete. snapshot is referenced by the
 * first call. */
int query_answer(Query *query, Snapshot *snapshot, const char *service, size_t high_water,
                 Secret *out);
/* An error reply with its NUL. */
int query_answer_error(const char *error, Secret *out);
