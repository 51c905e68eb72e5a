#pragma once

/* Inside libtokend: the handle, and the ways in which its calls end. Nothing here is exported. */

#include <errno.h>

#include "tokend.h"
#include "transport.h"
#include "wire/json-read.h"
#include "wire/reason.h"
#include "wire/secret.h"

/* Everything else is hidden by the compiler, and by libtokend.sym. */
#define _public_ __attribute__((visibility("default")))

#define ERROR_WORD_MAX    64
#define ERROR_MESSAGE_MAX 512

struct tokend {
        Transport transport;
        Secret authorization; /* the header's value; empty: none */
        char error_reason[ERROR_WORD_MAX];
        char error_message[ERROR_MESSAGE_MAX];
        Secret error_body;
};

/* Each notes the failure in the handle and returns it. detail NULL: nothing more is known. */
int handle_fail(tokend_t *t, int r, const char *detail);
/* A reply that is no success: a Reason, or a negative errno when tokend itself is broken. Takes the
 * body. */
int handle_refuse(tokend_t *t, HttpReply *reply);

/* One request. Statuses other than 2xx are failures. */
int handle_call(tokend_t *t, const HttpRequest *request, HttpReply *ret);

/* A reply and what is in it, which borrows it. */
typedef struct JsonReply {
        HttpReply http;
        Json *json;
} JsonReply;

#define JSON_REPLY_INIT ((JsonReply){ .http = HTTP_REPLY_INIT })
void json_reply_done(JsonReply *reply);

/* A form, or with body NULL a GET, answered by a JSON object. */
int handle_call_json(tokend_t *t, const char *path, const Secret *form, JsonReply *ret);

/* Of json_get_…(): a member that may be absent. */
static inline int optional(int r) {
        return r == -ENOENT ? 0 : r;
}

/* The value of an Authorization header (RFC 6749 section 2.3.1, RFC 6750 section 2.1).
 * -EINVAL: an id or token that can't stand there. */
int authorization_basic(const char *client_id, const char *client_secret, Secret *ret);
int authorization_bearer(const char *token, Secret *ret);

/* A token of a list. -EBADMSG: no id or no times in it. Free with tokend_token_free(). */
int token_from_row(const Json *json, JsonNode row, tokend_token_t **ret);
