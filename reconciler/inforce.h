/*
 * inforce - the generation in force, and what it is made of.
 * What a look at the tree found is put in place in one step: documents in the catalog, those
 * instances expanded anew that any of them is about, and what is new of it said.
 */
#pragma once

#include "reconciler/kept.h"
#include "reconciler/kept_networks.h"
#include "reconciler/look.h"
#include "reconciler/reload.h"

struct inforce {
	struct arena *arena; /* of what only ever grows */
	const char *host;
	struct generation generation;
	struct leaves leaves;
	struct keeping keeping;
	struct kept_networks networks;
	struct sorted_room room_manifests;
	size_t documents, faulty,
	    blind; /* of the leaves: how many there are, how many leave gaps */
	bool default_missed;
	struct diagnostics together; /* what was wrong with all instances together */
};

void inforce_open(struct inforce *f, const struct options *o);
void inforce_close(struct inforce *f);

/* Puts what L found in place and tells NEWS, whose names go to A; SCRATCH lives until the next one.
 * False: nothing at all would be left, so that nothing was done. */
bool inforce_update(struct inforce *f, struct look *l, struct arena *scratch, struct arena *a,
		    struct reload_news *news);

/* Appends all findings that are standing. */
void inforce_findings(struct inforce *f, struct diagnostics *out);
