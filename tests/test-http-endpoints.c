/* Every endpoint of docs/http.md: what it asks the core, and what it makes of the answer. */

#include "http-fake.h"
#include "http-harness.h"

static int setup(void **state) {
        Harness *h = calloc(1, sizeof(*h));
        harness_init(h);
        h->authority = fake_new(h->event);
        static char *listen[] = { (char *)"127.0.0.1:0", NULL };
        h->config.listen = listen;
        harness_start(h);
        *state = h;
        return 0;
}

/* The same from a core that answers what it can at once. */
static int setup_now(void **state) {
        setup(state);
        ((Harness *)*state)->authority->answers_now = true;
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

static void expect(Harness *h, const char *method, const char *target, const char *type,
                   const char *body, int status, const char *log, const char *reply) {
        Talk talk;
        h->authority->log[0] = '\0';
        talk_request(h, false, method, target, "", type, body, &talk);
        if (reply)
                assert_string_equal(talk.body, reply);
        assert_int_equal(talk.status, status);
        assert_string_equal(h->authority->log, log);
        assert_non_null(strstr(talk.text, "Cache-Control: no-store\r\n"));
        assert_non_null(strstr(talk.text, "Pragma: no-cache\r\n"));
        assert_non_null(strstr(talk.text, "Content-Type: application/json\r\n"));
        assert_null(strcasestr(talk.text, "Access-Control"));
}

#define TOKEN_ID "ffe054fe7ae0cb6dc65c3af9b61d5209"

static void test_grant(void **state) {
        Harness *h = *state;
        expect(h, "POST", "/oauth/token", FORM,
               "grant_type=password&username=ada&password=secret&x=1", 200,
               "grant password user=ada email=- password=secret refresh=- scope=- service=- junk=0",
               "{\"access_token\":\"" FAKE_TEXT "\",\"token_type\":\"Bearer\",\"expires_in\":900,"
               "\"refresh_token\":\"refresh-text\",\"id\":\"" TOKEN_ID "\",\"username\":\"ada\","
               "\"uid\":70000,\"gid\":70001,\"state\":\"active\"}");
        h->authority->state = REASON_PASSWORD_MUST_CHANGE;
        expect(h, "POST", "/oauth/token", FORM "; charset=UTF-8",
               "grant_type=password&username=ada&password=secret&service=sshd", 200,
               "grant password user=ada email=- password=secret refresh=- scope=- service=sshd "
               "junk=0",
               "{\"access_token\":\"" FAKE_TEXT "\",\"token_type\":\"Bearer\",\"expires_in\":900,"
               "\"id\":\"" TOKEN_ID "\",\"login\":\"0123456789abcdef0123456789abcdef\","
               "\"username\":\"ada\",\"uid\":70000,\"gid\":70001,\"state\":\"password-must-"
               "change\","
               "\"reason\":\"password-must-change\"}");
        h->authority->state = REASON_NONE;
        h->authority->without_store = true;
        expect(h, "POST", "/oauth/token", FORM,
               "grant_type=password&username=ada&password=secret&service=sshd", 200,
               "grant password user=ada email=- password=secret refresh=- scope=- service=sshd "
               "junk=0",
               "{\"username\":\"ada\",\"uid\":70000,\"gid\":70001,\"state\":\"active\","
               "\"reason\":\"store-unavailable\"}");
}

static void test_grant_refusals(void **state) {
        Harness *h = *state;
        Talk talk;

        expect(h, "POST", "/oauth/token", FORM, "grant_type=password&username=ada&password=no", 400,
               "grant password user=ada email=- password=no refresh=- scope=- service=- junk=0",
               "{\"error\":\"invalid_grant\",\"error_description\":"
               "\"the user name or the password is wrong\",\"reason\":\"wrong-password\"}");
        expect(h, "POST", "/oauth/token", FORM, "grant_type=magic", 400,
               "grant magic user=- email=- password=- refresh=- scope=- service=- junk=0",
               "{\"error\":\"unsupported_grant_type\",\"error_description\":"
               "\"grant_type must be one of: password, refresh_token, client_credentials\","
               "\"reason\":\"unsupported-grant\"}");
        /* Nothing of these reaches the core. */
        expect(h, "POST", "/oauth/token", FORM, "", 400, "", NULL);
        expect(h, "POST", "/oauth/token", FORM, "grant_type=", 400, "", NULL);
        expect(h, "POST", "/oauth/token", NULL, "grant_type=password", 400, "", NULL);
        expect(h, "POST", "/oauth/token", JSON, "{}", 400, "", NULL);
        expect(h, "POST", "/oauth/token", FORM, "grant_type=password&grant_type=password", 400, "",
               NULL);
        expect(h, "POST", "/oauth/token?grant_type=password", FORM, "grant_type=password", 400, "",
               NULL);
        expect(h, "POST", "/oauth/token?password=secret", FORM, "grant_type=password", 400, "",
               NULL);
        expect(h, "POST", "/oauth/token?%70assword=secret", FORM, "grant_type=password", 400, "",
               NULL);
        expect(h, "POST", "/oauth/token", FORM, "grant_type=password&junk=2", 400, "", NULL);
        expect(h, "POST", "/oauth/token", FORM, "grant_type=pass%00word", 400, "", NULL);
        expect(h, "POST", "/oauth/token", FORM, "grant_type=pass%zz", 400, "", NULL);

        h->authority->result = REASON_TOO_MANY_FAILURES;
        h->authority->retry_after = 37;
        talk_request(h, false, "POST", "/oauth/token", "", FORM, "grant_type=password", &talk);
        assert_int_equal(talk.status, 429);
        assert_non_null(strstr(talk.text, "Retry-After: 37\r\n"));
        h->authority->result = REASON_USER_LOCKED;
        talk_request(h, false, "POST", "/oauth/token", "", FORM, "grant_type=password", &talk);
        assert_int_equal(talk.status, 400);
        assert_non_null(strstr(talk.body, "\"invalid_grant\""));
        h->authority->result = -EXFULL; /* nobody knows this one */
        talk_request(h, false, "POST", "/oauth/token", "", FORM, "grant_type=password", &talk);
        assert_int_equal(talk.status, 500);
        assert_non_null(strstr(talk.body, "\"server_error\""));
        h->authority->result = _REASON_MAX + 5;
        talk_request(h, false, "POST", "/oauth/token", "", FORM, "grant_type=password", &talk);
        assert_int_equal(talk.status, 500);
        h->authority->result = -ENOSPC;
        talk_request(h, false, "POST", "/oauth/token", "", FORM, "grant_type=password", &talk);
        assert_int_equal(talk.status, 503);
        assert_non_null(strstr(talk.text, "Retry-After: "));
}

/* What may be typed in the password's place, and what becomes of the token. */
static void test_accept(void **state) {
        static const struct {
                const char *fields;
                const char *log; /* NULL: refused */
        } rows[] = {
                { "accept=token", "accepts=2 once=0" },
                { "accept=password", "accepts=1 once=0" },
                { "accept=password+token&once=1", "accepts=3 once=1" },
                { "accept=token++password+token", "accepts=3 once=0" },
                { "once=1", "accepts=0 once=1" },
                { "login_only=1", "login_only=1" },
                { "login_only=0", NULL },
                { "accept=tokens", NULL },
                { "accept=password,token", NULL },
                { "accept=Token", NULL },
                { "accept=+", NULL },
                { "accept=token%09password", NULL },
                { "accept=token&once=2", NULL },
                { "accept=token&once=0", NULL },
                { "accept=token&accept=password", NULL },
        };
        Harness *h = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char body[256], log[256];

                snprintf(body, sizeof(body),
                         "grant_type=password&username=ada&password=secret&service=sshd&%s",
                         rows[i].fields);
                snprintf(log, sizeof(log), "grant %s", rows[i].log ? rows[i].log : "-");
                expect(h, "POST", "/oauth/token", FORM, body, rows[i].log ? 200 : 400,
                       rows[i].log ? log : "", NULL);
        }
}

