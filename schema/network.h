/*
 * network - what a network document asks for, typed.
 * Bridges are made on the host; networks of other types only say what a nic on them is. Pure:
 * whether the host has that interface is not asked here.
 */
#pragma once

#include "schema/manifest.h"

/* In the order of their names. */
enum network_kind {
	NETWORK_BRIDGE,
	NETWORK_MACVLAN,
	NETWORK_OVN,
	NETWORK_PHYSICAL,
	NETWORK_SRIOV,
};

const char *network_kind_name(enum network_kind k);

/* Of a network document; one without a type is a bridge. */
enum network_kind network_kind_of(const struct document *d);

/* The address of a bridge on the host. */
struct network_address {
	const struct setting *setting; /* NULL: not given */
	const char *text; /* "10.0.3.1/24" as the kernel prints it; NULL: none of ours */
	bool automatic;   /* the word auto: a subnet that somebody shall choose */
};

/* What is not given is NULL or 0. */
struct network {
	const struct document *document;
	enum network_kind kind;
	const char *parent; /* of a macvlan, physical or sriov network: an interface of the host */
	const struct setting *parent_setting;
	uint32_t mtu; /* bridge.mtu of a bridge, mtu of others */
	const struct setting *mtu_setting;
	const char *hwaddr; /* of a bridge; lower case */
	const struct setting *hwaddr_setting;
	struct network_address ipv4, ipv6; /* of a bridge */
};

/* D is a network document that is not broken; texts live in A. */
void network_read(const struct document *d, struct arena *a, struct network *out);

/* The document of the network NAME among N, sorted by name; NULL: there is none. */
const struct document *network_find(const struct document *const *networks, size_t n,
				    const char *name);

/* Does one of these documents make the bridge NAME: is it a good one, not of another type, not
 * state: absent? */
bool network_makes_bridge(const struct document *const *networks, size_t n, const char *name);

/* Why a bridge that D describes cannot be made here at all ("bridge.driver is openvswitch"), and
 * the setting that says so; NULL: it can. */
const char *network_bridge_refused(const struct document *d, const struct setting **which);

/* The address of a bridge without bridge.hwaddr: the same after a restart, another on another
 * host, since both may be on one segment. Locally administered; made from the SHA-256 of both
 * names. */
void network_stable_hwaddr(const char *host, const char *network, char out[18]);
