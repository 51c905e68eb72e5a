/* Every function's return code for everything that can go wrong: one table a function, one row a
 * reason or an errno, each code written out. */

#include "pam-host.h"

#include <dlfcn.h>

#include "wire/reason.h"

/* authenticate, acct_mgmt, open_session and close_session, chauthtok */
enum { AUTHENTICATE, ACCOUNT, OPEN, CLOSE, CHANGE, _FUNCTION_MAX };

/* clang-format off */
#define ROW(reason, auth, account, ...)                                                            \
        { REASON_##reason, { PAM_##auth, PAM_##account, __VA_ARGS__ } }
#define IGNORED HOST_IGNORED
#define SESSION PAM_SESSION_ERR, PAM_SESSION_ERR
#define CLOSED  PAM_SESSION_ERR, PAM_SUCCESS
#define AWAY    PAM_SUCCESS, PAM_SUCCESS
#define REFUSED PAM_AUTHTOK_ERR
#define UNAVAIL PAM_AUTHINFO_UNAVAIL

static const struct {
        enum Reason reason;
        int codes[_FUNCTION_MAX];
} rows[] = {
        ROW(WRONG_PASSWORD,       AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(EMPTY_PASSWORD,       AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(USER_UNKNOWN,         USER_UNKNOWN,      USER_UNKNOWN,     IGNORED, IGNORED, IGNORED),
        ROW(USER_LOCKED,          AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(USER_EXPIRED,         AUTH_ERR,          ACCT_EXPIRED,     SESSION, REFUSED),
        ROW(PASSWORD_MUST_CHANGE, AUTH_ERR,          NEW_AUTHTOK_REQD, SESSION, REFUSED),
        ROW(PASSWORD_UNCHANGED,   AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(NOT_KNOWN_TO_NSS,     AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(UID_NOT_PERMITTED,    AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(USER_MISMATCH,        AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(TOO_MANY_FAILURES,    MAXTRIES,          PERM_DENIED,      SESSION, REFUSED),
        ROW(OVERLOADED,           AUTHINFO_UNAVAIL,  AUTHINFO_UNAVAIL, AWAY, UNAVAIL),
        ROW(STORE_UNAVAILABLE,    AUTHINFO_UNAVAIL,  AUTHINFO_UNAVAIL, AWAY, UNAVAIL),
        ROW(NSS_UNAVAILABLE,      AUTHINFO_UNAVAIL,  AUTHINFO_UNAVAIL, AWAY, UNAVAIL),
        ROW(DAEMON_UNREACHABLE,   AUTHINFO_UNAVAIL,  AUTHINFO_UNAVAIL, AWAY, UNAVAIL),
        ROW(TIMED_OUT,            AUTHINFO_UNAVAIL,  AUTHINFO_UNAVAIL, AWAY, UNAVAIL),
        ROW(PEER_UNTRUSTED,       AUTHINFO_UNAVAIL,  AUTHINFO_UNAVAIL, SESSION, UNAVAIL),
        ROW(REPLY_MALFORMED,      AUTHINFO_UNAVAIL,  AUTHINFO_UNAVAIL, SESSION, UNAVAIL),
        ROW(ACCESS_DENIED,        CRED_INSUFFICIENT, PERM_DENIED,      SESSION, PAM_PERM_DENIED),
        ROW(INVALID_REQUEST,      AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(INVALID_CLIENT,       AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(INVALID_GRANT,        AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(INVALID_SCOPE,        AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(INVALID_TOKEN,        AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(UNAUTHORIZED_CLIENT,  AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(UNSUPPORTED_GRANT,    AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(INVALID_NAME,         USER_UNKNOWN,      USER_UNKNOWN,     IGNORED, IGNORED, IGNORED),
        ROW(INVALID_VALUE,        AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(NAME_TAKEN,           AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(ID_TAKEN,             AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(UID_TAKEN,            AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(EMAIL_TAKEN,          AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(PARTNER_ID_TAKEN,     AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(UID_RANGE_EXHAUSTED,  AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(GROUP_UNKNOWN,        AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(CLIENT_UNKNOWN,       AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(TOKEN_UNKNOWN,        AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        /* what is closed already is closed */
        ROW(LOGIN_UNKNOWN,        AUTH_ERR,          PERM_DENIED,      CLOSED, REFUSED),
        ROW(LIMIT_EXCEEDED,       AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
        ROW(UNSUPPORTED,          AUTH_ERR,          PERM_DENIED,      SESSION, REFUSED),
};
/* clang-format on */

_Static_assert(ELEMENTSOF(rows) == _REASON_MAX - 1, "every reason has its row");

static int call(Host *host, int function, int flags) {
        switch (function) {
        case AUTHENTICATE:
                return pam_authenticate(host->pamh, flags);
        case ACCOUNT:
                return pam_acct_mgmt(host->pamh, flags);
        case OPEN:
                return pam_open_session(host->pamh, flags);
        case CLOSE:
                return pam_close_session(host->pamh, flags);
        default:
                return pam_chauthtok(host->pamh, flags);
        }
}

static void start(Host *host) {
        host_start(host, "ada");
        pam_putenv(host->pamh, "TOKEND_LOGIN=" HOST_ID);
}

static void expect(Host *host, int function, int expected, const char *what) {
        static const int flags[] = { 0, PAM_SILENT, PAM_DISALLOW_NULL_AUTHTOK };

        for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
                if (function == CHANGE && flags[i] == PAM_DISALLOW_NULL_AUTHTOK)
                        continue; /* the same bit says PAM_UPDATE_AUTHTOK there, which is libpam's
                                   */
                start(host);
                int code = call(host, function, flags[i]);
                if (code != expected)
                        fail_msg("function %d, %s: %d and not %d: %s", function, what, code,
                                 expected, host_log);
                assert_int_equal(host_n_lines, code != HOST_IGNORED);
        }
}

/* As the first thing that the daemon says, with a status of the same kind and with another. */
static void test_reasons(void **state) {
        static const int statuses[] = { 400, 401, 403, 404, 429, 500, 503 };
        Host *host = *state;
        char body[128];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_int_equal(rows[i].reason, i + 1);
                snprintf(body, sizeof(body), "{\"reason\":\"%s\"}",
                         reason_to_string((int)rows[i].reason));
                for (int function = 0; function < _FUNCTION_MAX; function++) {
                        if (function == CLOSE && rows[i].reason == REASON_LOGIN_UNKNOWN)
                                continue; /* below: that logs nothing */
                        host_answer_always(host, statuses[i % ELEMENTSOF(statuses)], body);
                        expect(host, function, rows[i].codes[function], body);
                }
        }
        host_answer_always(host, 404, "{\"reason\":\"login-unknown\"}");
        start(host);
        assert_int_equal(pam_close_session(host->pamh, 0), PAM_SUCCESS);
        assert_string_equal(host_log, "");
}

/* What goes wrong in this process: connect() fails with each of these. */
static const struct {
        int error;
        int codes[_FUNCTION_MAX];
} errors[] = {
#define EVERYWHERE(error, code, session)                                                           \
        {                                                                                          \
                error, {                                                                           \
                        code, code, session, session, code                                         \
                }                                                                                  \
        }
        EVERYWHERE(ENOMEM, PAM_BUF_ERR, PAM_BUF_ERR),
        EVERYWHERE(EMFILE, PAM_SYSTEM_ERR, PAM_SESSION_ERR),
        EVERYWHERE(ENFILE, PAM_SYSTEM_ERR, PAM_SESSION_ERR),
        EVERYWHERE(ENOBUFS, PAM_SYSTEM_ERR, PAM_SESSION_ERR),
        EVERYWHERE(EAFNOSUPPORT, PAM_SYSTEM_ERR, PAM_SESSION_ERR),
        EVERYWHERE(EIO, PAM_SYSTEM_ERR, PAM_SESSION_ERR),
        EVERYWHERE(9999, PAM_SYSTEM_ERR, PAM_SESSION_ERR),
        /* nobody is there */
        EVERYWHERE(ENOENT, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS),
        EVERYWHERE(EACCES, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS),
        EVERYWHERE(EPERM, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS),
        EVERYWHERE(ECONNREFUSED, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS),
        EVERYWHERE(ETIMEDOUT, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS),
};

static int connect_error; /* 0: none */
static pthread_t host_thread;

__attribute__((visibility("default"))) int connect(int fd, const struct sockaddr *address,
                                                   socklen_t size) {
        /* libpam's own is for the audit */
        if (connect_error != 0 && address->sa_family == AF_UNIX &&
            pthread_equal(pthread_self(), host_thread)) {
                errno = connect_error;
                return -1;
        }
        return ((typeof(&connect))dlsym(RTLD_NEXT, "connect"))(fd, address, size);
}

static void test_errors(void **state) {
        Host *host = *state;

        host_thread = pthread_self();
        for (size_t i = 0; i < ELEMENTSOF(errors); i++)
                for (int function = 0; function < _FUNCTION_MAX; function++) {
                        connect_error = errors[i].error;
                        expect(host, function, errors[i].codes[function], strerror(connect_error));
                        connect_error = 0;
                }
        assert_int_equal(fake_count(&host->fake), 0);
}

/* setcred asks nobody; whatever it is asked, and however often. */
static void test_setcred(void **state) {
        static const int flags[] = { 0, PAM_ESTABLISH_CRED, PAM_DELETE_CRED, PAM_REINITIALIZE_CRED,
                                     PAM_REFRESH_CRED };
        Host *host = *state;

        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                for (int silent = 0; silent < 2; silent++) {
                        start(host);
                        for (int n = 0; n < 2; n++)
                                assert_int_equal(pam_setcred(host->pamh,
                                                             flags[i] | (silent ? PAM_SILENT : 0)),
                                                 PAM_SUCCESS);
                        assert_string_equal(host_log, "");
                        assert_string_equal(host->messages, "");
                }
        assert_int_equal(fake_count(&host->fake), 0);
}

/* A bad word in the file, and an application without a user name. */
static void test_configuration(void **state) {
        static const char *const bad[] = { "nullok", "session_token=yes",
                                           "accept=", "accept=tokens" };
        Host *host = *state;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                host_options(host, bad[i]);
                for (int function = 0; function < _FUNCTION_MAX; function++)
                        expect(host, function, PAM_SERVICE_ERR, bad[i]);
                start(host);
                assert_int_equal(pam_setcred(host->pamh, PAM_ESTABLISH_CRED), PAM_SERVICE_ERR);
        }
        host_options(host, HOST_PATIENCE);
        host->conv_result = PAM_CONV_ERR;
        for (int function = 0; function < _FUNCTION_MAX; function++) {
                host_start(host, NULL);
                assert_int_equal(call(host, function, 0), PAM_CONV_ERR);
                assert_non_null(strstr(host_log, "no user name"));
        }
        assert_int_equal(fake_count(&host->fake), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                HOST_TEST(test_reasons),
                HOST_TEST(test_errors),
                HOST_TEST(test_setcred),
                HOST_TEST(test_configuration),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
