/* tokend-userdb's connections.
 *
 * dbus-daemon, sshd and id wait for these answers, so nothing here waits for anybody: a file is
 * read when it was replaced, a slow reader gets its answer in pieces, and when all places are taken
 * the longest idle connection makes room. */

#include "userdb/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "userdb/query.h"
#include "wire/protocol.h"
#include "wire/text.h"

/* More than a busy machine's look-ups in flight, fewer than the default 1,024 descriptors. */
#define CONNECTIONS_MAX 512
/* A record is some 200 bytes: enough to keep a reader busy, little enough to keep for all. */
#define ANSWER_PIECE (64 * 1024)

typedef struct Connection Connection;

struct UserdbServer {
        sd_event *event;
        sd_event_source *accept_source;
        int listen_fd;
        char *service;
        char *snapshot_path;
        Snapshot *snapshot;
        struct stat snapshot_stat; /* of the file that was read last, also when it was refused */
        Connection *connections;   /* the most recently used first */
        Connection *last;
        size_t n_connections;
};

struct Connection {
        UserdbServer *server;
        Connection *next, *previous;
        int fd;
        sd_event_source *source;
        Secret in, out;
        size_t sent;  /* of out */
        Query *query; /* half answered */
};

static void connection_unlink(Connection *c) {
        UserdbServer *server = c->server;

        if (c->previous)
                c->previous->next = c->next;
        else
                server->connections = c->next;
        if (c->next)
                c->next->previous = c->previous;
        else
                server->last = c->previous;
        c->next = c->previous = NULL;
        server->n_connections--;
}

static void connection_link(Connection *c) {
        UserdbServer *server = c->server;

        c->next = server->connections;
        if (c->next)
                c->next->previous = c;
        else
                server->last = c;
        server->connections = c;
        server->n_connections++;
}

static void connection_close(Connection *c) {
        connection_unlink(c);
        sd_event_source_disable_unref(c->source);
        close(c->fd);
        secret_done(&c->in);
        secret_done(&c->out);
        query_free(c->query);
        free(c);
}

static bool same_file(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
               a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
               a->st_size == b->st_size;
}

