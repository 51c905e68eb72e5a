#pragma once

/* Addresses of TCP listeners and of those who connect to them. */

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/caller.h"

typedef union Address {
        struct sockaddr any;
        struct sockaddr_in ip4;
        struct sockaddr_in6 ip6;
        struct sockaddr_storage space;
} Address;

/* "[2001:db8::1%eth0]:65535" and a NUL. */
#define ADDRESS_TEXT_MAX 80

/* "127.0.0.1:7450", "[::1]:0": numbers only, no resolver. -EINVAL. */
int address_parse(const char *text, Address *ret);
socklen_t address_size(const Address *address);
unsigned address_port(const Address *address);
bool address_is_loopback(const Address *address);
/* An IPv4 address in an IPv6 one, as dual-stack sockets have them, becomes plain IPv4. */
void address_unmap(Address *address);
void address_format(const Address *address, char ret[static ADDRESS_TEXT_MAX]);
/* The throttle's key: "192.0.2.1", "2001:db8::/64"; IPv4 in IPv6 is IPv4, loopback is one. */
void address_remote(const Address *address, char ret[static PEER_REMOTE_MAX]);

/* Whether a Host field names the listener at local itself (on loopback also by "localhost" and its
 * other address), with its port; or the issuer's host and port. */
bool host_is_own(const char *host, const Address *local, bool tls, const char *issuer);
