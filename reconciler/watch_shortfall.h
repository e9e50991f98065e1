/*
 * watch_shortfall - why a watch does not see everything, in words with a way out.
 */
#pragma once

#include <stdbool.h>

struct shortfall {
	bool given;
	char why[256];
	char remedy[128]; /* "": none is known */
};

/* No inotify instance could be had. */
void shortfall_instance(struct shortfall *s, int error);

/* PATH (shown as it is) could not be watched. Of several, the first is kept. */
void shortfall_watch(struct shortfall *s, int error, const char *path);

/* Does the file system that FD is on report all changes? If not, of PATH, that is noted. */
void shortfall_file_system(struct shortfall *s, int fd, const char *path);
