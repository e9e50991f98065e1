/*
 * cpuset - limits.cpu and limits.cpu.nodes: which CPUs a container may use.
 * The set itself is the balancer's answer. On v1 a group cannot shrink below what is nested in it:
 * what the container has made inside is brought along, so that no write fails silently.
 */
#pragma once

#include "limits/desire.h"
#include "schema/driver.h"

/* Adds cpuset.cpus as the balancer gave it. */
void cpuset_desire(const struct desire *d);

/* A group: the container's own is the first, then those nested in it, parents before children. */
struct cpuset_group {
	size_t parent; /* index; of the first: itself */
	struct ranges cpus;
};

struct cpuset_step {
	size_t group;
	struct ranges cpus;
};

/* The writes that give the first of N groups the set WANTED, each valid on v1 at its time: what is
 * nested shrinks first, deepest first; it grows only where it had its container's whole old set.
 * Only where a nested group shares no CPU with the new set do both sets stand for a moment: v1 has
 * no other way. Pure. Returns how many steps. */
size_t cpuset_order(const struct cpuset_group *groups, size_t n, const struct ranges *wanted,
		    struct arena *a, struct cpuset_step **steps);

/* The writer of cpuset.cpus. */
void cpuset_write(struct container *c, struct change **changes, size_t n);
/* It always may: each task of the container moves, and each group nested in it is written. */
bool cpuset_may_wait(struct container *c, const struct change *change);
