/*
 * nic_parts - what the rooms of the nic driver share.
 * nic_desire says what should hold, nic_find finds the links, nic_observe reads them, nic_apply
 * changes them; nic puts them together.
 */
#pragma once

#include "net/netlink.h"
#include "net/nic.h"
#include "schema/nic.h"

#define NIC_LINK "link"
#define LINK_VETH "veth"
#define LINK_MACVLAN "macvlan"
#define LINK_IPVLAN "ipvlan"
#define LINK_PHYSICAL "physical"
#define NIC_MASTER "master"
#define NIC_NAME "name"
#define NIC_HWADDR "hwaddr"
#define NIC_HOST_NAME "host_name"
#define NIC_MTU "mtu"
#define NIC_TXQUEUELEN "txqueuelen"
#define NIC_UP "up"
#define NIC_INDEX "index"
#define NIC_ROUTE "route."
#define NIC_ADDRESS "address."           /* inside */
#define NIC_HOST_ADDRESS "host_address." /* of the host end */
#define NIC_NEIGHBOUR "neighbour."       /* answered for on the parent */
#define NIC_GATEWAY "gateway."           /* ipv4, ipv6 */
#define NIC_FORWARDING4 "ipv4.forwarding"
#define NIC_FORWARDING6 "ipv6.forwarding"
#define NIC_RP_FILTER "ipv4.rp_filter"
#define NIC_INGRESS "ingress"
#define NIC_EGRESS "egress"
#define NIC_BURST ".burst"
#define NIC_PRIORITY "priority"

/* Behind an index that is one of the owner's own lxc.net.N, before its type. */
#define NIC_INDEX_OWN " own "
/* The device of a route that leads to the host end itself, whatever its name is. */
#define NIC_ROUTE_HOST_END "host end"

/* Where an address is that is the container's own. */
#define NIC_INSIDE "inside"

struct nic_ip_seen;
struct work;

/* One nic as it was found. */
struct nic_found {
	const char *object;
	bool there;
	int *clones; /* what container root has made of it, on the host's parent too */
	size_t n_clones;
	const char *lost; /* why it may be there nevertheless; NULL */
	struct link guest;
	struct link host;   /* index 0: it has no end on the host */
	int stray;          /* the host's end of the one before: see nics_stray */
	const char *link;   /* "veth", "macvlan eth1" */
	const char *master; /* of the host end; NULL: none */
	struct shaping ways[2];
	bool ways_read[2];
	bool burst_asked[2];    /* by the manifest: a burst that is there stays */
	struct nic_ip_seen *ip; /* nic_ip's own */
	bool has_routes;        /* somebody asked for routes to it */
};

struct nics {
	int netns; /* the fd while they are looked at or changed; else -1: it pins */
	int nsid;
	const char *unseen;      /* why nothing can be looked at; NULL */
	bool shared;             /* it is the host's own network */
	struct nic_found *items; /* by object */
	size_t n;
};

/* ---- nic_desire ---- */

void nic_desire(const struct world *w, const struct world_instance *i, struct properties *out);
void nic_boot(const struct host *host, const struct properties *desired, struct arena *a,
	      const char ***lines, size_t *n, size_t *capacity);
const char *nic_base(const struct container *c, const struct property *owned, struct arena *a);
/* Says in LINK why NIC cannot be had on this host. */
void nic_judge(const struct world *w, const struct world_instance *i, const struct nic *nic,
	       struct arena *a, struct property *link);
/* It is for the user to mend. */
void nic_refuse(struct property *p, const char *reason, const char *remedy);
/* The text of OBJECT's attribute in a sorted array; NULL: not there, or without a value. */
const char *nic_text(const struct properties *p, const char *object, const char *attribute);
/* What marks a host end as ours. */
const char *nic_alias(const struct container *c, const char *object, struct arena *a);

/* ---- nic_find ---- */

/* Finds the links of the objects in ASKED (sorted) into c->nics. */
struct nics *nics_find(struct container *c, const struct properties *asked);
struct nic_found *nics_get(struct nics *nics, const char *object);
/* Opens the container's network namespace, if it still is the one that was found. -errno. */
int nics_enter(const struct container *c, struct nics *nics);
/* Lets go of it. */
void nics_leave(struct nics *nics);
/* Is LINK ("macvlan eth1") of this kind? */
bool nic_is_link(const char *link, const char *kind);
/* The parent that LINK names, in A; NULL: none. */
const char *nic_parent(const char *link, struct arena *a);
/* What GUEST is, by its parent on the host, in A: "macvlan eth1"; NULL: it is no such interface. */
const char *nics_child_link(struct netlink *nl, const struct link *guest, struct arena *a);
/* What the host's interface is at home that LINK ("physical eth1") names; NULL: it is no such link,
 * or that is not known. */
const struct parent_link *nics_home(const struct host *host, const char *link, struct arena *a);
/* The name of a link on the host; NULL: it is gone, or there is none. */
const char *nics_link_name(struct netlink *nl, int index, struct arena *a);
/* Is this the host's own network? */
bool nics_is_ours(int netns);
/* The namespace of C: an fd, or -errno. */
int nics_namespace(const struct container *c);
/* The link on the host whose other end is GUEST, of the namespace NSID. 0 or -errno. */
int nics_host_end(struct netlink *nl, int nsid, const struct link *guest, struct link *host);
/* The end called NAME of a veth that was OBJECT, made by us or BY_LXC, whose other end container
 * root has taken into a namespace of its own: its index; 0: there is none. The container would have
 * two with the one that comes in its place, and one perhaps without limits. */
int nics_stray(struct netlink *nl, const struct container *c, const struct nics *nics,
	       const char *object, const char *name, bool by_lxc);

/* ---- nic_observe ---- */

void nic_observe(struct container *c, const struct properties *asked, struct properties *out);

/* ---- nic_ip ---- */

/* Is it an attribute of theirs? One of the container's own end? One that comes last? */
bool nic_ip_is(const char *attribute);
bool nic_ip_is_inside(const char *attribute);
bool nic_ip_is_late(const char *attribute);
void nic_ip_see(struct container *c, struct nic_found *f, const struct property *asked,
		struct property *p);
/* What was there goes; what shall be comes. Both leave their verdict. */
void nic_ip_take(struct work *w, struct change *c);
void nic_ip_give(struct work *w, struct change *c);
const char *nic_ip_base(const char *attribute, struct arena *a);

/* ---- nic_apply ---- */

void nic_apply(struct container *c, struct change **changes, size_t n);
