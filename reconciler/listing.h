/*
 * listing - standings as they are told one by one: the last of each name counts.
 * Each has memory of its own, so that who watches for months stays as small as what he watches.
 */
#pragma once

#include "reconciler/standing.h"

struct listing_entry {
	struct arena *arena;
	struct standing standing;
};

struct listing {
	struct listing_entry *items; /* sorted by name */
	size_t n, capacity;
};

/* Takes a copy of S. Returns the entry; *CHANGED, if not NULL: a watcher sees it differently now.
 */
const struct standing *listing_put(struct listing *l, const struct standing *s, bool *changed);
const struct standing *listing_find(const struct listing *l, const char *name);
/* Forgets NAME, if it is there. */
void listing_remove(struct listing *l, const char *name);
void listing_free(struct listing *l);

/* All of them, for the printers: in A, their texts still the listing's. */
struct standings listing_standings(const struct listing *l, struct arena *a);
