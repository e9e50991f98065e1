#include "net/lifeline.h"

#include "net/address.h"
#include "net/netlink.h"
#include "net/route.h"
#include "schema/arena.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

struct search {
	int index;
	bool found;
};

static bool one_of_hops(struct nlattr *hops, int index)
{
	int left = nla_len(hops);

	for (struct rtnexthop *hop = nla_data(hops); RTNH_OK(hop, left);
	     left -= (int)RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
		if (hop->rtnh_ifindex == index)
			return true;
	return false;
}

/* Of any table: routing rules may lead there. */
static void take_route(const struct nlmsghdr *h, void *context)
{
	struct search *s = context;
	const struct rtmsg *r = nlmsg_data(h);
	struct nlattr *a[RTA_MAX + 1];

	if (h->nlmsg_type != RTM_NEWROUTE || r->rtm_dst_len != 0 || r->rtm_type != RTN_UNICAST ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(*r), a, RTA_MAX, NULL) < 0)
		return;
	if (a[RTA_OIF] && nla_len(a[RTA_OIF]) == sizeof(int) &&
	    (int)nla_get_u32(a[RTA_OIF]) == s->index)
		s->found = true;
	if (a[RTA_MULTIPATH] && one_of_hops(a[RTA_MULTIPATH], s->index))
		s->found = true;
}

/* What cannot be known is as bad as what is. */
static const char *default_route(struct netlink *nl, int index)
{
	struct search s = {.index = index};
	int v4 = route_dump(nl, AF_INET, RT_TABLE_UNSPEC, index, NULL, take_route, &s);
	int v6 = route_dump(nl, AF_INET6, RT_TABLE_UNSPEC, index, NULL, take_route, &s);

	if (s.found)
		return "a default route of the host leads over it";
	if (v4 < 0 || v6 < 0)
		return "the host's routes cannot be read";
	return NULL;
}

static const char *only_address(struct netlink *nl, int index, struct arena *a)
{
	struct address *all;
	size_t n;
	bool here = false, elsewhere = false;

	if (address_list(nl, LINK_HERE, 0, a, &all, &n) < 0)
		return "the host's addresses cannot be read";
	for (size_t i = 0; i < n; i++) {
		here |= all[i].global && all[i].index == index;
		elsewhere |= all[i].global && all[i].index != index;
	}
	return here && !elsewhere ? "it has the only addresses of the host" : NULL;
}

const char *lifeline_reason(struct netlink *nl, const struct link *l, struct arena *a)
{
	struct link master;
	const char *route;

	if (l->flags & IFF_LOOPBACK)
		return "it is the host's loopback";
	if (l->master && link_by_index(nl, LINK_HERE, l->master, &master) == 0)
		return arena_printf(a, "it is a port of the %s %s",
				    master.kind[0] ? master.kind : "interface", master.name);
	if (l->master)
		return "it is a port of another interface";
	route = default_route(nl, l->index);
	return route ? route : only_address(nl, l->index, a);
}
