/*
 * bridge - bridges of the host, by rtnetlink.
 * What evenkeel made is known by a note on the bridge itself. An interface that is no bridge is
 * never touched.
 */
#pragma once

#include "net/address.h"
#include "net/bridge_note.h"

struct arena;
struct netlink;

enum bridge_found {
	BRIDGE_MISSING,
	BRIDGE_THERE,
	BRIDGE_OTHER, /* an interface of this name that is no bridge, or has it as an alternative */
};

struct bridge {
	enum bridge_found found;
	struct link link; /* unless it is missing */
	struct bridge_note note;
	struct address *addresses;
	size_t n_addresses;
};

/* Looks at the interface NAME. 0, also when there is none, or -errno. */
int bridge_look(struct netlink *nl, const char *name, struct arena *a, struct bridge *out);

bool bridge_has_address(const struct bridge *b, const char *address);

/* Calls EACH for all bridges that evenkeel made, whatever their names. 0 or -errno. */
int bridge_each_made(struct netlink *nl, void (*each)(const char *name, void *context),
		     void *context);

/* An interface that hangs on a bridge. */
struct bridge_port {
	int index;
	const char *name, *alias;
};
/* The ports of the bridge INDEX, into A. 0 or -errno. */
int bridge_ports(struct netlink *nl, int index, struct arena *a, struct bridge_port **out,
		 size_t *n);

/* Makes the bridge NAME, down, with its note. Should we die in the middle it is known as ours all
 * the same. Its size of packets is the kernel's, which follows that of its ports until it is set. 0
 * or -errno: nothing was made. */
int bridge_make(struct netlink *nl, const char *name, const char *hwaddr,
		const struct bridge_note *note, int *index);

/* Writes NOTE onto the bridge NAME. */
int bridge_annotate(struct netlink *nl, int index, const char *name,
		    const struct bridge_note *note);

/* Deletes the bridge INDEX, which was NAME: -EBUSY when it has ports, -EPERM when evenkeel did not
 * make it, -ENODEV when it is gone. Waits for an RCU grace period. */
int bridge_delete(struct netlink *nl, int index, const char *name);
