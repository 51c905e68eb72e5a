#include "unit.h"

#include <errno.h>
#include <signal.h>

#include "fake-tcp.h"
#include "transport-curl.h"
#include "wire/protocol.h"
#include "wire/reason.h"

/* Only reached where something is broken. */
#define PATIENCE 5000

typedef struct Fixture {
        FakeTcp tcp;
        TransportCurl *curl;
        char detail[TRANSPORT_DETAIL_MAX];
} Fixture;

static int fixture_setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        fake_tcp_start(&f->tcp);
        assert_int_equal(transport_curl_new(&f->curl), 0);
        *state = f;
        return 0;
}

static int fixture_teardown(void **state) {
        Fixture *f = *state;

        transport_curl_free(f->curl);
        fake_tcp_stop(&f->tcp);
        free(f);
        return 0;
}

static int get_with(Fixture *f, const char *bytes, size_t reply_max, HttpReply *reply) {
        HttpRequest request = { .method = "GET", .path = "/a/../b?c=%2F", .reply_max = reply_max };

        fake_script(&f->tcp.fake, &(FakeAnswer){ .bytes = bytes }, 1);
        return transport_curl_call(f->curl, f->tcp.url, PATIENCE, &request, reply, f->detail);
}

static void test_get(void **state) {
        Fixture *f = *state;
        HttpReply reply = HTTP_REPLY_INIT;
        const char *request = f->tcp.fake.requests[0];

        assert_int_equal(get_with(f,
                                  "HTTP/1.1 429 No\r\nRetry-After: 7\r\nConnection: close\r\n"
                                  "Content-Type: application/json; charset=utf-8\r\n"
                                  "Content-Length: 2\r\n\r\n{}",
                                  0, &reply),
                         0);
        assert_int_equal(reply.status, 429);
        assert_int_equal(reply.retry_after, 7);
        assert_true(reply.is_json);
        assert_string_equal(secret_text(&reply.body), "{}");
        /* The path goes out as it came in; nothing identifies the user, nothing is asked for. */
        assert_int_equal(strncmp(request, "GET /a/../b?c=%2F HTTP/1.1\r\n", 28), 0);
        assert_null(strcasestr(request, "Authorization"));
        assert_null(strcasestr(request, "Expect"));
        assert_null(strcasestr(request, "Cookie"));
        assert_null(strcasestr(request, "Content-Type"));
        http_reply_done(&reply);
}

static void test_post(void **state) {
        Fixture *f = *state;
        Secret body = SECRET_INIT;
        HttpReply reply = HTTP_REPLY_INIT;
        HttpRequest request = { .method = "POST", .path = "/x", .authorization = "Bearer abc" };
        const char *seen = f->tcp.fake.requests[0];
        static const char ok[] =
                        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        const FakeAnswer answers[] = { { .bytes = ok }, { .bytes = ok }, { .bytes = ok } };

        fake_script(&f->tcp.fake, answers, 3);
        assert_int_equal(secret_set(&body, "a=\0b", 4), 0);
        request.body = &body;
        request.content_type = "text/x";
        assert_int_equal(transport_curl_call(f->curl, f->tcp.url, PATIENCE, &request, &reply,
                                             f->detail),
                         0);
        assert_false(reply.is_json);
        assert_int_equal(reply.retry_after, -1);
        assert_non_null(strstr(seen, "\r\nContent-Length: 4\r\n"));
        assert_non_null(strstr(seen, "\r\nContent-Type: text/x\r\n"));
        assert_non_null(strstr(seen, "\r\nAuthorization: Bearer abc\r\n"));
        http_reply_done(&reply);

        /* Without a body: a length all the same, and no type. */
        request = (HttpRequest){ .method = "POST", .path = "/x" };
        assert_int_equal(transport_curl_call(f->curl, f->tcp.url, PATIENCE, &request, &reply,
                                             f->detail),
                         0);
        seen = f->tcp.fake.requests[1];
        assert_non_null(strstr(seen, "\r\nContent-Length: 0\r\n"));
        assert_null(strcasestr(seen, "Content-Type"));
        /* Nothing of the call before. */
        assert_null(strcasestr(seen, "Authorization"));
        http_reply_done(&reply);

        request = (HttpRequest){ .method = "DELETE", .path = "/x" };
        assert_int_equal(transport_curl_call(f->curl, f->tcp.url, PATIENCE, &request, &reply,
                                             f->detail),
                         0);
        assert_int_equal(strncmp(f->tcp.fake.requests[2], "DELETE /x HTTP/1.1\r\n", 20), 0);
        http_reply_done(&reply);
        secret_done(&body);
}

