#include "unit.h"

#include <dlfcn.h>
#include <errno.h>

#include "fake-tokend.h"
#include "fake-tcp.h"
#include "tokend.h"

#define TOKEN     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID        "0123456789abcdef0123456789abcdef"
#define REPLY_MAX 8192
/* Only reached where something is broken. */
#define PATIENCE 5000

typedef struct Fixture {
        FakeTokend fake;
        tokend_t *t;
        char replies[FAKE_SCRIPT_MAX][REPLY_MAX];
        size_t n;
        FakeAnswer answers[FAKE_SCRIPT_MAX];
} Fixture;

static int fixture_setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        fake_start(&f->fake);
        assert_int_equal(tokend_new(&f->t), 0);
        assert_int_equal(tokend_set_socket(f->t, f->fake.path), 0);
        assert_int_equal(tokend_set_timeout(f->t, PATIENCE), 0);
        *state = f;
        return 0;
}

static int fixture_teardown(void **state) {
        Fixture *f = *state;

        tokend_free(f->t);
        fake_stop(&f->fake);
        free(f);
        return 0;
}

static void will_answer(Fixture *f, int status, const char *json) {
        fake_json(f->replies[f->n], REPLY_MAX, status, json);
        f->answers[f->n].bytes = f->replies[f->n];
        f->n++;
        fake_script(&f->fake, f->answers, f->n);
}

static void answer_once(Fixture *f, int status, const char *json) {
        memset(f->answers, 0, sizeof(f->answers));
        f->n = 0;
        will_answer(f, status, json);
}

static void assert_failed(const Fixture *f, int expected, int r, const char *word) {
        assert_int_equal(r, expected);
        assert_string_equal(tokend_error_reason(f->t), word);
        assert_true(tokend_error_message(f->t)[0] != '\0');
}

static void test_handle(void **state) {
        char long_path[256];
        tokend_t *t = NULL;

        assert_int_equal(tokend_new(&t), 0);
        assert_string_equal(tokend_error_reason(t), "");
        assert_string_equal(tokend_error_message(t), "");
        assert_string_equal(tokend_error_body(t, NULL), "");

        memset(long_path, 'a', sizeof(long_path));
        long_path[0] = '/';
        long_path[sizeof(long_path) - 1] = '\0';
        assert_int_equal(tokend_set_socket(t, long_path), -EINVAL);
        assert_int_equal(tokend_set_socket(t, "run/sock"), -EINVAL);
        assert_int_equal(tokend_set_socket(t, ""), -EINVAL);
        assert_string_equal(tokend_error_reason(t), "invalid-value");
        assert_int_equal(tokend_set_timeout(t, 0), -EINVAL);
        assert_int_equal(tokend_set_timeout(t, UINT32_MAX), -EINVAL);
        assert_int_equal(tokend_set_client(t, "", "x"), -EINVAL);
        assert_int_equal(tokend_set_client(t, NULL, "x"), -EINVAL);
        tokend_free(t);
        tokend_free(NULL);
        tokend_grant_free(NULL);
        tokend_token_free(NULL);
        tokend_list_free(NULL);
        tokend_reply_free(NULL);
}

static void test_url(void **state) {
        static const char *const bad[] = {
                "",
                "/",
                "ftp://host",
                "file:///etc/passwd",
                "http://",
                "https:///x",
                "http://:80",
                "http://user:secret@host",
                "http://host?x",
                "http://host#x",
                "http://ho st",
                "http://host\r\nX: y",
                "http//host",
                "unix:///run/x",
                "http://h\xc3\xb6st",
        };
        tokend_t *t = NULL;

        assert_int_equal(tokend_new(&t), 0);
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_int_equal(tokend_set_url(t, bad[i]), -EINVAL);
        assert_int_equal(tokend_set_url(t, "https://tokens.example.org/"), 0);
        assert_int_equal(tokend_set_url(t, "HTTP://[::1]:7450/base"), 0);
        tokend_free(t);
}

