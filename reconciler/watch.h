/*
 * watch - the directory of manifests as the kernel reports it (inotify).
 * Says which files and folders to look at again, never what happened to them. Each folder that a
 * walk enters is watched before it is listed; so is each folder on the directory's own path, the
 * symbolic links on it included, and what links inside the tree lead through. A file with more
 * than one name is watched itself, for a write by another name is not reported to its folder.
 * Mounts, which inotify does not tell of, are seen through /proc/self/mountinfo.
 *
 * A file that was begun but not closed is not reported until it is closed, or for a second or two:
 * a truncated moment is no empty file.
 *
 * What the kernel does not tell, so that only a look at everything finds it: changes that other
 * hosts make on a shared file system, and whatever is behind FUSE (watch_complete says so: the
 * directory is to be looked at every few seconds); changes to the layers below an overlay; a write
 * by a name that a file was given outside the tree after it was looked at last; writes through a
 * mapping that outlives the close; writes to the block device.
 */
#pragma once

#include "reconciler/tree.h"

struct watch;

struct watch_news {
	const char **paths; /* to look at again: relative, sorted, none below another; "": all */
	size_t n;
	bool all;      /* the one path is "": the whole tree, and the directory's own path */
	bool lone;     /* one manifest was renamed into place or closed after writing, no more */
	bool overflow; /* events were lost: all, too */
};

/* DIRECTORY is as the user gave it; it need not exist. NULL (errno): not one fd to be had. Short of
 * inotify instances it is opened all the same, and is not complete. */
struct watch *watch_open(const char *directory);
void watch_close(struct watch *w);

/* Readable when there are events; never at rest. It stays the same. */
int watch_fd(const struct watch *w);

/* Takes all events that wait. False: nothing that matters. What OUT points to lives in A. */
bool watch_read(struct watch *w, struct arena *a, struct watch_news *out);

/* Is a file of the tree being written at this moment? Better not to look for another while
 * (settle_put_off). */
bool watch_writing(const struct watch *w);

/* For the walks of the tree: they set the watches. */
struct tree_hooks watch_hooks(struct watch *w);

/* False: not all changes will be reported, *WHY and *REMEDY (which may be NULL) in words that live
 * until the next call on W. A walk of the whole tree tries again what could not be watched. */
bool watch_complete(const struct watch *w, const char **why, const char **remedy);

/* Tries again to have an inotify instance, and to watch the directory's path. Walk the whole tree
 * after it. */
void watch_retry(struct watch *w);
