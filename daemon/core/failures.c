/* Failures by who × remote, in tables that never grow and never forget a live entry for a new one.
 *
 * Two banks: remotes of this machine ("uid:N", "local") and all others, so that nobody's names from
 * afar crowd out the console's. Within a bank a remote has a region of its own to fill. When that
 * is full of live entries, whoever has none shares one count with the others of that remote: a
 * flood of invented names slows the strangers who send it, and no delay that stands becomes
 * shorter. Entries are found by 64 bits of a keyed hash; of names, only those that somebody has are
 * kept.
 *
 * 73,984 entries of 104 bytes: 7.7 MB when all are in use, and pages that nobody failed on cost
 * nothing; besides, the names, each in an allocation of its own. */

#include "core/failures.h"

#include <errno.h>
#include <nettle/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/throttle.h"
#include "wire/cleanup.h"
#include "wire/text.h"

/* Entries that one key may stand in. */
#define GROUP_SIZE 64U
/* Groups that one remote may fill: more users than fail behind one address in an hour. */
#define REGION_GROUPS 16U

#define FAR_REGIONS  64U /* 65,536 entries */
#define NEAR_REGIONS 4U
#define FAR_SHARED   4096U
#define NEAR_SHARED  256U

_Static_assert(FAILURES_SECRET_SIZE == SHA256_DIGEST_SIZE, "a whole HMAC key");

typedef struct Bank {
        Failures *entries; /* n_regions × REGION_GROUPS × GROUP_SIZE */
        size_t n_regions;
        Failures *shared; /* by remote; collisions share */
        size_t n_shared;
        int64_t last; /* nothing was counted in it later than this */
} Bank;

STAILQ_HEAD(FailureQueue, Failures);

enum { BANK_NEAR, BANK_FAR, _BANK_MAX };
enum { QUEUE_SOMEBODY, QUEUE_NOBODY, _QUEUE_MAX };

struct FailureTable {
        uint8_t secret[FAILURES_SECRET_SIZE];
        struct hmac_sha256_ctx keyed; /* with the secret in it, and nothing else */
        Bank banks[_BANK_MAX];
        /* Whoever invents names does not keep somebody's failures from being saved. */
        struct FailureQueue queues[_QUEUE_MAX];
        void (*on_dirty)(void *userdata);
        void *userdata;
};

/* Where a key stands, or would. */
typedef struct Place {
        uint64_t key;
        Failures *group;
        Failures *shared;
} Place;

static size_t bank_size(const Bank *bank) {
        return bank->n_regions * REGION_GROUPS * GROUP_SIZE;
}

static int bank_init(Bank *bank, size_t n_regions, size_t n_shared) {
        bank->n_regions = n_regions;
        bank->n_shared = n_shared;
        bank->last = -THROTTLE_FORGET_USEC;
        bank->entries = calloc(bank_size(bank), sizeof(Failures));
        bank->shared = calloc(n_shared, sizeof(Failures));
        return bank->entries && bank->shared ? 0 : -ENOMEM;
}

int failure_table_new(FailureTable **ret) {
        _cleanup_(failure_table_freep) FailureTable *table = calloc(1, sizeof(*table));

        if (!table)
                return -ENOMEM;
        for (size_t i = 0; i < _QUEUE_MAX; i++)
                STAILQ_INIT(&table->queues[i]);
        if (bank_init(&table->banks[BANK_NEAR], NEAR_REGIONS, NEAR_SHARED) < 0 ||
            bank_init(&table->banks[BANK_FAR], FAR_REGIONS, FAR_SHARED) < 0)
                return -ENOMEM;
        uint8_t secret[FAILURES_SECRET_SIZE];
        if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
                return -EIO;
        failure_table_set_secret(table, secret);
        explicit_bzero(secret, sizeof(secret));
        *ret = TAKE_PTR(table);
        return 0;
}

static void bank_done(Bank *bank) {
        for (size_t i = 0; bank->entries && i < bank_size(bank); i++)
                free(bank->entries[i].name);
        free(bank->entries);
        free(bank->shared);
}

FailureTable *failure_table_free(FailureTable *table) {
        if (!table)
                return NULL;
        for (size_t i = 0; i < _BANK_MAX; i++)
                bank_done(&table->banks[i]);
        explicit_bzero(table, sizeof(*table));
        free(table);
        return NULL;
}

void failure_table_freep(FailureTable **table) {
        *table = failure_table_free(*table);
}

const uint8_t *failure_table_secret(const FailureTable *table) {
        return table->secret;
}

void failure_table_set_secret(FailureTable *table, const uint8_t secret[FAILURES_SECRET_SIZE]) {
        memcpy(table->secret, secret, sizeof(table->secret));
        hmac_sha256_set_key(&table->keyed, sizeof(table->secret), secret);
}

void failure_table_on_dirty(FailureTable *table, void (*handler)(void *userdata), void *userdata) {
        table->on_dirty = handler;
        table->userdata = userdata;
}

/* The NUL between them keeps ("a", "bc") and ("ab", "c") apart. */
static uint64_t hash_texts(const FailureTable *table, const char *a, const char *b) {
        struct hmac_sha256_ctx context = table->keyed;
        uint64_t hash;

        hmac_sha256_update(&context, strlen(a) + 1, (const uint8_t *)a);
        hmac_sha256_update(&context, strlen(b), (const uint8_t *)b);
        hmac_sha256_digest(&context, sizeof(hash), (uint8_t *)&hash);
        return hash;
}

