/* Codes are translated here, once, for everything that HTTP answers. Each Reason has exactly one
 * row: the count and the row names are checked by the compiler, the content by a test. */

#include "http/status.h"

#include <errno.h>

#include "wire/text.h"

/* How a refusal shows at the token endpoint: as everywhere, or as an invalid grant. */
enum GrantView { SAME, GRANT };

/* X(reason, status, error, view at the token endpoint) */
#define STATUS_ROWS(X)                                                                             \
        X(WRONG_PASSWORD, 400, "invalid_grant", SAME)                                              \
        X(EMPTY_PASSWORD, 400, "invalid_request", SAME)                                            \
        X(USER_UNKNOWN, 404, "not_found", GRANT)                                                   \
        X(USER_LOCKED, 403, "access_denied", GRANT)                                                \
        X(USER_EXPIRED, 403, "access_denied", GRANT)                                               \
        X(PASSWORD_MUST_CHANGE, 403, "access_denied", GRANT)                                       \
        X(PASSWORD_UNCHANGED, 400, "invalid_request", SAME)                                        \
        X(NOT_KNOWN_TO_NSS, 403, "access_denied", GRANT)                                           \
        X(UID_NOT_PERMITTED, 403, "access_denied", GRANT)                                          \
        X(USER_MISMATCH, 403, "access_denied", GRANT)                                              \
        X(TOO_MANY_FAILURES, 429, "temporarily_unavailable", SAME)                                 \
        X(OVERLOADED, 503, "temporarily_unavailable", SAME)                                        \
        X(STORE_UNAVAILABLE, 503, "temporarily_unavailable", SAME)                                 \
        X(NSS_UNAVAILABLE, 503, "temporarily_unavailable", SAME)                                   \
        X(DAEMON_UNREACHABLE, 503, "temporarily_unavailable", SAME)                                \
        X(TIMED_OUT, 503, "temporarily_unavailable", SAME)                                         \
        X(PEER_UNTRUSTED, 403, "access_denied", SAME)                                              \
        X(REPLY_MALFORMED, 500, "server_error", SAME)                                              \
        X(ACCESS_DENIED, 403, "access_denied", SAME)                                               \
        X(INVALID_REQUEST, 400, "invalid_request", SAME)                                           \
        X(INVALID_CLIENT, 401, "invalid_client", SAME)                                             \
        X(INVALID_GRANT, 400, "invalid_grant", SAME)                                               \
        X(INVALID_SCOPE, 400, "invalid_scope", SAME)                                               \
        X(INVALID_TOKEN, 401, "invalid_token", SAME)                                               \
        X(UNAUTHORIZED_CLIENT, 400, "unauthorized_client", SAME)                                   \
        X(UNSUPPORTED_GRANT, 400, "unsupported_grant_type", SAME)                                  \
        X(INVALID_NAME, 400, "invalid_request", SAME)                                              \
        X(INVALID_VALUE, 400, "invalid_request", SAME)                                             \
        X(NAME_TAKEN, 409, "conflict", SAME)                                                       \
        X(ID_TAKEN, 409, "conflict", SAME)                                                         \
        X(UID_TAKEN, 409, "conflict", SAME)                                                        \
        X(EMAIL_TAKEN, 409, "conflict", SAME)                                                      \
        X(PARTNER_ID_TAKEN, 409, "conflict", SAME)                                                 \
        X(UID_RANGE_EXHAUSTED, 409, "conflict", SAME)                                              \
        X(GROUP_UNKNOWN, 404, "not_found", SAME)                                                   \
        X(CLIENT_UNKNOWN, 404, "not_found", SAME)                                                  \
        X(TOKEN_UNKNOWN, 404, "not_found", SAME)                                                   \
        X(LOGIN_UNKNOWN, 404, "not_found", SAME)                                                   \
        X(LIMIT_EXCEEDED, 413, "invalid_request", SAME)                                            \
        X(UNSUPPORTED, 501, "unsupported", SAME)

typedef struct Row {
        Status status;
        enum GrantView at_grant;
} Row;

static const Row rows[_REASON_MAX] = {
#define X(reason, code, error, view) [REASON_##reason] = { { code, error }, view },
        STATUS_ROWS(X)
#undef X
};

/* clang-format off */
/* As many rows as reasons, and no row twice (an enumerator can't be): all of them are there. */
enum {
        _NO_ROW,
#define X(reason, code, error, view) _ROW_##reason,
        STATUS_ROWS(X)
#undef X
        _ROWS_END,
};
/* clang-format on */
_Static_assert((int)_ROWS_END == (int)_REASON_MAX, "a reason lacks its status");

/* Faults that have a name for people. */
/* clang-format off */
static const struct {
        int error;
        enum Reason reason;
} faults[] = {
        { EAGAIN, REASON_OVERLOADED },
        { ENOMEM, REASON_OVERLOADED },
        { ETIMEDOUT, REASON_TIMED_OUT },
        { EIO, REASON_STORE_UNAVAILABLE },
        { ENOSPC, REASON_STORE_UNAVAILABLE },
        { EDQUOT, REASON_STORE_UNAVAILABLE },
        { EROFS, REASON_STORE_UNAVAILABLE },
        { EBUSY, REASON_STORE_UNAVAILABLE },
        { EUCLEAN, REASON_STORE_UNAVAILABLE },
};
/* clang-format on */

static const Status server_error = { 500, "server_error" };
static const Status invalid_grant = { 400, "invalid_grant" };

enum Reason status_reason(int r) {
        if (r > 0)
                return r < _REASON_MAX ? (enum Reason)r : REASON_NONE;
        for (size_t i = 0; i < ELEMENTSOF(faults); i++)
                if (faults[i].error == -r)
                        return faults[i].reason;
        return REASON_NONE;
}

Status status_of(int r, bool grant) {
        enum Reason reason = status_reason(r);

        if (reason == REASON_NONE || rows[reason].status.code == 0)
                return server_error;
        if (grant && rows[reason].at_grant == GRANT)
                return invalid_grant;
        return rows[reason].status;
}
