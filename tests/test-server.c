/* The server as a peer on the wire: malformed heads, slow and greedy clients, sockets, reload, end.
 */

#include <fcntl.h>
#include <sys/resource.h>

#include "http-fake.h"
#include "http-harness.h"
#include "http/listener.h"

static char *loopback[] = { (char *)"127.0.0.1:0", NULL };

static int setup(void **state) {
        Harness *h = calloc(1, sizeof(*h));
        harness_init(h);
        h->authority = fake_new(h->event);
        h->config.listen = loopback;
        h->config.request_timeout = 300 * USEC_PER_MSEC;
        h->config.connections_max = 16;
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

#define RAW(text)                                                                                  \
        { (text), sizeof(text) - 1 }

static void test_malformed_heads(void **state) {
        static const struct {
                const char *text;
                size_t size;
        } rows[] = {
                RAW("POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nContent-Length: "
                    "7\r\nContent-Length: 7\r\n\r\ntoken=x"),
                RAW("POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nContent-Length: "
                    "7\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                RAW("POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, "
                    "chunked\r\n\r\n0\r\n\r\n"),
                RAW("POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                    "identity\r\n\r\n"),
                RAW("POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                    "chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                RAW("POST /oauth/revoke HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n0\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\0\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nX-A: b\0\0\0c\r\nHost: a\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nX-\0A: b\r\nHost: a\r\n\r\n"),
                RAW("GET /healthz\0/v1/users HTTP/1.1\r\nHost: a\r\n\r\n"),
                RAW("GET /healthz?a=b\0c HTTP/1.1\r\nHost: a\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\0\r\nHost: a\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\x01\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\x7f\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\rc\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nX A: b\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nX-A\t: b\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\r\n folded\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\n folded: b\r\nHost: a\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\nx"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\nx"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nauthorization: "
                    "Bearer b\r\n\r\n"),
        };
        Harness *h = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                int fd = client_connect(h);
                Talk talk, rest;
                client_send(fd, rows[i].text, rows[i].size);
                client_receive(h, fd, &talk);
                if (talk.status != 400)
                        fail_msg("row %zu: %d", i, talk.status);
                /* And that was the end. */
                client_receive(h, fd, &rest);
                assert_true(rest.closed);
                assert_int_equal(rest.size, 0);
                close(fd);
        }
        assert_int_equal(h->authority->n_identified, 0);
}

static void test_good_heads(void **state) {
        static const struct {
                const char *text;
                size_t size;
        } rows[] = {
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Empty:\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nX-Empty:\r\nHost:a\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\nHost: a\n\n"),
                RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: \xc3\xa4 b\tc \r\n\r\n"),
                RAW("GET /healthz?a=b HTTP/1.1\r\nHost: a\r\nCookie: a=b; c=d\r\nX-B: c\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n"),
                RAW("GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc"),
                RAW("GET /healthz HTTP/1.0\r\n\r\n"),
                RAW("GET   /healthz HTTP/1.1\r\nHost: a\r\n\r\n"),
                RAW("\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"),
        };
        Harness *h = *state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Talk talk;
                talk_bytes(h, false, rows[i].text, rows[i].size, &talk);
                if (talk.status != 200)
                        fail_msg("row %zu: %d", i, talk.status);
        }
}

/* The accounting in head.c must hold on every request of a connection, and byte by byte. */
static void test_many_on_one_connection(void **state) {
        static const char request[] =
                        "POST /oauth/revoke?a=b HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n"
                        "Content-Type: " FORM "\r\nContent-Length: 9\r\n\r\ntoken=abc";
        Harness *h = *state;
        Talk talk;
        int fd = client_connect(h);

        for (int i = 0; i < 50; i++) {
                client_send(fd, request, sizeof(request) - 1);
                client_receive(h, fd, &talk);
                assert_int_equal(talk.status, 200);
        }
        for (size_t i = 0; i < sizeof(request) - 1; i++) {
                client_send(fd, request + i, 1);
                harness_turn(h, 1);
        }
        client_receive(h, fd, &talk);
        assert_int_equal(talk.status, 200);
        /* Pipelined. */
        client_send(fd, request, sizeof(request) - 1);
        client_send(fd, request, sizeof(request) - 1);
        client_receive(h, fd, &talk);
        harness_turn(h, 20);
        assert_int_equal(talk.status, 200);
        assert_int_equal(h->authority->n_calls, 53);
        close(fd);
}

static void test_chunked(void **state) {
        static const char request[] =
                        "POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                        "Content-Type: " FORM "\r\n\r\n5;x=y\r\ntoken\r\n4\r\n=abc\r\n0\r\n\r\n";
        Harness *h = *state;
        Talk talk;
        talk_bytes(h, false, request, sizeof(request) - 1, &talk);
        assert_int_equal(talk.status, 200);
        assert_string_equal(h->authority->log, "revoke abc");
}

static void test_body_limit(void **state) {
        static char body[BODY_MAX + 2], request[BODY_MAX + 512];
        Harness *h = *state;
        Talk talk;
        int n;

        memset(body, 'a', BODY_MAX);
        memcpy(body, "token=", 6);
        talk_request(h, false, "POST", "/oauth/revoke", "", FORM, body, &talk);
        assert_int_equal(talk.status, 200);
        body[BODY_MAX] = 'a';
        talk_request(h, false, "POST", "/oauth/revoke", "", FORM, body, &talk);
        assert_int_equal(talk.status, 413);
        assert_non_null(strstr(talk.text, "Connection: close\r\n"));
        assert_non_null(strstr(talk.body, "\"limit-exceeded\""));
        n = snprintf(request, sizeof(request),
                     "POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nContent-Type: " FORM
                     "\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n0\r\n\r\n",
                     strlen(body), body);
        talk_bytes(h, false, request, (size_t)n, &talk);
        assert_int_equal(talk.status, 413);
        assert_non_null(strstr(talk.body, "\"limit-exceeded\""));
        assert_int_equal(h->authority->n_calls, 1);
        talk_text(h, false,
                  "POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nContent-Length: "
                  "99999999999999999999\r\n\r\n",
                  &talk);
        assert_true(talk.status == 413 || talk.status == 400);
}

/* Beyond what is read for politeness' sake the connection ends, whatever is still to come. */
static void test_endless_body(void **state) {
        static char chunk[65536 + 16];
        Harness *h = *state;
        int fd = client_connect(h), n;
        size_t sent = 0;

        client_say(fd,
                   "POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        n = snprintf(chunk, sizeof(chunk), "10000\r\n%065536d\r\n", 0);
        fcntl(fd, F_SETFL, O_NONBLOCK);
        for (;;) {
                ssize_t r = send(fd, chunk + sent % (size_t)n, (size_t)n - sent % (size_t)n,
                                 MSG_NOSIGNAL);
                if (r < 0 && errno != EAGAIN)
                        break;
                sent += r > 0 ? (size_t)r : 0;
                assert_true(sent < 4 * 1024 * 1024);
                harness_turn(h, 1);
        }
        close(fd);
}

/* '#' in host stands for the port. */
static int host_status(Harness *h, const char *host, const char *fields) {
        int size = (int)strcspn(host, "#");
        char text[512], port[16] = "";
        Talk talk;

        if (host[size] == '#')
                snprintf(port, sizeof(port), "%u", h->port);
        snprintf(text, sizeof(text), "GET /healthz HTTP/1.1\r\nHost: %.*s%s\r\n%s\r\n", size, host,
                 port, fields);
        talk_text(h, true, text, &talk);
        assert_null(strcasestr(talk.text, "access-control"));
        return talk.status;
}

static void test_pages_of_other_sites(void **state) {
        Harness *h = *state;
        Talk talk;

        assert_int_equal(host_status(h, "127.0.0.1:#", ""), 200);
        assert_int_equal(host_status(h, "localhost:#", ""), 200);
        assert_int_equal(host_status(h, "LocalHost:#", ""), 200);
        assert_int_equal(host_status(h, "[::1]:#", ""), 200);
        assert_int_equal(host_status(h, "127.0.0.1:#", "Sec-Fetch-Site: none\r\n"), 200);
        assert_int_equal(host_status(h, "127.0.0.1", ""), 403);
        assert_int_equal(host_status(h, "127.0.0.1:1#", ""), 403);
        assert_int_equal(host_status(h, "evil.example:#", ""), 403);
        assert_int_equal(host_status(h, "localhost.evil.example:#", ""), 403);
        assert_int_equal(host_status(h, "127.0.0.1:#", "Origin: http://evil.example\r\n"), 403);
        assert_int_equal(host_status(h, "127.0.0.1:#", "Origin: null\r\n"), 403);
        assert_int_equal(host_status(h, "127.0.0.1:#", "Sec-Fetch-Site: Cross-Site\r\n"), 403);
        talk_text(h, true, "GET /healthz HTTP/1.0\r\n\r\n", &talk);
        assert_int_equal(talk.status, 403);
        talk_request(h, true, "OPTIONS", "/oauth/token", "", NULL, NULL, &talk);
        assert_int_equal(talk.status, 405);
        /* On the socket no page can come by. */
        talk_request(h, false, "GET", "/healthz", "Origin: null\r\n", NULL, NULL, &talk);
        assert_int_equal(talk.status, 200);
}

static int64_t now(void) {
        return clock_monotonic(&clock_system);
}

static void expect_end(Harness *h, int fd, const char *drip) {
        int64_t start = now(), turn = 0;
        char bytes[4096];

        for (;;) {
                ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
                if (n == 0 || (n < 0 && errno != EAGAIN))
                        break;
                if (drip && now() - start > turn++ * 20 * USEC_PER_MSEC)
                        (void)!send(fd, drip, strlen(drip), MSG_NOSIGNAL | MSG_DONTWAIT);
                assert_true(sd_event_run(h->event, 5000) >= 0);
                assert_true(now() - start < 5 * USEC_PER_SEC);
        }
        assert_true(now() - start >= 200 * USEC_PER_MSEC);
        close(fd);
}

static void test_deadlines(void **state) {
        Harness *h = *state;
        Talk talk;
        int fd;

        /* Says nothing; drips its request line, its head, its body, its chunks. */
        expect_end(h, client_connect(h), NULL);
        expect_end(h, client_connect(h), "G");
        fd = client_connect(h);
        client_say(fd, "GET /healthz HTTP/1.1\r\n");
        expect_end(h, fd, "X-A: b\r\n");
        fd = client_connect(h);
        client_say(fd, "POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
        expect_end(h, fd, "x");
        fd = client_connect(h);
        client_say(fd, "POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                       "chunked\r\n\r\n1;");
        expect_end(h, fd, "x");
        /* Idle between two requests. */
        fd = client_connect(h);
        client_say(fd, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        client_receive(h, fd, &talk);
        assert_int_equal(talk.status, 200);
        expect_end(h, fd, NULL);
        assert_int_equal(h->authority->n_calls, 0);
}

/* A head that comes late leaves less time for the body: who came later and said nothing outlives
 * it. */
static void test_total_deadline(void **state) {
        Harness *h = *state;
        int first = client_connect(h), second = -1;
        int64_t start = now();
        char bytes[16];

        while (recv(first, bytes, sizeof(bytes), MSG_DONTWAIT) != 0) {
                if (second < 0 && now() - start > 100 * USEC_PER_MSEC) {
                        second = client_connect(h);
                        client_say(first, "POST /oauth/revoke HTTP/1.1\r\nHost: a\r\n"
                                          "Content-Length: 60000\r\n\r\n");
                }
                assert_true(sd_event_run(h->event, 5000) >= 0);
                assert_true(now() - start < 5 * USEC_PER_SEC);
        }
        assert_true(second >= 0);
        assert_int_equal(recv(second, bytes, sizeof(bytes), MSG_DONTWAIT), -1);
        close(first);
        close(second);
}

static void test_the_core_may_take_its_time(void **state) {
        Harness *h = *state;
        int fd = client_connect(h);
        int64_t start = now();
        Talk talk;

        h->authority->hangs = true;
        client_say(fd, "POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nContent-Type: " FORM
                       "\r\nContent-Length: 7\r\n\r\ntoken=x");
        while (now() - start < 700 * USEC_PER_MSEC)
                assert_true(sd_event_run(h->event, 20000) >= 0);
        assert_int_equal(recv(fd, &talk, 1, MSG_DONTWAIT), -1);
        assert_int_equal(errno, EAGAIN);
        fake_answer_all(h->authority);
        client_receive(h, fd, &talk);
        assert_int_equal(talk.status, 200);
        close(fd);
}

static void test_client_goes_away(void **state) {
        Harness *h = *state;
        int fd = client_connect(h);

        h->authority->hangs = true;
        client_say(fd, "POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nContent-Type: " FORM
                       "\r\nContent-Length: 7\r\n\r\ntoken=x");
        harness_turn(h, 10);
        close(fd);
        harness_turn(h, 10);
        assert_non_null(h->authority->waiting);
        fake_answer_all(h->authority);
        harness_turn(h, 10);
}

/* While the core still works; its answer comes later, in teardown(). */
static void server_goes_away(Harness *h) {
        int fd = client_connect(h), idle = client_connect(h);
        Talk talk;

        h->authority->hangs = true;
        client_say(fd, "POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nContent-Type: " FORM
                       "\r\nContent-Length: 7\r\n\r\ntoken=x");
        harness_turn(h, 10);
        assert_non_null(h->authority->waiting);
        h->server = http_server_free(h->server);
        client_receive(h, fd, &talk);
        assert_int_equal(talk.status, 503);
        client_receive(h, idle, &talk);
        assert_true(talk.closed);
        close(fd);
        close(idle);
}

static void test_server_goes_away(void **state) {
        server_goes_away(*state);
}

static void test_server_goes_away_early(void **state) {
        Harness *h = *state;

        h->authority->hangs_early = true;
        server_goes_away(h);
        fake_answer_all(h->authority);
        assert_int_equal(h->authority->n_calls, 0);
}

/* Heads that never end, as fast as they can be sent. */
static void test_long_heads(void **state) {
        Harness *h = *state;
        static char text[65536];
        static const char *const starts[] = { "", "GET /", "GET /healthz HTTP/1.1\r\nX-A: " };

        for (size_t i = 0; i < ELEMENTSOF(starts); i++) {
                int fd = client_connect(h), turns = 0;
                Talk talk;
                memset(text, 'G', sizeof(text));
                memcpy(text, starts[i], strlen(starts[i]));
                fcntl(fd, F_SETFL, O_NONBLOCK);
                do {
                        (void)!send(fd, text, sizeof(text), MSG_NOSIGNAL);
                        assert_true(sd_event_run(h->event, 5000) >= 0);
                        assert_true(turns++ < 400);
                } while (recv(fd, &talk, sizeof(talk), MSG_DONTWAIT) != 0);
                close(fd);
        }
}

static void on_drained(void *userdata) {
        *(bool *)userdata = true;
}

static void test_drain(void **state) {
        Harness *h = *state;
        int fd = client_connect(h), idle = client_connect(h);
        bool drained = false;
        Talk talk;

        h->authority->hangs = true;
        client_say(fd, "POST /oauth/revoke HTTP/1.1\r\nHost: a\r\nContent-Type: " FORM
                       "\r\nContent-Length: 7\r\n\r\ntoken=x");
        harness_turn(h, 10);
        http_server_drain(h->server, on_drained, &drained);
        assert_false(drained);
        client_receive(h, idle, &talk);
        assert_true(talk.closed);
        assert_int_equal(access(h->path, F_OK), -1);
        harness_turn(h, 10);
        assert_false(drained);
        fake_answer_all(h->authority);
        client_receive(h, fd, &talk);
        assert_int_equal(talk.status, 200);
        assert_non_null(strstr(talk.text, "Connection: close\r\n"));
        harness_turn(h, 10);
        assert_true(drained);
        close(fd);
        close(idle);
}

static void test_drain_of_nothing(void **state) {
        Harness *h = *state;
        bool drained = false;
        http_server_drain(h->server, on_drained, &drained);
        harness_turn(h, 2);
        assert_true(drained);
}

static bool is_served(Harness *h, int fd) {
        Talk talk;
        client_say(fd, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        client_receive(h, fd, &talk);
        return talk.status == 200;
}

/* 16 in all: 14 for others than root, 8 for one address, 4 for one uid. */
static void test_limits(void **state) {
        Harness *h = *state;
        int tcp[9], local[17];
        Talk talk;

        for (size_t i = 0; i < 9; i++) {
                tcp[i] = client_connect_tcp(h);
                harness_turn(h, 3);
        }
        client_receive(h, tcp[8], &talk);
        assert_true(talk.closed);
        for (size_t i = 0; i < 17; i++) {
                size_t most = getuid() == 0 ? 8 : 4;
                local[i] = client_connect(h);
                if (i < most)
                        assert_true(is_served(h, local[i]));
                else {
                        client_receive(h, local[i], &talk);
                        assert_true(talk.closed);
                }
        }
        /* Whoever goes makes room. */
        close(local[0]);
        harness_turn(h, 5);
        local[0] = client_connect(h);
        assert_true(is_served(h, local[0]));
        for (size_t i = 0; i < 9; i++)
                close(tcp[i]);
        for (size_t i = 0; i < 17; i++)
                close(local[i]);
        harness_turn(h, 10);
}

/* Whoever has closed before he was looked at takes nobody's place. */
static void test_gone_before_the_accept(void **state) {
        Harness *h = *state;

        for (size_t i = 0; i < 20; i++)
                close(client_connect(h));
        int fd = client_connect(h);
        assert_true(is_served(h, fd));
        close(fd);
        harness_turn(h, 5);
}

static void test_out_of_descriptors(void **state) {
        struct rlimit before, few;
        Harness *h = *state;
        int fd = client_connect(h);
        int64_t start = now();
        int turns = 0;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        few = before;
        few.rlim_cur = 3;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        while (now() - start < 350 * USEC_PER_MSEC) {
                assert_true(sd_event_run(h->event, 50000) >= 0);
                turns++;
        }
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_true(turns < 30);
        assert_true(is_served(h, fd));
        close(fd);
}

static void test_socket_file(void **state) {
        Harness *h = *state;
        HttpServer *second = NULL;
        char *message = NULL;
        struct stat found;
        Config config = h->config;

        assert_int_equal(stat(h->path, &found), 0);
        assert_int_equal(found.st_mode & 07777, 0666);

        /* Somebody answers. */
        config.listen = NULL;
        assert_int_equal(http_server_new(h->event, h->authority, &config, &clock_system, &second),
                         0);
        assert_string_equal(http_server_issuer(second), "http://localhost");
        assert_int_equal(http_server_listen(second, NULL, 0, &message), -EADDRINUSE);
        assert_non_null(strstr(message, h->path));
        assert_non_null(strstr(message, "already running"));
        free(message);
        second = http_server_free(second);
        assert_int_equal(access(h->path, F_OK), 0);

        /* A dead one. */
        h->server = http_server_free(h->server);
        assert_int_equal(access(h->path, F_OK), -1);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        strcpy(address.sun_path, h->path);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        close(fd);
        assert_int_equal(http_server_new(h->event, h->authority, &config, &clock_system, &second),
                         0);
        assert_int_equal(http_server_listen(second, NULL, 0, &message), 0);

        /* What somebody else put there in the meantime stays. */
        assert_int_equal(unlink(h->path), 0);
        close(open(h->path, O_CREAT | O_WRONLY, 0600));
        second = http_server_free(second);
        assert_int_equal(access(h->path, F_OK), 0);

        /* And is never taken for a socket. */
        assert_int_equal(http_server_new(h->event, h->authority, &config, &clock_system, &second),
                         0);
        assert_int_equal(http_server_listen(second, NULL, 0, &message), -EEXIST);
        free(message);
        http_server_free(second);
}

static void test_inherited_socket(void **state) {
        Harness *h = *state;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM, 0), pipes[2];
        char *message = NULL;
        Talk talk;

        h->server = http_server_free(h->server);
        strcpy(address.sun_path, h->path);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(http_server_new(h->event, h->authority, &h->config, &clock_system,
                                         &h->server),
                         0);
        assert_int_equal(http_server_listen(h->server, &fd, 1, &message),
                         -EINVAL); /* does not listen */
        free(message);
        assert_int_equal(pipe(pipes), 0);
        assert_int_equal(http_server_listen(h->server, pipes, 1, &message), -EINVAL);
        free(message);
        close(pipes[0]);
        close(pipes[1]);
        assert_int_equal(listen(fd, 5), 0);
        assert_int_equal(http_server_listen(h->server, &fd, 1, &message), 0);
        h->port = (unsigned)atoi(strrchr(http_server_issuer(h->server), ':') + 1);
        talk_request(h, false, "GET", "/healthz", "", NULL, NULL, &talk);
        assert_int_equal(talk.status, 200);
        talk_request(h, true, "GET", "/healthz", "", NULL, NULL, &talk);
        assert_int_equal(talk.status, 200);
        h->server = http_server_free(h->server);
        assert_int_equal(access(h->path, F_OK), 0);
}

static void keep_local(void *userdata, int fd, const Peer *peer, const Address *remote,
                       const Address *local) {
        *(Address *)userdata = *local;
        close(fd);
}

/* systemd's ListenStream=7450 is one socket for both: the Host of an IPv4 client is IPv4. */
static void test_dual_stack(void **state) {
        Harness *h = *state;
        Address any = { .ip6.sin6_family = AF_INET6 }, local = { 0 };
        ListenerOptions options = { .event = h->event, .handler = keep_local, .userdata = &local };
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), client, off = 0;
        Listener *listener = NULL;
        char *message = NULL;

        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)), 0);
        assert_int_equal(bind(fd, &any.any, sizeof(any.ip6)), 0);
        assert_int_equal(listen(fd, 5), 0);
        assert_int_equal(listener_new_inherited(&options, fd, &listener, &message), 0);
        h->port = address_port(listener_address(listener));
        client = client_connect_tcp(h);
        for (int i = 0; i < 100 && local.any.sa_family == AF_UNSPEC; i++)
                assert_true(sd_event_run(h->event, 10000) >= 0);
        assert_int_equal(local.any.sa_family, AF_INET);
        assert_true(address_is_loopback(&local));
        assert_int_equal(address_port(&local), h->port);
        close(client);
        listener_free(listener);
}

static void test_reload(void **state) {
        static char *both[] = { (char *)"127.0.0.1:0", (char *)"[::1]:0", NULL };
        static char *taken[] = { (char *)"127.0.0.1:0", NULL, NULL };
        static char *open_to_all[] = { (char *)"0.0.0.0:0", NULL };
        Harness *h = *state;
        unsigned port = h->port;
        int kept = client_connect_tcp(h);
        Config config = h->config;
        char *message = NULL, busy[32];
        Talk talk;

        config.listen = both;
        assert_int_equal(http_server_set_config(h->server, &config, &message), 0);
        talk_request(h, true, "GET", "/healthz", "", NULL, NULL, &talk);
        assert_int_equal(talk.status, 200);

        /* Refused as a whole. */
        Config bad = config;
        snprintf(busy, sizeof(busy), "127.0.0.1:%u", port);
        taken[1] = busy;
        bad.listen = taken;
        assert_int_equal(http_server_set_config(h->server, &bad, &message), -EADDRINUSE);
        assert_non_null(strstr(message, busy));
        free(message);
        bad.listen = open_to_all;
        assert_int_equal(http_server_set_config(h->server, &bad, &message), -EINVAL);
        assert_non_null(strstr(message, "CertificateFile="));
        free(message);
        bad.listen = both;
        bad.certificate_file = (char *)"/nonexistent/certificate";
        assert_int_equal(http_server_set_config(h->server, &bad, &message), -EINVAL);
        free(message);
        bad.key_file = (char *)"/nonexistent/key";
        assert_int_equal(http_server_set_config(h->server, &bad, &message), -ENOENT);
        free(message);
        talk_request(h, true, "GET", "/healthz", "", NULL, NULL, &talk);
        assert_int_equal(talk.status, 200);

        /* Without TCP: who is there is served, who comes is not. */
        Config none = config;
        none.listen = NULL;
        none.issuer = (char *)"https://tokens.example";
        assert_int_equal(http_server_set_config(h->server, &none, &message), 0);
        assert_string_equal(http_server_issuer(h->server), "https://tokens.example");
        client_say(kept, "GET /healthz HTTP/1.1\r\nHost: tokens.example\r\n\r\n");
        client_receive(h, kept, &talk);
        assert_int_equal(talk.status, 200);
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons((uint16_t)port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), -1);
        close(fd);
        close(kept);
        talk_request(h, false, "GET", "/healthz", "", NULL, NULL, &talk);
        assert_int_equal(talk.status, 200);
}

