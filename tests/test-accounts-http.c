/* Account tokens over HTTP, with a stand-in for the core: bodies, refusals, lists of any length. */

#include "http-fake.h"
#include "http-harness.h"
#include "http/account-list.h"
#include "wire/json-read.h"

#define LIST "/v1/Accounts/a-1/accessTokens"
#define AUTH "Authorization: " FAKE_TEXT "\r\n"

static int setup(void **state) {
        Harness *h = calloc(1, sizeof(*h));
        static char *listen[] = { (char *)"127.0.0.1:0", NULL };

        harness_init(h);
        h->authority = fake_new(h->event);
        h->config.listen = listen;
        h->config.maximum_lifetime = 1000 * USEC_PER_SEC;
        harness_start(h);
        *state = h;
        return 0;
}

static int teardown(void **state) {
        Harness *h = *state;

        http_server_free(h->server);
        fake_free(h->authority);
        harness_done(h);
        free(h);
        return 0;
}

static void ask(Harness *h, const char *method, const char *target, const char *type,
                const char *body, Talk *talk) {
        h->authority->log[0] = '\0';
        talk_request(h, true, method, target, AUTH, type, body, talk);
}

static void expect(Harness *h, const char *method, const char *target, const char *type,
                   const char *body, int status, const char *log, const char *reply) {
        Talk talk;

        ask(h, method, target, type, body, &talk);
        assert_string_equal(talk.body, reply);
        assert_int_equal(talk.status, status);
        assert_string_equal(h->authority->log, log);
        assert_non_null(strstr(talk.text, "Cache-Control: no-store\r\n"));
        assert_non_null(strstr(talk.text, "Content-Type: application/json\r\n"));
        assert_null(strstr(talk.text, "Allow:"));
}

#define ISSUED(ttl, scopes)                                                                        \
        "{\"id\":\"" FAKE_TEXT "\",\"ttl\":" ttl "," scopes                                        \
        "\"created\":\"1970-01-01T00:16:40.000Z\",\"userId\":\"u-1\"}"
#define FAILED(status, rest) "{\"error\":{\"statusCode\":" status ",\"name\":" rest "}}"
#define REFUSED(message)     FAILED("400", "\"Error\",\"message\":\"" message "\"")
#define UNAUTHORIZED                                                                               \
        FAILED("401", "\"Error\",\"message\":\"Authorization Required\",\"code\":\"AUTHORIZATION_" \
                      "REQUIRED\"")
#define BAD_TTL                                                                                    \
        FAILED("422",                                                                              \
               "\"Error\",\"message\":\"ttl must be a whole number of seconds from 1 to 1000\"")

static void test_issue(void **state) {
        static const struct {
                const char *type, *body, *log, *reply;
        } rows[] = {
                { NULL, NULL, "ttl=0 scopes=-", ISSUED("0", "") },
                { JSON, "", "ttl=0 scopes=-", ISSUED("0", "") },
                { JSON, "{}", "ttl=0 scopes=-", ISSUED("0", "") },
                { JSON, "null", "ttl=0 scopes=-", ISSUED("0", "") },
                { JSON "; charset=utf-8", "{\"ttl\":60}", "ttl=60 scopes=-", ISSUED("60", "") },
                { JSON, "{\"ttl\":\"60\"}", "ttl=60 scopes=-", ISSUED("60", "") },
                { JSON, "{\"ttl\":6e1}", "ttl=60 scopes=-", ISSUED("60", "") },
                { JSON, "{\"ttl\":null,\"scopes\":null}", "ttl=0 scopes=-", ISSUED("0", "") },
                { JSON, "{\"ttl\":1,\"scopes\":[\"w\",\"r\",\"r\"]}", "ttl=1 scopes=w,r,r",
                  ISSUED("1", "\"scopes\":[\"w\",\"r\",\"r\"],") },
                { JSON, "{\"scopes\":[1,true,null]}", "ttl=0 scopes=1,true,null",
                  ISSUED("0", "\"scopes\":[\"1\",\"true\",\"null\"],") },
                { JSON,
                  "{\"id\":\"x\",\"created\":1,\"userId\":\"z\",\"access_token\":\"y\",\"n\":{}}",
                  "ttl=0 scopes=-", ISSUED("0", "") },
                { FORM, "ttl=60&scopes[]=a&scopes%5B%5D=b", "ttl=60 scopes=a,b",
                  ISSUED("60", "\"scopes\":[\"a\",\"b\"],") },
                { FORM "; charset=UTF-8", "scopes[1]=b&scopes[0]=a&x[y]=z", "ttl=0 scopes=a,b",
                  ISSUED("0", "\"scopes\":[\"a\",\"b\"],") },
                { "text/plain", "ttl=5", "ttl=0 scopes=-", ISSUED("0", "") },
                { "application/vnd+json", "{", "ttl=0 scopes=-", ISSUED("0", "") },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char log[128];
                snprintf(log, sizeof(log), "account_issue a-1 %s", rows[i].log);
                expect(*state, "POST", LIST, rows[i].type, rows[i].body, 200, log, rows[i].reply);
        }
        expect(*state, "POST", LIST "?ttl=99", JSON, "{}", 200, "account_issue a-1 ttl=0 scopes=-",
               ISSUED("0", ""));
        expect(*state, "POST", LIST "/", JSON, "{}", 200, "account_issue a-1 ttl=0 scopes=-",
               ISSUED("0", ""));
}

