/* apis/oauth-token-password.txt: its statuses and its codes, above all 401 invalid_client for
 * whoever gives a wrong password. */

#include "http-core.h"

#define PATH "/v2/marketing/oauth/token"
#define ADA  "grant_type=password&username=ada&password="

static void expect_error(Harness *h, const char *fields, const char *body, int status,
                         const char *error, const char *description) {
        _cleanup_(freep) char *said = NULL, *sentence = NULL;
        Talk talk;

        talk_request(h, true, "POST", PATH, fields, FORM, body, &talk);
        said = member(&talk, "error");
        sentence = member(&talk, "error_description");
        assert_string_equal(said, error);
        assert_string_equal(sentence, description);
        assert_null(strstr(talk.body, "\"reason\""));
        assert_int_equal(talk.status, status);
        assert_int_equal(strstr(talk.text, "\r\nWWW-Authenticate: Basic ") != NULL, status == 401);
        assert_non_null(strstr(talk.text, "\r\nCache-Control: no-store\r\n"));
}

static void expect_grant(Harness *h, const char *body, bool refreshes) {
        static const char rest[] = "\",\"expires_in\":604800,\"token_type\":\"bearer\"";
        Talk talk;

        talk_request(h, true, "POST", PATH, APP, FORM, body, &talk);
        assert_int_equal(talk.status, 200);
        assert_memory_equal(talk.body, "{\"access_token\":\"", 17);
        assert_memory_equal(talk.body + 17 + 64, rest, strlen(rest));
        if (refreshes)
                assert_memory_equal(talk.body + 17 + 64 + strlen(rest), ",\"refresh_token\":\"",
                                    18);
        assert_int_equal(strlen(talk.body), 17 + 64 + strlen(rest) + (refreshes ? 18 + 64 + 2 : 1));
        assert_non_null(strstr(talk.text, "\r\nCache-Control: no-store\r\n"));
}

static void test_password(void **state) {
        expect_grant(*state, ADA "PASSWORD-of-ada", true);
        expect_grant(*state,
                     "grant_type=password&email_address=Ada@Example.org&password=PASSWORD-of-ada",
                     true);
        expect_grant(*state,
                     "grant_type=password&email_address=&unknown=x&username=ada&"
                     "password=PASSWORD-of-ada",
                     true);
        /* In the form too, and on the socket nobody has to say who he is. */
        Talk talk;
        post(*state, PATH, "", ADA "PASSWORD-of-ada&client_id=app&client_secret=", "SECRET-of-app",
             &talk);
        assert_int_equal(talk.status, 200);
}

static void test_who_is_wrong(void **state) {
        static const char wrong_app[] = "Authorization: Basic YXBwOndyb25n\r\n";
        static const char wrong[] = "the user name or the password is wrong";
        static const char client[] = "client authentication failed";
        Core *core = core_of(*state);

        core->config.throttle = false;
        core_add_user_like(core, "bob", 70002, NULL, NULL, USER_LOCKED);
        expect_error(*state, APP, ADA "wrong", 401, "invalid_client", wrong);
        expect_error(*state, APP, "grant_type=password&username=nobody&password=x", 401,
                     "invalid_client", wrong);
        expect_error(*state, APP, "grant_type=password&email_address=no@body&password=x", 401,
                     "invalid_client", wrong);
        expect_error(*state, APP, "grant_type=password&username=bob&password=PASSWORD-of-bob", 401,
                     "invalid_client", "the account is locked");
        expect_error(*state, "", ADA "PASSWORD-of-ada", 401, "invalid_client", client);
        expect_error(*state, wrong_app, ADA "PASSWORD-of-ada", 401, "invalid_client", client);
        expect_error(*state, "Authorization: Bearer x\r\n", ADA "PASSWORD-of-ada", 401,
                     "invalid_client", "the access token is invalid, expired or revoked");
        /* Known, but no client. */
        Talk talk;
        char bearer[128];
        post(*state, PATH, APP, ADA, "PASSWORD-of-ada", &talk);
        _cleanup_(freep) char *token = member(&talk, "access_token");
        snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s\r\n", token);
        expect_error(*state, bearer, ADA "PASSWORD-of-ada", 401, "invalid_client",
                     "the caller may not do this");
        expect_error(*state, APP, ADA "PASSWORD-of-ada&client_secret=x&client_id=app", 400,
                     "invalid_request", "the request is malformed");
}

