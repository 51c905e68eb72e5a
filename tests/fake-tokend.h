#pragma once

/* A tokend for tests: a thread that listens in a folder of its own and answers each request with
 * the next line of a script, whatever was asked. What it received is kept. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FAKE_SCRIPT_MAX  16
#define FAKE_REQUEST_MAX 16384
#define FAKE_FLUSH       "FLUSH\r\n\r\n"

typedef struct FakeAnswer {
        const char *bytes;
        size_t size;  /* 0: until the NUL */
        bool hang;    /* keep the connection open behind the bytes, until the client goes */
        bool dribble; /* a byte at a time */
        bool hang_up; /* close without reading */
} FakeAnswer;

typedef struct FakeTokend {
        char folder[64];
        char path[96];
        int listener;
        int stop[2];
        pthread_t thread;
        pthread_mutex_t lock;
        FakeAnswer script[FAKE_SCRIPT_MAX];
        size_t n_script;
        size_t next;
        char requests[FAKE_SCRIPT_MAX][FAKE_REQUEST_MAX];
        size_t n_requests;
        size_t n_received; /* bytes of all */
} FakeTokend;

static inline void fake_listen(FakeTokend *fake, int backlog) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        strcpy(fake->folder, "/tmp/fake-tokend-XXXXXX");
        if (!mkdtemp(fake->folder))
                abort();
        snprintf(fake->path, sizeof(fake->path), "%s/sock", fake->folder);
        strcpy(address.sun_path, fake->path);
        fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(fake->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            listen(fake->listener, backlog) < 0)
                abort();
}

static inline void fake_unlisten(FakeTokend *fake) {
        close(fake->listener);
        unlink(fake->path);
        rmdir(fake->folder);
}

/* Whether text holds a whole request. */
static inline bool fake_is_whole(const char *text, size_t size) {
        const char *end = memmem(text, size, "\r\n\r\n", 4);
        if (!end)
                return false;
        const char *length = strcasestr(text, "\r\nContent-Length: ");
        size_t body = length && length < end ? strtoul(length + 18, NULL, 10) : 0;
        return size >= (size_t)(end + 4 - text) + body;
}

static inline void fake_receive(FakeTokend *fake, int fd, char *text) {
        size_t size = 0;

        text[0] = '\0';
        while (!fake_is_whole(text, size) && size + 1 < FAKE_REQUEST_MAX) {
                ssize_t n = recv(fd, text + size, FAKE_REQUEST_MAX - 1 - size, 0);
                if (n <= 0)
                        break;
                size += (size_t)n;
                text[size] = '\0';
        }
        pthread_mutex_lock(&fake->lock);
        fake->n_received += size;
        pthread_mutex_unlock(&fake->lock);
}

static inline void fake_send(int fd, const FakeAnswer *answer) {
        size_t size = answer->size || !answer->bytes ? answer->size : strlen(answer->bytes);

        for (size_t sent = 0; sent < size;) {
                ssize_t n = send(fd, answer->bytes + sent, answer->dribble ? 1 : size - sent,
                                 MSG_NOSIGNAL);
                if (n <= 0)
                        return;
                sent += (size_t)n;
        }
}

static inline void fake_serve(FakeTokend *fake, int fd) {
        static const FakeAnswer nothing = { .hang_up = true };

        pthread_mutex_lock(&fake->lock);
        FakeAnswer answer = fake->next < fake->n_script ? fake->script[fake->next++] : nothing;
        size_t slot = fake->n_requests < FAKE_SCRIPT_MAX ? fake->n_requests : FAKE_SCRIPT_MAX - 1;
        pthread_mutex_unlock(&fake->lock);
        if (answer.hang_up)
                return;

        fake_receive(fake, fd, fake->requests[slot]);
        if (strncmp(fake->requests[slot], FAKE_FLUSH, strlen(FAKE_FLUSH)) == 0)
                return;
        pthread_mutex_lock(&fake->lock);
        if (fake->requests[slot][0])
                fake->n_requests++;
        pthread_mutex_unlock(&fake->lock);
        fake_send(fd, &answer);
        if (answer.hang) {
                struct pollfd gone[2] = { { .fd = fd }, { .fd = fake->stop[0], .events = POLLIN } };
                (void)poll(gone, 2, 10000);
        }
}

static inline void *fake_run(void *userdata) {
        FakeTokend *fake = userdata;

        for (;;) {
                struct pollfd ready[2] = { { .fd = fake->listener, .events = POLLIN },
                                           { .fd = fake->stop[0], .events = POLLIN } };
                if (poll(ready, 2, -1) < 0)
                        continue;
                if (ready[1].revents)
                        return NULL;
                int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
                if (fd < 0)
                        continue;
                fake_serve(fake, fd);
                close(fd);
        }
}

static inline void fake_start(FakeTokend *fake) {
        memset(fake, 0, sizeof(*fake));
        pthread_mutex_init(&fake->lock, NULL);
        fake_listen(fake, 64);
        if (pipe2(fake->stop, O_CLOEXEC) < 0 || pthread_create(&fake->thread, NULL, fake_run, fake))
                abort();
}

static inline void fake_join(FakeTokend *fake) {
        if (write(fake->stop[1], "", 1) != 1)
                abort();
        pthread_join(fake->thread, NULL);
        close(fake->stop[0]);
        close(fake->stop[1]);
}

static inline void fake_stop(FakeTokend *fake) {
        fake_join(fake);
        fake_unlisten(fake);
        pthread_mutex_destroy(&fake->lock);
}

/* Returns when everybody who connected before was served: a client that gave up may still be in the
 * queue, and must not get the answer that is meant for the next. */
static inline void fake_flush(FakeTokend *fake) {
        struct sockaddr_storage address = { 0 };
        socklen_t size = sizeof(address);
        char byte;
        int fd = -1;

        /* a socket of the listener's kind, see fake-tcp.h */
        if (getsockname(fake->listener, (struct sockaddr *)&address, &size) == 0)
                fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, size) < 0)
                abort();
        if (send(fd, FAKE_FLUSH, strlen(FAKE_FLUSH), MSG_NOSIGNAL) > 0)
                while (recv(fd, &byte, 1, 0) > 0)
                        continue;
        close(fd);
}

/* Forgets what was, and answers with these from now on. */
static inline void fake_script(FakeTokend *fake, const FakeAnswer *answers, size_t n) {
        fake_flush(fake);
        pthread_mutex_lock(&fake->lock);
        if (n > 0)
                memcpy(fake->script, answers, n * sizeof(*answers));
        fake->n_script = n;
        fake->next = 0;
        fake->n_requests = 0;
        fake->n_received = 0;
        memset(fake->requests, 0, sizeof(fake->requests));
        pthread_mutex_unlock(&fake->lock);
}

static inline size_t fake_count(FakeTokend *fake) {
        pthread_mutex_lock(&fake->lock);
        size_t n = fake->n_requests;
        pthread_mutex_unlock(&fake->lock);
        return n;
}

/* A whole reply with a JSON body, in a buffer of the caller's. */
static inline const char *fake_json(char *buffer, size_t size, int status, const char *json) {
        snprintf(buffer, size,
                 "HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\n"
                 "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                 status, strlen(json), json);
        return buffer;
}
