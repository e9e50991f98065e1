/*
 * desire - how a limit is wanted: a property with the line that asks for it.
 */
#pragma once

#include "schema/world.h"

/* What a driver is asked about. */
struct desire {
	const struct world *world;
	const struct world_instance *instance;
	struct properties *out;
};

/* VALUE (NULL: none could be found) for a cgroup attribute, because KEY asks; unsupported where the
 * host has no such controller. Returns the property. */
struct property *desire_cgroup(const struct desire *d, const char *key, enum controller k,
			       const char *attribute, const char *value);

/* Marks P as what this host cannot serve, and says what can be done; a reason found before stays.
 */
void desire_unsupported(struct property *p, const char *reason, const char *remedy);
