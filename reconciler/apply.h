/*
 * apply - a plan is carried out: existence, record, life cycle, properties, record, freezer.
 * The record names a property before it is first taken and forgets it after it was put back; many
 * boot files cost two syncfs. Every change ends with a verdict.
 */
#pragma once

#include "reconciler/draft.h"

/* Carries out what the outcomes of S's subjects plan; adds to live and persist of TIMINGS. */
void apply_run(struct survey *s, struct timings *timings);

/* Is it carried out on the running container, and has not been yet? */
bool apply_is_live(const struct change *c);

/* Carries out those of CHANGES on C that are D's, at once: it knows the order among them. */
void apply_changes_of(const struct driver *d, struct container *c, struct changes *changes);
/* The same for all drivers, one after another. */
void apply_changes(struct container *c, struct changes *changes);
