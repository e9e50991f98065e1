#include "net/link.h"
#include "net/netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/ipvlan.h>
#include <netlink/route/link/macvlan.h>
#include <netlink/route/link/veth.h>
#include <string.h>
#include <sys/socket.h>

/* libnl would cut a name that is too long. */
static int set_name(struct rtnl_link *l, const char *name)
{
	if (!name[0] || strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	rtnl_link_set_name(l, name);
	return 0;
}

static int set_hwaddr(struct rtnl_link *l, const char *hwaddr)
{
	unsigned char bytes[6];
	struct nl_addr *addr;

	if (!link_hwaddr(hwaddr, bytes))
		return -EINVAL;
	addr = nl_addr_build(AF_LLC, bytes, sizeof(bytes));
	if (!addr)
		return -ENOMEM;
	rtnl_link_set_addr(l, addr);
	nl_addr_put(addr);
	return 0;
}

/* L is used up. */
static int add(struct netlink *nl, struct rtnl_link *l)
{
	struct nl_msg *msg = NULL;
	int error = rtnl_link_build_add_request(l, NLM_F_CREATE | NLM_F_EXCL, &msg);

	rtnl_link_put(l);
	if (error < 0)
		return netlink_unasked(nl, netlink_errno(error));
	return netlink_ask(nl, msg, NULL, NULL);
}

static void set_lengths(struct rtnl_link *l, const struct link_veth *v)
{
	if (v->mtu)
		rtnl_link_set_mtu(l, v->mtu);
	if (v->txqueuelen || v->txqueuelen_given)
		rtnl_link_set_txqlen(l, v->txqueuelen);
}

/* Neither end is up: the kernel answers ENOTCONN to a peer that shall be. */
static int describe_veth(struct rtnl_link *l, const struct link_veth *v)
{
	struct rtnl_link *peer = rtnl_link_veth_get_peer(l);
	int error = set_name(l, v->name);

	if (error == 0 && v->hwaddr)
		error = set_hwaddr(l, v->hwaddr);
	if (v->master)
		rtnl_link_set_master(l, v->master);
	set_lengths(l, v);
	if (error == 0)
		error = set_name(peer, v->peer_name);
	rtnl_link_set_ns_fd(peer, v->netns_fd);
	set_lengths(peer, v);
	if (error == 0 && v->peer_hwaddr)
		error = set_hwaddr(peer, v->peer_hwaddr);
	rtnl_link_put(peer);
	return error;
}

int link_add_veth(struct netlink *nl, const struct link_veth *v)
{
	struct rtnl_link *l = rtnl_link_veth_alloc();
	int error;

	if (!l)
		return netlink_unasked(nl, -ENOMEM);
	error = describe_veth(l, v);
	if (error == 0)
		return add(nl, l);
	rtnl_link_put(l);
	return netlink_unasked(nl, error);
}

static int describe_child(struct rtnl_link *l, const struct link_child *c)
{
	int mode;

	if (strcmp(c->kind, "ipvlan") == 0) {
		mode = c->mode ? rtnl_link_ipvlan_str2mode(c->mode) : IPVLAN_MODE_L3;
		if (mode < 0)
			return -EINVAL;
		rtnl_link_ipvlan_set_mode(l, (uint16_t)mode);
	} else {
		rtnl_link_macvlan_set_mode(l, rtnl_link_macvlan_str2mode("bridge"));
	}
	rtnl_link_set_link(l, c->parent);
	rtnl_link_set_ns_fd(l, c->netns_fd);
	if (c->mtu)
		rtnl_link_set_mtu(l, c->mtu);
	if (c->hwaddr && set_hwaddr(l, c->hwaddr) < 0)
		return -EINVAL;
	return set_name(l, c->name);
}

int link_add_child(struct netlink *nl, const struct link_child *c)
{
	bool ipvlan = strcmp(c->kind, "ipvlan") == 0;
	struct rtnl_link *l = ipvlan ? rtnl_link_ipvlan_alloc() : rtnl_link_macvlan_alloc();
	int error;

	if (!l)
		return netlink_unasked(nl, -ENOMEM);
	error = describe_child(l, c);
	if (error == 0)
		return add(nl, l);
	rtnl_link_put(l);
	return netlink_unasked(nl, error);
}

int link_add_ifb(struct netlink *nl, const char *name, uint32_t txqueuelen, int *index)
{
	struct rtnl_link *l = rtnl_link_alloc();
	struct link made;
	int error = -ENOMEM;

	if (l)
		error = netlink_errno(rtnl_link_set_type(l, "ifb"));
	if (error == 0)
		error = set_name(l, name);
	if (error < 0) {
		rtnl_link_put(l);
		return netlink_unasked(nl, error);
	}
	rtnl_link_set_txqlen(l, txqueuelen);
	error = add(nl, l);
	if (error == 0)
		error = link_by_name(nl, LINK_HERE, name, &made);
	if (error == 0)
		*index = made.index;
	return error;
}

/* The kernel looks for the kind, and loads its module, before it finds that an interface cannot
 * have no queue at all. */
bool link_kind_known(struct netlink *nl, const char *kind)
{
	struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info = NULL;

	if (msg && nlmsg_append(msg, &any, sizeof(any), NLMSG_ALIGNTO) == 0 &&
	    nla_put_u32(msg, IFLA_NUM_TX_QUEUES, 0) == 0)
		info = nla_nest_start(msg, IFLA_LINKINFO);
	if (!info || nla_put_string(msg, IFLA_INFO_KIND, kind) < 0) {
		nlmsg_free(msg);
		return false;
	}
	nla_nest_end(msg, info);
	return netlink_ask(nl, msg, NULL, NULL) != -EOPNOTSUPP;
}