static void test_what_is_wrong(void **state) {
        static const struct {
                const char *body, *error, *description;
        } rows[] = {
                { "", "invalid_request", "grant_type is missing" },
                { "username=ada&password=x", "invalid_request", "grant_type is missing" },
                { "grant_type=password&password=x", "invalid_request",
                  "username or email_address is missing" },
                { "grant_type=password&username=&password=x", "invalid_request",
                  "username or email_address is missing" },
                { "grant_type=password&username=a&email_address=b&password=x", "invalid_request",
                  "either username or email_address may be there, not both" },
                { "grant_type=password&username=ada", "invalid_request", "password is missing" },
                { ADA, "invalid_request", "password is missing" },
                { "grant_type=refresh_token", "invalid_request", "refresh_token is missing" },
                { "grant_type=Password&username=ada&password=x", "unsupported_grant_type",
                  "grant_type must be one of: password, refresh_token, client_credentials" },
                { ADA "x&username=ada", "invalid_request", "a parameter is there twice" },
                { ADA "PASSWORD-of-ada&scope=admin", "invalid_scope",
                  "the scope is malformed or exceeds what may be given" },
                { "grant_type=refresh_token&refresh_token=x", "invalid_grant",
                  "the grant is invalid, expired, revoked or used" },
        };
        Harness *h = *state;
        Talk talk;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                expect_error(h, APP, rows[i].body, 400, rows[i].error, rows[i].description);

        talk_request(h, true, "POST", PATH, APP, JSON, "{}", &talk);
        assert_int_equal(talk.status, 400);
        talk_request(h, true, "POST", PATH "?password=x", APP, FORM, ADA "x", &talk);
        assert_int_equal(talk.status, 400);
        assert_non_null(strstr(talk.body, "\"secrets have no place in the query\""));
        talk_request(h, true, "GET", PATH, APP, NULL, NULL, &talk);
        assert_int_equal(talk.status, 405);
        assert_non_null(strstr(talk.text, "\r\nAllow: POST\r\n"));
        assert_string_equal(talk.body, "{\"error\":\"invalid_request\",\"error_description\":"
                                       "\"this method is not allowed here\"}");
}

static void test_other_grants(void **state) {
        Harness *h = *state;
        Talk talk;

        post(h, PATH, APP, ADA, "PASSWORD-of-ada", &talk);
        _cleanup_(freep) char *refresh = member(&talk, "refresh_token");
        _cleanup_(freep) char *access = member(&talk, "access_token");
        post(h, PATH, APP, "grant_type=refresh_token&refresh_token=", refresh, &talk);
        assert_int_equal(talk.status, 200);
        assert_non_null(strstr(talk.body, "\"token_type\":\"bearer\""));
        post(h, "/oauth/introspect", APP, "token=", access, &talk);
        assert_string_equal(talk.body, "{\"active\":false}");
        /* What was used is no wrong password: RFC 6749's word for it. */
        post(h, PATH, APP, "grant_type=refresh_token&refresh_token=", refresh, &talk);
        assert_int_equal(talk.status, 400);
        assert_non_null(strstr(talk.body, "\"invalid_grant\""));
        expect_grant(h, "grant_type=client_credentials", false);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_password, setup, teardown),
                cmocka_unit_test_setup_teardown(test_who_is_wrong, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_is_wrong, setup, teardown),
                cmocka_unit_test_setup_teardown(test_other_grants, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
