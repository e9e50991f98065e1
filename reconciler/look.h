/*
 * look - a look at the tree, or at parts of it: which leaves are new, which are gone.
 * Nothing is put in place: who looked decides whether what was found may count.
 */
#pragma once

#include "reconciler/leaves.h"

/* A leaf as it is now, and as it was. */
struct sight {
	struct leaf *leaf, *old; /* OLD: NULL, it is new */
};

struct look {
	/* given */
	struct leaves *leaves;
	struct tree_hooks hooks;
	struct trusted trusted;
	struct arena *arena; /* scratch */
	unsigned round;      /* another one for each look */
	char *buffer;        /* tree's, from look to look; to be freed by free() */
	/* found */
	struct sight *sights; /* sorted */
	size_t n, room;
	struct leaf **gone; /* sorted; what sights replace is not among them */
	size_t n_gone;
	struct leaf **turned; /* stale now, but not before, or the other way round */
	size_t n_turned, room_turned;
	size_t files_read;
	bool whole;
	/* look's own */
	struct tree tree;
	struct arena *texts; /* of findings of the file being read */
	struct diagnostics ds;
};

/* Looks at N paths, sorted by leaves_compare_paths, none below another, or (N == 0) at all of the
 * directory that ROOT is and REAL names. -errno: which files count is not known. */
int look_at(struct look *l, int root, const char *real, const char *const *paths, size_t n);

/* Drops what was found. */
void look_forget(struct look *l);
