/* Sockets: an own one leaves nothing of another's behind or away, and running out of descriptors
 * costs a pause, not a spinning loop. */

#include "http/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/journal.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* Connections taken before others on the loop get their turn. */
#define ACCEPTS_MAX 64
/* Out of descriptors or memory: somebody else has to finish first. */
#define PAUSE_USEC (100 * USEC_PER_MSEC)

struct Listener {
        ListenerOptions options;
        int fd;
        bool is_tcp;
        Address address;
        char *text;
        char *name;
        bool is_bound; /* path is ours to unlink, while it is: */
        dev_t dev;
        ino_t ino;
        bool is_paused;
        sd_event_source *io;
        sd_event_source *timer;
};

static int fail(int error, char **ret_message, const char *what, const char *why) {
        if (asprintf(ret_message, "%s: %s", what, why) < 0)
                *ret_message = NULL;
        return error;
}

static int fail_errno(int error, char **ret_message, const char *what) {
        return fail(error, ret_message, what, strerror(-error));
}

/* 1: take the next, 0: no more, negative: out of something. */
static int accept_failed(int error) {
        switch (error) {
        case EAGAIN:
                return 0;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
                return -error;
        default: /* the one who called has gone, or its network (accept(2)) */
                return 1;
        }
}

static int peer_of(int fd, const Listener *listener, const Address *remote, Peer *ret) {
        struct ucred credentials;
        socklen_t size = sizeof(credentials);

        *ret = (Peer){ .door = DOOR_TCP, .uid = UID_NONE };
        if (listener->is_tcp) {
                address_remote(remote, ret->remote);
                return 0;
        }
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
                return -errno;
        ret->door = DOOR_SOCKET;
        ret->uid = credentials.uid;
        snprintf(ret->remote, sizeof(ret->remote), "uid:%u", (unsigned)credentials.uid);
        return 0;
}

