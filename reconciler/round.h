/*
 * round - one look at the wards that are due: what should hold, what holds, what differs.
 * The same survey and drafts as a pass makes, of a few instances, with what is kept of them. What
 * can be done without waiting is done at once (reconciler/enact), the rest is handed off.
 */
#pragma once

#include "reconciler/draft.h"
#include "reconciler/keeper.h"

/* One ward of a round. */
struct turn {
	struct ward *ward;
	struct subject *subject;
	struct outcome outcome;
	bool held_back;    /* its manifest, or a profile of its, has errors */
	bool moved;        /* its CPUs were dealt anew: what differs is no drift */
	bool acted;        /* its values are written, and nothing is said of it yet */
	unsigned slow;     /* bits of the drivers that a thread is at work with */
	bool kept;         /* its container stays open */
	struct arena *own; /* of a container that does not; NULL */
};

struct round {
	struct keeper *keeper;
	struct arena *arena;
	struct survey survey;
	struct turn *turns;
	size_t n, capacity;
	uint64_t now;
	struct task task; /* the slow part */
	size_t n_slow;
	struct slow_write { /* what the thread wrote, to be said by the loop */
		const char *what, *value;
		int error;
	} * slow_writes;
	size_t n_slow_writes, slow_capacity;
};

void round_free(struct round *r);

/* Looks at these wards, and at whoever they involve, and carries out what there is to do. */
void round_run(struct keeper *k, struct ward **wards, size_t n);
