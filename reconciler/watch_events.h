/*
 * watch_events - what the kernel's events mean: which paths to look at again.
 */
#pragma once

#include "reconciler/ignore.h"
#include "reconciler/watch_marks.h"
#include "reconciler/watch_writing.h"

struct inotify_event;

struct watch_events {
	/* given */
	struct marks *marks;
	struct watch_writing *writing;
	const struct ignore *ignore;
	const char *real; /* the directory, without links */
	struct arena *arena;
	/* found */
	const char **paths;
	size_t n, capacity;
	bool way;      /* the directory's own path */
	bool way_mode; /* that may have got another owner or mode */
	bool overflow; /* events were lost */
	bool heavy;    /* more than a file put into place or closed after writing */
};

/* PATH is to be looked at again, because of something HEAVY. */
void watch_events_add(struct watch_events *e, const char *path, bool heavy);

void watch_events_take(struct watch_events *e, const struct inotify_event *event);

/* Leaves each path once, sorted, without those below another and those being written. True: they
 * mean that everything is to be looked at. */
bool watch_events_finish(struct watch_events *e);
