/*
 * ranges - sets of numbers kept as ranges: CPUs, NUMA nodes, ids.
 * Sorted, disjoint and not adjacent, so that equal sets are equal arrays. Nothing here ever loops
 * over the numbers of a range: an end given by a user costs nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct range {
	uint64_t first, last; /* both belong to it; first <= last */
};

struct ranges {
	const struct range *items;
	size_t n;
};

/* Reads the kernel's list format "0-3,7" (cpuset(7), List format); blanks and a final line break
 * around it are allowed, an empty text is the empty set; overlaps are merged. Every number must be
 * <= MOST. Returns 0, or -EINVAL with *OFFSET (if not NULL) at the first bad byte. */
int ranges_parse(const char *text, uint64_t most, struct arena *a, struct ranges *out,
		 size_t *offset);

/* The canonical list format, "0-3,7"; "" for the empty set. */
char *ranges_print(const struct ranges *r, struct arena *a);

/* From N ranges in any order, overlapping or not. ITEMS is not kept. */
struct ranges ranges_from(const struct range *items, size_t n, struct arena *a);

bool ranges_equal(const struct ranges *x, const struct ranges *y);
bool ranges_contain(const struct ranges *r, uint64_t number);
bool ranges_cover(const struct ranges *r, const struct ranges *part); /* part is a subset of r */
uint64_t ranges_count(const struct ranges *r);                        /* how many numbers */

struct ranges ranges_union(const struct ranges *x, const struct ranges *y, struct arena *a);
struct ranges ranges_intersect(const struct ranges *x, const struct ranges *y, struct arena *a);
struct ranges ranges_subtract(const struct ranges *x, const struct ranges *y, struct arena *a);