static void test_real_uid(void **state) {
        static const char *const bad[] = { "0", "-1", "x", "4294967296", "70001x" };
        Harness *h = *state;

        expect(h, "POST", "/oauth/token", FORM,
               "grant_type=password&username=ada&password=secret&service=su&ruid=70001", 200,
               "grant ruid=70001", NULL);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                char body[128];

                snprintf(body, sizeof(body),
                         "grant_type=password&username=ada&password=secret&ruid=%s", bad[i]);
                expect(h, "POST", "/oauth/token", FORM, body, 400, "", NULL);
        }
}

/* Root's PAM module is told whose password was wrong, if it is anybody's. */
static void test_refusals_name_users(void **state) {
        static const char known[] = "grant_type=password&username=known&password=no";
        static const char unknown[] = "grant_type=password&username=unknown&password=no";
        static const char app[] = "Authorization: Basic YXBwOnJpZ2h0\r\n";
        Harness *h = *state;
        Talk talk;

        talk_request(h, false, "POST", "/oauth/token", "", FORM, known, &talk);
        assert_int_equal(talk.status, 400);
        assert_int_equal(strstr(talk.body, "\"wrong-password\",\"username\":\"ada\"}") != NULL,
                         getuid() == 0);
        talk_request(h, false, "POST", "/oauth/token", "", FORM, unknown, &talk);
        assert_null(strstr(talk.body, "username"));
        talk_request(h, false, "POST", "/oauth/token", app, FORM, known, &talk);
        assert_int_equal(talk.status, 400);
        assert_null(strstr(talk.body, "username"));
        talk_request(h, true, "POST", "/oauth/token", app, FORM, known, &talk);
        assert_int_equal(talk.status, 400);
        assert_null(strstr(talk.body, "username"));
        talk_request(h, false, "POST", "/v2/marketing/oauth/token", "", FORM, known, &talk);
        assert_int_equal(talk.status, 401);
        assert_null(strstr(talk.body, "username"));
}

