/*
 * said - findings that are told once, as long as they stand.
 * The host's missing id range is said when it is found, not on every pass.
 */
#pragma once

#include "reconciler/journal.h"
#include "schema/diagnostic.h"

struct said {
	struct arena *arena;
	const char **texts;
	size_t n;
};

/* Tells those of DS that were not among the last ones. */
void said_tell(struct said *s, struct journal *j, const struct diagnostics *ds);
/* Nothing has been said. */
void said_forget(struct said *s);