uint64_t failure_key(const FailureTable *table, const char *who, const char *remote) {
        uint64_t key = hash_texts(table, remote, who);

        return key != FAILURES_SHARED ? key : ~UINT64_C(0);
}

static bool remote_is_near(const char *remote) {
        return streq(remote, "local") || strncmp(remote, "uid:", strlen("uid:")) == 0;
}

static size_t bank_of(const char *remote) {
        return remote_is_near(remote) ? BANK_NEAR : BANK_FAR;
}

bool failure_table_is_quiet(const FailureTable *table, const char *remote, int64_t now) {
        const Bank *bank = &table->banks[bank_of(remote)];

        return now - bank->last >= THROTTLE_FORGET_USEC;
}

static Place place_of(const FailureTable *table, uint64_t key, const char *remote) {
        const Bank *bank = &table->banks[bank_of(remote)];
        uint64_t hash = hash_texts(table, remote, "");
        size_t group = hash % bank->n_regions * REGION_GROUPS + key % REGION_GROUPS;

        return (Place){
                .key = key,
                .group = bank->entries + group * GROUP_SIZE,
                .shared = bank->shared + (hash >> 32) % bank->n_shared,
        };
}

static bool is_recent(const Failures *failures, int64_t now) {
        return now - failures->last < THROTTLE_FORGET_USEC;
}

bool failures_are_live(const Failures *failures, int64_t now) {
        return failures->n > 0 && is_recent(failures, now);
}

static Failures *place_find(const Place *place, int64_t now) {
        for (size_t i = 0; i < GROUP_SIZE; i++)
                if (place->group[i].key == place->key && failures_are_live(&place->group[i], now))
                        return &place->group[i];
        return NULL;
}

/* One that was cleared waits until the store has heard of it, but not for ever. */
static bool is_free(const Failures *failures, int64_t now) {
        return !is_recent(failures, now) || (failures->n == 0 && !failures->is_dirty);
}

static bool is_own_old(const Place *place, const Failures *failures, int64_t now) {
        return failures->key == place->key && !failures_are_live(failures, now);
}

static bool place_has_room(const Place *place, int64_t now) {
        for (size_t i = 0; i < GROUP_SIZE; i++)
                if (is_free(&place->group[i], now) || is_own_old(place, &place->group[i], now))
                        return true;
        return false;
}

/* The key's own old one above all, so that it never stands in two. */
static Failures *place_find_free(const Place *place, int64_t now) {
        Failures *found = NULL;

        for (size_t i = 0; i < GROUP_SIZE; i++) {
                Failures *failures = &place->group[i];

                if (is_own_old(place, failures, now))
                        return failures;
                if (!found && is_free(failures, now))
                        found = failures;
        }
        return found;
}

Failures *failure_table_find(const FailureTable *table, uint64_t key, const char *remote,
                             int64_t now) {
        Place place = place_of(table, key, remote);
        Failures *own = key != FAILURES_SHARED ? place_find(&place, now) : NULL;

        if (own)
                return own;
        if (key != FAILURES_SHARED && place_has_room(&place, now))
                return NULL;
        return failures_are_live(place.shared, now) ? place.shared : NULL;
}

static void failures_renew(Failures *failures, uint64_t key, const char *remote) {
        free(TAKE_PTR(failures->name));
        failures->key = key;
        failures->n = 0;
        strcpy(failures->remote, remote);
}

Failures *failure_table_obtain(FailureTable *table, uint64_t key, const char *remote,
                               int64_t now) {
        Failures *failures = failure_table_find(table, key, remote, now);
        Place place = place_of(table, key, remote);
        Bank *bank = &table->banks[bank_of(remote)];

        bank->last = now > bank->last ? now : bank->last;
        if (failures)
                return failures;
        if (key != FAILURES_SHARED)
                failures = place_find_free(&place, now);
        if (!failures) {
                failures = place.shared;
                key = FAILURES_SHARED;
        }
        failures_renew(failures, key, remote);
        return failures;
}

void failure_table_touch(FailureTable *table, Failures *failures) {
        if (failures->is_dirty)
                return;
        failures->is_dirty = true;
        STAILQ_INSERT_TAIL(&table->queues[failures->name ? QUEUE_SOMEBODY : QUEUE_NOBODY], failures,
                           link);
        if (table->on_dirty)
                table->on_dirty(table->userdata);
}

Failures *failure_table_take(FailureTable *table) {
        for (size_t i = 0; i < _QUEUE_MAX; i++) {
                Failures *failures = STAILQ_FIRST(&table->queues[i]);

                if (!failures)
                        continue;
                STAILQ_REMOVE_HEAD(&table->queues[i], link);
                failures->is_dirty = false;
                return failures;
        }
        return NULL;
}

Failures *failure_table_at(const FailureTable *table, size_t i) {
        for (size_t bank = 0; bank < _BANK_MAX; bank++) {
                const Bank *current = &table->banks[bank];

                if (i < bank_size(current))
                        return &current->entries[i];
                i -= bank_size(current);
                if (i < current->n_shared)
                        return &current->shared[i];
                i -= current->n_shared;
        }
        return NULL;
}
