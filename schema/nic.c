#include "schema/nic.h"

#include "schema/arena.h"
#include "schema/network.h"
#include "schema/nic_ip.h"
#include "schema/nic_names.h"

#include <arpa/inet.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct {
	const char *name;
	bool host_end;
	const char *unsupported;
} kinds[] = {
	[NIC_BRIDGED] = {"bridged", true, NULL},
	[NIC_IPVLAN] = {"ipvlan", false, NULL},
	[NIC_MACVLAN] = {"macvlan", false, NULL},
	[NIC_OVN] = {"ovn", false, "evenkeel has no OVN driver"},
	[NIC_P2P] = {"p2p", true, NULL},
	[NIC_PHYSICAL] = {"physical", false, NULL},
	[NIC_ROUTED] = {"routed", true, NULL},
	[NIC_SRIOV] = {"sriov", false, "evenkeel has no SR-IOV driver"},
};
/* clang-format on */

#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

const char *nic_kind_name(enum nic_kind k)
{
	return kinds[k].name;
}

bool nic_has_host_end(enum nic_kind k)
{
	return kinds[k].host_end;
}

const char *nic_kind_unsupported(enum nic_kind k)
{
	return kinds[k].unsupported;
}

bool nic_kind_find(const char *name, enum nic_kind *out)
{
	for (size_t k = 0; k < N_KINDS; k++) {
		if (strcmp(kinds[k].name, name) != 0)
			continue;
		*out = (enum nic_kind)k;
		return true;
	}
	return false;
}

static enum nic_kind kind_of_network(enum network_kind k)
{
	switch (k) {
	case NETWORK_BRIDGE:
		return NIC_BRIDGED;
	case NETWORK_MACVLAN:
		return NIC_MACVLAN;
	case NETWORK_OVN:
		return NIC_OVN;
	case NETWORK_PHYSICAL:
		return NIC_PHYSICAL;
	case NETWORK_SRIOV:
		return NIC_SRIOV;
	}
	return NIC_BRIDGED;
}

/* The value of an option or network key. It was validated: what does not read is not there. */
static bool read_value(const struct setting *s, struct arena *a, struct value *out)
{
	struct complaint why;

	return s && s->key && value_parse(s->key->grammar, s->text, a, out, &why) == 0;
}

static bool read_option(const struct nic *nic, const char *option, struct arena *a,
			struct value *out)
{
	return read_value(device_get(nic->device->device, option), a, out);
}

static const char *text_option(const struct nic *nic, const char *option, struct arena *a)
{
	struct value v;

	return read_option(nic, option, a, &v) ? v.text : NULL;
}

static uint64_t number_option(const struct nic *nic, const char *option, struct arena *a)
{
	struct value v;

	return read_option(nic, option, a, &v) ? v.number : 0;
}

/* What network: stands for. A bridge has the network's name; other networks name a parent. Without
 * a document it is a bridge. */
static void resolve_network(struct nic *nic, const struct setting *s,
			    const struct document *document, struct arena *a)
{
	struct network network = {.kind = NETWORK_BRIDGE};

	if (document)
		network_read(document, a, &network);
	nic->kind = kind_of_network(network.kind);
	nic->parent_setting = s;
	nic->parent = nic->kind == NIC_BRIDGED ? s->text : network.parent;
	if (nic->kind != NIC_BRIDGED)
		nic->mtu = network.mtu;
}

/* A device with neither is broken, and nobody asks. */
static enum nic_kind kind_given(const struct device *d)
{
	const char *nictype = device_text(d, "nictype");
	enum nic_kind kind = NIC_P2P;

	if (nictype)
		nic_kind_find(nictype, &kind);
	return kind;
}

enum nic_kind nic_kind_of(const struct device *d, const struct document *const *networks, size_t n)
{
	const char *name = device_text(d, "network");
	const struct document *document = name ? network_find(networks, n, name) : NULL;

	if (!name)
		return kind_given(d);
	return document ? kind_of_network(network_kind_of(document)) : NIC_BRIDGED;
}

static void resolve_kind(struct nic *nic, const struct document *const *networks, size_t n,
			 struct arena *a)
{
	const struct device *d = nic->device->device;
	const struct setting *network = device_get(d, "network");

	nic->mtu = (uint32_t)number_option(nic, "mtu", a);
	if (network) {
		resolve_network(nic, network, network_find(networks, n, network->text), a);
		return;
	}
	nic->kind = kind_given(d);
	nic->parent_setting = device_get(d, "parent");
	nic->parent = text_option(nic, "parent", a);
}

/* limits.max wins over the limit of one way, and what goes with it likewise. */
static const struct setting *limit_setting(const struct nic *nic, const char *max, const char *way)
{
	const struct setting *s = device_get(nic->device->device, max);

	return s ? s : device_get(nic->device->device, way);
}

static uint64_t limit_number(const struct setting *s, struct arena *a)
{
	struct value v;

	return read_value(s, a, &v) ? v.number : 0;
}

static void read_limits(struct nic *nic, struct arena *a)
{
	nic->ingress_setting = limit_setting(nic, "limits.max", "limits.ingress");
	nic->egress_setting = limit_setting(nic, "limits.max", "limits.egress");
	nic->ingress = limit_number(nic->ingress_setting, a);
	nic->egress = limit_number(nic->egress_setting, a);
	nic->ingress_burst_setting =
	    limit_setting(nic, "limits.max.bucket", "limits.ingress.bucket");
	nic->egress_burst_setting = limit_setting(nic, "limits.max.bucket", "limits.egress.bucket");
	nic->ingress_burst = limit_number(nic->ingress_burst_setting, a) / 8;
	nic->egress_burst = limit_number(nic->egress_burst_setting, a) / 8;
	nic->priority_given = device_get(nic->device->device, "limits.priority") != NULL;
	nic->priority = (uint32_t)number_option(nic, "limits.priority", a);
}

