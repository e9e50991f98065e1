#include "schema/nic_ip.h"

#include "schema/arena.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* What Incus and LXD give to the end on the host. */
static const struct {
	int family;
	const char *address, *gateway, *host_address, *host_default;
	unsigned bits;
} families[N_NIC_FAMILIES] = {
    [NIC_IPV4] = {AF_INET,  "ipv4.address", "ipv4.gateway", "ipv4.host_address", "169.254.0.1", 32 },
    [NIC_IPV6] = {AF_INET6, "ipv6.address", "ipv6.gateway", "ipv6.host_address", "fe80::1",     128},
};

static const char *text_of(const struct setting *s, struct arena *a)
{
	struct complaint why;
	struct value v;

	return s && s->key && value_parse(s->key->grammar, s->text, a, &v, &why) == 0 ? v.text
										      : NULL;
}

/* As the kernel prints it. */
static const char *canonical(int family, const char *text, struct arena *a)
{
	unsigned char octets[16];
	char address[INET6_ADDRSTRLEN];

	if (inet_pton(family, text, octets) != 1)
		return NULL;
	inet_ntop(family, octets, address, sizeof(address));
	return arena_strdup(a, address);
}

static bool has(const struct nic_ip *ip, const char *prefix)
{
	for (size_t i = 0; i < ip->n; i++)
		if (strcmp(ip->addresses[i].prefix, prefix) == 0)
			return true;
	return false;
}

static void read_addresses(struct nic_ip *ip, enum nic_family f, const struct setting *s,
			   struct arena *a)
{
	char *list = arena_strdup(a, text_of(s, a));
	size_t capacity = 0;

	for (char *item = strsep(&list, ","); item; item = strsep(&list, ",")) {
		const char *address = canonical(families[f].family, item + strspn(item, " \t"), a);
		const char *prefix;

		if (!address)
			continue; /* "none" */
		prefix = arena_printf(a, "%s/%u", address, families[f].bits);
		if (has(ip, prefix))
			continue;
		ip->addresses =
		    arena_grow(a, ip->addresses, ip->n, &capacity, sizeof(*ip->addresses));
		ip->addresses[ip->n++] = (struct nic_route){prefix, s};
	}
}

static const char *address_or(const struct setting *s, int family, const char *otherwise,
			      struct arena *a)
{
	const char *text = text_of(s, a);
	const char *address = text ? canonical(family, text, a) : NULL;

	return address ? address : otherwise;
}

/* None is given where there is no address that could use it. */
static const char *gateway_of(const struct nic *nic, enum nic_family f, struct arena *a)
{
	const struct nic_ip *ip = &nic->ip[f];
	const char *text = text_of(ip->gateway_setting, a);

	if (ip->n == 0 || (text && strcmp(text, "none") == 0))
		return NULL;
	if (nic->kind == NIC_ROUTED)
		return ip->host_address;
	if (nic->mode && strcmp(nic->mode, "l2") == 0)
		return address_or(ip->gateway_setting, families[f].family, NULL, a);
	return NIC_GATEWAY_DEVICE;
}

void nic_ip_read(struct nic *nic, struct arena *a)
{
	const struct device *d = nic->device->device;

	if (nic->kind != NIC_ROUTED && nic->kind != NIC_IPVLAN)
		return;
	for (int f = 0; f < N_NIC_FAMILIES; f++) {
		struct nic_ip *ip = &nic->ip[f];

		read_addresses(ip, (enum nic_family)f, device_get(d, families[f].address), a);
		ip->gateway_setting = device_get(d, families[f].gateway);
		ip->host_setting = device_get(d, families[f].host_address);
		if (nic->kind == NIC_ROUTED && ip->n)
			ip->host_address = address_or(ip->host_setting, families[f].family,
						      families[f].host_default, a);
		ip->gateway = gateway_of(nic, (enum nic_family)f, a);
	}
}
