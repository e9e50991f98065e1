/*
 * shaping_view - one way of a nic as it was found, and what it amounts to.
 */
#pragma once

#include "net/htb.h"
#include "net/ifb.h"
#include "net/redirect.h"
#include "net/shaping.h"

#define BITS 8 /* of a byte */

/* One way of a nic as it was found. */
struct view {
	const struct link *host_end;
	enum shaping_way way;
	struct htb htb; /* on the host end (ingress) or its IFB (egress) */
	struct redirect redirect;
	struct ifb ifb;
};

/* 0 or -errno; -ENODEV: the host end has gone. */
int shaping_look(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		 struct view *v);

void shaping_judge(const struct view *v, struct arena *a, struct shaping *out);
