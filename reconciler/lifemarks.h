/*
 * lifemarks - the kernel files that are watched for somebody's sake, by inotify.
 * Only files on cgroupfs that nobody but our own user can write: a container's root owns its
 * payload's directory and a few files in it, and could wake us with those as often as it likes.
 *
 * The kernel does not take a watch away with the group that its file was in: it is kept here which
 * group that was, to tell it from the next one of its name.
 */
#pragma once

#include "reconciler/watch_shortfall.h"

#include <stddef.h>
#include <sys/types.h>

struct lifemarks;

/* Watches by the inotify instance FD. */
struct lifemarks *lifemarks_new(int fd);
void lifemarks_free(struct lifemarks *m);

/* Of the group whose directory is GROUP these files, and no others, are watched for OWNER. A file
 * belongs to whoever asked last. What cannot be watched for a lack of watches is noted in S. */
void lifemarks_set(struct lifemarks *m, const char *owner, const char *group,
		   const char *const *paths, size_t n, struct shortfall *s);
void lifemarks_drop(struct lifemarks *m, const char *owner);
/* Drops what was watched of a group that is no more. */
void lifemarks_check(struct lifemarks *m, const char *owner);
void lifemarks_check_all(struct lifemarks *m);

/* For whom WD is watched; NULL: nobody. */
const char *lifemarks_owner(const struct lifemarks *m, int wd);
/* The kernel has taken WD away. */
void lifemarks_lost(struct lifemarks *m, int wd);

/* How many are watched. */
size_t lifemarks_count(const struct lifemarks *m);
