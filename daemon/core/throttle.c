/* Failures by who × remote, in tables that never grow and never forget a live entry for a new one.
 *
 * Two banks: remotes of this machine ("uid:N", "local") and all others, so that nobody's names from
 * afar crowd out the console's. Within a bank a remote has a region of its own to fill. When that
 * is full of live entries, whoever has none shares one count with the others of that remote: a
 * flood of invented names slows the strangers who send it, and no delay that stands becomes
 * shorter. Entries are found by 64 bits of a keyed hash; no name is kept. */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <nettle/hmac.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/throttle.h"
#include "wire/cleanup.h"
#include "wire/text.h"

#define DELAY_FIRST USEC_PER_SEC
/* 1 s shifted so often is more than THROTTLE_DELAY_MAX. */
#define DOUBLINGS_MAX 10U
#define FAILURES_MAX  (THROTTLE_FREE + DOUBLINGS_MAX)

/* Entries that one key may stand in. */
#define GROUP_SIZE 64U
/* Groups that one remote may fill: more users than fail behind one address in an hour. */
#define REGION_GROUPS 16U

#define FAR_REGIONS  64U /* 65,536 entries */
#define NEAR_REGIONS 4U
#define FAR_SHARED   4096U
#define NEAR_SHARED  256U

#define HOST_PREFIX "host:"

typedef struct Failures {
        uint64_t key;
        int64_t last; /* µs monotonic: when the last one was counted */
        unsigned n;   /* 0: free */
} Failures;

typedef struct Bank {
        Failures *entries; /* n_regions × REGION_GROUPS × GROUP_SIZE */
        size_t n_regions;
        Failures *shared; /* by remote; collisions share */
        size_t n_shared;
} Bank;

struct Throttle {
        const Clock *clock;
        bool enabled;
        uint8_t secret[SHA256_DIGEST_SIZE];
        Bank far;
        Bank near;
};

/* Where a key stands, or would. */
typedef struct Place {
        uint64_t key;
        Failures *group;
        Failures *shared;
} Place;

static int bank_init(Bank *bank, size_t n_regions, size_t n_shared) {
        bank->n_regions = n_regions;
        bank->n_shared = n_shared;
        bank->entries = calloc(n_regions * REGION_GROUPS * GROUP_SIZE, sizeof(Failures));
        bank->shared = calloc(n_shared, sizeof(Failures));
        return bank->entries && bank->shared ? 0 : -ENOMEM;
}

static void bank_done(Bank *bank) {
        free(bank->entries);
        free(bank->shared);
}

int throttle_new(const Clock *clock, Throttle **ret) {
        _cleanup_(throttle_freep) Throttle *throttle = calloc(1, sizeof(*throttle));

        if (!throttle || bank_init(&throttle->far, FAR_REGIONS, FAR_SHARED) < 0 ||
            bank_init(&throttle->near, NEAR_REGIONS, NEAR_SHARED) < 0)
                return -ENOMEM;
        if (getrandom(throttle->secret, sizeof(throttle->secret), 0) !=
            (ssize_t)sizeof(throttle->secret))
                return -EIO;
        throttle->clock = clock;
        throttle->enabled = true;
        *ret = TAKE_PTR(throttle);
        return 0;
}

Throttle *throttle_free(Throttle *throttle) {
        if (!throttle)
                return NULL;
        bank_done(&throttle->far);
        bank_done(&throttle->near);
        free(throttle);
        return NULL;
}

void throttle_freep(Throttle **throttle) {
        *throttle = throttle_free(*throttle);
}

void throttle_set_enabled(Throttle *throttle, bool enabled) {
        throttle->enabled = enabled;
}

/* The NUL between them keeps ("a", "bc") and ("ab", "c") apart. */
static uint64_t hash_texts(const Throttle *throttle, const char *a, const char *b) {
        struct hmac_sha256_ctx context;
        uint64_t hash;

        hmac_sha256_set_key(&context, sizeof(throttle->secret), throttle->secret);
        hmac_sha256_update(&context, strlen(a) + 1, (const uint8_t *)a);
        hmac_sha256_update(&context, strlen(b), (const uint8_t *)b);
        hmac_sha256_digest(&context, sizeof(hash), (uint8_t *)&hash);
        return hash;
}

static bool remote_is_near(const char *remote) {
        return streq(remote, "local") || strncmp(remote, "uid:", strlen("uid:")) == 0;
}

static Place place_of(const Throttle *throttle, const char *who, const char *remote) {
        const Bank *bank = remote_is_near(remote) ? &throttle->near : &throttle->far;
        uint64_t remote_hash = hash_texts(throttle, remote, "");
        uint64_t key = hash_texts(throttle, remote, who);
        size_t group = remote_hash % bank->n_regions * REGION_GROUPS + key % REGION_GROUPS;

        return (Place){
                .key = key,
                .group = bank->entries + group * GROUP_SIZE,
                .shared = bank->shared + (remote_hash >> 32) % bank->n_shared,
        };
}

static bool failures_are_live(const Failures *failures, int64_t now) {
        return failures->n > 0 && now - failures->last < THROTTLE_FORGET_USEC;
}

static Failures *place_find(const Place *place, int64_t now) {
        for (size_t i = 0; i < GROUP_SIZE; i++)
                if (place->group[i].key == place->key && failures_are_live(&place->group[i], now))
                        return &place->group[i];
        return NULL;
}

