#include "net/route.h"

#include "net/netlink.h"
#include "schema/arena.h"
#include "schema/value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/route.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct list {
	struct arena *arena;
	uint32_t ifindex;
	const char **items;
	size_t n, capacity;
	size_t kept; /* of the family that was listed before */
};

static char *print_prefix(struct arena *a, int family, const void *address, unsigned length)
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(family, address, text, sizeof(text)))
		return NULL;
	return arena_printf(a, "%s/%u", text, length);
}

/* Every interface has a route to its neighbours' own addresses; it leads to no container. */
static const char *read_prefix(struct list *l, const struct rtmsg *r, struct nlattr *dst)
{
	struct in6_addr address = {0};

	if (dst)
		nla_memcpy(&address, dst, sizeof(address));
	if (r->rtm_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&address))
		return NULL;
	return print_prefix(l->arena, r->rtm_family, &address, r->rtm_dst_len);
}

/* An older kernel tells more than was asked for. */
static void take_route(const struct nlmsghdr *h, void *context)
{
	struct list *l = context;
	const struct rtmsg *r = nlmsg_data(h);
	struct nlattr *a[RTA_MAX + 1];
	const char *prefix;

	if (h->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(*r), a, RTA_MAX, NULL) < 0)
		return;
	if (r->rtm_table != RT_TABLE_MAIN || r->rtm_type != RTN_UNICAST ||
	    (r->rtm_flags & RTM_F_CLONED) || a[RTA_GATEWAY] || a[RTA_VIA] || !a[RTA_OIF] ||
	    nla_len(a[RTA_OIF]) != sizeof(uint32_t) || nla_get_u32(a[RTA_OIF]) != l->ifindex)
		return;
	prefix = read_prefix(l, r, a[RTA_DST]);
	if (!prefix)
		return;
	l->items = arena_grow(l->arena, l->items, l->n, &l->capacity, sizeof(*l->items));
	l->items[l->n++] = prefix;
}

static void empty(void *context)
{
	struct list *l = context;

	l->n = l->kept;
}

static struct nl_msg *question(int family, unsigned char table, int ifindex)
{
	struct rtmsg which = {
	    .rtm_family = (unsigned char)family, .rtm_table = table, .rtm_type = RTN_UNICAST};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_DUMP);

	if (msg && nlmsg_append(msg, &which, sizeof(which), NLMSG_ALIGNTO) == 0 &&
	    (ifindex == 0 || nla_put_u32(msg, RTA_OIF, (uint32_t)ifindex) == 0))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static bool is_no_family(int error)
{
	return error == -EOPNOTSUPP || error == -EAFNOSUPPORT;
}

int route_dump(struct netlink *nl, int family, unsigned char table, int ifindex,
	       void (*begin)(void *context), void (*reply)(const struct nlmsghdr *h, void *context),
	       void *context)
{
	int error = netlink_dump(nl, question(family, table, ifindex), begin, reply, context);

	/* an empty table is none, and IPv6 may be switched off */
	return error == -ENOENT || error == -ENODEV || is_no_family(error) ? 0 : error;
}

static int list_family(struct netlink *nl, int family, struct list *l)
{
	l->kept = l->n;
	return route_dump(nl, family, RT_TABLE_MAIN, (int)l->ifindex, empty, take_route, l);
}

int route_list(struct netlink *nl, int ifindex, struct arena *a, const char ***prefixes, size_t *n)
{
	struct list l = {.arena = a, .ifindex = (uint32_t)ifindex};
	int error = list_family(nl, AF_INET, &l);

	if (error == 0)
		error = list_family(nl, AF_INET6, &l);
	if (error < 0)
		return error;
	*prefixes = l.items;
	*n = l.n;
	return 0;
}

/* The kernel would drop those of an IPv6 prefix, and the route have another name. */
static bool has_host_bits(const unsigned char *address, size_t size, unsigned length)
{
	for (size_t bit = length; bit < 8 * size; bit++)
		if (address[bit / 8] & (0x80 >> (bit % 8)))
			return true;
	return false;
}

