#pragma once

/* Threads that signals never go to: those are the loop's. */

#include <pthread.h>
#include <signal.h>

/* 0 or a negative errno. */
static inline int thread_start(pthread_t *ret, void *(*run)(void *), void *userdata) {
        sigset_t all, before;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(ret, NULL, run, userdata);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return -r;
}
