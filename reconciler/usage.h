/*
 * usage - what a running container uses, as the kernel counts it.
 */
#pragma once

#include "schema/driver.h"

struct nic_usage; /* net/nic */

#define USAGE_UNKNOWN UINT64_MAX /* the kernel does not count it, or not here */

struct usage {
	/* bytes; swap alone, without memory */
	uint64_t memory, memory_peak, memory_limit, swap, swap_limit;
	uint64_t cpu_us, throttled_us, throttled; /* throttled: how often */
	uint64_t processes, processes_limit;
	uint64_t oom_kills;
	uint64_t read_bytes, write_bytes, reads, writes;
	bool memory_limited, swap_limited, processes_limited; /* the limits are set */
	const struct nic_usage *nics;                         /* by their names inside */
	size_t n_nics;
};

/* Reads what its cgroups count. C runs, with its cgroup open. What cannot be read is USAGE_UNKNOWN.
 */
void usage_read(const struct container *c, struct usage *out);
/* Adds what its nics have carried, into A. */
void usage_read_nics(const struct container *c, struct arena *a, struct usage *out);
