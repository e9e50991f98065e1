/*
 * kept - the expansion of each instance that is in force.
 * It is the newest one without errors: where a newer one has some, or one of its documents is not
 * believed any more, what was last good is kept, and with it the manifests that it is made of.
 */
#pragma once

#include "schema/expand.h"

struct kept {
	struct instance *instance;
	struct arena *arena; /* of the instance, and of what is wrong with its newest expansion */
	struct manifest **held; /* last good: what it is made of */
	size_t n_held;
	const struct diagnostic *findings;
	size_t n_findings;
	struct arena
	    *texts; /* of the findings, when the instance is older than they are; or NULL */
};

struct keeping {
	struct arena *arena;
	struct kept *items;          /* sorted by name */
	struct instance **instances; /* theirs */
	size_t n;
	struct sorted_room room, room_instances;
};

/* An instance to be expanded anew. */
struct renewal {
	const char *name;
	bool own;    /* its own document came anew, not only a profile of its */
	bool news;   /* found: it came, went, or asks for something else */
	bool claims; /* found: it claims something else of what all share */
	bool held;   /* found: it is held back now, and was not */
	bool said;   /* found: there are findings that are new */
};

/* Expands N instances anew, sorted by name; those without a document go. Returns how many were
 * expanded. */
size_t keeping_renew(struct keeping *k, struct catalog *c, const struct expand_options *o,
		     struct renewal *renewals, size_t n);

const struct kept *keeping_find(const struct keeping *k, const char *name);

void keeping_close(struct keeping *k);
