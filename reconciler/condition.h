/*
 * condition - how an instance stands, in one word and one line, by looking.
 */
#pragma once

#include "reconciler/pass.h"

enum condition {
	CONDITION_IN_SYNC,
	CONDITION_DRIFTED,
	CONDITION_PENDING_RESTART,
	CONDITION_FAILING,
	CONDITION_HELD_BACK,
	N_CONDITIONS,
};

/* "in-sync", "pending-restart", ... as the command line and JSON print it. */
const char *condition_name(enum condition c);

/* What a look without changing anything says. *REASON: one line, in A; NULL when in sync. */
enum condition condition_of(const struct outcome *o, struct arena *a, const char **reason);
