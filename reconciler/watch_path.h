/*
 * watch_path - a path walked one name at a time, symbolic links followed by hand.
 * Before a name is looked up its folder is shown to the caller, who watches it: what changes after
 * that is reported, what changed before is seen.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct arena;

struct watch_path {
	/* given */
	struct arena *arena;
	const struct stat *top; /* a folder that neither ".." nor "/" leads out of; NULL: none */
	void (*step)(void *context, int folder, const char *name);
	void *context;
	/* found */
	int fd; /* O_PATH, of what the path leads to; -1: to nothing. The caller's */
	struct stat st;
	char *real;      /* its path without links, as far as it came; "" is the root */
	uint64_t digest; /* of all folders on the way and what the path leads to: who they are, and
			    whose */
};

/* Walks PATH from the open folder START; an absolute one (where there is no top) from the root.
 * Returns 0 or -errno: how far it came was shown. */
int watch_path_walk(struct watch_path *p, int start, const char *path);
