/* The module's options and return codes once more, by tables. */

#include "ctl/pam-module.h"

#include <errno.h>
#include <string.h>

#include "wire/text.h"
#include "wire/uid.h"

#define MIN_UID_DEFAULT 1000U

static int take_socket(PamModuleOptions *options, const char *value) {
        options->socket = value;
        return value[0] == '/' ? 0 : -EINVAL;
}

/* Digits with at most one point within them, in thousandths: three digits behind it at most. */
static int64_t read_thousandths(const char *text, size_t size) {
        const char *point = memchr(text, '.', size);
        size_t whole = point ? (size_t)(point - text) : size;
        int64_t value = 0;

        if (whole == 0 || (point && (size - whole < 2 || size - whole > 4)))
                return -EINVAL;
        for (size_t i = 0; i < whole + 4; i++) {
                char c = i < size ? text[i] : '0';

                if (i == whole)
                        continue;
                if (c < '0' || c > '9')
                        return -EINVAL;
                value = value * 10 + (c - '0');
                if (value > INT64_MAX / 100)
                        return -ERANGE;
        }
        return value;
}

static int take_timeout(PamModuleOptions *options, const char *value) {
        size_t size = strlen(value);
        bool is_msec = size > 2 && streq(value + size - 2, "ms");
        int64_t msec;

        if (is_msec)
                size -= 2;
        else if (size > 1 && value[size - 1] == 's')
                size--;
        msec = read_thousandths(value, size);
        if (is_msec)
                msec = msec > 0 && msec % 1000 == 0 ? msec / 1000 : -EINVAL;
        return msec > 0 && msec <= LOGIN_TIMEOUT_MAX_MSEC ? 0 : -EINVAL;
}

static int take_min_uid(PamModuleOptions *options, const char *value) {
        if (parse_uint32(value, &options->min_uid) < 0 || options->min_uid > UID_MAX)
                return -EINVAL;
        return 0;
}

static int take_accept(PamModuleOptions *options, const char *value) {
        static const struct {
                const char *word;
                unsigned accept;
        } rows[] = {
                { "password", LOGIN_ACCEPT_PASSWORD },
                { "token", LOGIN_ACCEPT_TOKEN },
                { "password,token", LOGIN_ACCEPT_PASSWORD | LOGIN_ACCEPT_TOKEN },
                { "token,password", LOGIN_ACCEPT_PASSWORD | LOGIN_ACCEPT_TOKEN },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (streq(value, rows[i].word)) {
                        options->accept = rows[i].accept;
                        return 0;
                }
        return -EINVAL;
}

static int take_session_token(PamModuleOptions *options, const char *value) {
        return streq(value, "none") || streq(value, "file") || streq(value, "env") ? 0 : -EINVAL;
}

static int take_skip_local(PamModuleOptions *options, const char *value) {
        options->skip_local = true;
        return 0;
}

static int take_one_time_token(PamModuleOptions *options, const char *value) {
        options->one_time_token = true;
        return 0;
}

/* A name that ends in '=' takes a value; without a function it says nothing to us. */
/* clang-format off */
static const struct {
        const char *name;
        int (*take)(PamModuleOptions *options, const char *value);
} rows[] = {
        { "socket=",        take_socket         },
        { "timeout=",       take_timeout        },
        { "min_uid=",       take_min_uid        },
        { "accept=",        take_accept         },
        { "session_token=", take_session_token  },
        { "skip_local",     take_skip_local     },
        { "one_time_token", take_one_time_token },
        { "debug",          NULL                },
        { "use_first_pass", NULL                },
        { "try_first_pass", NULL                },
        { "use_authtok",    NULL                },
        { "nodelay",        NULL                },
};
/* clang-format on */

static int take_word(PamModuleOptions *options, const char *word) {
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                size_t size = strlen(rows[i].name);
                bool has_value = rows[i].name[size - 1] == '=';

                if (has_value ? strncmp(word, rows[i].name, size) != 0 : !streq(word, rows[i].name))
                        continue;
                return rows[i].take ? rows[i].take(options, word + size) : 0;
        }
        return -EINVAL;
}

int pam_module_parse(char *const *arguments, PamModuleOptions *ret, const char **ret_bad) {
        PamModuleOptions options = {
                .socket = TOKEND_SOCKET_PATH,
                .min_uid = MIN_UID_DEFAULT,
                .accept = LOGIN_ACCEPT_PASSWORD,
        };

        for (; arguments && *arguments; arguments++)
                if (take_word(&options, *arguments) < 0) {
                        *ret_bad = *arguments;
                        return -EINVAL;
                }
        *ret = options;
        return 0;
}

bool pam_module_permits_uid(const PamModuleOptions *options, uint32_t uid) {
        return uid >= options->min_uid && (uid == 0 || uid_is_somebodys(uid));
}

/* What is not here is PAM_CODE_AUTH_ERR, or PAM_CODE_PERM_DENIED. */
/* clang-format off */
static const struct {
        enum Reason reason;
        enum PamCode auth;
        enum PamCode account;
} codes[] = {
#define SAME(reason, code) { REASON_##reason, PAM_CODE_##code, PAM_CODE_##code }
        SAME(USER_UNKNOWN,       USER_UNKNOWN),
        SAME(INVALID_NAME,       USER_UNKNOWN),
        SAME(OVERLOADED,         AUTHINFO_UNAVAIL),
        SAME(STORE_UNAVAILABLE,  AUTHINFO_UNAVAIL),
        SAME(NSS_UNAVAILABLE,    AUTHINFO_UNAVAIL),
        SAME(DAEMON_UNREACHABLE, AUTHINFO_UNAVAIL),
        SAME(TIMED_OUT,          AUTHINFO_UNAVAIL),
        SAME(PEER_UNTRUSTED,     AUTHINFO_UNAVAIL),
        SAME(REPLY_MALFORMED,    AUTHINFO_UNAVAIL),
#undef SAME
        { REASON_USER_EXPIRED,         PAM_CODE_AUTH_ERR,          PAM_CODE_ACCT_EXPIRED     },
        { REASON_PASSWORD_MUST_CHANGE, PAM_CODE_AUTH_ERR,          PAM_CODE_NEW_AUTHTOK_REQD },
        { REASON_TOO_MANY_FAILURES,    PAM_CODE_MAXTRIES,          PAM_CODE_PERM_DENIED      },
        { REASON_ACCESS_DENIED,        PAM_CODE_CRED_INSUFFICIENT, PAM_CODE_PERM_DENIED      },
};
/* clang-format on */

enum PamCode pam_module_code(int result, enum PamType type) {
        if (result == 0)
                return PAM_CODE_SUCCESS;
        if (result < 0)
                return result == -ENOMEM ? PAM_CODE_BUF_ERR : PAM_CODE_SYSTEM_ERR;
        for (size_t i = 0; i < ELEMENTSOF(codes); i++)
                if ((int)codes[i].reason == result)
                        return type == PAM_TYPE_AUTH ? codes[i].auth : codes[i].account;
        return type == PAM_TYPE_AUTH ? PAM_CODE_AUTH_ERR : PAM_CODE_PERM_DENIED;
}
