/* Any bytes as a Varlink message: it is no message, or it gets an error or an answer, and that is
 * the same however small the pieces are in which it is fetched. */

#include "userdb.h"

#include <errno.h>

static const char users[] = "tokend-userdb 2\n"
                            "ada:70001:70001:/home/ada:/bin/bash:active:audio,video\n"
                            "bob:70000:70000:/home/bob:/bin/sh:locked:\n"
                            "local:1000:1000:::active:audio\n";

static void check_answer(const char *message, size_t size, const Query *query) {
        _cleanup_(secret_done) Secret whole = SECRET_INIT, pieces = SECRET_INIT;
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;

        fuzz_check(snapshot_from(users, strlen(users), &snapshot) == 0);
        answer_of(message, size, snapshot, SIZE_MAX, &whole);
        answer_of(message, size, snapshot, 1, &pieces);
        fuzz_check(secret_equal(&whole, &pieces));
        size_t n = check_messages(&whole);
        fuzz_check(n == 1 || query->more);
        if (query->method != QUERY_MEMBERSHIPS && (query->id != UINT32_MAX || query->user_name))
                fuzz_check(n == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *message = (const char *)data, *error = NULL;
        _cleanup_(query_freep) Query *query = NULL;
        _cleanup_(secret_done) Secret refusal = SECRET_INIT;

        int r = query_parse(message, size, SERVICE, &query, &error);
        if (r == 0) {
                fuzz_check(query && !error);
                check_answer(message, size, query);
                return 0;
        }
        fuzz_check(r < 0 && !query && (error || r == -EBADMSG));
        if (!error)
                return 0;
        fuzz_check(query_answer_error(error, &refusal) == 0);
        fuzz_check(check_messages(&refusal) == 1);
        return 0;
}
