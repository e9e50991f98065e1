/*
 * cgroup_layout - the host's hierarchies, as limits/cgroup keeps them.
 * One directory fd per hierarchy, held as long as the layout; co-mounted controllers and all of v2
 * share one. Only the cgroup rooms look inside.
 */
#pragma once

#include "limits/cgroup.h"

struct hierarchy {
	enum cgroup_version version;
	int dir; /* of its root */
	const char *mount;
};

struct cgroup_layout {
	struct arena *arena; /* owns the layout and its texts */
	struct hierarchy hierarchies[N_CONTROLLERS + 1];
	size_t n;
	int of[N_CONTROLLERS]; /* which hierarchy serves a controller; -1: none */
	int error;             /* something that is mounted could not be looked at: an errno */
	int unified;           /* the v2 hierarchy, even an empty one; -1: none */
};

/* One line of /proc/PID/cgroup, "4:memory:/lxc.payload.web1" (cgroups(7)). */
struct cgroup_line {
	const char *controllers; /* comma-separated; "" for v2 */
	char *path;              /* begins with "/" */
};

/* Takes the next line off *TEXT, which is cut in place. False: no more. */
bool cgroup_line_next(char **text, struct cgroup_line *line);

/* The hierarchy that such a line speaks of; -1: none that we use. */
int cgroup_layout_find(const struct cgroup_layout *l, const struct cgroup_line *line);

/* Opens a directory below a hierarchy's root without leaving its file system or following a link:
 * what it gives is on cgroupfs. -1 with errno. */
int cgroup_layout_enter(const struct cgroup_layout *l, int hierarchy, const char *path);