/* Present and empty is not absent. */
static void test_issue_without_any_scope(void **state) {
        Harness *h = *state;
        Talk talk;

        ask(h, "POST", LIST, JSON, "{\"scopes\":[]}", &talk);
        assert_int_equal(talk.status, 200);
        assert_string_equal(h->authority->log, "account_issue a-1 ttl=0 scopes=");
}

static void test_issue_refusals(void **state) {
        static const struct {
                const char *type, *body;
                int status;
                const char *reply;
        } rows[] = {
                { JSON, "{\"ttl\":0}", 422, BAD_TTL },
                { JSON, "{\"ttl\":-1}", 422, BAD_TTL },
                { JSON, "{\"ttl\":1.5}", 422, BAD_TTL },
                { JSON, "{\"ttl\":9223372036854775808}", 422, BAD_TTL },
                { JSON, "{\"ttl\":1e20}", 422, BAD_TTL },
                { JSON, "{\"ttl\":\"abc\"}", 422, BAD_TTL },
                { JSON, "{\"ttl\":\"\"}", 422, BAD_TTL },
                { JSON, "{\"ttl\":true}", 422, BAD_TTL },
                { JSON, "{\"ttl\":[1]}", 422, BAD_TTL },
                { FORM, "ttl=-5", 422, BAD_TTL },
                { JSON, "{\"scopes\":\"abc\"}", 400,
                  REFUSED("could not create List from JSON string: \\\"abc\\\"") },
                { JSON, "{\"scopes\":{\"a\":1}}", 400,
                  REFUSED("Items must be an array: {\\\"a\\\":1}") },
                { JSON, "{\"scopes\":[[\"a\"]]}", 400,
                  REFUSED("Items must be texts: [\\\"a\\\"]") },
                { JSON, "{\"scopes\":[{}]}", 400, REFUSED("Items must be texts: {}") },
                { FORM, "scopes=a", 400,
                  REFUSED("could not create List from JSON string: \\\"a\\\"") },
                { JSON, "[{}]", 400, REFUSED("one token at a time: the body is a list") },
                { JSON, "5", 400, REFUSED("Value is not an object.") },
                { JSON, "{\"ttl\": 1209600, \\\n}", 400,
                  FAILED("400", "\"SyntaxError\",\"message\":\"the body is no JSON\"") },
                { JSON, "{\"ttl\":1,\"ttl\":2}", 400,
                  FAILED("400", "\"SyntaxError\",\"message\":\"the body is no JSON\"") },
                { FORM, "ttl=1&ttl=2", 400, REFUSED("a parameter is there twice") },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                expect(*state, "POST", LIST, rows[i].type, rows[i].body, rows[i].status, "",
                       rows[i].reply);
}

static void test_one_token(void **state) {
        expect(*state, "GET", LIST "/some-id", NULL, NULL, 200, "account_token_get a-1 some-id",
               "{\"id\":\"ffe054fe7ae0cb6dc65c3af9b61d5209\",\"ttl\":900,"
               "\"created\":\"1970-01-01T00:16:40.000Z\",\"userId\":\"u-1\"}");
        expect(*state, "DELETE", LIST "/some-id", JSON, NULL, 200,
               "account_token_remove a-1 some-id", "{}");
        expect(*state, "DELETE", LIST "/count", NULL, NULL, 200, "account_token_remove a-1 count",
               "{}");
}

static void test_methods(void **state) {
        static const char *const rows[][3] = {
                { "PUT", "/x", "/x" },     { "PATCH", "/x", "/x" }, { "POST", "/x", "/x" },
                { "PUT", "", "" },         { "DELETE", "", "" },    { "OPTIONS", "", "" },
                { "PUT", "/a%20b", "/?" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char target[64], reply[256];
                snprintf(target, sizeof(target), "%s%s", LIST, rows[i][1]);
                snprintf(reply, sizeof(reply),
                         FAILED("404",
                                "\"Error\",\"message\":\"Shared class \\\"Account\\\" has no "
                                "method handling %s /a-1/accessTokens%s\""),
                         rows[i][0], rows[i][2]);
                expect(*state, rows[i][0], target, NULL, NULL, 404, "", reply);
        }
}

static void test_who(void **state) {
        static const struct {
                const char *field, *challenge;
        } rows[] = {
                { "", "Bearer realm=\"tokend\"" },
                { "Authorization: wrong\r\n", "Bearer error=\"invalid_token\"" },
                { "Authorization: Bearer wrong\r\n", "Bearer error=\"invalid_token\"" },
                { "Authorization: Basic YXBwOndyb25n\r\n", "Bearer realm=\"tokend\"" },
                { "Authorization: Negotiate abc\r\n", "Bearer realm=\"tokend\"" },
        };
        Harness *h = *state;
        Talk talk;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char line[128];
                talk_request(h, true, "POST", LIST, rows[i].field, JSON, "{}", &talk);
                assert_int_equal(talk.status, 401);
                assert_string_equal(talk.body, UNAUTHORIZED);
                snprintf(line, sizeof(line), "WWW-Authenticate: %s\r\n", rows[i].challenge);
                assert_non_null(strstr(talk.text, line));
        }
        h->authority->log[0] = '\0';
        talk_request(h, true, "GET", LIST "?access_token=" FAKE_TEXT, AUTH, NULL, NULL, &talk);
        assert_int_equal(talk.status, 400);
        assert_null(strstr(talk.body, FAKE_TEXT));
        assert_string_equal(h->authority->log, "");
        talk_request(h, true, "GET", LIST, "Authorization: Bearer " FAKE_TEXT "\r\n", NULL, NULL,
                     &talk);
        assert_int_equal(talk.status, 200);
}

static void test_refusals_of_the_core(void **state) {
        static const struct {
                int r, status;
                const char *reply;
        } rows[] = {
                { REASON_ACCESS_DENIED, 401, UNAUTHORIZED },
                { REASON_INVALID_TOKEN, 401, UNAUTHORIZED },
                { REASON_USER_UNKNOWN, 404,
                  FAILED("404", "\"Error\",\"message\":\"could not find a model with id a-1\","
                                "\"code\":\"MODEL_NOT_FOUND\"") },
                { REASON_TOKEN_UNKNOWN, 404,
                  FAILED("404", "\"Error\",\"message\":\"No instance with id x found for "
                                "AccessToken\"") },
                { REASON_USER_LOCKED, 400, REFUSED("the account is locked") },
                { REASON_INVALID_SCOPE, 400,
                  REFUSED("the scope is malformed or exceeds what may be given") },
                { REASON_STORE_UNAVAILABLE, 503,
                  "{\"error\":{\"statusCode\":503,\"message\":\"Service Unavailable\"}}" },
                { -EXFULL, 500,
                  "{\"error\":{\"statusCode\":500,\"message\":\"Internal Server Error\"}}" },
        };
        Harness *h = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                h->authority->result = rows[i].r;
                expect(h, "GET", LIST "/x", NULL, NULL, rows[i].status, "account_token_get a-1 x",
                       rows[i].reply);
        }
        h->authority->result = REASON_INVALID_VALUE;
        expect(h, "POST", LIST, NULL, NULL, 422, "account_issue a-1 ttl=0 scopes=-", BAD_TTL);
        h->authority->result = REASON_TOKEN_UNKNOWN;
        expect(h, "GET", LIST "/%C3%B6", NULL, NULL, 404, "account_token_get a-1 \xc3\xb6",
               FAILED("404",
                      "\"Error\",\"message\":\"No instance with id ? found for AccessToken\""));
}