static void test_tcp_says_less(void **state) {
        Harness *h = *state;
        Talk talk;

        talk_request(h, true, "POST", "/oauth/token", "Authorization: Basic YXBwOnJpZ2h0\r\n", FORM,
                     "grant_type=password&username=ada&password=secret", &talk);
        assert_string_equal(talk.body,
                            "{\"access_token\":\"" FAKE_TEXT "\",\"token_type\":\"Bearer\","
                            "\"expires_in\":900,\"refresh_token\":\"refresh-text\"}");
        talk_request(h, true, "POST", "/oauth/token", "", FORM, "grant_type=password", &talk);
        assert_int_equal(talk.status, 401);
        assert_non_null(strstr(talk.text, "WWW-Authenticate: Basic realm=\"tokend\"\r\n"));
        assert_non_null(strstr(talk.body, "\"invalid_client\""));
}

static void test_credentials(void **state) {
        static const struct {
                const char *fields, *body;
                int status;
                const char *challenge;
        } rows[] = {
                { "Authorization: Basic YXBwOnJpZ2h0\r\n", "token=x", 200, NULL },
                { "authorization: basic YXBwOnJpZ2h0\r\n", "token=x", 200, NULL },
                { "Authorization: Basic YXBwOnJpZ2h0\r\n", "token=x&client_id=app", 200, NULL },
                { "", "token=x&client_id=app&client_secret=right", 200, NULL },
                { "Authorization: Bearer " FAKE_TEXT "\r\n", "token=x", 200, NULL },
                { "Authorization: Basic YXBwOndyb25n\r\n", "token=x", 401,
                  "Basic realm=\"tokend\"" },
                { "Authorization: Basic !!!\r\n", "token=x", 401, "Basic realm=\"tokend\"" },
                { "Authorization: Digest x\r\n", "token=x", 401, "Basic realm=\"tokend\"" },
                { "Authorization: Bearer bad\r\n", "token=x", 401,
                  "Bearer error=\"invalid_token\"" },
                { "Authorization: Bearer a b\r\n", "token=x", 401,
                  "Bearer error=\"invalid_token\"" },
                { "Authorization: Basic YXBwOnJpZ2h0\r\n", "token=x&client_secret=right", 400,
                  NULL },
                { "Authorization: Basic YXBwOnJpZ2h0\r\n",
                  "token=x&client_id=app&client_secret=right", 400, NULL },
                { "Authorization: Basic YXBwOnJpZ2h0\r\n", "token=x&client_id=other", 400, NULL },
                { "Authorization: Basic YXBwOnJpZ2h0\r\nAuthorization: Basic YXBwOnJpZ2h0\r\n",
                  "token=x", 400, NULL },
        };
        Harness *h = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char challenge[128];
                Talk talk;
                talk_request(h, true, "POST", "/oauth/introspect", rows[i].fields, FORM,
                             rows[i].body, &talk);
                assert_int_equal(talk.status, rows[i].status);
                snprintf(challenge, sizeof(challenge), "WWW-Authenticate: %s\r\n",
                         rows[i].challenge ? rows[i].challenge : "");
                assert_true(!strstr(talk.text,
                                    rows[i].challenge ? challenge : "WWW-Authenticate") ==
                            !rows[i].challenge);
        }
}

/* RFC 6750 section 3: whoever is refused by token or without one is told what would help. */
static void test_denied(void **state) {
        static const char *const bearer = "Authorization: Bearer " FAKE_TEXT "\r\n";
        static const char *const basic = "Authorization: Basic YXBwOnJpZ2h0\r\n";
        Harness *h = *state;
        Talk talk;

        h->authority->result = REASON_ACCESS_DENIED;
        talk_request(h, true, "GET", "/v1/users", bearer, NULL, NULL, &talk);
        assert_int_equal(talk.status, 403);
        assert_non_null(strstr(talk.text,
                               "WWW-Authenticate: Bearer error=\"insufficient_scope\"\r\n"));
        talk_request(h, true, "GET", "/v1/users", basic, NULL, NULL, &talk);
        assert_int_equal(talk.status, 403);
        assert_null(strstr(talk.text, "WWW-Authenticate"));
        h->authority->result = REASON_USER_UNKNOWN;
        talk_request(h, true, "GET", "/v1/users/x", bearer, NULL, NULL, &talk);
        assert_int_equal(talk.status, 404);
        assert_null(strstr(talk.text, "WWW-Authenticate"));
}

