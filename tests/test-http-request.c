/* Requests before they are routed: targets, queries, bodies, and what they keep. */

#include <errno.h>

#include "http-fake.h"
#include "http/route.h"

static const HttpContext context;

static int target(const char *text) {
        Request *request = request_new(&context, &(Peer){ 0 });
        int r = secret_append_text(&request->target, text);

        assert_int_equal(r, 0);
        r = request_parse_target(request);
        request_unref(request);
        return r;
}

static void test_targets(void **state) {
        static const char *const good[] = {
                "/",       "/a",         "/a/b/",      "/a?", "/a?b=c", "/a?b", "/a?passwords=1",
                "/%41%2F", "/a?b=%2541", "/a?b=token",
        };
        static const char *const bad[] = {
                "",
                "*",
                "a",
                "http://a/",
                "/a#b",
                "/%",
                "/%4",
                "/%zz",
                "/%00",
                "/a%00b/c",
                "/a?b=%00",
                "/a?b=%z",
                "/a?b=1&b=2",
                "/a?b=1&%62=2",
                "/a?password=x",
                "/a?token=x",
                "/a?access_token=x",
                "/a?refresh_token=",
                "/a?client_secret=x",
                "/a?code=x",
                "/a?old_password=x",
                "/a?%74oken=x",
                "/a?x=y&token=z",
        };
        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                if (target(good[i]) != 0)
                        fail_msg("%s", good[i]);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (target(bad[i]) != REASON_INVALID_REQUEST)
                        fail_msg("%s", bad[i]);
}

static int body_of(enum BodyKind kind, const char *type, const char *query, const char *body) {
        Route route = { "POST", "/x", NULL, kind, 0, NULL, "", "", "200" };
        Request *request = request_new(&context, &(Peer){ 0 });
        char text[128];
        int r;

        snprintf(text, sizeof(text), "/x?%s", query);
        assert_int_equal(secret_append_text(&request->target, text), 0);
        assert_int_equal(request_parse_target(request), 0);
        request->route = &route;
        secret_append_text(&request->content_type, type);
        secret_append_text(&request->body, body);
        r = request_parse_body(request);
        request_unref(request);
        return r;
}

static void test_bodies(void **state) {
        static const char form[] = "application/x-www-form-urlencoded";
        assert_int_equal(body_of(BODY_FORM, form, "", "a=b&c=d"), 0);
        assert_int_equal(body_of(BODY_FORM, "Application/X-WWW-Form-Urlencoded;charset=UTF-8", "",
                                 "a=b"),
                         0);
        assert_int_equal(body_of(BODY_FORM, "", "", ""), 0);
        assert_int_equal(body_of(BODY_FORM, "", "", "a=b"), REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_FORM, "application/x-www-form-urlencodedx", "", "a=b"),
                         REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_FORM, "text/plain", "", "a=b"), REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_FORM, form, "", "a=b&a=b"), REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_FORM, form, "a=b", "a=b"), REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_FORM, form, "a=b", "c=d"), 0);
        assert_int_equal(body_of(BODY_FORM, form, "", "a=%00"), REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_JSON, "application/json", "", "{\"a\":1}"), 0);
        assert_int_equal(body_of(BODY_JSON, "application/json", "", ""), 0);
        assert_int_equal(body_of(BODY_JSON, "", "", ""), 0);
        assert_int_equal(body_of(BODY_JSON, "text/plain", "", "{}"), REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_JSON, "application/json", "", "[]"), REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_JSON, "application/json", "", "null"),
                         REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_JSON, "application/json", "", "{} {}"),
                         REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_JSON, "application/json", "", "{\"a\":1,\"a\":1}"),
                         REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_NONE, "x", "", "whatever"), 0);
        assert_int_equal(body_of(BODY_LOOSE, "application/json", "", "a=b&c=d"), 0);
        assert_int_equal(body_of(BODY_LOOSE, "", "", ""), 0);
        assert_int_equal(body_of(BODY_LOOSE, form, "", " {\"a\":\"b\"}"), 0);
        assert_int_equal(body_of(BODY_LOOSE, form, "a=b", "{\"a\":\"b\"}"),
                         REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_LOOSE, form, "", "{\"a\":\"b\"} x"), REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_LOOSE, form, "", "{\"a\":\"\\u0000\"}"),
                         REASON_INVALID_REQUEST);
        assert_int_equal(body_of(BODY_LOOSE, "", "", "a=b&a=c"), REASON_INVALID_REQUEST);
}

