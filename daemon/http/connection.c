/* All deadlines are the same span away, so the list of those who wait is sorted by itself, and one
 * timer for its head is enough. A connection past its deadline is shut down; libmicrohttpd sees the
 * end and closes it. */

#include "http/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/journal.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* The store, the bus, listeners, and what NSS opens meanwhile. */
#define DESCRIPTORS_RESERVED 64U

TAILQ_HEAD(ConnectionList, Connection);

struct Connections {
        const Clock *clock;
        sd_event_source *timer;
        bool is_armed;
        struct ConnectionList all;
        struct ConnectionList waiting;
        size_t n_connections;
        size_t connections_max;
        int64_t timeout;
};

static void arm(Connections *set) {
        const Connection *first = TAILQ_FIRST(&set->waiting);
        int64_t left;

        if (!first || set->is_armed)
                return;
        left = first->since + set->timeout - clock_monotonic(set->clock);
        if (sd_event_source_set_time_relative(set->timer, left > 0 ? (uint64_t)left : 0) >= 0 &&
            sd_event_source_set_enabled(set->timer, SD_EVENT_ONESHOT) >= 0)
                set->is_armed = true;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Connections *set = userdata;
        int64_t now = clock_monotonic(set->clock);
        Connection *connection;

        set->is_armed = false;
        while ((connection = TAILQ_FIRST(&set->waiting)) &&
               connection->since + set->timeout <= now) {
                connection_pause(connection);
                connection_shut_down(connection, SHUT_RDWR);
        }
        arm(set);
        return 0;
}

DEFINE_CLEANUP(Connections *, connections_free);

int connections_new(sd_event *event, const Clock *clock, Connections **ret) {
        _cleanup_(connections_freep) Connections *set = calloc(1, sizeof(*set));
        int r;

        if (!set)
                return -ENOMEM;
        set->clock = clock;
        TAILQ_INIT(&set->all);
        TAILQ_INIT(&set->waiting);
        r = sd_event_add_time_relative(event, &set->timer, CLOCK_MONOTONIC, 0, 1, on_timer, set);
        if (r >= 0)
                r = sd_event_source_set_enabled(set->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(set);
        return 0;
}

Connections *connections_free(Connections *set) {
        if (!set)
                return NULL;
        sd_event_source_disable_unref(set->timer);
        free(set);
        return NULL;
}

/* Without a descriptor there is no connection, for root neither. */
static size_t bounded_by_descriptors(uint64_t connections_max) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
            limit.rlim_cur > connections_max + DESCRIPTORS_RESERVED)
                return (size_t)connections_max;
        log_warning("ConnectionsMax=%llu: %llu descriptors are too few for so many (LimitNOFILE=)",
                    (unsigned long long)connections_max, (unsigned long long)limit.rlim_cur);
        return limit.rlim_cur > 2 * DESCRIPTORS_RESERVED ? limit.rlim_cur - DESCRIPTORS_RESERVED
                                                         : limit.rlim_cur / 2;
}

void connections_set_limits(Connections *set, uint64_t connections_max, int64_t timeout) {
        set->connections_max = bounded_by_descriptors(connections_max);
        set->timeout = timeout;
        set->is_armed = false;
        arm(set);
}

static bool peer_equal(const Peer *a, const Peer *b) {
        return a->door == b->door &&
               (a->door == DOOR_SOCKET ? a->uid == b->uid : streq(a->remote, b->remote));
}

bool connections_admit(const Connections *set, const Peer *peer) {
        size_t most = set->connections_max, n = 0,
               share = most / (peer->door == DOOR_SOCKET ? 4 : 2);
        const Connection *connection;

        if (peer->door == DOOR_SOCKET && peer->uid == 0)
                return set->n_connections < most;
        if (set->n_connections >= most - most / 8)
                return false;
        TAILQ_FOREACH(connection, &set->all, all)
                n += peer_equal(&connection->peer, peer);
        return n < (share > 0 ? share : 1);
}

Connection *connection_new(Connections *set, int fd, struct Engine *engine, const Peer *peer) {
        Connection *connection = calloc(1, sizeof(*connection));
        if (!connection)
                return NULL;
        connection->set = set;
        connection->fd = fd;
        connection->engine = engine;
        connection->peer = *peer;
        TAILQ_INSERT_TAIL(&set->all, connection, all);
        set->n_connections++;
        connection_wait(connection);
        return connection;
}

Connection *connection_free(Connection *connection) {
        if (!connection)
                return NULL;
        connection_pause(connection);
        TAILQ_REMOVE(&connection->set->all, connection, all);
        connection->set->n_connections--;
        free(connection);
        return NULL;
}

Connection *connections_find(const Connections *set, int fd) {
        Connection *connection;
        /* It is the newest, or nearly so. */
        TAILQ_FOREACH_REVERSE(connection, &set->all, ConnectionList, all)
                if (connection->fd == fd)
                        return connection;
        return NULL;
}

void connection_wait(Connection *connection) {
        connection_pause(connection);
        connection->since = clock_monotonic(connection->set->clock);
        TAILQ_INSERT_TAIL(&connection->set->waiting, connection, waiting);
        connection->is_waiting = true;
        arm(connection->set);
}

void connection_pause(Connection *connection) {
        if (!connection->is_waiting)
                return;
        TAILQ_REMOVE(&connection->set->waiting, connection, waiting);
        connection->is_waiting = false;
}

void connection_shut_down(Connection *connection, int how) {
        (void)shutdown(connection->fd, how);
}

size_t connections_count(const Connections *set) {
        return set->n_connections;
}

Connection *connections_first(Connections *set) {
        return TAILQ_FIRST(&set->all);
}

Connection *connection_next(Connection *connection) {
        return TAILQ_NEXT(connection, all);
}
