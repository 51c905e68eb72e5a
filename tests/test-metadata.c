/* RFC 8414, and that what it promises is there. */

#include "http-core.h"

#define PATH "/.well-known/oauth-authorization-server"

static void test_metadata(void **state) {
        Harness *h = *state;
        char *expected = NULL;
        Talk talk;

        talk_request(h, true, "GET", PATH, "", NULL, NULL, &talk);
        assert_int_equal(talk.status, 200);
        assert_non_null(strstr(talk.text, "\r\nContent-Type: application/json\r\n"));
        assert_true(asprintf(&expected,
                             "{\"issuer\":\"%1$s\",\"token_endpoint\":\"%1$s/oauth/token\","
                             "\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\","
                             "\"client_secret_post\"],"
                             "\"introspection_endpoint\":\"%1$s/oauth/introspect\","
                             "\"introspection_endpoint_auth_methods_supported\":["
                             "\"client_secret_basic\",\"client_secret_post\"],"
                             "\"revocation_endpoint\":\"%1$s/oauth/revoke\","
                             "\"revocation_endpoint_auth_methods_supported\":["
                             "\"client_secret_basic\",\"client_secret_post\"],"
                             "\"grant_types_supported\":[\"password\",\"refresh_token\","
                             "\"client_credentials\"],\"response_types_supported\":[]}",
                             http_server_issuer(h->server)) > 0);
        assert_string_equal(talk.body, expected);
        free(expected);
}

/* openid-client and others insist on the issuer that they were given, to the letter. */
static void test_issuer(void **state) {
        static const struct {
                const char *issuer, *member;
        } rows[] = {
                { "https://id.example.org", "\"https://id.example.org/oauth/token\"" },
                { "https://id.example.org/", "\"https://id.example.org/oauth/token\"" },
                { "https://id.example.org/a", "\"https://id.example.org/a/oauth/token\"" },
        };
        Harness *h = *state;
        char *message = NULL;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Talk talk;

                h->config.issuer = (char *)rows[i].issuer;
                assert_int_equal(http_server_set_config(h->server, &h->config, &message), 0);
                talk_request(h, true, "GET", PATH, "", NULL, NULL, &talk);
                _cleanup_(freep) char *issuer = member(&talk, "issuer");
                assert_string_equal(issuer, rows[i].issuer);
                assert_non_null(strstr(talk.body, rows[i].member));
        }
}

/* Each grant and each way to authenticate works. */
static void test_promises(void **state) {
        static const char form[] = "client_id=app&client_secret=SECRET-of-app&token=x";
        Harness *h = *state;
        Talk talk;

        for (size_t i = 0; grant_type_name(i); i++) {
                char body[128];

                snprintf(body, sizeof(body), "grant_type=%s", grant_type_name(i));
                talk_request(h, true, "POST", "/oauth/token", APP, FORM, body, &talk);
                assert_null(strstr(talk.body, "unsupported_grant_type"));
        }
        talk_request(h, true, "POST", "/oauth/introspect", "", FORM, form, &talk);
        assert_int_equal(talk.status, 200);
        talk_request(h, true, "POST", "/oauth/revoke", "", FORM, form, &talk);
        assert_int_equal(talk.status, 200);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_metadata, setup, teardown),
                cmocka_unit_test_setup_teardown(test_issuer, setup, teardown),
                cmocka_unit_test_setup_teardown(test_promises, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
