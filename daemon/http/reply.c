/* Building replies. A reply always becomes something: when there is no memory for the body, the
 * status goes out alone. */

#include "http/reply.h"

#include "http/status.h"
#include "wire/json-write.h"

/* When whoever refused for a while did not say how long. */
#define RETRY_AFTER_DEFAULT 1U

static void set(Reply *reply, Status status, const char *detail, const char *reason) {
        JsonWriter w = JSON_WRITER(&reply->body);

        reply->status = status.code;
        reply->content_type = NULL;
        secret_clear(&reply->body);
        json_write_object(&w, NULL);
        json_write_text(&w, "error", status.error);
        json_write_text(&w, "error_description", detail);
        json_write_text(&w, "reason", reason);
        json_write_text(&w, "username", reply->username);
        json_write_object_end(&w);
        if (json_write_end(&w) != 0)
                secret_clear(&reply->body);
}

const char *reply_detail(int r, const char *detail) {
        if (!detail)
                detail = reason_to_sentence(status_reason(r));
        return detail ? detail : "an internal error occurred";
}

void reply_set_error(Reply *reply, int r, bool grant, const char *detail) {
        enum Reason reason = status_reason(r);
        Status status = status_of(r, grant);

        set(reply, status, reply_detail(r, detail), reason_to_string(reason));
        reply->challenge = reason == REASON_INVALID_CLIENT  ? CHALLENGE_BASIC
                           : reason == REASON_INVALID_TOKEN ? CHALLENGE_BEARER
                                                            : NULL;
        if ((status.code == 429 || status.code == 503) && reply->retry_after == 0)
                reply->retry_after = RETRY_AFTER_DEFAULT;
}

void reply_set_object(Reply *reply, unsigned status, const char *error, const char *detail) {
        set(reply, (Status){ status, error }, detail, NULL);
}

void reply_set_status(Reply *reply, unsigned status, const char *error, const char *detail) {
        set(reply, (Status){ status, error }, detail, reason_to_string(REASON_INVALID_REQUEST));
}
