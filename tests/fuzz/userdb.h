#pragma once

/* Snapshots out of memory and whole answers out of them. */

#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "userdb/query.h"
#include "wire/json-read.h"
#include "wire/text.h"

#define SERVICE "org.tokend"

static inline int snapshot_from(const void *data, size_t size, Snapshot **ret) {
        _cleanup_(closep) int fd = memfd_create("snapshot", MFD_CLOEXEC);

        fuzz_check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
        fuzz_check(lseek(fd, 0, SEEK_SET) == 0);
        return snapshot_read(fd, ret);
}

/* The answer to a message that is a query, in pieces that end where high_water was reached. */
static inline void answer_of(const char *message, size_t size, Snapshot *snapshot,
                             size_t high_water, Secret *ret) {
        _cleanup_(query_freep) Query *query = NULL;
        const char *error;
        int r;

        fuzz_check(query_parse(message, size, SERVICE, &query, &error) == 0 && !error);
        do {
                _cleanup_(secret_done) Secret piece = SECRET_INIT;

                r = query_answer(query, snapshot, SERVICE, high_water, &piece);
                fuzz_check(r >= 0 && piece.size > 0);
                fuzz_check(secret_append(ret, piece.text, piece.size) == 0);
        } while (r > 0);
}

/* Messages of one JSON object and a NUL, of which all but the last say that they continue. Gives
 * their number. */
static inline size_t check_messages(const Secret *answer) {
        size_t n = 0;

        fuzz_check(answer->size > 0 && answer->text[answer->size - 1] == '\0');
        const char *end = answer->text + answer->size;
        for (const char *p = answer->text; p < end; p += strlen(p) + 1, n++) {
                _cleanup_(json_freep) Json *json = NULL;
                bool is_last = p + strlen(p) + 1 == end;
                bool continues = false;

                fuzz_check(json_parse(p, strlen(p), &json) == 0);
                fuzz_check(json_type(json, JSON_ROOT) == JSON_OBJECT);
                (void)json_get_bool(json, JSON_ROOT, "continues", &continues);
                fuzz_check(continues == !is_last);
        }
        return n;
}
