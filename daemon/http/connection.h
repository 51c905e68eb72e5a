#pragma once

/* The connections of all listeners: who may have how many, and until when a client may take its
 * time. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "base/clock.h"
#include "http/address.h"

typedef struct Connection Connection;
typedef struct Connections Connections;
struct Engine;
struct Exchange;

struct Connection {
        Connections *set;
        TAILQ_ENTRY(Connection) all;
        TAILQ_ENTRY(Connection) waiting;
        int fd; /* libmicrohttpd's */
        struct Engine *engine;
        struct Exchange *exchange; /* NULL: idle */
        Peer peer;
        Address local; /* DOOR_TCP */
        int64_t since; /* µs monotonic: the client's turn began */
        bool is_waiting;
        bool has_served;
};

/* Limits follow connections_max: a peer on the socket may have a quarter of it, a remote address
 * half (on loopback that is every service of the machine), an eighth is for root alone. Never more
 * than the process has descriptors for. */
int connections_new(sd_event *event, const Clock *clock, Connections **ret);
Connections *connections_free(Connections *set);
void connections_set_limits(Connections *set, uint64_t connections_max, int64_t timeout);

bool connections_admit(const Connections *set, const Peer *peer);
/* The client's turn begins. NULL: no memory. */
Connection *connection_new(Connections *set, int fd, struct Engine *engine, const Peer *peer);
Connection *connection_free(Connection *connection);
/* NULL: none. */
Connection *connections_find(const Connections *set, int fd);

/* The client's turn begins anew: its socket is shut down unless connection_pause() or this comes
 * within the timeout. */
void connection_wait(Connection *connection);
/* Our turn: no deadline. */
void connection_pause(Connection *connection);
void connection_shut_down(Connection *connection, int how);

size_t connections_count(const Connections *set);
Connection *connections_first(Connections *set);
Connection *connection_next(Connection *connection);
