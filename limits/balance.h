/*
 * balance - which CPUs each instance gets. A pure function over all instances at once.
 * Deterministic; spreads over cores before hyper-threads; moves nobody who need not move.
 */
#pragma once

#include "schema/world.h"

/* Reads limits.cpu and limits.cpu.nodes of every instance that will run, and cpus_now; fills cpus
 * and cpus_refused of each. Instances without either key get no set: the whole host is theirs. */
void balance(struct world *w);