/* libnl knows words for prefixes, and numbers that are none. */
static struct nl_addr *read_dst(const char *prefix)
{
	unsigned char address[sizeof(struct in6_addr)];
	const char *slash = strchr(prefix, '/');
	int family = strchr(prefix, ':') ? AF_INET6 : AF_INET;
	size_t size = family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	char text[INET6_ADDRSTRLEN];
	struct nl_addr *dst;
	uint64_t length;

	if (!slash || (size_t)(slash - prefix) >= sizeof(text) ||
	    !value_digits(slash + 1, strlen(slash + 1), 8 * size, &length))
		return NULL;
	memcpy(text, prefix, (size_t)(slash - prefix));
	text[slash - prefix] = '\0';
	if (inet_pton(family, text, address) != 1 || has_host_bits(address, size, (unsigned)length))
		return NULL;
	dst = nl_addr_build(family, address, size);
	if (dst)
		nl_addr_set_prefixlen(dst, (int)length);
	return dst;
}

static int set_dst(struct rtnl_route *r, const char *prefix)
{
	struct nl_addr *dst = read_dst(prefix);
	int error;

	if (!dst)
		return -EINVAL;
	error = rtnl_route_set_dst(r, dst);
	rtnl_route_set_scope(r, nl_addr_get_family(dst) == AF_INET ? RT_SCOPE_LINK
								   : RT_SCOPE_UNIVERSE);
	nl_addr_put(dst);
	return netlink_errno(error);
}

static int describe(struct rtnl_route *r, int ifindex, const char *prefix)
{
	struct rtnl_nexthop *hop;
	int error = set_dst(r, prefix);

	if (error < 0)
		return error;
	rtnl_route_set_table(r, RT_TABLE_MAIN);
	rtnl_route_set_protocol(r, RTPROT_STATIC);
	rtnl_route_set_type(r, RTN_UNICAST);
	hop = rtnl_route_nh_alloc();
	if (!hop)
		return -ENOMEM;
	rtnl_route_nh_set_ifindex(hop, ifindex);
	rtnl_route_add_nexthop(r, hop);
	return 0;
}

static struct rtnl_route *route_new(int ifindex, const char *prefix, int *error)
{
	struct rtnl_route *r = rtnl_route_alloc();

	*error = r ? describe(r, ifindex, prefix) : -ENOMEM;
	if (*error == 0)
		return r;
	rtnl_route_put(r);
	return NULL;
}

static bool is_there(struct netlink *nl, int ifindex, struct rtnl_route *wanted)
{
	struct nl_addr *dst = rtnl_route_get_dst(wanted);
	struct arena *a = arena_new();
	const char **prefixes = NULL;
	const char *text = print_prefix(a, nl_addr_get_family(dst), nl_addr_get_binary_addr(dst),
					nl_addr_get_prefixlen(dst));
	size_t n = 0;
	bool there = false;

	if (text && route_list(nl, ifindex, a, &prefixes, &n) == 0)
		for (size_t i = 0; i < n; i++)
			there = there || strcmp(prefixes[i], text) == 0;
	arena_free(a);
	return there;
}

int route_add(struct netlink *nl, int ifindex, const char *prefix)
{
	int error;
	struct rtnl_route *r = route_new(ifindex, prefix, &error);
	struct nl_msg *msg = NULL;

	if (!r)
		return netlink_unasked(nl, error);
	error = netlink_errno(rtnl_route_build_add_request(r, NLM_F_CREATE | NLM_F_EXCL, &msg));
	if (error == 0)
		error = netlink_ask(nl, msg, NULL, NULL);
	if (error == -EEXIST && is_there(nl, ifindex, r))
		error = 0;
	rtnl_route_put(r);
	return error;
}

int route_delete(struct netlink *nl, int ifindex, const char *prefix)
{
	int error;
	struct rtnl_route *r = route_new(ifindex, prefix, &error);
	struct nl_msg *msg = NULL;

	if (!r)
		return netlink_unasked(nl, error);
	error = netlink_errno(rtnl_route_build_del_request(r, 0, &msg));
	rtnl_route_put(r);
	if (error == 0)
		error = netlink_ask(nl, msg, NULL, NULL);
	return error == -ESRCH || error == -ENODEV || is_no_family(error) ? 0 : error;
}