static void test_introspection(void **state) {
        Harness *h = *state;
        Talk talk, other;
        char *date;

        talk_request(h, true, "POST", "/oauth/introspect", "Authorization: Basic YXBwOnJpZ2h0\r\n",
                     FORM, "token=" FAKE_TEXT "&token_type_hint=nonsense", &talk);
        assert_int_equal(talk.status, 200);
        assert_non_null(strstr(talk.body,
                               "{\"active\":true,\"sub\":\"u-1\",\"username\":\"ada\","
                               "\"client_id\":\"local\",\"exp\":1900,\"iat\":1000,\"nbf\":1000,"
                               "\"iss\":\"http://127.0.0.1:"));
        assert_non_null(strstr(talk.body, "\"token_type\":\"Bearer\",\"jti\":\"" TOKEN_ID "\"}"));

        talk_request(h, true, "POST", "/oauth/introspect", "Authorization: Basic YXBwOnJpZ2h0\r\n",
                     FORM, "token=unknown", &talk);
        talk_request(h, true, "POST", "/oauth/introspect", "Authorization: Basic YXBwOnJpZ2h0\r\n",
                     FORM, "token=%ff%fe", &other);
        assert_string_equal(talk.body, "{\"active\":false}");
        if ((date = strstr(talk.text, "Date: ")))
                memset(date, 'x', strcspn(date, "\r"));
        if ((date = strstr(other.text, "Date: ")))
                memset(date, 'x', strcspn(date, "\r"));
        assert_string_equal(talk.text, other.text);
        expect(h, "POST", "/oauth/introspect", FORM, "token_type_hint=access_token", 400, "", NULL);
        expect(h, "POST", "/oauth/introspect?token=x", FORM, "", 400, "", NULL);
        expect(h, "POST", "/oauth/revoke", FORM, "token=" FAKE_TEXT, 200, "revoke " FAKE_TEXT,
               "{}");
        expect(h, "POST", "/oauth/revoke", FORM, "", 400, "", NULL);
        h->authority->result = REASON_STORE_UNAVAILABLE;
        expect(h, "POST", "/oauth/revoke", FORM, "token=x", 503, "revoke x", NULL);
        expect(h, "POST", "/oauth/introspect", FORM, "token=x", 503, "introspect x", NULL);
}

/* One of several replies that come one behind the other: not a byte of the next. */
static void receive_one(Harness *h, int fd, Talk *talk) {
        *talk = (Talk){ .body = "" };
        while (!talk_is_complete(talk)) {
                assert_true(talk->size < sizeof(talk->text) - 1);
                if (recv(fd, talk->text + talk->size, 1, MSG_DONTWAIT) == 1)
                        talk->size++;
                else
                        assert_true(sd_event_run(h->event, 5000) >= 0);
        }
}

/* What the core says at once is sent at once, one behind the other; what it does not, later. */
static void test_answers_at_once(void **state) {
        static const struct {
                const char *body;
                int status;
                const char *reply;
        } rows[] = {
                { "token=" FAKE_TEXT, 200, "{\"active\":true," },
                { "token=x", 200, "{\"active\":false}" },
                { "token=" FAKE_TEXT, 200, "{\"active\":true," },
                { "", 400, "{\"error\":" },
                { "token=" FAKE_TEXT, 200, "{\"active\":true," },
        };
        Harness *h = *state;
        int fd = client_connect(h);
        char text[4096] = "";
        size_t size = 0;
        Talk talk;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                size += (size_t)snprintf(text + size, sizeof(text) - size,
                                         "POST /oauth/introspect HTTP/1.1\r\nHost: localhost\r\n"
                                         "Content-Type: " FORM "\r\nContent-Length: %zu\r\n\r\n%s",
                                         strlen(rows[i].body), rows[i].body);
        client_say(fd, text);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                receive_one(h, fd, &talk);
                assert_int_equal(talk.status, rows[i].status);
                assert_memory_equal(talk.body, rows[i].reply, strlen(rows[i].reply));
        }
        assert_int_equal(h->authority->n_identified, 0);
        assert_int_equal(h->authority->n_calls, 1);
        close(fd);
}

static void test_logins(void **state) {
        Harness *h = *state;
        expect(h, "POST", "/v1/logins", FORM, "user=ada&service=sshd&login=", 200,
               "login_open ada id=- service=sshd",
               "{\"login\":\"0123456789abcdef0123456789abcdef\",\"username\":\"ada\",\"uid\":70000,"
               "\"gid\":70001}");
        expect(h, "POST", "/v1/logins", FORM, "service=sshd", 400, "", NULL);
        expect(h, "GET", "/v1/logins/check?user=ada", NULL, NULL, 200, "login_check ada",
               "{\"id\":\"u-1\",\"username\":\"ada\",\"uid\":70000,\"gid\":70001,"
               "\"state\":\"active\"}");
        expect(h, "GET", "/v1/logins/keys?user=ada", NULL, NULL, 200, "login_keys ada",
               "{\"username\":\"ada\",\"keys\":[]}");
        expect(h, "GET", "/v1/logins/keys", NULL, NULL, 400, "", NULL);
        expect(h, "GET", "/v1/logins/check", NULL, NULL, 400, "", NULL);
        expect(h, "DELETE", "/v1/logins/abc?user=ada", NULL, NULL, 200, "login_close abc ada",
               "{\"revoked\":2}");
        expect(h, "DELETE", "/v1/logins/abc", NULL, NULL, 400, "", NULL);
        expect(h, "POST", "/v1/logins/abc/token", FORM, "user=ada", 200, "login_token abc ada",
               NULL);
        h->authority->result = REASON_USER_LOCKED;
        expect(h, "GET", "/v1/logins/check?user=ada", NULL, NULL, 403, "login_check ada", NULL);
        h->authority->result = REASON_USER_UNKNOWN;
        expect(h, "GET", "/v1/logins/check?user=eve", NULL, NULL, 404, "login_check eve", NULL);
}

