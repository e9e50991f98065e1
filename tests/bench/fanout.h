/*
 * fanout - from the edit of a profile to the limit of the last of its users.
 */
#pragma once

#include "tests/bench/limit.h"

struct daemon;

struct fanout {
	double live, persisted;           /* ms: in the kernel; and in the boot files, on disk */
	double bare_writes, bare_renames; /* the floors */
};

/* The profile of the first N (FLEET_FEW, or all). First the floors, without a daemon. */
void fanout_floor(const struct fleet *f, size_t n, enum limit l, struct fanout *out);
void fanout_measure(struct fleet *f, struct daemon *d, size_t n, enum limit l, struct fanout *out);