#define TOKEN_0                                                                                    \
        "{\"id\":\"00000000000000000000000000000000\",\"ttl\":60,"                                 \
        "\"created\":\"1970-01-01T00:16:42.005Z\",\"userId\":\"u-1\"}"
#define TOKEN_1                                                                                    \
        "{\"id\":\"00000000000000000000000000001eef\",\"ttl\":61,"                                 \
        "\"created\":\"1970-01-01T00:16:41.005Z\",\"userId\":\"u-1\"}"

static void test_short_lists(void **state) {
        Harness *h = *state;
        const char *log = "account_list a-1 cursor=-";

        expect(h, "GET", LIST, NULL, NULL, 200, log, "[]");
        expect(h, "GET", LIST "/count", NULL, NULL, 200, log, "{\"count\":0}");
        h->authority->n_account_tokens = 2;
        expect(h, "GET", LIST, NULL, NULL, 200, log, "[" TOKEN_0 "," TOKEN_1 "]");
        expect(h, "GET", LIST "/?filter=", NULL, NULL, 200, log, "[" TOKEN_0 "," TOKEN_1 "]");
        expect(h, "GET", LIST "?filter[order]=created%20ASC", NULL, NULL, 200, log,
               "[" TOKEN_1 "," TOKEN_0 "]");
        expect(h, "GET", LIST "?filter[where][ttl]=61", NULL, NULL, 200, log, "[" TOKEN_1 "]");
        expect(h, "GET", LIST "?filter[skip]=1", NULL, NULL, 200, log, "[" TOKEN_1 "]");
        expect(h, "GET", LIST "?filter[fields]=ttl&filter[limit]=1", NULL, NULL, 200, log,
               "[{\"ttl\":60}]");
        expect(h, "GET", LIST "/count?where[ttl]=61", NULL, NULL, 200, log, "{\"count\":1}");
        expect(h, "GET", LIST "?filter={", NULL, NULL, 400, "", REFUSED("Value is not an object."));
        expect(h, "GET", LIST "?filter=%7B%7D&filter=%7B%7D", NULL, NULL, 400, "",
               REFUSED("Value is not an object."));
        expect(h, "GET", LIST "?filter=%", NULL, NULL, 400, "", REFUSED("Value is not an object."));
        expect(h, "GET", LIST "/count?where=5", NULL, NULL, 400, "",
               REFUSED("Value is not an object."));
        h->authority->result = REASON_ACCESS_DENIED;
        expect(h, "GET", LIST, NULL, NULL, 401, log, UNAUTHORIZED);
}

