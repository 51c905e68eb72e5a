/* Profiles and owners, each interned in a chained table.
 *
 * What is forgotten is counted; a profile remembers the count of the moment when it was made, an
 * owner that of when it was forgotten the last time. So forgetting an owner, or all, is one
 * increment. A profile that was made before lives on until its last user has left, but the next
 * token of its kind takes its place in the table. Owners stay as long as a profile points to them.
 *
 * Which scopes a token has, and in which order, is up to those who ask for it, so buckets are
 * chosen by a digest with a key that nobody knows: no collisions can be aimed at. */

#include "store/profiles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <nettle/sha2.h>

#include "store/region.h"
#include "wire/text.h"

#define BUCKETS_MIN 64U

typedef struct Owner Owner;
struct Owner {
        Owner *next; /* in its bucket */
        uint64_t forgotten;
        uint32_t number;
        uint32_t n_profiles;
        enum OwnerKind kind;
        char id[];
};

typedef struct SharedProfile {
        uint32_t number; /* says which bucket */
        uint32_t next;   /* in its bucket, or of those that are free */
        uint32_t n_users;
        uint64_t made;                  /* how much had been forgotten */
        Profile *profile;               /* NULL: free */
        Owner *owners[_OWNER_KIND_MAX]; /* NULL: it has none of that kind */
} SharedProfile;

struct Profiles {
        size_t n_buckets; /* a power of two; of both tables */
        Region all;       /* of SharedProfile; the first is never used */
        Region buckets;   /* of uint32_t */
        Region owners;    /* of Owner * */
        uint32_t n_profiles, profiles_max;
        uint32_t n_touched; /* those up to this number were used since there was none */
        uint32_t first_free;
        uint64_t n_forgotten, cleared;
        uint8_t key[16];
};

int profiles_new(uint32_t tokens_max, Profiles **ret) {
        _cleanup_(profiles_freep) Profiles *profiles = calloc(1, sizeof(*profiles));
        int r;

        if (!profiles)
                return -ENOMEM;
        profiles->profiles_max = tokens_max;
        profiles->n_buckets = BUCKETS_MIN;
        while (profiles->n_buckets < tokens_max)
                profiles->n_buckets *= 2;
        if ((r = region_init(&profiles->all, (size_t)tokens_max + 1, sizeof(SharedProfile))) < 0 ||
            (r = region_init(&profiles->buckets, profiles->n_buckets, sizeof(uint32_t))) < 0 ||
            (r = region_init(&profiles->owners, profiles->n_buckets, sizeof(Owner *))) < 0)
                return r;
        if (getrandom(profiles->key, sizeof(profiles->key), 0) != (ssize_t)sizeof(profiles->key))
                return -EIO;
        *ret = TAKE_PTR(profiles);
        return 0;
}

static SharedProfile *shared_at(const Profiles *profiles, uint32_t profile) {
        return (SharedProfile *)profiles->all.at + profile;
}

Profile *profile_at(const Profiles *profiles, uint32_t profile) {
        return shared_at(profiles, profile)->profile;
}

static void profile_done(Profiles *profiles, uint32_t profile);

Profiles *profiles_free(Profiles *profiles) {
        if (!profiles)
                return NULL;
        for (uint32_t i = 1; i <= profiles->n_touched; i++)
                if (profile_at(profiles, i))
                        profile_done(profiles, i);
        region_done(&profiles->all);
        region_done(&profiles->buckets);
        region_done(&profiles->owners);
        free(profiles);
        return NULL;
}

void profiles_freep(Profiles **profiles) {
        *profiles = profiles_free(*profiles);
}

static uint32_t number_of(const Profiles *profiles, unsigned kind, const void *data, size_t size) {
        struct sha256_ctx context;
        uint32_t number;
        uint8_t digest[sizeof(number)];

        sha256_init(&context);
        sha256_update(&context, sizeof(profiles->key), profiles->key);
        sha256_update(&context, sizeof(kind), (const uint8_t *)&kind);
        sha256_update(&context, size, data);
        sha256_digest(&context, sizeof(digest), digest);
        memcpy(&number, digest, sizeof(number));
        return number;
}

static Owner **owner_bucket(const Profiles *profiles, uint32_t number) {
        return (Owner **)profiles->owners.at + (number & (profiles->n_buckets - 1));
}

static Owner *owner_find(const Profiles *profiles, uint32_t number, enum OwnerKind kind,
                         const char *id) {
        for (Owner *owner = *owner_bucket(profiles, number); owner; owner = owner->next)
                if (owner->number == number && owner->kind == kind && streq(owner->id, id))
                        return owner;
        return NULL;
}

static Owner *owner_use(Profiles *profiles, enum OwnerKind kind, const char *id) {
        uint32_t number = number_of(profiles, kind, id, strlen(id));
        Owner *owner = owner_find(profiles, number, kind, id);
        Owner **bucket = owner_bucket(profiles, number);
        size_t size = strlen(id) + 1;

        if (!owner) {
                owner = calloc(1, sizeof(*owner) + size);
                if (!owner)
                        return NULL;
                owner->kind = kind;
                owner->number = number;
                memcpy(owner->id, id, size);
                owner->next = *bucket;
                *bucket = owner;
        }
        owner->n_profiles++;
        return owner;
}

static void owner_leave(Profiles *profiles, Owner *owner) {
        Owner **place;

        if (--owner->n_profiles > 0)
                return;
        place = owner_bucket(profiles, owner->number);
        while (*place != owner)
                place = &(*place)->next;
        *place = owner->next;
        free(owner);
}

