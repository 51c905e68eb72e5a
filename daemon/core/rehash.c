/* Hashes made anew at a login.
 *
 * Invariants: one hash is under way at a time, in the lane of those who are not root, and a bounded
 * number of passwords wait for that; what comes on top is dropped. What is written names the epoch
 * of the user whose password was right, so a password that was changed meanwhile stays. The store's
 * answer may come after the authority has ended: it goes to a name, not to an object. */

#include "core/rehash.h"

#include <errno.h>
#include <stdlib.h>

#include "base/journal.h"
#include "core/password.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* Passwords in memory. */
#define WAITING_MAX 64U

struct Rehash {
        TAILQ_ENTRY(Rehash) link;
        Rehashes *rehashes;
        char *id;
        char *name;
        int64_t epoch;
        Secret password;
};

struct Rehashes {
        Authority *authority;
        TAILQ_HEAD(, Rehash) waiting;
        unsigned n_waiting;
        bool is_busy;
};

Rehash *rehash_free(Rehash *rehash) {
        if (!rehash)
                return NULL;
        free(rehash->id);
        free(rehash->name);
        secret_done(&rehash->password);
        free(rehash);
        return NULL;
}
DEFINE_CLEANUP(Rehash *, rehash_free);

int rehashes_new(Authority *authority, Rehashes **ret) {
        Rehashes *rehashes = calloc(1, sizeof(*rehashes));

        if (!rehashes)
                return -ENOMEM;
        rehashes->authority = authority;
        TAILQ_INIT(&rehashes->waiting);
        *ret = rehashes;
        return 0;
}

static Rehash *take_waiting(Rehashes *rehashes) {
        Rehash *rehash = TAILQ_FIRST(&rehashes->waiting);

        if (rehash) {
                TAILQ_REMOVE(&rehashes->waiting, rehash, link);
                rehashes->n_waiting--;
        }
        return rehash;
}

Rehashes *rehashes_free(Rehashes *rehashes) {
        Rehash *rehash;

        if (!rehashes)
                return NULL;
        while ((rehash = take_waiting(rehashes)))
                rehash_free(rehash);
        free(rehashes);
        return NULL;
}

Rehash *rehash_new(const Authority *authority, const User *user, const Secret *password) {
        _cleanup_(rehash_freep) Rehash *rehash = NULL;

        if (!password_is_outdated(authority->passwords, password, &user->hash))
                return NULL;
        rehash = calloc(1, sizeof(*rehash));
        if (!rehash || text_copy(user->id, &rehash->id) < 0 ||
            text_copy(user->name, &rehash->name) < 0 ||
            secret_set(&rehash->password, secret_text(password), password->size) < 0)
                return NULL;
        rehash->rehashes = authority->rehashes;
        rehash->epoch = user->epoch;
        return TAKE_PTR(rehash);
}

/* r: a Reason or a negative errno. */
static void log_failure(const char *user, int r) {
        journal_log(LOG_DEBUG,
                    &(JournalFields){ .user = user,
                                      .reason = r > 0 ? reason_to_string(r) : NULL,
                                      .error = r < 0 ? r : 0 },
                    "the password's hash is not renewed");
}

static void rehash_stored(StoreRequest *request, void *userdata) {
        _cleanup_(freep) char *user = userdata;

        if (request->result != 0)
                return log_failure(user, request->result);
        journal_log(LOG_DEBUG, &(JournalFields){ .user = user }, "the password's hash is renewed");
}

static void rehash_store(Rehash *rehash, const Secret *hash) {
        _cleanup_(store_request_freep) StoreRequest *request =
                        call_request(STORE_USER_REHASH, STORE_KEY_ID, rehash->id);
        int r;

        if (!request || secret_set(&request->hash, secret_text(hash), hash->size) < 0)
                return log_failure(rehash->name, -ENOMEM);
        request->expected_epoch = rehash->epoch;
        r = store_submit(rehash->rehashes->authority->store, request, rehash_stored, rehash->name);
        if (r < 0)
                return log_failure(rehash->name, r);
        TAKE_PTR(request);
        TAKE_PTR(rehash->name);
}

static void begin_next(Rehashes *rehashes);

static void rehash_hashed(void *userdata, int r, Secret *hash) {
        _cleanup_(rehash_freep) Rehash *rehash = userdata;
        Rehashes *rehashes = rehash->rehashes;

        rehashes->is_busy = false;
        if (r == 0)
                rehash_store(rehash, hash);
        else
                log_failure(rehash->name, r);
        begin_next(rehashes);
}

/* With a key of its own it is one among those that wait, however many logins there are. */
static void begin_next(Rehashes *rehashes) {
        static const PasswordLane lane = { .key = "rehash" };
        Rehash *rehash;

        while (!rehashes->is_busy && (rehash = take_waiting(rehashes))) {
                int r = password_hash(rehashes->authority->passwords, &rehash->password, lane,
                                      rehash_hashed, rehash);

                rehashes->is_busy = r == 0;
                if (r == 0)
                        return;
                log_failure(rehash->name, r);
                rehash_free(rehash);
        }
}

void rehash_begin(Authority *authority, Rehash *rehash) {
        Rehashes *rehashes = authority->rehashes;

        if (!rehash)
                return;
        /* Answers that wait for their time are told at the end, when there are no workers left. */
        if (!authority->passwords || rehashes->n_waiting == WAITING_MAX) {
                log_failure(rehash->name, REASON_OVERLOADED);
                rehash_free(rehash);
                return;
        }
        TAILQ_INSERT_TAIL(&rehashes->waiting, rehash, link);
        rehashes->n_waiting++;
        begin_next(rehashes);
}
