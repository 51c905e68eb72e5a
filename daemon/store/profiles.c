/* Profiles and owners, each interned in a chained table.
 *
 * An owner has a generation; a profile remembers those of the moment when it was made. Forgetting
 * an owner is one increment. A profile that no longer matches lives on until its last user has
 * left, but the next token of its kind takes its place in the table. Owners stay as long as a
 * profile points to them.
 *
 * Remote hosts and terminals are named by others, so buckets are chosen by a digest with a key that
 * nobody knows: no collisions can be aimed at. */

#include "store/profiles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <nettle/sha2.h>

#include "store/region.h"
#include "wire/text.h"

/* Profiles are few: most tokens are like many others. */
#define TOKENS_PER_BUCKET 8U
#define BUCKETS_MIN       64U

struct Owner {
        Owner *next; /* in its bucket */
        uint64_t generation;
        size_t n_profiles;
        uint64_t number;
        enum OwnerKind kind;
        char id[];
};

struct Profiles {
        size_t n_buckets; /* a power of two; of both tables */
        Region profiles, owners;
        SharedProfile *newest;
        uint8_t key[16];
};

int profiles_new(size_t tokens_max, Profiles **ret) {
        _cleanup_(profiles_freep) Profiles *profiles = calloc(1, sizeof(*profiles));
        int r;

        if (!profiles)
                return -ENOMEM;
        profiles->n_buckets = BUCKETS_MIN;
        while (profiles->n_buckets < tokens_max / TOKENS_PER_BUCKET)
                profiles->n_buckets *= 2;
        if ((r = region_init(&profiles->profiles, profiles->n_buckets, sizeof(void *))) < 0 ||
            (r = region_init(&profiles->owners, profiles->n_buckets, sizeof(void *))) < 0)
                return r;
        if (getrandom(profiles->key, sizeof(profiles->key), 0) != (ssize_t)sizeof(profiles->key))
                return -EIO;
        *ret = TAKE_PTR(profiles);
        return 0;
}

Profiles *profiles_free(Profiles *profiles) {
        if (!profiles)
                return NULL;
        profiles_clear(profiles);
        region_done(&profiles->profiles);
        region_done(&profiles->owners);
        free(profiles);
        return NULL;
}

void profiles_freep(Profiles **profiles) {
        *profiles = profiles_free(*profiles);
}

static uint64_t number_of(const Profiles *profiles, unsigned kind, const void *data, size_t size) {
        struct sha256_ctx context;
        uint64_t number;
        uint8_t digest[sizeof(number)];

        sha256_init(&context);
        sha256_update(&context, sizeof(profiles->key), profiles->key);
        sha256_update(&context, sizeof(kind), (const uint8_t *)&kind);
        sha256_update(&context, size, data);
        sha256_digest(&context, sizeof(digest), digest);
        memcpy(&number, digest, sizeof(number));
        return number;
}

static Owner **owner_bucket(const Profiles *profiles, uint64_t number) {
        return (Owner **)profiles->owners.at + (number & (profiles->n_buckets - 1));
}

static Owner *owner_find(const Profiles *profiles, uint64_t number, enum OwnerKind kind,
                         const char *id) {
        for (Owner *owner = *owner_bucket(profiles, number); owner; owner = owner->next)
                if (owner->number == number && owner->kind == kind && streq(owner->id, id))
                        return owner;
        return NULL;
}

