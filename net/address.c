#include "net/address.h"

#include "net/link.h"
#include "net/netlink.h"
#include "schema/arena.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <string.h>

/* ---- looking ---- */

struct list {
	struct arena *arena;
	int index;
	struct address *items;
	size_t n, capacity;
};

static void empty(void *context)
{
	((struct list *)context)->n = 0;
}

static void take_address(const struct nlmsghdr *h, void *context)
{
	struct list *l = context;
	const struct ifaddrmsg *about = nlmsg_data(h);
	struct nlattr *a[IFA_MAX + 1], *local;
	char text[INET6_ADDRSTRLEN];

	if (h->nlmsg_type != RTM_NEWADDR ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(*about), a, IFA_MAX, NULL) < 0 ||
	    (l->index && (int)about->ifa_index != l->index))
		return;
	/* of a pair the address is the other's */
	local = a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS];
	if (!local || nla_len(local) < (about->ifa_family == AF_INET6 ? 16 : 4) ||
	    !inet_ntop(about->ifa_family, nla_data(local), text, sizeof(text)))
		return;
	l->items = arena_grow(l->arena, l->items, l->n, &l->capacity, sizeof(*l->items));
	l->items[l->n++] =
	    (struct address){.index = (int)about->ifa_index,
			     .text = arena_printf(l->arena, "%s/%u", text, about->ifa_prefixlen),
			     .global = about->ifa_scope == RT_SCOPE_UNIVERSE};
}

static struct nl_msg *question(int nsid, int index)
{
	struct ifaddrmsg which = {.ifa_family = AF_UNSPEC, .ifa_index = (unsigned)index};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETADDR, NLM_F_DUMP);

	if (msg && nlmsg_append(msg, &which, sizeof(which), NLMSG_ALIGNTO) == 0 &&
	    (nsid < 0 || nla_put_s32(msg, IFA_TARGET_NETNSID, nsid) == 0))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

int address_list(struct netlink *nl, int nsid, int index, struct arena *a, struct address **out,
		 size_t *n)
{
	struct list l = {.arena = a, .index = index};
	int error = netlink_dump(nl, question(nsid, index), empty, take_address, &l);

	*out = l.items;
	*n = error < 0 ? 0 : l.n;
	return error;
}

/* ---- changing ---- */

static int parse(const char *text, struct nl_addr **out)
{
	int family;

	/* libnl knows words as well */
	if (!strchr(text, '/') || nl_addr_parse(text, AF_UNSPEC, out) < 0)
		return -EINVAL;
	family = nl_addr_get_family(*out);
	if ((family == AF_INET || family == AF_INET6) && nl_addr_get_len(*out) > 0 &&
	    nl_addr_get_prefixlen(*out) <= 8 * nl_addr_get_len(*out))
		return 0;
	nl_addr_put(*out);
	return -EINVAL;
}

static int describe(int index, const char *text, struct rtnl_addr **out)
{
	struct nl_addr *local = NULL;
	struct rtnl_addr *address;
	int error = parse(text, &local);

	if (error < 0)
		return error;
	address = rtnl_addr_alloc();
	error = address ? netlink_errno(rtnl_addr_set_local(address, local)) : -ENOMEM;
	nl_addr_put(local);
	if (error < 0) {
		rtnl_addr_put(address);
		return error;
	}
	rtnl_addr_set_ifindex(address, index);
	if (rtnl_addr_get_family(address) == AF_INET6)
		rtnl_addr_set_flags(address, IFA_F_NODAD);
	*out = address;
	return 0;
}

int address_add(struct netlink *nl, int index, const char *text)
{
	struct rtnl_addr *address;
	struct nl_msg *msg = NULL;
	int error = describe(index, text, &address);

	if (error < 0)
		return netlink_unasked(nl, error);
	error =
	    netlink_errno(rtnl_addr_build_add_request(address, NLM_F_CREATE | NLM_F_REPLACE, &msg));
	rtnl_addr_put(address);
	return error < 0 ? error : netlink_ask(nl, msg, NULL, NULL);
}

int address_remove(struct netlink *nl, int index, const char *text)
{
	struct rtnl_addr *address;
	struct nl_msg *msg = NULL;
	int error = describe(index, text, &address);

	if (error < 0)
		return netlink_unasked(nl, error);
	error = netlink_errno(rtnl_addr_build_delete_request(address, 0, &msg));
	rtnl_addr_put(address);
	if (error == 0)
		error = netlink_ask(nl, msg, NULL, NULL);
	return error == -EADDRNOTAVAIL || error == -ENODEV ? 0 : error;
}
