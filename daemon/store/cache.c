/* The cache of live tokens.
 *
 * Entries are of one size and stand in one array; a number is all that is needed to find one, and 0
 * is none. They are found by a chained hash table that grows by one bucket at a time (linear
 * hashing), so nothing ever waits for all of it to be moved. What tokens have in common is kept
 * once (profiles.h).
 *
 * Forgetting an owner, or all, is one increment, which profiles remember, or of a login's
 * generation, which entries remember. Entries that no longer match are not found, and go when they
 * are met: by a look-up, or by one of those that come in, each of which looks at the next few, and
 * after clearing by those that are asked for as well. Memory is given back in pieces once all have
 * gone, but for the tables by which profiles and logins are found. Logins share generations; who is
 * forgotten with somebody else's login is found again by the store. */

#include "store/cache.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/profiles.h"
#include "store/region.h"
#include "wire/text.h"

#define ENTRIES_MAX       (1U << 30)
#define BUCKETS_FIRST     16U
#define BUCKETS_PER_ENTRY 2U
/* One that is dead must go for each that comes in, while about half of them are dead. */
#define SWEPT_PER_PUT    2U
#define SWEPT_OF_CLEARED 8U
#define LOGINS_MIN       1024U
#define NO_LOGIN         (UINT64_MAX >> 1)
#define LOGIN_SIZE       (TOKEN_ID_SIZE / 2)
/* How many may be passed over for one that goes, so that nothing waits for all of them. */
#define PASSED_OVER_MAX 64U

typedef struct Entry {
        TokenHash hash;
        uint32_t next;    /* in its bucket, or of those that are free */
        uint32_t profile; /* 0: free */
        int64_t created;
        int64_t expires;
        int64_t last_used;
        int64_t login_epoch;
        uint64_t login_generation : 63; /* NO_LOGIN */
        uint64_t is_asked : 1;          /* since it was passed over */
        uint8_t login[LOGIN_SIZE];
} Entry;

_Static_assert(sizeof(Entry) == 96, "no byte more for any of ten million");

struct Cache {
        Region entries; /* of Entry; the first is never used */
        Region buckets; /* of uint32_t */
        Region logins;  /* of uint64_t: generations */
        Profiles *profiles;
        size_t n_logins; /* a power of two */
        uint32_t n_entries, entries_max;
        uint32_t n_cleared; /* of them, to go */
        uint32_t n_touched; /* those up to this number were used since there was none */
        uint32_t first_free;
        uint32_t n_buckets, bucket_mask; /* mask + 1 is the largest power of two within */
        uint32_t evicted, swept;         /* the last ones */
        bool gives_back;                 /* spares each look-up to ask whether there is something */
        int64_t latest;                  /* the latest now that anybody named */
};

static Entry *entry_at(const Cache *cache, uint32_t number) {
        return (Entry *)cache->entries.at + number;
}

static size_t entries_size(const Cache *cache) {
        return (cache->n_touched + 1ULL) * sizeof(Entry);
}

static size_t buckets_size(const Cache *cache) {
        return (size_t)cache->n_buckets * sizeof(uint32_t);
}

/* There is no entry, and all buckets are empty. */
static void cache_start(Cache *cache) {
        region_note(&cache->entries, entries_size(cache));
        region_note(&cache->buckets, buckets_size(cache));
        cache->gives_back = true;
        cache->n_touched = cache->first_free = 0;
        cache->evicted = cache->swept = 0;
        cache->n_buckets = BUCKETS_FIRST;
        cache->bucket_mask = BUCKETS_FIRST - 1;
}

static int cache_reserve(Cache *cache) {
        size_t n = (size_t)cache->entries_max + 1;
        int r;

        cache->n_logins = LOGINS_MIN;
        while (cache->n_logins < n)
                cache->n_logins *= 2;
        if ((r = region_init(&cache->entries, n, sizeof(Entry))) < 0 ||
            (r = region_init(&cache->buckets, BUCKETS_FIRST + n * BUCKETS_PER_ENTRY,
                             sizeof(uint32_t))) < 0 ||
            (r = region_init(&cache->logins, cache->n_logins, sizeof(uint64_t))) < 0)
                return r;
        /* One that comes in is there before another one goes. */
        return profiles_new(cache->entries_max + 1, &cache->profiles);
}

