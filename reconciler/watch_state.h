/*
 * watch_state - what a watch keeps: for the rooms that it is made of.
 */
#pragma once

#include "reconciler/watch.h"
#include "reconciler/watch_marks.h"
#include "reconciler/watch_mounts.h"
#include "reconciler/watch_shortfall.h"
#include "reconciler/watch_writing.h"

struct watch {
	struct arena *arena;
	const char *directory; /* absolute */
	int epoll, inotify;
	int wake;  /* eventfd: news of our own making */
	int timer; /* runs while something is waited for */
	bool timed;
	struct watch_mounts mounts;
	struct marks marks, before; /* BEFORE: while everything is walked */
	bool whole;                 /* everything is being walked */
	struct watch_writing writing;
	/* the directory's own path */
	struct arena *way_arena;
	const char *real;   /* NULL: there is no directory */
	struct stat led_to; /* where there is one */
	uint64_t digest;
	bool unsure; /* it changed while it was walked, again and again */
	/* the tree */
	struct stat root; /* as it was walked last */
	bool another;     /* that was another one than the path led to; said so once */
	struct arena *ignore_arena;
	struct ignore ignore;
	bool again; /* everything is to be looked at */
	struct shortfall no_instance, of_way, of_tree;
};

/* Watches the directory's path as it is now. True: it is another than before. */
bool watch_way(struct watch *w);

/* Are they the same inode? */
bool watch_same(const struct stat *a, const struct stat *b);
