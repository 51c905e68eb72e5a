#pragma once

/* A server and raw clients, all in one loop. What core it has, the test decides: http-fake.h, or
 * the real one. */

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/server.h"
#include "unit.h"

typedef struct Harness {
        sd_event *event;
        Authority *authority;
        Config config;
        HttpServer *server;
        char folder[64];
        char path[96];
        unsigned port;
        void *data; /* the test's */
} Harness;

typedef struct Talk {
        int status;       /* 0: none came */
        char text[65536]; /* head and body */
        size_t size;
        const char *body;
        bool closed;
} Talk;

/* Before the server exists tests set authority, and may change config. */
static inline void harness_init(Harness *h) {
        memset(h, 0, sizeof(*h));
        signal(SIGPIPE, SIG_IGN);
        strcpy(h->folder, "/tmp/tokend-http-XXXXXX");
        assert_non_null(mkdtemp(h->folder));
        snprintf(h->path, sizeof(h->path), "%s/tokend.sock", h->folder);
        assert_true(sd_event_new(&h->event) >= 0);
        h->config.socket = h->path;
        h->config.connections_max = 64;
        h->config.request_timeout = 10 * USEC_PER_SEC;
}

static inline void harness_start(Harness *h) {
        char *message = NULL;
        assert_int_equal(http_server_new(h->event, h->authority, &h->config, &clock_system,
                                         &h->server),
                         0);
        int r = http_server_listen(h->server, NULL, 0, &message);
        if (r != 0)
                fail_msg("%s", message);
        const char *colon = strrchr(http_server_issuer(h->server), ':');
        h->port = colon ? (unsigned)atoi(colon + 1) : 0;
}

/* After the core. */
static inline void harness_done(Harness *h) {
        sd_event_unref(h->event);
        unlink(h->path);
        assert_int_equal(rmdir(h->folder), 0);
}

static inline void harness_turn(Harness *h, int n) {
        for (int i = 0; i < n; i++)
                assert_true(sd_event_run(h->event, 1000) >= 0);
}

static inline int client_connect(const Harness *h) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        strcpy(address.sun_path, h->path);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static inline int client_connect_tcp(const Harness *h) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons((uint16_t)h->port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static inline bool talk_is_complete(Talk *talk) {
        char *end = strstr(talk->text, "\r\n\r\n"), *length;
        if (!end)
                return false;
        talk->status = atoi(talk->text + strlen("HTTP/1.1 "));
        talk->body = end + 4;
        length = strcasestr(talk->text, "\r\nContent-Length: ");
        return length && length < end && strlen(talk->body) >= (size_t)atoi(length + 18);
}

/* Until one whole reply or the end came, at most 5 s. */
static inline void client_receive(Harness *h, int fd, Talk *talk) {
        *talk = (Talk){ .body = "" };
        for (int i = 0; i < 1000; i++) {
                ssize_t n = recv(fd, talk->text + talk->size, sizeof(talk->text) - 1 - talk->size,
                                 MSG_DONTWAIT);
                if (n > 0) {
                        talk->size += (size_t)n;
                        if (talk_is_complete(talk))
                                return;
                        continue;
                }
                if (n == 0 || errno != EAGAIN) {
                        talk->closed = true;
                        talk_is_complete(talk);
                        return;
                }
                assert_true(sd_event_run(h->event, 5000) >= 0);
        }
        fail_msg("no reply");
}

static inline void client_send(int fd, const void *data, size_t size) {
        assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), (ssize_t)size);
}

static inline void client_say(int fd, const char *text) {
        client_send(fd, text, strlen(text));
}

/* One request on a connection of its own. */
static inline void talk_bytes(Harness *h, bool tcp, const void *data, size_t size, Talk *talk) {
        int fd = tcp ? client_connect_tcp(h) : client_connect(h);
        client_send(fd, data, size);
        client_receive(h, fd, talk);
        close(fd);
}

static inline void talk_text(Harness *h, bool tcp, const char *text, Talk *talk) {
        talk_bytes(h, tcp, text, strlen(text), talk);
}

static inline void talk_request(Harness *h, bool tcp, const char *method, const char *target,
                                const char *fields, const char *type, const char *body,
                                Talk *talk) {
        char text[131072];
        int n = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\n", method, target);
        if (tcp)
                n += snprintf(text + n, sizeof(text) - (size_t)n, "Host: 127.0.0.1:%u\r\n",
                              h->port);
        else
                n += snprintf(text + n, sizeof(text) - (size_t)n, "Host: localhost\r\n");
        n += snprintf(text + n, sizeof(text) - (size_t)n, "%s", fields);
        if (type)
                n += snprintf(text + n, sizeof(text) - (size_t)n, "Content-Type: %s\r\n", type);
        if (body)
                n += snprintf(text + n, sizeof(text) - (size_t)n, "Content-Length: %zu\r\n",
                              strlen(body));
        n += snprintf(text + n, sizeof(text) - (size_t)n, "\r\n%s", body ? body : "");
        talk_bytes(h, tcp, text, (size_t)n, talk);
}

#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json"
