/* Saves what has changed in the throttle: one batch at a time, and at most one a second, however
 * many fail. No caller waits for it, and a store that can't be written loses nothing but what a
 * crash takes with it: the batch is tried again, in front of what came later.
 *
 * Invariant: rows reach the store in the order in which they were taken. */

#include "core/throttle-keeper.h"

#include <errno.h>
#include <stdlib.h>

#include "base/journal.h"
#include "wire/cleanup.h"

/* A few ms of the writer's time. */
#define SAVE_ROWS       1000U
#define SAVE_EVERY_USEC USEC_PER_SEC
#define SAVE_RETRY_USEC (10 * USEC_PER_SEC)

enum KeeperState {
        KEEPER_LOADING, /* while it is made */
        KEEPER_IDLE,
        KEEPER_WAITING, /* for the timer, to save what there is then */
        KEEPER_SAVING,
};

/* What the answer to a batch finds, or that to the loading. */
typedef struct Save {
        ThrottleKeeper *keeper; /* NULL: it is gone */
} Save;

struct ThrottleKeeper {
        Store *store;
        Throttle *throttle;
        enum KeeperState state;
        sd_event_source *timer;
        Save *save; /* KEEPER_LOADING, KEEPER_SAVING */
        StoredFailures *rows; /* a batch that could not be saved */
        size_t n_rows;
        bool secret_is_saved;
        bool starts_anew; /* what the store has could not be read: nobody would find those rows */
        bool has_failed; /* the last batch, as the journal was told */
};

static void keeper_wait(ThrottleKeeper *keeper, uint64_t usec) {
        keeper->state = KEEPER_WAITING;
        (void)sd_event_source_set_time_relative(keeper->timer, usec);
        (void)sd_event_source_set_enabled(keeper->timer, SD_EVENT_ONESHOT);
}

static void on_change(void *userdata) {
        ThrottleKeeper *keeper = userdata;

        if (keeper->state == KEEPER_IDLE)
                keeper_wait(keeper, 0);
}

/* The next batch; n_failures is 0 when there is nothing to save. NULL: no memory. */
static StoreRequest *keeper_request(ThrottleKeeper *keeper) {
        _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_FAILURES_SAVE);

        if (!request)
                return NULL;
        if (!keeper->secret_is_saved && throttle_secret(keeper->throttle, &request->hash) < 0)
                return NULL;
        request->discards_earlier = keeper->starts_anew;
        if (keeper->rows) {
                request->failures = TAKE_PTR(keeper->rows);
                request->n_failures = TAKE(keeper->n_rows, 0);
                return TAKE_PTR(request);
        }
        request->failures = calloc(SAVE_ROWS, sizeof(StoredFailures));
        if (!request->failures)
                return NULL;
        request->n_failures = throttle_take(keeper->throttle, request->failures, SAVE_ROWS);
        return TAKE_PTR(request);
}

static void keeper_put_back(ThrottleKeeper *keeper, StoreRequest *request) {
        keeper->rows = TAKE_PTR(request->failures);
        keeper->n_rows = TAKE(request->n_failures, 0);
}

static void keeper_answered(ThrottleKeeper *keeper, StoreRequest *request) {
        if (request->result == 0) {
                keeper->secret_is_saved = true;
                keeper->has_failed = false;
                keeper->starts_anew = false;
                return keeper_wait(keeper, SAVE_EVERY_USEC);
        }
        if (!keeper->has_failed)
                journal_log(LOG_WARNING, &(JournalFields){ .error = request->result },
                            "failures are counted, but can't be saved");
        keeper->has_failed = true;
        keeper_put_back(keeper, request);
        keeper_wait(keeper, SAVE_RETRY_USEC);
}

static void saved(StoreRequest *request, void *userdata) {
        _cleanup_(freep) Save *save = userdata;

        if (!save->keeper)
                return;
        save->keeper->save = NULL;
        keeper_answered(save->keeper, request);
}