static void test_self(void **state) {
        Harness *h = *state;
        expect(h, "POST", "/v1/self/token", FORM, "scope=read+write&ttl=60", 200,
               "issue_self scope=read lifetime=60000000 login=-",
               "{\"access_token\":\"" FAKE_TEXT "\",\"token_type\":\"Bearer\",\"expires_in\":900,"
               "\"id\":\"" TOKEN_ID "\",\"username\":\"ada\",\"uid\":70000,\"gid\":70001,"
               "\"state\":\"active\"}");
        expect(h, "POST", "/v1/self/token", NULL, NULL, 200,
               "issue_self scope=- lifetime=0 login=-", NULL);
        expect(h, "POST", "/v1/self/token", FORM, "login=hint", 200,
               "issue_self scope=- lifetime=0 login=hint",
               "{\"access_token\":\"" FAKE_TEXT "\",\"token_type\":\"Bearer\",\"expires_in\":900,"
               "\"id\":\"" TOKEN_ID "\",\"login\":\"0123456789abcdef0123456789abcdef\","
               "\"username\":\"ada\",\"uid\":70000,\"gid\":70001,\"state\":\"active\"}");
        expect(h, "POST", "/v1/self/token", FORM, "ttl=0", 400, "", NULL);
        expect(h, "POST", "/v1/self/token", FORM, "ttl=-1", 400, "", NULL);
        expect(h, "POST", "/v1/self/token", FORM, "ttl=1.5", 400, "", NULL);
        expect(h, "POST", "/v1/self/token", FORM, "ttl=9223372036854775807", 400, "", NULL);
        expect(h, "POST", "/v1/self/token", FORM, "ttl=9223372036854775808", 400, "", NULL);
        expect(h, "POST", "/v1/self/token", FORM, "scope=%22", 400, "", NULL);
}

#define USER                                                                                       \
        "\"id\":\"u-1\",\"name\":\"ada\",\"uid\":70000,\"gid\":70001,\"partner_id\":\"p-1\","      \
        "\"home\":\"/home/ada\",\"shell\":\"/bin/"                                                 \
        "bash\",\"state\":\"active\",\"adopted\":false,\"created\":5"