static void test_log_in(void **state) {
        Fixture *f = *state;
        tokend_grant_t *grant = NULL;

        answer_once(f, 200,
                    "{\"access_token\":\"" TOKEN
                    "\",\"token_type\":\"Bearer\",\"expires_in\":604800,"
                    "\"refresh_token\":\"r\",\"scope\":\"a b\"}");
        assert_int_equal(tokend_log_in(f->t, "ada", "p&=%+ \"\xe4", "a b", &grant), 0);
        assert_string_equal(tokend_grant_access_token(grant), TOKEN);
        assert_string_equal(tokend_grant_refresh_token(grant), "r");
        assert_string_equal(tokend_grant_scope(grant), "a b");
        assert_int_equal(tokend_grant_expires_in(grant), 604800);
        assert_non_null(strstr(f->fake.requests[0], "POST /oauth/token HTTP/1.1\r\n"));
        assert_non_null(strstr(
                        f->fake.requests[0],
                        "\r\n\r\ngrant_type=password&username=ada&password=p%26%3D%25%2B%20%22%E4"
                        "&scope=a%20b"));
        assert_null(strcasestr(f->fake.requests[0], "Authorization"));
        tokend_grant_free(grant);

        answer_once(f, 200, "{\"access_token\":\"x\",\"expires_in\":1}");
        assert_int_equal(tokend_log_in(f->t, "ada", "p", NULL, &grant), 0);
        assert_null(tokend_grant_refresh_token(grant));
        assert_null(tokend_grant_scope(grant));
        tokend_grant_free(grant);
}

static void test_refresh(void **state) {
        Fixture *f = *state;
        tokend_grant_t *grant = NULL;

        answer_once(f, 200, "{\"access_token\":\"x\",\"expires_in\":1,\"refresh_token\":\"n\"}");
        assert_int_equal(tokend_refresh(f->t, "old", NULL, &grant), 0);
        assert_non_null(strstr(f->fake.requests[0],
                               "\r\n\r\ngrant_type=refresh_token&refresh_token=old"));
        tokend_grant_free(grant);
}

/* What is no grant is none, whatever the status says. */
static void test_no_grant(void **state) {
        static const char *const bodies[] = {
                "",
                "x",
                "[]",
                "{}",
                "{\"access_token\":\"\"}",
                "{\"access_token\":7}",
                "{\"access_token\":\"x\",\"expires_in\":-1}",
                "{\"access_token\":\"x\",\"expires_in\":\"1\"}",
                "{\"access_token\":\"x\",\"expires_in\":1} {}",
                "{\"access_token\":\"x\",\"scope\":[]}",
                "{\"access_token\":\"a\",\"access_token\":\"b\"}",
        };
        Fixture *f = *state;
        tokend_grant_t *grant = NULL;

        for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
                answer_once(f, 200, bodies[i]);
                assert_failed(f, -EBADMSG, tokend_log_in(f->t, "ada", "p", NULL, &grant),
                              "reply-malformed");
                assert_null(grant);
        }
        answer_once(f, 302, "{\"access_token\":\"x\",\"expires_in\":1}");
        assert_failed(f, -EBADMSG, tokend_log_in(f->t, "ada", "p", NULL, &grant),
                      "reply-malformed");
        answer_once(f, 200, "{\"state\":\"active\",\"reason\":\"store-unavailable\"}");
        assert_true(tokend_log_in(f->t, "ada", "p", NULL, &grant) > 0);
        assert_string_equal(tokend_error_reason(f->t), "store-unavailable");
        assert_null(grant);
}