static void test_members(void **state) {
        static const char body[] = "{\"text\":\"a\",\"empty\":null,\"list\":[\"x\"],\"n\":5,"
                                   "\"half\":1.5,\"far\":9223372036854775807}";
        Route route = { "POST", "/x", NULL, BODY_JSON, 0, NULL, "", "", "200" };
        Request *request = request_new(&context, &(Peer){ 0 });
        const Secret *secret = NULL;
        const char *text = NULL;
        char *const *list = NULL;
        int64_t usec = 7;

        request->route = &route;
        secret_append_text(&request->content_type, "application/json");
        secret_append_text(&request->body, body);
        assert_int_equal(request_parse_body(request), 0);
        assert_int_equal(request_json_text(request, "text", &text), 0);
        assert_string_equal(text, "a");
        text = NULL;
        assert_int_equal(request_json_text(request, "absent", &text), 0);
        assert_int_equal(request_json_text(request, "empty", &text), 0);
        assert_null(text);
        assert_int_equal(request_json_text(request, "n", &text), REASON_INVALID_REQUEST);
        assert_int_equal(request_json_secret(request, "absent", &secret), 0);
        assert_null(secret);
        assert_int_equal(request_json_secret(request, "text", &secret), 0);
        assert_string_equal(secret_text(secret), "a");
        assert_int_equal(request_json_strv(request, "list", &list), 0);
        assert_string_equal(list[0], "x");
        assert_int_equal(request_json_strv(request, "text", &list), REASON_INVALID_REQUEST);
        assert_int_equal(request_json_seconds(request, "absent", &usec), 0);
        assert_int_equal(usec, 7);
        assert_int_equal(request_json_seconds(request, "n", &usec), 0);
        assert_int_equal(usec, 5000000);
        assert_int_equal(request_json_seconds(request, "half", &usec), REASON_INVALID_VALUE);
        assert_int_equal(request_json_seconds(request, "far", &usec), REASON_INVALID_VALUE);
        request_unref(request);
}

static int write_nothing(Request *request, Answer *answer, JsonWriter *w) {
        return 0;
}

static int refuse(Request *request, Answer *answer, JsonWriter *w) {
        json_write_text(w, "access_token", "half-written");
        return -ENOMEM;
}

static void test_answers(void **state) {
        Request *request = request_new(&context, &(Peer){ 0 });
        Answer answer = { 0 };

        request_await(request, 201, write_nothing);
        request_answered(request, 0, &answer);
        assert_int_equal(request->reply.status, 201);
        assert_string_equal(secret_text(&request->reply.body), "{}");
        request_unref(request);

        /* What was written before the failure is not sent. */
        request = request_new(&context, &(Peer){ 0 });
        request_await(request, 200, refuse);
        request_answered(request, 0, &answer);
        assert_int_equal(request->reply.status, 503);
        assert_null(strstr(secret_text(&request->reply.body), "half-written"));
        request_unref(request);

        /* An answer to nobody. */
        request = request_new(&context, &(Peer){ 0 });
        request_await(request, 200, write_nothing);
        request_detach(request);
        request_answered(request, 0, &answer);
        assert_int_equal(request->reply.status, 0);
        request_unref(request);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_targets),
                cmocka_unit_test(test_bodies),
                cmocka_unit_test(test_members),
                cmocka_unit_test(test_answers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