static void test_head(void **state) {
        Harness *h = *state;
        Talk talk;
        char text[256];

        h->authority->n_account_tokens = 3000;
        snprintf(text, sizeof(text),
                 "HEAD " LIST " HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" AUTH
                 "Connection: close\r\n\r\n",
                 h->port);
        talk_text(h, true, text, &talk);
        assert_int_equal(talk.status, 200);
        assert_string_equal(talk.body, "");
}

/* The whole text that comes, without the head; HTTP/1.0 has no chunks. */
static char *receive_all(Harness *h, const char *query) {
        int fd = client_connect(h);
        size_t size = 0, room = 8 * 1024 * 1024;
        char *text = malloc(room), *body;

        snprintf(text, room, "GET " LIST "%s HTTP/1.0\r\n" AUTH "\r\n", query);
        client_say(fd, text);
        for (int i = 0; i < 100000; i++) {
                ssize_t n = recv(fd, text + size, room - 1 - size, MSG_DONTWAIT);
                if (n == 0 || (n < 0 && errno != EAGAIN))
                        break;
                if (n > 0)
                        size += (size_t)n;
                else
                        assert_true(sd_event_run(h->event, 5000) >= 0);
        }
        text[size] = '\0';
        body = strstr(text, "\r\n\r\n");
        assert_non_null(body);
        memmove(text, body + 4, strlen(body + 4) + 1);
        close(fd);
        return text;
}

static size_t count(const char *text, const char *what) {
        size_t n = 0;

        for (; (text = strstr(text, what)); text++)
                n++;
        return n;
}

static Json *receive_json(Harness *h, const char *query, char **ret_text) {
        Json *json = NULL;

        *ret_text = receive_all(h, query);
        assert_int_equal(json_parse(*ret_text, strlen(*ret_text), &json), 0);
        return json;
}

static int64_t first_ttl(const char *text) {
        return atoi(strstr(text, "\"ttl\":") + 6);
}

/* Page after page, each token once and in order. */
static void test_long_list(void **state) {
        Harness *h = *state;
        char *text, *p, id[48];

        h->authority->n_account_tokens = 3000;
        text = receive_all(h, "");
        assert_int_equal(count(text, "\"ttl\""), 3000);
        assert_string_equal(text + strlen(text) - 2, "}]");
        p = text;
        for (size_t i = 0; i < 3000; i++) {
                snprintf(id, sizeof(id), "\"id\":\"%032zx\"", (i * 7919) & 0xffff);
                p = strstr(p, id);
                assert_non_null(p);
        }
        free(text);
}