static void test_refusals(void **state) {
        static const struct {
                int status;
                const char *body;
                const char *word;
                bool is_broken;
        } rows[] = {
                { 400, "{\"error\":\"invalid_grant\",\"reason\":\"wrong-password\"}",
                  "wrong-password", false },
                { 400, "{\"error\":\"invalid_grant\"}", "invalid-grant", false },
                { 401, "{\"error\":\"invalid_client\"}", "invalid-client", false },
                { 401, "", "invalid-token", false },
                { 403, "<html>", "access-denied", false },
                { 404, "{}", "unsupported", false },
                { 429, "{\"reason\":\"too-many-failures\"}", "too-many-failures", false },
                { 418, "", "invalid-request", false },
                { 400, "{\"reason\":\"younger-than-this\"}", "younger-than-this", false },
                { 400, "{\"reason\":\"no \\u001b[31m word\"}", "invalid-request", false },
                { 400, "{\"reason\":7,\"error\":[]}", "invalid-request", false },
                { 503, "", "overloaded", false },
                { 503, "{\"reason\":\"store-unavailable\"}", "store-unavailable", false },
                { 500, "", "server-error", true },
                { 500, "{\"error\":\"server_error\"}", "server-error", true },
                { 599, "{\"error\":\"x\"}", "server-error", true },
        };
        Fixture *f = *state;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                tokend_reply_t *reply = NULL;
                size_t size;
                int r;

                answer_once(f, rows[i].status, rows[i].body);
                r = tokend_call(f->t, "GET", "/v1/users", NULL, NULL, &reply);
                assert_true(rows[i].is_broken ? r == -EREMOTEIO : r > 0);
                assert_null(reply);
                assert_string_equal(tokend_error_reason(f->t), rows[i].word);
                assert_string_equal(tokend_error_body(f->t, &size), rows[i].body);
                assert_int_equal(size, strlen(rows[i].body));
        }
}

/* What a server says goes to somebody's terminal. */
static void test_message(void **state) {
        Fixture *f = *state;
        tokend_reply_t *reply = NULL;
        char body[2048];
        const char *message;

        answer_once(f, 400,
                    "{\"reason\":\"user-unknown\",\"error_description\":\"a\\u001b[2Jb\\u009bc "
                    "\\u00e4\"}");
        assert_true(tokend_call(f->t, "GET", "/x", NULL, NULL, &reply) > 0);
        assert_string_equal(tokend_error_message(f->t), "a?[2Jb?c \xc3\xa4");

        memset(body, 0, sizeof(body));
        strcpy(body, "{\"error_description\":\"x");
        for (size_t n = 0; n < 400; n++)
                strcat(body, "\xc3\xa4");
        strcat(body, "\"}");
        answer_once(f, 400, body);
        assert_true(tokend_call(f->t, "GET", "/x", NULL, NULL, &reply) > 0);
        message = tokend_error_message(f->t);
        assert_true(strlen(message) > 400 && strlen(message) < 512);
        assert_string_equal(message + strlen(message) - 2, "\xc3\xa4");
}

static void test_retry_after(void **state) {
        Fixture *f = *state;
        tokend_grant_t *grant = NULL;

        f->answers[0] = (FakeAnswer){
                .bytes = "HTTP/1.1 429 No\r\nRetry-After: 8\r\nContent-Length: 0\r\n\r\n"
        };
        fake_script(&f->fake, f->answers, 1);
        assert_true(tokend_log_in(f->t, "ada", "p", NULL, &grant) > 0);
        assert_string_equal(tokend_error_reason(f->t), "too-many-failures");
        assert_non_null(strstr(tokend_error_message(f->t), "8 s"));
}

static void test_introspect(void **state) {
        Fixture *f = *state;
        tokend_token_t *token = (tokend_token_t *)f;

        answer_once(f, 200, "{\"active\":false}");
        assert_int_equal(tokend_introspect(f->t, TOKEN, &token), 0);
        assert_null(token);
        assert_non_null(strstr(f->fake.requests[0], "\r\n\r\ntoken=" TOKEN));

        answer_once(f, 200,
                    "{\"active\":true,\"sub\":\"u\",\"username\":\"ada\",\"client_id\":\"local\","
                    "\"scope\":\"a "
                    "b\",\"exp\":20,\"iat\":10,\"token_type\":\"Bearer\",\"jti\":\"" ID "\"}");
        assert_int_equal(tokend_introspect(f->t, TOKEN, &token), 0);
        assert_string_equal(tokend_token_id(token), ID);
        assert_string_equal(tokend_token_user(token), "ada");
        assert_string_equal(tokend_token_client_id(token), "local");
        assert_string_equal(tokend_token_scope(token), "a b");
        assert_string_equal(tokend_token_kind(token), "access");
        assert_int_equal(tokend_token_created(token), 10);
        assert_int_equal(tokend_token_expires(token), 20);
        tokend_token_free(token);
}

