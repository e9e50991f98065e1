/*
 * stand - how a ward stands after a look at it, and what is said when that is another way.
 */
#pragma once

#include "reconciler/round.h"

/* Takes down what turn T found, and tells the journal and those who watch of what is new. */
void ward_stands(struct keeper *k, const struct turn *t, uint64_t now);
