/* The one table from Reason and errno to HTTP, walked. */

#include <errno.h>
#include <string.h>

#include "http/reply.h"
#include "http/status.h"
#include "unit.h"

static void test_every_reason(void **state) {
        for (int r = 1; r < _REASON_MAX; r++)
                for (int grant = 0; grant < 2; grant++) {
                        Reply reply = REPLY_INIT;
                        Status status = status_of(r, grant);
                        assert_true(status.code >= 400 && status.code < 600);
                        assert_true(status.error && status.error[0]);
                        assert_int_equal(status_reason(r), r);
                        reply_set_error(&reply, r, grant, NULL);
                        assert_int_equal(reply.status, status.code);
                        assert_non_null(strstr(secret_text(&reply.body), reason_to_string(r)));
                        assert_non_null(strstr(secret_text(&reply.body), reason_to_sentence(r)));
                        assert_int_equal(reply.retry_after > 0,
                                         status.code == 429 || status.code == 503);
                        assert_int_equal(reply.challenge != NULL, status.code == 401);
                        secret_done(&reply.body);
                }
}

static void test_every_errno(void **state) {
        for (int e = 1; e < 140; e++)
                assert_true(status_of(-e, false).code >= 500);
        assert_int_equal(status_of(-EBADMSG, false).code, 500);
        assert_int_equal(status_of(-ENOSPC, false).code, 503);
        assert_int_equal(status_of(-EAGAIN, false).code, 503);
        assert_int_equal(status_of(0, false).code, 500);
        assert_int_equal(status_of(_REASON_MAX, false).code, 500);
        assert_int_equal(status_of(_REASON_MAX + 1000, true).code, 500);
}

/* RFC 6749 section 5.2, RFC 6750 section 3.1. */
static void test_codes(void **state) {
        static const struct {
                enum Reason reason;
                unsigned code, code_at_grant;
                const char *error, *error_at_grant;
        } rows[] = {
                { REASON_WRONG_PASSWORD, 400, 400, "invalid_grant", "invalid_grant" },
                { REASON_USER_UNKNOWN, 404, 400, "not_found", "invalid_grant" },
                { REASON_USER_LOCKED, 403, 400, "access_denied", "invalid_grant" },
                { REASON_INVALID_CLIENT, 401, 401, "invalid_client", "invalid_client" },
                { REASON_INVALID_TOKEN, 401, 401, "invalid_token", "invalid_token" },
                { REASON_INVALID_SCOPE, 400, 400, "invalid_scope", "invalid_scope" },
                { REASON_UNAUTHORIZED_CLIENT, 400, 400, "unauthorized_client",
                  "unauthorized_client" },
                { REASON_UNSUPPORTED_GRANT, 400, 400, "unsupported_grant_type",
                  "unsupported_grant_type" },
                { REASON_ACCESS_DENIED, 403, 403, "access_denied", "access_denied" },
                { REASON_TOO_MANY_FAILURES, 429, 429, "temporarily_unavailable",
                  "temporarily_unavailable" },
                { REASON_OVERLOADED, 503, 503, "temporarily_unavailable",
                  "temporarily_unavailable" },
                { REASON_NAME_TAKEN, 409, 409, "conflict", "conflict" },
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(status_of(rows[i].reason, false).code, rows[i].code);
                assert_string_equal(status_of(rows[i].reason, false).error, rows[i].error);
                assert_int_equal(status_of(rows[i].reason, true).code, rows[i].code_at_grant);
                assert_string_equal(status_of(rows[i].reason, true).error, rows[i].error_at_grant);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_reason),
                cmocka_unit_test(test_every_errno),
                cmocka_unit_test(test_codes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
