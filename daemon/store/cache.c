/* The cache of live tokens: a chained hash table by TokenHash and a list in the order of use.
 *
 * A token's owners (user, client, login) are interned, each with a generation; the entry remembers
 * the generations of the moment it was put in. Forgetting an owner is one increment, whatever the
 * number of its tokens: entries that no longer match are not found, and go when they are met or
 * when their turn to be evicted comes. An owner stays interned as long as an entry points to it. */

#include "store/cache.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "wire/text.h"

enum OwnerKind { OWNER_USER, OWNER_CLIENT, OWNER_LOGIN, _OWNER_KIND_MAX };

typedef struct Owner {
        struct Owner *next; /* in its bucket */
        enum OwnerKind kind;
        size_t n_entries;
        uint64_t generation;
        char id[];
} Owner;

typedef struct Entry {
        struct Entry *next;            /* in its bucket */
        struct Entry *newer, *older;   /* by use */
        Token *token;
        Owner *owners[_OWNER_KIND_MAX]; /* NULL: it has none of that kind */
        uint64_t generations[_OWNER_KIND_MAX];
} Entry;

struct Cache {
        size_t n_entries, entries_max;
        size_t n_buckets; /* a power of two; of both tables */
        Entry **entries;
        Owner **owners;
        Entry *newest, *oldest;
        int64_t latest; /* the latest now that anybody named */
};

int cache_new(size_t tokens_max, Cache **ret) {
        _cleanup_(cache_freep) Cache *cache = calloc(1, sizeof(*cache));

        if (!cache)
                return -ENOMEM;
        cache->entries_max = tokens_max;
        cache->latest = INT64_MIN;
        cache->n_buckets = 16;
        while (cache->n_buckets < tokens_max && cache->n_buckets < SIZE_MAX / 64)
                cache->n_buckets *= 2;
        cache->entries = calloc(cache->n_buckets, sizeof(Entry *));
        cache->owners = calloc(cache->n_buckets, sizeof(Owner *));
        if (!cache->entries || !cache->owners)
                return -ENOMEM;
        *ret = TAKE_PTR(cache);
        return 0;
}

Cache *cache_free(Cache *cache) {
        if (!cache)
                return NULL;
        cache_clear(cache);
        free(cache->entries);
        free(cache->owners);
        free(cache);
        return NULL;
}

void cache_freep(Cache **cache) {
        *cache = cache_free(*cache);
}

/* The key is a digest already. */
static Entry **entry_bucket(Cache *cache, const TokenHash *hash) {
        uint64_t number;

        memcpy(&number, hash->bytes, sizeof(number));
        return &cache->entries[number & (cache->n_buckets - 1)];
}

static Entry *entry_find(Cache *cache, const TokenHash *hash) {
        for (Entry *entry = *entry_bucket(cache, hash); entry; entry = entry->next)
                if (memcmp(entry->token->hash.bytes, hash->bytes, TOKEN_HASH_SIZE) == 0)
                        return entry;
        return NULL;
}

/* FNV-1a: ids are given by administrators, nobody gains by collisions. */
static Owner **owner_bucket(Cache *cache, enum OwnerKind kind, const char *id) {
        uint64_t number = 0xcbf29ce484222325ULL + kind;

        for (const char *c = id; *c; c++)
                number = (number ^ (uint8_t)*c) * 0x100000001b3ULL;
        return &cache->owners[(number ^ number >> 32) & (cache->n_buckets - 1)];
}

static Owner *owner_find(Cache *cache, enum OwnerKind kind, const char *id) {
        for (Owner *owner = *owner_bucket(cache, kind, id); owner; owner = owner->next)
                if (owner->kind == kind && streq(owner->id, id))
                        return owner;
        return NULL;
}

static Owner *owner_intern(Cache *cache, enum OwnerKind kind, const char *id) {
        Owner *owner = owner_find(cache, kind, id);
        Owner **bucket = owner_bucket(cache, kind, id);
        size_t size = strlen(id) + 1;

        if (!owner) {
                owner = calloc(1, sizeof(*owner) + size);
                if (!owner)
                        return NULL;
                owner->kind = kind;
                memcpy(owner->id, id, size);
                owner->next = *bucket;
                *bucket = owner;
        }
        owner->n_entries++;
        return owner;
}

