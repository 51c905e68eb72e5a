/* One user at a time. What tokend refuses about a user is the user's; what it refuses about the
 * caller, or cannot do at all, ends the import before every line is refused for the same reason. */

#include "ctl/import-send.h"

#include <errno.h>
#include <time.h>

#include "wire/cleanup.h"
#include "wire/text.h"

#define OVERLOAD_TRIES 10U

/* Nothing about the user. What is not here goes on with the next one. */
static const char *const ends[] = {
        "access-denied",   "invalid-client",     "invalid-token", "store-unavailable",
        "nss-unavailable", "daemon-unreachable", "timed-out",     "peer-untrusted",
        "reply-malformed", "overloaded",         "unsupported",   "out-of-memory",
        "system-error",    "too-many-failures",
};

static bool ends_import(const char *word) {
        for (size_t i = 0; i < ELEMENTSOF(ends); i++)
                if (streq(ends[i], word))
                        return true;
        return false;
}

/* As ctl_call(), and again after a second when there is too much to do. */
static int call_patiently(Ctl *ctl, const Question *question, Reply *ret) {
        for (unsigned tries = 1;; tries++) {
                int r = ctl_call(ctl, question, ret);

                if (r != REASON_OVERLOADED || tries == OVERLOAD_TRIES)
                        return r;
                (void)nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
        }
}

enum Exit import_complain(const Ctl *ctl, int r) {
        return r == -EPROTO ? complain_of_reply(NULL) : complain_of_handle(ctl, NULL, r);
}

/* Whether tokend has a user of that name. */
static int user_exists(Ctl *ctl, const ImportEntry *entry, bool *ret) {
        _cleanup_(secret_done) Secret path = SECRET_INIT;
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        Question question = { .method = "GET" };
        JsonNode users;
        int r;

        if (path_make("/v1/users?name=", entry->name, "", &path) != EXIT_DONE)
                return -ENOMEM;
        question.path = secret_text(&path);
        r = call_patiently(ctl, &question, &reply);
        if (r != 0)
                return r;
        users = json_get(reply.json, JSON_ROOT, "users");
        if (users == JSON_NONE || json_type(reply.json, users) != JSON_ARRAY)
                return -EPROTO;
        *ret = json_size(reply.json, users) > 0;
        return 0;
}

static int refusal_take(Ctl *ctl, ImportEntry *entry, int r) {
        const char *word = tokend_error_reason(ctl->handle);
        bool exists = false;

        if (r == -EPROTO || ends_import(word))
                return r;
        entry->verdict = IMPORT_REFUSED;
        if (text_copy(word, &entry->reason) < 0 ||
            text_copy(tokend_error_message(ctl->handle), &entry->message) < 0)
                return -ENOMEM;
        if (r != REASON_NAME_TAKEN)
                return 0;
        /* By a user of tokend's, or by a group of the machine's? */
        r = user_exists(ctl, entry, &exists);
        if (r == 0 && exists)
                entry->verdict = IMPORT_EXISTS;
        return r;
}

static int user_add(Ctl *ctl, ImportEntry *entry) {
        _cleanup_(reply_done) Reply reply = REPLY_INIT;
        Question question = { "POST", "/v1/users", TYPE_JSON, &entry->body, entry->name };
        int r;

        r = call_patiently(ctl, &question, &reply);
        if (r != 0)
                return refusal_take(ctl, entry, r);
        entry->verdict = IMPORT_ADDED;
        if (json_get_int64(reply.json, JSON_ROOT, "gid", &entry->new_gid) < 0)
                entry->new_gid = -1;
        return 0;
}

int import_send(Ctl *ctl, ImportEntry *entry, bool is_trial) {
        bool exists = false;
        int r;

        if (entry->verdict != IMPORT_TO_ADD)
                return 0;
        r = is_trial ? user_exists(ctl, entry, &exists) : user_add(ctl, entry);
        if (exists)
                entry->verdict = IMPORT_EXISTS;
        secret_done(&entry->body);
        return r;
}