static Owner *owner_use(Profiles *profiles, enum OwnerKind kind, const char *id) {
        uint64_t number = number_of(profiles, kind, id, strlen(id));
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

static SharedProfile **profile_bucket(const Profiles *profiles, uint64_t number) {
        return (SharedProfile **)profiles->profiles.at + (number & (profiles->n_buckets - 1));
}

static void bucket_remove(Profiles *profiles, SharedProfile *shared) {
        SharedProfile **place = profile_bucket(profiles, shared->number);

        while (*place != shared)
                place = &(*place)->next;
        *place = shared->next;
}

static void profile_link(Profiles *profiles, SharedProfile *shared) {
        SharedProfile **bucket = profile_bucket(profiles, shared->number);

        shared->next = *bucket;
        *bucket = shared;
        shared->older = profiles->newest;
        if (shared->older)
                shared->older->newer = shared;
        profiles->newest = shared;
}

static void profile_unlink(Profiles *profiles, SharedProfile *shared) {
        if (!shared->is_replaced)
                bucket_remove(profiles, shared);
        *(shared->newer ? &shared->newer->older : &profiles->newest) = shared->older;
        if (shared->older)
                shared->older->newer = shared->newer;
}

static void profile_free(Profiles *profiles, SharedProfile *shared) {
        for (size_t i = 0; i < _OWNER_KIND_MAX; i++)
                if (shared->owners[i])
                        owner_leave(profiles, shared->owners[i]);
        profile_unref(shared->profile);
        free(shared);
}

static SharedProfile *profile_find(const Profiles *profiles, uint64_t number, const void *bytes,
                                   size_t size) {
        SharedProfile *shared = *profile_bucket(profiles, number);

        for (; shared; shared = shared->next) {
                size_t shared_size;
                const void *shared_bytes = profile_bytes(shared->profile, &shared_size);

                if (shared->number == number && shared_size == size &&
                    memcmp(shared_bytes, bytes, size) == 0)
                        return shared;
        }
        return NULL;
}

static SharedProfile *profile_share(Profiles *profiles, uint64_t number, Profile *profile) {
        const char *const ids[_OWNER_KIND_MAX] = {
                [OWNER_USER] = profile_user_id(profile),
                [OWNER_CLIENT] = profile_client_id(profile),
        };
        SharedProfile *shared = calloc(1, sizeof(*shared));

        if (!shared)
                return NULL;
        shared->number = number;
        shared->profile = profile_ref(profile);
        for (size_t i = 0; i < _OWNER_KIND_MAX; i++) {
                if (!ids[i])
                        continue;
                shared->owners[i] = owner_use(profiles, i, ids[i]);
                if (!shared->owners[i]) {
                        profile_free(profiles, shared);
                        return NULL;
                }
                shared->generations[i] = shared->owners[i]->generation;
        }
        profile_link(profiles, shared);
        return shared;
}

SharedProfile *profiles_use(Profiles *profiles, const Token *token) {
        _cleanup_(profile_unrefp) Profile *profile = NULL;
        SharedProfile *shared;
        const void *bytes;
        uint64_t number;
        size_t size;

        if (profile_new(token, &profile) < 0)
                return NULL;
        bytes = profile_bytes(profile, &size);
        number = number_of(profiles, _OWNER_KIND_MAX, bytes, size);
        shared = profile_find(profiles, number, bytes, size);
        if (shared && profile_is_outdated(shared)) {
                bucket_remove(profiles, shared);
                shared->is_replaced = true;
                shared = NULL;
        }
        if (!shared)
                shared = profile_share(profiles, number, profile);
        if (shared)
                shared->n_users++;
        return shared;
}

void profiles_leave(Profiles *profiles, SharedProfile *shared) {
        if (--shared->n_users > 0)
                return;
        profile_unlink(profiles, shared);
        profile_free(profiles, shared);
}

bool profile_is_outdated(const SharedProfile *shared) {
        for (size_t i = 0; i < _OWNER_KIND_MAX; i++)
                if (shared->owners[i] && shared->generations[i] != shared->owners[i]->generation)
                        return true;
        return false;
}

/* An owner that nobody interned has no tokens here. */
void profiles_forget(Profiles *profiles, enum OwnerKind kind, const char *id) {
        uint64_t number;
        Owner *owner;

        if (!id)
                return;
        number = number_of(profiles, kind, id, strlen(id));
        owner = owner_find(profiles, number, kind, id);
        if (owner)
                owner->generation++;
}

void profiles_clear(Profiles *profiles) {
        while (profiles->newest) {
                SharedProfile *shared = profiles->newest;

                profile_unlink(profiles, shared);
                profile_free(profiles, shared);
        }
}