/* An idle server sleeps. */
static void test_idle(void **state) {
        Harness *h = *state;
        int fd = client_connect(h), turns = 0;
        int64_t start = now();

        assert_true(is_served(h, fd));
        while (now() - start < 200 * USEC_PER_MSEC) {
                assert_true(sd_event_run(h->event, 200 * USEC_PER_MSEC) >= 0);
                turns++;
        }
        assert_true(turns < 8);
        close(fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_malformed_heads, setup, teardown),
                cmocka_unit_test_setup_teardown(test_good_heads, setup, teardown),
                cmocka_unit_test_setup_teardown(test_many_on_one_connection, setup, teardown),
                cmocka_unit_test_setup_teardown(test_chunked, setup, teardown),
                cmocka_unit_test_setup_teardown(test_body_limit, setup, teardown),
                cmocka_unit_test_setup_teardown(test_endless_body, setup, teardown),
                cmocka_unit_test_setup_teardown(test_pages_of_other_sites, setup, teardown),
                cmocka_unit_test_setup_teardown(test_deadlines, setup, teardown),
                cmocka_unit_test_setup_teardown(test_total_deadline, setup, teardown),
                cmocka_unit_test_setup_teardown(test_long_heads, setup, teardown),
                cmocka_unit_test_setup_teardown(test_the_core_may_take_its_time, setup, teardown),
                cmocka_unit_test_setup_teardown(test_client_goes_away, setup, teardown),
                cmocka_unit_test_setup_teardown(test_server_goes_away, setup, teardown),
                cmocka_unit_test_setup_teardown(test_server_goes_away_early, setup, teardown),
                cmocka_unit_test_setup_teardown(test_drain, setup, teardown),
                cmocka_unit_test_setup_teardown(test_drain_of_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
                cmocka_unit_test_setup_teardown(test_gone_before_the_accept, setup, teardown),
                cmocka_unit_test_setup_teardown(test_out_of_descriptors, setup, teardown),
                cmocka_unit_test_setup_teardown(test_socket_file, setup, teardown),
                cmocka_unit_test_setup_teardown(test_inherited_socket, setup, teardown),
                cmocka_unit_test_setup_teardown(test_dual_stack, setup, teardown),
                cmocka_unit_test_setup_teardown(test_reload, setup, teardown),
                cmocka_unit_test_setup_teardown(test_idle, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
