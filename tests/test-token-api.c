/* apis/token-api.txt: a form with GET, called JSON; eight members; one live token at a time. */

#include <time.h>

#include "http-core.h"

#define ADA "grant_type=password&username=ada&password="

static int setup_lifetime(void **state) {
        int r = setup(state);

        core_of(*state)->config.token_api_lifetime = 14 * DAY;
        return r;
}

static int64_t seconds_of(const char *date) {
        struct tm tm = { 0 };
        const char *end = strptime(date, "%a, %d %b %Y %H:%M:%S", &tm);

        assert_non_null(end);
        assert_string_equal(end, " GMT");
        return timegm(&tm);
}

/* The reply, member by member, in the document's order. The caller frees it. */
static char *expect_token(Talk *talk) {
        static const char *const names[] = {
                "access_token", "token_type", "expires_in", "userName",
                "userId",       "role",       ".issued",    ".expires"
        };
        const char *at = talk->body;
        size_t n = 0;

        assert_int_equal(talk->status, 200);
        assert_non_null(strstr(talk->text, "\r\nCache-Control: no-store\r\n"));
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                char name[32];

                snprintf(name, sizeof(name), "%c\"%s\":", i == 0 ? '{' : ',', names[i]);
                at = strstr(at, name);
                assert_non_null(at);
        }
        for (const char *p = talk->body; (p = strstr(p, "\":")); p++)
                n++;
        assert_int_equal(n, ELEMENTSOF(names));
        assert_non_null(strstr(talk->body, "\"token_type\":\"bearer\",\"expires_in\":1209600,"
                                           "\"userName\":\"ada\",\"userId\":\"id-ada\","
                                           "\"role\":\"customer\","));
        _cleanup_(freep) char *issued = member(talk, ".issued"),
                              *expires = member(talk, ".expires");
        assert_int_equal(seconds_of(expires) - seconds_of(issued), 1209600);
        assert_int_equal(strlen(issued), strlen("Sun, 13 Sep 2020 09:35:33 GMT"));
        assert_true(labs(seconds_of(issued) - time(NULL)) < 60);
        char *token = member(talk, "access_token");
        assert_int_equal(strlen(token), 64);
        return token;
}

static bool is_active(Harness *h, const char *token) {
        Talk talk;

        post(h, "/oauth/introspect", APP, "token=", token, &talk);
        assert_int_equal(talk.status, 200);
        return strstr(talk.body, "\"active\":true") != NULL;
}

/* Whatever the client calls it. Each call's token is the only one. */
static void test_bodies(void **state) {
        static const struct {
                const char *method, *type, *body;
        } rows[] = {
                { "GET", JSON, ADA "PASSWORD-of-ada" }, /* the document's own call */
                { "GET", FORM, ADA "PASSWORD-of-ada" },
                { "GET", NULL, ADA "PASSWORD-of-ada" },
                { "POST", FORM, ADA "PASSWORD-of-ada&email_address=x&unknown=1" },
                { "POST", "text/plain", ADA "PASSWORD-of-ada" },
                { "POST", JSON,
                  " \n{\"grant_type\":\"password\",\"username\":\"\\u0061da\","
                  "\"password\":\"PASSWORD-of-ada\",\"more\":[1,{}]}" },
                { "GET", JSON,
                  "{\"grant_type\":\"password\",\"username\":\"ada\","
                  "\"password\":\"PASSWORD-of-ada\"}" },
        };
        _cleanup_(freep) char *before = NULL;
        Harness *h = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char *token;
                Talk talk;

                talk_request(h, true, rows[i].method, "/Token", APP, rows[i].type, rows[i].body,
                             &talk);
                token = expect_token(&talk);
                assert_true(is_active(h, token));
                assert_false(before && is_active(h, before));
                free(before);
                before = token;
        }
}

/* Whichever comes first. */
static void test_at_once(void **state) {
        char *tokens[4], text[512];
        int fds[ELEMENTSOF(tokens)];
        Harness *h = *state;
        unsigned n_active = 0;

        snprintf(text, sizeof(text),
                 "GET /Token HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" APP "Content-Type: " JSON
                 "\r\nContent-Length: %zu\r\n\r\n" ADA "PASSWORD-of-ada",
                 h->port, strlen(ADA "PASSWORD-of-ada"));
        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                fds[i] = client_connect_tcp(h);
                client_say(fds[i], text);
        }
        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                Talk talk;

                client_receive(h, fds[i], &talk);
                tokens[i] = expect_token(&talk);
                close(fds[i]);
        }
        for (size_t i = 0; i < ELEMENTSOF(tokens); i++) {
                n_active += is_active(h, tokens[i]);
                free(tokens[i]);
        }
        assert_int_equal(n_active, 1);
}

/* What this user has from elsewhere, and others from here, is not discarded. */
static void test_what_stays(void **state) {
        Harness *h = *state;
        Talk talk;

        core_add_user(core_of(h), "bob", 70002);
        core_add_client(core_of(h), "second", "password", NULL, false);
        post(h, "/oauth/token", APP, ADA, "PASSWORD-of-ada", &talk);
        _cleanup_(freep) char *oauth = member(&talk, "access_token");
        post(h, "/Token", APP, "grant_type=password&username=bob&password=", "PASSWORD-of-bob",
             &talk);
        _cleanup_(freep) char *bob = member(&talk, "access_token");
        post(h, "/Token", "Authorization: Basic c2Vjb25kOlNFQ1JFVC1vZi1zZWNvbmQ=\r\n", ADA,
             "PASSWORD-of-ada", &talk);
        _cleanup_(freep) char *second = expect_token(&talk);
        post(h, "/Token", APP, ADA, "PASSWORD-of-ada", &talk);
        _cleanup_(freep) char *first = expect_token(&talk);
        assert_true(is_active(h, oauth) && is_active(h, bob) && is_active(h, second));
        /* Nor by somebody who does not know the password. */
        post(h, "/Token", APP, ADA, "wrong", &talk);
        assert_true(is_active(h, first));
}