/* A refused file leaves what was there before; it is complained about once. */
static void refresh_snapshot(UserdbServer *server) {
        _cleanup_(closep) int fd = -1;
        Snapshot *fresh = NULL;
        struct stat st;
        int r;

        if (stat(server->snapshot_path, &st) < 0 || same_file(&st, &server->snapshot_stat))
                return;
        server->snapshot_stat = st;
        fd = open(server->snapshot_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        r = fd < 0 ? -errno : snapshot_read(fd, &fresh);
        if (r < 0) {
                fprintf(stderr, "tokend-userdb: %s: %s, keeping what was read before\n",
                        server->snapshot_path, strerror(-r));
                return;
        }
        snapshot_unref(server->snapshot);
        server->snapshot = fresh;
}

/* One message's worth of work. */
static int answer_message(Connection *c, const char *message, size_t size) {
        UserdbServer *server = c->server;
        const char *error;
        int r;

        r = query_parse(message, size, server->service, &c->query, &error);
        if (error)
                return query_answer_error(error, &c->out);
        if (r < 0)
                return r;
        refresh_snapshot(server);
        r = query_answer(c->query, server->snapshot, server->service, ANSWER_PIECE, &c->out);
        if (c->query->oneway) {
                secret_clear(&c->out);
                r = 0;
        }
        if (r == 0)
                c->query = query_free(c->query);
        return r < 0 ? r : 0;
}

static int continue_answer(Connection *c) {
        int r = query_answer(c->query, c->server->snapshot, c->server->service, ANSWER_PIECE,
                             &c->out);

        if (r == 0)
                c->query = query_free(c->query);
        return r < 0 ? r : 0;
}

/* Takes the next whole message out of what came in. 0: none is there yet. */
static int handle_input(Connection *c) {
        const char *end = c->in.size > 0 ? memchr(c->in.text, '\0', c->in.size) : NULL;
        size_t size;
        int r;

        if (!end)
                return c->in.size >= BODY_MAX ? -E2BIG : 0;
        size = (size_t)(end - c->in.text);
        r = answer_message(c, c->in.text, size);
        if (r < 0)
                return r;
        memmove(c->in.text, end + 1, c->in.size - size - 1);
        c->in.size -= size + 1;
        return 1;
}

/* 1: all of it went out. 0: the reader is slow. */
static int flush(Connection *c) {
        while (c->sent < c->out.size) {
                ssize_t n = send(c->fd, c->out.text + c->sent, c->out.size - c->sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0 && errno == EAGAIN)
                        return 0;
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        c->sent += (size_t)n;
        }
        secret_clear(&c->out);
        c->sent = 0;
        return 1;
}

/* Answers in the order of the questions, one piece after the other. */
static int work(Connection *c) {
        int r;

        for (;;) {
                r = flush(c);
                if (r <= 0)
                        return r < 0 ? r : sd_event_source_set_io_events(c->source, EPOLLOUT);
                r = c->query ? continue_answer(c) : handle_input(c);
                if (r < 0)
                        return r;
                if (r == 0 && !c->query && c->out.size == 0)
                        return sd_event_source_set_io_events(c->source, EPOLLIN);
        }
}

static int read_input(Connection *c) {
        ssize_t n;
        int r = secret_reserve(&c->in, 4096);

        if (r < 0)
                return r;
        n = recv(c->fd, c->in.text + c->in.size, 4096, MSG_DONTWAIT);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
                return -ECONNRESET;
        c->in.size += (size_t)n;
        return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Connection *c = userdata;
        int r = 0;

        if (events & EPOLLIN)
                r = read_input(c);
        else if (events & (EPOLLHUP | EPOLLERR))
                r = -ECONNRESET;
        if (r >= 0)
                r = work(c);
        if (r < 0) {
                connection_close(c);
                return 0;
        }
        connection_unlink(c);
        connection_link(c);
        return 0;
}

static int connection_new(UserdbServer *server, int fd) {
        Connection *c = calloc(1, sizeof(Connection));
        int r;

        if (!c)
                return -ENOMEM;
        c->server = server;
        c->fd = fd;
        r = sd_event_add_io(server->event, &c->source, fd, EPOLLIN, on_connection, c);
        if (r < 0) {
                free(c);
                return r;
        }
        connection_link(c);
        if (server->n_connections > CONNECTIONS_MAX)
                connection_close(server->last);
        return 0;
}

static int on_accept(sd_event_source *source, int listen_fd, uint32_t events, void *userdata) {
        UserdbServer *server = userdata;
        int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0) {
                /* out of descriptors: make room, or this would be called for ever */
                if ((errno == EMFILE || errno == ENFILE) && server->last)
                        connection_close(server->last);
                return 0;
        }
        if (connection_new(server, fd) < 0)
                close(fd);
        return 0;
}

UserdbServer *userdb_server_free(UserdbServer *server) {
        if (!server)
                return NULL;
        while (server->connections)
                connection_close(server->connections);
        sd_event_source_disable_unref(server->accept_source);
        if (server->listen_fd >= 0)
                close(server->listen_fd);
        snapshot_unref(server->snapshot);
        free(server->service);
        free(server->snapshot_path);
        sd_event_unref(server->event);
        free(server);
        return NULL;
}

void userdb_server_freep(UserdbServer **server) {
        userdb_server_free(*server);
}

int userdb_server_new(sd_event *event, int listen_fd, const char *service,
                      const char *snapshot_path, UserdbServer **ret) {
        _cleanup_(userdb_server_freep) UserdbServer *server = calloc(1, sizeof(UserdbServer));
        int r;

        if (!server)
                return -ENOMEM;
        server->listen_fd = -1;
        server->event = sd_event_ref(event);
        server->service = strdup(service);
        server->snapshot_path = strdup(snapshot_path);
        if (!server->service || !server->snapshot_path)
                return -ENOMEM;
        r = snapshot_new(&server->snapshot);
        if (r >= 0)
                r = sd_event_add_io(event, &server->accept_source, listen_fd, EPOLLIN, on_accept,
                                    server);
        if (r < 0)
                return r;
        server->listen_fd = listen_fd;
        *ret = TAKE_PTR(server);
        return 0;
}