/* Who connects and closes fills the queue at no cost to himself; it costs one call here. */
static bool has_hung_up(int fd) {
        char byte;

        return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* As accept_failed(). */
static int accept_one(Listener *listener) {
        _cleanup_(closep) int fd = -1;
        Address remote = { 0 }, local = { 0 };
        socklen_t size = sizeof(remote), local_size = sizeof(local);
        Peer peer;

        fd = accept4(listener->fd, &remote.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
                return accept_failed(errno);
        if (listener->is_tcp && getsockname(fd, &local.any, &local_size) < 0)
                return 1;
        if (has_hung_up(fd))
                return 1;
        address_unmap(&local);
        if (peer_of(fd, listener, &remote, &peer) == 0)
                listener->options.handler(listener->options.userdata, TAKE_FD(fd), &peer, &remote,
                                          listener->is_tcp ? &local : NULL);
        return 1;
}

static int on_resume(sd_event_source *source, uint64_t usec, void *userdata) {
        Listener *listener = userdata;
        return sd_event_source_set_enabled(listener->io, SD_EVENT_ON);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Listener *listener = userdata;
        int r = 1;

        for (int i = 0; r > 0 && i < ACCEPTS_MAX; i++)
                r = accept_one(listener);
        if (r == 0)
                listener->is_paused = false;
        if (r >= 0)
                return 0;

        if (!listener->is_paused)
                log_warning("%s: no more connections for now: %s", listener->name, strerror(-r));
        listener->is_paused = true;
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        (void)sd_event_source_set_time_relative(listener->timer, PAUSE_USEC);
        return sd_event_source_set_enabled(listener->timer, SD_EVENT_ONESHOT);
}

Listener *listener_free(Listener *listener) {
        struct stat found;

        if (!listener)
                return NULL;
        sd_event_source_disable_unref(listener->io);
        sd_event_source_disable_unref(listener->timer);
        if (listener->is_bound && lstat(listener->text, &found) == 0 &&
            found.st_dev == listener->dev && found.st_ino == listener->ino)
                (void)unlink(listener->text);
        closep(&listener->fd);
        free(listener->text);
        free(listener->name);
        free(listener);
        return NULL;
}

void listener_freep(Listener **listener) {
        listener_free(*listener);
}

static Listener *listener_new(const ListenerOptions *options, const char *text) {
        _cleanup_(listener_freep) Listener *listener = calloc(1, sizeof(*listener));
        if (!listener)
                return NULL;
        listener->options = *options;
        listener->fd = -1;
        listener->text = text ? strdup(text) : NULL;
        return text && !listener->text ? NULL : TAKE_PTR(listener);
}

static int watch(Listener *listener) {
        int r = sd_event_add_io(listener->options.event, &listener->io, listener->fd, EPOLLIN,
                                on_io, listener);
        if (r >= 0)
                r = sd_event_add_time_relative(listener->options.event, &listener->timer,
                                               CLOCK_MONOTONIC, 0, 1, on_resume, listener);
        if (r >= 0)
                r = sd_event_source_set_enabled(listener->timer, SD_EVENT_OFF);
        return r < 0 ? r : 0;
}

/* The real address or path, which port 0 and inherited sockets leave to the kernel. */
static int learn_name(Listener *listener) {
        union {
                Address address;
                struct sockaddr_un path;
        } name = { 0 };
        socklen_t size = sizeof(name);
        char text[ADDRESS_TEXT_MAX];

        if (getsockname(listener->fd, &name.address.any, &size) < 0)
                return -errno;
        switch (name.address.any.sa_family) {
        case AF_UNIX:
                listener->name = size > offsetof(struct sockaddr_un, sun_path)
                                                 ? strndup(name.path.sun_path,
                                                           size - offsetof(struct sockaddr_un,
                                                                           sun_path))
                                                 : strdup("an unnamed socket");
                break;
        case AF_INET:
        case AF_INET6:
                listener->is_tcp = true;
                listener->address = name.address;
                address_format(&listener->address, text);
                listener->name = strdup(text);
                break;
        default:
                return -EAFNOSUPPORT;
        }
        return listener->name ? 0 : -ENOMEM;
}

static int start(Listener *listener) {
        int r = learn_name(listener);
        return r == 0 ? watch(listener) : r;
}

/* 0: nothing is there any more. */
static int make_room(const struct sockaddr_un *address, char **ret_message) {
        _cleanup_(closep) int fd = -1;
        const char *path = address->sun_path;
        struct stat found;

        if (lstat(path, &found) < 0)
                return errno == ENOENT ? 0 : fail_errno(-errno, ret_message, path);
        if (!S_ISSOCK(found.st_mode))
                return fail(-EEXIST, ret_message, path, "exists and is no socket");
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return fail_errno(-errno, ret_message, path);
        /* EAGAIN: so busy that it must be alive. */
        if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
                return fail(-EADDRINUSE, ret_message, path,
                            "somebody answers there: already running");
        if (errno != ECONNREFUSED && errno != ENOENT)
                return fail_errno(-errno, ret_message, path);
        if (unlink(path) < 0 && errno != ENOENT)
                return fail_errno(-errno, ret_message, path);
        return 0;
}

static int bind_unix(Listener *listener, const struct sockaddr_un *address) {
        struct stat bound;

        listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (listener->fd < 0 ||
            bind(listener->fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
                return -errno;
        if (lstat(address->sun_path, &bound) < 0)
                return -errno;
        listener->dev = bound.st_dev;
        listener->ino = bound.st_ino;
        listener->is_bound = true;
        /* Everybody may ask; who it is, the kernel says. */
        if (chmod(address->sun_path, 0666) < 0 || listen(listener->fd, SOMAXCONN) < 0)
                return -errno;
        return start(listener);
}

int listener_new_unix(const ListenerOptions *options, const char *path, Listener **ret,
                      char **ret_message) {
        _cleanup_(listener_freep) Listener *listener = NULL;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int r;

        if (path[0] != '/' || strlen(path) >= sizeof(address.sun_path))
                return fail(-ENAMETOOLONG, ret_message, path, "no path that a socket can have");
        strcpy(address.sun_path, path);
        listener = listener_new(options, path);
        if (!listener)
                return fail_errno(-ENOMEM, ret_message, path);
        r = make_room(&address, ret_message);
        if (r != 0)
                return r;
        r = bind_unix(listener, &address);
        if (r != 0)
                return fail_errno(r, ret_message, path);
        *ret = TAKE_PTR(listener);
        return 0;
}

static int bind_tcp(Listener *listener, const Address *address) {
        int one = 1;

        listener->fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                              0);
        if (listener->fd < 0 ||
            setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
                return -errno;
        if (address->any.sa_family == AF_INET6 &&
            setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
                return -errno;
        if (bind(listener->fd, &address->any, address_size(address)) < 0 ||
            listen(listener->fd, SOMAXCONN) < 0)
                return -errno;
        return start(listener);
}

int listener_new_tcp(const ListenerOptions *options, const char *text, Listener **ret,
                     char **ret_message) {
        _cleanup_(listener_freep) Listener *listener = NULL;
        Address address;
        int r = address_parse(text, &address);

        if (r != 0)
                return fail(r, ret_message, text, "no ADDRESS:PORT");
        listener = listener_new(options, text);
        r = listener ? bind_tcp(listener, &address) : -ENOMEM;
        if (r != 0)
                return fail_errno(r, ret_message, text);
        *ret = TAKE_PTR(listener);
        return 0;
}

int listener_new_inherited(const ListenerOptions *options, int fd, Listener **ret,
                           char **ret_message) {
        _cleanup_(listener_freep) Listener *listener = listener_new(options, NULL);
        int type = 0, listening = 0, flags, r;
        socklen_t size = sizeof(int);

        if (!listener)
                return fail_errno(-ENOMEM, ret_message, "inherited socket");
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM ||
            getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 || !listening)
                return fail(-EINVAL, ret_message, "inherited socket", "no listening stream socket");
        flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
            fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
                return fail_errno(-errno, ret_message, "inherited socket");
        listener->fd = fd;
        r = start(listener);
        if (r != 0) {
                listener->fd = -1;
                return fail_errno(r, ret_message, "inherited socket");
        }
        *ret = TAKE_PTR(listener);
        return 0;
}

const char *listener_text(const Listener *listener) {
        return listener->text;
}

const Address *listener_address(const Listener *listener) {
        return listener->is_tcp ? &listener->address : NULL;
}

const char *listener_name(const Listener *listener) {
        return listener->name;
}