/* Only true is active; and a token that is active says which. */
static void test_introspect_malformed(void **state) {
        static const char *const bodies[] = {
                "{}",
                "{\"active\":\"true\"}",
                "{\"active\":1}",
                "{\"active\":null}",
                "{\"active\":true}",
                "{\"active\":true,\"jti\":\"" ID "\",\"iat\":1}",
                "{\"active\":true,\"exp\":2,\"iat\":1}",
                "true",
        };
        Fixture *f = *state;
        tokend_token_t *token = NULL;

        for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
                answer_once(f, 200, bodies[i]);
                assert_failed(f, -EBADMSG, tokend_introspect(f->t, TOKEN, &token),
                              "reply-malformed");
                assert_null(token);
        }
}

static void test_revoke(void **state) {
        Fixture *f = *state;

        answer_once(f, 200, "{}");
        assert_int_equal(tokend_revoke(f->t, TOKEN), 0);
        assert_non_null(strstr(f->fake.requests[0], "POST /oauth/revoke HTTP/1.1"));
        answer_once(f, 503, "{\"reason\":\"store-unavailable\"}");
        assert_true(tokend_revoke(f->t, TOKEN) > 0);
}

#define ROW(id, user)                                                                              \
        "{\"id\":\"" id "\",\"kind\":\"access\"" user                                              \
        ",\"client_id\":\"c\",\"created\":1,\"expires\":2,"                                        \
        "\"scopes\":[\"a\",\"b\"]}"

static void test_list(void **state) {
        Fixture *f = *state;
        const tokend_token_t *token = NULL;
        tokend_list_t *list = NULL;

        answer_once(f, 200,
                    "{\"tokens\":[" ROW("1", ",\"user\":\"ada\"") "," ROW(
                                    "2", "") "],\"next\":\"a/b&\"}");
        will_answer(f, 200, "{\"tokens\":[],\"next\":\"c\"}");
        will_answer(f, 200, "{\"tokens\":[" ROW("3", "") "]}");
        assert_int_equal(tokend_list(f->t, "ada", &list), 0);
        for (const char *id = "1"; id[0] <= '3'; id = id[0] == '1'   ? "2"
                                                      : id[0] == '2' ? "3"
                                                                     : "4") {
                assert_int_equal(tokend_list_next(list, &token), 0);
                assert_string_equal(tokend_token_id(token), id);
                assert_string_equal(tokend_token_scope(token), "a b");
                assert_string_equal(tokend_token_kind(token), "access");
                if (id[0] == '1')
                        assert_string_equal(tokend_token_user(token), "ada");
                else
                        assert_null(tokend_token_user(token));
        }
        for (int i = 0; i < 2; i++) {
                assert_int_equal(tokend_list_next(list, &token), 0);
                assert_null(token);
        }
        assert_int_equal(fake_count(&f->fake), 3);
        assert_non_null(strstr(f->fake.requests[0], "GET /v1/tokens?limit=500&user=ada HTTP"));
        assert_non_null(strstr(f->fake.requests[1], "&cursor=a%2Fb%26 HTTP"));
        tokend_list_free(list);
}

static void test_list_malformed(void **state) {
        Fixture *f = *state;
        const tokend_token_t *token = NULL;
        tokend_list_t *list = NULL;

        answer_once(f, 200, "{}");
        assert_failed(f, -EBADMSG, tokend_list(f->t, NULL, &list), "reply-malformed");
        answer_once(f, 403, "{\"reason\":\"access-denied\"}");
        assert_true(tokend_list(f->t, "root", &list) > 0);
        assert_null(list);

        /* A page that is its own next one would never end. */
        answer_once(f, 200, "{\"tokens\":[],\"next\":\"a\"}");
        will_answer(f, 200, "{\"tokens\":[],\"next\":\"a\"}");
        will_answer(f, 200, "{\"tokens\":[]}");
        assert_int_equal(tokend_list(f->t, NULL, &list), 0);
        assert_failed(f, -EBADMSG, tokend_list_next(list, &token), "reply-malformed");
        assert_int_equal(fake_count(&f->fake), 2);
        tokend_list_free(list);

        answer_once(f, 200, "{\"tokens\":[{\"id\":\"1\"}]}");
        assert_int_equal(tokend_list(f->t, NULL, &list), 0);
        assert_failed(f, -EBADMSG, tokend_list_next(list, &token), "reply-malformed");
        tokend_list_free(list);
}

