/* The limit of a server on libmicrohttpd: it reads every request to its end and answers with the
 * same bytes, from an epoll loop of its own, as tokend does.
 *
 *     fixed SOCKET|:0 SIZE
 *
 * prints a line when it listens (the port, for :0) and runs until it is ended. */

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char *body;
static size_t body_size;

static enum MHD_Result answer(struct MHD_Connection *connection) {
        struct MHD_Response *response =
                        MHD_create_response_from_buffer(body_size, body, MHD_RESPMEM_MUST_COPY);
        enum MHD_Result result;

        MHD_add_response_header(response, "Content-Type", "application/json");
        MHD_add_response_header(response, "Cache-Control", "no-store");
        MHD_add_response_header(response, "Pragma", "no-cache");
        result = MHD_queue_response(connection, 200, response);
        MHD_destroy_response(response);
        return result;
}

static enum MHD_Result handle(void *userdata, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state) {
        if (!*state) {
                *state = userdata;
                return MHD_YES;
        }
        if (*upload_size > 0) {
                *upload_size = 0;
                return MHD_YES;
        }
        return answer(connection);
}

static int listen_at(const char *where) {
        struct sockaddr_un path = { .sun_family = AF_UNIX };
        struct sockaddr_in port = { .sin_family = AF_INET };
        socklen_t size = sizeof(port);
        int fd = socket(where[0] == ':' ? AF_INET : AF_UNIX,
                        SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        snprintf(path.sun_path, sizeof(path.sun_path), "%s", where);
        if (where[0] == ':' ? bind(fd, (struct sockaddr *)&port, sizeof(port))
                            : bind(fd, (struct sockaddr *)&path, sizeof(path)))
                return -1;
        if (listen(fd, 1024) < 0)
                return -1;
        if (where[0] == ':')
                getsockname(fd, (struct sockaddr *)&port, &size);
        printf("%d\n", where[0] == ':' ? ntohs(port.sin_port) : 0);
        fflush(stdout);
        return fd;
}

static void take(struct MHD_Daemon *server, int listener) {
        struct sockaddr_storage address = { 0 };
        socklen_t size = sizeof(address);
        int fd = accept4(listener, (struct sockaddr *)&address, &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
                MHD_add_connection(server, fd, (struct sockaddr *)&address, size);
}

static void watch(int epoll, int fd) {
        struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void run(struct MHD_Daemon *server, int listener) {
        int epoll = epoll_create1(EPOLL_CLOEXEC);
        struct epoll_event events[2];

        watch(epoll, listener);
        watch(epoll, MHD_get_daemon_info(server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
        for (;;) {
                MHD_UNSIGNED_LONG_LONG left;
                int timeout = MHD_get_timeout(server, &left) == MHD_YES ? (int)left : -1;
                int n = epoll_wait(epoll, events, 2, timeout);

                for (int i = 0; i < n; i++)
                        if (events[i].data.fd == listener)
                                take(server, listener);
                MHD_run(server);
        }
}

int main(int argc, char **argv) {
        struct MHD_Daemon *server;
        int listener;

        if (argc != 3) {
                fputs("usage: fixed SOCKET|:0 SIZE\n", stderr);
                return 2;
        }
        body_size = strtoul(argv[2], NULL, 10);
        body = malloc(body_size + 1);
        listener = body ? listen_at(argv[1]) : -1;
        if (listener < 0) {
                perror(argv[1]);
                return 1;
        }
        memset(body, 'x', body_size);
        server = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, handle,
                                  body, MHD_OPTION_CONNECTION_LIMIT, 4096U, MHD_OPTION_END);
        if (!server)
                return 1;
        run(server, listener);
}
