/*
 * watch_writing - which files are just being written.
 * From the first write to the close; who does not close within two seconds is not waited for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct written {
	const char *path;
	bool old; /* the timer has met it once */
};

struct watch_writing {
	struct arena *arena; /* of the paths; emptied when there are none */
	struct written items[64];
	size_t n;
};

/* False: there are too many to keep count of. */
bool watch_writing_add(struct watch_writing *w, const char *path);
bool watch_writing_has(const struct watch_writing *w, const char *path);
void watch_writing_remove(struct watch_writing *w, const char *path);
void watch_writing_clear(struct watch_writing *w);

/* To be called once a second: a path that was there the last time too is taken out; NULL: there is
 * none any more, and the rest is old now. The path is valid until the next call. */
const char *watch_writing_expire(struct watch_writing *w);
