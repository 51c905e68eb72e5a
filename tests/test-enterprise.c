/* apis/enterprise-user-tokens.txt: one call, many calls, and nothing at all when one is wrong. */

#include <time.h>

#include "core/tokens.h"
#include "http-core.h"

#define PATH "/v1/enterprise/user-tokens"

/* The API key of the client "corp", as a header. */
static char key[128];

static void make_key(Core *core, const char *client_id, const char *scope) {
        char *const scopes[] = { (char *)scope, NULL };
        const IssueRequest request = { .client_id = client_id, .scopes = scope ? scopes : NULL };
        Caller root = core_caller(CALLER_ROOT, DOOR_SOCKET, 0);
        _heard_ heard = { 0 };

        authority_issue(core->authority, &root, &request, core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        snprintf(key, sizeof(key), "Authorization: Bearer %s\r\n",
                 secret_text(&heard.answer.access_token));
}

static int setup_corp(void **state) {
        int r = setup(state);
        Core *core = core_of(*state);

        core->config.enterprise_lifetime = DAY;
        core->config.enterprise_bulk_maximum = 3;
        core_add_user(core, "bob", 70002);
        core_add_user(core, "x/y%z?", 70003);
        core_add_user_like(core, "boss", 70004, "admin read", NULL, USER_ACTIVE);
        core_add_client(core, "corp", "client_credentials", "issue", false);
        make_key(core, "corp", "issue");
        return r;
}

static size_t count_tokens(Core *core) {
        const TokenListRequest list = { .uid = UID_NONE, .limit = 1000 };
        Caller root = core_caller(CALLER_ROOT, DOOR_SOCKET, 0);
        _heard_ heard = { 0 };

        authority_token_list(core->authority, &root, &list, core_on_answer, &heard);
        assert_int_equal(core_wait(core, &heard), 0);
        return heard.answer.n_tokens;
}

/* "2024-05-14T19:22:09.901Z", about a day from now */
static void expect_expires(const char *text) {
        struct tm tm = { 0 };
        const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

        assert_non_null(end);
        assert_true(end[0] == '.' && strspn(end + 1, "0123456789") == 3);
        assert_string_equal(end + 4, "Z");
        assert_true(labs(timegm(&tm) - time(NULL) - 86400) < 60);
}

/* Takes one {"token", "partner_user_id", "expires"} off the text, whose token is live. */
static const char *expect_one(Harness *h, const char *text, const char *partner_id) {
        char head[160], token[65], expires[32];
        Talk talk;

        assert_memory_equal(text, "{\"token\":\"", 10);
        snprintf(token, sizeof(token), "%s", text + 10);
        assert_true(text_is_hex(token, 64));
        snprintf(head, sizeof(head), "\",\"partner_user_id\":\"%s\",\"expires\":\"", partner_id);
        text += 10 + 64;
        assert_memory_equal(text, head, strlen(head));
        text += strlen(head);
        snprintf(expires, sizeof(expires), "%.*s", (int)strcspn(text, "\""), text);
        expect_expires(expires);
        text += strlen(expires);
        assert_memory_equal(text, "\"}", 2);

        post(h, "/oauth/introspect", APP, "token=", token, &talk);
        snprintf(head, sizeof(head), "\"sub\":\"%s\"", partner_id);
        assert_non_null(strstr(talk.body, head));
        assert_non_null(strstr(talk.body, "\"client_id\":\"corp\""));
        return text + 2;
}

static void expect_single(Harness *h, const char *target, const char *type, const char *body,
                          const char *partner_id) {
        Talk talk;

        talk_request(h, true, "POST", target, key, type, body, &talk);
        assert_int_equal(talk.status, 201);
        assert_non_null(strstr(talk.text, "\r\nCache-Control: no-store\r\n"));
        assert_memory_equal(talk.body, "{\"data\":", 8);
        assert_string_equal(expect_one(h, talk.body + 8, partner_id), "}");
}

static void test_single(void **state) {
        expect_single(*state, PATH "/id-ada", NULL, NULL, "id-ada"); /* curl */
        expect_single(*state, PATH "/id-ada", JSON, "", "id-ada");   /* axios */
        expect_single(*state, PATH "/id-bob", JSON, "{}", "id-bob");
        expect_single(*state, PATH "/id-%61da", NULL, NULL, "id-ada");
        expect_single(*state, PATH "/id-x%2Fy%25z%3f", NULL, NULL, "id-x/y%z?");
}

static void test_many(void **state) {
        Harness *h = *state;
        const char *text;
        Talk talk;

        talk_request(h, true, "POST", PATH, key, JSON,
                     "{ \"data\": [\"id-bob\", \"id-x/y%z?\", \"id-ada\"]}", &talk);
        assert_int_equal(talk.status, 201);
        assert_memory_equal(talk.body, "{\"data\":[", 9);
        text = expect_one(h, talk.body + 9, "id-bob");
        assert_int_equal(*text, ',');
        text = expect_one(h, text + 1, "id-x/y%z?");
        assert_int_equal(*text, ',');
        text = expect_one(h, text + 1, "id-ada");
        assert_string_equal(text, "]}");

        talk_request(h, true, "POST", PATH, key, JSON, "{\"data\":[\"id-bob\"],\"more\":1}", &talk);
        assert_int_equal(talk.status, 201);
        assert_memory_equal(talk.body, "{\"data\":[{", 10);
}

/* Each names the first that is wrong, and leaves nothing behind. */
static void test_all_or_nothing(void **state) {
        static const struct {
                const char *target, *body;
                int status;
                const char *description;
        } rows[] = {
                { PATH, "{\"data\":[\"id-ada\",\"nobody\",\"none\"]}", 404,
                  "data[1] (nobody): no such user" },
                { PATH, "{\"data\":[\"id-ada\",\"id-boss\"]}", 404,
                  "data[1] (id-boss): no such user" },
                { PATH, "{\"data\":[\"id-ada\",\"id-bob\",\"id-ada\"]}", 400,
                  "data[2] (id-ada): it is there twice" },
                { PATH, "{\"data\":[\"id-ada\",\"id-bob\",\"id-x/y%z?\",\"id-boss\"]}", 413,
                  "data[3] (id-boss): more than the limit" },
                { PATH, "{\"data\":[\"id-ada\",\"\\u00e4\\n\"]}", 404, "data[1]: no such user" },
                { PATH, "{\"data\":[\"id-ada\",\"\"]}", 404, "data[1]: no such user" },
                { PATH, "{\"data\":[\"id-ada\",5]}", 400, "data[1]: it is no text" },
                { PATH, "{\"data\":[]}", 400, "data is empty" },
                { PATH, "{\"data\":\"id-ada\"}", 400, "data must be a list of user ids" },
                { PATH, "{\"data\":{\"id-ada\":1}}", 400, "data must be a list of user ids" },
                { PATH, "{}", 400, "data must be a list of user ids" },
                { PATH, "", 400, "data must be a list of user ids" },
                { PATH, "[\"id-ada\"]", 400, "the request is malformed" },
                { PATH, "{\"data\":[\"id-ada\",]}", 400, "the request is malformed" },
                { PATH "/nobody", "", 404, "nobody: no such user" },
                { PATH "/id-boss", "", 404, "id-boss: no such user" },
                { PATH "/%C3%A4", "", 404, "the user's id: no such user" },
        };
        Harness *h = *state;
        size_t before = count_tokens(core_of(h));
        Talk talk;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                talk_request(h, true, "POST", rows[i].target, key, JSON, rows[i].body, &talk);
                _cleanup_(freep) char *said = member(&talk, "error_description");
                assert_string_equal(said, rows[i].description);
                assert_int_equal(talk.status, rows[i].status);
        }
        assert_int_equal(count_tokens(core_of(h)), before);
}