static void expect_error(Harness *h, const char *fields, const char *target, const char *body,
                         int status, const char *error, const char *description) {
        char text[256];
        Talk talk;

        snprintf(text, sizeof(text), "{\"error\":\"%s\",\"error_description\":\"%s\"}", error,
                 description);
        talk_request(h, true, "GET", target, fields, JSON, body, &talk);
        assert_string_equal(talk.body, text);
        assert_int_equal(talk.status, status);
        assert_int_equal(strstr(talk.text, "\r\nWWW-Authenticate: Basic ") != NULL, status == 401);
}

static void test_refusals(void **state) {
        static const char wrong[] = "the user name or the password is wrong";
        static const char grant[] = "grant_type must be password";
        static const char query[] = "parameters belong in the body, not in the query";
        Harness *h = *state;
        Talk talk;

        core_of(h)->config.throttle = false;
        expect_error(h, APP, "/Token", ADA "wrong", 400, "invalid_grant", wrong);
        expect_error(h, APP, "/Token", "grant_type=password&username=nobody&password=x", 400,
                     "invalid_grant", wrong);
        expect_error(h, APP, "/Token", "", 400, "unsupported_grant_type", grant);
        expect_error(h, APP, "/Token", "username=ada&password=x", 400, "unsupported_grant_type",
                     grant);
        expect_error(h, APP, "/Token", "grant_type=client_credentials", 400,
                     "unsupported_grant_type", grant);
        expect_error(h, APP, "/Token", "grant_type=refresh_token&refresh_token=x", 400,
                     "unsupported_grant_type", grant);
        expect_error(h, APP, "/Token", "grant_type=password&password=x", 400, "invalid_request",
                     "username is missing");
        expect_error(h, APP, "/Token",
                     "grant_type=password&email_address=ada@example.org&password=x", 400,
                     "invalid_request", "username is missing");
        expect_error(h, APP, "/Token", ADA, 400, "invalid_request", "password is missing");
        expect_error(h, APP, "/Token",
                     "{\"grant_type\":\"password\",\"username\":\"ada\","
                     "\"password\":5}",
                     400, "invalid_request", "password is missing");
        expect_error(h, APP, "/Token", "{\"grant_type\":\"password\"", 400, "invalid_request",
                     "the request is malformed");
        expect_error(h, APP, "/Token", ADA "x&password=y", 400, "invalid_request",
                     "a parameter is there twice");
        expect_error(h, APP, "/Token?grant_type=password", "username=ada&password=x", 400,
                     "invalid_request", query);
        expect_error(h, APP, "/Token?username=ada", "grant_type=password&password=x", 400,
                     "invalid_request", query);
        expect_error(h, APP, "/Token?password=x", "grant_type=password&username=ada", 400,
                     "invalid_request", "secrets have no place in the query");
        expect_error(h, "", "/Token", ADA "PASSWORD-of-ada", 401, "invalid_client",
                     "client authentication failed");
        expect_error(h, "Authorization: Basic YXBwOndyb25n\r\n", "/Token", ADA "PASSWORD-of-ada",
                     401, "invalid_client", "client authentication failed");
        talk_request(h, true, "PUT", "/Token", APP, FORM, ADA "PASSWORD-of-ada", &talk);
        assert_int_equal(talk.status, 405);
        assert_non_null(strstr(talk.text, "\r\nAllow: GET, POST\r\n"));
}

/* What is refused before the handler runs is refused in the same words. */
static void test_large(void **state) {
        static char body[65536 + 2];
        Talk talk;

        memset(body, 'a', sizeof(body) - 1);
        talk_request(*state, true, "POST", "/Token", APP, FORM, body, &talk);
        assert_int_equal(talk.status, 413);
        assert_string_equal(talk.body, "{\"error\":\"invalid_request\",\"error_description\":"
                                       "\"the body is larger than allowed\"}");
}

static void test_default_client(void **state) {
        Harness *h = *state;
        Talk talk;

        core_of(h)->config.token_api_default_client = (char *)"app";
        talk_request(h, true, "GET", "/Token", "", JSON, ADA "PASSWORD-of-ada", &talk);
        _cleanup_(freep) char *token = expect_token(&talk);
        post(h, "/oauth/introspect", APP, "token=", token, &talk);
        assert_non_null(strstr(talk.body, "\"client_id\":\"app\""));
        /* For /Token only. */
        post(h, "/oauth/token", "", ADA, "PASSWORD-of-ada", &talk);
        assert_int_equal(talk.status, 401);
        /* Wrong credentials are not none. */
        expect_error(h, "Authorization: Basic YXBwOndyb25n\r\n", "/Token", ADA "PASSWORD-of-ada",
                     401, "invalid_client", "client authentication failed");
        core_of(h)->config.token_api_default_client = (char *)"nobody";
        expect_error(h, "", "/Token", ADA "PASSWORD-of-ada", 401, "invalid_client",
                     "client authentication failed");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_bodies, setup_lifetime, teardown),
                cmocka_unit_test_setup_teardown(test_at_once, setup_lifetime, teardown),
                cmocka_unit_test_setup_teardown(test_what_stays, setup_lifetime, teardown),
                cmocka_unit_test_setup_teardown(test_refusals, setup_lifetime, teardown),
                cmocka_unit_test_setup_teardown(test_large, setup_lifetime, teardown),
                cmocka_unit_test_setup_teardown(test_default_client, setup_lifetime, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
