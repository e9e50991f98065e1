/*
 * journal_change - a change in the words of the log: "cgroup memory.max 256MiB -> 512MiB (...)".
 * Pure.
 */
#pragma once

#include "reconciler/journal_entry.h"
#include "reconciler/options.h"

struct change;
struct changes;

/* LOG_ERR to LOG_DEBUG: a boot file follows each change of its instance and is told with -v. */
int journal_change_priority(enum event event, const struct change *c);

/* Fills in what E says of C, one of ALL (NULL: nothing is known of the others); texts are C's or
 * live in A. E's event is set. */
void journal_change_fill(struct journal_entry *e, const struct options *o,
			 const struct changes *all, const struct change *c, struct arena *a);
