/* One request, one reply, one connection, one deadline. The deadline is looked at before every wait,
 * so neither signals nor a server that sends a byte a second move it; behind it only what is there
 * already counts, as the caller itself may have been stopped meanwhile. Nothing is
 * sent before peer_connect() has said who listens. What was received lives in Secrets, as it may
 * hold a token. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "http-reply.h"
#include "peer.h"
#include "transport-unix.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"

#define RECEIVE_SIZE 4096U

/* 0 once fd is ready for events (or broken: the next call says so), or -ETIMEDOUT. */
static int wait_for(int fd, short events, Deadline deadline) {
        struct pollfd ready = { .fd = fd, .events = events };

        for (;;) {
                int left = deadline_left(deadline);
                int n = poll(&ready, 1, left);
                if (n > 0)
                        return 0;
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (left == 0)
                        return -ETIMEDOUT;
        }
}

/* Whatever could end a line would let a value write fields of its own. */
static bool is_one_line(const char *text) {
        for (; *text; text++)
                if ((unsigned char)*text < ' ' || *text == '\177')
                        return false;
        return true;
}

static int append_field(Secret *head, const char *name, const char *value) {
        if (!is_one_line(value))
                return -EINVAL;
        int r = secret_append_text(head, name);
        if (r == 0)
                r = secret_append_text(head, value);
        if (r == 0)
                r = secret_append_text(head, "\r\n");
        return r;
}

static int append_body_fields(Secret *head, const HttpRequest *request) {
        char length[32];
        int r = 0;

        /* A GET or DELETE without a body needs no length (RFC 9110 section 8.6). */
        if (!request->content_type && strcmp(request->method, "POST") != 0)
                return 0;
        if (request->content_type)
                r = append_field(head, "Content-Type: ", request->content_type);
        if (r < 0)
                return r;
        snprintf(length, sizeof(length), "%zu", request->body ? request->body->size : 0);
        return append_field(head, "Content-Length: ", length);
}

static int append_request_line(Secret *head, const HttpRequest *request) {
        if (!is_one_line(request->path) || strchr(request->path, ' '))
                return -EINVAL;
        int r = secret_append_text(head, request->method);
        if (r == 0)
                r = secret_append_text(head, " ");
        if (r == 0)
                r = secret_append_text(head, request->path);
        if (r == 0)
                r = secret_append_text(head, " HTTP/1.1\r\n");
        if (r == 0)
                r = secret_append_text(head, "Host: localhost\r\nConnection: close\r\n");
        return r;
}

static int request_write(const HttpRequest *request, Secret *text) {
        int r = append_request_line(text, request);

        if (r == 0 && request->authorization)
                r = append_field(text, "Authorization: ", request->authorization);
        if (r == 0)
                r = append_body_fields(text, request);
        if (r == 0)
                r = secret_append_text(text, "\r\n");
        if (r == 0 && request->content_type && request->body)
                r = secret_append(text, secret_text(request->body), request->body->size);
        return r;
}

static int send_all(int fd, const Secret *text, Deadline deadline) {
        size_t sent = 0;

        while (sent < text->size) {
                int r = wait_for(fd, POLLOUT, deadline);
                if (r < 0)
                        return r;
                ssize_t n = send(fd, text->text + sent, text->size - sent, MSG_NOSIGNAL);
                if (n > 0)
                        sent += (size_t)n;
                /* Closed before all was read: what it said may still be there to be received. */
                else if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
                        return 0;
                else if (n < 0 && errno != EAGAIN && errno != EINTR)
                        return -errno;
        }
        return 0;
}

/* Some bytes for the reader. -EBADMSG: the end came too early. */
static int receive_some(int fd, ReplyReader *reader) {
        char data[RECEIVE_SIZE];

        ssize_t n = recv(fd, data, sizeof(data), 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n == 0 || (n < 0 && errno == ECONNRESET))
                return -EBADMSG;
        if (n < 0)
                return -errno;
        int r = reply_reader_feed(reader, data, (size_t)n);
        explicit_bzero(data, (size_t)n);
        return r;
}

static int receive_reply(int fd, Deadline deadline, size_t reply_max, HttpReply *ret) {
        _cleanup_(reply_reader_done) ReplyReader reader = REPLY_READER(reply_max);

        while (reader.state != REPLY_COMPLETE) {
                int r = wait_for(fd, POLLIN, deadline);
                if (r == 0)
                        r = receive_some(fd, &reader);
                if (r < 0)
                        return r;
        }
        *ret = TAKE(reader.reply, HTTP_REPLY_INIT);
        return 0;
}

int transport_unix_call(const char *socket_path, uid_t trusted_uid, unsigned timeout_msec,
                        const HttpRequest *request, HttpReply *ret) {
        _cleanup_(secret_done) Secret text = SECRET_INIT;
        _cleanup_(closep) int fd = -1;
        Deadline deadline = deadline_in(timeout_msec);
        int r;

        r = request_write(request, &text);
        if (r < 0)
                return r;
        r = peer_connect(socket_path, trusted_uid, deadline, &fd);
        if (r != 0)
                return r;
        r = send_all(fd, &text, deadline);
        if (r < 0)
                return r;
        return receive_reply(fd, deadline, request->reply_max ? request->reply_max : BODY_MAX, ret);
}