static void test_redirect(void **state) {
        Fixture *f = *state;
        HttpReply reply = HTTP_REPLY_INIT;
        char bytes[256];

        snprintf(bytes, sizeof(bytes),
                 "HTTP/1.1 302 Found\r\nLocation: %s/other\r\nConnection: close\r\n"
                 "Content-Length: 0\r\n\r\n",
                 f->tcp.url);
        assert_int_equal(get_with(f, bytes, 0, &reply), 0);
        assert_int_equal(reply.status, 302);
        assert_int_equal(fake_count(&f->tcp.fake), 1);
        http_reply_done(&reply);
}

static void test_body_bound(void **state) {
        static const char *const bodies[] = {
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789",
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n123456789",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                "chunked\r\n\r\n5\r\n12345\r\n4\r\n6789\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        };
        Fixture *f = *state;
        HttpReply reply = HTTP_REPLY_INIT;

        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(get_with(f, bodies[i], 8, &reply), -EMSGSIZE);
                assert_null(reply.body.text);
                assert_int_equal(get_with(f, bodies[i], 9, &reply), 0);
                assert_string_equal(secret_text(&reply.body), "123456789");
                http_reply_done(&reply);
        }
        assert_true(get_with(f, bodies[3], 0, &reply) < 0);
}

static void test_default_bound(void **state) {
        Fixture *f = *state;
        HttpReply reply = HTTP_REPLY_INIT;
        size_t head, size = BODY_MAX + 256;
        char *bytes = malloc(size);

        head = (size_t)snprintf(bytes, size, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        memset(bytes + head, 'x', BODY_MAX + 1);
        bytes[head + BODY_MAX + 1] = '\0';
        assert_int_equal(get_with(f, bytes, 0, &reply), -EMSGSIZE);
        bytes[head + BODY_MAX] = '\0';
        assert_int_equal(get_with(f, bytes, 0, &reply), 0);
        assert_int_equal(reply.body.size, BODY_MAX);
        http_reply_done(&reply);
        free(bytes);
}

static void test_malformed(void **state) {
        static const char *const replies[] = {
                "hello",
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12",
        };
        Fixture *f = *state;
        HttpReply reply = HTTP_REPLY_INIT;

        for (size_t i = 0; i < 3; i++)
                assert_int_equal(get_with(f, replies[i], 0, &reply), -EBADMSG);
        assert_true(f->detail[0] != '\0');
        fake_script(&f->tcp.fake, &(FakeAnswer){ .hang_up = true }, 1);
        assert_true(transport_curl_call(f->curl, f->tcp.url, PATIENCE,
                                        &(HttpRequest){ .method = "GET", .path = "/" }, &reply,
                                        f->detail) < 0);
}

/* Not even with the whole environment against us. */
static void test_no_proxy(void **state) {
        static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY",
                                             "ALL_PROXY", "all_proxy" };
        Fixture *f = *state;
        HttpReply reply = HTTP_REPLY_INIT;
        FakeTcp proxy;

        fake_tcp_start(&proxy);
        for (size_t i = 0; i < 5; i++)
                setenv(names[i], proxy.url, 1);
        assert_int_equal(get_with(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, &reply), 0);
        assert_int_equal(fake_count(&f->tcp.fake), 1);
        assert_int_equal(proxy.fake.n_received, 0);
        for (size_t i = 0; i < 5; i++)
                unsetenv(names[i]);
        http_reply_done(&reply);
        fake_tcp_stop(&proxy);
}

static void test_no_netrc(void **state) {
        Fixture *f = *state;
        HttpReply reply = HTTP_REPLY_INIT;
        char home[] = "/tmp/test-netrc-XXXXXX";
        char path[64];
        const char *before = getenv("HOME");
        FILE *file;

        assert_non_null(mkdtemp(home));
        snprintf(path, sizeof(path), "%s/.netrc", home);
        file = fopen(path, "we");
        fputs("default login ada password secret\n", file);
        fclose(file);
        setenv("HOME", home, 1);
        assert_int_equal(get_with(f,
                                  "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: "
                                  "0\r\n\r\n",
                                  0, &reply),
                         0);
        assert_null(strcasestr(f->tcp.fake.requests[0], "Authorization"));
        assert_int_equal(fake_count(&f->tcp.fake), 1);
        if (before)
                setenv("HOME", before, 1);
        http_reply_done(&reply);
        unlink(path);
        rmdir(home);
}

static void test_protocols(void **state) {
        static const char *const schemes[] = { "ftp", "gopher", "dict", "telnet" };
        Fixture *f = *state;
        HttpReply reply = HTTP_REPLY_INIT;
        HttpRequest request = { .method = "GET", .path = "/passwd" };

        for (size_t i = 0; i < 4; i++) {
                char url[96];

                snprintf(url, sizeof(url), "%s%s", schemes[i], strchr(f->tcp.url, ':'));
                fake_script(&f->tcp.fake, &(FakeAnswer){ .bytes = "220 x\r\n", .hang = true }, 1);
                assert_int_equal(
                                transport_curl_call(f->curl, url, 500, &request, &reply, f->detail),
                                -EBADMSG);
                assert_int_equal(f->tcp.fake.n_received, 0);
        }
        assert_null(reply.body.text);
}

