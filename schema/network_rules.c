#include "schema/network_rules.h"

#include "schema/arena.h"
#include "schema/settings.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define IPV6_LEAST_MTU 1280

/* Keys that only some types have: b(ridge), m(acvlan), o(vn), p(hysical), s(riov); and the one that
 * is meant where it is another's. A final dot stands for all that begin so. */
static const struct {
	const char *key, *letters, *instead;
} restricted[] = {
    {"bridge.mtu",   "bo",  "mtu"       },
    {"bridge.",      "bo",  NULL        },
    {"dns.domain",   "bo",  NULL        },
    {"dns.mode",     "b",   NULL        },
    {"fan.",         "b",   NULL        },
    {"gvrp",         "mps", NULL        },
    {"ipv4.address", "bo",  NULL        },
    {"ipv4.dhcp",    "bo",  NULL        },
    {"ipv4.nat",     "bo",  NULL        },
    {"ipv6.address", "bo",  NULL        },
    {"ipv6.dhcp",    "bo",  NULL        },
    {"ipv6.nat",     "bo",  NULL        },
    {"mtu",          "mps", "bridge.mtu"},
    {"network",      "o",   NULL        },
    {"parent",       "mps", NULL        },
    {"raw.dnsmasq",  "b",   NULL        },
    {"tunnel.",      "b",   NULL        },
    {"vlan",         "mps", NULL        },
};

static bool is_called(const char *name, const char *key)
{
	size_t n = strlen(key);

	return key[n - 1] == '.' ? strncmp(name, key, n) == 0 : strcmp(name, key) == 0;
}

static void check_key(struct reading *r, const struct document *d, const struct setting *s)
{
	for (size_t i = 0; i < sizeof(restricted) / sizeof(restricted[0]); i++) {
		if (!is_called(s->name, restricted[i].key))
			continue;
		if (strchr(restricted[i].letters, d->type[0]))
			return;
		diagnostic_error(r->ds, s->at, "%s is no key of a network of type %s",
				 reading_show(r, s->name), d->type);
		reading_hint_near_miss(r, restricted[i].instead);
		return;
	}
}

/* Bits LENGTH.. of an address are the host's part. */
static bool host_part_is(const unsigned char *address, size_t bytes, unsigned length, bool ones)
{
	for (size_t bit = length; bit < 8 * bytes; bit++)
		if (((address[bit / 8] >> (7 - bit % 8)) & 1u) != ones)
			return false;
	return true;
}

/* No host can have it. NULL: one can. */
static const char *unfit(int family, const unsigned char *address, unsigned length)
{
	size_t bytes = family == AF_INET ? 4 : 16;
	bool narrow = length + 1 >= 8 * bytes;

	if (length == 0)
		return "would make every address a neighbour";
	if (host_part_is(address, bytes, 0, false))
		return "is no host's address";
	if (family == AF_INET ? address[0] >= 224 || address[0] == 0 : address[0] == 0xff)
		return "is no host's address";
	if (family == AF_INET ? address[0] == 127 : host_part_is(address, 15, 0, false))
		return "is the host's own loopback";
	if (!narrow && host_part_is(address, bytes, length, false))
		return "is the address of the network itself";
	if (!narrow && family == AF_INET && host_part_is(address, bytes, length, true))
		return "is the broadcast address of its network";
	return NULL;
}

/* The first host of the network, as an example; NULL: there is none. */
static const char *first_host(struct reading *r, int family, unsigned char *address,
			      unsigned length)
{
	size_t bytes = family == AF_INET ? 4 : 16;
	char text[INET6_ADDRSTRLEN];

	if (length == 0 || length + 1 >= 8 * bytes)
		return NULL;
	for (size_t bit = length; bit < 8 * bytes; bit++)
		address[bit / 8] &= (unsigned char)~(0x80u >> bit % 8);
	address[bytes - 1] |= 1;
	if (unfit(family, address, length) || !inet_ntop(family, address, text, sizeof(text)))
		return NULL;
	return arena_printf(r->scratch, "%s/%u", text, length);
}

static void check_address(struct reading *r, const struct document *d, const char *key, int family)
{
	const struct setting *s = settings_find(&d->config, key);
	unsigned char address[16];
	const char *wrong, *slash;
	unsigned length;

	if (s && !r->strict && strcmp(s->text, "auto") == 0) {
		diagnostic_notice(r->ds, s->value_at, "%s: evenkeel picks no subnet", key);
		diagnostic_hint(r->ds, "write the address that the bridge shall have, or none");
	}
	slash = s ? strchr(s->text, '/') : NULL;
	if (!slash)
		return;
	length = (unsigned)strtoul(slash + 1, NULL, 10);
	if (inet_pton(family, arena_strndup(r->scratch, s->text, (size_t)(slash - s->text)),
		      address) != 1)
		return;
	wrong = unfit(family, address, length);
	if (!wrong)
		return;
	diagnostic_error(r->ds, s->value_at, "%s %s", reading_show(r, s->text), wrong);
	reading_hint_near_miss(r, first_host(r, family, address, length));
}

static bool asks(const struct document *d, const char *key, const char *text)
{
	const struct setting *s = settings_find(&d->config, key);

	return s && strcmp(s->text, text) == 0;
}

/* The kernel keeps no IPv6 on an interface whose packets are too small for it. */
static void check_mtu(struct reading *r, const struct document *d)
{
	const struct setting *mtu = settings_find(&d->config, "bridge.mtu");

	if (!mtu || !settings_find(&d->config, "ipv6.address") || asks(d, "ipv6.address", "none") ||
	    strtoul(mtu->text, NULL, 10) >= IPV6_LEAST_MTU)
		return;
	diagnostic_error(r->ds, mtu->value_at, "bridge.mtu %s is too small for IPv6",
			 reading_show(r, mtu->text));
	diagnostic_hint(r->ds, "IPv6 needs %d; for IPv4 alone leave ipv6.address out",
			IPV6_LEAST_MTU);
}

static void check_bridge(struct reading *r, const struct document *d)
{
	check_address(r, d, "ipv4.address", AF_INET);
	check_address(r, d, "ipv6.address", AF_INET6);
	check_mtu(r, d);
}

/* Others than bridges are nothing on the host but their parent. */
static void check_parent(struct reading *r, const struct document *d)
{
	if (settings_find(&d->config, "parent") || r->strict)
		return;
	diagnostic_error(r->ds, d->at, "the network has no parent: one of type %s needs one",
			 d->type);
	diagnostic_hint(r->ds, "in its config: parent: INTERFACE, one of the host's");
}

void network_rules_check(struct reading *r, const struct document *d, bool sound)
{
	size_t errors = reading_errors(r);

	if (strcmp(d->type, "ovn") == 0)
		reading_tally(r, &r->validated, "networks of type ovn", d->at);
	else if (strcmp(d->type, "sriov") == 0)
		reading_tally(r, &r->validated, "networks of type sriov", d->at);
	for (size_t i = 0; i < d->config.n && !reading_full(r); i++)
		check_key(r, d, &d->config.items[i]);
	if (!sound || reading_errors(r) != errors)
		return;
	if (strcmp(d->type, "bridge") == 0)
		check_bridge(r, d);
	else if (strcmp(d->type, "ovn") != 0)
		check_parent(r, d);
}
