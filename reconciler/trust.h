/*
 * trust - whose files are believed: root's, writable by nobody else.
 * Whoever can write a manifest is root on this host, so owner and mode decide before a word is
 * applied. An ACL needs no look of its own: its mask stands in the group bits of the mode.
 */
#pragma once

#include "reconciler/load.h"

#include <sys/stat.h>

struct trusted {
	enum trust mode;
	uid_t owner; /* one more besides root; 0: nobody else */
};

/* The first thing on the way that somebody else could change. */
struct distrust {
	char *path; /* as an absolute path; NULL: all is well */
	struct stat st;
};

/* The rule for these options. -ENOENT: --owner names nobody. */
int trusted_from(const struct options *o, enum trust mode, struct trusted *out);

/* Does it belong to somebody trusted, and can nobody else write it? */
bool trusted_fits(const struct trusted *t, const struct stat *st);

/* Opens the directory PATH component by component, symbolic links followed by hand, so that each
 * folder in which a name is looked up is judged: it must fit, or be root's and sticky with the
 * entry in trusted hands. Returns a fd for reading or -errno; *REAL (in A) is where it led. The fd
 * comes with distrust too: the caller decides. */
int trusted_open_directory(const struct trusted *t, const char *path, struct arena *a, char **real,
			   struct distrust *out);

/* "belongs to uid 1000 and has mode 0664". */
char *trusted_describe(const struct stat *st, struct arena *a);
/* The commands that mend it: "chown root PATH; chmod go-w PATH". */
char *trusted_remedy(const struct trusted *t, const struct stat *st, const char *path,
		     struct arena *a);
