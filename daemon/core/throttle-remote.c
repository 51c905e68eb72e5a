/* What stands for where an attempt came from.
 *
 * Invariant: no text from afar becomes the key of this machine ("local", "uid:N"), and one who may
 * choose among many addresses or spellings has one key. */

#include <arpa/inet.h>
#include <ctype.h>
#include <nettle/sha2.h>
#include <string.h>

#include "core/throttle.h"
#include "wire/text.h"

#define HOST_PREFIX "host:"

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

/* Host names in lower case; those that are too long, or no text to be shown, by a hash of them. */
static void remote_key_host(const char *text, char ret[static PEER_REMOTE_MAX]) {
        size_t size = strlen(text);
        uint8_t digest[SHA256_DIGEST_SIZE];
        struct sha256_ctx context;

        strcpy(ret, HOST_PREFIX);
        if (size < PEER_REMOTE_MAX - strlen(HOST_PREFIX) && text_is_utf8(text, size)) {
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
