/*
 * latency - from the rename of one manifest to its limit in the kernel.
 */
#pragma once

#include "tests/bench/fleet.h"

struct daemon;

struct latency {
	double median, p99; /* ms */
	double cpu;         /* ms of the daemon's for each edit; of the floor: 0 */
};

/* The manifest of the I-th with a memory limit of its own (0: the preset), by one rename. */
void latency_edit(struct fleet *f, size_t i, size_t turn);

/* N renames, one after another, by the daemon D. */
struct latency latency_measure(struct fleet *f, struct daemon *d, size_t n);
/* The same by a thread that waits for the file and knows what to write already. */
struct latency latency_floor(const struct fleet *f, size_t n);
