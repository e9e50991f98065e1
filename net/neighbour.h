/*
 * neighbour - addresses that the host answers for in place of a container (proxy ARP and NDP).
 * Ours are marked as such: what is left behind by a container that died is known.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct netlink;

struct neighbour {
	int index; /* of the interface on which it is answered for */
	const char *address;
	bool ours;
};

/* All of the host, of both families, in A. 0 or -errno. */
int neighbour_list(struct netlink *nl, struct arena *a, struct neighbour **out, size_t *n);

/* One that is there already is fine, and so is one to be removed that is not. 0 or -errno. */
int neighbour_add(struct netlink *nl, int index, const char *address);
int neighbour_remove(struct netlink *nl, int index, const char *address);

/* Takes away those of ours that no route leads to any more: their container has gone. 0 or -errno.
 */
int neighbour_sweep(struct netlink *nl);
