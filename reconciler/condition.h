/*
 * condition - how an instance stands, in one word and one line.
 */
#pragma once

#include "reconciler/pass.h"

/* Where several fit, paused wins over all (nothing is done about the others), then held-back,
 * failing, contested, drifted, pending-restart. */
enum condition {
	CONDITION_IN_SYNC,
	CONDITION_DRIFTED,
	CONDITION_PENDING_RESTART,
	CONDITION_FAILING,
	CONDITION_CONTESTED, /* somebody keeps changing what is put back: only who watches knows */
	CONDITION_PAUSED,
	CONDITION_HELD_BACK,
	N_CONDITIONS,
};

/* "in-sync", "pending-restart", ... as the command line and JSON print it. */
const char *condition_name(enum condition c);

/* The condition of that name, or N_CONDITIONS. */
enum condition condition_find(const char *name);

/* What a plan says, or what became of it. *REASON: one line, in A; NULL when in sync. */
enum condition condition_of(const struct outcome *o, struct arena *a, const char **reason);