int cache_new(size_t tokens_max, Cache **ret) {
        _cleanup_(cache_freep) Cache *cache = calloc(1, sizeof(*cache));
        int r;

        if (!cache)
                return -ENOMEM;
        cache->entries_max = tokens_max < ENTRIES_MAX ? (uint32_t)tokens_max : ENTRIES_MAX;
        cache->latest = INT64_MIN;
        r = cache_reserve(cache);
        if (r < 0)
                return r;
        cache_start(cache);
        *ret = TAKE_PTR(cache);
        return 0;
}

Cache *cache_free(Cache *cache) {
        if (!cache)
                return NULL;
        profiles_free(cache->profiles);
        region_done(&cache->entries);
        region_done(&cache->buckets);
        region_done(&cache->logins);
        free(cache);
        return NULL;
}

void cache_freep(Cache **cache) {
        *cache = cache_free(*cache);
}

/* The key is a digest already. */
static uint64_t hash_number(const TokenHash *hash) {
        uint64_t number;

        memcpy(&number, hash->bytes, sizeof(number));
        return number;
}

/* Buckets from n_buckets on have not been split off yet from those with half their number. */
static uint32_t *bucket_of(const Cache *cache, const TokenHash *hash) {
        uint64_t number = hash_number(hash);
        uint64_t bucket = number & ((uint64_t)cache->bucket_mask * 2 + 1);

        if (bucket >= cache->n_buckets)
                bucket = number & cache->bucket_mask;
        return (uint32_t *)cache->buckets.at + bucket;
}

static void bucket_add(Cache *cache, uint32_t number) {
        Entry *entry = entry_at(cache, number);
        uint32_t *bucket = bucket_of(cache, &entry->hash);

        entry->next = *bucket;
        *bucket = number;
}

static void bucket_split(Cache *cache) {
        uint32_t *buckets = cache->buckets.at;
        uint32_t *from = &buckets[cache->n_buckets & cache->bucket_mask];
        uint32_t number = *from;

        region_prepare(&cache->buckets, buckets_size(cache));
        *from = buckets[cache->n_buckets++] = 0;
        while (number != 0) {
                uint32_t next = entry_at(cache, number)->next;

                bucket_add(cache, number);
                number = next;
        }
        if (cache->n_buckets > cache->bucket_mask * 2 + 1)
                cache->bucket_mask = cache->bucket_mask * 2 + 1;
}

static uint32_t entry_find(const Cache *cache, const TokenHash *hash) {
        uint32_t number = *bucket_of(cache, hash);

        while (number != 0 &&
               memcmp(entry_at(cache, number)->hash.bytes, hash->bytes, TOKEN_HASH_SIZE) != 0)
                number = entry_at(cache, number)->next;
        return number;
}

static void entry_remove(Cache *cache, uint32_t number) {
        Entry *entry = entry_at(cache, number);
        uint32_t *place = bucket_of(cache, &entry->hash);

        while (*place != number)
                place = &entry_at(cache, *place)->next;
        *place = entry->next;
        if (profile_is_cleared(cache->profiles, entry->profile))
                cache->n_cleared--;
        profiles_leave(cache->profiles, TAKE(entry->profile, 0));
        entry->next = cache->first_free;
        cache->first_free = number;
        if (--cache->n_entries == 0)
                cache_start(cache);
}

/* A login's id is the beginning of a digest too. */
static uint64_t *login_generation(const Cache *cache, const uint8_t login[static LOGIN_SIZE]) {
        uint64_t number;

        memcpy(&number, login, sizeof(number));
        return (uint64_t *)cache->logins.at + (number & (cache->n_logins - 1));
}

static bool entry_is_dead(const Cache *cache, const Entry *entry, int64_t now) {
        return entry->expires <= now || profile_is_outdated(cache->profiles, entry->profile) ||
               (entry->login_generation != NO_LOGIN &&
                entry->login_generation != *login_generation(cache, entry->login));
}

/* What expired by the latest time stays expired when the clock is turned back: the store decides
 * about all of it anew. */
void cache_follow_clock(Cache *cache, int64_t now) {
        if (cache->latest > INT64_MIN + CLOCK_JUMP_USEC && now < cache->latest - CLOCK_JUMP_USEC) {
                cache_clear(cache);
                cache->latest = now;
        }
        if (now > cache->latest)
                cache->latest = now;
}

static uint32_t entry_after(const Cache *cache, uint32_t number) {
        return number >= cache->n_touched ? 1 : number + 1;
}

