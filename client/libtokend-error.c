/* How calls fail: one stable word and one clause for people. Words of tokend's own come from
 * reason.h or from the reply; a reply without one (another dialect, a proxy) is read by its RFC
 * 6749 code, then by its status. No failure ever turns into 0. */

#include "libtokend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/cleanup.h"
#include "wire/text.h"

/* Everything else is "system-error": this process or machine, not tokend. */
/* clang-format off */
static const struct {
        int error;
        const char *word;
} error_words[] = {
        { ENOENT,       "daemon-unreachable" },
        { ENOTDIR,      "daemon-unreachable" },
        { ENOTSOCK,     "daemon-unreachable" },
        { EPROTOTYPE,   "daemon-unreachable" },
        { EACCES,       "daemon-unreachable" },
        { EPERM,        "daemon-unreachable" },
        { ECONNREFUSED, "daemon-unreachable" },
        { ECONNRESET,   "daemon-unreachable" },
        { ECONNABORTED, "daemon-unreachable" },
        { EPIPE,        "daemon-unreachable" },
        { EAGAIN,       "daemon-unreachable" },
        { EHOSTUNREACH, "daemon-unreachable" },
        { ENETUNREACH,  "daemon-unreachable" },
        { EIO,          "daemon-unreachable" },
        { ETIMEDOUT,    "timed-out"          },
        { EBADMSG,      "reply-malformed"    },
        { EMSGSIZE,     "reply-malformed"    },
        { E2BIG,        "reply-malformed"    },
        { EREMOTEIO,    "server-error"       },
        { EINVAL,       "invalid-value"      },
        { ENOMEM,       "out-of-memory"      },
};
/* clang-format on */

/* RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 7009 section 2.2.1. */
/* clang-format off */
static const struct {
        const char *code;
        int result;
} oauth_codes[] = {
        { "invalid_request",         REASON_INVALID_REQUEST     },
        { "invalid_client",          REASON_INVALID_CLIENT      },
        { "invalid_grant",           REASON_INVALID_GRANT       },
        { "unauthorized_client",     REASON_UNAUTHORIZED_CLIENT },
        { "unsupported_grant_type",  REASON_UNSUPPORTED_GRANT   },
        { "unsupported_token_type",  REASON_UNSUPPORTED         },
        { "invalid_scope",           REASON_INVALID_SCOPE       },
        { "invalid_token",           REASON_INVALID_TOKEN       },
        { "insufficient_scope",      REASON_ACCESS_DENIED       },
        { "access_denied",           REASON_ACCESS_DENIED       },
        { "temporarily_unavailable", REASON_OVERLOADED          },
        { "server_error",            -EREMOTEIO                 },
};
/* clang-format on */

/* clang-format off */
static const struct {
        int status;
        int result;
} statuses[] = {
        { 401, REASON_INVALID_TOKEN     },
        { 403, REASON_ACCESS_DENIED     },
        { 404, REASON_UNSUPPORTED       }, /* of a path: an object that is missing has a reason */
        { 405, REASON_UNSUPPORTED       },
        { 413, REASON_LIMIT_EXCEEDED    },
        { 429, REASON_TOO_MANY_FAILURES },
        { 503, REASON_OVERLOADED        },
};
/* clang-format on */

