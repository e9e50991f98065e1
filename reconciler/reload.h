/*
 * reload - the generation in force, brought up to date file by file.
 * What did not change is not opened; a changed file is parsed alone, and only those instances are
 * expanded anew in which one of its documents has, or had, a part. What breaks keeps what it had:
 * an instance whose manifest or profile has errors stays as it was last good.
 */
#pragma once

#include "reconciler/load.h"
#include "reconciler/tree.h"

struct reload;

/* What an update found. The names live in the arena that was given to it, the findings' texts and
 * sources until the next update. */
struct reload_news {
	const char **names; /* instances that came, went, or now ask for something else; sorted */
	size_t n;
	const char **networks; /* likewise, network documents */
	size_t n_networks;
	struct diagnostics findings; /* of what was read or expanded anew, sorted: to be said */
	size_t files_read, instances_expanded;
	bool whole; /* the tree was walked as a whole */
};

/* Loads nothing yet: the generation is empty, its trouble LOAD_MISSING, until the first update.
 * O is not copied. */
struct reload *reload_open(const struct options *o);
void reload_close(struct reload *r);

/* Who is told of the folders and files of a walk. */
void reload_hook(struct reload *r, struct tree_hooks hooks);

/* Looks again at PATHS: files or folders, relative to the directory, there or gone; "", or N == 0,
 * is the whole tree and the directory's own path. Not LOAD_FINE: why the directory as a whole
 * changes nothing; then the generation stays as it was, and the next update looks at everything.
 * Pointers into the generation, got before, are not valid any more. */
enum load_trouble reload_update(struct reload *r, const char *const *paths, size_t n,
				struct arena *a, struct reload_news *news);

/* Never NULL. What is put into its arena lives until the next update; its diagnostics are empty:
 * see reload_findings. */
struct generation *reload_generation(struct reload *r);

/* The network documents in force, sorted by name: of each the newest without errors. They are valid
 * until the next update. */
struct kept_networks;
const struct kept_networks *reload_networks(struct reload *r);

/* Appends all findings that are standing now, sorted; their texts live until the next update. */
void reload_findings(struct reload *r, struct diagnostics *out);
