/* A load of HTTP/1.1 requests over connections that are kept, from one thread; each connection has
 * one request under way. What it measured is one JSON object on the standard output.
 *
 *     load [OPTIONS] SOCKET|:PORT REQUEST [VALUES]
 *
 * REQUEST is a file with the bytes of one request. Where VALUES is given, a file with a value a
 * line, all of one length, the next one takes the place of @ signs of that length in each request.
 * Invariant: a reply that is not as expected ends the run with an error, so no figure is of errors.
 */

#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "figures.h"

#define CONNECTIONS_MAX 1024
#define REPLY_MAX       (4U << 20)

typedef struct Slot {
        int fd;
        int64_t sent;
        char *reply;
        size_t size;
        size_t expected; /* 0: the head has not ended */
} Slot;

static struct {
        int n_connections;
        long n_requests;
        int64_t gap_nsec;
        int64_t most_nsec;
        bool is_busy;
        int status;
        const char *text;
        char *request;
        size_t request_size;
        char *place; /* in request, where a value goes */
        const char *values;
        size_t value_size;
        size_t n_values;
        size_t value;
} options = { .n_connections = 1, .n_requests = 1, .status = 200, .most_nsec = INT64_MAX };

static Slot slots[CONNECTIONS_MAX];
static int64_t *latencies; /* nanoseconds */
static long n_sent, n_done;
static size_t reply_bytes;

/* The bytes may be changed, which the file does not see. */
static char *map(const char *path, size_t *ret_size) {
        FILE *file = fopen(path, "re");
        struct stat found;
        char *bytes;

        if (!file || fstat(fileno(file), &found) < 0 || found.st_size == 0)
                die("%s: cannot be read, or is empty", path);
        bytes = mmap(NULL, (size_t)found.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(file),
                     0);
        if (bytes == MAP_FAILED)
                die("%s: %m", path);
        fclose(file);
        *ret_size = (size_t)found.st_size;
        return bytes;
}

static void read_values(const char *path) {
        const char *end;
        char mark[1024];
        size_t size;

        options.values = map(path, &size);
        end = memchr(options.values, '\n', size);
        if (!end || (size_t)(end - options.values) >= sizeof(mark))
                die("%s: no value a line", path);
        options.value_size = (size_t)(end - options.values);
        options.n_values = size / (options.value_size + 1);
        options.value %= options.n_values;
        madvise((void *)options.values, size, MADV_POPULATE_READ);
        memset(mark, '@', options.value_size);
        options.place = memmem(options.request, options.request_size, mark, options.value_size);
        if (!options.place)
                die("the request has no %zu @ signs", options.value_size);
}

static int connect_to(const char *where) {
        struct sockaddr_un path = { .sun_family = AF_UNIX };
        struct sockaddr_in port = { .sin_family = AF_INET };
        bool tcp = where[0] == ':';
        int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

        port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        port.sin_port = htons((uint16_t)atoi(where + 1));
        snprintf(path.sun_path, sizeof(path.sun_path), "%s", where);
        if (fd < 0 || (tcp ? connect(fd, (struct sockaddr *)&port, sizeof(port))
                           : connect(fd, (struct sockaddr *)&path, sizeof(path))) < 0)
                die("%s: %m", where);
        if (tcp)
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        return fd;
}

static void put_value(void) {
        if (!options.values)
                return;
        memcpy(options.place, options.values + options.value * (options.value_size + 1),
               options.value_size);
        options.value = (options.value + 1) % options.n_values;
}

static void send_request(Slot *slot) {
        put_value();
        slot->size = slot->expected = 0;
        slot->sent = nsec_of(CLOCK_MONOTONIC);
        n_sent++;
        for (size_t done = 0; done < options.request_size;) {
                ssize_t n = send(slot->fd, options.request + done, options.request_size - done,
                                 MSG_NOSIGNAL);
                if (n < 0)
                        die("a request cannot be sent: %m");
                done += (size_t)n;
        }
}

/* The size of head and body; 0: not known yet. */
static size_t reply_size(const Slot *slot) {
        static const char field[] = "\r\ncontent-length:";
        const char *end = memmem(slot->reply, slot->size, "\r\n\r\n", 4);
        const char *length = slot->reply;

        if (!end)
                return 0;
        while (length < end && strncasecmp(length, field, sizeof(field) - 1) != 0)
                length++;
        if (length >= end)
                die("a reply without a length:\n%.*s", (int)slot->size, slot->reply);
        return (size_t)(end + 4 - slot->reply) + strtoul(length + sizeof(field) - 1, NULL, 10);
}

static void check_reply(const Slot *slot) {
        if (slot->size > slot->expected || slot->size < 12 ||
            atoi(slot->reply + 9) != options.status ||
            (options.text && !memmem(slot->reply, slot->size, options.text, strlen(options.text))))
                die("not the reply that was expected:\n%.*s", (int)slot->size, slot->reply);
        reply_bytes = slot->size;
}

