#pragma once

/* Who asks: first what the kernel and the bus say (Peer), then what was proven (Caller). */

#include <stdint.h>
#include <sys/types.h>

#include "base/client.h"
#include "base/token.h"

enum Door {
        DOOR_SOCKET, /* peer credentials by SO_PEERCRED */
        DOOR_TCP,    /* nobody is known: even a local caller is anonymous */
        DOOR_BUS,    /* uid by the bus's own credentials */
};

#define PEER_REMOTE_MAX 64

typedef struct Peer {
        enum Door door;
        uint32_t uid;                 /* UID_NONE over TCP */
        /* "uid:1000", "192.0.2.1", "2001:db8::/64": the throttle's key */
        char remote[PEER_REMOTE_MAX];
        int64_t received;             /* µs monotonic: when the whole request had come in */
} Peer;

/* What a request brought along to prove who it is; empty fields were not there. Borrowed. */
typedef struct Credentials {
        Peer peer;
        const char *client_id;
        const Secret *client_secret;
        const Secret *client_secret_raw; /* another reading of the same Basic header, see http.md */
        const char *client_id_raw;
        const Secret *bearer;
} Credentials;

enum CallerKind {
        CALLER_ANONYMOUS,    /* TCP without credentials */
        CALLER_ROOT,         /* uid 0 on the socket or the bus, as client "local" */
        CALLER_UID,          /* another uid there */
        CALLER_CLIENT,       /* proved its secret */
        CALLER_USER_TOKEN,   /* a live Bearer token of a user */
        CALLER_CLIENT_TOKEN, /* a live Bearer token of a client */
};

typedef struct Caller {
        Peer peer;
        enum CallerKind kind;
        Client *client; /* CALLER_CLIENT: who; a reference */
        Token *token;   /* CALLER_*_TOKEN: the token; a reference */
} Caller;

#define CALLER_INIT ((Caller){ 0 })
void caller_done(Caller *caller);
