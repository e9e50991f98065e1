/*
 * liferoots - the directories of the cgroup tree in which containers' groups come and go.
 * The root of each hierarchy that is watched; where lxc.cgroup.dir puts a container elsewhere also
 * its parent there, and each directory on the way to that, since they go and come with it.
 */
#pragma once

#include "reconciler/watch_shortfall.h"

#include <stddef.h>

struct liferoots;

/* Watches by the inotify instance FD. */
struct liferoots *liferoots_new(int fd);
void liferoots_free(struct liferoots *r);

/* A hierarchy, by its absolute path. Returns 0 or -errno. */
int liferoots_add(struct liferoots *r, const char *mount);

/* NAME's group GROUP, in the hierarchy at MOUNT, is called or placed otherwise than usual. */
void liferoots_learn(struct liferoots *r, const char *name, const char *mount, const char *group,
		     struct shortfall *s);
void liferoots_forget(struct liferoots *r, const char *name);

/* The directory that is watched as WD; NULL: none of them. */
const char *liferoots_path(const struct liferoots *r, int wd);
/* PATH has come: it and what is below it is watched anew if it is one of them. */
void liferoots_came(struct liferoots *r, const char *path);
/* Whose learned group PATH is, or is on the way to: FOUND is called for each. */
void liferoots_names(const struct liferoots *r, const char *path,
		     void (*found)(void *context, const char *name), void *context);
