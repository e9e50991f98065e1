/*
 * kept_networks - the network documents in force: of each the newest one without errors.
 * Where a newer one has some, what was last good is kept, and with it the manifest it stands in.
 */
#pragma once

#include "schema/expand.h"

struct kept_network {
	struct document document; /* a copy; broken only where there never was a good one */
	struct manifest *held;    /* what its texts stand in */
	bool last_good;           /* the newest one has errors */
};

struct kept_networks {
	struct kept_network **items;       /* sorted by name */
	const struct document **documents; /* theirs */
	size_t n, capacity;
};

/* Brings those of N names up to date with C; each name once. CHANGED (room for N) gets the names of
 * those that came, went, or now ask for something else, or keep what was last good. Returns how
 * many. */
size_t kept_networks_renew(struct kept_networks *k, const struct catalog *c,
			   const char *const *names, size_t n, const char **changed);

/* NULL: there is none. */
const struct kept_network *kept_networks_find(const struct kept_networks *k, const char *name);

void kept_networks_close(struct kept_networks *k);
