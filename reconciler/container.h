/*
 * container - LXC's containers in one LXC path, looked at without ever waiting for one.
 * The only room that talks to liblxc about what exists and runs; whatever can block (create,
 * start, stop, freeze, destroy) is a job (reconciler/lifecycle).
 */
#pragma once

#include "limits/cgroup.h"
#include "reconciler/options.h"

struct containers {
	struct arena *arena;
	const char *lxcpath;
	int dir; /* O_PATH directory fd of lxcpath; -1: it does not exist */
	const struct host *host;
	const struct cgroup_layout *layout;
	int error; /* which ones are active could not be told: -errno; what was known stays */
	const char **active; /* names with a living monitor, or so they say (commandsock), sorted */
	size_t n_active;
	struct monitor *monitors; /* their monitors, sorted by name; looked for when needed */
	size_t n_monitors;
	bool monitors_known;
	struct hints *hints; /* of the active ones: init pids of this boot, verified by pidfd */
	void (*wrote)(const char *what, const char *value, int error);
};

/* Takes stock of LXCPATH, which lives as long. Never NULL; a missing path is an empty one. */
struct containers *containers_open(const char *lxcpath, const struct host *host,
				   const struct cgroup_layout *layout, struct arena *a);
/* Looks again which are active, after something was started or stopped. Containers opened before
 * stay as they were found. */
void containers_refresh(struct containers *cs);
/* The same with memory of its own: A. The directory's fd is OLD's, which is not used any more. */
struct containers *containers_again(struct containers *old, const struct host *host,
				    struct arena *a);
/* Saves the hints (best effort) and closes. */
void containers_close(struct containers *cs);

/* Looks at one container: status, init, pidfd, /proc fd, cgroup. Cheap for a stopped or missing one
 * (no liblxc handle is made). Never NULL. Without readable hints liblxc is asked for init's pid. */
struct container *container_open(struct containers *cs, const char *name);
/* The same for one that is known to be there, and whole: its config was just read. */
struct container *container_open_defined(struct containers *cs, const char *name);
void container_close(struct container *c);

/* The same for one that outlives CS: all that it holds on to is in A, which is its own; its
 * lxcpath, host, layout and CS's directory have to live as long. KNOWN: as container_open_defined.
 * A round that uses it lends it its own arena (c->arena) meanwhile. */
struct container *container_keep(struct containers *cs, const char *name, bool known,
				 struct arena *a);
/* Does the init that was found still live? Its status is looked at again. Two system calls. */
bool container_still_runs(struct container *c);
/* A round is done with a kept one: what is large and quickly had again is given back. */
void container_rest(struct container *c);
/* What was learned about a kept one goes to CS's hints. */
void container_remember(struct containers *cs, const struct container *c);

/* The numbers N for which its own config has an interface lxc.net.N, ascending, in its arena. */
size_t container_own_nets(const struct container *c, unsigned **out);

/* The host id that owns its rootfs; -1: it is no folder that can be looked at. */
int64_t container_rootfs_owner(const struct container *c);

/* Names of all containers defined in the path, sorted (a readdir, each with a config file). */
size_t containers_defined(struct containers *cs, const char ***out);