static int keeper_submit(ThrottleKeeper *keeper, StoreRequest *request, StoreHandler handler) {
        _cleanup_(freep) Save *save = calloc(1, sizeof(*save));
        int r;

        if (!save)
                return -ENOMEM;
        save->keeper = keeper;
        r = store_submit(keeper->store, request, handler, save);
        if (r < 0)
                return r;
        keeper->save = TAKE_PTR(save);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t time, void *userdata) {
        _cleanup_(store_request_freep) StoreRequest *request = NULL;
        ThrottleKeeper *keeper = userdata;

        throttle_follow_clock(keeper->throttle);
        request = keeper_request(keeper);
        if (!request) {
                keeper_wait(keeper, SAVE_RETRY_USEC);
                return 0;
        }
        if (request->n_failures == 0) {
                keeper->state = KEEPER_IDLE;
                return 0;
        }
        if (keeper_submit(keeper, request, saved) == 0) {
                TAKE_PTR(request);
                keeper->state = KEEPER_SAVING;
                return 0;
        }
        keeper_put_back(keeper, request);
        keeper_wait(keeper, SAVE_RETRY_USEC);
        return 0;
}

static void loaded(StoreRequest *request, void *userdata) {
        _cleanup_(freep) Save *save = userdata;
        ThrottleKeeper *keeper = save->keeper;
        int r = request->result;

        if (!keeper)
                return;
        keeper->save = NULL;
        keeper->state = KEEPER_IDLE;
        if (r == 0 && !secret_is_empty(&request->hash))
                r = throttle_set_secret(keeper->throttle, &request->hash);
        if (r != 0) {
                keeper->starts_anew = true;
                journal_log(LOG_WARNING, &(JournalFields){ .error = r },
                            "failures from before this start are forgotten");
                return;
        }
        keeper->secret_is_saved = !secret_is_empty(&request->hash);
        for (size_t i = 0; i < request->n_failures; i++)
                throttle_restore(keeper->throttle, &request->failures[i]);
}

/* Before the first attempt is judged; so it may block, as opening the store did. */
static int keeper_load(ThrottleKeeper *keeper) {
        _cleanup_(store_request_freep) StoreRequest *request =
                        store_request_new(STORE_FAILURES_LOAD);
        int r;

        if (!request)
                return -ENOMEM;
        request->urgent = true;
        r = keeper_submit(keeper, request, loaded);
        if (r < 0)
                return r;
        TAKE_PTR(request);
        while (r >= 0 && keeper->state == KEEPER_LOADING)
                r = store_wait(keeper->store);
        return r;
}

int throttle_keeper_new(sd_event *event, Store *store, Throttle *throttle, ThrottleKeeper **ret) {
        _cleanup_(throttle_keeper_freep) ThrottleKeeper *keeper = calloc(1, sizeof(*keeper));
        int r;

        if (!keeper)
                return -ENOMEM;
        keeper->store = store;
        keeper->throttle = throttle;
        r = sd_event_add_time(event, &keeper->timer, CLOCK_MONOTONIC, 0, 1, on_timer, keeper);
        if (r >= 0)
                r = sd_event_source_set_enabled(keeper->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = keeper_load(keeper);
        if (r < 0)
                return r;
        throttle_on_change(throttle, on_change, keeper);
        /* What the loading itself has changed. */
        keeper_wait(keeper, 0);
        *ret = TAKE_PTR(keeper);
        return 0;
}

static void ignored(StoreRequest *request, void *userdata) {
}

static void keeper_save_rest(ThrottleKeeper *keeper) {
        for (;;) {
                _cleanup_(store_request_freep) StoreRequest *request = keeper_request(keeper);

                if (!request || request->n_failures == 0 ||
                    store_submit(keeper->store, request, ignored, NULL) < 0)
                        return;
                TAKE_PTR(request);
                keeper->starts_anew = false;
        }
}

ThrottleKeeper *throttle_keeper_free(ThrottleKeeper *keeper) {
        if (!keeper)
                return NULL;
        if (keeper->save) {
                keeper->save->keeper = NULL;
                keeper->starts_anew = false; /* its rows come first */
        }
        if (keeper->state != KEEPER_LOADING) {
                throttle_follow_clock(keeper->throttle);
                keeper_save_rest(keeper);
        }
        throttle_on_change(keeper->throttle, NULL, NULL);
        sd_event_source_disable_unref(keeper->timer);
        for (size_t i = 0; i < keeper->n_rows; i++)
                free(keeper->rows[i].name);
        free(keeper->rows);
        free(keeper);
        return NULL;
}

void throttle_keeper_freep(ThrottleKeeper **keeper) {
        *keeper = throttle_keeper_free(*keeper);
}