static void test_long_lists_by_filter(void **state) {
        static const struct {
                const char *query;
                size_t n;
                int64_t first;
        } rows[] = {
                { "?filter[fields]=ttl&filter[limit]=700", 700, 60 },
                { "?filter[fields]=ttl&filter[limit]=700&filter[skip]=300", 700, 66 },
                { "?filter[fields]=ttl&filter[limit]=5000&filter[skip]=1500", 500, 62 },
                { "?filter[fields]=ttl&filter[where][ttl]=63", 286, 63 },
                { "?filter[fields]=ttl&filter[order]=ttl%20DESC", 2000, 66 },
                { "?filter[fields]=ttl&filter[order]=ttl%20DESC&filter[limit]=900", 900, 66 },
                { "?filter[fields]=ttl&filter[order]=ttl&filter[skip]=1400&filter[limit]=20000",
                  600, 64 },
                { "?filter[fields]=ttl&filter[order]=created&filter[limit]=1000", 1000, 64 },
                { "?filter[fields]=ttl&filter[order]=ttl&filter[skip]=5000&filter[limit]=20000", 0,
                  0 },
        };
        Harness *h = *state;

        h->authority->n_account_tokens = 2000;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(json_freep) Json *json = NULL;
                _cleanup_(freep) char *text = NULL;

                json = receive_json(h, rows[i].query, &text);
                assert_int_equal(json_size(json, JSON_ROOT), rows[i].n);
                if (rows[i].n > 0)
                        assert_int_equal(first_ttl(text), rows[i].first);
        }
}

/* What is behind the last that was wanted is not read. */
static void test_limit_ends_the_reading(void **state) {
        Harness *h = *state;
        Talk talk;

        h->authority->n_account_tokens = 2000;
        ask(h, "GET", LIST "?filter[limit]=3&filter[fields]=ttl", NULL, NULL, &talk);
        assert_string_equal(talk.body, "[{\"ttl\":60},{\"ttl\":61},{\"ttl\":62}]");
        assert_int_equal(h->authority->n_calls, 1);
}

/* White space shows that something goes on. */
static void test_nothing_found_for_long(void **state) {
        Harness *h = *state;
        _cleanup_(json_freep) Json *json = NULL;
        _cleanup_(freep) char *text = NULL;

        h->authority->n_account_tokens = 2000;
        json = receive_json(h, "?filter[where][ttl]=1", &text);
        assert_int_equal(json_size(json, JSON_ROOT), 0);
        assert_int_equal(count(text, "\n"), 7);
}

static void test_count_of_many(void **state) {
        Harness *h = *state;
        _cleanup_(freep) char *text = NULL;

        h->authority->n_account_tokens = 20000;
        text = receive_all(h, "/count?where[ttl]=60");
        assert_string_equal(text, "{\"count\":2858}");
}

/* A client must not take half a list for a whole one. */
static void test_store_fails_on_the_way(void **state) {
        Harness *h = *state;
        char request[256];
        Talk talk;

        h->authority->n_account_tokens = 600;
        h->authority->account_list_ends = 256;
        snprintf(request, sizeof(request), "GET " LIST " HTTP/1.1\r\nHost: x\r\n" AUTH "\r\n");
        talk_text(h, false, request, &talk);
        assert_int_equal(talk.status, 200);
        assert_true(talk.closed);
        assert_non_null(strcasestr(talk.text, "\r\nTransfer-Encoding: chunked\r\n"));
        assert_null(strstr(talk.body, "\r\n0\r\n"));
        assert_int_equal(count(talk.body, "\"ttl\""), 256);
        /* Before the first byte it is an ordinary refusal. */
        h->authority->n_account_tokens = 2000;
        ask(h, "GET", LIST "?filter[order]=ttl", NULL, NULL, &talk);
        assert_int_equal(talk.status, 503);
        ask(h, "GET", LIST "/count", NULL, NULL, &talk);
        assert_int_equal(talk.status, 503);
}

static int begin_list(Harness *h, const char *query) {
        char request[256];
        int fd = client_connect(h);

        snprintf(request, sizeof(request), "GET " LIST "%s HTTP/1.1\r\nHost: x\r\n" AUTH "\r\n",
                 query);
        client_say(fd, request);
        return fd;
}