static void owner_release(Cache *cache, Owner *owner) {
        Owner **place;

        if (--owner->n_entries > 0)
                return;
        place = owner_bucket(cache, owner->kind, owner->id);
        while (*place != owner)
                place = &(*place)->next;
        *place = owner->next;
        free(owner);
}

static void use_unlink(Cache *cache, Entry *entry) {
        *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
        *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
        entry->newer = entry->older = NULL;
}

static void use_link(Cache *cache, Entry *entry) {
        entry->older = cache->newest;
        *(entry->older ? &entry->older->newer : &cache->oldest) = entry;
        cache->newest = entry;
}

static void entry_free(Cache *cache, Entry *entry) {
        for (size_t i = 0; i < _OWNER_KIND_MAX; i++)
                if (entry->owners[i])
                        owner_release(cache, entry->owners[i]);
        token_unref(entry->token);
        free(entry);
}

static void entry_remove(Cache *cache, Entry *entry) {
        Entry **place = entry_bucket(cache, &entry->token->hash);

        while (*place != entry)
                place = &(*place)->next;
        *place = entry->next;
        use_unlink(cache, entry);
        cache->n_entries--;
        entry_free(cache, entry);
}

static bool entry_is_outdated(const Entry *entry) {
        for (size_t i = 0; i < _OWNER_KIND_MAX; i++)
                if (entry->owners[i] && entry->generations[i] != entry->owners[i]->generation)
                        return true;
        return false;
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

Token *cache_get(Cache *cache, const TokenHash *hash, int64_t now) {
        Entry *entry;

        cache_follow_clock(cache, now);
        entry = entry_find(cache, hash);
        if (!entry)
                return NULL;
        if (entry_is_outdated(entry) || token_is_expired(entry->token, now)) {
                entry_remove(cache, entry);
                return NULL;
        }
        use_unlink(cache, entry);
        use_link(cache, entry);
        return token_ref(entry->token);
}

static int entry_new(Cache *cache, Token *token, Entry **ret) {
        const char *ids[_OWNER_KIND_MAX] = {
                [OWNER_USER] = token->user_id,
                [OWNER_CLIENT] = token->client_id,
                [OWNER_LOGIN] = token->login,
        };
        Entry *entry = calloc(1, sizeof(*entry));

        if (!entry)
                return -ENOMEM;
        for (size_t i = 0; i < _OWNER_KIND_MAX; i++) {
                if (!ids[i])
                        continue;
                entry->owners[i] = owner_intern(cache, i, ids[i]);
                if (!entry->owners[i]) {
                        entry_free(cache, entry);
                        return -ENOMEM;
                }
                entry->generations[i] = entry->owners[i]->generation;
        }
        entry->token = token_ref(token);
        *ret = entry;
        return 0;
}

void cache_put(Cache *cache, Token *token) {
        Entry **bucket, *entry;

        if (cache->entries_max == 0)
                return;
        cache_forget(cache, &token->hash);
        if (cache->n_entries >= cache->entries_max)
                entry_remove(cache, cache->oldest);
        if (entry_new(cache, token, &entry) < 0)
                return;
        bucket = entry_bucket(cache, &token->hash);
        entry->next = *bucket;
        *bucket = entry;
        use_link(cache, entry);
        cache->n_entries++;
}

void cache_forget(Cache *cache, const TokenHash *hash) {
        Entry *entry = entry_find(cache, hash);

        if (entry)
                entry_remove(cache, entry);
}

/* An owner that nobody interned has no tokens here. */
static void forget_owner(Cache *cache, enum OwnerKind kind, const char *id) {
        Owner *owner = id ? owner_find(cache, kind, id) : NULL;

        if (owner)
                owner->generation++;
}

void cache_forget_user(Cache *cache, const char *user_id) {
        forget_owner(cache, OWNER_USER, user_id);
}

void cache_forget_client(Cache *cache, const char *client_id) {
        forget_owner(cache, OWNER_CLIENT, client_id);
}

void cache_forget_login(Cache *cache, const char *login) {
        forget_owner(cache, OWNER_LOGIN, login);
}

void cache_clear(Cache *cache) {
        while (cache->oldest)
                entry_remove(cache, cache->oldest);
}

size_t cache_size(const Cache *cache) {
        return cache->n_entries;
}
