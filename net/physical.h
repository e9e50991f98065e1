/*
 * physical - interfaces of the host that a container gets whole, and how they come back.
 * Inside, container root may rename one, change it, hide it, or put another of the same name in its
 * place. What it is known by, its mark, is what no container can make: the device behind hardware
 * with its burnt-in address; of a veth, its other end, which stays on the host.
 */
#pragma once

#include "net/link.h"

/* What L, an interface of the host, is known by wherever it is: "device pci/0000:00:03.0 ADDRESS",
 * "veth INDEX-OF-THE-OTHER-END"; in A. NULL: nothing, and *WHY says why. */
const char *physical_mark(struct netlink *nl, const struct link *l, struct arena *a,
			  const char **why);

/* The one with that MARK in the namespace NSID. 0, -ENODEV, or another -errno: -ENOTUNIQ: several
 * have it. */
int physical_find(struct netlink *nl, int nsid, const char *mark, struct link *out);

/* Is there no such interface any more, anywhere? */
bool physical_is_gone(struct netlink *nl, const char *mark);

/* What L, an interface of the host, is there, in A. NULL: it has no mark, and *WHY says why. */
const struct home_link *physical_home(struct netlink *nl, const struct link *l, struct arena *a,
				      const char **why);

/* The interface L, which is on the host, gets the NAME and all that it had there. 0 or -errno. */
int physical_settle(struct netlink *nl, const struct link *l, const char *name,
		    const struct home_link *home);

/* Fetches GUEST out of the namespace NSID, where INSIDE is a socket. What was built on it there
 * goes. *WHY (may stay NULL) says more of a refusal. 0 or -errno. */
int physical_fetch(struct netlink *nl, struct netlink *inside, int nsid, const struct link *guest,
		   const char *name, const struct home_link *home, const char **why);
