/* tokend-userdb: tells the machine, through nss-systemd, of the users who exist only in tokend. It
 * knows nothing but the snapshot that tokend left: no store, no passwords, no bus, no NSS. */

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "userdb/server.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"

#define SOCKET_PATH   "/run/systemd/userdb/org.tokend"

typedef struct Options {
        const char *socket;
        const char *snapshot;
} Options;

static int fail(const char *what, int error) {
        fprintf(stderr, "tokend-userdb: %s: %s\n", what, strerror(-error));
        return EXIT_FAILURE;
}

static void help(void) {
        printf("tokend-userdb [--socket=PATH] [--snapshot=PATH]\n\n"
               "Answer io.systemd.UserDatabase for the users of tokend.\n\n"
               "      --socket=PATH    where to listen (%s)\n"
               "      --snapshot=PATH  the users, as tokend left them (%s)\n"
               "  -h, --help           show this help\n"
               "      --version        show the version\n\n"
               "See tokend-userdb(8).\n",
               SOCKET_PATH, SNAPSHOT_PATH);
}

/* 1: go on. 0: all is said. -EINVAL: bad usage. */
static int parse_options(int argc, char **argv, Options *ret) {
        static const struct option longs[] = {
                { "socket", required_argument, NULL, 's' },
                { "snapshot", required_argument, NULL, 'n' },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'V' },
                { 0 },
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0)
                switch (c) {
                case 's':
                        ret->socket = optarg;
                        break;
                case 'n':
                        ret->snapshot = optarg;
                        break;
                case 'h':
                        help();
                        return 0;
                case 'V':
                        puts("tokend-userdb " TOKEND_VERSION);
                        return 0;
                default:
                        return -EINVAL;
                }
        if (optind < argc) {
                fprintf(stderr, "tokend-userdb: unexpected argument: %s\n", argv[optind]);
                return -EINVAL;
        }
        return 1;
}

static int set_address(const char *path, struct sockaddr_un *ret) {
        *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
        if (strlen(path) >= sizeof(ret->sun_path))
                return -ENAMETOOLONG;
        strcpy(ret->sun_path, path);
        return 0;
}

/* Somebody who answers is left alone; a dead socket is taken away; anything else is not ours. */
static int clear_place(const struct sockaddr_un *address) {
        _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct stat st;

        if (fd < 0)
                return -errno;
        if (lstat(address->sun_path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(st.st_mode))
                return -EEXIST;
        if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
                return -EADDRINUSE;
        return unlink(address->sun_path) < 0 ? -errno : 0;
}

/* There is one under systemd. Elsewhere it is made here, for everybody to ask in, whatever the umask
 * that tokend gave us. */
static int make_folder(const char *path) {
        _cleanup_(freep) char *copy = strdup(path);
        const char *folder;

        if (!copy)
                return -ENOMEM;
        folder = dirname(copy);
        if (mkdir(folder, 0755) < 0)
                return errno == EEXIST ? 0 : -errno;
        return chmod(folder, 0755) < 0 ? -errno : 0;
}

static int listen_on(const char *path) {
        _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un address;
        int r;

        if (fd < 0)
                return -errno;
        r = set_address(path, &address);
        if (r < 0)
                return r;
        r = make_folder(path);
        if (r < 0)
                return r;
        r = clear_place(&address);
        if (r < 0)
                return r;
        if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        if (chmod(path, 0666) < 0 || listen(fd, SOMAXCONN) < 0) {
                r = -errno;
                (void)unlink(path);
                return r;
        }
        return TAKE_FD(fd);
}

/* The inherited socket's own path, or the one to make, which is then ours to take away. */
static int take_socket(const char *path, char **ret_path, bool *ret_is_made) {
        struct sockaddr_un address = { 0 };
        socklen_t size = sizeof(address) - 1;
        int n = sd_listen_fds(true);

        if (n > 1)
                return -ENOTUNIQ;
        if (n == 1 && getsockname(SD_LISTEN_FDS_START, (struct sockaddr *)&address, &size) < 0)
                return -errno;
        if (n == 1 && address.sun_family != AF_UNIX)
                return -EAFNOSUPPORT;
        *ret_path = strdup(n == 1 ? address.sun_path : path);
        if (!*ret_path)
                return -ENOMEM;
        *ret_is_made = n != 1;
        return n == 1 ? SD_LISTEN_FDS_START : listen_on(path);
}

static int run(const Options *options) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(userdb_server_freep) UserdbServer *server = NULL;
        _cleanup_(freep) char *path = NULL;
        bool is_made = false;
        int fd = take_socket(options->socket, &path, &is_made), r;

        if (fd < 0)
                return fail(options->socket, fd);
        r = sd_event_default(&event);
        if (r >= 0)
                r = userdb_server_new(event, fd, basename(path), options->snapshot, &server);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
        if (r >= 0) {
                (void)sd_event_set_watchdog(event, true);
                (void)sd_notifyf(false, "READY=1\nSTATUS=Answering for %s", options->snapshot);
                r = sd_event_loop(event);
                (void)sd_notify(false, "STOPPING=1");
        }
        /* Before it is closed, so that it can't be somebody else's. A dead socket left behind would
         * be an error to everybody who asks NSS for an unknown name. */
        if (is_made)
                (void)unlink(options->socket);
        return r < 0 ? fail("event loop", r) : EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        Options options = { .socket = SOCKET_PATH, .snapshot = SNAPSHOT_PATH };
        sigset_t mask;
        int r = parse_options(argc, argv, &options);

        if (r <= 0)
                return r < 0 ? 2 : EXIT_SUCCESS;
        sigemptyset(&mask);
        sigaddset(&mask, SIGTERM);
        sigaddset(&mask, SIGINT);
        sigprocmask(SIG_BLOCK, &mask, NULL);
        return run(&options);
}
