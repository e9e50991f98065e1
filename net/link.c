#include "net/link.h"

#include "net/netlink.h"
#include "schema/arena.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a message as an interface ------------------------------------------------------------------
 */

static uint32_t read_number(struct nlattr *a)
{
	return a && nla_len(a) >= (int)sizeof(uint32_t) ? nla_get_u32(a) : 0;
}

static void read_text(struct nlattr *a, char *out, size_t size)
{
	if (a)
		nla_strlcpy(out, a, size);
}

static void read_hwaddr(struct nlattr *a, char *out, size_t size)
{
	const unsigned char *b = a ? nla_data(a) : NULL;

	if (b && nla_len(a) == 6)
		snprintf(out, size, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
			 b[5]);
}

static void read_device(struct nlattr *bus, struct nlattr *name, struct link *out)
{
	if (bus && name &&
	    snprintf(out->device, sizeof(out->device), "%s/%s", nla_get_string(bus),
		     nla_get_string(name)) >= (int)sizeof(out->device))
		out->device[0] = '\0';
}

static void read_mode(struct nlattr *data, struct link *out)
{
	struct nlattr *a;

	if (!data)
		return;
	if (strcmp(out->kind, "macvlan") == 0) {
		out->macvlan_mode =
		    read_number(nla_find(nla_data(data), nla_len(data), IFLA_MACVLAN_MODE));
	} else if (strcmp(out->kind, "ipvlan") == 0) {
		a = nla_find(nla_data(data), nla_len(data), IFLA_IPVLAN_MODE);
		if (a && nla_len(a) >= (int)sizeof(uint16_t))
			out->ipvlan_mode = nla_get_u16(a);
	}
}

static void read_kind(struct nlattr *info, struct link *out)
{
	if (!info)
		return;
	read_text(nla_find(nla_data(info), nla_len(info), IFLA_INFO_KIND), out->kind,
		  sizeof(out->kind));
	read_mode(nla_find(nla_data(info), nla_len(info), IFLA_INFO_DATA), out);
}

static void read_counters(struct nlattr *a, struct link *out)
{
	struct rtnl_link_stats64 counters = {0};

	if (!a)
		return;
	nla_memcpy(&counters, a, sizeof(counters));
	out->rx_bytes = counters.rx_bytes;
	out->tx_bytes = counters.tx_bytes;
	out->rx_packets = counters.rx_packets;
	out->tx_packets = counters.tx_packets;
}

static int read_nsid(struct nlattr *a)
{
	int nsid = (int)read_number(a);

	return nsid >= 0 ? nsid : LINK_NOWHERE;
}

bool link_parse(const struct nlmsghdr *h, struct link *out)
{
	static const struct nla_policy policy[IFLA_MAX + 1] = {
	    [IFLA_PARENT_DEV_NAME] = {.type = NLA_STRING},
	    [IFLA_PARENT_DEV_BUS_NAME] = {.type = NLA_STRING},
	};
	struct nlattr *a[IFLA_MAX + 1];
	const struct ifinfomsg *info = nlmsg_data(h);

	if ((h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK) ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(*info), a, IFLA_MAX, policy) < 0 ||
	    !a[IFLA_IFNAME])
		return false;
	memset(out, 0, sizeof(*out));
	out->index = info->ifi_index;
	out->flags = info->ifi_flags;
	read_text(a[IFLA_IFNAME], out->name, sizeof(out->name));
	read_hwaddr(a[IFLA_ADDRESS], out->hwaddr, sizeof(out->hwaddr));
	out->mtu = read_number(a[IFLA_MTU]);
	out->txqueuelen = read_number(a[IFLA_TXQLEN]);
	out->group = read_number(a[IFLA_GROUP]);
	out->master = (int)read_number(a[IFLA_MASTER]);
	out->peer = (int)read_number(a[IFLA_LINK]);
	out->peer_nsid = LINK_HERE;
	if (a[IFLA_LINK_NETNSID])
		out->peer_nsid = read_nsid(a[IFLA_LINK_NETNSID]);
	read_hwaddr(a[IFLA_PERM_ADDRESS], out->perm_hwaddr, sizeof(out->perm_hwaddr));
	read_device(a[IFLA_PARENT_DEV_BUS_NAME], a[IFLA_PARENT_DEV_NAME], out);
	read_text(a[IFLA_IFALIAS], out->alias, sizeof(out->alias));
	read_kind(a[IFLA_LINKINFO], out);
	read_counters(a[IFLA_STATS64], out);
	return true;
}

/* --- questions ----------------------------------------------------------------------------------
 */

static struct nl_msg *question(int index, int flags, int nsid, uint32_t extent)
{
	struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, flags);

	if (msg && nlmsg_append(msg, &which, sizeof(which), NLMSG_ALIGNTO) == 0 &&
	    (extent == 0 || nla_put_u32(msg, IFLA_EXT_MASK, extent) == 0) &&
	    (nsid < 0 || nla_put_u32(msg, IFLA_TARGET_NETNSID, (uint32_t)nsid) == 0))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* Where L's peer is, of one that was read in the namespace NSID by a socket whose own namespace has
 * the number SELF: the kernel names no namespace where it is L's own. */
