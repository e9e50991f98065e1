/*
 * watch_path - a path walked one name at a time, symbolic links followed by hand.
 * What the path depends on is shown to the caller, who watches it, before it is relied upon: what
 * changes after that is reported, what changed before is seen.
 *
 * A path can be watched by the entries of its folders, or quietly, by the inodes it consists of:
 * then what else happens in a busy folder like /tmp wakes nobody. An inode tells of its removal
 * only when nobody holds it any more, so the last folder's own entry is needed too; all others
 * cannot be removed before that one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct arena;

enum watch_path_aspect {
	ASPECT_ENTRY,  /* of the folder: what has that name */
	ASPECT_ITSELF, /* a folder or a link is moved, removed or given away; the name is "" */
	ASPECT_COMING, /* of the folder: something gets that name */
	ASPECT_GOING,  /* of the folder: what has that name is removed */
};

struct watch_path {
	/* given */
	struct arena *arena;
	const struct stat *top; /* a folder that neither ".." nor "/" leads out of; NULL: none */
	bool quiet;
	void (*show)(void *context, int fd, enum watch_path_aspect aspect, const char *name);
	void *context;
	/* found */
	int fd; /* O_PATH, of what the path leads to; -1: to nothing. The caller's */
	struct stat st;
	char *real;      /* its path without links, as far as it came; "" is the root */
	uint64_t digest; /* of all folders on the way and what the path leads to: who they are, and
			    whose */
	/* its own */
	int above; /* the folder that FD was found in; -1: not known */
	const char *name;
};

/* Walks PATH from the open folder START; an absolute one (where there is no top) from the root.
 * Returns 0 or -errno: how far it came was shown. -EAGAIN: it changes all the time. */
int watch_path_walk(struct watch_path *p, int start, const char *path);

/* Is the error of a walk ours, for want of fds or memory? Then it says nothing of the path. */
bool watch_path_wants(int error);
