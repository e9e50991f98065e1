/*
 * network_apply - the plan of one network carried out: its bridge made, changed, removed.
 * Each change gets its own verdict. What is about to become ours is noted on the bridge first.
 */
#pragma once

#include "reconciler/network_draft.h"

struct netlink;

/* Carries out all but the removal of the bridge; also tidies a note that says more than is true. */
void network_apply(struct netlink *nl, struct network_subject *s);

/* Is the bridge to be removed, and has that not been tried yet? */
struct change *network_removal(const struct network_subject *s);

/* It cannot go as C says, because of these ports. */
void network_busy(const char *name, const struct bridge_port *ports, size_t n, struct change *c,
		  struct arena *a);

/* Removes the bridge INDEX as C says, with texts in A; waits for an RCU grace period. */
void network_remove(struct netlink *nl, const char *name, int index, struct change *c,
		    struct arena *a);
