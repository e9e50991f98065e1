#include "net/gateway.h"

#include "net/netlink.h"
#include "net/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdint.h>
#include <string.h>

struct route {
	int family, index;
	bool through; /* a gateway with this address */
	unsigned char address[16];
	bool found;
};

static size_t size_of(int family)
{
	return family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
}

static int parse(const char *text, int index, struct route *out)
{
	*out = (struct route){.family = AF_INET, .index = index};
	if (strchr(text, ':') || strcmp(text, "ipv6") == 0)
		out->family = AF_INET6;
	if (strcmp(text, "ipv4") == 0 || strcmp(text, "ipv6") == 0)
		return 0;
	out->through = true;
	return inet_pton(out->family, text, out->address) == 1 ? 0 : -EINVAL;
}

static void take_route(const struct nlmsghdr *h, void *context)
{
	struct route *wanted = context;
	const struct rtmsg *r = nlmsg_data(h);
	struct nlattr *a[RTA_MAX + 1];

	if (h->nlmsg_type != RTM_NEWROUTE || r->rtm_family != wanted->family ||
	    r->rtm_table != RT_TABLE_MAIN || r->rtm_dst_len != 0 || r->rtm_type != RTN_UNICAST ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(*r), a, RTA_MAX, NULL) < 0 || !a[RTA_OIF] ||
	    nla_len(a[RTA_OIF]) != sizeof(uint32_t) ||
	    (int)nla_get_u32(a[RTA_OIF]) != wanted->index)
		return;
	if (!wanted->through)
		wanted->found |= !a[RTA_GATEWAY];
	else if (a[RTA_GATEWAY] && (size_t)nla_len(a[RTA_GATEWAY]) == size_of(wanted->family))
		wanted->found |=
		    memcmp(nla_data(a[RTA_GATEWAY]), wanted->address, size_of(wanted->family)) == 0;
}

static struct nl_msg *message(int type, int flags, const struct rtmsg *r)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (msg && nlmsg_append(msg, (void *)r, sizeof(*r), NLMSG_ALIGNTO) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int look(struct netlink *nl, struct route *wanted)
{
	return route_dump(nl, wanted->family, RT_TABLE_MAIN, wanted->index, NULL, take_route,
			  wanted);
}

int gateway_look(struct netlink *nl, int index, const char *gateway, bool *there)
{
	struct route wanted;
	int error = parse(gateway, index, &wanted);

	if (error == 0)
		error = look(nl, &wanted);
	*there = wanted.found;
	return error;
}

static int change(struct netlink *nl, int type, int flags, const struct route *wanted)
{
	struct rtmsg r = {
	    .rtm_family = (unsigned char)wanted->family,
	    .rtm_table = RT_TABLE_MAIN,
	    .rtm_type = RTN_UNICAST,
	    .rtm_scope =
		wanted->through || wanted->family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
	    /* what LXC made of its boot line is taken away as well as ours */
	    .rtm_protocol = type == RTM_NEWROUTE ? RTPROT_STATIC : RTPROT_UNSPEC,
	    .rtm_flags = wanted->through && type == RTM_NEWROUTE ? RTNH_F_ONLINK : 0,
	};
	struct nl_msg *msg = message(type, flags, &r);

	if (!msg || nla_put_u32(msg, RTA_OIF, (uint32_t)wanted->index) < 0 ||
	    (wanted->through &&
	     nla_put(msg, RTA_GATEWAY, (int)size_of(wanted->family), wanted->address) < 0)) {
		nlmsg_free(msg);
		return netlink_unasked(nl, -ENOMEM);
	}
	return netlink_ask(nl, msg, NULL, NULL);
}

int gateway_add(struct netlink *nl, int index, const char *gateway)
{
	struct route wanted;
	int error = parse(gateway, index, &wanted);

	if (error < 0)
		return netlink_unasked(nl, error);
	error = change(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &wanted);
	if (error != -EEXIST)
		return error;
	error = look(nl, &wanted);
	return error == 0 && !wanted.found ? -EEXIST : error;
}

int gateway_remove(struct netlink *nl, int index, const char *gateway)
{
	struct route wanted;
	int error = parse(gateway, index, &wanted);

	if (error < 0)
		return netlink_unasked(nl, error);
	error = change(nl, RTM_DELROUTE, 0, &wanted);
	return error == -ESRCH || error == -ENODEV ? 0 : error;
}
