/*
 * balance - which CPUs each instance gets. A pure function over all instances at once.
 * Deterministic; spreads over cores before hyper-threads; moves nobody who need not move.
 *
 *   - A set or ranges (limits.cpu: 0-3) is what it says, less the CPUs that this host lacks.
 *   - limits.cpu.nodes alone gives all CPUs of those nodes.
 *   - A number (limits.cpu: 2) gives so many CPUs, out of those nodes where limits.cpu.nodes is set
 *     too, at most all. Which: limits/spread says its rule. In short: who has CPUs keeps them, who
 *     lacks some takes the least used, and nobody moves unless a CPU is used by two instances more
 *     than another one that this instance could have.
 *   - limits.cpu.nodes: balanced gives as few nodes as can hold the number (one without a number),
 *     shared out by the same rule.
 *
 * A held-back instance keeps its CPUs and counts where it is. Sharing a core with another instance
 * decides where a newcomer goes; it is no reason to move anybody.
 */
#pragma once

#include "schema/world.h"

/* Reads limits.cpu and limits.cpu.nodes of every instance that will run, and cpus_now; fills cpus
 * and cpus_refused of each. Instances without either key get no set: the whole host is theirs. */
void balance(struct world *w);
