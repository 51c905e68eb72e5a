#pragma once

/* A listening socket of ours: bound or inherited, and its accept loop. */

#include <systemd/sd-event.h>

#include "http/address.h"

typedef struct Listener Listener;

/* Whom to give what was accepted: takes fd. local is NULL on the Unix socket. */
typedef void (*AcceptHandler)(void *userdata, int fd, const Peer *peer, const Address *remote,
                              const Address *local);

typedef struct ListenerOptions {
        sd_event *event;
        AcceptHandler handler;
        void *userdata;
} ListenerOptions;

/* Binds path, mode 0666. A dead socket there is unlinked; one that answers: -EADDRINUSE; a file
 * that is no socket: -EEXIST. On failure ret_message says what; the caller frees it. */
int listener_new_unix(const ListenerOptions *options, const char *path, Listener **ret,
                      char **ret_message);
/* text as in Listen=. */
int listener_new_tcp(const ListenerOptions *options, const char *text, Listener **ret,
                     char **ret_message);
/* Takes fd on success: a listening stream socket, whose path is never unlinked. */
int listener_new_inherited(const ListenerOptions *options, int fd, Listener **ret,
                           char **ret_message);
/* Closes; unlinks the path when it is still the one that was bound here. */
Listener *listener_free(Listener *listener);
void listener_freep(Listener **listener);

/* What it was made from, NULL when inherited. */
const char *listener_text(const Listener *listener);
/* NULL: the Unix socket. */
const Address *listener_address(const Listener *listener);
/* "127.0.0.1:7450", or the socket's path. */
const char *listener_name(const Listener *listener);