static void place_peer(struct link *l, int nsid, int self)
{
	if (nsid < 0)
		return;
	if (l->peer_nsid == LINK_HERE)
		l->peer_nsid = nsid;
	else if (l->peer_nsid == self)
		l->peer_nsid = LINK_HERE;
}

/* The number of NL's own namespace, where it matters. */
static int self_for(struct netlink *nl, int nsid)
{
	return nsid >= 0 ? netlink_self(nl) : LINK_NOWHERE;
}

struct one {
	struct link *out;
	bool found;
};

static void take_one(const struct nlmsghdr *h, void *context)
{
	struct one *one = context;

	one->found = link_parse(h, one->out);
}

static int ask_one(struct netlink *nl, int nsid, struct nl_msg *msg, struct link *out)
{
	struct one one = {.out = out};
	int self = self_for(nl, nsid);
	int error = netlink_ask(nl, msg, take_one, &one);

	if (error < 0)
		return error;
	if (!one.found)
		return -ENODEV;
	place_peer(out, nsid, self);
	return 0;
}

int link_by_name(struct netlink *nl, int nsid, const char *name, struct link *out)
{
	struct nl_msg *msg;

	if (!name[0] || strlen(name) >= IFNAMSIZ)
		return netlink_unasked(nl, -ENODEV);
	msg = question(0, 0, nsid, RTEXT_FILTER_SKIP_STATS);
	if (msg && nla_put_string(msg, IFLA_IFNAME, name) < 0) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return ask_one(nl, nsid, msg, out);
}

int link_by_index(struct netlink *nl, int nsid, int index, struct link *out)
{
	if (index <= 0)
		return netlink_unasked(nl, -ENODEV);
	return ask_one(nl, nsid, question(index, 0, nsid, RTEXT_FILTER_SKIP_STATS), out);
}

int link_stats(struct netlink *nl, int nsid, int index, struct link *out)
{
	if (index <= 0)
		return netlink_unasked(nl, -ENODEV);
	return ask_one(nl, nsid, question(index, 0, nsid, 0), out);
}

/* --- all ----------------------------------------------------------------------------------------
 */

struct each {
	int nsid, self;
	const char *kind;
	void (*call)(const struct link *l, void *context);
	void *context;
};

/* The kernel leaves out other kinds only where it knows this one. */
static void take_each(const struct nlmsghdr *h, void *context)
{
	struct each *each = context;
	struct link l;

	if (!link_parse(h, &l) || (each->kind && strcmp(l.kind, each->kind) != 0))
		return;
	place_peer(&l, each->nsid, each->self);
	each->call(&l, each->context);
}

static struct nl_msg *dump_question(int nsid, const char *kind)
{
	struct nl_msg *msg = question(0, NLM_F_DUMP, nsid, RTEXT_FILTER_SKIP_STATS);
	struct nlattr *info;

	if (!msg || !kind)
		return msg;
	info = nla_nest_start(msg, IFLA_LINKINFO);
	if (info && nla_put_string(msg, IFLA_INFO_KIND, kind) == 0) {
		nla_nest_end(msg, info);
		return msg;
	}
	nlmsg_free(msg);
	return NULL;
}

int link_each(struct netlink *nl, int nsid, const char *kind,
	      void (*each)(const struct link *l, void *context), void *context)
{
	struct each all = {nsid, self_for(nl, nsid), kind, each, context};

	return netlink_dump(nl, dump_question(nsid, kind), NULL, take_each, &all);
}

struct list {
	struct arena *arena;
	struct link_name *items;
	size_t n, capacity;
};

static void empty(void *context)
{
	((struct list *)context)->n = 0;
}

static void add_name(const struct nlmsghdr *h, void *context)
{
	struct list *l = context;
	const struct ifinfomsg *info = nlmsg_data(h);
	struct nlattr *name = nlmsg_find_attr((struct nlmsghdr *)h, sizeof(*info), IFLA_IFNAME);

	if (h->nlmsg_type != RTM_NEWLINK || !name)
		return;
	l->items = arena_grow(l->arena, l->items, l->n, &l->capacity, sizeof(*l->items));
	l->items[l->n++] = (struct link_name){
	    info->ifi_index, arena_strndup(l->arena, nla_data(name),
					   strnlen(nla_data(name), (size_t)nla_len(name)))};
}

static int compare_index(const void *x, const void *y)
{
	const struct link_name *a = x, *b = y;

	return (a->index > b->index) - (a->index < b->index);
}

int link_list(struct arena *a, struct link_name **out, size_t *n)
{
	struct list l = {.arena = a};
	struct netlink *nl = netlink_here();
	int error;

	if (!nl)
		return -errno;
	error = netlink_dump(nl, question(0, NLM_F_DUMP, LINK_HERE, RTEXT_FILTER_SKIP_STATS), empty,
			     add_name, &l);
	if (error < 0)
		return error;
	if (l.n > 1)
		qsort(l.items, l.n, sizeof(*l.items), compare_index);
	*out = l.items;
	*n = l.n;
	return 0;
}
