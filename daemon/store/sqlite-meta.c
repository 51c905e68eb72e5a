/* The numbers in the table meta, and the clock's high-water mark among them.
 *
 * They are changed in memory and written with the transaction that changed them; a rollback puts
 * back what the database has.
 *
 * Whether the clock was turned back is judged by the latest time that anybody named, which is in
 * memory and goes back only when what had expired by it is gone for good. The mark is what a start
 * finds of it: after a crash it may be CLOCK_STORE_USEC too early, and what expired in between can
 * live again if the clock was turned back as well. */

#include <errno.h>
#include <stddef.h>

#include "store/sqlite-backend.h"

static const struct {
        const char *name;
        size_t offset;
} counters[] = {
        { "epoch",  offsetof(Counters, epoch)  },
        { "tokens", offsetof(Counters, tokens) },
        { "logins", offsetof(Counters, logins) },
        { "clock",  offsetof(Counters, clock)  },
};

static int64_t *counter(Counters *all, size_t i) {
        return (int64_t *)((char *)all + counters[i].offset);
}

int counters_load(Backend *backend) {
        for (size_t i = 0; i < ELEMENTSOF(counters); i++) {
                int r = SQL_NUMBER(counter(&backend->stored, i), backend,
                                   "SELECT value FROM meta WHERE name = ?1",
                                   sql_text(counters[i].name));

                if (r < 0)
                        return r;
                if (r == 0)
                        return -EUCLEAN;
        }
        backend->counters = backend->stored;
        clock_raise(backend, backend->stored.clock);
        return 0;
}

int counters_store(Backend *backend) {
        for (size_t i = 0; i < ELEMENTSOF(counters); i++) {
                int64_t value = *counter(&backend->counters, i);
                int r;

                if (value == *counter(&backend->stored, i))
                        continue;
                r = SQL(backend, "UPDATE meta SET value = ?2 WHERE name = ?1",
                        sql_text(counters[i].name), sql_integer(value));
                if (r < 0)
                        return r;
        }
        return 0;
}

void clock_raise(Backend *backend, int64_t now) {
        int64_t latest = *backend->latest;

        while (now > latest && !atomic_compare_exchange_weak(backend->latest, &latest, now))
                ;
}

static bool is_turned_back(int64_t latest, int64_t now) {
        return latest > INT64_MIN + CLOCK_JUMP_USEC && now < latest - CLOCK_JUMP_USEC;
}

int64_t clock_expired_by(const Backend *backend, int64_t now) {
        int64_t latest = *backend->latest;

        return is_turned_back(latest, now) && latest != backend->turned_from ? latest : now;
}

/* What had expired by the latest time must not live again now that the clock says that it is
 * earlier. The tokens' deletion and the new mark are one transaction. */
static int clock_turned_back(Backend *backend, int64_t latest, int64_t now) {
        int r;

        r = SQL(backend, "DELETE FROM tokens WHERE expires <= ?1", sql_integer(latest));
        if (r < 0)
                return r;
        backend->counters.tokens -= sql_changes(backend);
        r = SQL(backend, "DELETE FROM logins WHERE state = ?1 AND expires <= ?2",
                sql_integer(LOGIN_FAMILY), sql_integer(latest));
        if (r < 0)
                return r;
        backend->counters.clock = now;
        backend->turned_from = latest;
        return failures_follow_clock(backend, now);
}

int clock_follow(Backend *backend, int64_t now) {
        int64_t latest = *backend->latest;

        if (is_turned_back(latest, now))
                return clock_turned_back(backend, latest, now);
        clock_raise(backend, now);
        if (now >= backend->counters.clock + CLOCK_STORE_USEC)
                backend->counters.clock = now;
        return 0;
}

/* Has somebody named a later time meanwhile, the next transaction removes what expired by that. */
void clock_committed(Backend *backend) {
        int64_t from = backend->turned_from;

        backend->turned_from = 0;
        if (from != 0)
                atomic_compare_exchange_strong(backend->latest, &from, backend->stored.clock);
}

void clock_rolled_back(Backend *backend) {
        backend->turned_from = 0;
}

int64_t epoch_next(Backend *backend) {
        return ++backend->counters.epoch;
}

int grave_dig(Backend *backend, enum GraveKind kind, const char *owner, int64_t epoch) {
        return SQL(backend,
                   "INSERT INTO graves(kind, owner, epoch) VALUES (?1, ?2, ?3)"
                   " ON CONFLICT (kind, owner) DO UPDATE SET epoch = excluded.epoch",
                   sql_integer(kind), sql_text(owner), sql_integer(epoch));
}
