#include "net/neighbour.h"

#include "net/netlink.h"
#include "net/route.h"
#include "schema/arena.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

/* Who made it: 'e', a number that no routing daemon has. */
#define OURS 0x65

/* ---- looking ---- */

struct list {
	struct arena *arena;
	struct neighbour *items;
	size_t n, capacity;
};

static void empty(void *context)
{
	((struct list *)context)->n = 0;
}

static size_t size_of(int family)
{
	return family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
}

static void take_neighbour(const struct nlmsghdr *h, void *context)
{
	struct list *l = context;
	const struct ndmsg *about = nlmsg_data(h);
	struct nlattr *a[NDA_MAX + 1];
	char text[INET6_ADDRSTRLEN];

	if (h->nlmsg_type != RTM_NEWNEIGH || !(about->ndm_flags & NTF_PROXY) ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(*about), a, NDA_MAX, NULL) < 0 ||
	    !a[NDA_DST] || (size_t)nla_len(a[NDA_DST]) != size_of(about->ndm_family) ||
	    !inet_ntop(about->ndm_family, nla_data(a[NDA_DST]), text, sizeof(text)))
		return;
	l->items = arena_grow(l->arena, l->items, l->n, &l->capacity, sizeof(*l->items));
	l->items[l->n++] = (struct neighbour){
	    .index = about->ndm_ifindex,
	    .address = arena_strdup(l->arena, text),
	    .ours = a[NDA_PROTOCOL] && nla_get_u8(a[NDA_PROTOCOL]) == OURS,
	};
}

static struct nl_msg *message(int type, int flags, int family, int index)
{
	struct ndmsg about = {
	    .ndm_family = (unsigned char)family, .ndm_ifindex = index, .ndm_flags = NTF_PROXY};
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (msg && nlmsg_append(msg, &about, sizeof(about), NLMSG_ALIGNTO) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

int neighbour_list(struct netlink *nl, struct arena *a, struct neighbour **out, size_t *n)
{
	struct list l = {.arena = a};
	int error = netlink_dump(nl, message(RTM_GETNEIGH, NLM_F_DUMP, AF_UNSPEC, 0), empty,
				 take_neighbour, &l);

	*out = l.items;
	*n = error < 0 ? 0 : l.n;
	return error;
}

/* ---- changing ---- */

static int change(struct netlink *nl, int type, int flags, int index, const char *address)
{
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	unsigned char octets[16];
	struct nl_msg *msg;

	if (inet_pton(family, address, octets) != 1)
		return netlink_unasked(nl, -EINVAL);
	msg = message(type, flags, family, index);
	if (!msg || nla_put(msg, NDA_DST, (int)size_of(family), octets) < 0 ||
	    nla_put_u8(msg, NDA_PROTOCOL, OURS) < 0) {
		nlmsg_free(msg);
		return netlink_unasked(nl, -ENOMEM);
	}
	return netlink_ask(nl, msg, NULL, NULL);
}

int neighbour_add(struct netlink *nl, int index, const char *address)
{
	return change(nl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, index, address);
}

int neighbour_remove(struct netlink *nl, int index, const char *address)
{
	int error = change(nl, RTM_DELNEIGH, 0, index, address);

	return error == -ENOENT || error == -ENODEV || error == -ESRCH ? 0 : error;
}

/* ---- what is left behind ---- */

struct search {
	const unsigned char *address;
	int family;
	bool found;
};

static void take_route(const struct nlmsghdr *h, void *context)
{
	struct search *s = context;
	const struct rtmsg *r = nlmsg_data(h);
	struct nlattr *a[RTA_MAX + 1];

	if (h->nlmsg_type != RTM_NEWROUTE || r->rtm_type != RTN_UNICAST ||
	    r->rtm_table != RT_TABLE_MAIN || r->rtm_dst_len != 8 * size_of(s->family) ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(*r), a, RTA_MAX, NULL) < 0 || !a[RTA_DST])
		return;
	if ((size_t)nla_len(a[RTA_DST]) == size_of(s->family) &&
	    memcmp(nla_data(a[RTA_DST]), s->address, size_of(s->family)) == 0)
		s->found = true;
}

/* Not to be known is no reason to take something away. */
static bool is_orphan(struct netlink *nl, const struct neighbour *p)
{
	struct search s = {.family = strchr(p->address, ':') ? AF_INET6 : AF_INET};
	unsigned char octets[16];

	if (!p->ours || inet_pton(s.family, p->address, octets) != 1)
		return false;
	s.address = octets;
	return route_dump(nl, s.family, RT_TABLE_MAIN, 0, NULL, take_route, &s) == 0 && !s.found;
}

int neighbour_sweep(struct netlink *nl)
{
	struct arena *a = arena_new();
	struct neighbour *all;
	size_t n;
	int error = neighbour_list(nl, a, &all, &n), r;

	for (size_t i = 0; i < n; i++) {
		r = is_orphan(nl, &all[i]) ? neighbour_remove(nl, all[i].index, all[i].address) : 0;
		if (r < 0 && error == 0)
			error = r;
	}
	arena_free(a);
	return error;
}
