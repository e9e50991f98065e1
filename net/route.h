/*
 * route - the host's static routes to its containers.
 * Prefixes are texts such as "10.1.2.0/24" and "2001:db8::/64", host bits zero. Routes of the main
 * table, by an interface and without a gateway.
 */
#pragma once

#include <stddef.h>

struct arena;
struct netlink;

/* The prefixes of both families that lead to the interface, in no order; they live in A. 0 or
 * -errno. */
int route_list(struct netlink *nl, int ifindex, struct arena *a, const char ***prefixes, size_t *n);

/* 0 as well when it is there already. -EEXIST: the prefix leads elsewhere. -ENETDOWN: the interface
 * is down. -EINVAL: not a prefix, or the kernel's refusal of it. */
int route_add(struct netlink *nl, int ifindex, const char *prefix);

/* Only a static one, as route_add makes it. 0 as well when there is none. */
int route_delete(struct netlink *nl, int ifindex, const char *prefix);
