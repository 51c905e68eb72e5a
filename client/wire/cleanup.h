#pragma once

/* Ownership of locals: _cleanup_(x_freep) frees on every way out, TAKE_PTR hands on. */

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

#define TAKE(var, empty)                                                                           \
        ({                                                                                         \
                typeof(var) *_from = &(var);                                                       \
                typeof(var) _taken = *_from;                                                       \
                *_from = (empty);                                                                  \
                _taken;                                                                            \
        })
#define TAKE_PTR(ptr) TAKE(ptr, NULL)
#define TAKE_FD(fd)   TAKE(fd, -1)

/* DEFINE_CLEANUP(Token *, token_free) makes token_freep(). */
#define DEFINE_CLEANUP(type, func)                                                                 \
        static inline void func##p(type *p) {                                                      \
                if (*p)                                                                            \
                        func(*p);                                                                  \
        }                                                                                          \
        struct cleanup_##func##_semicolon

static inline void freep(void *p) {
        free(*(void **)p);
}

static inline void closep(int *fd) {
        if (*fd >= 0)
                close(*fd);
}
