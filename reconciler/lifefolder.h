/*
 * lifefolder - containers that are made, destroyed, renamed or put back by hand, by inotify on the
 * LXC path. A folder that comes is watched itself until it holds a whole container.
 */
#pragma once

#include "reconciler/watch_shortfall.h"

#include <sys/inotify.h>

struct lifefolder;

/* Watches by the inotify instance FD. */
struct lifefolder *lifefolder_new(int fd, const char *lxcpath);
void lifefolder_free(struct lifefolder *f);

/* The LXC path may have come, or be another one than before. Safe to repeat. */
void lifefolder_watch(struct lifefolder *f, struct shortfall *s);

/* Is it its event? *NAME: the folder it is about; NULL: nobody's. */
bool lifefolder_event(struct lifefolder *f, const struct inotify_event *e, const char **name,
		      struct shortfall *s);
