/*
 * network_wards - what the daemon keeps of the network documents between two looks at them.
 */
#pragma once

#include "reconciler/attempts.h"
#include "reconciler/standing.h"

struct network_ward {
	char *owner;      /* "network/br0": what events, standings and the journal call it */
	const char *name; /* "br0": the end of owner */
	bool due;         /* to be looked at */
	bool fresh;       /* its document changed: nothing that differs is drift */
	bool insist;      /* somebody asked: what is held back is tried again */
	bool waits;       /* its bridge goes once nothing of the instances is due */
	bool removing;    /* a thread is at it */
	uint64_t again;   /* to be looked at then; CLOCK_BOOTTIME, 0: when something happens */
	uint64_t linked;  /* digest of the interfaces that are watched; 0: none */
	struct attempts attempts;
	struct standing standing; /* its texts are owned by details */
	struct arena *details;    /* NULL: there are none */
	bool said;                /* standing is what a look has found */
	uint64_t retry;           /* CLOCK_BOOTTIME; 0: nothing is to be tried again */
};

/* All of them, sorted by name. */
struct network_wards {
	struct network_ward **items;
	size_t n, capacity;
};

/* NAME has no prefix. */
struct network_ward *network_ward_find(const struct network_wards *w, const char *name);
/* The index of the first whose owner comes after OWNER; NULL: 0. */
size_t network_wards_behind(const struct network_wards *w, const char *owner);
/* Finds or makes it. */
struct network_ward *network_ward_add(struct network_wards *w, const char *name);
void network_ward_remove(struct network_wards *w, struct network_ward *ward);
void network_wards_free(struct network_wards *w);

/* Is one to be looked at? */
bool network_wards_due(const struct network_wards *w);