static void test_users(void **state) {
        Harness *h = *state;
        expect(h, "POST", "/v1/users", JSON,
               "{\"name\":\"ada\",\"scopes\":[\"read\"],\"password\":\"pw\"}", 201,
               "user_add ada uid=4294967295 scopes=read password=pw", "{" USER "}");
        expect(h, "POST", "/v1/users", JSON "; charset=utf-8", "{\"name\":\"ada\",\"uid\":70001}",
               201, "user_add ada uid=70001 scopes=- password=-", NULL);
        expect(h, "POST", "/v1/users", JSON, "{}", 400, "", NULL);
        expect(h, "POST", "/v1/users", JSON, "", 400, "", NULL);
        expect(h, "POST", "/v1/users", FORM, "name=ada", 400, "", NULL);
        expect(h, "POST", "/v1/users", JSON, "{\"name\":\"ada\",\"uid\":-1}", 400, "", NULL);
        expect(h, "POST", "/v1/users", JSON, "{\"name\":\"ada\",\"uid\":4294967295}", 400, "",
               NULL);
        expect(h, "POST", "/v1/users", JSON, "{\"name\":\"ada\",\"name\":\"eve\"}", 400, "", NULL);
        expect(h, "POST", "/v1/users", JSON, "{\"name\":\"a\\u0000b\"}", 400, "", NULL);
        expect(h, "POST", "/v1/users", JSON, "{\"name\":[\"ada\"]}", 400, "", NULL);
        expect(h, "POST", "/v1/users", JSON, "{\"name\":\"ada\"}{}", 400, "", NULL);
        expect(h, "POST", "/v1/users", JSON, "[]", 400, "", NULL);
        expect(h, "GET", "/v1/users", NULL, NULL, 200, "user_list limit=100 cursor=-",
               "{\"users\":[{" USER "}]}");
        expect(h, "GET", "/v1/users?limit=7&cursor=b", NULL, NULL, 200,
               "user_list limit=7 cursor=b", NULL);
        expect(h, "GET", "/v1/users?limit=0", NULL, NULL, 400, "", NULL);
        expect(h, "GET", "/v1/users?limit=1001", NULL, NULL, 400, "", NULL);
        expect(h, "GET", "/v1/users?name=ada", NULL, NULL, 200, "user_get id=- name=ada",
               "{\"users\":[{" USER "}]}");
        expect(h, "GET", "/v1/users/a%2Fb%20c", NULL, NULL, 200, "user_get id=a/b c name=-", NULL);
        expect(h, "GET", "/v1/users/a%00b", NULL, NULL, 400, "", NULL);
        expect(h, "GET", "/v1/users/a%zz", NULL, NULL, 400, "", NULL);
        expect(h, "DELETE", "/v1/users/u-1", NULL, NULL, 200, "user_remove u-1",
               "{" USER ",\"revoked\":4}");
        expect(h, "POST", "/v1/users/u-1/password", JSON,
               "{\"password\":\"new\",\"old_password\":\"old\"}", 200,
               "user_set_password u-1 old=old new=new login=- rhost=- ruid=0",
               "{\"id\":\"u-1\",\"name\":\"ada\",\"revoked\":0}");
        expect(h, "POST", "/v1/users/u-1/password", JSON,
               "{\"old_password\":\"old\",\"login\":\"l\",\"rhost\":\"192.0.2.7\"}", 200,
               "user_set_password u-1 old=old new=- login=l rhost=192.0.2.7 ruid=0", NULL);
        expect(h, "POST", "/v1/users/u-1/password", JSON,
               "{\"old_password\":\"old\",\"ruid\":70001}", 200,
               "user_set_password u-1 old=old new=- login=- rhost=- ruid=70001", NULL);
        expect(h, "POST", "/v1/users/u-1/password", JSON,
               "{\"old_password\":\"old\",\"ruid\":-1}", 400, "", NULL);
        expect(h, "POST", "/v1/users/u-1/password", JSON, "{\"login\":\"l\"}", 400, "", NULL);
        expect(h, "POST", "/v1/users/u-1/password", JSON,
               "{\"old_password\":\"old\",\"login\":1}", 400, "", NULL);
        h->authority->result = REASON_USER_UNKNOWN;
        expect(h, "GET", "/v1/users?name=eve", NULL, NULL, 200, "user_get id=- name=eve",
               "{\"users\":[]}");
        expect(h, "GET", "/v1/users/eve", NULL, NULL, 404, "user_get id=eve name=-", NULL);
        h->authority->result = REASON_NAME_TAKEN;
        expect(h, "POST", "/v1/users", JSON, "{\"name\":\"ada\"}", 409,
               "user_add ada uid=4294967295 scopes=- password=-", NULL);
}

static void test_users_in_full(void **state) {
        Harness *h = *state;
        expect(h, "POST", "/v1/users", JSON,
               "{\"name\":\"ada\",\"hash\":\"$6$x\",\"state\":\"password-must-change\","
               "\"expires\":7,\"ssh_keys\":[\"a\",\"b\"]}",
               201, "user_add ada hash=$6$x state=2 expires=7000000 keys=2", NULL);
        expect(h, "POST", "/v1/users", JSON, "{\"name\":\"ada\",\"state\":\"asleep\"}", 400, "",
               NULL);
        expect(h, "POST", "/v1/users", JSON, "{\"name\":\"ada\",\"expires\":-1}", 400, "", NULL);
        expect(h, "POST", "/v1/users", JSON, "{\"name\":\"ada\",\"expires\":1.5}", 400, "", NULL);
        expect(h, "POST", "/v1/users", JSON,
               "{\"name\":\"ada\",\"expires\":9223372036854775807}", 400, "", NULL);
        expect(h, "POST", "/v1/users", JSON, "{\"name\":\"ada\",\"ssh_keys\":\"a\"}", 400, "",
               NULL);
        expect(h, "PATCH", "/v1/users/u-1", JSON, "{\"state\":\"locked\"}", 200,
               "user_set u-1 sets=1 state=1 expires=0 keys=0", NULL);
        expect(h, "PATCH", "/v1/users/u-1", JSON, "{\"expires\":0,\"ssh_keys\":null}", 200,
               "user_set u-1 sets=2 state=0 expires=0 keys=0", NULL);
        expect(h, "PATCH", "/v1/users/u-1", JSON, "{\"ssh_keys\":[]}", 200,
               "user_set u-1 sets=4 state=0 expires=0 keys=0", NULL);
        expect(h, "PATCH", "/v1/users/u-1", JSON,
               "{\"state\":\"active\",\"expires\":4102444800,\"ssh_keys\":[\"a\"]}", 200,
               "user_set u-1 sets=7 state=0 expires=4102444800000000 keys=1", NULL);
        expect(h, "PATCH", "/v1/users/u-1", JSON, "{\"state\":\"asleep\"}", 400, "", NULL);
        expect(h, "PATCH", "/v1/users/u-1", JSON, "{\"expires\":\"tomorrow\"}", 400, "", NULL);
        expect(h, "PATCH", "/v1/users/u-1", JSON, "{\"ssh_keys\":[1]}", 400, "", NULL);
        h->authority->result = REASON_INVALID_REQUEST;
        expect(h, "PATCH", "/v1/users/u-1", JSON, "{}", 400,
               "user_set u-1 sets=0 state=0 expires=0 keys=0", NULL);
}