const char *nic_route_prefix(const char *text, struct arena *a)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	size_t bits = family == AF_INET6 ? 128 : 32;
	char address[INET6_ADDRSTRLEN];
	unsigned char octets[16];
	const char *slash = strchr(text, '/');
	uint64_t prefix;

	if (!slash || (size_t)(slash - text) >= sizeof(address) ||
	    !value_digits(slash + 1, strlen(slash + 1), bits, &prefix))
		return NULL;
	*(char *)mempcpy(address, text, (size_t)(slash - text)) = '\0';
	if (inet_pton(family, address, octets) != 1)
		return NULL;
	for (size_t k = prefix; k < bits; k++)
		octets[k / 8] &= (unsigned char)~(0x80u >> (k % 8));
	inet_ntop(family, octets, address, sizeof(address));
	return arena_printf(a, "%s/%u", address, (unsigned)prefix);
}

static int compare_routes(const void *x, const void *y)
{
	const struct nic_route *r = x, *s = y;

	return strcmp(r->prefix, s->prefix);
}

static void read_routes(struct nic *nic, struct arena *a)
{
	static const char *const options[] = {"ipv4.routes", "ipv6.routes"};
	size_t capacity = 0, kept = 0;
	struct value v;

	for (size_t o = 0; o < sizeof(options) / sizeof(*options); o++) {
		const struct setting *s = device_get(nic->device->device, options[o]);

		if (!read_value(s, a, &v))
			continue;
		for (size_t k = 0; k < v.list.n; k++) {
			const char *prefix = nic_route_prefix(v.list.items[k], a);

			if (!prefix)
				continue;
			nic->routes = arena_grow(a, nic->routes, nic->n_routes, &capacity,
						 sizeof(*nic->routes));
			nic->routes[nic->n_routes++] = (struct nic_route){prefix, s};
		}
	}
	if (nic->n_routes < 2)
		return;
	qsort(nic->routes, nic->n_routes, sizeof(*nic->routes), compare_routes);
	for (size_t k = 1; k < nic->n_routes; k++)
		if (strcmp(nic->routes[kept].prefix, nic->routes[k].prefix) != 0)
			nic->routes[++kept] = nic->routes[k];
	nic->n_routes = kept + 1;
}

static void read_nic(struct nic *nic, const struct document *const *networks, size_t n_networks,
		     struct arena *a)
{
	nic->object = object_name(a, "nic", nic->device->device->name);
	resolve_kind(nic, networks, n_networks, a);
	nic->hwaddr = text_option(nic, "hwaddr", a);
	nic->host_name = text_option(nic, "host_name", a);
	nic->txqueuelen_given = device_get(nic->device->device, "queue.tx.length") != NULL;
	nic->txqueuelen = (uint32_t)number_option(nic, "queue.tx.length", a);
	if (nic->kind == NIC_IPVLAN) {
		nic->mode = text_option(nic, "mode", a);
		if (!nic->mode)
			nic->mode = "l3s";
	}
	read_limits(nic, a);
	read_routes(nic, a);
	nic_ip_read(nic, a);
}

static bool is_nic(const struct device *d)
{
	return strcmp(d->type->name, "nic") == 0;
}

size_t nics_of(const struct instance *i, const struct document *const *networks, size_t n_networks,
	       const struct properties *owned, struct arena *a, struct nic **out)
{
	size_t n = 0;
	struct nic *nics;

	*out = NULL;
	for (size_t k = 0; k < i->n_devices; k++)
		n += is_nic(i->devices[k].device);
	if (n == 0)
		return 0;
	nics = arena_alloc(a, n * sizeof(*nics));
	n = 0;
	for (size_t k = 0; k < i->n_devices; k++) {
		if (!is_nic(i->devices[k].device))
			continue;
		nics[n].device = &i->devices[k];
		read_nic(&nics[n++], networks, n_networks, a);
	}
	nic_names_give(i, nics, n, owned, a);
	*out = nics;
	return n;
}

/* A name cannot hold a NUL: what stands before one is never taken for part of what follows. */
static void add(SHA2_CTX *sha, const char *text, bool last)
{
	SHA256Update(sha, (const uint8_t *)text, strlen(text) + !last);
}

void nic_stable_hwaddr(const char *instance, const char *device, char out[18])
{
	uint8_t x[SHA256_DIGEST_LENGTH];
	SHA2_CTX sha;

	SHA256Init(&sha);
	add(&sha, instance, false);
	add(&sha, device, true);
	SHA256Final(x, &sha);
	snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", (x[0] & 0xfcu) | 0x02u, x[1], x[2], x[3],
		 x[4], x[5]);
}

void nic_stable_host_name(const char *lxcpath, const char *instance, const char *device,
			  char out[16])
{
	uint8_t x[SHA256_DIGEST_LENGTH];
	SHA2_CTX sha;

	SHA256Init(&sha);
	add(&sha, lxcpath, false);
	add(&sha, instance, false);
	add(&sha, device, true);
	SHA256Final(x, &sha);
	snprintf(out, 16, "ve%02x%02x%02x%02x%02x", x[0], x[1], x[2], x[3], x[4]);
}
