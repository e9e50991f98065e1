/*
 * nic - what a manifest asks of a network interface, typed.
 * An instance's nic devices with their networks resolved: kinds and parents, names inside, rates.
 * Pure: whether the host has that bridge is not asked here.
 */
#pragma once

#include "schema/expand.h"
#include "schema/property.h"

/* In the order of their names. */
enum nic_kind {
	NIC_BRIDGED,
	NIC_IPVLAN,
	NIC_MACVLAN,
	NIC_OVN,
	NIC_P2P,
	NIC_PHYSICAL,
	NIC_ROUTED,
	NIC_SRIOV,
};

const char *nic_kind_name(enum nic_kind k);
bool nic_kind_find(const char *name, enum nic_kind *out);

/* The kind of a nic device, its network looked up among N documents sorted by name. */
enum nic_kind nic_kind_of(const struct device *d, const struct document *const *networks, size_t n);

/* Why nobody makes nics of that kind; NULL: they can be had. */
const char *nic_kind_unsupported(enum nic_kind k);

/* Is there a link on the host that all its traffic passes: a veth's other end? */
bool nic_has_host_end(enum nic_kind k);

/* One route on the host to a container. */
struct nic_route {
	const char *prefix; /* "10.1.2.0/24", host bits zero, as the kernel prints it */
	const struct setting *setting;
};

enum nic_family { NIC_IPV4, NIC_IPV6, N_NIC_FAMILIES };

/* A default route that needs no address: everything is behind the interface. */
#define NIC_GATEWAY_DEVICE "dev"

/* What a routed or ipvlan nic has of one family. */
struct nic_ip {
	struct nic_route *addresses; /* "10.0.0.5/32", inside */
	size_t n;
	const char *gateway; /* an address, or NIC_GATEWAY_DEVICE; NULL: none */
	const struct setting *gateway_setting;
	const char *host_address; /* "169.254.0.1", of a routed one's host end */
	const struct setting *host_setting;
};

/* What is not given is NULL or 0. */
struct nic {
	const struct expanded_device *device;
	const char *object; /* "nic/eth0", as properties have it */
	enum nic_kind kind;
	const char *name; /* inside; always there */
	bool name_given;
	const char *parent;                   /* a bridge, or an interface of the host */
	const struct setting *parent_setting; /* parent, or network */
	const char *hwaddr;                   /* lower case */
	const char *host_name;
	uint32_t mtu, txqueuelen;
	bool txqueuelen_given;
	uint64_t ingress, egress; /* bits per second; ingress is towards the container */
	const struct setting *ingress_setting, *egress_setting;
	uint64_t ingress_burst, egress_burst; /* bytes */
	const struct setting *ingress_burst_setting, *egress_burst_setting;
	bool priority_given;
	uint32_t priority;
	const char *mode; /* of an ipvlan: l2, l3s */
	struct nic_route *routes;
	size_t n_routes;
	struct nic_ip ip[N_NIC_FAMILIES];
};

/* All nics of I (masked ones left out), by the names of their devices, into A. NETWORKS: the
 * network documents, sorted by name. OWNED (sorted; may be NULL): what the record says we took:
 * names that were derived once stay. Returns how many. */
size_t nics_of(const struct instance *i, const struct document *const *networks, size_t n_networks,
	       const struct properties *owned, struct arena *a, struct nic **out);

/* "10.1.2.3/24" as the kernel has it, "10.1.2.0/24", in A; NULL: no address with a prefix. */
const char *nic_route_prefix(const char *text, struct arena *a);

/* The address of a nic without hwaddr: the same after a restart and on another host. Locally
 * administered; made from the SHA-256 of both names. */
void nic_stable_hwaddr(const char *instance, const char *device, char out[18]);

/* The name of a nic's host end where none is given: "ve" and a hash of the three. */
void nic_stable_host_name(const char *lxcpath, const char *instance, const char *device,
			  char out[16]);
