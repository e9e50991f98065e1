/*
 * memory_order - in which order the memory files of a group are written. Pure.
 * Every step is valid to the kernel (v1: limit <= memory + swap), and none is wider than both what
 * was and what shall be. What narrows comes first, what widens last.
 */
#pragma once

#include "limits/filetext.h"

/* What a group's memory is limited to. NUMBER_MAX: no limit. */
struct memory {
	uint64_t max, swap; /* swap alone, on every layout */
	uint64_t high;
	uint64_t swappiness;
	bool has_swap; /* the kernel limits swap at all */
};

enum memory_file {
	MEMORY_MAX,
	MEMORY_SWAP, /* v1: memory + swap */
	MEMORY_HIGH,
	MEMORY_SWAPPINESS,
	N_MEMORY_FILES,
};

struct memory_step {
	enum memory_file file;
	uint64_t from, to; /* as the file has it */
};

/* The steps from NOW to WANTED, at most one per file. Returns how many. */
size_t memory_order(enum cgroup_version version, const struct memory *now,
		    const struct memory *wanted, struct memory_step steps[N_MEMORY_FILES]);

/* What the swap file of this version holds. */
uint64_t memory_swap_file(enum cgroup_version version, const struct memory *m);
