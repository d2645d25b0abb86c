/*
 * What kind of network an IP address belongs to: whether a connection to it
 * leaves for the public Internet, or ends somewhere that a stranger's domain
 * has no business to point us at.  Pure.
 *
 * Ranges are those of the IANA special-purpose registries (RFC 6890).  An
 * IPv6 address that carries an IPv4 address (mapped, compatible, NAT64, 6to4,
 * ISATAP) is of the kind of the address inside, where that is not public: a
 * gateway on the way would take the connection there.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 46 /* bytes of an address as text, with the NUL */

enum address_kind {
	ADDRESS_UNKNOWN = 0, /* no address of the Internet; never public */
	ADDRESS_PUBLIC,
	ADDRESS_UNSPECIFIED, /* 0.0.0.0/8, :: */
	ADDRESS_LOOPBACK,
	ADDRESS_PRIVATE,    /* RFC 1918, fc00::/7, fec0::/10 */
	ADDRESS_LINK_LOCAL, /* cloud metadata services are here */
	ADDRESS_SHARED,	    /* 100.64.0.0/10: carriers' inner networks */
	ADDRESS_MULTICAST,
	ADDRESS_RESERVED, /* documentation, benchmarks, not assigned */
};

/* IPv4 or IPv6; everything else is UNKNOWN. */
enum address_kind address_kind(const struct sockaddr *a);
/* As the bytes of a DNS record: 4 (A) or 16 (AAAA) bytes, network order. */
enum address_kind address_kind_bytes(const void *bytes, size_t len);

/* "private" and so on; static. */
const char *address_kind_name(enum address_kind kind);

/* 4 or 16 bytes as text; "?" for any other length. */
void address_format(const void *bytes, size_t len, char r[ADDRESS_TEXT_MAX]);

#endif
