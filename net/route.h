/*
 * route - the host's static routes to its containers.
 * Prefixes are texts such as "10.1.2.0/24" and "2001:db8::/64", host bits zero. Routes of the main
 * table, by an interface and without a gateway.
 */
#pragma once

#include <stddef.h>

struct arena;
struct netlink;
struct nlmsghdr;

/* Calls REPLY for FAMILY's unicast routes in TABLE (RT_TABLE_UNSPEC: in all) by the interface (0:
 * by all), as netlink_dump does. The kernel picks them out, since somebody may have made a million
 * others; an older one tells more than was asked for. 0, also where there is no such family or
 * table, or -errno. */
int route_dump(struct netlink *nl, int family, unsigned char table, int ifindex,
	       void (*begin)(void *context), void (*reply)(const struct nlmsghdr *h, void *context),
	       void *context);

/* The prefixes of both families that lead to the interface, in no order; they live in A. 0 or
 * -errno. */
int route_list(struct netlink *nl, int ifindex, struct arena *a, const char ***prefixes, size_t *n);

/* 0 as well when it is there already. -EEXIST: the prefix leads elsewhere. -ENETDOWN: the interface
 * is down. -EINVAL: not a prefix, or the kernel's refusal of it. */
int route_add(struct netlink *nl, int ifindex, const char *prefix);

/* Only a static one, as route_add makes it. 0 as well when there is none. */
int route_delete(struct netlink *nl, int ifindex, const char *prefix);
