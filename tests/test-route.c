/* Matching of paths, and that the table of routes is what docs/http.md says. */

#include <errno.h>

#include "http-fake.h"
#include "http/route.h"

static const HttpContext context;

static Request *request_for(enum Door door, const char *method, const char *target) {
        Request *request = request_new(&context, &(Peer){ .door = door });
        assert_non_null(request);
        snprintf(request->method, sizeof(request->method), "%s", method);
        assert_int_equal(secret_append_text(&request->target, target), 0);
        assert_int_equal(request_parse_target(request), 0);
        return request;
}

static void expect(const char *method, const char *target, const char *pattern) {
        Request *request = request_for(DOOR_TCP, method, target);
        assert_int_equal(route_find(route_tables, request), 0);
        assert_string_equal(request->route->pattern, pattern);
        request_unref(request);
}

static void expect_none(const char *method, const char *target, int error) {
        Request *request = request_for(DOOR_SOCKET, method, target);
        assert_int_equal(route_find(route_tables, request), error);
        assert_null(request->route);
        request_unref(request);
}

static void test_documented(void **state) {
        expect("POST", "/oauth/token", "/oauth/token");
        expect("POST", "/oauth/introspect", "/oauth/introspect");
        expect("POST", "/oauth/revoke", "/oauth/revoke");
        expect("POST", "/v2/marketing/oauth/token", "/v2/marketing/oauth/token");
        expect("GET", "/Token", "/Token");
        expect("POST", "/Token", "/Token");
        expect("POST", "/v1/enterprise/user-tokens", "/v1/enterprise/user-tokens");
        expect("POST", "/v1/enterprise/user-tokens/x", "/v1/enterprise/user-tokens/:user_id");
        expect("GET", "/.well-known/oauth-authorization-server",
               "/.well-known/oauth-authorization-server");
        expect("GET", "/openapi.json", "/openapi.json");
        expect("POST", "/v1/logins", "/v1/logins");
        expect("POST", "/v1/logins/x/token", "/v1/logins/:id/token");
        expect("DELETE", "/v1/logins/x?user=ada", "/v1/logins/:id");
        expect("GET", "/v1/logins/check?user=ada", "/v1/logins/check");
        expect("POST", "/v1/self/token", "/v1/self/token");
        expect("POST", "/v1/users/x/password", "/v1/users/:id/password");
        expect("POST", "/v1/users", "/v1/users");
        expect("GET", "/v1/users", "/v1/users");
        expect("GET", "/v1/users/x", "/v1/users/:id");
        expect("PATCH", "/v1/users/x", "/v1/users/:id");
        expect("DELETE", "/v1/users/x", "/v1/users/:id");
        expect("POST", "/v1/clients", "/v1/clients");
        expect("GET", "/v1/clients", "/v1/clients");
        expect("GET", "/v1/clients/x", "/v1/clients/:id");
        expect("DELETE", "/v1/clients/x", "/v1/clients/:id");
        expect("POST", "/v1/tokens", "/v1/tokens");
        expect("GET", "/v1/tokens", "/v1/tokens");
        expect("DELETE", "/v1/tokens?all=true", "/v1/tokens");
        expect("GET", "/v1/tokens/x", "/v1/tokens/:id");
        expect("DELETE", "/v1/tokens/x", "/v1/tokens/:id");
        expect("GET", "/healthz", "/healthz");
        expect("HEAD", "/healthz", "/healthz");
}

static void test_foreign(void **state) {
        expect_none("GET", "/", -ENOENT);
        expect_none("GET", "/healthz/", -ENOENT);
        expect_none("GET", "//healthz", -ENOENT);
        expect_none("GET", "/Healthz", -ENOENT);
        expect_none("GET", "/token", -ENOENT);
        expect_none("GET", "/health%7a/x", -ENOENT);
}

static void test_segments(void **state) {
        Request *request = request_for(DOOR_SOCKET, "GET", "/v1/users/a%2Fb%3Fc+d%20e");
        assert_int_equal(route_find(route_tables, request), 0);
        assert_string_equal(request->params[0], "a/b?c+d e");
        request_unref(request);
        expect_none("GET", "/v1/users/", -ENOENT);
        expect_none("GET", "/v1%2fusers", -ENOENT);
        /* Dots are names like others: no path is ever opened. */
        expect("GET", "/v1/users/..", "/v1/users/:id");
}

static int nothing(Request *request) {
        return 0;
}

static void test_tables(void **state) {
        static const Route routes[] = {
                { "GET", "/a/:x/b/:y/c/:z", nothing, BODY_NONE, 0, NULL, "", "", "200" },
                { "POST", "/a/:x", nothing, BODY_NONE, 0, NULL, "", "", "200" },
                { "PUT", "/a/here", nothing, BODY_NONE, 0, NULL, "", "", "200" },
                { "GET", "/a/socket", nothing, BODY_NONE, ROUTE_SOCKET, NULL, "", "", "200" },
                { "GET", "/b", nothing, BODY_NONE, 0, NULL, "", "", "200" },
        };
        static const RouteTable table = ROUTE_TABLE(routes);
        const RouteTable *const tables[] = { &table, NULL };
        Request *request = request_for(DOOR_TCP, "GET", "/a/1/b/2/c/3");
        assert_int_equal(route_find(tables, request), 0);
        assert_string_equal(request->params[0], "1");
        assert_string_equal(request->params[1], "2");
        assert_string_equal(request->params[2], "3");
        request_unref(request);

        request = request_for(DOOR_TCP, "DELETE", "/a/here");
        assert_int_equal(route_find(tables, request), -EOPNOTSUPP);
        assert_string_equal(request->reply.allow, "POST, PUT");
        request_unref(request);

        /* RFC 9110 section 10.2.1: all that the path supports, HEAD too. */
        request = request_for(DOOR_TCP, "DELETE", "/b");
        assert_int_equal(route_find(tables, request), -EOPNOTSUPP);
        assert_string_equal(request->reply.allow, "GET, HEAD");
        request_unref(request);

        /* It would issue a token that nobody sees, and discard the one that somebody has. */
        request = request_for(DOOR_TCP, "HEAD", "/Token");
        assert_int_equal(route_find(route_tables, request), -EOPNOTSUPP);
        assert_string_equal(request->reply.allow, "GET, POST");
        request_unref(request);

        request = request_for(DOOR_TCP, "GET", "/a/socket");
        assert_int_equal(route_find(tables, request), -EOPNOTSUPP);
        request_unref(request);
        request = request_for(DOOR_SOCKET, "GET", "/a/socket");
        assert_int_equal(route_find(tables, request), 0);
        request_unref(request);

        /* More segments than any route has. */
        request = request_for(DOOR_TCP, "GET", "/1/2/3/4/5/6/7/8/9/10");
        assert_int_equal(route_find(tables, request), -ENOENT);
        request_unref(request);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_documented),
                cmocka_unit_test(test_foreign),
                cmocka_unit_test(test_segments),
                cmocka_unit_test(test_tables),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
