/*
 * expansion - what instances come to: values with their origins and losers, and their id maps.
 * Gathered once, shown by three printers.
 */
#pragma once

#include "reconciler/load.h"

#include <stdio.h>

struct expansion {
	const struct instance *instance;
	struct loser *losers; /* in the order of expansion */
	size_t n_losers;
	const char **idmap; /* lines as in lxc.idmap; none: privileged, or refused */
	size_t n_idmap;
	const char *idmap_refused; /* why there is none; NULL */
	const char *held;          /* why it is held back; NULL: it is not */
};

struct expansions {
	struct arena *arena;
	struct expansion *items; /* sorted by name */
	size_t n;
};

/* The instances of G that O names (all where it names none). Findings about id maps go to G's;
 * names that nobody has too. Returns 0, or -ENOENT for such a name. */
int expansions_make(struct expansions *out, const struct options *o, struct generation *g);

void expansions_text(FILE *f, const struct options *o, const struct expansions *e);
void expansions_json(FILE *f, const struct options *o, const struct expansions *e);
void expansions_yaml(FILE *f, const struct options *o, const struct expansions *e);

/* The text of a setting, or "(hidden)". */
const char *expansion_value(const struct options *o, const struct setting *s);
