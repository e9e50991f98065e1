/*
 * watch_tree - a temporary directory under watch, and what was reported of it.
 */
#pragma once

#include "reconciler/reload.h"
#include "reconciler/watch.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Two manifests. */
#define ONE "kind: instance\n"
#define TWO "kind: instance\ndescription: another\n"

struct watch_tree {
	struct arena *arena;
	char base[64];
	const char *directory; /* as it is given to the watch: below the base */
	struct watch *w;
	struct options options;
	char owner[16]; /* this user: tests need no root */
	struct reload *reload;
	/* of the last report */
	const char *paths; /* all of them, sorted, a blank between; "/" is all */
	bool lone, overflow;
	size_t reads, news;
};

int watch_tree_set_up(void **state);
int watch_tree_tear_down(void **state);

/* Below the base; "m" is the directory, and there is one manifest in it, base.yaml. */
const char *at(struct watch_tree *t, const char *name);
void folder(struct watch_tree *t, const char *name);
void put(struct watch_tree *t, const char *name, const char *text);
void rename_to(struct watch_tree *t, const char *from, const char *to);
void symlink_to(struct watch_tree *t, const char *target, const char *name);
void hard_link(struct watch_tree *t, const char *from, const char *to);
void remove_one(struct watch_tree *t, const char *name);
void remove_all(struct watch_tree *t, const char *name);
void mode(struct watch_tree *t, const char *name, unsigned bits);

/* Opens the watch (of "m" where no directory is set), walks the whole tree, and wants rest then. */
void watch_begin(struct watch_tree *t);

/* Opens the watch only. */
void watch_tree_open(struct watch_tree *t);

/* Walks the whole tree. */
void watch_tree_look(struct watch_tree *t);

/* Takes what is reported until nothing has been for a moment; walks what was, as a daemon does. */
void watch_gather(struct watch_tree *t);

/* Gathers, and wants exactly these paths. */
void demand(struct watch_tree *t, const char *what, const char *paths);

/* Is the fd readable within so many ms? */
bool stirs(struct watch_tree *t, int ms);