static uint32_t *profile_bucket(const Profiles *profiles, uint32_t number) {
        return (uint32_t *)profiles->buckets.at + (number & (profiles->n_buckets - 1));
}

/* One that was replaced is not there any more. */
static void bucket_remove(Profiles *profiles, uint32_t profile) {
        const SharedProfile *shared = shared_at(profiles, profile);
        uint32_t *place = profile_bucket(profiles, shared->number);

        while (*place != 0 && *place != profile)
                place = &shared_at(profiles, *place)->next;
        if (*place != 0)
                *place = shared->next;
}

/* Leaves its place to the next that is taken. */
static void profile_done(Profiles *profiles, uint32_t profile) {
        SharedProfile *shared = shared_at(profiles, profile);

        for (size_t i = 0; i < _OWNER_KIND_MAX; i++)
                if (shared->owners[i])
                        owner_leave(profiles, shared->owners[i]);
        profile_unref(shared->profile);
        *shared = (SharedProfile){ .next = profiles->first_free };
        profiles->first_free = profile;
        if (--profiles->n_profiles > 0)
                return;
        region_note(&profiles->all, (profiles->n_touched + 1ULL) * sizeof(SharedProfile));
        profiles->n_touched = profiles->first_free = 0;
}

static bool profile_has_bytes(const Profile *profile, const void *bytes, size_t size) {
        size_t own_size;
        const void *own_bytes = profile_bytes(profile, &own_size);

        return own_size == size && memcmp(own_bytes, bytes, size) == 0;
}

static uint32_t profile_find(const Profiles *profiles, uint32_t number, const void *bytes,
                             size_t size) {
        uint32_t profile = *profile_bucket(profiles, number);

        while (profile != 0) {
                const SharedProfile *shared = shared_at(profiles, profile);

                if (shared->number == number && profile_has_bytes(shared->profile, bytes, size))
                        break;
                profile = shared->next;
        }
        return profile;
}

static uint32_t profile_take_free(Profiles *profiles) {
        uint32_t profile = profiles->first_free;

        if (profile == 0)
                return profiles->n_touched < profiles->profiles_max ? ++profiles->n_touched : 0;
        profiles->first_free = shared_at(profiles, profile)->next;
        return profile;
}

static uint32_t profile_add(Profiles *profiles, uint32_t number, Profile *profile) {
        const char *const ids[_OWNER_KIND_MAX] = {
                [OWNER_USER] = profile_user_id(profile),
                [OWNER_CLIENT] = profile_client_id(profile),
        };
        uint32_t added = profile_take_free(profiles);
        SharedProfile *shared = shared_at(profiles, added);
        uint32_t *bucket = profile_bucket(profiles, number);

        if (added == 0)
                return 0;
        profiles->n_profiles++;
        *shared = (SharedProfile){
                .number = number,
                .made = profiles->n_forgotten,
                .profile = profile_ref(profile),
        };
        for (size_t i = 0; i < _OWNER_KIND_MAX; i++) {
                if (!ids[i])
                        continue;
                shared->owners[i] = owner_use(profiles, i, ids[i]);
                if (!shared->owners[i]) {
                        profile_done(profiles, added);
                        return 0;
                }
        }
        shared->next = *bucket;
        *bucket = added;
        return added;
}

uint32_t profiles_use(Profiles *profiles, const Token *token) {
        _cleanup_(profile_unrefp) Profile *profile = NULL;
        uint32_t found;
        const void *bytes;
        uint32_t number;
        size_t size;

        if (profile_new(token, &profile) < 0)
                return 0;
        bytes = profile_bytes(profile, &size);
        number = number_of(profiles, _OWNER_KIND_MAX, bytes, size);
        found = profile_find(profiles, number, bytes, size);
        if (found != 0 && profile_is_outdated(profiles, found)) {
                bucket_remove(profiles, found);
                found = 0;
        }
        if (found == 0)
                found = profile_add(profiles, number, profile);
        if (found != 0)
                shared_at(profiles, found)->n_users++;
        return found;
}

void profiles_leave(Profiles *profiles, uint32_t profile) {
        SharedProfile *shared = shared_at(profiles, profile);

        if (--shared->n_users > 0)
                return;
        bucket_remove(profiles, profile);
        profile_done(profiles, profile);
}

bool profile_is_cleared(const Profiles *profiles, uint32_t profile) {
        return shared_at(profiles, profile)->made < profiles->cleared;
}

bool profile_is_outdated(const Profiles *profiles, uint32_t profile) {
        const SharedProfile *shared = shared_at(profiles, profile);

        for (size_t i = 0; i < _OWNER_KIND_MAX; i++)
                if (shared->owners[i] && shared->made < shared->owners[i]->forgotten)
                        return true;
        return profile_is_cleared(profiles, profile);
}

/* An owner that nobody interned has no tokens here. */
void profiles_forget(Profiles *profiles, enum OwnerKind kind, const char *id) {
        uint32_t number;
        Owner *owner;

        if (!id)
                return;
        number = number_of(profiles, kind, id, strlen(id));
        owner = owner_find(profiles, number, kind, id);
        if (owner)
                owner->forgotten = ++profiles->n_forgotten;
}

void profiles_clear(Profiles *profiles) {
        profiles->cleared = ++profiles->n_forgotten;
}

bool profiles_give_back(Profiles *profiles) {
        return region_give_back(&profiles->all,
                                (profiles->n_touched + 1ULL) * sizeof(SharedProfile));
}