static void test_authorization(void **state) {
        Fixture *f = *state;

        answer_once(f, 200, "{}");
        will_answer(f, 200, "{}");
        will_answer(f, 200, "{}");
        /* RFC 6749 section 2.3.1: encoded, then joined: "a%3Ab:s%20%C3%A4". */
        assert_int_equal(tokend_set_client(f->t, "a:b", "s \xc3\xa4"), 0);
        assert_int_equal(tokend_revoke(f->t, "x"), 0);
        assert_non_null(strstr(f->fake.requests[0],
                               "\r\nAuthorization: Basic YSUzQWI6cyUyMCVDMyVBNA==\r\n"));
        assert_int_equal(tokend_set_bearer(f->t, TOKEN), 0);
        /* Refused, and the old one stays. */
        assert_int_equal(tokend_set_bearer(f->t, "x\r\nX-Evil: 1"), -EINVAL);
        assert_int_equal(tokend_set_bearer(f->t, ""), -EINVAL);
        assert_int_equal(tokend_revoke(f->t, "x"), 0);
        assert_non_null(strstr(f->fake.requests[1], "\r\nAuthorization: Bearer " TOKEN "\r\n"));
        assert_int_equal(tokend_set_bearer(f->t, NULL), 0);
        assert_int_equal(tokend_revoke(f->t, "x"), 0);
        assert_null(strcasestr(f->fake.requests[2], "Authorization"));
}

static void test_call(void **state) {
        Fixture *f = *state;
        tokend_reply_t *reply = NULL;
        size_t size = 0;

        answer_once(f, 201, "{\"a\":1}");
        assert_int_equal(tokend_call(f->t, "PATCH", "/v1/users/x?y=z", "application/json", "{}",
                                     &reply),
                         0);
        assert_int_equal(tokend_reply_status(reply), 201);
        assert_string_equal(tokend_reply_body(reply, &size), "{\"a\":1}");
        assert_int_equal(size, 7);
        assert_non_null(strstr(f->fake.requests[0], "PATCH /v1/users/x?y=z HTTP/1.1\r\n"));
        assert_non_null(strstr(f->fake.requests[0], "\r\nContent-Type: application/json\r\n"));
        tokend_reply_free(reply);
}

static void test_call_invalid(void **state) {
        static const char *const rows[][4] = {
                { "get", "/", NULL, NULL },         { "", "/", NULL, NULL },
                { "GET /x", "/", NULL, NULL },      { "GET", "", NULL, NULL },
                { "GET", "x", NULL, NULL },         { "GET", "/a b", NULL, NULL },
                { "GET", "/a#b", NULL, NULL },      { "GET", "/a\r\nX: y", NULL, NULL },
                { "GET", "/\xc3\xa4", NULL, NULL }, { "POST", "/", "a\nb", "x" },
                { "POST", "/", NULL, "x" },
        };
        Fixture *f = *state;
        tokend_reply_t *reply = NULL;

        answer_once(f, 200, "{}");
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_failed(f, -EINVAL,
                              tokend_call(f->t, rows[i][0], rows[i][1], rows[i][2], rows[i][3],
                                          &reply),
                              "invalid-value");
        assert_int_equal(fake_count(&f->fake), 0);
}

static void test_unreachable(void **state) {
        Fixture *f = *state;
        tokend_grant_t *grant = NULL;

        assert_int_equal(tokend_set_socket(f->t, "/nonexistent/tokend.sock"), 0);
        assert_failed(f, -ENOENT, tokend_log_in(f->t, "ada", "p", NULL, &grant),
                      "daemon-unreachable");
        assert_non_null(strstr(tokend_error_message(f->t), "/nonexistent/tokend.sock"));
        assert_null(strstr(tokend_error_message(f->t), "password"));

        assert_int_equal(tokend_set_url(f->t, "http://127.0.0.1:1"), 0);
        assert_failed(f, -ECONNREFUSED, tokend_log_in(f->t, "ada", "p", NULL, &grant),
                      "daemon-unreachable");
        assert_non_null(strstr(tokend_error_message(f->t), "http://127.0.0.1:1"));
        assert_null(grant);
}

