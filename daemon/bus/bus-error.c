/* The one table from Reason to D-Bus error name, and the small one for errnos.
 *
 * Every reason has a row: the assertion counts them, the test walks them. What no row knows is an
 * error all the same, org.freedesktop.DBus.Error.Failed, never a success. */

#include "bus/bus-error.h"

#include <errno.h>
#include <string.h>

#include "wire/reason.h"
#include "wire/text.h"

/* X(reason, name) */
#define BUS_ERRORS(X)                                                                              \
        X(WRONG_PASSWORD, SD_BUS_ERROR_ACCESS_DENIED)                                              \
        X(EMPTY_PASSWORD, SD_BUS_ERROR_INVALID_ARGS)                                               \
        X(USER_UNKNOWN, BUS_ERROR_NO_SUCH_USER)                                                    \
        X(USER_LOCKED, SD_BUS_ERROR_ACCESS_DENIED)                                                 \
        X(USER_EXPIRED, SD_BUS_ERROR_ACCESS_DENIED)                                                \
        X(PASSWORD_MUST_CHANGE, SD_BUS_ERROR_ACCESS_DENIED)                                        \
        X(PASSWORD_UNCHANGED, SD_BUS_ERROR_INVALID_ARGS)                                           \
        X(NOT_KNOWN_TO_NSS, BUS_ERROR_NO_SUCH_USER)                                                \
        X(UID_NOT_PERMITTED, SD_BUS_ERROR_ACCESS_DENIED)                                           \
        X(USER_MISMATCH, SD_BUS_ERROR_ACCESS_DENIED)                                               \
        X(TOO_MANY_FAILURES, BUS_ERROR_TOO_MANY_FAILURES)                                          \
        X(OVERLOADED, SD_BUS_ERROR_LIMITS_EXCEEDED)                                                \
        X(STORE_UNAVAILABLE, BUS_ERROR_STORE_UNAVAILABLE)                                          \
        X(NSS_UNAVAILABLE, SD_BUS_ERROR_NO_SERVER)                                                 \
        X(DAEMON_UNREACHABLE, SD_BUS_ERROR_NO_SERVER)                                              \
        X(TIMED_OUT, SD_BUS_ERROR_TIMEOUT)                                                         \
        X(PEER_UNTRUSTED, SD_BUS_ERROR_AUTH_FAILED)                                                \
        X(REPLY_MALFORMED, SD_BUS_ERROR_INCONSISTENT_MESSAGE)                                      \
        X(ACCESS_DENIED, SD_BUS_ERROR_ACCESS_DENIED)                                               \
        X(INVALID_REQUEST, SD_BUS_ERROR_INVALID_ARGS)                                              \
        X(INVALID_CLIENT, SD_BUS_ERROR_ACCESS_DENIED)                                              \
        X(INVALID_GRANT, SD_BUS_ERROR_ACCESS_DENIED)                                               \
        X(INVALID_SCOPE, SD_BUS_ERROR_INVALID_ARGS)                                                \
        X(INVALID_TOKEN, SD_BUS_ERROR_ACCESS_DENIED)                                               \
        X(UNAUTHORIZED_CLIENT, SD_BUS_ERROR_ACCESS_DENIED)                                         \
        X(UNSUPPORTED_GRANT, SD_BUS_ERROR_NOT_SUPPORTED)                                           \
        X(INVALID_NAME, SD_BUS_ERROR_INVALID_ARGS)                                                 \
        X(INVALID_VALUE, SD_BUS_ERROR_INVALID_ARGS)                                                \
        X(NAME_TAKEN, SD_BUS_ERROR_INVALID_ARGS)                                                   \
        X(ID_TAKEN, SD_BUS_ERROR_INVALID_ARGS)                                                     \
        X(UID_TAKEN, SD_BUS_ERROR_INVALID_ARGS)                                                    \
        X(EMAIL_TAKEN, SD_BUS_ERROR_INVALID_ARGS)                                                  \
        X(PARTNER_ID_TAKEN, SD_BUS_ERROR_INVALID_ARGS)                                             \
        X(UID_RANGE_EXHAUSTED, SD_BUS_ERROR_LIMITS_EXCEEDED)                                       \
        X(GROUP_UNKNOWN, SD_BUS_ERROR_INVALID_ARGS)                                                \
        X(CLIENT_UNKNOWN, SD_BUS_ERROR_INVALID_ARGS)                                               \
        X(TOKEN_UNKNOWN, BUS_ERROR_NO_SUCH_TOKEN)                                                  \
        X(LOGIN_UNKNOWN, SD_BUS_ERROR_INVALID_ARGS)                                                \
        X(LIMIT_EXCEEDED, SD_BUS_ERROR_LIMITS_EXCEEDED)                                            \
        X(UNSUPPORTED, SD_BUS_ERROR_NOT_SUPPORTED)

#define X(reason, name) [REASON_##reason] = name,
static const char *const reason_names[_REASON_MAX] = { BUS_ERRORS(X) };
#undef X

#define X(reason, name) +1
_Static_assert(0 BUS_ERRORS(X) == _REASON_MAX - 1, "every reason has its row");
#undef X

static const struct {
        int error;
        const char *name;
} errno_names[] = {
        { ENOMEM, SD_BUS_ERROR_NO_MEMORY },
        { EAGAIN, SD_BUS_ERROR_LIMITS_EXCEEDED }, /* a bounded queue is full */
        { EIO, BUS_ERROR_STORE_UNAVAILABLE },
        { ENOSPC, BUS_ERROR_STORE_UNAVAILABLE },
        { EDQUOT, BUS_ERROR_STORE_UNAVAILABLE },
        { EROFS, BUS_ERROR_STORE_UNAVAILABLE },
        { EBUSY, BUS_ERROR_STORE_UNAVAILABLE },
        { EUCLEAN, BUS_ERROR_STORE_UNAVAILABLE },
        { ETIMEDOUT, SD_BUS_ERROR_TIMEOUT },
        { EACCES, SD_BUS_ERROR_ACCESS_DENIED },
        { EPERM, SD_BUS_ERROR_ACCESS_DENIED },
};

const char *bus_error_name(int r) {
        if (r > 0 && r < _REASON_MAX && reason_names[r])
                return reason_names[r];
        for (size_t i = 0; i < ELEMENTSOF(errno_names); i++)
                if (r == -errno_names[i].error)
                        return errno_names[i].name;
        return SD_BUS_ERROR_FAILED;
}

int bus_error_fill(sd_bus_error *error, int r) {
        if (sd_bus_error_is_set(error))
                return -sd_bus_error_get_errno(error);
        if (reason_to_string(r))
                return sd_bus_error_setf(error, bus_error_name(r), "%s (%s)", reason_to_sentence(r),
                                         reason_to_string(r));
        return sd_bus_error_setf(error, bus_error_name(r), "%s",
                                 r < 0 ? strerror(-r) : "an unexpected answer");
}