static void cache_sweep(Cache *cache, unsigned n) {
        for (unsigned i = 0; i < n && cache->n_entries > 0; i++) {
                Entry *entry;

                cache->swept = entry_after(cache, cache->swept);
                entry = entry_at(cache, cache->swept);
                if (entry->profile != 0 && entry_is_dead(cache, entry, cache->latest))
                        entry_remove(cache, cache->swept);
        }
}

static void cache_tidy(Cache *cache) {
        if (cache->n_cleared > 0)
                cache_sweep(cache, SWEPT_OF_CLEARED);
        if (cache->gives_back)
                cache->gives_back = region_give_back(&cache->entries, entries_size(cache)) ||
                                    region_give_back(&cache->buckets, buckets_size(cache)) ||
                                    profiles_give_back(cache->profiles);
}

Token *cache_get(Cache *cache, const TokenHash *hash, int64_t now) {
        uint32_t number;
        Entry *entry;
        Token *token;

        cache_follow_clock(cache, now);
        cache_tidy(cache);
        number = entry_find(cache, hash);
        if (number == 0)
                return NULL;
        entry = entry_at(cache, number);
        if (entry_is_dead(cache, entry, now)) {
                entry_remove(cache, number);
                return NULL;
        }
        token = profile_token_new(profile_at(cache->profiles, entry->profile));
        if (!token)
                return NULL;
        token->hash = entry->hash;
        token->created = entry->created;
        token->expires = entry->expires;
        token->last_used = entry->last_used;
        token->login_epoch = entry->login_epoch;
        if (entry->login_generation != NO_LOGIN) {
                hex_encode(entry->login, LOGIN_SIZE, token->login_text);
                token->login = token->login_text;
        }
        entry->is_asked = true;
        return token;
}

/* Called when all entries are used. */
static void cache_evict(Cache *cache) {
        for (unsigned i = 0; i < PASSED_OVER_MAX; i++) {
                cache->evicted = entry_after(cache, cache->evicted);
                if (!entry_at(cache, cache->evicted)->is_asked)
                        break;
                entry_at(cache, cache->evicted)->is_asked = false;
        }
        entry_remove(cache, cache->evicted);
}

static uint32_t entry_take_free(Cache *cache) {
        uint32_t number = cache->first_free;

        if (number == 0) {
                region_prepare(&cache->entries, entries_size(cache));
                return ++cache->n_touched;
        }
        cache->first_free = entry_at(cache, number)->next;
        return number;
}

static void entry_add(Cache *cache, const Entry *entry) {
        uint32_t number = entry_take_free(cache);

        *entry_at(cache, number) = *entry;
        cache->n_entries++;
        while (cache->n_buckets < cache->n_entries * BUCKETS_PER_ENTRY)
                bucket_split(cache);
        bucket_add(cache, number);
}

void cache_put(Cache *cache, const Token *token) {
        Entry entry = {
                .hash = token->hash,
                .created = token->created,
                .expires = token->expires,
                .last_used = token->last_used,
                .login_epoch = token->login_epoch,
                .login_generation = NO_LOGIN,
        };

        if (cache->entries_max == 0)
                return;
        cache_forget(cache, &token->hash);
        if (token->kind != TOKEN_ACCESS || token->used != 0)
                return;
        if (token->login) {
                if (hex_decode(token->login, entry.login, LOGIN_SIZE) < 0)
                        return;
                entry.login_generation = *login_generation(cache, entry.login);
        }
        cache_tidy(cache);
        cache_sweep(cache, SWEPT_PER_PUT);
        entry.profile = profiles_use(cache->profiles, token);
        if (entry.profile == 0)
                return;
        if (cache->n_entries >= cache->entries_max)
                cache_evict(cache);
        entry_add(cache, &entry);
}

void cache_forget(Cache *cache, const TokenHash *hash) {
        uint32_t number = entry_find(cache, hash);

        if (number != 0)
                entry_remove(cache, number);
}

void cache_forget_user(Cache *cache, const char *user_id) {
        profiles_forget(cache->profiles, OWNER_USER, user_id);
}

void cache_forget_client(Cache *cache, const char *client_id) {
        profiles_forget(cache->profiles, OWNER_CLIENT, client_id);
}

void cache_forget_login(Cache *cache, const char *login) {
        uint8_t id[LOGIN_SIZE];

        if (login && hex_decode(login, id, LOGIN_SIZE) == 0)
                (*login_generation(cache, id))++;
}

void cache_clear(Cache *cache) {
        profiles_clear(cache->profiles);
        cache->n_cleared = cache->n_entries;
}

size_t cache_size(const Cache *cache) {
        return cache->n_entries - cache->n_cleared;
}