static void test_clients(void **state) {
        Harness *h = *state;
        expect(h, "POST", "/v1/clients", JSON,
               "{\"client_id\":\"app\",\"introspect\":\"own\",\"access_lifetime\":5}", 201,
               "client_add app own=1 lifetime=5000000",
               "{\"client_id\":\"app\",\"grants\":[\"read\",\"write\"],\"introspect\":\"all\","
               "\"created\":7,"
               "\"client_secret\":\"made\"}");
        expect(h, "POST", "/v1/clients", JSON, "{\"client_id\":\"app\",\"introspect\":\"none\"}",
               400, "", NULL);
        expect(h, "POST", "/v1/clients", JSON, "{\"client_id\":\"app\",\"access_lifetime\":-1}",
               400, "", NULL);
        expect(h, "POST", "/v1/clients", JSON, "{\"client_id\":\"app\",\"access_lifetime\":1.5}",
               400, "", NULL);
        expect(h, "POST", "/v1/clients", JSON, "{}", 400, "", NULL);
        expect(h, "GET", "/v1/clients", NULL, NULL, 200, "client_list limit=100", NULL);
        expect(h, "GET", "/v1/clients/app", NULL, NULL, 200, "client_get app", NULL);
        expect(h, "DELETE", "/v1/clients/app", NULL, NULL, 200, "client_remove app", NULL);
}

static void test_tokens(void **state) {
        Harness *h = *state;
        expect(h, "POST", "/v1/tokens", JSON, "{\"user\":\"ada\",\"scopes\":[\"read\"],\"ttl\":60}",
               201, "issue user=ada client=- scope=read lifetime=60000000",
               "{\"access_token\":\"" FAKE_TEXT
               "\",\"token_type\":\"Bearer\",\"expires_in\":900,\"id\":\"" TOKEN_ID "\"}");
        expect(h, "POST", "/v1/tokens", JSON, "{\"user\":\"ada\",\"client_id\":\"app\"}", 400, "",
               NULL);
        expect(h, "POST", "/v1/tokens", JSON, "{}", 400, "", NULL);
        expect(h, "POST", "/v1/tokens", JSON, "{\"user\":\"ada\",\"ttl\":\"60\"}", 400, "", NULL);
        expect(h, "GET", "/v1/tokens?user=ada&limit=5&cursor=c", NULL, NULL, 200,
               "token_list user=ada client=- limit=5 cursor=c",
               "{\"tokens\":[{\"id\":\"" TOKEN_ID
               "\",\"kind\":\"access\",\"user\":\"ada\",\"user_id\":\"u-1\","
               "\"uid\":70000,\"client_id\":\"local\",\"created\":1000,\"expires\":1900,\"last_"
               "used\":1200,"
               "\"grant\":\"password\"}],\"next\":\"next-page\"}");
        expect(h, "GET", "/v1/tokens/abc", NULL, NULL, 200, "token_get abc", NULL);
        expect(h, "DELETE", "/v1/tokens/abc", NULL, NULL, 200, "token_revoke abc",
               "{\"revoked\":1}");
        expect(h, "DELETE", "/v1/tokens?user=ada", NULL, NULL, 200,
               "revoke_owner user=ada client=- all=0", "{\"revoked\":3}");
        expect(h, "DELETE", "/v1/tokens?all=true", NULL, NULL, 200,
               "revoke_owner user=- client=- all=1", NULL);
        expect(h, "DELETE", "/v1/tokens?all=1", NULL, NULL, 400, "", NULL);
        expect(h, "DELETE", "/v1/tokens", NULL, NULL, 400, "", NULL);
        expect(h, "DELETE", "/v1/tokens?user=ada&all=true", NULL, NULL, 400, "", NULL);
}

static void test_throttle(void **state) {
        Harness *h = *state;
        expect(h, "GET", "/v1/throttle?user=ada&limit=5&cursor=3", NULL, NULL, 200,
               "throttle_list user=ada limit=5 cursor=3",
               "{\"throttle\":[{\"user\":\"ada\",\"remote\":\"192.0.2.1\",\"failures\":5,\"wait\":3,"
               "\"last\":9},{\"remote\":\"local\",\"failures\":1,\"wait\":0,\"last\":8}],"
               "\"next\":\"17\"}");
        expect(h, "GET", "/v1/throttle", NULL, NULL, 200, "throttle_list user=- limit=100 cursor=-",
               NULL);
        expect(h, "DELETE", "/v1/throttle?user=ada&remote=192.0.2.1", NULL, NULL, 200,
               "throttle_clear user=ada remote=192.0.2.1 all=0", "{\"cleared\":2}");
        expect(h, "DELETE", "/v1/throttle?all=true", NULL, NULL, 200,
               "throttle_clear user=- remote=- all=1", NULL);
        expect(h, "DELETE", "/v1/throttle?all=1", NULL, NULL, 200,
               "throttle_clear user=- remote=- all=1", NULL);
        expect(h, "DELETE", "/v1/throttle?all=no", NULL, NULL, 400, "", NULL);
}

