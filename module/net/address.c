/* Kinds of IP addresses; see address.h. */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct range {
	unsigned char prefix[16];
	unsigned bits;
	enum address_kind kind;
};

/* The first that fits counts. */
static const struct range v4_ranges[] = {
	{ { 0 }, 8, ADDRESS_UNSPECIFIED }, { { 10 }, 8, ADDRESS_PRIVATE },
	{ { 100, 64 }, 10, ADDRESS_SHARED }, { { 127 }, 8, ADDRESS_LOOPBACK },
	{ { 169, 254 }, 16, ADDRESS_LINK_LOCAL },
	{ { 172, 16 }, 12, ADDRESS_PRIVATE },
	{ { 192, 0, 0 }, 24, ADDRESS_RESERVED },    /* protocol assignments */
	{ { 192, 0, 2 }, 24, ADDRESS_RESERVED },    /* TEST-NET-1 */
	{ { 192, 31, 196 }, 24, ADDRESS_RESERVED }, /* AS112 */
	{ { 192, 52, 193 }, 24, ADDRESS_RESERVED }, /* AMT */
	{ { 192, 88, 99 }, 24, ADDRESS_RESERVED },  /* 6to4 relays, gone */
	{ { 192, 168 }, 16, ADDRESS_PRIVATE },
	{ { 192, 175, 48 }, 24, ADDRESS_RESERVED }, /* AS112 */
	{ { 198, 18 }, 15, ADDRESS_RESERVED },	    /* benchmarks */
	{ { 198, 51, 100 }, 24, ADDRESS_RESERVED }, /* TEST-NET-2 */
	{ { 203, 0, 113 }, 24, ADDRESS_RESERVED },  /* TEST-NET-3 */
	{ { 224 }, 4, ADDRESS_MULTICAST },
	{ { 240 }, 4, ADDRESS_RESERVED }, /* and 255.255.255.255 */
};

/* Of 2000::/3, which alone is given out; see v6_kind for the rest. */
static const struct range v6_ranges[] = {
	{ { 0xfe, 0x80 }, 10, ADDRESS_LINK_LOCAL },
	{ { 0xfe, 0xc0 }, 10, ADDRESS_PRIVATE },
	{ { 0xfc }, 7, ADDRESS_PRIVATE },
	{ { 0xff }, 8, ADDRESS_MULTICAST },
	{ { 0x20, 0x01 }, 23, ADDRESS_RESERVED }, /* Teredo, ORCHID, AMT */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDRESS_RESERVED }, /* documents */
	{ { 0x26, 0x20, 0x00, 0x4f, 0x80 }, 48, ADDRESS_RESERVED },
	{ { 0x3f, 0xff }, 20, ADDRESS_RESERVED }, /* documents */
	{ { 0x20 }, 3, ADDRESS_PUBLIC },
};

/* Prefixes behind which an IPv4 address stands at byte `at`. */
static const struct {
	unsigned char prefix[16];
	unsigned bits;
	unsigned at;
} carriers[] = {
	/* ::ffff:0:0/96, mapped */
	{ { [10] = 0xff, [11] = 0xff }, 96, 12 },
	/* ::ffff:0:0:0/96, translated (RFC 2765) */
	{ { [8] = 0xff, [9] = 0xff }, 96, 12 },
	/* 64:ff9b::/96, NAT64 */
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, 12 },
	/* 2002::/16, 6to4 */
	{ { 0x20, 0x02 }, 16, 2 },
	/* ::/96, compatible; :: and ::1 are looked at before */
	{ { 0 }, 96, 12 },
};

static bool
has_prefix(const unsigned char *a, const unsigned char *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	unsigned char mask = (unsigned char)(0xff00u >> rest);

	if (memcmp(a, prefix, whole) != 0)
		return false;
	return rest == 0 || (a[whole] & mask) == (prefix[whole] & mask);
}

static enum address_kind
in_ranges(const unsigned char *a, const struct range *ranges, size_t count,
    enum address_kind otherwise)
{
	for (size_t i = 0; i < count; i++)
		if (has_prefix(a, ranges[i].prefix, ranges[i].bits))
			return ranges[i].kind;
	return otherwise;
}

static enum address_kind
v4_kind(const unsigned char a[4])
{
	return in_ranges(a, v4_ranges, sizeof v4_ranges / sizeof *v4_ranges,
	    ADDRESS_PUBLIC);
}

/* The IPv4 address inside, or NULL. */
static const unsigned char *
v4_inside(const unsigned char a[16])
{
	/* ISATAP (RFC 5214), whatever the network: ::[02]00:5efe:a.b.c.d */
	if ((a[8] & 0xfd) == 0 && a[9] == 0 && a[10] == 0x5e && a[11] == 0xfe)
		return a + 12;
	for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++)
		if (has_prefix(a, carriers[i].prefix, carriers[i].bits))
			return a + carriers[i].at;
	return NULL;
}

static enum address_kind
v6_kind(const unsigned char a[16])
{
	static const unsigned char zero[15];
	const unsigned char *inside;
	enum address_kind kind;

	if (memcmp(a, zero, sizeof zero) == 0 && a[15] <= 1)
		return a[15] == 0 ? ADDRESS_UNSPECIFIED : ADDRESS_LOOPBACK;
	inside = v4_inside(a);
	kind = inside != NULL ? v4_kind(inside) : ADDRESS_PUBLIC;
	if (kind != ADDRESS_PUBLIC)
		return kind;
	/* Outside of 2000::/3 only a NAT64 gateway leads anywhere, and only
	 * by its well-known prefix: 64:ff9b:1::/48 is a network's own. */
	if (has_prefix(a, carriers[2].prefix, carriers[2].bits))
		return ADDRESS_PUBLIC;
	return in_ranges(a, v6_ranges, sizeof v6_ranges / sizeof *v6_ranges,
	    ADDRESS_RESERVED);
}

enum address_kind
address_kind_bytes(const void *bytes, size_t len)
{
	if (len == 4)
		return v4_kind(bytes);
	return len == 16 ? v6_kind(bytes) : ADDRESS_UNKNOWN;
}

enum address_kind
address_kind(const struct sockaddr *a)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (a->sa_family == AF_INET) {
		memcpy(&v4, a, sizeof v4);
		return address_kind_bytes(&v4.sin_addr, 4);
	}
	if (a->sa_family == AF_INET6) {
		memcpy(&v6, a, sizeof v6);
		return address_kind_bytes(&v6.sin6_addr, 16);
	}
	return ADDRESS_UNKNOWN;
}

const char *
address_kind_name(enum address_kind kind)
{
	static const char *const names[] = {
		[ADDRESS_UNKNOWN] = "unknown",
		[ADDRESS_PUBLIC] = "public",
		[ADDRESS_UNSPECIFIED] = "unspecified",
		[ADDRESS_LOOPBACK] = "loopback",
		[ADDRESS_PRIVATE] = "private",
		[ADDRESS_LINK_LOCAL] = "link-local",
		[ADDRESS_SHARED] = "shared",
		[ADDRESS_MULTICAST] = "multicast",
		[ADDRESS_RESERVED] = "reserved",
	};

	return names[kind];
}

void
address_format(const void *bytes, size_t len, char r[ADDRESS_TEXT_MAX])
{
	int family = len == 4 ? AF_INET : AF_INET6;

	if ((len != 4 && len != 16) ||
	    inet_ntop(family, bytes, r, ADDRESS_TEXT_MAX) == NULL)
		(void)snprintf(r, ADDRESS_TEXT_MAX, "?");
}
