/*
 * link - network interfaces by rtnetlink: found, made, changed, deleted.
 * In the host's network namespace, or looked at in another one by its number (nsid) from outside.
 */
#pragma once

#include "schema/world.h"

#include <net/if.h>

struct netlink;
struct nlmsghdr;

#define LINK_HERE (-1)    /* the namespace of the socket */
#define LINK_NOWHERE (-2) /* a namespace that is ending */
#define LINK_ALIAS_MOST 256

/* What we need to know of an interface. Texts of a container's are whatever its root likes. */
struct link {
	int index;
	char name[IFNAMSIZ];
	char kind[16];   /* "veth", "bridge", "ifb", "macvlan"; "" for hardware */
	char hwaddr[24]; /* "00:16:3e:..", lower case; "" if none */
	uint32_t mtu, txqueuelen, group;
	unsigned flags; /* IFF_UP ... */
	int master;     /* index; 0: none */
	int peer;       /* IFLA_LINK: the other end's or the parent's index; 0: none */
	int peer_nsid;  /* the namespace of that by the asking socket's numbers; LINK_HERE: its own
			 */
	char alias[LINK_ALIAS_MOST];
	/* Of hardware: the device behind it ("pci/0000:00:03.0") and its burnt-in address; "" where
	 * there is none. No container can give them to an interface of its own. */
	char device[64], perm_hwaddr[24];
	uint32_t macvlan_mode, ipvlan_mode;
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets; /* only by link_stats */
};

/* All interfaces of this network namespace, by index; items and names live in A. Returns 0 or
 * -errno. */
int link_list(struct arena *a, struct link_name **out, size_t *n);

/* Reads a message of the kernel's, RTM_NEWLINK or RTM_DELLINK; false: it is neither. LINK_HERE as
 * peer_nsid is then the namespace of the interface. */
bool link_parse(const struct nlmsghdr *h, struct link *out);

/* One interface of the namespace NSID; by a name of it, which may be another than out->name: the
 * kernel knows several of one interface (and a container's root gives them). 0, -ENODEV, or another
 * -errno. */
int link_by_name(struct netlink *nl, int nsid, const char *name, struct link *out);
int link_by_index(struct netlink *nl, int nsid, int index, struct link *out);
/* The same with its counters, which cost the kernel more. */
int link_stats(struct netlink *nl, int nsid, int index, struct link *out);
/* Calls EACH for all of NSID that are of KIND ("ifb"; NULL: all). The dump is taken again when it
 * was interrupted: EACH may see one twice. -EAGAIN: it was so all the time. In another namespace an
 * interface with hundreds of other names is left out: Linux has no room for it in the dump, and
 * does not say so. EACH must not ask NL anything. */
int link_each(struct netlink *nl, int nsid, const char *kind,
	      void (*each)(const struct link *l, void *context), void *context);

/* A veth pair: one end here, the other in the namespace behind NETNS_FD under its final name. Both
 * are down. */
struct link_veth {
	const char *name;    /* here */
	const char *hwaddr;  /* here; NULL: the kernel makes one up */
	int master;          /* 0: none */
	uint32_t mtu;        /* of both; 0: the kernel's */
	uint32_t txqueuelen; /* of both; 0 with txqueuelen_given: none at all */
	bool txqueuelen_given;
	int netns_fd;
	const char *peer_name, *peer_hwaddr;
};
int link_add_veth(struct netlink *nl, const struct link_veth *v);

/* A macvlan (mode bridge) or ipvlan on PARENT, made in the namespace behind NETNS_FD. */
struct link_child {
	const char *kind; /* "macvlan", "ipvlan" */
	const char *mode; /* ipvlan: "l2", "l3s" */
	int parent;
	const char *name, *hwaddr; /* hwaddr: macvlan only; may be NULL */
	uint32_t mtu;              /* 0: the parent's */
	int netns_fd;
};
int link_add_child(struct netlink *nl, const struct link_child *c);

/* An IFB, down, with this queue length. */
int link_add_ifb(struct netlink *nl, const char *name, uint32_t txqueuelen, int *index);

/* "00:16:3e:.." as bytes; false: it is no such address. */
bool link_hwaddr(const char *text, unsigned char out[6]);

/* What a living interface shall become; what is not given stays. Not all or nothing: of several
 * properties those before a refused one may have changed. A name is changed on an interface that is
 * up from Linux 6.2 on; before, -EBUSY. An empty alias takes it away. */
struct link_change {
	const char *name, *hwaddr, *alias;
	uint32_t mtu;
	bool txqueuelen_given, master_given, up_given;
	uint32_t txqueuelen;
	int master; /* 0: none */
	bool up;
};
/* NL's namespace is where the interface is. */
int link_change(struct netlink *nl, int index, const struct link_change *c);

/* Moves it into the namespace behind NETNS_FD under NAME. It goes down and loses its addresses.
 * -EEXIST: NAME is another's there, and it stays; but when somebody there takes the name in the
 * very moment, it has moved under its old name. */
int link_move(struct netlink *nl, int index, int netns_fd, const char *name);

/* Waits for an RCU grace period: some 16 ms. A veth's other end goes with it. -ENODEV: gone. */
int link_delete(struct netlink *nl, int index);

/* Deletes N interfaces and waits once for all of them. What is gone already is fine. Returns the
 * first other error; the rest are deleted all the same. */
int link_delete_all(struct netlink *nl, const int *indexes, size_t n);

/* Does the kernel know this kind of link? Asked by a request that cannot succeed: nothing is made,
 * but the kind's module is loaded where there is one. */
bool link_kind_known(struct netlink *nl, const char *kind);