static bool word_is_plain(const char *word) {
        size_t n = strlen(word);

        return n > 0 && n < ERROR_WORD_MAX &&
               word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/* A terminal must not obey what a server says: control characters, also those of ISO 6429 in UTF-8,
 * become '?', and a character that no longer fits is left out as a whole. */
static void message_set(tokend_t *t, const char *text) {
        size_t n = strnlen(text, ERROR_MESSAGE_MAX - 1);
        char *to = t->error_message;

        while (n > 0 && text[n] != '\0' && ((unsigned char)text[n] & 0xc0) == 0x80)
                n--;
        for (size_t i = 0; i < n; i++) {
                unsigned char c = (unsigned char)text[i];
                bool is_c1 = c == 0xc2 && i + 1 < n && (unsigned char)text[i + 1] < 0xa0;

                if (is_c1)
                        i++;
                *to++ = is_c1 || c < ' ' || c == 0x7f ? '?' : (char)c;
        }
        *to = '\0';
}

static const char *error_word(int error) {
        for (size_t i = 0; i < ELEMENTSOF(error_words); i++)
                if (error_words[i].error == error)
                        return error_words[i].word;
        return "system-error";
}

int handle_fail(tokend_t *t, int r, const char *detail) {
        const char *word = r > 0 ? reason_to_string(r) : error_word(-r);
        const char *system = r < 0 ? strerrordesc_np(-r) : NULL;
        const char *sentence = reason_to_sentence(r > 0 ? r : (int)reason_from_string(word));
        char message[ERROR_MESSAGE_MAX];

        secret_clear(&t->error_body);
        if (!word)
                return handle_fail(t, -EBADMSG, detail);
        if (r == REASON_PEER_UNTRUSTED && t->transport.url)
                sentence = "the server can't prove that it is that host";
        if (!detail || detail[0] == '\0')
                detail = NULL;
        if (streq(word, "daemon-unreachable"))
                snprintf(message, sizeof(message), "no connection to %s: %s",
                         transport_place(&t->transport), detail ?: system ?: word);
        else if (detail && sentence)
                snprintf(message, sizeof(message), "%s: %s", sentence, detail);
        else
                snprintf(message, sizeof(message), "%s", detail ?: sentence ?: system ?: word);
        snprintf(t->error_reason, sizeof(t->error_reason), "%s", word);
        message_set(t, message);
        return r;
}

static int refusal_from(const char *reason, const char *code, int status) {
        enum Reason known = reason ? reason_from_string(reason) : REASON_NONE;

        if (known != REASON_NONE)
                return (int)known;
        for (size_t i = 0; code && i < ELEMENTSOF(oauth_codes); i++)
                if (streq(oauth_codes[i].code, code))
                        return oauth_codes[i].result;
        for (size_t i = 0; i < ELEMENTSOF(statuses); i++)
                if (statuses[i].status == status)
                        return statuses[i].result;
        return status >= 500 ? -EREMOTEIO : REASON_INVALID_REQUEST;
}

static int refuse_with(tokend_t *t, const HttpReply *reply, const char *reason, const char *code,
                       const char *description) {
        int r = refusal_from(reason, code, reply->status);
        char message[ERROR_MESSAGE_MAX];
        char fallback[64];
        char wait[64] = "";

        handle_fail(t, r, NULL);
        /* A word that is younger than this library still names the refusal. */
        if (reason && word_is_plain(reason))
                snprintf(t->error_reason, sizeof(t->error_reason), "%s", reason);
        if (reply->retry_after > 0)
                snprintf(wait, sizeof(wait), " (in %ld s)", reply->retry_after);
        snprintf(fallback, sizeof(fallback), "the server answered with status %d", reply->status);
        if (!description && !reason && !code)
                description = fallback;
        snprintf(message, sizeof(message), "%s%s", description ?: t->error_message, wait);
        message_set(t, message);
        return r;
}

int handle_refuse(tokend_t *t, HttpReply *reply) {
        _cleanup_(json_freep) Json *json = NULL;
        _cleanup_(freep) char *reason = NULL;
        _cleanup_(freep) char *code = NULL;
        _cleanup_(freep) char *description = NULL;
        int r;

        if (reply->status < 400)
                return handle_fail(t, -EBADMSG, reply->status < 300 ? NULL : "a redirect");
        if (json_parse(secret_text(&reply->body), reply->body.size, &json) == 0) {
                (void)json_get_text(json, JSON_ROOT, "reason", &reason);
                (void)json_get_text(json, JSON_ROOT, "error", &code);
                (void)json_get_text(json, JSON_ROOT, "error_description", &description);
        }
        r = refuse_with(t, reply, reason, code, description && description[0] ? description : NULL);
        secret_done(&t->error_body);
        t->error_body = TAKE(reply->body, SECRET_INIT);
        return r;
}