static Failures *place_find_dead(const Place *place, int64_t now) {
        for (size_t i = 0; i < GROUP_SIZE; i++)
                if (!failures_are_live(&place->group[i], now))
                        return &place->group[i];
        return NULL;
}

static int64_t failures_delay(unsigned n) {
        int64_t delay;

        if (n < THROTTLE_FREE)
                return 0;
        delay = DELAY_FIRST << (n - THROTTLE_FREE);
        return delay < THROTTLE_DELAY_MAX ? delay : THROTTLE_DELAY_MAX;
}

static unsigned failures_wait(const Failures *failures, int64_t now) {
        int64_t left;

        if (!failures_are_live(failures, now))
                return 0;
        left = failures->last + failures_delay(failures->n) - now;
        return left > 0 ? (unsigned)((left + USEC_PER_SEC - 1) / USEC_PER_SEC) : 0;
}

static void failures_count(Failures *failures, uint64_t key, int64_t now) {
        if (failures->key != key || !failures_are_live(failures, now))
                *failures = (Failures){ .key = key };
        failures->last = now;
        if (failures->n < FAILURES_MAX)
                failures->n++;
}

/* An entry of one's own, if there is or can be one; else the remote's. */
static Failures *place_standing(const Place *place, int64_t now) {
        Failures *own = place_find(place, now);

        if (own)
                return own;
        return place_find_dead(place, now) ? NULL : place->shared;
}

unsigned throttle_check(const Throttle *throttle, const char *who, const char *remote) {
        int64_t now = clock_monotonic(throttle->clock);
        const Failures *standing;
        Place place;

        if (!throttle->enabled)
                return 0;
        place = place_of(throttle, who, remote);
        standing = place_standing(&place, now);
        return standing ? failures_wait(standing, now) : 0;
}

unsigned throttle_verdict(Throttle *throttle, const char *who, const char *remote, bool matches) {
        int64_t now = clock_monotonic(throttle->clock);
        Failures *standing;
        Place place;
        unsigned wait;

        if (!throttle->enabled)
                return 0;
        place = place_of(throttle, who, remote);
        standing = place_standing(&place, now);
        wait = standing ? failures_wait(standing, now) : 0;
        if (wait > 0)
                return wait;
        if (!matches && !standing)
                standing = place_find_dead(&place, now);
        if (!matches)
                failures_count(standing, standing == place.shared ? 0 : place.key, now);
        else if (standing && standing != place.shared)
                *standing = (Failures){ 0 };
        return 0;
}

/* Whoever is on this machine may call from all of 127.0.0.0/8: that is one remote. */
static bool remote_key_in_addr(struct in_addr address, char ret[static PEER_REMOTE_MAX]) {
        if (ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET)
                address.s_addr = htonl(INADDR_LOOPBACK);
        return inet_ntop(AF_INET, &address, ret, PEER_REMOTE_MAX);
}

static bool remote_key_ipv4(const char *text, char ret[static PEER_REMOTE_MAX]) {
        struct in_addr address;

        return inet_pton(AF_INET, text, &address) == 1 && remote_key_in_addr(address, ret);
}

static bool remote_key_ipv6(const char *text, char ret[static PEER_REMOTE_MAX]) {
        char plain[INET6_ADDRSTRLEN];
        struct in6_addr address;
        size_t size = strcspn(text, "%"); /* "fe80::1%eth0" */

        if (size >= sizeof(plain))
                return false;
        memcpy(plain, text, size);
        plain[size] = '\0';
        if (inet_pton(AF_INET6, plain, &address) != 1)
                return false;
        if (IN6_IS_ADDR_V4MAPPED(&address)) {
                struct in_addr mapped;

                memcpy(&mapped, address.s6_addr + 12, sizeof(mapped));
                return remote_key_in_addr(mapped, ret);
        }
        memset(address.s6_addr + 8, 0, 8);
        if (!inet_ntop(AF_INET6, &address, ret, PEER_REMOTE_MAX - strlen("/64")))
                return false;
        strcat(ret, "/64");
        return true;
}

/* Host names in lower case; those that are too long by a hash of them. */
static void remote_key_host(const char *text, char ret[static PEER_REMOTE_MAX]) {
        size_t size = strlen(text);
        uint8_t digest[SHA256_DIGEST_SIZE];
        struct sha256_ctx context;

        strcpy(ret, HOST_PREFIX);
        if (size < PEER_REMOTE_MAX - strlen(HOST_PREFIX)) {
                for (size_t i = 0; i <= size; i++)
                        ret[strlen(HOST_PREFIX) + i] = (char)tolower((unsigned char)text[i]);
                return;
        }
        sha256_init(&context);
        sha256_update(&context, size, (const uint8_t *)text);
        sha256_digest(&context, sizeof(digest), digest);
        hex_encode(digest, sizeof(digest) / 2, ret + strlen(HOST_PREFIX));
}

void throttle_remote_key(const char *text, char ret[static PEER_REMOTE_MAX]) {
        if (!text || !text[0])
                strcpy(ret, "local");
        else if (!remote_key_ipv4(text, ret) && !remote_key_ipv6(text, ret))
                remote_key_host(text, ret);
}
