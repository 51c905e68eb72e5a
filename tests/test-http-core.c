/* HTTP in front of the real core and a real store: a login from its first byte to its last, as a
 * service on loopback sees it. */

#include "http-core.h"

static void test_login(void **state) {
        Harness *h = *state;
        Talk talk;

        post(h, "/oauth/token", APP, "grant_type=password&username=ada&password=", "wrong", &talk);
        assert_int_equal(talk.status, 400);
        assert_non_null(strstr(talk.body, "\"invalid_grant\""));
        assert_non_null(strstr(talk.body, "\"wrong-password\""));
        post(h, "/oauth/token", APP, "grant_type=password&username=nobody&password=", "wrong",
             &talk);
        assert_int_equal(talk.status, 400);
        assert_non_null(strstr(talk.body, "\"wrong-password\""));

        post(h, "/oauth/token", APP,
             "grant_type=password&username=ada&password=", "PASSWORD-of-ada", &talk);
        assert_int_equal(talk.status, 200);
        _cleanup_(freep) char *access = member(&talk, "access_token");
        _cleanup_(freep) char *refresh = member(&talk, "refresh_token");
        assert_int_equal(strlen(access), 64);
        assert_non_null(strstr(talk.body, "\"token_type\":\"Bearer\""));
        assert_null(strstr(talk.body, "\"uid\""));

        post(h, "/oauth/introspect", APP, "token=", access, &talk);
        assert_int_equal(talk.status, 200);
        assert_non_null(strstr(talk.body, "{\"active\":true,"));
        assert_non_null(strstr(talk.body, "\"username\":\"ada\""));
        assert_non_null(strstr(talk.body, "\"client_id\":\"app\""));

        post(h, "/oauth/token", APP, "grant_type=refresh_token&refresh_token=", refresh, &talk);
        assert_int_equal(talk.status, 200);
        _cleanup_(freep) char *second = member(&talk, "access_token");
        post(h, "/oauth/introspect", APP, "token=", access, &talk);
        assert_string_equal(talk.body, "{\"active\":false}");

        post(h, "/oauth/revoke", APP, "token=", second, &talk);
        assert_int_equal(talk.status, 200);
        assert_string_equal(talk.body, "{}");
        post(h, "/oauth/introspect", APP, "token=", second, &talk);
        assert_string_equal(talk.body, "{\"active\":false}");
        post(h, "/oauth/revoke", APP, "token=", second, &talk);
        assert_int_equal(talk.status, 200);
}

static void test_nobody_on_tcp(void **state) {
        static const char *const targets[] = { "/oauth/token", "/oauth/introspect",
                                               "/oauth/revoke" };
        static const char *const gets[] = { "/v1/users", "/v1/clients", "/v1/tokens",
                                            "/v1/logins/check?user=ada" };
        Harness *h = *state;
        Talk talk;

        for (size_t i = 0; i < ELEMENTSOF(targets); i++) {
                post(h, targets[i], "",
                     "grant_type=password&username=ada&password=PASSWORD-of-ada&token=", "x",
                     &talk);
                assert_int_equal(talk.status, 401);
                assert_non_null(strstr(talk.body, "\"invalid_client\""));
        }
        for (size_t i = 0; i < ELEMENTSOF(gets); i++) {
                talk_request(h, true, "GET", gets[i], "", NULL, NULL, &talk);
                assert_int_equal(talk.status, 401);
                talk_request(h, true, "GET", gets[i], APP, NULL, NULL, &talk);
                assert_true(talk.status == 403 || streq(gets[i], "/v1/tokens"));
        }
        post(h, "/v1/self/token", "", "scope=", "read", &talk);
        assert_int_equal(talk.status, 401);
        talk_request(h, true, "GET", "/healthz", "", NULL, NULL, &talk);
        assert_int_equal(talk.status, 200);
}

/* The reply to a change comes after its commit; a server that goes meanwhile harms nobody. */
static void test_end_in_the_middle(void **state) {
        Harness *h = *state;
        int fd = client_connect_tcp(h);
        char text[512];

        snprintf(text, sizeof(text),
                 "POST /oauth/token HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" APP "Content-Type: " FORM
                 "\r\nContent-Length: %zu\r\n\r\n"
                 "grant_type=password&username=ada&password=PASSWORD-of-ada",
                 h->port, strlen("grant_type=password&username=ada&password=PASSWORD-of-ada"));
        client_say(fd, text);
        for (int i = 0; i < 8; i++)
                assert_true(sd_event_run(h->event, 0) >= 0);
        h->server = http_server_free(h->server);
        for (int i = 0; i < 100 && authority_status(h->authority).n_calls > 0; i++)
                assert_true(sd_event_run(h->event, 50 * USEC_PER_MSEC) >= 0);
        assert_int_equal(authority_status(h->authority).n_calls, 0);
        close(fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_login, setup, teardown),
                cmocka_unit_test_setup_teardown(test_nobody_on_tcp, setup, teardown),
                cmocka_unit_test_setup_teardown(test_end_in_the_middle, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