static void test_paths(void **state) {
        Harness *h = *state;
        Talk talk;

        expect(h, "GET", "/nowhere", NULL, NULL, 404, "", NULL);
        expect(h, "GET", "/", NULL, NULL, 404, "", NULL);
        expect(h, "GET", "/v1/users/", NULL, NULL, 404, "", NULL);
        expect(h, "GET", "/v1%2Fusers", NULL, NULL, 404, "", NULL);
        expect(h, "GET", "/v1/../v1/users", NULL, NULL, 404, "", NULL);
        expect(h, "GET", "http://localhost/v1/users", NULL, NULL, 400, "", NULL);
        talk_request(h, false, "PUT", "/v1/users/x", "", JSON, "{}", &talk);
        assert_int_equal(talk.status, 405);
        assert_non_null(strstr(talk.text, "Allow: GET, HEAD, PATCH, DELETE\r\n"));
        talk_request(h, false, "VERYLONGMETHODNAMETHATISNONE", "/v1/users", "", NULL, NULL, &talk);
        assert_int_equal(talk.status, 405);
}

static const char *is_on_the_bus(void *userdata) {
        return userdata ? "connected" : "refused";
}

static const char *is_failed(void *userdata) {
        return "failed";
}

static void test_health(void **state) {
        Harness *h = *state;
        const HealthSource source = { h, is_on_the_bus, is_failed };
        Talk talk;

        talk_request(h, true, "GET", "/healthz", "Authorization: Bearer nonsense\r\n", NULL, NULL,
                     &talk);
        assert_int_equal(talk.status, 200);
        assert_string_equal(talk.body, "{\"status\":\"ok\",\"version\":\"" TOKEND_VERSION
                                       "\",\"store\":\"ok\"}");
        talk_request(h, false, "GET", "/healthz", "", NULL, NULL, &talk);
        assert_int_equal(strstr(talk.body, "\"tokens\":5,\"logins\":0,\"cached\":2") != NULL,
                         getuid() == 0);
        assert_null(strstr(talk.body, "\"bus\""));
        http_server_set_health(h->server, &source);
        h->authority->clock_mark = clock_realtime(&clock_system) + 100 * USEC_PER_SEC;
        talk_request(h, false, "GET", "/healthz", "", NULL, NULL, &talk);
        assert_int_equal(strstr(talk.body, ",\"bus\":\"connected\",\"userdb\":\"failed\","
                                           "\"clock_behind\":100}") != NULL,
                         getuid() == 0);
        talk_request(h, true, "GET", "/healthz", "", NULL, NULL, &talk);
        assert_null(strstr(talk.body, "\"bus\""));
        h->authority->store_error = -EIO;
        talk_request(h, true, "GET", "/healthz", "", NULL, NULL, &talk);
        assert_int_equal(talk.status, 503);
        assert_int_equal(h->authority->n_identified, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_grant, setup, teardown),
                cmocka_unit_test_setup_teardown(test_grant_refusals, setup, teardown),
                cmocka_unit_test_setup_teardown(test_accept, setup, teardown),
                cmocka_unit_test_setup_teardown(test_real_uid, setup, teardown),
                cmocka_unit_test_setup_teardown(test_refusals_name_users, setup, teardown),
                cmocka_unit_test_setup_teardown(test_tcp_says_less, setup, teardown),
                cmocka_unit_test_setup_teardown(test_credentials, setup, teardown),
                cmocka_unit_test_setup_teardown(test_denied, setup, teardown),
                cmocka_unit_test_setup_teardown(test_introspection, setup, teardown),
                cmocka_unit_test_setup_teardown(test_introspection, setup_now, teardown),
                cmocka_unit_test_setup_teardown(test_grant, setup_now, teardown),
                cmocka_unit_test_setup_teardown(test_grant_refusals, setup_now, teardown),
                cmocka_unit_test_setup_teardown(test_credentials, setup_now, teardown),
                cmocka_unit_test_setup_teardown(test_denied, setup_now, teardown),
                cmocka_unit_test_setup_teardown(test_answers_at_once, setup_now, teardown),
                cmocka_unit_test_setup_teardown(test_logins, setup, teardown),
                cmocka_unit_test_setup_teardown(test_self, setup, teardown),
                cmocka_unit_test_setup_teardown(test_users, setup, teardown),
                cmocka_unit_test_setup_teardown(test_users_in_full, setup, teardown),
                cmocka_unit_test_setup_teardown(test_clients, setup, teardown),
                cmocka_unit_test_setup_teardown(test_tokens, setup, teardown),
                cmocka_unit_test_setup_teardown(test_throttle, setup, teardown),
                cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
                cmocka_unit_test_setup_teardown(test_health, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
