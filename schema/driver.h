/*
 * driver - the one shape of everything that evenkeel can make true.
 * A container is what drivers look at and work on: fds and facts of one LXC container, taken in
 * this pass. A driver says what should hold, what holds, and makes the difference go away.
 */
#pragma once

#include "schema/world.h"

#include <sys/types.h>

struct cgroup; /* limits/cgroup: the kept directory fds of one container */
struct nics;   /* net/nic: its interfaces as they were found */

/* An interface whose changes are events about a container. */
struct watched_link {
	int nsid;         /* the namespace's number; -1: the host's */
	int index;        /* 0: whichever has the name */
	const char *name; /* NULL: whatever its name is */
	bool routes;      /* the host's routes by it matter, too */
};

/* One LXC container, as found in this pass. Owned by reconciler/container. */
struct container {
	struct arena *arena; /* lives as long as the pass */
	const char *name;
	const char *lxcpath;
	enum status status;
	pid_t init; /* 0 unless running or frozen */
	int pidfd;  /* of init; -1 */
	int proc;   /* O_PATH directory fd of /proc/INIT, opened after pidfd; -1 */
	const struct host *host;
	struct cgroup *cgroup; /* NULL unless running or frozen */
	/* What the record says we took, sorted; NULL: nothing. Of this pass. */
	const struct properties *owned;
	struct nics *nics; /* net/nic's own, of this pass: what observe found; NULL */
	/* The value of an LXC config item ("lxc.cgroup.memory.limit_in_bytes") in the container's
	 * own config, without our boot file; several lines are joined by line breaks. NULL: not
	 * set. */
	const char *(*own_item)(const struct container *c, const char *item);
	/* The same item as the running container was started with. NULL: not set or not running. */
	const char *(*running_item)(const struct container *c, const char *item);
	/* Told of every write to the kernel, for -vv: the path or link, the text, 0 or an errno.
	 * May be NULL. */
	void (*wrote)(const char *what, const char *value, int error);
	void *lxc; /* reconciler/container's own */
};

/* One kind of object: how it is wanted, found and made true. */
struct driver {
	const char *kind; /* of its objects: "cgroup" has cgroup, "io" has io/8:0 */
	/* EFFECT_LIVE, or EFFECT_RESTART where everything is fixed at a start: apply is NULL then
	 */
	enum effect effect;
	/* The attribute that says what an object is: another value of it is another object, and
	 * all other attributes come anew with it. NULL: its objects have none. */
	const char *identity;
	/* The phase of a change to P (ACTION_REMOVE: it goes). NULL: PHASE_LIMIT. */
	enum phase (*phase)(const struct property *p, enum action action);
	/* What should hold for WORLD's instance. Pure: the same world gives the same answer. A
	 * device or key that this host cannot serve is added with EFFECT_UNSUPPORTED and a reason.
	 */
	void (*desire)(const struct world *w, const struct world_instance *i,
		       struct properties *out);
	/* What holds now, for the objects and attributes in ASKED (sorted; only this driver's);
	 * ASKED == NULL: everything that the driver could own and that differs from a fresh start.
	 * Only reads. */
	void (*observe)(struct container *c, const struct properties *asked,
			struct properties *out);
	/* What holds when we let go of OWNED: what the container's own config says, else the
	 * default of a fresh start. NULL: it simply goes. */
	const char *(*base)(const struct container *c, const struct property *owned,
			    struct arena *a);
	/* Makes N changes true, all of this driver and of one container, in the order that never
	 * passes through a state wider than both old and new. Each change gets its verdict. Safe to
	 * repeat. */
	void (*apply)(struct container *c, struct change **changes, size_t n);
	/* Could this change wait long in the kernel: for memory to be reclaimed, for a lock that
	 * others hold, for a disk? The daemon's loop waits for nothing: when it may, all changes of
	 * this driver to C go together to a thread of their own, since their order matters. There
	 * apply has C, its fds and its arena for itself, and must not ask own_item or running_item:
	 * liblxc is for the loop's thread alone. NULL: never. */
	bool (*may_wait)(struct container *c, const struct change *change);
	/* The lines of the boot file that bring about at a start what DESIRED (sorted; all drivers'
	 * objects of one instance) asks of this driver: appended to LINES as "lxc.KEY = VALUE"
	 * texts, in the order in which LXC has to set them. Only for BOOT_FILE properties that can
	 * be had on HOST. NULL: never any. */
	void (*boot)(const struct host *host, const struct properties *desired, struct arena *a,
		     const char ***lines, size_t *n, size_t *capacity);
	/* The kernel files of C that hold P, by their absolute paths in A, so that whoever else
	 * writes one is noticed: at most MOST go to OUT. Returns how many. NULL: none can be
	 * watched. */
	size_t (*files)(const struct container *c, const struct property *p, struct arena *a,
			const char **out, size_t most);
	/* The interfaces of C that an object of its is made of, as observe found them, so that
	 * whoever else changes one is noticed; at most MOST go to OUT. Returns how many. NULL:
	 * none. */
	size_t (*links)(const struct container *c, const char *object, struct arena *a,
			struct watched_link *out, size_t most);
	/* The kernel file or call behind an attribute on HOST, for -vv and explain; NULL: none. */
	const char *(*place)(const struct host *host, const struct property *p, struct arena *a);
};
