#include "schema/network.h"

#include "schema/arena.h"
#include "schema/settings.h"

#include <arpa/inet.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"bridge", "macvlan", "ovn", "physical", "sriov"};

const char *network_kind_name(enum network_kind k)
{
	return kinds[k];
}

enum network_kind network_kind_of(const struct document *d)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], d->type) == 0)
			return (enum network_kind)i;
	return NETWORK_BRIDGE;
}

/* It was validated, so that it cannot fail. */
static bool read_value(const struct setting *s, struct arena *a, struct value *out)
{
	struct complaint why;

	return s && value_parse(s->key->grammar, s->text, a, out, &why) == 0;
}

static void read_mtu(struct network *out, const char *key, struct arena *a)
{
	struct value v;

	out->mtu_setting = settings_find(&out->document->config, key);
	if (read_value(out->mtu_setting, a, &v))
		out->mtu = (uint32_t)v.number;
}

/* "10.0.3.1/24" and "FD42::0:1/064" as inet_ntop(3) and plain digits write them. */
static const char *canonical(int family, const char *text, struct arena *a)
{
	char address[INET6_ADDRSTRLEN];
	unsigned char binary[16];
	size_t n = strcspn(text, "/");

	if (!text[n] || inet_pton(family, arena_strndup(a, text, n), binary) != 1 ||
	    !inet_ntop(family, binary, address, sizeof(address)))
		return NULL;
	return arena_printf(a, "%s/%lu", address, strtoul(text + n + 1, NULL, 10));
}

static void read_address(struct network_address *out, const struct document *d, const char *key,
			 int family, struct arena *a)
{
	out->setting = settings_find(&d->config, key);
	if (!out->setting || strcmp(out->setting->text, "none") == 0)
		return;
	out->automatic = strcmp(out->setting->text, "auto") == 0;
	if (!out->automatic)
		out->text = canonical(family, out->setting->text, a);
}

static void read_bridge(struct network *out, struct arena *a)
{
	const struct document *d = out->document;
	struct value v;

	read_mtu(out, "bridge.mtu", a);
	out->hwaddr_setting = settings_find(&d->config, "bridge.hwaddr");
	if (read_value(out->hwaddr_setting, a, &v))
		out->hwaddr = v.text;
	read_address(&out->ipv4, d, "ipv4.address", AF_INET, a);
	read_address(&out->ipv6, d, "ipv6.address", AF_INET6, a);
}

void network_read(const struct document *d, struct arena *a, struct network *out)
{
	*out = (struct network){.document = d, .kind = network_kind_of(d)};
	switch (out->kind) {
	case NETWORK_BRIDGE:
		read_bridge(out, a);
		return;
	case NETWORK_MACVLAN:
	case NETWORK_PHYSICAL:
	case NETWORK_SRIOV:
		out->parent_setting = settings_find(&d->config, "parent");
		out->parent = out->parent_setting ? out->parent_setting->text : NULL;
		read_mtu(out, "mtu", a);
		return;
	case NETWORK_OVN:
		return;
	}
}

const struct document *network_find(const struct document *const *networks, size_t n,
				    const char *name)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(networks[middle]->name, name);

		if (order == 0)
			return networks[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *network_bridge_refused(const struct document *d, const struct setting **which)
{
	const struct setting *driver = settings_find(&d->config, "bridge.driver");
	const struct setting *mode = settings_find(&d->config, "bridge.mode");

	if (driver && strcmp(driver->text, "native") != 0) {
		*which = driver;
		return "evenkeel makes bridges of the kernel's own kind only";
	}
	if (mode && strcmp(mode->text, "standard") != 0) {
		*which = mode;
		return "evenkeel makes no fan bridges";
	}
	return NULL;
}

bool network_makes_bridge(const struct document *const *networks, size_t n, const char *name)
{
	const struct document *d = network_find(networks, n, name);
	const struct setting *which;

	return d && !d->broken && network_kind_of(d) == NETWORK_BRIDGE &&
	       d->state != STATE_ABSENT && !network_bridge_refused(d, &which);
}

void network_stable_hwaddr(const char *host, const char *network, char out[18])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, (const uint8_t *)"network", sizeof("network"));
	SHA256Update(&sha, (const uint8_t *)host, strlen(host) + 1);
	SHA256Update(&sha, (const uint8_t *)network, strlen(network));
	SHA256Final(digest, &sha);
	/* locally administered, and nobody's group */
	snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", (digest[0] & 0xfcu) | 0x02u, digest[1],
		 digest[2], digest[3], digest[4], digest[5]);
}
