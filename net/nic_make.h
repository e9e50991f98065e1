/*
 * nic_make - a nic's link made and taken away, on the running container.
 * It comes under its final name and with its address, is shaped, and only then brought up.
 */
#pragma once

#include "net/nic_parts.h"

/* The changes of one nic under way. */
struct work {
	struct container *c;
	struct netlink *nl, *inside; /* of the host; of the container, where needed */
	struct nics *nics;
	struct nic_found *found;
	struct change **changes; /* of this nic */
	size_t n;
	struct change **all; /* of all nics of the container */
	size_t n_all;
};

struct change *work_change(const struct work *w, const char *attribute);
/* What ATTRIBUTE shall become; NULL: it does not change, or goes. */
const char *work_wanted(const struct work *w, const char *attribute);
/* C's verdict: 0 or -errno of what was tried on LINK; what the kernel SAID of it may be NULL. */
void work_end(struct work *w, struct change *c, const char *link, int error, const char *said);

/* Makes what LINK asks for, with the attributes that come anew; limits and routes are not its. All
 * that it made gets its verdict. */
void nic_make(struct work *w, struct change *link);

/* Takes the link that was found away. 0 or -errno, and what is SAID of it (may be NULL). */
int nic_unmake(struct work *w, const char **said);