/* What speaks no TLS gets no request. */
static void test_tls_is_needed(void **state) {
        Fixture *f = *state;
        HttpReply reply = HTTP_REPLY_INIT;
        char url[80];

        snprintf(url, sizeof(url), "https://%s", f->tcp.url + strlen("http://"));
        f->tcp.fake.n_received = 0;
        fake_script(&f->tcp.fake,
                    &(FakeAnswer){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }, 1);
        assert_true(transport_curl_call(f->curl, url, 1000,
                                        &(HttpRequest){ .method = "GET",
                                                        .path = "/",
                                                        .authorization = "Bearer canary" },
                                        &reply, f->detail) != 0);
        assert_null(memmem(f->tcp.fake.requests[0], FAKE_REQUEST_MAX, "canary", 6));
}

static void test_deadline(void **state) {
        const FakeAnswer slow[] = {
                { .bytes = "", .hang = true },
                { .bytes = "HTTP/1.1 200 OK\r\n", .hang = true },
                { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1", .hang = true },
        };
        Fixture *f = *state;
        HttpReply reply = HTTP_REPLY_INIT;

        for (size_t i = 0; i < 3; i++) {
                fake_script(&f->tcp.fake, &slow[i], 1);
                assert_int_equal(transport_curl_call(f->curl, f->tcp.url, 100,
                                                     &(HttpRequest){ .method = "GET", .path = "/" },
                                                     &reply, f->detail),
                                 -ETIMEDOUT);
        }
}

static void test_refused(void **state) {
        Fixture *f = *state;
        HttpReply reply = HTTP_REPLY_INIT;

        assert_int_equal(transport_curl_call(f->curl, "http://127.0.0.1:1", PATIENCE,
                                             &(HttpRequest){ .method = "GET", .path = "/" }, &reply,
                                             f->detail),
                         -ECONNREFUSED);
        assert_true(f->detail[0] != '\0');
        assert_int_equal(transport_curl_call(f->curl, "http://no-such-host.invalid", PATIENCE,
                                             &(HttpRequest){ .method = "GET", .path = "/" }, &reply,
                                             f->detail),
                         -EHOSTUNREACH);
}

typedef struct Dispositions {
        void (*handlers[65])(int);
        sigset_t mask;
} Dispositions;

static void dispositions_read(Dispositions *ret) {
        memset(ret, 0, sizeof(*ret));
        for (int s = 1; s < 65; s++) {
                struct sigaction action = { 0 };

                (void)sigaction(s, NULL, &action);
                ret->handlers[s] = action.sa_handler;
        }
        pthread_sigmask(SIG_SETMASK, NULL, &ret->mask);
}

static void *dispositions_read_soon(void *userdata) {
        usleep(200000);
        dispositions_read(userdata);
        return NULL;
}

/* Signal dispositions belong to the program, SIGPIPE's included, also in the middle of a call. */
static void test_signals(void **state) {
        Fixture *f = *state;
        HttpReply reply = HTTP_REPLY_INIT;
        HttpRequest request = { .method = "GET", .path = "/" };
        Dispositions before, meanwhile, after;
        pthread_t thread;

        dispositions_read(&before);
        assert_int_equal(pthread_create(&thread, NULL, dispositions_read_soon, &meanwhile), 0);
        fake_script(&f->tcp.fake, &(FakeAnswer){ .bytes = "HTTP/1.1 200 OK\r\n", .hang = true }, 1);
        assert_int_equal(transport_curl_call(f->curl, f->tcp.url, 600, &request, &reply, f->detail),
                         -ETIMEDOUT);
        dispositions_read(&after);
        pthread_join(thread, NULL);
        for (int s = 1; s < 65; s++) {
                assert_ptr_equal(before.handlers[s], meanwhile.handlers[s]);
                assert_ptr_equal(before.handlers[s], after.handlers[s]);
                assert_int_equal(sigismember(&before.mask, s), sigismember(&after.mask, s));
        }
}

#define WITH_FIXTURE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(test_get),           WITH_FIXTURE(test_post),
                WITH_FIXTURE(test_redirect),      WITH_FIXTURE(test_body_bound),
                WITH_FIXTURE(test_default_bound), WITH_FIXTURE(test_malformed),
                WITH_FIXTURE(test_no_proxy),      WITH_FIXTURE(test_no_netrc),
                WITH_FIXTURE(test_protocols),     WITH_FIXTURE(test_tls_is_needed),
                WITH_FIXTURE(test_deadline),      WITH_FIXTURE(test_refused),
                WITH_FIXTURE(test_signals),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
