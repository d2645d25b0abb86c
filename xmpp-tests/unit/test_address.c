/* Which addresses a stranger's domain may lead us to. */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "unit/unit.h"

static const struct {
	const char *text;
	enum address_kind want;
} cases[] = {
	{ "1.1.1.1", ADDRESS_PUBLIC },
	{ "9.255.255.255", ADDRESS_PUBLIC },
	{ "11.0.0.0", ADDRESS_PUBLIC },
	{ "100.63.255.255", ADDRESS_PUBLIC },
	{ "100.128.0.0", ADDRESS_PUBLIC },
	{ "128.0.0.1", ADDRESS_PUBLIC },
	{ "172.15.255.255", ADDRESS_PUBLIC },
	{ "172.32.0.0", ADDRESS_PUBLIC },
	{ "192.167.255.255", ADDRESS_PUBLIC },
	{ "198.17.255.255", ADDRESS_PUBLIC },
	{ "198.20.0.0", ADDRESS_PUBLIC },
	{ "223.255.255.255", ADDRESS_PUBLIC },
	{ "0.0.0.0", ADDRESS_UNSPECIFIED },
	{ "0.1.2.3", ADDRESS_UNSPECIFIED },
	{ "10.0.0.1", ADDRESS_PRIVATE },
	{ "10.255.255.255", ADDRESS_PRIVATE },
	{ "100.64.0.0", ADDRESS_SHARED },
	{ "100.127.255.255", ADDRESS_SHARED },
	{ "127.0.0.1", ADDRESS_LOOPBACK },
	{ "127.255.255.255", ADDRESS_LOOPBACK },
	{ "169.254.169.254", ADDRESS_LINK_LOCAL },
	{ "172.16.0.0", ADDRESS_PRIVATE },
	{ "172.31.255.255", ADDRESS_PRIVATE },
	{ "192.0.0.170", ADDRESS_RESERVED },
	{ "192.0.2.1", ADDRESS_RESERVED },
	{ "192.88.99.1", ADDRESS_RESERVED },
	{ "192.168.1.1", ADDRESS_PRIVATE },
	{ "198.18.0.1", ADDRESS_RESERVED },
	{ "198.19.255.255", ADDRESS_RESERVED },
	{ "198.51.100.7", ADDRESS_RESERVED },
	{ "203.0.113.7", ADDRESS_RESERVED },
	{ "224.0.0.1", ADDRESS_MULTICAST },
	{ "239.255.255.255", ADDRESS_MULTICAST },
	{ "240.0.0.1", ADDRESS_RESERVED },
	{ "255.255.255.255", ADDRESS_RESERVED },
	{ "2606:4700::1111", ADDRESS_PUBLIC },
	{ "2a00:1450:4001::1", ADDRESS_PUBLIC },
	{ "2001:470::1", ADDRESS_PUBLIC },
	{ "::", ADDRESS_UNSPECIFIED },
	{ "::1", ADDRESS_LOOPBACK },
	{ "::2", ADDRESS_UNSPECIFIED },
	{ "::127.0.0.1", ADDRESS_LOOPBACK },
	{ "::8.8.8.8", ADDRESS_RESERVED },
	{ "::ffff:127.0.0.1", ADDRESS_LOOPBACK },
	{ "::ffff:10.0.0.1", ADDRESS_PRIVATE },
	{ "::ffff:169.254.169.254", ADDRESS_LINK_LOCAL },
	{ "::ffff:8.8.8.8", ADDRESS_RESERVED },
	{ "::ffff:0:192.168.0.1", ADDRESS_PRIVATE },
	{ "64:ff9b::127.0.0.1", ADDRESS_LOOPBACK },
	{ "64:ff9b::10.1.2.3", ADDRESS_PRIVATE },
	{ "64:ff9b::8.8.8.8", ADDRESS_PUBLIC },
	{ "64:ff9b:1::8.8.8.8", ADDRESS_RESERVED },
	{ "100::1", ADDRESS_RESERVED },
	{ "2001::1", ADDRESS_RESERVED },
	{ "2001:0:53aa:64c::1", ADDRESS_RESERVED },
	{ "2001:10::1", ADDRESS_RESERVED },
	{ "2001:20::1", ADDRESS_RESERVED },
	{ "2001:db8::1", ADDRESS_RESERVED },
	{ "2002:7f00:1::1", ADDRESS_LOOPBACK },
	{ "2002:c0a8:101::1", ADDRESS_PRIVATE },
	{ "2002:808:808::1", ADDRESS_PUBLIC },
	{ "2a00:1450::5efe:192.168.1.1", ADDRESS_PRIVATE },
	{ "2a00:1450::200:5efe:127.0.0.1", ADDRESS_LOOPBACK },
	{ "3fff::1", ADDRESS_RESERVED },
	{ "4000::1", ADDRESS_RESERVED },
	{ "5f00::1", ADDRESS_RESERVED },
	{ "fc00::1", ADDRESS_PRIVATE },
	{ "fdff:ffff::1", ADDRESS_PRIVATE },
	{ "fe80::1", ADDRESS_LINK_LOCAL },
	{ "febf::1", ADDRESS_LINK_LOCAL },
	{ "fec0::1", ADDRESS_PRIVATE },
	{ "ff02::1", ADDRESS_MULTICAST },
};

START_TEST(kind_of_an_address)
{
	const char *text = cases[_i].text;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	enum address_kind got, got_bytes;

	if (strchr(text, ':') == NULL) {
		ck_assert_int_eq(inet_pton(AF_INET, text, &v4.sin_addr), 1);
		got = address_kind((struct sockaddr *)&v4);
		got_bytes = address_kind_bytes(&v4.sin_addr, 4);
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		got = address_kind((struct sockaddr *)&v6);
		got_bytes = address_kind_bytes(&v6.sin6_addr, 16);
	}
	ck_assert_msg(got == cases[_i].want, "%s: got %s, want %s", text,
	    address_kind_name(got), address_kind_name(cases[_i].want));
	ck_assert_int_eq(got_bytes, got);
}
END_TEST

START_TEST(what_is_no_address_is_not_public)
{
	struct sockaddr a = { .sa_family = AF_UNIX };

	ck_assert_int_eq(address_kind(&a), ADDRESS_UNKNOWN);
	ck_assert_int_eq(address_kind_bytes("12345", 5), ADDRESS_UNKNOWN);
	ck_assert_int_eq(address_kind_bytes("", 0), ADDRESS_UNKNOWN);
}
END_TEST

START_TEST(addresses_as_text)
{
	const unsigned char v4[4] = { 192, 0, 2, 1 };
	const unsigned char v6[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 1 };
	char text[ADDRESS_TEXT_MAX];

	address_format(v4, 4, text);
	ck_assert_str_eq(text, "192.0.2.1");
	address_format(v6, 16, text);
	ck_assert_str_eq(text, "2001:db8::1");
	address_format(v6, 7, text);
	ck_assert_str_eq(text, "?");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("address");
	TCase *t = tcase_create("address");

	tcase_add_loop_test(t, kind_of_an_address, 0, COUNT(cases));
	tcase_add_test(t, what_is_no_address_is_not_public);
	tcase_add_test(t, addresses_as_text);
	suite_add_tcase(s, t);
	return unit_run(s);
}