static void test_timed_out(void **state) {
        Fixture *f = *state;
        tokend_grant_t *grant = NULL;

        assert_int_equal(tokend_set_timeout(f->t, 100), 0);
        f->answers[0] = (FakeAnswer){ .bytes = "HTTP/1.1 200 OK\r\n", .hang = true };
        fake_script(&f->fake, f->answers, 1);
        assert_failed(f, -ETIMEDOUT, tokend_log_in(f->t, "ada", "p", NULL, &grant), "timed-out");
}

static void test_peer_untrusted(void **state) {
        Fixture *f = *state;
        tokend_grant_t *grant = NULL;

        assert_int_equal(chmod(f->fake.folder, 0777), 0);
        answer_once(f, 200, "{\"access_token\":\"x\",\"expires_in\":1}");
        assert_true(tokend_log_in(f->t, "ada", "p", NULL, &grant) > 0);
        assert_string_equal(tokend_error_reason(f->t), "peer-untrusted");
        assert_null(grant);
        assert_int_equal(f->fake.n_received, 0);
        assert_int_equal(chmod(f->fake.folder, 0700), 0);
}

/* The same calls go to a URL. */
static void test_by_url(void **state) {
        Fixture *f = *state;
        tokend_grant_t *grant = NULL;
        FakeTcp tcp;

        fake_tcp_start(&tcp);
        answer_once(f, 200, "{\"access_token\":\"x\",\"expires_in\":1}");
        fake_script(&tcp.fake, f->answers, 1);
        assert_int_equal(tokend_set_url(f->t, tcp.url), 0);
        assert_int_equal(tokend_log_in(f->t, "ada", "p", NULL, &grant), 0);
        assert_non_null(strstr(tcp.fake.requests[0], "POST /oauth/token HTTP/1.1\r\n"));
        assert_int_equal(fake_count(&f->fake), 0);
        tokend_grant_free(grant);

        /* And back. */
        answer_once(f, 200, "{\"access_token\":\"x\",\"expires_in\":1}");
        assert_int_equal(tokend_set_socket(f->t, f->fake.path), 0);
        assert_int_equal(tokend_log_in(f->t, "ada", "p", NULL, &grant), 0);
        assert_int_equal(fake_count(&f->fake), 1);
        tokend_grant_free(grant);
        fake_tcp_stop(&tcp);
}

/* Nothing of our insides is for others to link with, or in the way of their own names. */
static void test_symbols(void **state) {
        static const char *const hidden[] = { "secret_done",         "json_parse",
                                              "transport_call",      "handle_call",
                                              "transport_unix_call", "form_append" };
        Dl_info info;
        void *library;

        assert_true(dladdr((void *)(uintptr_t)tokend_new, &info) != 0);
        library = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
        assert_non_null(library);
        assert_non_null(dlvsym(library, "tokend_new", "LIBTOKEND_1"));
        for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
                assert_null(dlsym(library, hidden[i]));
        dlclose(library);
}

#define WITH_FIXTURE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_handle),     cmocka_unit_test(test_url),
                WITH_FIXTURE(test_log_in),         WITH_FIXTURE(test_refresh),
                WITH_FIXTURE(test_no_grant),       WITH_FIXTURE(test_refusals),
                WITH_FIXTURE(test_message),        WITH_FIXTURE(test_retry_after),
                WITH_FIXTURE(test_introspect),     WITH_FIXTURE(test_introspect_malformed),
                WITH_FIXTURE(test_revoke),         WITH_FIXTURE(test_list),
                WITH_FIXTURE(test_list_malformed), WITH_FIXTURE(test_authorization),
                WITH_FIXTURE(test_call),           WITH_FIXTURE(test_call_invalid),
                WITH_FIXTURE(test_unreachable),    WITH_FIXTURE(test_timed_out),
                WITH_FIXTURE(test_peer_untrusted), WITH_FIXTURE(test_by_url),
                cmocka_unit_test(test_symbols),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
