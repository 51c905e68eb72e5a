#pragma once

/* The tokend for tests of fake-tokend.h, on a loopback port that the kernel chose. */

#include <arpa/inet.h>
#include <netinet/in.h>

#include "fake-tokend.h"

typedef struct FakeTcp {
        FakeTokend fake;
        char url[64];
} FakeTcp;

static inline void fake_tcp_start(FakeTcp *tcp) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(address);
        FakeTokend *fake = &tcp->fake;

        memset(tcp, 0, sizeof(*tcp));
        pthread_mutex_init(&fake->lock, NULL);
        fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(fake->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            listen(fake->listener, 64) < 0 ||
            getsockname(fake->listener, (struct sockaddr *)&address, &size) < 0)
                abort();
        snprintf(tcp->url, sizeof(tcp->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
        if (pipe2(fake->stop, O_CLOEXEC) < 0 || pthread_create(&fake->thread, NULL, fake_run, fake))
                abort();
}

static inline void fake_tcp_stop(FakeTcp *tcp) {
        fake_join(&tcp->fake);
        close(tcp->fake.listener);
        pthread_mutex_destroy(&tcp->fake.lock);
}