static void test_who_may_not(void **state) {
        Harness *h = *state;
        size_t before = count_tokens(core_of(h));
        Talk talk;

        talk_request(h, true, "POST", PATH "/id-ada", "", NULL, NULL, &talk);
        assert_int_equal(talk.status, 401);
        assert_non_null(strstr(talk.text, "\r\nWWW-Authenticate: Bearer realm=\"tokend\"\r\n"));
        talk_request(h, true, "POST", PATH "/id-ada", "Authorization: Bearer x\r\n", NULL, NULL,
                     &talk);
        assert_int_equal(talk.status, 401);
        assert_non_null(strstr(talk.text, "\r\nWWW-Authenticate: Bearer "));
        talk_request(h, true, "POST", PATH "/id-ada", APP, NULL, NULL, &talk);
        assert_int_equal(talk.status, 403);
        /* Another client's, and this client's without the scope. */
        make_key(core_of(h), "app", NULL);
        talk_request(h, true, "POST", PATH "/id-ada", key, NULL, NULL, &talk);
        assert_int_equal(talk.status, 403);
        assert_int_equal(count_tokens(core_of(h)), before + 1);
        talk_request(h, true, "GET", PATH "/id-ada", key, NULL, NULL, &talk);
        assert_int_equal(talk.status, 405);
        assert_non_null(strstr(talk.text, "\r\nAllow: POST\r\n"));
}

/* 64 bytes an id and a little more: beyond what other bodies may have. */
static void test_large(void **state) {
        static char body[65536 + 16384];
        Harness *h = *state;
        Core *core = core_of(h);
        size_t size = (size_t)sprintf(body, "{\"data\":[\"id-ada\"");
        Talk talk;

        core->config.enterprise_bulk_maximum = 1200;
        for (int i = 0; i < 1199; i++)
                size += (size_t)sprintf(body + size, ",\"%056d\"", i);
        strcpy(body + size, "]}");
        assert_true(size > 65536);
        h->config.enterprise_bulk_maximum = 1200;
        talk_request(h, true, "POST", PATH, key, JSON, body, &talk);
        assert_int_equal(talk.status, 404);
        assert_non_null(strstr(talk.body, "data[1] (000"));
        h->config.enterprise_bulk_maximum = 1000;
        talk_request(h, true, "POST", PATH, key, JSON, body, &talk);
        assert_int_equal(talk.status, 413);
        assert_non_null(strstr(talk.body, "\"the body is larger than allowed\""));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_single, setup_corp, teardown),
                cmocka_unit_test_setup_teardown(test_many, setup_corp, teardown),
                cmocka_unit_test_setup_teardown(test_all_or_nothing, setup_corp, teardown),
                cmocka_unit_test_setup_teardown(test_who_may_not, setup_corp, teardown),
                cmocka_unit_test_setup_teardown(test_large, setup_corp, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
