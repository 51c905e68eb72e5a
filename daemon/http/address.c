/* Addresses, compared and written in one way. Host fields are compared as text: who writes a
 * loopback address in a form of his own is a foreign host. */

#include "http/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "wire/text.h"

int address_parse(const char *text, Address *ret) {
        Address address = { 0 };
        char host[INET6_ADDRSTRLEN + 1];
        const char *colon = strrchr(text, ':'), *from = text;
        uint32_t port;
        size_t size;
        int family = AF_INET;

        if (!colon || parse_uint32(colon + 1, &port) != 0 || port > UINT16_MAX)
                return -EINVAL;
        size = (size_t)(colon - text);
        if (text[0] == '[') {
                if (size < 2 || text[size - 1] != ']')
                        return -EINVAL;
                family = AF_INET6;
                from++;
                size -= 2;
        }
        if (size >= sizeof(host))
                return -EINVAL;
        memcpy(host, from, size);
        host[size] = '\0';

        address.any.sa_family = (sa_family_t)family;
        if (inet_pton(family, host,
                      family == AF_INET ? (void *)&address.ip4.sin_addr
                                        : (void *)&address.ip6.sin6_addr) != 1)
                return -EINVAL;
        if (family == AF_INET)
                address.ip4.sin_port = htons((uint16_t)port);
        else
                address.ip6.sin6_port = htons((uint16_t)port);
        *ret = address;
        return 0;
}

socklen_t address_size(const Address *address) {
        return address->any.sa_family == AF_INET6 ? sizeof(address->ip6) : sizeof(address->ip4);
}

unsigned address_port(const Address *address) {
        return ntohs(address->any.sa_family == AF_INET6 ? address->ip6.sin6_port
                                                        : address->ip4.sin_port);
}

bool address_is_loopback(const Address *address) {
        if (address->any.sa_family == AF_INET6)
                return IN6_IS_ADDR_LOOPBACK(&address->ip6.sin6_addr);
        return ntohl(address->ip4.sin_addr.s_addr) >> 24 == 127;
}

static void format_host(const Address *address, char ret[static INET6_ADDRSTRLEN]) {
        const void *bytes = address->any.sa_family == AF_INET6
                                            ? (const void *)&address->ip6.sin6_addr
                                            : (const void *)&address->ip4.sin_addr;
        if (!inet_ntop(address->any.sa_family, bytes, ret, INET6_ADDRSTRLEN))
                strcpy(ret, "?");
}

void address_format(const Address *address, char ret[static ADDRESS_TEXT_MAX]) {
        bool is_ip6 = address->any.sa_family == AF_INET6;
        char host[INET6_ADDRSTRLEN];

        format_host(address, host);
        snprintf(ret, ADDRESS_TEXT_MAX, is_ip6 ? "[%s]:%u" : "%s:%u", host, address_port(address));
}

void address_unmap(Address *address) {
        Address plain = { .ip4.sin_family = AF_INET, .ip4.sin_port = address->ip6.sin6_port };

        if (address->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->ip6.sin6_addr))
                return;
        memcpy(&plain.ip4.sin_addr, &address->ip6.sin6_addr.s6_addr[12], 4);
        *address = plain;
}

void address_remote(const Address *address, char ret[static PEER_REMOTE_MAX]) {
        Address network = *address;
        char host[INET6_ADDRSTRLEN];

        address_unmap(&network);
        if (network.any.sa_family == AF_INET6)
                memset(&network.ip6.sin6_addr.s6_addr[8], 0, 8);
        /* Whoever is on this machine may call from all of 127.0.0.0/8: that is one remote. */
        if (network.any.sa_family == AF_INET && address_is_loopback(&network))
                network.ip4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        format_host(&network, host);
        snprintf(ret, PEER_REMOTE_MAX, network.any.sa_family == AF_INET6 ? "%s/64" : "%s", host);
}

/* Compares "host[:port]" with one name and port; no port means the scheme's. */
static bool host_equals(const char *host, const char *name, unsigned port, bool tls) {
        size_t size = strlen(name);
        uint32_t given;

        if (strncasecmp(host, name, size) != 0)
                return false;
        if (host[size] == '\0')
                return port == (tls ? 443 : 80);
        return host[size] == ':' && parse_uint32(host + size + 1, &given) == 0 && given == port;
}

static bool host_is_issuer(const char *host, const char *issuer) {
        const char *from = issuer ? strstr(issuer, "://") : NULL;
        size_t size;

        if (!from)
                return false;
        from += 3;
        size = strcspn(from, "/?#");
        return strlen(host) == size && strncasecmp(host, from, size) == 0;
}

bool host_is_own(const char *host, const Address *local, bool tls, const char *issuer) {
        static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
        char own[ADDRESS_TEXT_MAX];
        unsigned port = address_port(local);

        if (host_is_issuer(host, issuer))
                return true;
        for (size_t i = 0; address_is_loopback(local) && i < ELEMENTSOF(names); i++)
                if (host_equals(host, names[i], port, tls))
                        return true;
        address_format(local, own);
        *strrchr(own, ':') = '\0';
        return host_equals(host, own, port, tls);
}
