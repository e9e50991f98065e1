/*
 * spread - shares out places (CPUs, or NUMA nodes) among claims, each of which needs so many.
 * The arithmetic of limits/balance, without a word about instances. Its rule:
 *
 *   1. A claim that holds at most what it needs keeps all it holds.
 *   2. Then, in the order given, a claim that holds more keeps the best of what it holds, and one
 *      that holds less takes the best places for what it lacks. Best is the place used by the
 *      fewest claims; of equals the one whose core is used least, then whose package is used
 *      least, then the lowest number.
 *   3. While a claim sits on a place that at least two more claims use than one it could have
 *      instead, the claim where that difference is greatest moves there; of equals one that does
 *      not have to leave a place it holds in the kernel, then the first.
 *
 * So the use of places that the same claims may have never differs by more than one (fixed ones
 * aside), a claim moves only where it would differ by more, and what is spread stays as it is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct place_of {
	uint64_t core, package; /* any numbers; equal ones are shared */
};

struct field {
	const struct place_of *places; /* by number; NULL: each is a core and package of its own */
	size_t n;
	uint32_t *used; /* claims on each place; starts with what is fixed; ends with all */
};

struct claim {
	size_t need;      /* so many; at most as many as POOL has */
	const bool *pool; /* what it may have, by number; NULL: all */
	const bool *held; /* what it has in the kernel now, by number; NULL: unknown */
	bool *given;      /* the answer, by number; all false before */
};

void spread(struct field *f, struct claim *claims, size_t n, struct arena *a);
