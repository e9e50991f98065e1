/*
 * priority - the priority of what goes to a container, by nf_tables.
 * In the table evenkeel of the family netdev each host end has a chain of its own, prio-INDEX, at
 * the egress hook: skb->priority is set before the packet comes to any qdisc.
 *
 * Since Linux 6.16 a chain is bound to its interface's name, and stays when that goes.
 */
#pragma once

#include "net/link.h"

/* What is there for a host end. */
struct priority {
	bool there; /* its chain is */
	bool whole; /* ... as priority_set makes it */
	uint32_t value;
};

/* -EOPNOTSUPP: this kernel has no nf_tables. */
int priority_read(const struct link *host_end, struct priority *out);

/* Why VALUE cannot be had; NULL: it can. Some are class numbers of our shaping. */
const char *priority_refused(uint32_t value);

/* What is there already is changed at one moment: no packet passes without a priority. A failure
 * leaves what was. 0 or -errno, -EOPNOTSUPP if the kernel has no such hook, with *WHY (in A). */
int priority_set(const struct link *host_end, uint32_t value, struct arena *a, const char **why);

/* Takes the chain away, and the table with the last one. */
int priority_clear(const struct link *host_end, struct arena *a, const char **why);

/* Takes the chains away whose host ends are gone. Returns how many there were, or -errno; 0 where
 * the kernel has no nf_tables. */
int priority_sweep(struct netlink *nl);
