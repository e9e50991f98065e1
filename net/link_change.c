#include "net/link.h"
#include "net/netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

static struct nl_msg *request(int type, const struct ifinfomsg *which)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	if (msg && nlmsg_append(msg, (void *)which, sizeof(*which), NLMSG_ALIGNTO) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

bool link_hwaddr(const char *text, unsigned char out[6])
{
	struct nl_addr *addr = NULL;
	bool whole;

	if (strlen(text) != strlen("00:00:00:00:00:00") || nl_addr_parse(text, AF_LLC, &addr) < 0)
		return false;
	whole = nl_addr_get_len(addr) == 6;
	if (whole)
		memcpy(out, nl_addr_get_binary_addr(addr), 6);
	nl_addr_put(addr);
	return whole;
}

static int put_hwaddr(struct nl_msg *msg, const char *hwaddr)
{
	unsigned char bytes[6];

	if (!link_hwaddr(hwaddr, bytes))
		return -NLE_INVAL;
	return nla_put(msg, IFLA_ADDRESS, sizeof(bytes), bytes);
}

/* Without its NUL: the kernel would take that for a text, so that there would be no end of it. */
static int put_alias(struct nl_msg *msg, const char *alias)
{
	return nla_put(msg, IFLA_IFALIAS, (int)strlen(alias), alias);
}

static int put_change(struct nl_msg *msg, const struct link_change *c)
{
	int error = 0;

	if (c->hwaddr)
		error = put_hwaddr(msg, c->hwaddr);
	if (error == 0 && c->mtu)
		error = nla_put_u32(msg, IFLA_MTU, c->mtu);
	if (error == 0 && c->name)
		error = nla_put_string(msg, IFLA_IFNAME, c->name);
	if (error == 0 && c->alias)
		error = put_alias(msg, c->alias);
	if (error == 0 && c->master_given)
		error = nla_put_u32(msg, IFLA_MASTER, (uint32_t)c->master);
	if (error == 0 && c->txqueuelen_given)
		error = nla_put_u32(msg, IFLA_TXQLEN, c->txqueuelen);
	return netlink_errno(error);
}

int link_change(struct netlink *nl, int index, const struct link_change *c)
{
	struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_msg *msg;
	int error = 0;

	if (index <= 0)
		return netlink_unasked(nl, -ENODEV);
	if (c->up_given) {
		which.ifi_change = IFF_UP;
		which.ifi_flags = c->up ? IFF_UP : 0;
	}
	msg = request(RTM_SETLINK, &which);
	if (msg)
		error = put_change(msg, c);
	if (error == 0)
		return netlink_ask(nl, msg, NULL, NULL);
	nlmsg_free(msg);
	return netlink_unasked(nl, error);
}

/* The kernel finds only after the move that the name is another's there. */
static int check_move(struct netlink *nl, int index, int netns_fd, const char *name)
{
	struct link here, there;
	int error = link_by_index(nl, LINK_HERE, index, &here);
	int nsid = error < 0 ? error : netlink_nsid(nl, netns_fd);

	if (nsid < 0)
		return nsid;
	return link_by_name(nl, nsid, name, &there) == 0 ? -EEXIST : 0;
}

int link_move(struct netlink *nl, int index, int netns_fd, const char *name)
{
	struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_msg *msg;
	int error;

	if (!name[0] || strlen(name) >= IFNAMSIZ)
		return netlink_unasked(nl, -EINVAL);
	error = check_move(nl, index, netns_fd, name);
	if (error < 0)
		return error;
	msg = request(RTM_SETLINK, &which);
	if (msg && nla_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)netns_fd) == 0 &&
	    nla_put_string(msg, IFLA_IFNAME, name) == 0)
		return netlink_ask(nl, msg, NULL, NULL);
	nlmsg_free(msg);
	return netlink_unasked(nl, -ENOMEM);
}

int link_delete(struct netlink *nl, int index)
{
	struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = index};

	if (index <= 0)
		return netlink_unasked(nl, -ENODEV);
	return netlink_ask(nl, request(RTM_DELLINK, &which), NULL, NULL);
}

/* --- many at once -------------------------------------------------------------------------------
 */

static int put_in_group(struct netlink *nl, const int *indexes, size_t n, uint32_t group)
{
	struct nl_msg **msgs = calloc(n, sizeof(struct nl_msg *));
	int *errors = calloc(n, sizeof(int));
	int error = msgs && errors ? 0 : -ENOMEM;
	size_t made = 0;

	for (; error == 0 && made < n; made++) {
		struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = indexes[made]};

		msgs[made] = request(RTM_SETLINK, &which);
		if (!msgs[made])
			error = -ENOMEM;
		else if (nla_put_u32(msgs[made], IFLA_GROUP, group) < 0)
			error = -ENOMEM;
	}
	if (error == 0)
		netlink_batch(nl, msgs, n, errors);
	for (size_t i = 0; error < 0 && i < made; i++)
		nlmsg_free(msgs[i]);
	for (size_t i = 0; error == 0 && i < n; i++)
		if (errors[i] != -ENODEV)
			error = errors[i];
	free(msgs);
	free(errors);
	return error;
}

static int delete_group(struct netlink *nl, uint32_t group)
{
	struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
	struct nl_msg *msg = request(RTM_DELLINK, &any);

	if (msg && nla_put_u32(msg, IFLA_GROUP, group) == 0)
		return netlink_ask(nl, msg, NULL, NULL);
	nlmsg_free(msg);
	return netlink_unasked(nl, -ENOMEM);
}

static int delete_one_by_one(struct netlink *nl, const int *indexes, size_t n)
{
	int first = 0;

	for (size_t i = 0; i < n; i++) {
		int error = link_delete(nl, indexes[i]);

		if (first == 0 && error != -ENODEV)
			first = error;
	}
	return first;
}

struct group {
	uint32_t number;
	bool taken;
};

static void look_for_group(const struct link *l, void *context)
{
	struct group *g = context;

	g->taken |= l->group == g->number;
}

/* A number that nobody has given to his interfaces; 0: it cannot be told. */
static uint32_t free_group(struct netlink *nl)
{
	struct group g = {.taken = false};

	if (getrandom(&g.number, sizeof(g.number), GRND_NONBLOCK) != sizeof(g.number))
		return 0;
	g.number |= 1u << 31;
	return link_each(nl, LINK_HERE, NULL, look_for_group, &g) < 0 || g.taken ? 0 : g.number;
}

int link_delete_all(struct netlink *nl, const int *indexes, size_t n)
{
	uint32_t group = n < 2 ? 0 : free_group(nl);
	int error;

	if (group == 0)
		return delete_one_by_one(nl, indexes, n);
	error = put_in_group(nl, indexes, n, group);
	if (error == 0)
		error = delete_group(nl, group);
	/* gone already, or one that cannot be deleted holds up the others */
	return error == 0 || error == -ENODEV ? 0 : delete_one_by_one(nl, indexes, n);
}
