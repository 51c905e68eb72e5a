/* TokenNew, TokenRemoved and, in a storm, TokensChanged.
 *
 * Time is cut into seconds that begin with a signal. At most SIGNALS_MAX are sent in one; the rest
 * is counted and told at its end. A second that follows one above the bound is counted as a whole.
 * Signals are broadcast: every local user can read them, so they carry the public id only. */

#include "bus/signals.h"

#include <time.h>

#include "base/journal.h"
#include "bus/bus-internal.h"
#include "bus/token-properties.h"

static int on_second(sd_event_source *source, uint64_t now, void *userdata);

static void window_reset(Signals *signals, bool is_storm) {
        signals->n_window = signals->n_added = signals->n_removed = 0;
        signals->is_storm = is_storm;
}

/* A second that begins now, unless one is under way. */
static bool window_begin(Bus *bus) {
        return bus->signals.window ||
               sd_event_add_time_relative(bus->options.event, &bus->signals.window, CLOCK_MONOTONIC,
                                          USEC_PER_SEC, 1, on_second, bus) >= 0;
}

static void log_unsent(int r) {
        if (r < 0)
                journal_log(LOG_DEBUG, &(JournalFields){ .error = r }, "cannot send a signal");
}

static int on_second(sd_event_source *source, uint64_t now, void *userdata) {
        Bus *bus = userdata;
        Signals *signals = &bus->signals;
        bool is_storm = signals->n_window > SIGNALS_MAX;

        if (bus->connection && signals->n_added + signals->n_removed > 0)
                log_unsent(sd_bus_emit_signal(bus->connection, MANAGER_PATH, MANAGER_INTERFACE,
                                              "TokensChanged", "uu", signals->n_added,
                                              signals->n_removed));
        window_reset(signals, is_storm);
        if (is_storm && sd_event_source_set_time(source, now + USEC_PER_SEC) >= 0 &&
            sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) >= 0)
                return 0;
        signals->is_storm = false;
        signals->window = sd_event_source_disable_unref(signals->window);
        return 0;
}

/* Whether this one may be sent by itself. Without a timer nothing could end a second: then it may
 * not be sent at all. */
static bool admit(Bus *bus, unsigned *counter) {
        Signals *signals = &bus->signals;

        if (!window_begin(bus))
                return false;
        signals->n_window++;
        if (!signals->is_storm && signals->n_window <= SIGNALS_MAX)
                return true;
        (*counter)++;
        return false;
}

void signals_done(Signals *signals) {
        signals->window = sd_event_source_disable_unref(signals->window);
        window_reset(signals, false);
}

void bus_token_new(Bus *bus, const Token *token) {
        char id[TOKEN_ID_SIZE + 1], path[TOKEN_PATH_SIZE];

        if (!bus || !bus->connection || !admit(bus, &bus->signals.n_added))
                return;
        token_hash_to_id(&token->hash, id);
        token_to_path(token, path);
        log_unsent(sd_bus_emit_signal(bus->connection, MANAGER_PATH, MANAGER_INTERFACE, "TokenNew",
                                      "so", id, path));
}

void bus_token_removed(Bus *bus, const char *id, const char *reason) {
        char path[TOKEN_PATH_SIZE];
        TokenHash hash;

        if (!bus || !bus->connection || token_hash_from_id(id, &hash) < 0 ||
            !admit(bus, &bus->signals.n_removed))
                return;
        token_id_to_path(id, path);
        log_unsent(sd_bus_emit_signal(bus->connection, path, PROPERTIES_INTERFACE,
                                      "PropertiesChanged", "sa{sv}as", TOKEN_INTERFACE, 1, "State",
                                      "s", "revoked", 0));
        log_unsent(sd_bus_emit_signal(bus->connection, MANAGER_PATH, MANAGER_INTERFACE,
                                      "TokenRemoved", "sos", id, path, reason ? reason : ""));
}

void bus_tokens_removed(Bus *bus, uint64_t n) {
        if (!bus || !bus->connection || !window_begin(bus))
                return;
        n += bus->signals.n_removed;
        bus->signals.n_removed = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* Says that it was used, not when: who may know asks for the property. */
void bus_token_used(Bus *bus, const TokenHash *hash) {
        char path[TOKEN_PATH_SIZE];
        unsigned untold = 0;

        if (!bus || !bus->connection || !admit(bus, &untold))
                return;
        token_to_path(&(Token){ .hash = *hash }, path);
        log_unsent(sd_bus_emit_signal(bus->connection, path, PROPERTIES_INTERFACE,
                                      "PropertiesChanged", "sa{sv}as", TOKEN_INTERFACE, 0, 1,
                                      "LastUsedUSec"));
}