/* The sanitizer says whether all was freed. */
static void test_client_goes(void **state) {
        static const char *const queries[] = { "", "?filter[order]=ttl", "/count" };
        Harness *h = *state;

        h->authority->n_account_tokens = 20000;
        for (size_t i = 0; i < ELEMENTSOF(queries); i++)
                for (int turns = 1; turns < 40; turns += 3) {
                        int fd = begin_list(h, queries[i]);
                        harness_turn(h, turns);
                        close(fd);
                        harness_turn(h, 3);
                }
}

/* A client that does not read is waited for, and nothing is made for it meanwhile. */
static void test_slow_client(void **state) {
        Harness *h = *state;
        char buffer[65536];
        int fd, n_chunks = 0;
        size_t n_calls;

        h->authority->n_account_tokens = 60000;
        fd = begin_list(h, "");
        for (int i = 0; i < 400; i++)
                assert_true(sd_event_run(h->event, 1000) >= 0);
        n_calls = h->authority->n_calls;
        assert_in_range(n_calls, 2, 60);
        for (int i = 0; i < 20; i++)
                assert_true(sd_event_run(h->event, 1000) >= 0);
        assert_int_equal(h->authority->n_calls, n_calls);
        while (n_chunks < 100000) {
                ssize_t n = recv(fd, buffer, sizeof(buffer) - 1, MSG_DONTWAIT);
                if (n == 0)
                        break;
                if (n > 0 && memmem(buffer, (size_t)n, "\r\n0\r\n\r\n", 7))
                        break;
                n_chunks++;
                assert_true(sd_event_run(h->event, 1000) >= 0);
        }
        assert_int_equal(h->authority->n_calls, (60000 + 255) / 256);
        close(fd);
}

/* Large lists in memory are few at a time; those that come out small are not counted. */
static void test_sorting_is_bounded(void **state) {
        Harness *h = *state;
        int fds[ACCOUNT_LISTS_SORTING_MAX];
        Talk talk;

        h->authority->n_account_tokens = 20;
        h->authority->hangs = true;
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                fds[i] = begin_list(h, "?filter[order]=ttl");
        for (int i = 0; i < 100 && h->authority->n_calls < ELEMENTSOF(fds); i++)
                harness_turn(h, 1);
        ask(h, "GET", LIST "?filter[order]=ttl", NULL, NULL, &talk);
        assert_int_equal(talk.status, 503);
        assert_non_null(strstr(talk.text, "\r\nRetry-After: "));
        h->authority->hangs = false;
        ask(h, "GET", LIST "?filter[order]=ttl&filter[limit]=20", NULL, NULL, &talk);
        assert_int_equal(talk.status, 200);
        fake_answer_all(h->authority);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                client_receive(h, fds[i], &talk);
                assert_int_equal(talk.status, 200);
                close(fds[i]);
        }
        harness_turn(h, 5);
        ask(h, "GET", LIST "?filter[order]=ttl", NULL, NULL, &talk);
        assert_int_equal(talk.status, 200);
}

static void end_server(Harness *h, const char *query, int turns, bool hangs) {
        int fd = begin_list(h, query);

        harness_turn(h, turns);
        h->authority->hangs = hangs;
        if (hangs)
                harness_turn(h, 3);
        h->server = http_server_free(h->server);
        fake_answer_all(h->authority);
        h->authority->hangs = false;
        close(fd);
        harness_start(h);
}

static void test_server_goes(void **state) {
        static const char *const queries[] = { "", "?filter[order]=ttl" };
        Harness *h = *state;

        h->authority->n_account_tokens = 20000;
        for (size_t i = 0; i < ELEMENTSOF(queries); i++)
                for (int turns = 1; turns < 40; turns += 2)
                        end_server(h, queries[i], turns, turns % 4 == 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_issue),
                TEST(test_issue_without_any_scope),
                TEST(test_issue_refusals),
                TEST(test_one_token),
                TEST(test_methods),
                TEST(test_who),
                TEST(test_refusals_of_the_core),
                TEST(test_short_lists),
                TEST(test_head),
                TEST(test_long_list),
                TEST(test_long_lists_by_filter),
                TEST(test_limit_ends_the_reading),
                TEST(test_nothing_found_for_long),
                TEST(test_count_of_many),
                TEST(test_store_fails_on_the_way),
                TEST(test_client_goes),
                TEST(test_slow_client),
                TEST(test_sorting_is_bounded),
                TEST(test_server_goes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
