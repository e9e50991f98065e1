/*
 * stand - how a ward stands after a look at it, and what is said when that is another way.
 */
#pragma once

#include "reconciler/round.h"

/* Takes down what turn T found, and tells the journal and those who watch of what is new. */
void ward_stands(struct keeper *k, const struct turn *t, uint64_t now);

/* What is being tried again and again outweighs what a single look shows. */
void stand_troubled(const struct attempts *attempts, uint64_t now, struct arena *a,
		    struct standing *out);

/* What is said of somebody who comes to stand so, and whether that was trouble. */
enum event stand_event(enum condition c);
bool stand_was_trouble(enum condition c);