/* Whether the reply is whole. */
static bool receive(Slot *slot) {
        ssize_t n = recv(slot->fd, slot->reply + slot->size, REPLY_MAX - slot->size, 0);

        if (n <= 0)
                die("a reply did not come: %s", n == 0 ? "closed" : strerror(errno));
        slot->size += (size_t)n;
        if (slot->expected == 0)
                slot->expected = reply_size(slot);
        if (slot->expected == 0 || slot->size < slot->expected)
                return false;
        check_reply(slot);
        latencies[n_done++] = nsec_of(CLOCK_MONOTONIC) - slot->sent;
        return true;
}

static void pause_for(int64_t nsec) {
        struct timespec span = { nsec / 1000000000, nsec % 1000000000 };

        if (nsec > 0)
                nanosleep(&span, NULL);
}

/* The time it took. */
static int64_t run(int epoll) {
        struct epoll_event events[64];
        int64_t start = nsec_of(CLOCK_MONOTONIC);

        for (int i = 0; i < options.n_connections; i++)
                send_request(&slots[i]);
        while (n_done < n_sent) {
                int n = epoll_wait(epoll, events, 64, options.is_busy ? 0 : -1);
                bool more = n_sent < options.n_requests &&
                            nsec_of(CLOCK_MONOTONIC) - start < options.most_nsec;

                for (int i = 0; i < n; i++) {
                        Slot *slot = events[i].data.ptr;
                        if (!receive(slot))
                                continue;
                        pause_for(options.gap_nsec);
                        if (more && n_sent < options.n_requests)
                                send_request(slot);
                }
        }
        return nsec_of(CLOCK_MONOTONIC) - start;
}

static void usage(FILE *file) {
        fputs("load [OPTIONS] SOCKET|:PORT REQUEST [VALUES]\n"
              "  -c N      connections (1)\n"
              "  -n N      requests (1)\n"
              "  -d SEC    at most for so long\n"
              "  -b        stay awake: waking this costs the server some us a reply, and a server\n"
              "            that is slower than this the more\n"
              "  -g USEC   pause between a reply and the next request (0)\n"
              "  -s CODE   the status that every reply must have (200)\n"
              "  -e TEXT   what every reply must contain\n"
              "  -f N      the first of the values to send (0)\n",
              file);
}

static void parse(int argc, char **argv) {
        for (int option; (option = getopt(argc, argv, "c:n:d:bg:s:e:f:h")) != -1;) {
                switch (option) {
                case 'c':
                        options.n_connections = atoi(optarg);
                        break;
                case 'n':
                        options.n_requests = atol(optarg);
                        break;
                case 'd':
                        options.most_nsec = (int64_t)(atof(optarg) * 1e9);
                        break;
                case 'b':
                        options.is_busy = true;
                        break;
                case 'g':
                        options.gap_nsec = atol(optarg) * 1000;
                        break;
                case 's':
                        options.status = atoi(optarg);
                        break;
                case 'e':
                        options.text = optarg;
                        break;
                case 'f':
                        options.value = strtoul(optarg, NULL, 10);
                        break;
                case 'h':
                        usage(stdout);
                        exit(0);
                default:
                        usage(stderr);
                        exit(2);
                }
        }
        if (argc - optind < 2 || argc - optind > 3 || options.n_connections < 1 ||
            options.n_connections > CONNECTIONS_MAX || options.n_requests < options.n_connections) {
                usage(stderr);
                exit(2);
        }
}

int main(int argc, char **argv) {
        int epoll = epoll_create1(EPOLL_CLOEXEC);
        int64_t nsec;

        parse(argc, argv);
        options.request = map(argv[optind + 1], &options.request_size);
        if (argv[optind + 2])
                read_values(argv[optind + 2]);
        latencies = calloc((size_t)options.n_requests, sizeof(*latencies));
        if (!latencies || epoll < 0)
                die("%m");
        prctl(PR_SET_TIMERSLACK, 1UL);
        for (int i = 0; i < options.n_connections; i++) {
                struct epoll_event event = { .events = EPOLLIN, .data.ptr = &slots[i] };
                slots[i].fd = connect_to(argv[optind]);
                slots[i].reply = malloc(REPLY_MAX);
                if (!slots[i].reply || epoll_ctl(epoll, EPOLL_CTL_ADD, slots[i].fd, &event) < 0)
                        die("%m");
        }
        nsec = run(epoll);
        printf("{\"requests\": %ld, \"seconds\": %.6f, \"reply_bytes\": %zu, ", n_done,
               (double)nsec / 1e9, reply_bytes);
        usec_print(latencies, (size_t)n_done);
        puts("}");
        return 0;
}
